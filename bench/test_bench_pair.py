"""A recorded pair: what a second of 720p H.264 and a voice costs, from packets to the files of all of it,
and of all but AAC.

An operation is a second of both, in processor time of the recorder's thread: 30 pictures at 1.5 Mbit/s in
packets of at most 1,200 bytes, a key frame each two seconds, and 50 Opus packets at 32 kbit/s.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.test_bench_mix import speech
from bench.test_bench_rungs import packets
from vtp import _rtp_fast
from vtp.recording import audio_tracks
from vtp.recording import recorder as recorder_module
from vtp.recording.clock import PublisherClock
from vtp.recording.h264 import H264Reader
from vtp.recording.recorder import Recorder
from vtp.recording.source import Source
from vtp.recording.timebase import NS
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

SECONDS = 10
ROUNDS = 5
START_NS = 1000 * NS
TURNS = 4  # in a second, while nobody follows it

Timed = tuple[int, bytes]


class Clock:
    """Goes on by a turn of the recorder with each look, and stops it at the end."""

    def __init__(self) -> None:
        self.now = START_NS
        self.recorder: Recorder | None = None

    def __call__(self) -> int:
        self.now += NS // TURNS
        if self.now >= START_NS + SECONDS * NS and self.recorder is not None:
            self.recorder.stop()
        return self.now


class TimedTap:
    """Packets, each there when its time has come."""

    dropped = 0

    def __init__(self, timed: Sequence[Timed], clock: Clock) -> None:
        self._timed = timed
        self._clock = clock
        self._taken = 0

    def drain(self, depacketizer: Any) -> int:
        before = self._taken
        while self._taken < len(self._timed) and self._timed[self._taken][0] <= self._clock.now:
            at, packet = self._timed[self._taken]
            depacketizer.push(packet, at)
            self._taken += 1
        return self._taken - before

    def sender_reports(self) -> list[tuple[int, int, int]]:
        return []

    def close(self) -> None:
        pass


def pictures() -> list[Timed]:
    return [
        (START_NS + number * NS // 30, packet) for number, frame in enumerate(packets(0)) for packet in frame
    ]


def voice() -> list[Timed]:
    return [
        (START_NS + number * NS // 50, struct.pack("!BBHII", 0x80, 0xEF, number, number * 960, 99) + data)
        for number, data in enumerate(speech(1))
    ]


class NoAac:
    """In place of the encoder: nothing comes of it, so that nothing is written either."""

    def __init__(self, bitrate_bps: int, start: int) -> None:
        pass

    def add(self, pcm: Pcm) -> list[Sample]:
        """Nothing."""
        return []

    def finish(self) -> list[Sample]:
        """Nothing."""
        return []


def record(directory: Path, *, with_aac: bool = True) -> None:
    """SECONDS of both, all at once."""
    clock = Clock()
    recorder = clock.recorder = Recorder(directory, "pair", now_ns=clock)
    publisher = PublisherClock()
    video = _rtp_fast.Depacketizer(_rtp_fast.CODEC_H264, 90_000, 300)
    audio = _rtp_fast.Depacketizer(_rtp_fast.CODEC_OPUS, 48_000, 100)
    tap = TimedTap(pictures(), clock)
    recorder.add_source(Source("picture", tap, video, publisher, 90_000, reader=H264Reader()))
    recorder.add_source(Source("voice", TimedTap(voice(), clock), audio, publisher, 48_000))
    outcome = recorder.run()
    assert not outcome.failure
    assert {name: len(track.segments) for name, track in recorder.tracks.items()} == {
        "video": 5,
        "opus": 5,
        "aac": 5 if with_aac else len(recorder.tracks["aac"].segments),
    }
    assert recorder.tracks["aac"].has_media is with_aac


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("with_aac", [True, False], ids=["with AAC", "without AAC"])
def test_a_second_of_a_pair(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_aac: bool
) -> None:
    monkeypatch.setattr(recorder_module, "TICK_S", 0.0)
    if not with_aac:
        monkeypatch.setattr(audio_tracks, "AacEncoder", NoAac)
    pictures(), voice()
    runs = count()
    benchmark.extra_info["operations"] = SECONDS
    benchmark.pedantic(
        record,
        setup=lambda: ((tmp_path / str(next(runs)),), {"with_aac": with_aac}),
        rounds=ROUNDS,
        warmup_rounds=1,
    )
    share = benchmark.stats.stats.min / SECONDS
    benchmark.extra_info["note"] = f"{100 * share:.2f} % of a core at best"
