"""What of a recording somebody has watched: pieces of it, and rules over them. No clock and no I/O.

Watched is the union of what was played: dragging the scrubber to the end is not having watched it, and
playing something twice counts once. Definitions: decision 0078.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

Piece = tuple[int, int]
"""From and to, in milliseconds of the recording."""

JOINED_MS = 1000  # pieces this near are one: players report by their own clock
OVER_END_MS = 500  # what a player may report behind the end
OVER_EDGE_MS = 10_000  # and behind what is finished of one that grows
GRACE_MS = 3000  # what a session may be ahead of the clock
COMPLETE_PER_MILLE = 900
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
    """What a player says: what it played since its last report, and where it stands."""

    session_id: str
    number: int
    played: tuple[Played, ...]
    position_ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A stretch of a report that does not count."""

    index: int
    reason: str


def add_piece(pieces: list[Piece], start_ms: int, end_ms: int) -> bool:
    """Adds a stretch to sorted pieces, joined with those beside it; False when there are too many."""
    first = bisect_left(pieces, start_ms - JOINED_MS, key=lambda piece: piece[1])
    last = bisect_right(pieces, end_ms + JOINED_MS, key=lambda piece: piece[0])
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


def resume_ms(position_ms: int, duration_ms: int) -> int:
    """Where to go on: where they stopped, unless that is the end."""
    return 0 if position_ms > duration_ms - EDGE_MS else position_ms


def furthest_ms(duration_ms: int, *, grows: bool) -> int:
    """How far a player may have come."""
    return duration_ms + (OVER_EDGE_MS if grows else OVER_END_MS)


def why_refused(played: Played, furthest: int, left_ms: int) -> str:
    """Why a stretch does not count; empty when it does. `left_ms`: what the clock has room for."""
    if played.end_ms > furthest:
        return "behind_the_end"
    return "" if played.took_ms <= left_ms else "faster_than_time"
