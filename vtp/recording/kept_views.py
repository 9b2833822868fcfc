"""The views of ended recordings that are kept in memory: those that were asked for last, within bounds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from vtp.recording.view import RecordingView

MOST_VIEWS = 64
MOST_LINES = 1_000_000
"""Of all their indexes, about 260 bytes each: three hours of a picture, AAC and Opus have 160,000."""
WATCHED_S = 30.0
"""So long after it was asked for somebody watches it: players on demand load ahead for about that long."""


@dataclass(slots=True)
class _Kept:
    view: RecordingView
    lines: int
    asked_s: float


class KeptViews:
    """By recording; on the event loop. More lines are kept only of what is watched."""

    def __init__(
        self,
        most: int = MOST_VIEWS,
        most_lines: int = MOST_LINES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_lines = most_lines
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lines = 0

    def get(self, recording_id: str) -> RecordingView | None:
        """The view, if it is kept; from now on it is the one asked for last."""
        kept = self._kept.get(recording_id)
        if kept is None:
            return None
        kept.asked_s = self._clock()
        self._kept.move_to_end(recording_id)
        return kept.view

    def put(self, recording_id: str, view: RecordingView) -> None:
        """Keeps a view that does not grow any more, in place of those asked for longest ago."""
        self.drop(recording_id)
        now_s, lines = self._clock(), lines_of(view)
        self._kept[recording_id] = _Kept(view, lines, now_s)
        self._lines += lines
        while len(self._kept) > self._most or self._lines > self._most_lines:
            oldest_id, oldest = next(iter(self._kept.items()))
            if len(self._kept) <= self._most and oldest.asked_s >= now_s - WATCHED_S:
                return
            self.drop(oldest_id)

    def drop(self, recording_id: str) -> None:
        """Keeps it no more."""
        kept = self._kept.pop(recording_id, None)
        if kept is not None:
            self._lines -= kept.lines


def lines_of(view: RecordingView) -> int:
    """How many segments and parts its indexes tell of: what it takes of memory."""
    indexes = [*view.tracks.values(), *view.people.values()]
    return sum(len(one.written) + sum(map(len, one.parts.values())) for one in indexes)
