"""From RTP packets back to frames, as the recorder does it: order, assemble, check.

An operation is one packet. The frames are an encoder's, 720p at 4 Mbit/s, in packets with at most 1,150
bytes of payload.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
import pytest

from tests.rtp_packetize import RtpStream, packetize_av1, packetize_h264, packetize_vp8, packetize_vp9
from vtp import _rtp_fast as fast
from vtp.bench.scheduling import ordinary_scheduling

Benchmark = Any
PAYLOAD = 1_150
WIDTH, HEIGHT, FRAMES, BITS_PER_S = 1280, 720, 30, 4_000_000
TICKS = 3_000
ROUNDS = 50


@dataclass(frozen=True)
class Format:
    """How one codec is encoded and put into packets."""

    codec: int
    encoder: str
    options: tuple[tuple[str, str], ...]
    packetize: Callable[[bytes, int, bool], list[bytes]]


FORMATS = {
    "vp8": Format(
        fast.CODEC_VP8,
        "libvpx",
        (("deadline", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")),
        lambda data, i, key: packetize_vp8(data, i, size=PAYLOAD),
    ),
    "vp9": Format(
        fast.CODEC_VP9,
        "libvpx-vp9",
        (("deadline", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")),
        lambda data, i, key: packetize_vp9(data, i, key=key, size=PAYLOAD),
    ),
    "h264": Format(
        fast.CODEC_H264,
        "libx264",
        (("preset", "ultrafast"), ("tune", "zerolatency")),
        lambda data, i, key: packetize_h264(data, size=PAYLOAD),
    ),
    "av1": Format(
        fast.CODEC_AV1,
        "libsvtav1",
        (("preset", "12"), ("svtav1-params", "pred-struct=1:rc=2:lookahead=0:scd=0")),
        lambda data, i, key: packetize_av1(data, key=key, counted=True, size=PAYLOAD),
    ),
}


@cache
def _packets(name: str) -> tuple[list[bytes], int]:
    """Plain RTP packets of FRAMES pictures, and how many bytes of frames are in them."""
    form, stream = FORMATS[name], RtpStream()
    out: list[bytes] = []
    size = 0
    with ordinary_scheduling():
        for i, packet in enumerate(_encode(form)):
            data = bytes(packet)
            size += len(data)
            out += stream.packets(form.packetize(data, i, packet.is_keyframe), TICKS * i)
    return out, size


def _encode(form: Format) -> list[Any]:
    context = av.CodecContext.create(form.encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.bit_rate, context.gop_size = BITS_PER_S, FRAMES
    context.options = dict(form.options)
    noise = np.random.default_rng(5).integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    found = []
    for i in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(np.roll(noise, 3 * i, axis=1), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, 30)
        found += context.encode(frame)
    return found + context.encode(None)


@pytest.mark.parametrize("name", FORMATS)
def test_depacketize(benchmark: Benchmark, name: str) -> None:
    packets, size = _packets(name)
    form = FORMATS[name]

    def ready() -> tuple[tuple[fast.Depacketizer, list[bytes], int], dict[str, Any]]:
        return (fast.Depacketizer(form.codec, 90_000, 100), packets, 1), {}

    benchmark.extra_info["operations"] = len(packets)
    whole = benchmark.pedantic(fast.repeat_depacketize, setup=ready, rounds=ROUNDS, warmup_rounds=2)
    assert whole > size * 0.9, "frames were lost on the way"
