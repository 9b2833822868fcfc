"""The picture of a recording: what a second of it costs, by how many layers are recorded.

An operation is a second of picture, in processor time, from the packets of each layer (depacketizing
included) to the parts and segments in their files: 1280x720 at 1.5 Mbit/s, its half at 500 kbit/s, its
quarter at 150 kbit/s, 30 frames a second.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vtp import _rtp_fast
from vtp.bench.scheduling import ordinary_scheduling
from vtp.recording.h264 import H264Reader, split_annex_b
from vtp.recording.layer_join import KeyFrames, LayerJoin
from vtp.recording.segmenter import Segmenter
from vtp.recording.sound import Sound
from vtp.recording.timebase import NS
from vtp.recording.track_writer import TrackWriter

FPS, SECONDS, GOP = 30, 10, 60
ROUNDS = 5
LAYERS = [(1280, 720, 1_500_000), (640, 360, 500_000), (320, 180, 150_000)]
PAYLOAD = 1180
TICKS = 20  # of the recorder, in a second


@cache
def packets(layer: int) -> tuple[tuple[bytes, ...], ...]:
    """The RTP packets of each frame (RFC 6184)."""
    width, height, bitrate = LAYERS[layer]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.bit_rate = Fraction(1, FPS), Fraction(FPS), bitrate
    encoder.profile = "Constrained Baseline"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(GOP), "sc_threshold": "0"}
    encoder.options |= {"maxrate": str(bitrate), "bufsize": str(bitrate // 2), "nal-hrd": "none"}
    size = (height * 3 // 2, width + FPS * SECONDS * 2)
    noise = np.random.default_rng(1).integers(0, 255, size, np.uint8)
    sent, sequence = [], 0
    with ordinary_scheduling():
        for number in range(FPS * SECONDS):
            plane = np.ascontiguousarray(noise[:, number * 2 : number * 2 + width])
            frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
            frame.pts = number
            (packet,) = encoder.encode(frame)
            parts = [part for nal in split_annex_b(bytes(packet)) for part in _fragments(nal)]
            sent.append(tuple(_packets(parts, sequence, number * 90_000 // FPS, 7 + layer)))
            sequence += len(parts)
    return tuple(sent)


def _packets(parts: list[bytes], sequence: int, timestamp: int, ssrc: int) -> Iterator[bytes]:
    for at, part in enumerate(parts):
        marker = 0x80 if at == len(parts) - 1 else 0
        yield struct.pack("!BBHII", 0x80, 96 | marker, (sequence + at) & 0xFFFF, timestamp, ssrc) + part


def _fragments(nal: bytes) -> list[bytes]:
    if len(nal) <= PAYLOAD + 1:  # a fragment of its own may not be both first and last
        return [nal]
    body = [nal[1:][at : at + PAYLOAD] for at in range(0, len(nal) - 1, PAYLOAD)]
    indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
    marks = [0x80, *[0] * (len(body) - 2), 0x40]
    return [bytes((indicator, mark | kind)) + part for mark, part in zip(marks, body, strict=True)]


def record(directory: Path, layers: int) -> int:
    """SECONDS of a picture, all at once; gives the bytes of its tracks."""
    size = 0

    def open_writer(track: str, timescale: int) -> TrackWriter:
        def written(_: str, line: Any) -> None:
            nonlocal size
            size += getattr(line, "size", 0) if line.type == "segment" else 0

        return TrackWriter(directory / track, track, timescale, written)

    segmenter, join = Segmenter(open_writer, lambda _, first: Sound(first)), LayerJoin(layers)
    readers = [H264Reader() for _ in range(layers)]
    depacketizers = [_rtp_fast.Depacketizer(_rtp_fast.CODEC_H264, 90_000, 300) for _ in range(layers)]
    for number in range(FPS * SECONDS):
        now = number * NS // FPS
        for layer, depacketizer in enumerate(depacketizers):
            for packet in packets(layer)[number]:
                depacketizer.push(packet, now)
        if number * TICKS // FPS == (number - 1) * TICKS // FPS:
            continue
        for layer, depacketizer in enumerate(depacketizers):
            for unit in depacketizer.poll(now):
                join.add(layer, readers[layer].read(unit), unit.arrival_ns, unit.rtp_timestamp * NS // 90_000)
        for one in join.release(now):
            if isinstance(one, KeyFrames):
                segmenter.add_key_frames(one.pictures, one.time_ns)
            elif one.layer:
                segmenter.add_layer(one.layer, one.picture, one.time_ns)
            else:
                segmenter.add_video(one.picture, one.time_ns)
        segmenter.tick(now)
    segmenter.finish()
    return size


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_second_of_picture(benchmark: Any, tmp_path: Path, layers: int) -> None:
    """The layers below the highest have a third of its bytes between them."""
    for layer in range(layers):
        packets(layer)
    runs = count()
    sizes: list[int] = []
    benchmark.extra_info["operations"] = SECONDS
    benchmark.pedantic(
        lambda: sizes.append(record(tmp_path / str(next(runs)), layers)), rounds=ROUNDS, warmup_rounds=1
    )
    share, rate = benchmark.stats.stats.median / SECONDS, sizes[-1] * 8 / SECONDS
    benchmark.extra_info["note"] = f"{100 * share:.2f} % of a core, {rate / 1e6:.2f} Mbit/s"
