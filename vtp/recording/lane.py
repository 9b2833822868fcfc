"""One track's way from samples to parts and segments.

A lane is told where segments are cut; what lies before a cut goes into the old segment, what comes after
opens the new one. Parts last a quarter of a second, so that a low-latency playlist can be served from the
same lines. A track whose samples have any length (pictures) is cut into parts *on a grid*: a part is a
stretch of time, and what begins in it belongs to it. One in which nothing begins, because a slide stands
still, is a gap of its own: whoever plays the picture before goes on showing it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from vtp.recording.muxer import InitSection
from vtp.recording.timebase import NS, to_ticks
from vtp.recording.track_writer import TrackWriter
from vtp.recording.units import Sample

PART_LIMIT_NS = 270_000_000
"""EXT-X-PART-INF's PART-TARGET: no part lasts longer. Players stay three times that behind the newest one."""
PART_NS = NS // 4
"""How long a part on the grid lasts: from 85 % of the limit to the limit (RFC 8216bis section 4.4.4.9)."""
SHORTEST_PART_NS = PART_LIMIT_NS * 85 // 100


@dataclass(frozen=True, slots=True)
class Cut:
    """The start of segment `msn`, on the recording's timeline; `nobody_sends` in it makes it a gap."""

    time_ns: int
    msn: int
    discontinuity: bool = False
    nobody_sends: bool = False


class Lane:
    """Cuts one track. Samples come in order and do not overlap; cuts come in order too."""

    def __init__(self, writer: TrackWriter, first: Cut, *, on_grid: bool = False) -> None:
        self._writer = writer
        self._on_grid = on_grid
        self._limit = to_ticks(PART_LIMIT_NS, writer.timescale)
        self._shortest = to_ticks(SHORTEST_PART_NS, writer.timescale)
        self._length = to_ticks(PART_NS, writer.timescale)
        self._samples: deque[Sample] = deque()
        self._cuts: deque[Cut] = deque()
        self._part: list[Sample] = []
        self._part_start = 0
        self._begin(first, to_ticks(first.time_ns, writer.timescale))

    @property
    def timescale(self) -> int:
        """Ticks per second of this lane's samples."""
        return self._writer.timescale

    @property
    def part_end_ns(self) -> int:
        """Where the part in work ends on the grid."""
        return -(-(self._part_start + self._length) * NS // self.timescale)

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
        """Writes what ends by `until_ns`, on the grid what begins before it; no earlier cut may follow."""
        until = to_ticks(until_ns, self.timescale)
        self._take_until(until)
        if self._on_grid or self._nobody_sends:
            self._end_parts(until)

    def finish(self, end_ns: int) -> None:
        """Writes everything that is there and ends the last segment."""
        end = to_ticks(end_ns, self.timescale)
        latest = max([end, *(to_ticks(cut.time_ns, self.timescale) for cut in self._cuts)])
        self._take_until(max([latest, *(sample.end for sample in self._samples)]) + 1)
        end = self._last_end(end)
        if end > self._start:
            self._finish_parts(end)
            self._writer.end_segment(end)
        self._writer.close()

    def _take_until(self, until: int) -> None:
        """Takes what is due, and cuts where it is time to, in the order of their times."""
        while True:
            cut_at = to_ticks(self._cuts[0].time_ns, self.timescale) if self._cuts else None
            self._take_before(until + 1 if cut_at is None else cut_at, until)
            if cut_at is None or cut_at > until or (self._samples and self._samples[0].time < cut_at):
                return
            self._end_segment(cut_at, self._cuts.popleft())

    def _take_before(self, time: int, until: int) -> None:
        """Takes what begins before `time` and, on the grid, before `until`, else ends by it."""
        samples = self._samples
        if self._on_grid:
            time = min(time, until)
            while samples and samples[0].time < time:
                sample = samples.popleft()
                self._end_parts(sample.time)
                self._part.append(sample)
                self._has_media = True
            return
        while samples and samples[0].time < time and (end := samples[0].end) <= until:
            sample = samples.popleft()
            if self._part and end - self._part_start > self._limit:
                self._write_part(self._part[-1].end)
            self._part.append(sample)
            self._has_media = True

    def _end_parts(self, until: int) -> None:
        """Ends the parts of the grid that lie before `until`; those in which nothing begins are gaps."""
        while self._part_start + self._length <= until:
            self._write_part(self._part_start + self._length)

    def _write_part(self, end: int, count: int | None = None, *, last: bool = False) -> None:
        """Writes what is there (or `count` samples) as the part that ends at `end`, or leaves it out."""
        now, self._part = self._part[:count], [] if count is None else self._part[count:]
        if now:
            self._writer.write_part(now, self._part_start, end, last=last)
        else:
            self._writer.leave_out_part(self._part_start, end, last=last)
        self._part_start = end

    def _end_segment(self, cut_at: int, cut: Cut) -> None:
        end = self._last_end(cut_at)
        self._finish_parts(end)
        self._writer.end_segment(end, goes_on=not (cut.discontinuity or cut.nobody_sends))
        self._begin(cut, end)

    def _last_end(self, cut_at: int) -> int:
        """Where the segment ends: on the grid at the cut, else with its last sample."""
        if self._on_grid or not self._has_media:
            return max(cut_at, self._part_start)
        return self._part[-1].end if self._part else self._part_start

    def _finish_parts(self, end: int) -> None:
        """Ends the parts up to the segment's end: the last may be short, the ones before it may not."""
        if not self._on_grid and not self._has_media:
            self._end_parts(end)
        while end - self._part_start > self._limit and (self._on_grid or not self._part):
            self._end_one_before(end)
        if end > self._part_start:
            self._write_part(end, last=True)

    def _end_one_before(self, end: int) -> None:
        """Ends a part where a sample begins, so that the next is none without samples, else on the grid."""
        for number, sample in reversed(list(enumerate(self._part))):
            if end - sample.time <= self._limit and sample.time - self._part_start >= self._shortest:
                self._write_part(sample.time, number)
                return
        self._end_parts(self._part_start + self._length)

    def _begin(self, cut: Cut, start: int) -> None:
        assert not self._part, "samples of one segment would go into the next"
        self._start = self._part_start = start
        self._has_media = False
        self._nobody_sends = cut.nobody_sends
        self._writer.begin_segment(cut.msn, start, discontinuity=cut.discontinuity)
