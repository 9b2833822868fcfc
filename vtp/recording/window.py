"""The index of a track of which the newest stretch alone is kept: a class that is watched and not recorded.

What leaves the window is listed no more. Its bytes stay for as long again, for those who were told of them
(RFC 8216bis section 6.2.2), then they are gone, and so is what was known of them.
"""

from __future__ import annotations

from pathlib import Path

from vtp.recording.index import Beginning, Line, SegmentLine, TrackIndex, segment_name

FORGOTTEN = SegmentLine(msn=-1, start=0, duration=0, size=0, samples=0, map=0, discontinuity=False, gap=False)
"""In the place of each segment that is gone, so that a segment's number is its place in the list."""


class WindowIndex(TrackIndex):
    """Filled by the recorder's thread, which deletes the files too; read on the event loop."""

    def __init__(self, directory: Path, window_s: float) -> None:
        super().__init__()
        self._directory = directory
        self._window_s = window_s
        self._gone = 0
        self._sections_gone = 0

    def add(self, line: Line) -> None:
        """Takes the next line; a finished segment may push older ones out. Raises OSError."""
        super().add(line)
        if isinstance(line, SegmentLine):
            length = round(self._window_s * self.timescale)
            self._leave_out(line.end - length)
            self._forget(line.end - 2 * length)

    def _leave_out(self, before: int) -> None:
        """The window begins with the first segment that ends later than that."""
        while (first := self.written[self.beginning.msn]).end <= before:
            passed = self.beginning.discontinuities + (first.discontinuity and first.msn > 0)
            self.beginning = Beginning(first.msn + 1, passed)

    def _forget(self, before: int) -> None:
        while self._gone < self.beginning.msn and self.written[self._gone].end <= before:
            (self._directory / segment_name(self._gone)).unlink(missing_ok=True)  # a gap has none
            self.parts.pop(self._gone, None)
            self.written[self._gone] = FORGOTTEN
            self._gone += 1
            self._forget_sections(self.written[self._gone].map)

    def _forget_sections(self, needed: int) -> None:
        while self._sections_gone < min(needed, len(self.maps)):
            (self._directory / self.maps[self._sections_gone].uri).unlink(missing_ok=True)
            self._sections_gone += 1
