"""Makes one segment of a ladder's rungs: decodes a segment of the picture once, encodes it for each rung.

Nothing goes from one segment to the next but what to show where nothing can be decoded. So a job goes on
where another ended, and a rung's key frames are where the picture's segments begin.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from vtp.recording.h264 import H264Reader
from vtp.recording.index import SegmentLine
from vtp.recording.ladder import size_of
from vtp.recording.picture import PictureParameters
from vtp.recording.timebase import VIDEO_TIMESCALE
from vtp.recording.units import PlainUnit, Sample

logger = logging.getLogger(__name__)

SOFTWARE = "libx264"
HARDWARE = ("h264_nvenc", "h264_qsv", "h264_amf")
BITS_PER_PIXEL = 0.1  # at most: 1.2 Mbit/s for 854x480 at 30 frames a second
OPTIONS = {
    SOFTWARE: {"preset": "veryfast", "crf": "23", "bf": "0", "g": "1000000", "sc_threshold": "0"},
    "h264_nvenc": {"preset": "p4", "rc": "vbr", "cq": "26", "bf": "0", "g": "1000000", "forced-idr": "1"},
    "h264_qsv": {"preset": "veryfast", "bf": "0", "g": "10000", "forced_idr": "1"},
    "h264_amf": {"quality": "balanced", "bf": "0", "g": "10000", "forced_idr": "1"},
}
_TIME_BASE = Fraction(1, VIDEO_TIMESCALE)
_PROBE_SIZE = (320, 180)
_PROBE_FRAMES = 4
_PROBE_TICKS = 3000


@dataclass(frozen=True, slots=True)
class RungSegment:
    """What a rung has of a segment: samples from its begin to its end, the first a key frame."""

    samples: Sequence[Sample]
    parameters: PictureParameters


class RungEncoder:
    """One for a recording. `fps` is what rates are reckoned with; frames have their own times."""

    def __init__(self, codec: str, fps: float) -> None:
        self._codec = codec
        self._fps = max(round(fps), 1)
        self._still: VideoFrame | None = None

    def encode(
        self, section: bytes, segment: bytes, line: SegmentLine, rungs: Sequence[int]
    ) -> list[RungSegment]:
        """A segment of the picture on each rung; one frame at a time is in memory.

        Where nothing can be decoded the last picture stands. Raises ValueError when an encoder fails.
        """
        encodings: list[_Encoding] = []
        for frame in self._frames(section + segment, line):
            if not encodings:
                sizes = [size_of(lines, frame.width, frame.height) for lines in rungs]
                encodings = [_Encoding(open_encoder(self._codec, *size, self._fps)) for size in sizes]
            for encoding in encodings:
                encoding.add(frame)
        return [encoding.finish(line) for encoding in encodings]

    def _frames(self, data: bytes, line: SegmentLine) -> Iterator[VideoFrame]:
        """What can be decoded, each frame later than the one before; at least one, which is at the begin."""
        last = line.start - 1
        try:
            for frame in _decoded(data):
                if frame.pts is None or not last < frame.pts < line.end:
                    continue
                frame.pts = frame.pts if last >= line.start else line.start
                last, self._still = frame.pts, frame
                yield frame
        except FFmpegError as error:
            logger.warning("A segment is encoded as far as it can be read: %s", error)
        if last < line.start:
            still = self._still or VideoFrame(*_PROBE_SIZE, "yuv420p")
            still.pts = line.start
            yield still


class _Encoding:
    """One rung of one segment."""

    def __init__(self, encoder: VideoCodecContext) -> None:
        self._encoder = encoder
        self._times: list[int] = []
        self._packets: list[av.Packet[Any]] = []

    def add(self, frame: VideoFrame) -> None:
        encoder = self._encoder
        scaled = frame.reformat(encoder.width, encoder.height, "yuv420p", interpolation="AREA")
        scaled.pts, scaled.time_base = frame.pts, _TIME_BASE
        scaled.pict_type = PictureType.NONE if self._times else PictureType.I
        self._times.append(frame.pts or 0)
        self._packets += encoder.encode(scaled)

    def finish(self, line: SegmentLine) -> RungSegment:
        self._packets += self._encoder.encode(None)
        if [packet.pts for packet in self._packets] != self._times:
            raise ValueError(f"The encoder gave {len(self._packets)} pictures for {len(self._times)}")
        reader, samples = H264Reader(), list[Sample]()
        width, height = self._encoder.width, self._encoder.height
        parameters: PictureParameters | None = None
        for packet, (begin, end) in zip(self._packets, pairwise([*self._times, line.end]), strict=True):
            is_key = packet.is_keyframe and not samples
            picture = reader.read(PlainUnit(bytes(packet), 0, 0, is_key, width=width, height=height))
            parameters = parameters or picture.parameters
            samples.append(Sample(picture.sample, begin, end - begin, is_key))
        if parameters is None:
            raise ValueError("The encoder began a segment without a key frame")
        return RungSegment(samples, parameters)


def _decoded(data: bytes) -> Iterator[VideoFrame]:
    with av.open(io.BytesIO(data), format="mp4", mode="r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        yield from container.decode(stream)


def open_encoder(codec: str, width: int, height: int, fps: int) -> VideoCodecContext:
    """An encoder of one segment, in one thread. Raises FFmpegError when the machine has none of that name."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = _TIME_BASE, Fraction(fps)
    encoder.thread_count = 1
    most = str(round(width * height * fps * BITS_PER_PIXEL))
    encoder.options = {**OPTIONS[codec], "maxrate": most, "bufsize": most}
    return encoder


def pick_encoder() -> str:
    """A hardware encoder that this machine shows by encoding with it, or else x264."""
    for codec in HARDWARE:
        try:
            encoding = _Encoding(open_encoder(codec, *_PROBE_SIZE, 30))
            for number in range(_PROBE_FRAMES):
                frame = VideoFrame(*_PROBE_SIZE, "yuv420p")
                frame.pts = number * _PROBE_TICKS
                encoding.add(frame)
            end = _PROBE_FRAMES * _PROBE_TICKS
            encoding.finish(SegmentLine(0, 0, end, 0, _PROBE_FRAMES, 0, discontinuity=False, gap=False))
        except (FFmpegError, ValueError, OSError):
            continue
        logger.info("Ladders are encoded by %s.", codec)
        return codec
    return SOFTWARE
