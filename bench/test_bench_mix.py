"""The sound of a recording: what a second of it costs, by how many speak and how many are silent.

An operation is a second of sound, in processor time, from Opus packets to the parts of both renditions in
their files. Voices are noise in the band of speech at 32 kbit/s, which is what browsers send.
"""

from __future__ import annotations

import time
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vtp.bench.scheduling import ordinary_scheduling
from vtp.recording import opus
from vtp.recording.audio_tracks import AudioTracks
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.track_writer import TrackWriter

SECONDS = 10
ROUNDS = 5
PACKETS = 50 * SECONDS
DTX_EVERY = 20  # Chromium's: a packet every 400 ms
STEP_NS = NS // 20


@cache
def speech(seed: int) -> tuple[bytes, ...]:
    """SECONDS of one voice."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.time_base, encoder.bit_rate = Fraction(1, 48_000), 32_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    noise = np.random.default_rng(seed).standard_normal(960 * (PACKETS + 1))
    band = np.convolve(noise, np.hanning(16), mode="same")
    loud = 2000 * band * np.abs(np.sin(np.arange(len(band)) * 2 * np.pi * 3 / 48_000))  # syllables
    packets: list[bytes] = []
    with ordinary_scheduling():
        for number in range(PACKETS + 1):
            part = loud[number * 960 :][:960].astype(np.int16)[None, :]
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
            packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets[:PACKETS])


def record(directory: Path, speaking: int, silent: int, dtx: int, places: int) -> None:
    """SECONDS of a class, all at once."""
    writers: list[TrackWriter] = []

    def open_writer(track: str, timescale: int) -> TrackWriter:
        writers.append(TrackWriter(directory / track, track, timescale, lambda name, line: None))
        return writers[-1]

    segmenter = Segmenter(open_writer, lambda open_, first: AudioTracks(open_, first, places))
    voices = {f"s{number}": speech(number % 4) for number in range(speaking)}
    for number in range(PACKETS):
        now = number * NS // 50
        for voice, packets in voices.items():
            segmenter.add_audio(packets[number], now, voice)
        for other in range(silent):
            segmenter.add_audio(opus.SILENCE, now, f"q{other}")
        for other in range(dtx if number % DTX_EVERY == 0 else 0):
            segmenter.add_audio(b"\xf8", now, f"d{other}")
        if now % STEP_NS == 0:
            segmenter.tick(now)
    segmenter.finish()


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("speaking", "silent", "dtx", "places"),
    [(0, 0, 0, 8), (1, 0, 0, 8), (1, 0, 30, 8), (1, 30, 0, 8), (2, 0, 0, 8), (8, 0, 0, 8), (30, 0, 0, 8)],
    ids=["nobody", "1", "1_and_30_in_dtx", "1_and_30_silent", "2", "8", "30_of_which_8"],
)
def test_mix(benchmark: Any, tmp_path: Path, speaking: int, silent: int, dtx: int, places: int) -> None:
    for seed in range(4):
        speech(seed)
    runs = count()

    def ready() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (tmp_path / str(next(runs)), speaking, silent, dtx, places), {}

    benchmark.extra_info["operations"] = SECONDS
    benchmark.pedantic(record, setup=ready, rounds=ROUNDS, warmup_rounds=1)
    share = benchmark.stats.stats.median / SECONDS
    benchmark.extra_info["note"] = f"{100 * share:.2f} % of a core"
