"""The measures of analytics a second time, without any cleverness: every millisecond is a member of a set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from vtp.analytics.attendance import Connection, Status, Thresholds
from vtp.recording.taking import Extent
from vtp.recording.watching import Report

Moments = set[int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moments(intervals: Iterable[tuple[int, int]]) -> Moments:
    """Every millisecond that any of them covers."""
    return {at for start, end in intervals for at in range(start, end)}


def bridged(covered: Moments, bridge: int) -> Moments:
    """The same with each gap of at most so many milliseconds."""
    if not covered:
        return set()
    filled, gap = set(covered), []
    for at in range(min(covered), max(covered) + 1):
        if at not in covered:
            gap.append(at)
            continue
        if 0 < len(gap) <= bridge:
            filled.update(gap)
        gap = []
    return filled


def intervals_of(covered: Moments) -> list[tuple[int, int]]:
    """The stretches of consecutive milliseconds."""
    found: list[tuple[int, int]] = []
    for at in sorted(covered):
        if found and found[-1][1] == at:
            found[-1] = found[-1][0], at + 1
        else:
            found.append((at, at + 1))
    return found


def with_near(covered: Moments, start: int, end: int) -> Moments:
    """The same with a stretch, and all between it and what lies as near as a tenth of it, or a second."""
    near = min(1000, (end - start) // 10)
    before = {at for at in covered if start - near <= at + 1 <= start}
    behind = {at for at in covered if end <= at <= end + near}
    return covered | set(range(min(before, default=start), max(behind, default=end)))


class NaiveViewer:
    """One person with one recording: what counts of reports, by millisecond."""

    def __init__(self, began_ms: int) -> None:
        self.began_ms = began_ms
        self.watched: Moments = set()
        self.spent_ms = 0
        self.seen: list[tuple[str, int, int, int, int]] = []  # session, number, when, spent, grace left
        self.completed: dict[int, datetime] = {}  # by how many thousandths are asked for

    def report(self, report: Report, extent: Extent, now_ms: int) -> list[int]:
        """Gives the places of the stretches that count."""
        sessions = {session for session, *_ in self.seen}
        if any(one[0] == report.session_id and report.number <= one[1] for one in self.seen):
            return []
        if report.session_id in sessions:
            room = self.room(report.session_id, now_ms)
        else:
            room = min(3000, max((self.room(one, now_ms) for one in sessions), default=3000))
        counted, had = [], self.spent_ms
        for place, one in enumerate(report.played):
            took = -(-(one.end_ms - one.start_ms) // one.rate)
            allowed = min(room, now_ms - self.began_ms + 3000 - self.spent_ms)
            late = one.start_ms >= extent.end_ms or one.end_ms > extent.duration_ms + (
                10_000 if extent.grows else 500
            )
            if late or took > allowed:
                continue
            counted.append(place)
            room -= int(took)
            self.spent_ms += int(took)
            self.watched = with_near(self.watched, one.start_ms, min(one.end_ms, extent.end_ms))
        spent = self.spent_ms - had
        self.seen.append((report.session_id, report.number, now_ms, spent, min(room, 3000)))
        for asked in range(500, 1001, 50):
            if not extent.grows and self.progress(extent) >= asked:
                self.completed.setdefault(asked, EPOCH + timedelta(milliseconds=now_ms))
        return counted

    def room(self, session: str, now_ms: int) -> int:
        """The longest time up to now, from its last report or any later one on, less what others spent."""
        last = max(place for place, one in enumerate(self.seen) if one[0] == session)
        _, _, reported_ms, _, grace = self.seen[last]

        def passed(until_ms: int) -> int:
            return max(0, until_ms - reported_ms)

        others = self.seen[last + 1 :]
        rooms = [0, grace + passed(now_ms) - sum(one[3] for one in others)]
        for place, one in enumerate(others):
            rooms.append(passed(now_ms) - passed(one[2]) - sum(later[3] for later in others[place + 1 :]))
        return max(rooms)

    def progress(self, extent: Extent) -> int:
        """In thousandths: how many whole ones fit."""
        covered = len(self.watched)
        return max(n for n in range(1001) if n * extent.duration_ms <= covered * 1000)


def naive_class(
    scheduled: int | None,
    staff: Iterable[tuple[int, int]],
    opened: Iterable[tuple[int, int]],
    *,
    away: int,
    apart: int,
    bridge: int,
) -> Moments:
    """Every millisecond of a class as it was held."""
    there = moments(staff)
    in_class = bridged(there, away) & bridged(moments(opened), bridge)
    in_class = {at for at in in_class if scheduled is None or at >= scheduled}
    best: Moments = set()
    for start, end in intervals_of(bridged(there, apart)):
        of_run = in_class & set(range(start, end))
        if len(of_run) > len(best):
            best = of_run
    return best


def naive_led(own: Iterable[tuple[int, int]], visitors: Iterable[tuple[int, int]], *, apart: int) -> Moments:
    """Every millisecond at which a class is led: by visitors where none of the own come as near as that."""
    led, visited = moments(own), moments(visitors)
    lonely = [
        set(range(start, end))
        for start, end in intervals_of(bridged(led | visited, apart))
        if led.isdisjoint(range(start, end))
    ]
    return led.union(*(visited & run for run in lonely))


def naive_standing(connections: Sequence[Connection], held: Moments, bridge: int) -> tuple[int, int, int]:
    """How long, how late and how early, in milliseconds."""
    there = bridged(moments((one.joined_at, one.left_at or one.seen_at) for one in connections), bridge)
    within = there & held
    if not within:
        return 0, 0, 0
    return len(within), min(within) - min(held), max(held) - max(within)


def naive_status(stood: tuple[int, int, int], held: Moments, rules: Thresholds) -> Status:
    """The first status whose condition holds, in the order of the definition."""
    if not held or stood[0] == 0:
        return Status.ABSENT
    share = stood[0] / len(held)
    if share >= rules.present_per_mille / 1000 and stood[1] <= rules.late_after_ms:
        return Status.PRESENT
    if share >= rules.late_per_mille / 1000:
        return Status.LATE
    if rules.partial_per_mille is not None and share >= rules.partial_per_mille / 1000:
        return Status.PARTIAL
    return Status.ABSENT
