"""The views of ended recordings that are kept in memory: those that were asked for last, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vtp.recording.view import RecordingView

MOST_VIEWS = 64
MOST_LINES = 1_000_000
"""Of all their indexes, about 260 bytes each: three hours of a picture, AAC and Opus have 160,000."""
WATCHED_S = 30.0
"""So long after it was asked for somebody watches it: players on demand load ahead for about that long."""
ENDED_S = 10.0
"""So long what has just ended waits for who has followed it: they ask once they have caught up, or when they
look at a playlist that they load again every few seconds."""


class Timer(Protocol):
    """Of an event loop."""

    def cancel(self) -> None:
        """Lets it never end."""


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Seconds that only go forward."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Calls once, later."""


@dataclass(slots=True)
class _Kept:
    view: RecordingView
    lines: int
    watched_until_s: float


class KeptViews:
    """By recording; on the event loop. More lines are kept only of what is watched, and only so long."""

    def __init__(
        self, most: int = MOST_VIEWS, most_lines: int = MOST_LINES, clock: Clock | None = None
    ) -> None:
        self._most = most
        self._most_lines = most_lines
        self._clock: Clock = clock or asyncio.get_running_loop()
        self._kept: dict[str, _Kept] = {}
        self._lines = 0
        self._timer: Timer | None = None
        self._is_closed = False

    def get(self, recording_id: str) -> RecordingView | None:
        """The view for who watches it, if it is kept."""
        kept = self._kept.get(recording_id)
        if kept is None:
            return None
        kept.watched_until_s = self._clock.time() + WATCHED_S
        return kept.view

    def peek(self, recording_id: str) -> RecordingView | None:
        """The same for who does not."""
        kept = self._kept.get(recording_id)
        return kept.view if kept is not None else None

    def put(self, recording_id: str, view: RecordingView) -> None:
        """Keeps a view that does not grow any more, and was asked for."""
        self._put(recording_id, view, WATCHED_S)

    def put_ended(self, recording_id: str, view: RecordingView) -> None:
        """Keeps the view of what has just ended, for which nobody has asked yet."""
        self._put(recording_id, view, ENDED_S)

    def drop(self, recording_id: str) -> None:
        """Keeps it no more."""
        kept = self._kept.pop(recording_id, None)
        if kept is not None:
            self._lines -= kept.lines

    def close(self) -> None:
        """Looks after nothing any more."""
        self._is_closed = True
        self._rest()

    def _put(self, recording_id: str, view: RecordingView, watched_s: float) -> None:
        self.drop(recording_id)
        lines = lines_of(view)
        self._kept[recording_id] = _Kept(view, lines, self._clock.time() + watched_s)
        self._lines += lines
        self._trim()

    def _trim(self) -> None:
        """Drops what is too much, those asked for longest ago first; looks again when the next may go."""
        self._rest()
        while len(self._kept) > self._most or self._lines > self._most_lines:
            oldest_id, oldest = min(self._kept.items(), key=lambda item: item[1].watched_until_s)
            watched_s = oldest.watched_until_s - self._clock.time()
            if len(self._kept) <= self._most and watched_s > 0:
                if not self._is_closed:
                    self._timer = self._clock.call_later(watched_s, self._trim)
                return
            self.drop(oldest_id)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def lines_of(view: RecordingView) -> int:
    """How many segments and parts its indexes tell of: what it takes of memory."""
    indexes = [*view.tracks.values(), *view.people.values()]
    return sum(len(one.written) + sum(map(len, one.parts.values())) for one in indexes)
