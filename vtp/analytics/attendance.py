"""Who attended a class: presence over all devices, clipped to the class as it was held. No clock and no I/O.

Times are Unix milliseconds. Definitions: decisions 0106 and 0148.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vtp.analytics.intervals import Interval, common, length_ms, union

BRIDGED_MS: Final = 60_000
"""A gap this short between two connections is a reconnection, not an absence."""
APART_MS: Final = 3_600_000
"""After so long without staff they come for something else: a lesson keeps its room, and is looked into."""
AWAY_MS: Final = 900_000
"""For so long a class goes on without staff: they are with a group, or their connection is away."""
FOR_EVER: Final = 1 << 53
"""The end of what goes on."""


class Status(enum.StrEnum):
    """How somebody attended."""

    PRESENT = "present"
    LATE = "late"
    PARTIAL = "partial"
    EXCUSED = "excused"
    ABSENT = "absent"


POINTS: Final = {Status.PRESENT: 2, Status.LATE: 1, Status.PARTIAL: 1, Status.EXCUSED: 1, Status.ABSENT: 0}
"""As Moodle's attendance has them (present 2, late 1, excused 1, absent 0)."""
MOST_POINTS: Final = 2
ATTENDED: Final = frozenset({Status.PRESENT, Status.LATE, Status.PARTIAL})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From what on somebody has attended; shares are thousandths of the class as it was held."""

    present_per_mille: int = 750
    late_per_mille: int = 500
    partial_per_mille: int | None = None
    late_after_ms: int = 600_000


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of somebody. `left_at` is None where nobody saw them go: then they were there until
    `seen_at`, when the server last knew of them."""

    joined_at: int
    left_at: int | None
    seen_at: int

    @property
    def interval(self) -> Interval:
        """When they were there by it."""
        return self.joined_at, self.seen_at if self.left_at is None else self.left_at


@dataclass(frozen=True, slots=True)
class Standing:
    """How long somebody was in a class; 0 and None for who was not."""

    present_ms: int
    late_ms: int
    early_ms: int
    first_join: int | None
    last_leave: int | None
    connections: int

    def share_per_mille(self, held_ms: int) -> int:
        """Of a class that was held for so long, never rounded up."""
        return self.present_ms * 1000 // held_ms if held_ms > 0 else 0


@dataclass(frozen=True, slots=True)
class Held:
    """A class as it was held: in one part, or in several with breaks between, which are nobody's time."""

    parts: tuple[Interval, ...]

    @property
    def start(self) -> int:
        """Of the first part."""
        return self.parts[0][0]

    @property
    def end(self) -> int:
        """Of the last one."""
        return self.parts[-1][1]

    @property
    def length_ms(self) -> int:
        """Of all parts, without the breaks."""
        return length_ms(self.parts)

    def holds(self, at: int) -> bool:
        """Whether a moment lies in one of the parts."""
        return any(start <= at < end for start, end in self.parts)


def presence(connections: Iterable[Connection], bridged_ms: int = BRIDGED_MS) -> list[Interval]:
    """When somebody was there by any connection; reconnections bridged."""
    return union((one.interval for one in connections), bridged_ms)


def when_led(
    own: Iterable[Interval], visitors: Iterable[Interval], apart_ms: int = APART_MS
) -> list[Interval]:
    """When somebody was there who holds a class: a course's `own` staff, and `visitors`, administrators who
    have no part in it, where none of the own was within `apart_ms`. One who looks in neither begins a class
    nor prolongs it; who stands in holds it."""
    led, visited = union(own), union(visitors)
    alone = [run for run in union([*led, *visited], apart_ms) if not common(led, [run])]
    return union([*led, *common(visited, alone)])


def class_as_held(
    scheduled_start: int | None,
    staff: Iterable[Interval],
    opened: Iterable[Interval],
    *,
    away_ms: int = AWAY_MS,
    apart_ms: int = APART_MS,
    bridged_ms: int = BRIDGED_MS,
) -> Held | None:
    """When staff were there, though not before it was to start, and the room was open (`opened`).

    They may be away for `away_ms`, and the room closed for `bridged_ms`: a longer time is a break between
    two parts. Where staff were away for more than `apart_ms`, what comes after is another class: the longest
    counts, of equals the earliest. None for a class that nobody held.
    """
    limits = {"away_ms": away_ms, "apart_ms": apart_ms, "bridged_ms": bridged_ms}
    return the_class(classes_held(scheduled_start, staff, opened, **limits))


def the_class(found: Sequence[Held], preferred: Iterable[Interval] = ()) -> Held | None:
    """Which of all that could be the class is it: the longest, of equals the earliest; of those that have
    some of the `preferred` times, where any have."""
    wanted = union(preferred)
    return max(found, key=lambda one: (bool(common(wanted, one.parts)), one.length_ms), default=None)


def classes_held(
    scheduled_start: int | None,
    staff: Iterable[Interval],
    opened: Iterable[Interval],
    *,
    away_ms: int = AWAY_MS,
    apart_ms: int = APART_MS,
    bridged_ms: int = BRIDGED_MS,
) -> list[Held]:
    """All that could be the class, one after the other."""
    there = list(staff)
    since = [(scheduled_start if scheduled_start is not None else -FOR_EVER, FOR_EVER)]
    in_class = common(common(union(there, away_ms), union(opened, bridged_ms)), since)
    return [Held(parts) for run in union(there, apart_ms) if (parts := tuple(common(in_class, [run])))]


def belongs(one: Connection, held: Held | None) -> bool:
    """Whether a connection has to do with a class: it was there then, or within the `APART_MS` before or
    after it. Who looks into the room on another day has come for something else."""
    if held is None:
        return True
    start, end = one.interval
    return start < held.end + APART_MS and end > held.start - APART_MS


def standing(connections: Sequence[Connection], held: Held | None, bridged_ms: int = BRIDGED_MS) -> Standing:
    """How somebody stands to a class.

    Late and early are of what lies within it: who looked in before it began and came back an hour later is
    late. A break that comes before them, or after, is in that.
    """
    there = presence(connections, bridged_ms)
    if not there:
        return Standing(0, 0, 0, None, None, 0)
    within = common(there, held.parts) if held is not None else []
    return Standing(
        present_ms=length_ms(within),
        late_ms=within[0][0] - held.start if within and held is not None else 0,
        early_ms=held.end - within[-1][1] if within and held is not None else 0,
        first_join=there[0][0],
        last_leave=there[-1][1],
        connections=len(connections),
    )


def status_of(one: Standing, held_ms: int, rules: Thresholds) -> Status:
    """What that comes to by rule in a class held for so long; a correction by hand goes before it."""
    if held_ms <= 0 or one.present_ms <= 0:
        return Status.ABSENT
    share = one.present_ms * 1000
    if share >= rules.present_per_mille * held_ms and one.late_ms <= rules.late_after_ms:
        return Status.PRESENT
    if share >= rules.late_per_mille * held_ms:
        return Status.LATE
    if rules.partial_per_mille is not None and share >= rules.partial_per_mille * held_ms:
        return Status.PARTIAL
    return Status.ABSENT


@dataclass(frozen=True, slots=True)
class Tally:
    """The classes of a course for one student, in percent with one decimal, never rounded up."""

    to_date: float
    overall: float
    best_possible: float


def tally(statuses: Sequence[Status], planned: int) -> Tally:
    """Of the classes that were held, and of `planned` in all, those included."""
    points = sum(POINTS[one] for one in statuses)
    held, planned = len(statuses), max(planned, len(statuses))
    best = points + MOST_POINTS * (planned - held)
    return Tally(_percent(points, held), _percent(points, planned), _percent(best, planned))


def _percent(points: int, classes: int) -> float:
    return points * 1000 // (MOST_POINTS * classes) / 10 if classes else 0.0
