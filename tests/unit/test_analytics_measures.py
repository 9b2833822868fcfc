"""Watching, presence and heat equal a second implementation over sets of milliseconds, whatever comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.naive_analytics import (
    NaiveViewer,
    bridged,
    intervals_of,
    moments,
    naive_class,
    naive_led,
    naive_standing,
    naive_status,
)
from vtp.analytics.attendance import (
    FOR_EVER,
    Connection,
    Held,
    Status,
    Thresholds,
    class_as_held,
    standing,
    status_of,
    when_led,
)
from vtp.analytics.forgotten import without
from vtp.analytics.heat import Bins, Heat, Run, came_to, heat_of, most_replayed, shares_left, without_few
from vtp.analytics.intervals import clip, common, length_ms, most_at_once, union
from vtp.analytics.past import PastViewers
from vtp.analytics.playback import EventType, Logged, PlaybackSession
from vtp.recording.progress_store import Progress
from vtp.recording.taking import Extent, take_report
from vtp.recording.watching import Played, Report, completed_at, progress_per_mille

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BEGAN_MS = int(BEGAN.timestamp() * 1000)
some_interval = st.tuples(st.integers(0, 400), st.integers(0, 400))  # backwards ones too: clocks are set back
some_intervals = st.lists(some_interval, max_size=12)


@given(some_intervals, st.integers(0, 60))
def test_a_union_covers_what_any_interval_covers(given_: list[tuple[int, int]], bridge: int) -> None:
    expected = bridged(moments(given_), bridge)
    assert union(given_, bridge) == intervals_of(expected)
    assert length_ms(union(given_, bridge)) == len(expected)


@given(some_intervals, some_interval)
def test_clipping_leaves_what_lies_within(given_: list[tuple[int, int]], window: tuple[int, int]) -> None:
    assert clip(union(given_), window) == intervals_of(moments(given_) & set(range(*window)))


@given(some_intervals, some_intervals)
def test_what_is_common_lies_in_both(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    assert common(union(some), union(others)) == intervals_of(moments(some) & moments(others))


@given(some_intervals, some_intervals)
def test_what_is_left_without_others_lies_in_one_alone(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    assert without(union(some), union(others)) == intervals_of(moments(some) - moments(others))


@given(some_intervals)
def test_most_at_once_is_the_fullest_millisecond(given_: list[tuple[int, int]]) -> None:
    counts = [sum(start <= at < end for start, end in given_) for at in range(400)]
    assert most_at_once(given_) == max(counts)


played = st.builds(
    lambda start, length, rate: Played(start, start + length, rate),
    st.integers(0, 13_000),
    st.integers(1, 9000),
    st.sampled_from([0.5, 1.0, 1.5, 2.0, 4.0]),
)
deliveries = st.lists(
    st.tuples(
        st.sampled_from("abc"),  # devices
        st.integers(0, 6),  # numbers come again and out of order
        st.lists(played, max_size=3).map(tuple),
        st.integers(-2000, 20_000),  # what has passed since the one before: clocks are set back
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(deliveries, st.booleans())
@example([("a", 0, (Played(0, 9000, 1.0),), 0), ("a", 1, (Played(0, 9000, 1.0),), 9000)], False)
def test_watching_is_what_a_set_of_milliseconds_says(
    reports: list[tuple[str, int, tuple[Played, ...], int]], grows: bool
) -> None:
    extent = Extent(12_000, grows)
    progress, naive, now = Progress("u", "r", BEGAN, BEGAN), NaiveViewer(BEGAN_MS), BEGAN_MS
    for session, number, segments, passed in reports:
        now += passed
        report = Report(session, number, segments, 0)
        taken = take_report(progress, report, extent, now)
        counted = naive.report(report, extent, now)
        refused = {one.index for one in taken.refused}
        if not taken.repeated:
            assert counted == [index for index in range(len(segments)) if index not in refused]
        assert progress.pieces == intervals_of(naive.watched)
        assert progress.watch_time_ms == naive.spent_ms
        assert progress_per_mille(progress.watched_ms, extent.duration_ms) == naive.progress(extent)
        for asked in range(500, 1001, 50):
            at = completed_at(progress, extent.duration_ms, asked, grows=grows)
            assert at == naive.completed.get(asked)


def test_one_goes_on_where_one_watched_last() -> None:
    progress, minute = Progress("u", "r", BEGAN, BEGAN), 60_000

    def stands(
        session: str, number: int, at_min: float, position_min: int, *, plays: bool, said_min: float | None
    ) -> int:
        position_ms = position_min * minute
        played = (Played(position_ms - 1000, position_ms, 1.0),) if plays else ()
        said_ms = None if said_min is None else BEGAN_MS + int(said_min * minute)
        report = Report(session, number, played, position_ms, said_ms)
        take_report(progress, report, Extent(120 * minute), BEGAN_MS + int(at_min * minute))
        return progress.position_ms // minute

    assert stands("e:laptop", 0, 5, 5, plays=True, said_min=5) == 5  # and pauses
    assert stands("e:phone", 0, 6, 6, plays=True, said_min=6) == 6
    assert stands("e:phone", 1, 60, 60, plays=True, said_min=60) == 60
    assert stands("e:laptop", 1, 61, 5, plays=False, said_min=61) == 60, "is closed"
    assert stands("e:train", 0, 62, 20, plays=True, said_min=20) == 60, "was kept without a connection"
    assert stands("e:late", 0, 63, 70, plays=True, said_min=3) == 60, "by a clock that is late"
    assert stands("e:late", 1, 64, 71, plays=True, said_min=4) == 71, "which misleads only once"
    assert stands("early", 0, 65, 72, plays=True, said_min=90) == 72
    assert stands("e:early", 0, 66, 73, plays=True, said_min=91) == 73
    assert stands("early", 1, 67, 30, plays=False, said_min=None) == 30, "sought by another door"


@given(deliveries)
def test_nobody_watches_more_than_the_clock_has(
    reports: list[tuple[str, int, tuple[Played, ...], int]],
) -> None:
    progress, now = Progress("u", "r", BEGAN, BEGAN), BEGAN_MS
    latest = now
    for session, number, segments, passed in reports:
        now += passed
        latest = max(latest, now)
        take_report(progress, Report(session, number, segments, 0), Extent(12_000), now)
        assert progress.watch_time_ms <= latest - BEGAN_MS + 3000


@given(deliveries, st.integers(0, 100_000_000))
def test_nobody_watches_more_than_has_passed_since_all_of_their_pages_reported(
    reports: list[tuple[str, int, tuple[Played, ...], int]], idle_ms: int
) -> None:
    progress, now = Progress("u", "r", BEGAN, BEGAN), BEGAN_MS + idle_ms
    for number, session in enumerate("abc"):
        take_report(progress, Report(session, number, (), 0), Extent(12_000), now)
    passed_ms = 0  # time goes on also by a clock that was set back
    for session, number, segments, passed in reports:
        now, passed_ms = now + passed, passed_ms + max(0, passed)
        take_report(progress, Report(session, 10 + number, segments, 0), Extent(12_000), now)
        assert progress.watch_time_ms <= passed_ms + 3000


@settings(deadline=None)
@given(st.lists(st.lists(played, max_size=100).map(tuple), max_size=20))
def test_what_lies_between_stretches_is_a_fifth_of_them_at_most(reports: list[tuple[Played, ...]]) -> None:
    progress, now, counted = Progress("u", "r", BEGAN, BEGAN), BEGAN_MS, 0
    for number, segments in enumerate(reports):
        now += 20_000
        taken = take_report(progress, Report("page", number, segments, 0), Extent(22_000), now)
        counted += sum(one.end_ms - one.start_ms for one in taken.counted)
        assert progress.watched_ms * 10 <= counted * 12


def test_an_hour_claimed_by_a_millisecond_of_each_second_is_its_milliseconds() -> None:
    progress, extent = Progress("u", "r", BEGAN, BEGAN), Extent(3_600_000)
    moments_ = [Played(at, at + 1, 4.0) for at in range(0, 3_600_000, 1000)]
    for number in range(36):
        told = tuple(moments_[number * 100 : number * 100 + 100])
        take_report(progress, Report("page", number, told, 0), extent, BEGAN_MS + number * 1000)
    assert progress.watched_ms <= 1000 and not progress.reached


def test_an_hour_claimed_within_a_minute_is_a_minute_at_most() -> None:
    progress, extent = Progress("u", "r", BEGAN, BEGAN), Extent(3_600_000)
    for number in range(60):  # a minute of the recording each second, under ever new sessions
        stretch = Played(number * 60_000, (number + 1) * 60_000, 1.0)
        taken = take_report(
            progress, Report(f"session-{number}", 0, (stretch,), 0), extent, BEGAN_MS + number * 1000
        )
        assert not taken.counted
    assert progress.watched_ms == 0 and not progress.reached
    small = tuple(Played(at, at + 1000, 4.0) for at in range(0, 100_000, 1000))
    take_report(progress, Report("session-x", 0, small, 0), extent, BEGAN_MS + 60_000)
    assert progress.watch_time_ms <= 63_000 and progress.watched_ms <= 4 * 63_000


some_connections = st.lists(
    st.builds(
        lambda joined, stayed, lost: Connection(joined, None if lost else joined + stayed, joined + stayed),
        st.integers(1, 600),
        st.integers(-20, 300),
        st.booleans(),  # nobody saw them go
    ),
    max_size=6,
)
some_rules = st.builds(
    Thresholds,
    st.integers(500, 1000),
    st.integers(200, 500),
    st.none() | st.integers(1, 200),
    st.integers(0, 100),
)


def held_of(parts: list[tuple[int, int]]) -> Held | None:
    return Held(tuple(parts)) if parts else None


@settings(max_examples=200, deadline=None)
@given(
    some_connections,
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 700)), max_size=4).map(union),
    some_rules,
    st.integers(0, 80),
    st.randoms(use_true_random=False),
)
def test_attendance_is_what_a_set_of_milliseconds_says(
    connections: list[Connection],
    parts: list[tuple[int, int]],
    rules: Thresholds,
    bridge: int,
    dice: Random,
) -> None:
    held, every_ms = held_of(parts), moments(parts)
    one = standing(connections, held, bridge)
    twice = [*connections, *connections]
    dice.shuffle(twice)
    again = standing(twice, held, bridge)
    expected = naive_standing(connections, every_ms, bridge)
    assert (one.present_ms, one.late_ms, one.early_ms) == expected
    assert (again.present_ms, again.late_ms, again.early_ms) == expected
    length = held.length_ms if held is not None else 0
    assert status_of(one, length, rules) is naive_status(expected, every_ms, rules)
    assert one.share_per_mille(length) <= 1000


@settings(deadline=None)
@given(
    some_intervals,
    some_intervals,
    st.none() | st.integers(0, 400),
    st.integers(0, 80),
    st.integers(0, 80),
    st.integers(0, 40),
)
def test_a_class_is_the_longest_time_that_staff_are_in_an_open_room(
    staff: list[tuple[int, int]],
    opened: list[tuple[int, int]],
    scheduled: int | None,
    away: int,
    apart: int,
    bridge: int,
) -> None:
    expected = naive_class(scheduled, staff, opened, away=away, apart=apart, bridge=bridge)
    held = class_as_held(scheduled, staff, opened, away_ms=away, apart_ms=apart, bridged_ms=bridge)
    assert held == held_of(intervals_of(expected))


@given(some_intervals, some_intervals, st.integers(0, 60))
def test_visitors_lead_where_none_of_the_own_staff_are_near(
    own: list[tuple[int, int]], visitors: list[tuple[int, int]], apart: int
) -> None:
    assert when_led(own, visitors, apart) == intervals_of(naive_led(own, visitors, apart=apart))


MINUTE = 60_000


def test_a_break_of_an_hour_is_nobodys_time_and_a_longer_one_ends_a_class() -> None:
    before, after = (0, 40 * MINUTE), (100 * MINUTE, 130 * MINUTE)
    opened = [(0, FOR_EVER)]
    assert class_as_held(None, [before, after], opened) == Held((before, after))
    assert class_as_held(None, [before, (after[0] + 1, after[1])], opened) == Held((before,))


def test_staff_may_be_away_for_a_quarter_of_an_hour_while_the_room_is_open() -> None:
    before, after = (0, 20 * MINUTE), (35 * MINUTE, 60 * MINUTE)
    assert class_as_held(None, [before, after], [(0, FOR_EVER)]) == Held(((0, 60 * MINUTE),))
    later = (after[0] + 1, after[1])
    assert class_as_held(None, [before, later], [(0, FOR_EVER)]) == Held((before, later))
    assert class_as_held(None, [before, after], [before, after]) == Held((before, after))


def test_who_is_in_both_parts_of_a_class_misses_nothing_of_it() -> None:
    first, second = (0, 10 * MINUTE), (70 * MINUTE, 80 * MINUTE)
    held = class_as_held(None, [first, second], [first, second])
    assert held == Held((first, second))
    both = [Connection(*first, first[1]), Connection(*second, second[1])]
    stayed = [Connection(0, 80 * MINUTE, 80 * MINUTE)]
    for connections in (both, stayed):
        found = standing(connections, held)
        assert (found.present_ms, found.late_ms, found.early_ms) == (20 * MINUTE, 0, 0)
        assert found.share_per_mille(held.length_ms) == 1000
    only_second = standing(both[1:], held)
    assert (only_second.present_ms, only_second.late_ms) == (10 * MINUTE, 70 * MINUTE)
    assert status_of(only_second, held.length_ms, Thresholds()) is Status.LATE


@given(st.lists(st.tuples(st.integers(0, 2999), st.integers(1, 1500)), max_size=8), st.integers(1500, 3000))
def test_a_bin_counts_once_for_each_time_that_it_is_come_into(
    stretches: list[tuple[int, int]], duration: int
) -> None:
    bins, run, passes = Bins(duration), Run(), [0] * Bins(duration).count
    expected, end = [0] * bins.count, None
    for start, length in stretches:
        until = min(start + length, duration)
        for index in run.enter(start, until, bins):
            passes[index] += 1
        if start >= until:
            continue
        touched = {at * bins.count // duration for at in range(start, until)}
        if end is not None and abs(start - end) <= 1000:
            touched = {one for one in touched if one > (end - 1) * bins.count // duration}
            end = max(end, until)
        else:
            end = until
        for index in touched:
            expected[index] += 1
    assert passes == expected


@given(st.integers(1, 700_000), st.data())
def test_bins_cut_a_recording_into_at_most_two_hundred_parts(duration: int, data: st.DataObject) -> None:
    bins = Bins(duration)
    assert bins.count == min(200, (duration + 999) // 1000)
    assert bins.start_ms(0) == 0 and bins.start_ms(bins.count) == duration
    position = data.draw(st.integers(0, duration - 1))
    assert bins.start_ms(bins.at(position)) <= position < bins.start_ms(bins.at(position) + 1)


@given(st.lists(st.integers(0, 20_000), max_size=20))
def test_drop_off_says_who_came_that_far(furthest: list[int]) -> None:
    bins = Bins(20_000)
    for index, share in enumerate(shares_left(came_to(furthest, bins), len(furthest))):
        came = sum(one >= bins.start_ms(index) for one in furthest)
        assert share == (came * 1000 // len(furthest) / 1000 if furthest else 0.0)


@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), max_size=6))
def test_heat_adds_passes_and_counts_people(rows: list[list[int]]) -> None:
    heat = heat_of(rows, 5)
    assert heat.views == tuple(sum(row[at] for row in rows) for at in range(5))
    assert heat.viewers == tuple(sum(row[at] > 0 for row in rows) for at in range(5))


def test_parts_that_few_have_watched_say_nothing_of_them() -> None:
    bins = Bins(4000)
    heat = heat_of([[1, 1, 0, 9], [1, 3, 0, 0], [2, 0, 1, 0]], bins.count)
    assert most_replayed(heat, bins) == (3000, 4000, 8)
    told = without_few(heat, 3)
    assert (told.views, told.viewers) == ((4, 0, 0, 0), (3, 0, 0, 0))
    assert most_replayed(told, bins) == (0, 1000, 1)
    assert shares_left(came_to([4000, 2000, 3000], bins), 3, 2) == (1, 1, 1, 0.666)
    assert shares_left(came_to([4000, 2000, 2500], bins), 3, 2) == (1, 1, 1, 0)


def test_who_came_back_is_not_one_of_enough_people() -> None:
    now = PastViewers(2000, viewers=2, views=[2, 1], viewers_by_bin=[2, 1], came=[2, 1])
    past = PastViewers(2000, viewers=4, views=[9, 4], viewers_by_bin=[4, 2], came=[4, 4])
    certain, found = past.most(now), past.plus(now)
    assert (certain.viewers, certain.viewers_by_bin, certain.came) == (4, [4, 2], [4, 4])
    heat = Heat(tuple(found.views), tuple(found.viewers_by_bin))
    assert without_few(heat, 5).views == (11, 0), "six of a sum, who may be four"
    assert without_few(heat, 5, certain.viewers_by_bin).views == (0, 0)
    assert without_few(heat, 4, certain.viewers_by_bin).views == (11, 0)
    assert shares_left(found.came, 6, 5, certain.came) == (0, 0)
    assert shares_left(found.came, 6, 4, certain.came) == (1, 0.833)


def test_a_page_counts_sixteen_qualities() -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    page = PlaybackSession("user", "recording", "page", now, now)
    for number in range(40):
        page.take(Logged(EventType.QUALITY_CHANGED, now, {"quality": f"{number}p"}))
        page.take(Logged(EventType.WATCHED, now, {"counted": [[0, 1000, 1]], "position_ms": 1000}))
    assert list(page.quality_ms) == [f"{number}p" for number in range(16)]
    assert (page.watch_time_ms, page.position_ms) == (40_000, 1000)


def test_what_an_event_carries_was_played_before_it() -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    page = PlaybackSession("user", "recording", "page", now, now)
    page.take(Logged(EventType.QUALITY_CHANGED, now, {"quality": "360p"}))
    carried = {"counted": [[0, 8000, 2.0], [300_000, 301_000, 1.0]], "position": 301.5, "quality": "720p"}
    page.take(Logged(EventType.QUALITY_CHANGED, now, carried))
    assert (page.quality_ms, page.quality, page.position_ms) == ({"360p": 5000}, "720p", 301_500)


def test_where_nobody_noted_when_it_was_complete_since_they_watched_last() -> None:
    later = BEGAN + timedelta(hours=1)
    seen = Progress("u", "r", BEGAN, later, watched_ms=9600, reached=[[900, BEGAN_MS + 5000]])  # of before
    assert completed_at(seen, 10_000, 700) == completed_at(seen, 10_000, 900) == BEGAN + timedelta(seconds=5)
    assert completed_at(seen, 10_000, 950) == later
    assert completed_at(seen, 10_000, 1000) is None
    assert completed_at(seen, 10_000, 700, grows=True) is None, "nobody knows how long it becomes"


def test_since_when_it_is_complete_stays_when_they_look_again() -> None:
    """What was watched while it grew, or before its course asked for less, was watched then."""
    progress = Progress("u", "r", BEGAN, BEGAN, pieces=[(0, 9900)], watched_ms=9900)
    assert completed_at(progress, 10_000, 900) == BEGAN
    later = BEGAN_MS + 20 * 86_400_000
    take_report(progress, Report("again", 0, (), 0), Extent(10_000), later)
    progress.updated_at = BEGAN + timedelta(days=20)
    assert completed_at(progress, 10_000, 900) == BEGAN
