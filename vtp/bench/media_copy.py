"""What `vtp publish` sends as it is: frames of a file as RTP packetizers take them, evenly timed."""

from collections.abc import Iterator
from typing import Any

from av.bitstream import BitStreamFilterContext

from vtp.bench.media_encode import Unit

_SPS = 7
_OBU_SEQUENCE_HEADER = 1


class VideoCopier:
    """H.264 as annex B with its parameter sets, AV1 with its sequence header, VP8 and VP9 unchanged."""

    def __init__(self, stream: Any, codec: str) -> None:
        self._filter = BitStreamFilterContext("h264_mp4toannexb", stream) if codec == "h264" else None
        self._header = _av1_header(stream) if codec == "av1" else b""
        self._width, self._height = stream.codec_context.width, stream.codec_context.height
        rate = stream.average_rate or stream.guessed_rate
        self._duration_s = float(1 / rate) if rate else 0.04

    def request_key_frame(self) -> None:
        """The file has the key frames it has."""

    def take(self, packet: Any) -> Iterator[Unit]:
        for part in self._filter.filter(packet) if self._filter else (packet,):
            data = bytes(part)
            if self._header and part.is_keyframe and not _has_sequence_header(data):
                data = self._header + data
            stamp = part.pts if part.pts is not None else part.dts
            if data and stamp is not None:
                time_s = float(stamp * part.time_base)
                yield Unit(
                    "video", data, time_s, self._duration_s, part.is_keyframe, self._width, self._height
                )

    def finish(self) -> Iterator[Unit]:
        yield from ()


class OpusCopier:
    """Opus packets, timed by their own lengths: containers round to milliseconds, a decoder hears that."""

    def __init__(self, stream: Any) -> None:
        self._next_s: float | None = None

    def request_key_frame(self) -> None:
        """Every Opus packet is one."""

    def take(self, packet: Any) -> Iterator[Unit]:
        data = bytes(packet)
        if not data or packet.pts is None:
            return
        time_s = float(packet.pts * packet.time_base)
        if self._next_s is not None and abs(time_s - self._next_s) < 0.01:
            time_s = self._next_s
        duration_s = opus_duration_s(data)
        self._next_s = time_s + duration_s
        yield Unit("audio", data, time_s, duration_s, True)

    def finish(self) -> Iterator[Unit]:
        yield from ()


def opus_duration_s(data: bytes) -> float:
    """How long a packet sounds: its configuration and its number of frames (RFC 6716 section 3.1)."""
    configuration = data[0] >> 3
    if configuration < 12:
        frame_ms = (10.0, 20.0, 40.0, 60.0)[configuration & 3]
    elif configuration < 16:
        frame_ms = (10.0, 20.0)[configuration & 1]
    else:
        frame_ms = (2.5, 5.0, 10.0, 20.0)[configuration & 3]
    code = data[0] & 3
    frames = (1, 2, 2)[code] if code < 3 else (data[1] & 63 if len(data) > 1 else 1)
    return frames * frame_ms / 1000


def h264_profile_level(stream: Any) -> str:
    """profile-level-id (RFC 6184 section 8.1) from avcC or the first SPS, constrained baseline without."""
    extradata = bytes(stream.codec_context.extradata or b"")
    if len(extradata) > 4 and extradata[0] == 1:
        return extradata[1:4].hex()
    at = extradata.find(b"\0\0\1")
    while at >= 0 and at + 7 <= len(extradata):
        if extradata[at + 3] & 0x1F == _SPS:
            return extradata[at + 4 : at + 7].hex()
        at = extradata.find(b"\0\0\1", at + 3)
    return "42e01f"


def _av1_header(stream: Any) -> bytes:
    """The sequence header that MP4 and Matroska keep apart from the frames (av1C, after four bytes)."""
    extradata = bytes(stream.codec_context.extradata or b"")
    return extradata[4:] if len(extradata) > 4 and extradata[0] == 0x81 else b""


def _has_sequence_header(data: bytes) -> bool:
    """Whether one of the first OBUs is the sequence header (after a temporal delimiter at most)."""
    at = 2 if data[:1] == b"\x12" else 0
    return len(data) > at and data[at] >> 3 & 15 == _OBU_SEQUENCE_HEADER
