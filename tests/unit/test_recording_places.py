"""Somebody goes on where they played last, in whichever order their pages come to tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vtp.analytics.intake_writer import _Said
from vtp.analytics.schemas import SaidEvent, SendEvents
from vtp.recording.progress_store import Progress
from vtp.recording.taking import Extent, take_report
from vtp.recording.watching import Played, Report

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BEGAN_MS = int(BEGAN.timestamp() * 1000)
LENGTH_MS = 3_600_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Page:
    """When it plays, in minutes; from when to when it has no connection; and when it is closed."""

    plays: tuple[int, ...]
    away: tuple[int, int]
    closed: int


minutes = st.integers(0, 300)
pages = st.builds(
    lambda plays, away, closed: Page(tuple(sorted(plays)), (min(away), max(away)), max(closed, *plays) + 1),
    st.sets(minutes, min_size=1, max_size=4),
    st.tuples(minutes, minutes),
    minutes,
)


def reports_of(page: Page, name: str, late_ms: int = 0) -> list[tuple[int, Report]]:
    """When each comes, in milliseconds; what was kept comes all at once, as soon as there is a connection."""
    first, back = page.away
    said: list[tuple[int, bool]] = [(at, True) for at in page.plays]
    said.append((page.closed, False))
    reports, place = [], 0
    for number, (at, plays) in enumerate(said):
        comes = back * MINUTE_MS + number if first <= at < back else at * MINUTE_MS + 10
        place = at if plays else place
        played = (Played(place * 1000, place * 1000 + 500, 1.0),) if plays else ()
        said_ms = BEGAN_MS + at * MINUTE_MS - late_ms
        reports.append((comes, Report(name, number, played, place * 1000 + 500, said_ms)))
    return reports


@settings(max_examples=300, deadline=None)
@given(st.lists(pages, min_size=1, max_size=5))
@example([Page((20,), (20, 62), 63), Page((60,), (0, 0), 61)])
@example([Page((20, 25), (20, 62), 63), Page((60,), (0, 0), 61)])
def test_one_goes_on_where_one_played_last_whenever_that_is_told(all_pages: list[Page]) -> None:
    progress = Progress("u", "r", BEGAN, BEGAN)
    told = [one for number, page in enumerate(all_pages) for one in reports_of(page, f"e:{number}")]
    for comes, report in sorted(told, key=lambda one: one[0]):
        take_report(progress, report, Extent(LENGTH_MS), BEGAN_MS + comes)
    last = max(at for page in all_pages for at in page.plays)
    assert progress.position_ms == last * 1000 + 500


@settings(max_examples=100, deadline=None)
@given(pages, st.integers(0, 600))
def test_a_clock_that_is_late_misleads_the_first_report_alone(right: Page, late_minutes: int) -> None:
    progress = Progress("u", "r", BEGAN, BEGAN)
    end = max(right.closed, right.away[1]) + 1
    begins, plays = Page((end,), (0, 0), end + 1), Page((end + 2,), (0, 0), end + 3)
    told = reports_of(right, "e:right")
    first, second = (reports_of(one, "e:late", late_minutes * MINUTE_MS)[0] for one in (begins, plays))
    told += [first, (second[0], Report("e:late", 1, second[1].played, 7000, second[1].said_ms))]
    for comes, report in sorted(told, key=lambda one: one[0]):
        take_report(progress, report, Extent(LENGTH_MS), BEGAN_MS + comes)
    assert progress.position_ms == 7000


def test_a_kept_batch_stands_since_it_played_though_it_tells_of_its_end_too() -> None:
    said = _Said(recording=None, extent=Extent(LENGTH_MS))  # type: ignore[arg-type]
    played = [{"start": 20, "end": 20.5, "rate": 1}]
    happened: list[tuple[int, str, dict[str, object]]] = [
        (20, "paused", {"position": 20.5, "segments": played}),
        (50, "seeked", {"position": 5}),
        (59, "stopped", {"position": 5}),
    ]
    for index, (minute, kind, more) in enumerate(happened):
        when = {"recording_id": str(uuid4()), "event_type": kind, "timestamp": BEGAN.replace(minute=minute)}
        said.take(index, SaidEvent.model_validate({**when, **more}), {})
    report = said.report(SendEvents.model_construct(session_id="page", seq=0))
    assert report is not None
    assert (report.position_ms, report.said_ms) == (5000, BEGAN_MS + 20 * MINUTE_MS)


CANNOT_BE = [
    Played(50_000, 40_000, 1.0),
    Played(-1, 40_000, 1.0),
    Played(100_000, LENGTH_MS * 2, 1.0),
    Played(LENGTH_MS, LENGTH_MS + 400, 1.0),
    *(Played(40_000, 50_000, rate) for rate in (0, -1.0, 5.0)),
]


@pytest.mark.parametrize("stretch", CANNOT_BE)
def test_what_cannot_have_been_played_moves_nobody(stretch: Played) -> None:
    """Of two pages, the other was played last; nor does it stand anywhere that has told nothing else."""
    progress, minute = Progress("u", "r", BEGAN, BEGAN), iter(range(1, 10))

    def report(session: str, number: int, played: tuple[Played, ...], position_ms: int | None) -> None:
        now_ms = BEGAN_MS + next(minute) * MINUTE_MS
        take_report(progress, Report(session, number, played, position_ms, now_ms), Extent(LENGTH_MS), now_ms)

    report("one", 0, (Played(0, 500, 1.0),), 500)
    report("two", 0, (Played(9000, 9500, 1.0),), 9500)
    report("one", 1, (stretch,), 7000)
    assert progress.position_ms == 9500
    report("three", 0, (stretch,), None)
    report("two", 1, (), 9000)
    assert progress.position_ms == 9000
    report("three", 1, (), 5000)
    assert progress.position_ms == 5000


@pytest.mark.parametrize("stretch", CANNOT_BE)
def test_an_event_tells_by_what_can_have_been_played(stretch: Played) -> None:
    said, recording_id = _Said(recording=None, extent=Extent(LENGTH_MS)), str(uuid4())  # type: ignore[arg-type]
    wrong = {"start": stretch.start_ms / 1000, "end": stretch.end_ms / 1000, "rate": stretch.rate}
    right = {"start": 20, "end": 20.5, "rate": 1}
    for index, (minute, segments) in enumerate([(10, [wrong]), (20, [right, wrong]), (30, [wrong])]):
        when = {"recording_id": recording_id, "timestamp": BEGAN.replace(minute=minute)}
        event = {**when, "event_type": "progress", "segments": segments}
        said.take(index, SaidEvent.model_validate(event), {})
        report = said.report(SendEvents.model_construct(session_id="page", seq=0))
        assert report is not None
        expected = (None, None) if index == 0 else (20_500, BEGAN_MS + 20 * MINUTE_MS)
        assert (report.position_ms, report.said_ms) == expected
    assert len(said.played) == len(said.places) == 4


def test_pages_of_an_older_version_go_on() -> None:
    progress = Progress("u", "r", BEGAN, BEGAN, sittings={"e:old": [0, BEGAN_MS + MINUTE_MS, 0]})
    for said_ms, position_ms, expected in ((0, 1000, 0), (2 * MINUTE_MS, 2000, 2000)):
        session = "e:other" if said_ms == 0 else "e:old"
        report = Report(session, 1, (Played(0, 500, 1.0),), position_ms, BEGAN_MS + said_ms)
        take_report(progress, report, Extent(LENGTH_MS), BEGAN_MS + 3 * MINUTE_MS)
        assert progress.position_ms == expected
