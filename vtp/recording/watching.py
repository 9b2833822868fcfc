"""What of a recording somebody has watched: pieces of it, and rules over them. No clock and no I/O.

Watched is the union of what was played: dragging the scrubber to the end is not having watched it, and
playing something twice counts once. Definitions: decision 0078.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Piece = tuple[int, int]
"""From and to, in milliseconds of the recording."""

JOINED_MS = 1000  # pieces this near are one: players report by their own clock
JOINED_SHARE = 10  # but no nearer than a tenth of what was played: a loop of moments would have an hour
OVER_END_MS = 500  # what a player may report behind the end
OVER_EDGE_MS = 10_000  # and behind what is finished of one that grows
FASTEST = 4.0
"""At no higher speed is anything counted: nobody follows a lesson that is faster."""
GRACE_MS = 3000  # what a session may be ahead of the clock
COMPLETE_PER_MILLE = 900
"""To have completed a recording, where no course says otherwise."""
COMPLETE_AT_LEAST = 500
COMPLETE_STEP = 50
"""What a course may say instead: from half of it on, in steps whose times are kept."""
EDGE_MS = 10_000  # who stopped this near the end has seen it: they begin anew
MAX_PIECES = 1000


@dataclass(frozen=True, slots=True)
class Played:
    """A stretch that was played without a jump, at one speed."""

    start_ms: int
    end_ms: int
    rate: float

    @property
    def took_ms(self) -> int:
        """How long that takes."""
        return math.ceil((self.end_ms - self.start_ms) / self.rate)


@dataclass(frozen=True, slots=True)
class Report:
    """What a player says: what it played since its last report, until `said_ms` (Unix, by its clock) or now,
    and where it stands (None: it does not say)."""

    session_id: str
    number: int
    played: tuple[Played, ...]
    position_ms: int | None
    said_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A stretch of a report that does not count."""

    index: int
    reason: str


def add_piece(pieces: list[Piece], start_ms: int, end_ms: int) -> bool:
    """Adds a stretch to sorted pieces, joined with those that lie near; False when there are too many."""
    near_ms = min(JOINED_MS, (end_ms - start_ms) // JOINED_SHARE)
    first = bisect_left(pieces, start_ms - near_ms, key=lambda piece: piece[1])
    last = bisect_right(pieces, end_ms + near_ms, key=lambda piece: piece[0])
    if first == last and len(pieces) >= MAX_PIECES:
        return False
    touched = pieces[first:last]
    joined = (min([start_ms, *(a for a, _ in touched)]), max([end_ms, *(b for _, b in touched)]))
    pieces[first:last] = [joined]
    return True


def length_ms(pieces: Iterable[Piece]) -> int:
    """All pieces together."""
    return sum(end - start for start, end in pieces)


def progress_per_mille(watched_ms: int, duration_ms: int) -> int:
    """How much of it, in thousandths, never rounded up."""
    return min(1000, watched_ms * 1000 // duration_ms) if duration_ms > 0 else 0


class Seen(Protocol):
    """What is known of somebody's watching; `reached`: [[step in thousandths, Unix ms]…], in this order."""

    @property
    def watched_ms(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def reached(self) -> Sequence[Sequence[int]]: ...


def note_step(reached: list[list[int]], per_mille: int, now_ms: int) -> None:
    """Notes when a step is reached first; those below it that were not are reached with it."""
    step = per_mille // COMPLETE_STEP * COMPLETE_STEP
    if step >= COMPLETE_AT_LEAST and (not reached or reached[-1][0] < step):
        reached.append([step, now_ms])


def is_complete(per_mille: int, complete_from: int) -> bool:
    """Whether so much of a recording is all that is asked for."""
    return per_mille >= complete_from


def completed_at(seen: Seen, duration_ms: int, complete_from: int, *, grows: bool = False) -> datetime | None:
    """Since when somebody has completed a recording; None: they have not, or it has not ended.

    Where nobody noted when so much was watched: when they watched last.
    """
    if grows or not is_complete(progress_per_mille(seen.watched_ms, duration_ms), complete_from):
        return None
    return first_reached(seen.reached, complete_from) or seen.updated_at


def first_reached(reached: Iterable[Sequence[int]], per_mille: int) -> datetime | None:
    """When so much of a recording was watched first; None: nobody noted it."""
    for step, at_ms in reached:
        if step >= per_mille:
            return _EPOCH + timedelta(milliseconds=at_ms)
    return None


def resume_ms(position_ms: int, duration_ms: int) -> int:
    """Where to go on: where they stopped, unless that is the end."""
    return 0 if position_ms > duration_ms - EDGE_MS else position_ms


def furthest_ms(duration_ms: int, *, grows: bool) -> int:
    """How far a player may have come."""
    return duration_ms + (OVER_EDGE_MS if grows else OVER_END_MS)


def why_refused(played: Played, furthest: int, left_ms: float = math.inf) -> str:
    """Why a stretch does not count; empty when it does. `left_ms`: what the clock has room for."""
    if played.start_ms < 0:
        return "before_the_beginning"
    if played.end_ms > furthest:
        return "behind_the_end"
    if played.end_ms <= played.start_ms:
        return "out_of_order"
    if not 0 < played.rate <= FASTEST:
        return "rate_out_of_range"
    # Not `took_ms`: of the lowest of rates it is more than an integer can be made of.
    is_possible = (played.end_ms - played.start_ms) / played.rate <= left_ms
    return "" if is_possible else "faster_than_time"
