"""Moments in texts of news, as they are written and as somebody elsewhere reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vtp.notifications.moments import day_and_time, for_reader, span

AT = datetime(2026, 12, 4, 22, 30, tzinfo=UTC)
FAR = "America/Argentina/Buenos_Aires"


@pytest.mark.parametrize(
    ("written", "reader", "read"),
    [
        ("UTC", "UTC", "4 December 2026 at 22:30"),
        ("UTC", "Asia/Tokyo", "5 December 2026 at 07:30 (Asia/Tokyo)"),
        ("Asia/Tokyo", "UTC", "4 December 2026 at 22:30 (UTC)"),
        ("Europe/Berlin", "Europe/Berlin", "4 December 2026 at 23:30"),
        ("Etc/GMT+12", FAR, f"4 December 2026 at 19:30 ({FAR})"),
    ],
)
def test_a_moment_is_read_by_the_clocks_of_the_reader(written: str, reader: str, read: str) -> None:
    text = f"It is due on {day_and_time(AT, written)}. It closes on {day_and_time(AT, written)}."
    assert for_reader(text, reader) == f"It is due on {read}. It closes on {read}."


@pytest.mark.parametrize(
    ("lasts_h", "reader", "read"),
    [
        (None, "Europe/Berlin", "2026-12-04 23:30"),
        (0.25, "Europe/Berlin", "2026-12-04 23:30 to 23:45"),
        (1, "Europe/Berlin", "2026-12-04 23:30 to 2026-12-05 00:30"),
        (1, "Asia/Tokyo", "2026-12-05 07:30 to 08:30 (Asia/Tokyo)"),
        (2, "UTC", "2026-12-04 22:30 to 2026-12-05 00:30 (UTC)"),
    ],
)
def test_from_when_to_when_goes_over_midnight_where_it_does(
    lasts_h: float | None, reader: str, read: str
) -> None:
    end = None if lasts_h is None else AT + timedelta(hours=lasts_h)
    written = span(AT, end, "Europe/Berlin")
    assert for_reader(f"Levers: is moved, {written}", reader) == f"Levers: is moved, {read}"


@pytest.mark.parametrize(
    "title",
    [
        "Slot 4 December 2026 at 08:00 UTC",
        "By 4 December 2026 at 08:00 (UTC).",
        "Room 2026-12-04 08:00 to 09:30 (UTC)",
        "A “free” slot, 4 December 2026 at 08:00 UTC.",
        "Not open” on 4 December 2026 at 08:00 UTC.",
        "Fair “on 4 December 2026 at 08:00 UTC",
    ],
)
def test_what_people_have_written_in_titles_stays(title: str) -> None:
    quoted = "There is a new quiz: “{}”. It opens on {}. It closes on {}."
    at = [day_and_time(AT, one) for one in ("UTC", "Europe/Berlin")]
    there = "5 December 2026 at 07:30 (Asia/Tokyo)"
    assert for_reader(quoted.format(title, *at), "Asia/Tokyo") == quoted.format(title, there, there)


def test_titles_before_what_becomes_of_lessons_stay() -> None:
    moved = "Slot 4 December 2026 at 08:00 UTC: is moved, {}"
    text = f"{moved}\nRoom 2026-12-04 08:00 (UTC): does not take place, {{}}"
    ends = AT + timedelta(hours=1)
    written = text.format(span(AT, ends, "UTC"), span(AT, None, "Europe/Berlin"))
    read = text.format("2026-12-05 07:30 to 08:30 (Asia/Tokyo)", "2026-12-05 07:30 (Asia/Tokyo)")
    assert for_reader(written, "Asia/Tokyo") == read


def test_summer_and_winter_are_told_apart() -> None:
    july = datetime(2026, 7, 4, 8, tzinfo=UTC)
    assert for_reader(day_and_time(july, "Europe/Berlin"), "Asia/Tokyo").startswith("4 July 2026 at 17:00")


@pytest.mark.parametrize(
    ("minutes", "read"),
    [(45, "09:30 to 10:15"), (60, "09:30 to 10:30"), (150, "09:30 to 12:00")],
)
def test_an_end_is_behind_its_beginning_where_clocks_are_set_back_between(minutes: int, read: str) -> None:
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    written = span(start, start + timedelta(minutes=minutes), "Europe/Berlin")
    assert for_reader(written, "Asia/Tokyo") == f"2026-10-25 {read} (Asia/Tokyo)"


@pytest.mark.parametrize(
    "text",
    [
        "on 31 February 2026 at 08:00 UTC",
        "on 4 December 2026 at 25:00 UTC",
        "on 4 December 2026 at 08:00 (Nowhere/Atall)",
        "on 4 December 2026 at 08:00 (../../etc/passwd)",
        "on 1 January 0001 at 00:00 (Asia/Tokyo)",
        "2026-12-04 08:00 to 09:99 (UTC)",
        "2026-12-04 08:00",
        "4 December 2026 at 08:00",
    ],
)
def test_what_is_no_moment_stays_as_it_is(text: str) -> None:
    assert for_reader(text, "America/Lima") == text


@pytest.mark.parametrize("reader", ["US/Gone", "../../etc/passwd", ""])
def test_who_goes_by_clocks_that_are_not_known_here_reads_it_as_it_was_written(reader: str) -> None:
    text = f"{day_and_time(AT, 'UTC')}, {span(AT, None, 'Europe/Berlin')}"
    assert for_reader(text, reader) == text
