"""Low-Latency HLS (draft-pantos-hls-rfc8216bis): a track's playlist while it grows, part by part.

A recording in progress is an EVENT from its first segment on, so that viewers can go back to the beginning.
What lies further back than parts are listed does not change any more: it is kept as text and as the state of
a compressor, and each request pays for the last seconds alone. Followers ask for these only (delta updates).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vtp.recording.index import (
    Beginning,
    OpenLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    part_name,
    segment_name,
)
from vtp.recording.lane import PART_LIMIT_NS, SHORTEST_PART_NS
from vtp.recording.timebase import NS, Origin

VERSION = 9  # EXT-X-SKIP
PART_TARGET_S = PART_LIMIT_NS / NS
SKIP_BOUNDARY = 6  # target durations, section 4.4.3.8
SEGMENTS_WITH_PARTS = 2  # finished ones, beside the one in work: older parts help nobody at the edge
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Rendered:
    """One playlist, ready to be sent either way."""

    text: bytes
    zipped: bytes

    @classmethod
    def of(cls, data: bytes) -> Rendered:
        """Both forms of a text."""
        return cls(data, gzip.compress(data, GZIP_LEVEL, mtime=0))


@dataclass(frozen=True, slots=True)
class Edge:
    """The newest part of a track: its segment's number and its own; -1 where the segment has none."""

    msn: int
    part: int


@dataclass(frozen=True, slots=True)
class TrackNow:
    """A track at one instant: the recorder's thread goes on while a playlist is rendered."""

    index: TrackIndex
    segments: list[SegmentLine]
    opened: OpenLine | SegmentLine | None
    parts: list[PartLine]
    ended: bool
    beginning: Beginning

    @classmethod
    def of(cls, index: TrackIndex) -> TrackNow:
        """What has been written by now. Followers keep the gaps at the end: nothing is taken away."""
        ended, written = index.ended, index.written
        segments = written[:]
        count, opened = len(segments), index.open
        begun: OpenLine | SegmentLine | None = opened if opened is not None and opened.msn == count else None
        if len(written) > count:  # it has ended since the copy was taken
            begun = written[count]
        parts = index.parts.get(count, [])[:] if begun else []
        if parts and parts[-1].duration * NS < SHORTEST_PART_NS * index.timescale:
            parts.pop()  # a segment's last comes with its end: else another one would be hinted at
        # The beginning is read after the copy was taken: what is forgotten meanwhile is in it still.
        return cls(index, segments, begun, parts, ended, index.beginning)

    @property
    def edge(self) -> Edge:
        """How far the track has come; of an empty one segment -1."""
        count = len(self.segments)
        if self.parts:
            return Edge(count, len(self.parts) - 1)
        return Edge(count - 1, len(self.index.parts.get(count - 1, ())) - 1)

    @property
    def goes_on(self) -> bool:
        """Whether the next segment's first part is read as the last one was. What follows a discontinuity is
        not promised: a player that fetches it before it has read of that puts it behind the old
        initialization section (Shaka does)."""
        if not self.segments:
            return True
        return self.opened is not None and not self.opened.discontinuity

    def has(self, msn: int, part: int | None) -> bool:
        """Whether that segment or part is there; one after a segment's last is the next one's first."""
        count = len(self.segments)
        if part is not None and msn < count and part >= len(self.index.parts.get(msn, ())):
            msn, part = msn + 1, 0
        return msn < count or (part is not None and msn == count and part < len(self.parts))

    @property
    def parts_from(self) -> int:
        """The first segment whose parts are listed."""
        return max(len(self.segments) - SEGMENTS_WITH_PARTS, 0)

    def first_within(self, ticks: int) -> int:
        """The first segment that ends less than so many ticks before the end of all that is there."""
        if not self.segments:
            return 0
        newest = self.parts[-1].start + self.parts[-1].duration if self.parts else self.segments[-1].end
        oldest = newest - ticks
        behind = (n for n in range(len(self.segments), 0, -1) if self.segments[n - 1].end <= oldest)
        return next(behind, 0)


class LivePlaylist:
    """The playlists of one track under one `prefix`; `reports` are the others' addresses, by track."""

    slides = False

    def __init__(
        self, origin: Origin, target_duration_s: int, timescale: int, prefix: str, reports: Mapping[str, str]
    ) -> None:
        self.target_duration_s = target_duration_s
        self._origin = origin
        self._timescale = timescale
        self._prefix = prefix
        self._reports = reports
        self._kept = 0  # segments whose text does not change any more
        self._text = bytearray()
        self._zipped = bytearray()
        self._compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._keep([*self._head(Beginning())])

    def reports_all(self, tracks: Iterable[str]) -> bool:
        """Whether it knows all other tracks: the picture may come later than the sound."""
        return len(self._reports) == len([*tracks]) - 1

    def whole(self, now: TrackNow, others: Mapping[str, Edge]) -> Rendered:
        """From the first segment to the newest part."""
        settled = now.parts_from
        if settled > self._kept:
            self._keep([*self._segments(now, self._kept, settled, parts_from=settled)])
            self._kept = settled
        lines = [*self._segments(now, self._kept, None, parts_from=settled), *self._end(now, others)]
        tail = _text(lines)
        compressor = self._compressor.copy()
        zipped = bytes(self._zipped) + compressor.compress(tail) + compressor.flush()
        return Rendered(bytes(self._text) + tail, zipped)

    def delta(self, now: TrackNow, others: Mapping[str, Edge]) -> Rendered:
        """Without what lies behind the skip boundary; whole when there is nothing behind it."""
        first = now.first_within(SKIP_BOUNDARY * self.target_duration_s * self._timescale)
        skipped = first - now.beginning.msn
        if skipped <= 0:
            return self.whole(now, others)
        lines = [*self._head(now.beginning), f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"]
        lines += self._segments(now, first, None, parts_from=now.parts_from)
        return Rendered.of(_text([*lines, *self._end(now, others)]))

    def _head(self, beginning: Beginning) -> Iterator[str]:
        target_s = self.target_duration_s
        yield "#EXTM3U"
        yield f"#EXT-X-VERSION:{VERSION}"
        yield f"#EXT-X-TARGETDURATION:{target_s}"
        yield (
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={SKIP_BOUNDARY * target_s:.1f},"
            f"HOLD-BACK={3 * target_s:.1f},PART-HOLD-BACK={3 * PART_TARGET_S:.3f}"
        )
        yield f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S:.3f}"
        yield f"#EXT-X-MEDIA-SEQUENCE:{beginning.msn}"
        yield f"#EXT-X-DISCONTINUITY-SEQUENCE:{beginning.discontinuities}"
        if not self.slides:
            yield "#EXT-X-PLAYLIST-TYPE:EVENT"
        yield "#EXT-X-INDEPENDENT-SEGMENTS"

    def _segments(self, now: TrackNow, first: int, last: int | None, *, parts_from: int) -> Iterator[str]:
        """Finished segments, with their parts from the segment `parts_from` on."""
        before = now.segments[first - 1].map if first > now.beginning.msn else -1
        for segment in now.segments[first:last]:
            yield from self._begin(now, segment, before, segment.map)
            before = segment.map
            if segment.msn >= parts_from:
                yield from self._parts(now.index.parts.get(segment.msn, ()))
            if segment.gap:
                yield "#EXT-X-GAP"
            yield f"#EXTINF:{segment.duration / self._timescale:.5f},"
            yield self._prefix + segment_name(segment.msn)

    def _begin(
        self, now: TrackNow, segment: OpenLine | SegmentLine, map_before: int, map_now: int
    ) -> Iterator[str]:
        if segment.discontinuity and segment.msn:
            yield "#EXT-X-DISCONTINUITY"
        if map_now != map_before and map_now < len(now.index.maps):
            yield f'#EXT-X-MAP:URI="{self._prefix}{now.index.maps[map_now].uri}"'
        yield f"#EXT-X-PROGRAM-DATE-TIME:{self._origin.wall_iso(segment.start, self._timescale)}"

    def _parts(self, parts: Iterable[PartLine]) -> Iterator[str]:
        for part in parts:
            more = ",GAP=YES" if part.gap else ",INDEPENDENT=YES" if part.independent else ""
            name = self._prefix + part_name(part.msn, part.part)
            yield f'#EXT-X-PART:DURATION={part.duration / self._timescale:.5f},URI="{name}"{more}'

    def _end(self, now: TrackNow, others: Mapping[str, Edge]) -> Iterator[str]:
        """The segment in work and what is to come, or that nothing is."""
        if now.ended:
            yield "#EXT-X-ENDLIST"
            return
        count = len(now.segments)
        if now.opened is not None and now.parts:
            yield from self._begin(now, now.opened, now.segments[-1].map if count else -1, now.parts[-1].map)
            yield from self._parts(now.parts)
        if now.parts or now.goes_on:
            hint = self._prefix + part_name(count, len(now.parts))
            yield f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"'
        yield from self._rendition_reports(others)

    def _rendition_reports(self, others: Mapping[str, Edge]) -> Iterator[str]:
        for track, uri in self._reports.items():
            edge = others.get(track, Edge(-1, -1))
            part = f",LAST-PART={edge.part}" if edge.part >= 0 else ""
            if edge.msn >= 0:
                yield f'#EXT-X-RENDITION-REPORT:URI="{uri}",LAST-MSN={edge.msn}{part}'

    def _keep(self, lines: list[str]) -> None:
        data = _text(lines)
        self._text += data
        self._zipped += self._compressor.compress(data)


class SlidingPlaylist(LivePlaylist):
    """The same of a window: what has left it is listed no more, so it is no EVENT, and all of it is text that
    changes.
    """

    slides = True

    def whole(self, now: TrackNow, others: Mapping[str, Edge]) -> Rendered:
        """From the window's first segment to the newest part."""
        lines = [*self._head(now.beginning)]
        lines += self._segments(now, now.beginning.msn, None, parts_from=now.parts_from)
        return Rendered.of(_text([*lines, *self._end(now, others)]))


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
