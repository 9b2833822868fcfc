"""One track's way from samples to parts and segments.

A lane is told where segments are cut; what lies before a cut goes into the old segment, what comes after
opens the new one. Parts last a third of a second, so that a live playlist can be served from the same
lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from vtp.recording.muxer import InitSection
from vtp.recording.timebase import to_ticks
from vtp.recording.track_writer import TrackWriter
from vtp.recording.units import Sample

PART_LIMIT_NS = 350_000_000  # a frame's jitter above the grid


@dataclass(frozen=True, slots=True)
class Cut:
    """The start of segment `msn`, on the recording's timeline; `nobody_sends` in it makes it a gap."""

    time_ns: int
    msn: int
    discontinuity: bool = False
    nobody_sends: bool = False


class Lane:
    """Cuts one track. Samples come in order and do not overlap; cuts come in order too."""

    def __init__(self, writer: TrackWriter, first: Cut) -> None:
        self._writer = writer
        self._limit = to_ticks(PART_LIMIT_NS, writer.timescale)
        self._samples: deque[Sample] = deque()
        self._cuts: deque[Cut] = deque()
        self._part: list[Sample] = []
        self._part_ticks = 0
        self._begin(first, to_ticks(first.time_ns, writer.timescale))

    @property
    def timescale(self) -> int:
        """Ticks per second of this lane's samples."""
        return self._writer.timescale

    def use_section(self, section: InitSection) -> None:
        """Follows another initialization section; everything before the last cut must have been advanced."""
        self._writer.use_section(section)

    def add(self, samples: Iterable[Sample]) -> None:
        """Takes samples; they are written as `advance` lets them."""
        self._samples.extend(samples)

    def cut(self, cut: Cut) -> None:
        """Ends the segment in work at `cut.time_ns` and starts the next one there."""
        self._cuts.append(cut)

    def advance(self, until_ns: int) -> None:
        """Writes what ends by `until_ns`; no cut at an earlier time may come after this."""
        until = to_ticks(until_ns, self.timescale)
        while True:
            cut_at = to_ticks(self._cuts[0].time_ns, self.timescale) if self._cuts else None
            sample = self._samples[0] if self._samples else None
            if sample is not None and sample.end <= until and (cut_at is None or sample.time < cut_at):
                self._take(self._samples.popleft())
            elif cut_at is not None and cut_at <= until and (sample is None or sample.time >= cut_at):
                self._end_segment(cut_at, self._cuts.popleft())
            else:
                return

    def finish(self, end_ns: int) -> None:
        """Writes everything that is there and ends the last segment."""
        end = to_ticks(end_ns, self.timescale)
        latest = max([end, *(to_ticks(cut.time_ns, self.timescale) for cut in self._cuts)])
        latest = max([latest, *(sample.end for sample in self._samples)])
        self.advance(latest * 1_000_000_000 // self.timescale + 1_000_000)
        self._flush_part()
        end = self._media_end if self._has_media else end
        if end > self._start:
            self._writer.end_segment(end)
        self._writer.close()

    def _take(self, sample: Sample) -> None:
        if self._part and self._part_ticks + sample.duration > self._limit:
            self._flush_part()
        self._part.append(sample)
        self._part_ticks += sample.duration

    def _flush_part(self) -> None:
        if not self._part:
            return
        self._writer.write_part(self._part)
        self._media_end = self._part[-1].end
        self._has_media = True
        self._part = []
        self._part_ticks = 0

    def _end_segment(self, cut_at: int, cut: Cut) -> None:
        self._flush_part()
        end = self._media_end if self._has_media else max(cut_at, self._start)
        self._writer.end_segment(end)
        self._begin(cut, end)

    def _begin(self, cut: Cut, start: int) -> None:
        self._start = self._media_end = start
        self._has_media = False
        self._writer.begin_segment(cut.msn, start, discontinuity=cut.discontinuity)
