"""Series of lessons: by the clock on the wall, bounded, realigned without losing what was moved by hand."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from vtp.courses.calendar_ics import attendee_line, feed_of, lesson_url, message_of
from vtp.courses.calendar_store import MOST_SAID, CalendarLesson
from vtp.courses.lesson_news import LessonNews
from vtp.courses.outline_store import Lesson, LessonKind
from vtp.courses.recurrence import MAX_COUNT, Occurrence, occurrences, parse_rule
from vtp.courses.series import change_of, not_used_up, overtaken, realign
from vtp.db.kept_rows import Kept
from vtp.mail.links import Links

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
FAR = datetime(2035, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
W = "FREQ=WEEKLY"


def times(rule: str, first: str, zone: ZoneInfo = BERLIN, until: datetime = FAR) -> list[str]:
    return [f"{one.starts_at:%m-%dT%H:%M}" for one in occurrences(rule, first, zone, until)]


def test_a_class_at_eight_is_at_eight_in_summer_and_in_winter() -> None:
    assert times("FREQ=WEEKLY;COUNT=4", "2026-10-12T08:00") == [
        "10-12T06:00",
        "10-19T06:00",
        "10-26T07:00",
        "11-02T07:00",
    ]
    assert times("FREQ=WEEKLY;COUNT=2", "2026-03-05T20:00", NEW_YORK) == ["03-06T01:00", "03-13T00:00"]


def test_a_time_that_is_left_out_or_comes_twice_is_taken_as_calendars_take_it() -> None:
    """RFC 5545, 3.3.5: by the offset before the gap, and the first of two."""
    assert times("FREQ=DAILY;COUNT=3", "2026-03-28T02:30") == ["03-28T01:30", "03-29T01:30", "03-30T00:30"]
    assert times("FREQ=DAILY;COUNT=2", "2026-10-25T02:30") == ["10-25T00:30", "10-26T01:30"]


def test_a_series_ends_as_its_rule_says_and_in_three_years_at_last() -> None:
    assert times("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261014", "2026-10-05T08:00") == [
        "10-05T06:00",
        "10-07T06:00",
        "10-12T06:00",
        "10-14T06:00",
    ]
    assert len(times("FREQ=WEEKLY;UNTIL=20261012T055959Z", "2026-10-05T08:00")) == 1
    assert times("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-10-01T08:00") == ["10-30T07:00", "11-27T07:00"]
    assert len(times("FREQ=DAILY", "2026-10-05T08:00")) == MAX_COUNT
    assert len(times("FREQ=WEEKLY", "2026-10-05T08:00")) == 157
    assert times("FREQ=WEEKLY;UNTIL=20200101", "2026-10-05T08:00") == []
    soon = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
    assert len(times("FREQ=WEEKLY", "2026-10-05T08:00", until=soon)) == 2


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=YEARLY",
        "FREQ=HOURLY",
        "BYDAY=MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;COUNT=501",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20270101",
        "FREQ=WEEKLY;UNTIL=20279999",
        "FREQ=WEEKLY;UNTIL=00010101T000000Z",
        "FREQ=WEEKLY;UNTIL=99991231T235959Z",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=3",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31",
        "FREQ=WEEKLY\r\nX=1",
    ],
)
def test_what_is_no_rule_for_classes_is_refused(rule: str) -> None:
    with pytest.raises(ValueError):
        parse_rule(rule)


@pytest.mark.parametrize("day", ["2026-02-28", "2026-04-30", "2028-02-29"])
def test_no_rule_is_looked_for_until_the_end_of_time(day: str) -> None:
    """The library searches to the year 9999 for a class that never comes: that takes minutes."""
    rules = [
        "MONTHLY;BYMONTHDAY=31;INTERVAL=6",
        "MONTHLY;BYDAY=-5MO",
        "MONTHLY;BYDAY=MO;BYSETPOS=-4;INTERVAL=6",
    ]
    began = time.monotonic()
    for rule in [*rules, "WEEKLY;INTERVAL=99;BYDAY=SU", "DAILY;INTERVAL=999"]:
        times(f"FREQ={rule}", f"{day}T08:00")
    assert time.monotonic() - began < 20, "seconds, where it would be minutes"


def lesson(name: str, occurrence: str, *, touched: bool = False) -> Lesson:
    start = datetime.fromisoformat(occurrence).replace(tzinfo=UTC)
    return Lesson(
        name, "c", None, LessonKind.LIVE, "One", "", 0, True, None, start, start + timedelta(hours=1), "r",
        NOW, NOW, schedule_id="s", occurrence=occurrence, touched=touched,
    )  # fmt: skip


def test_the_rest_of_a_series_is_paired_in_its_order_and_what_was_touched_keeps_its_place() -> None:
    rest = [
        lesson("a", "2026-03-02T08:00"),
        lesson("b", "2026-03-09T08:00", touched=True),
        lesson("d", "2026-03-23T08:00"),
        lesson("e", "2026-03-30T08:00"),
    ]
    wanted = [Occurrence(f"2026-03-{day:02}T08:00", NOW) for day in (3, 10, 17, 24)]
    found = realign(rest, ["2026-03-16T08:00"], wanted)
    assert [(one.id, after.local[8:10]) for one, after in found.moved] == [
        ("a", "03"),
        ("b", "10"),
        ("d", "24"),
    ]
    assert found.skipped == ["2026-03-17T08:00"]
    assert [one.id for one in found.removed] == ["e"]
    assert found.added == []
    longer = realign(rest[:1], [], wanted)
    assert [one.local[8:10] for one in longer.added] == ["10", "17", "24"]
    none = realign([lesson("t", "2026-03-02T08:00", touched=True)], [], [])
    assert (none.removed, [one.id for one in none.left_over]) == ([], ["t"]), "it was moved by hand"


def test_calendars_hear_of_what_is_in_them_alone() -> None:
    later = NOW + timedelta(days=8)
    on = replace(lesson("a", "2026-03-09T08:00"), starts_at=later, ends_at=later + timedelta(hours=1))
    cancelled, timeless = replace(on, cancelled_at=NOW), replace(on, starts_at=None, ends_at=None)
    told = [
        LessonNews(on),
        LessonNews(on, deleted=True),
        LessonNews(cancelled, before=on),
        LessonNews(timeless, before=on),
        LessonNews(on, before=timeless),
        LessonNews(on, before=cancelled),
    ]
    assert [one.matters_at(NOW) for one in told] == [True] * len(told)
    assert [one.is_over for one in told] == [False, True, True, True, False, False]
    assert (told[3].shown.starts_at, told[3].shown.ends_at) == (on.starts_at, on.ends_at)
    untold = [
        LessonNews(timeless),
        LessonNews(cancelled),
        LessonNews(cancelled, deleted=True),
        LessonNews(replace(cancelled, starts_at=later + timedelta(hours=2)), before=cancelled),
        LessonNews(timeless, before=cancelled),
    ]
    assert [one.matters_at(NOW) for one in untold] == [False] * len(untold)
    assert not LessonNews(on).matters_at(later), "it has begun"


async def test_a_description_is_text_in_a_calendar_and_not_longer_than_a_class_needs() -> None:
    said = "one\rATTENDEE:mailto:x@y.example\r\ntwo\x0bthree\x85\u2028\x00\tfour" + "ä" * 20_000
    one = CalendarLesson(replace(lesson("a", "2026-03-09T08:00"), description=said), "C", "Course")
    links = Links("https://x")
    followed = await feed_of("Course", [Kept(one)], links)
    made_at = one.lesson.updated_at + timedelta(days=3)
    message = message_of(one, lesson_url(links, one.lesson), "s@x.example", made_at, cancelled=False)
    for text in (followed.decode(), message.text):
        assert len(text.splitlines()) == text.count("\r\n"), "no line but its own"
        [event] = Calendar.from_ical(text).walk("VEVENT")
        assert "attendee" not in event
        shown = str(event["description"]).split("\n\n")[1]
        assert shown.startswith("one\nATTENDEE:mailto:x@y.example\ntwo three") and shown.endswith("ä…")
        assert len(shown) <= MOST_SAID + 1
    [calendar, sent] = [Calendar.from_ical(text) for text in (followed.decode(), message.text)]
    assert "method" not in calendar, "RFC 5546 would want an ORGANIZER of each event"
    assert (str(sent["method"]), str(sent.walk("VEVENT")[0]["organizer"])) == (
        "REQUEST",
        "mailto:s@x.example",
    )
    stamps = [one.walk("VEVENT")[0].decoded("dtstamp") for one in (calendar, sent)]
    assert stamps == [one.lesson.updated_at, made_at]
    kept = Kept(one)
    assert [await feed_of("Course", [kept], links) for _ in range(2)] == [followed, followed]
    assert b"URL:https://y/rooms/" in await feed_of("Course", [kept], Links("https://y"))


def test_a_line_that_names_somebody_is_folded_as_calendars_read_it() -> None:
    for address in ("a@b.example", f"{'long.name.' * 6}ü@{'school.' * 8}example"):
        line = attendee_line(address)
        assert all(len(part.encode()) <= 75 for part in line.split("\r\n"))
        assert line.replace("\r\n ", "").endswith(f"RSVP=FALSE:mailto:{address}\r\n")


def places(rule: str, first: str) -> list[Occurrence]:
    return list(occurrences(rule, first, BERLIN, FAR))


@pytest.mark.parametrize(
    ("before", "after", "held", "free"),
    [
        # at noon of Wednesday, 14 October: later on the same day
        ((f"{W};COUNT=4", "10-07T08:00"), (f"{W};COUNT=4", "10-07T18:00"), 2, ["10-21", "10-28"]),
        # from Wednesdays to Thursdays
        ((f"{W};COUNT=4", "10-07T08:00"), (f"{W};COUNT=4", "10-08T08:00"), 2, ["10-22", "10-29"]),
        ((f"{W};BYDAY=MO,WE", "10-12T08:00"), (f"{W};BYDAY=TU,TH", "10-12T08:00"), 2, ["10-20", "10-22"]),
        ((f"{W};BYDAY=MO,WE", "10-12T08:00"), (f"{W};BYDAY=TU,TH", "10-12T08:00"), 1, ["10-15", "10-20"]),
        # more or fewer of them a week: that of the day
        ((W, "10-14T08:00"), (f"{W};BYDAY=WE,FR", "10-14T18:00"), 1, ["10-16", "10-21"]),
        ((f"{W};BYDAY=MO,WE,FR", "10-12T08:00"), (f"{W};BYDAY=MO,FR", "10-12T08:00"), 2, ["10-16", "10-19"]),
        # another kind of rule
        ((W, "10-14T08:00"), ("FREQ=DAILY", "10-14T18:00"), 1, ["10-15", "10-16"]),
        # a series that starts once more
        ((f"{W};COUNT=4", "10-07T08:00"), (f"{W};COUNT=2", "10-21T08:00"), 2, ["10-21", "10-28"]),
        (("FREQ=MONTHLY", "10-14T08:00"), ("FREQ=MONTHLY", "10-20T08:00"), 1, ["11-20", "12-20"]),
        (("FREQ=DAILY", "10-13T08:00"), ("FREQ=DAILY", "10-13T18:00"), 2, ["10-15", "10-16"]),
    ],
)
def test_a_class_that_was_held_uses_up_its_place(
    before: tuple[str, str], after: tuple[str, str], held: int, free: list[str]
) -> None:
    (old, since), (new, first) = before, after
    known = places(old, f"2026-{since}")
    past = {one.local for one in known[:held]}
    found = not_used_up(past, known, places(new, f"2026-{first}"), (old, new))
    noon = datetime(2026, 10, 14, 10, tzinfo=UTC)
    assert [one.local[5:10] for one in found if one.starts_at > noon][:2] == free


@pytest.mark.parametrize(
    ("before", "after", "held", "stay"),
    [
        # at noon of Wednesday, 14 October, with a class in the evening: to the morning
        ((W, "10-07T20:00"), (W, "10-07T07:00"), 1, ["10-14T20:00"]),
        ((W, "10-07T20:00"), (W, "10-07T21:00"), 1, []),
        (("FREQ=DAILY", "10-13T20:00"), ("FREQ=DAILY", "10-13T07:00"), 1, ["10-14T20:00"]),
        (("FREQ=MONTHLY", "09-14T20:00"), ("FREQ=MONTHLY", "09-14T07:00"), 1, ["10-14T20:00"]),
        # to a day of the week that is over, and to one that is not
        ((W, "10-07T20:00"), (W, "10-05T20:00"), 1, ["10-14T20:00"]),
        ((W, "10-07T20:00"), (W, "10-09T07:00"), 1, []),
        ((f"{W};BYDAY=WE,FR", "10-14T20:00"), (f"{W};BYDAY=TU,FR", "10-12T20:00"), 0, ["10-14T20:00"]),
        ((f"{W};BYDAY=MO,WE", "10-12T20:00"), (f"{W};BYDAY=MO,TH", "10-12T07:00"), 1, []),
        # more or fewer of them a week, or another kind of rule: by the day
        ((W, "10-14T20:00"), (f"{W};BYDAY=WE,FR", "10-14T07:00"), 0, ["10-14T20:00"]),
        ((W, "10-14T20:00"), (f"{W};BYDAY=MO,FR", "10-12T07:00"), 0, []),
        ((W, "10-14T20:00"), ("FREQ=DAILY", "10-12T07:00"), 0, ["10-14T20:00"]),
        # those of other days move, wherever their place was
        ((f"{W};BYDAY=TH,FR", "10-15T10:00"), (f"{W};BYDAY=WE,TH", "10-14T10:00"), 0, []),
        ((f"{W};BYDAY=WE,TH", "10-14T20:00"), (f"{W};BYDAY=TU,WE", "10-13T10:00"), 0, ["10-14T20:00"]),
        # there is one later today
        ((f"{W};BYDAY=WE,TH", "10-14T20:00"), (f"{W};BYDAY=TU,WE", "10-13T21:00"), 0, []),
        # a series that starts before there was a class
        ((f"{W};COUNT=4", "10-21T20:00"), (f"{W};COUNT=4", "09-30T07:00"), 0, []),
    ],
)
def test_a_class_whose_place_by_the_changed_rule_is_over_stays(
    before: tuple[str, str], after: tuple[str, str], held: int, stay: list[str]
) -> None:
    (old, since), (new, first) = before, after
    noon = datetime(2026, 10, 14, 10, tzinfo=UTC)
    known = [one.local for one in places(old, f"2026-{since}")]
    past, to_come = known[:held], known[held:]
    found = overtaken(past, to_come, places(new, f"2026-{first}"), (old, new), noon, "2026-10-14")
    assert sorted(one[5:] for one in found) == stay


_RULES = st.builds(
    lambda days, hour: (f"{W};BYDAY={','.join(sorted(days))}", f"2026-10-12T{hour:02}:00"),
    st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR"]), min_size=1, max_size=3),
    st.sampled_from([8, 10, 14, 20]),
)


@given(_RULES, _RULES, st.integers(0, 13 * 24), st.sets(st.integers(0, 9), max_size=2))
@settings(max_examples=400, deadline=None)
def test_a_changed_series_has_one_class_for_each_place_and_none_has_two(
    before: tuple[str, str], after: tuple[str, str], hours: int, deleted: set[int]
) -> None:
    """Weekdays and hours of all kinds, changed at any hour of two weeks."""
    now = datetime(2026, 10, 12, 9, 30, tzinfo=BERLIN) + timedelta(hours=hours)
    known, wanted = (
        list(occurrences(*one, BERLIN, datetime(2026, 11, 9, tzinfo=UTC))) for one in (before, after)
    )
    lessons = [
        replace(lesson(one.local, one.local), starts_at=one.starts_at)
        for number, one in enumerate(known)
        if number not in deleted
    ]
    skipped = [one.local for number, one in enumerate(known) if number in deleted]
    found = change_of(lessons, skipped, (known, wanted), (before[0], after[0]), BERLIN, now)
    moving = {one.id for one in (*(pair[0] for pair in found.moved), *found.removed)}
    stay = [one.local for one in known if one.local not in moving and one.local not in skipped]
    new = [*(place.local for _, place in found.moved), *(one.local for one in found.added)]
    taken = sorted([*stay, *new, *found.skipped])
    assert len({one[:10] for one in taken}) == len(taken), "one class a day, deleted or not"
    today = f"{now:%Y-%m-%d}"
    assert {one[:10] for one in stay if datetime.fromisoformat(one).replace(tzinfo=BERLIN) > now} <= {today}
    places = {one.local for one in wanted if one.starts_at > now}
    assert set(new) <= places
    this_week = now.isocalendar().week
    later = {one for one in places if datetime.fromisoformat(one).isocalendar().week > this_week}
    assert later <= {*new, *found.skipped}, "each place of the weeks to come has its class"
