"""What `vtp publish` encodes when it cannot copy: H.264 by x264 without delay, Opus in packets of 20 ms."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import av
from av.video.frame import PictureType

MAX_HEIGHT = 720
"""Larger pictures are scaled down to this: x264 has to keep up with real time beside a server."""
KEY_FRAME_S = 2.0
OPUS_BITRATE_BPS = 64_000
OPUS_FRAME = 960
OPUS_RATE = 48_000
VIDEO_CLOCK = 90_000


@dataclass(frozen=True)
class Unit:
    """One access unit and when it is due, in seconds from the source's start."""

    kind: str
    data: bytes
    time_s: float
    duration_s: float
    key: bool
    width: int = 0
    height: int = 0

    def later_by(self, seconds: float) -> "Unit":
        return replace(self, time_s=self.time_s + seconds)


class UnitMaker(Protocol):
    """Turns packets of one stream into access units."""

    def take(self, packet: Any) -> Iterable[Unit]: ...
    def finish(self) -> Iterable[Unit]: ...
    def request_key_frame(self) -> None: ...


class VideoEncoder:
    """Decodes a stream and encodes it as baseline H.264, annex B, parameter sets before every key frame."""

    def __init__(self, stream: Any, bitrate_bps: int = 0) -> None:
        self._stream = stream
        self._bitrate_bps = bitrate_bps
        self._encoder: av.VideoCodecContext | None = None
        self._key_wanted = threading.Event()
        self._rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._last_pts = -1

    def request_key_frame(self) -> None:
        self._key_wanted.set()

    def take(self, packet: Any) -> Iterator[Unit]:
        for frame in packet.decode():
            yield from self._encode(frame)

    def finish(self) -> Iterator[Unit]:
        for frame in self._stream.decode(None):
            yield from self._encode(frame)
        if self._encoder is not None:
            yield from map(self._unit, self._encoder.encode(None))

    def _encode(self, frame: av.VideoFrame) -> Iterator[Unit]:
        if frame.pts is None or frame.time_base is None:
            return
        pts = round(frame.pts * frame.time_base * VIDEO_CLOCK)
        if pts <= self._last_pts:
            return
        self._last_pts = pts
        width, height = _scaled(frame.width, frame.height)
        picture = frame.reformat(width=width, height=height, format="yuv420p")
        if self._encoder is None:
            self._encoder = self._open(width, height)
        picture.pts, picture.time_base = pts, Fraction(1, VIDEO_CLOCK)
        picture.pict_type = PictureType.NONE
        if self._key_wanted.is_set():
            self._key_wanted.clear()
            picture.pict_type = PictureType.I
        yield from map(self._unit, self._encoder.encode(picture))

    def _open(self, width: int, height: int) -> av.VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base = Fraction(1, VIDEO_CLOCK)
        encoder.framerate = self._rate
        encoder.bit_rate = self._bitrate_bps or _default_bitrate(width, height)
        encoder.gop_size = max(1, round(KEY_FRAME_S * float(self._rate)))
        encoder.max_b_frames = 0
        encoder.options = {
            "preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1",
            "maxrate": str(encoder.bit_rate), "bufsize": str(encoder.bit_rate // 2),
        }  # fmt: skip
        return encoder

    def _unit(self, packet: Any) -> Unit:
        time_s = float(packet.pts * packet.time_base)
        return Unit("video", bytes(packet), time_s, float(1 / self._rate), packet.is_keyframe)


def _scaled(width: int, height: int) -> tuple[int, int]:
    """Even, and no higher than MAX_HEIGHT."""
    if height > MAX_HEIGHT:
        width, height = round(width * MAX_HEIGHT / height), MAX_HEIGHT
    return max(16, width // 2 * 2), max(16, height // 2 * 2)


def _default_bitrate(width: int, height: int) -> int:
    """2.5 Mbit/s for 720p, in proportion below, at least 300 kbit/s."""
    return max(300_000, round(2_500_000 * width * height / (1280 * 720)))


class OpusEncoder:
    """Decodes a stream of any sound and encodes it as Opus, 20 ms a packet."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._resampler = av.AudioResampler("s16", "stereo", OPUS_RATE, OPUS_FRAME)
        self._start_s: float | None = None
        self._samples = 0
        encoder = av.CodecContext.create("libopus", "w")
        assert isinstance(encoder, av.AudioCodecContext)
        encoder.sample_rate, encoder.layout, encoder.format = OPUS_RATE, "stereo", "s16"
        encoder.bit_rate = OPUS_BITRATE_BPS
        self._encoder = encoder

    def request_key_frame(self) -> None:
        """Every Opus packet is one."""

    def take(self, packet: Any) -> Iterator[Unit]:
        for frame in packet.decode():
            yield from self._encode(frame)

    def finish(self) -> Iterator[Unit]:
        for frame in self._stream.decode(None):
            yield from self._encode(frame)

    def _encode(self, frame: av.AudioFrame) -> Iterator[Unit]:
        if self._start_s is None:
            self._start_s = float(frame.time or 0.0)
        frame.pts = None
        for part in self._resampler.resample(frame):
            part.pts, part.time_base = self._samples, Fraction(1, OPUS_RATE)
            self._samples += part.samples
            for packet in self._encoder.encode(part):
                yield self._unit(packet)

    def _unit(self, packet: Any) -> Unit:
        time_s = (self._start_s or 0.0) + float(packet.pts * packet.time_base)
        return Unit("audio", bytes(packet), time_s, OPUS_FRAME / OPUS_RATE, True)
