"""The I-frame playlist (draft-pantos-hls-rfc8216bis, EXT-X-I-FRAMES-ONLY): key frames alone, for scrubbing.

Each is a byte range of its segment: the fragment's moof and its mdat up to the end of the key frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.playlist import VERSION, best_map, video_codecs
from vtp.recording.sample_table import SampleTable, read_kept
from vtp.recording.timebase import Origin

IFRAMES_NAME = "iframes.m3u8"


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A key frame that begins a fragment: `size` bytes of segment `msn` from `offset`."""

    msn: int
    start: int
    duration: int
    offset: int
    size: int


def kept_key_frames(folder: Path, index: TrackIndex) -> list[KeyFrame] | None:
    """A track's key frames, when its samples are known already; blocks for some milliseconds."""
    table = read_kept(folder, index)
    return None if table is None else key_frames(table, index)


def key_frames(table: SampleTable, index: TrackIndex) -> list[KeyFrame]:
    """Those key frames that begin a fragment, as the first of every segment does."""
    begins = dict(zip(table.positions(), table.chunks, strict=False))
    found = []
    for key in table.keys or range(len(table.sizes)):
        chunk = begins.get(key)
        if chunk is not None:
            offset = _fragment_start(index, chunk.msn, chunk.offset)
            found.append((chunk.msn, chunk.start, offset, chunk.offset + table.sizes[key] - offset))
    ends = [start for _, start, _, _ in found[1:]] + [table.end]
    return [
        KeyFrame(msn, start, end - start, offset, size)
        for (msn, start, offset, size), end in zip(found, ends, strict=True)
    ]


def _fragment_start(index: TrackIndex, msn: int, media: int) -> int:
    """Where the part begins that has these bytes of media."""
    return max((part.offset for part in index.parts.get(msn, []) if part.offset < media), default=0)


def render_iframes(
    index: TrackIndex, frames: Sequence[KeyFrame], *, origin: Origin, target_duration_s: int
) -> str:
    """The playlist of an ended recording; its target duration may differ from that of the others."""
    longest = max((frame.duration / index.timescale for frame in frames), default=0.0)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{max(target_duration_s, round(longest))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY",
    ]
    segments = {segment.msn: segment for segment in index.segments}
    current = -1
    before = 0
    for frame in frames:
        if any(segment.discontinuity for segment in index.segments[before + 1 : frame.msn + 1]):
            lines.append("#EXT-X-DISCONTINUITY")
        if segments[frame.msn].map != current:
            current = segments[frame.msn].map
            lines.append(f'#EXT-X-MAP:URI="{index.maps[current].uri}"')
        before = frame.msn
        lines += _frame_lines(frame, index.timescale, origin)
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _frame_lines(frame: KeyFrame, timescale: int, origin: Origin) -> Iterator[str]:
    yield f"#EXT-X-PROGRAM-DATE-TIME:{origin.wall_iso(frame.start, timescale)}"
    yield f"#EXTINF:{frame.duration / timescale:.5f},"
    yield f"#EXT-X-BYTERANGE:{frame.size}@{frame.offset}"
    yield segment_name(frame.msn)


def iframe_stream(track: str, index: TrackIndex, frames: Sequence[KeyFrame], prefix: str = "") -> str:
    """The line of the multivariant playlist that names it."""
    seconds = [max(frame.duration, 1) / index.timescale for frame in frames]
    peak = max(frame.size * 8 / length for frame, length in zip(frames, seconds, strict=True))
    average = sum(frame.size for frame in frames) * 8 / sum(seconds)
    best = best_map(index)
    attributes = [
        f"BANDWIDTH={max(round(peak), 1)}",
        f"AVERAGE-BANDWIDTH={max(round(average), 1)}",
        f'CODECS="{video_codecs(index)}"',
        *([f"RESOLUTION={best.width}x{best.height}"] if best and best.width else []),
        f'URI="{prefix}{track}/{IFRAMES_NAME}"',
    ]
    return "#EXT-X-I-FRAME-STREAM-INF:" + ",".join(attributes) + "\n"
