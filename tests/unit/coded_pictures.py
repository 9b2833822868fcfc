"""VP8, VP9 and AV1 made by PyAV as the depacketizer gives them, and the recorder's pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av

from tests.unit.recording_material import h264_units, placed
from vtp.recording.av1 import split_obus
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.source import PlacedPicture
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit

REAL_TIME = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
ENCODERS = {
    "vp8": ("libvpx", REAL_TIME),
    "vp9": ("libvpx-vp9", REAL_TIME),
    "av1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1:rc=2:lookahead=0:scd=0"}),
}
TEMPORAL_DELIMITER = 2


@cache
def coded_units(
    codec: str,
    count: int,
    *,
    fps: int = 30,
    gop: int = 60,
    width: int = 320,
    height: int = 180,
    pix_fmt: str = "yuv420p",
) -> tuple[PlainUnit, ...]:
    """Frames whose brightness is their number, as those of `h264_units`; `codec`: h264, vp8, vp9, av1."""
    if codec == "h264":
        return h264_units(count, fps=fps, gop=gop, width=width, height=height)
    name, options = ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, pix_fmt
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.bit_rate, encoder.gop_size, encoder.options = 2_000_000, gop, dict(options)
    packets = []
    for number in range(count):
        frame = av.VideoFrame(width, height, pix_fmt)
        deep = pix_fmt.endswith("10le")
        for plane, value in zip(frame.planes, (16 + 3 * (number % 64), 128, 128), strict=True):
            pixel = (value * 4).to_bytes(2, "little") if deep else bytes([value])
            plane.update(pixel * (plane.buffer_size // len(pixel)))
        frame.pts, frame.time_base = number, Fraction(1, fps)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    assert len(packets) == count
    return tuple(
        PlainUnit(
            _as_received(codec, bytes(packet)),
            number * 90_000 // fps,
            number * NS // fps,
            key_frame=packet.is_keyframe,
            width=width if packet.is_keyframe else 0,
            height=height if packet.is_keyframe else 0,
        )
        for number, packet in enumerate(packets)
    )


def _as_received(codec: str, data: bytes) -> bytes:
    if codec != "av1":
        return data
    return b"".join(obu for kind, obu in split_obus(data) if kind != TEMPORAL_DELIMITER)


def pictures_of(codec: str, units: Sequence[PlainUnit]) -> list[PlacedPicture]:
    """The units as the recorder's reader of the codec gives them."""
    return placed(units, PICTURE_CODECS[f"video/{codec}"].open_reader())
