"""What is still known of somebody's watching whose log has been forgotten. No clock and no I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vtp.recording.progress_store import Progress
from vtp.recording.watching import Piece, Played, add_piece


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What somebody had watched of a recording before their log goes back: no more than was, for what they
    have watched again since may have been watched then. `per_mille`: the last step that was noted."""

    pieces: Sequence[Piece] = ()
    spent_ms: int = 0
    per_mille: int = 0


NOTHING: Final = Forgotten()


def is_forgotten(progress: Progress | None, first_at: datetime | None) -> bool:
    """Whether somebody began before the first row of their log."""
    return progress is not None and first_at is not None and progress.started_at < first_at


def what_is_forgotten(progress: Progress, first_at: datetime, counted: Iterable[Played]) -> Forgotten:
    """What is known of them less what counted in the log that there is, which begins at `first_at`."""
    told: list[Piece] = []
    spent_ms = 0
    for one in counted:
        add_piece(told, one.start_ms, one.end_ms)
        spent_ms += one.took_ms
    first_ms = int(first_at.timestamp() * 1000)
    return Forgotten(
        without(progress.pieces, told),
        max(0, progress.watch_time_ms - spent_ms),
        max((step for step, at_ms in progress.reached if at_ms < first_ms), default=0),
    )


def without(pieces: Iterable[Piece], others: Sequence[Piece]) -> list[Piece]:
    """Sorted pieces less what others, sorted too, cover."""
    left: list[Piece] = []
    for start, end in pieces:
        at = start
        for other_start, other_end in others[bisect_right(others, start, key=lambda one: one[1]) :]:
            if other_start >= end:
                break
            if other_start > at:
                left.append((at, other_start))
            at = other_end
        if at < end:
            left.append((at, end))
    return left
