"""Pictures of a recording: where the key frame at a time lies, how it is decoded, how it becomes JPEG."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vtp.late_av import av
from vtp.recording.index import PartLine, TrackIndex, segment_name
from vtp.recording.picture import MOST_PIXELS
from vtp.recording.segmenter import VIDEO_TRACK

QUALITY = "4"  # of FFmpeg's 2 (best) to 31
ReadNow = Callable[[str, int, int], bytes]
"""Gives so many bytes of a recording's file from an offset on; blocks. Raises OSError, Unavailable."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key frame: bytes of a segment, the section that they follow, and how large the picture is."""

    section: str
    section_size: int
    msn: int
    offset: int
    size: int
    start: int
    width: int
    height: int

    @property
    def is_too_large(self) -> bool:
        """Whether it is not decoded at all."""
        return self.width * self.height > MOST_PIXELS


def find_key_frame(index: TrackIndex, at_s: float) -> Place | None:
    """The last key frame that begins a part and is shown by then; its bytes are written already."""
    tick = at_s * index.timescale
    for msn in range(_segment_at(index, tick), -1, -1):
        parts = [part for part in index.parts.get(msn, ()) if part.independent and part.start <= tick]
        if parts:
            return place_of(index, parts[-1])
    return None


def _segment_at(index: TrackIndex, tick: float) -> int:
    """The last segment that begins by then, finished or not; -1 when none does."""
    segments, opened = index.segments, index.open
    if opened is not None and not index.ended and opened.msn >= len(segments) and opened.start <= tick:
        return opened.msn
    return bisect_right(segments, tick, key=lambda segment: segment.start) - 1


def place_of(index: TrackIndex, part: PartLine) -> Place:
    """Where the key frame lies that a part begins with."""
    section = next(line for line in index.maps if line.map == part.map)
    bytes_of = (section.uri, section.size, part.msn, part.offset, part.size)
    return Place(*bytes_of, part.start, section.width, section.height)


def read_file(directory: Path, name: str, offset: int, size: int) -> bytes:
    """Bytes of a file of a recording that is in this folder. Raises OSError."""
    with (directory / name).open("rb") as file:
        file.seek(offset)
        return file.read(size)


def read_fragment(read: ReadNow, place: Place) -> bytes:
    """The key frame behind its section, as `decode` takes it. Raises what `read` raises."""
    section = read(f"{VIDEO_TRACK}/{place.section}", 0, place.section_size)
    return section + read(f"{VIDEO_TRACK}/{segment_name(place.msn)}", place.offset, place.size)


def picture_errors() -> tuple[type[Exception], ...]:
    """What damaged files raise."""
    return OSError, ValueError, av.FFmpegError


def decode(fragment: bytes) -> av.VideoFrame:
    """Decodes the picture behind its initialization section; takes milliseconds of a core.

    Raises OSError, ValueError or FFmpegError when there is no picture in those bytes, or one that is larger
    than its section says and than we take.
    """
    limits = {"max_pixels": str(MOST_PIXELS)}
    with av.open(io.BytesIO(fragment), format="mp4", mode="r", options=limits) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.options = limits
        frame = next(container.decode(stream), None)
    if frame is None:
        raise ValueError("The key frame holds no picture")
    return frame


def encode_jpeg(frame: av.VideoFrame, width: int, height: int) -> bytes:
    """The picture in that size; both even."""
    scaled = frame.reformat(width, height, "yuvj420p", interpolation="AREA")
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 30)  # of one picture: any will do
    encoder.options = {"qmin": QUALITY, "qmax": QUALITY}
    return b"".join(bytes(packet) for packet in [*encoder.encode(scaled), *encoder.encode(None)])
