"""VP8, which neither MP4 nor players of HLS take, decoded and encoded to H.264 while it is recorded.

It runs in the recorder's thread, single-threaded and niced, and costs 0.22 of a core for 720p30 (AMD EPYC):
the number of recordings that do it at once is bounded. There is a key frame where the source has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from vtp.late_av import av
from vtp.recording.h264 import H264Reader
from vtp.recording.picture import MOST_PIXELS, Picture, open_decoder
from vtp.recording.units import AccessUnit, PlainUnit

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

NOMINAL_FPS = 30
BITS_PER_PIXEL = 0.15  # at most: 4 Mbit/s for 720p30
OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "crf": "23",
    "g": "1000000",  # key frames are the source's
    "sc_threshold": "0",
    "forced-idr": "1",
}


class Vp8Transcoder:
    """Reads VP8 frames as H.264 pictures: one for each, of the same size but for an odd row or column."""

    def __init__(self) -> None:
        self._decoder = open_decoder("vp8")
        self._encoder: VideoCodecContext | None = None
        self._reader = H264Reader()
        self._ssrc = 0
        self._frames = 0

    def read(self, unit: AccessUnit) -> Picture:
        """The same picture in H.264; raises ValueError when it cannot be decoded or is too large."""
        if unit.width * unit.height > MOST_PIXELS:
            raise ValueError("VP8 picture is too large to be encoded while it is recorded")
        pictures = self._decoder.decode(av.Packet(unit.data))
        if not pictures:
            raise ValueError("VP8 frame shows no picture")
        frame = pictures[-1]
        width, height = frame.width & ~1, frame.height & ~1
        if not width or not height:
            raise ValueError("VP8 picture is too small for H.264")
        encoder = self._encoder_of(width, height, unit.ssrc)
        frame = frame.reformat(width, height, "yuv420p")
        kinds = av.video.frame.PictureType
        frame.pict_type = kinds.I if unit.key_frame else kinds.NONE
        frame.pts, frame.time_base = self._frames, Fraction(1, NOMINAL_FPS)
        self._frames += 1
        packets = encoder.encode(frame)
        coded = PlainUnit(
            b"".join(bytes(packet) for packet in packets),
            unit.rtp_timestamp,
            unit.arrival_ns,
            key_frame=any(packet.is_keyframe for packet in packets),
            after_gap=unit.after_gap,
            ssrc=unit.ssrc,
            width=width,
            height=height,
        )
        return self._reader.read(coded)

    def _encoder_of(self, width: int, height: int, ssrc: int) -> VideoCodecContext:
        """The encoder in use, or a new one for another size or source."""
        encoder = self._encoder
        if encoder is None or (encoder.width, encoder.height, self._ssrc) != (width, height, ssrc):
            encoder = self._encoder = _open_encoder(width, height)
            self._ssrc = ssrc
        return encoder


def _open_encoder(width: int, height: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, NOMINAL_FPS), Fraction(NOMINAL_FPS)
    encoder.thread_count = 1
    encoder.profile = "Constrained Baseline"
    most = str(round(width * height * NOMINAL_FPS * BITS_PER_PIXEL))
    encoder.options = {**OPTIONS, "maxrate": most, "bufsize": most}
    return encoder


class TranscodeSlots:
    """How many recordings may transcode at once; used on the event loop alone."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: dict[object, Callable[[], None]] = {}

    def take(self) -> bool:
        """Takes a slot, if there is one."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Frees one; who waits hears of it later: the next presenter of the same program comes first."""
        self._free += 1
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._offer)

    def wait(self, freed: Callable[[], None]) -> Callable[[], None]:
        """Has `freed` called once when one is free, who waits longest first; what is returned stops that."""
        key = object()
        self._waiting[key] = freed

        def stop() -> None:
            self._waiting.pop(key, None)

        return stop

    def _offer(self) -> None:
        while self._free > 0 and self._waiting:
            self._waiting.pop(next(iter(self._waiting)))()
