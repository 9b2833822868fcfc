"""Whatever bytes a presenter sends, the recorder lives; damaged pictures leave the sound as it is.

The frames are real ones, changed at random places by a seed that the test's name has.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.coded_pictures import coded_units
from tests.unit.recording_material import Recorded, opus_units
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_sources import prepared_source
from vtp.recording import boxes
from vtp.recording.index import segment_name
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.recorder import Recorder
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit

MS = NS // 1000
LENGTH_S = 8
FPS = 15
SIZES = ((0, 0), (1, 1), (16_383, 16_383), (1 << 16, 1 << 16))
CODECS = ("h264", "vp9", "av1", "vp8")
Change = Callable[[random.Random, bytes], bytes]


def flip_bits(chance: random.Random, data: bytes) -> bytes:
    """Some, mostly of the headers."""
    out = bytearray(data)
    front = min(len(out), 32) if chance.random() < 0.7 else len(out)
    for _ in range(chance.choice((1, 2, 8)) if out else 0):
        out[chance.randrange(front)] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut_off(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def repeat(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at : at + chance.randrange(1, 40)] * chance.randrange(2, 400) + data[at:]


def fill(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(min(len(data), 40) + 1)
    return data[:at] + bytes([chance.choice((0, 0xFF, 0x80))]) * chance.randrange(1, 5_000)


def end_with_an_index(chance: random.Random, data: bytes) -> bytes:
    """Of a VP9 superframe."""
    count, width = chance.randrange(1, 9), chance.randrange(1, 5)
    marker = bytes([0xC0 | width - 1 << 3 | count - 1])
    sizes = (chance.choice((0, 1, len(data), 1 << 31)) for _ in range(count))
    index = b"".join((size & (1 << 8 * width) - 1).to_bytes(width, "little") for size in sizes)
    return data + marker + index + marker


def make_noise(chance: random.Random, data: bytes) -> bytes:
    return chance.randbytes(chance.randrange(0, 60))


CHANGES: tuple[Change, ...] = (flip_bits, flip_bits, cut_off, repeat, fill, end_with_an_index, make_noise)


def damaged(units: tuple[PlainUnit, ...], chance: random.Random) -> list[PlainUnit]:
    """Every third picture changed; what the depacketizer says of them is not always true either."""
    out = []
    for unit in units:
        if chance.random() < 0.35:
            change = chance.choice(CHANGES)
            width, height = chance.choice(((unit.width, unit.height), *SIZES))
            key_frame = unit.key_frame if chance.random() < 0.8 else not unit.key_frame
            data = change(chance, unit.data)
            unit = replace(unit, data=data, key_frame=key_frame, width=width, height=height)
        out.append(replace(unit, arrival_ns=unit.arrival_ns + chance.randrange(60) * MS))
    return sorted(out, key=lambda unit: unit.arrival_ns)


def assert_whole(recorded: Recorded, track: str) -> None:
    """Segments follow each other, and each file is made of the parts that the index names."""
    index = recorded.index(track)
    assert index.ended
    for segment in index.segments:
        parts = index.parts[segment.msn]
        assert sum(part.duration for part in parts) == segment.duration
        if segment.gap:
            continue
        data = (recorded.directory / track / segment_name(segment.msn)).read_bytes()
        assert len(data) == segment.size == parts[-1].offset + parts[-1].size
        for part, after in itertools.pairwise([*parts, None]):
            assert part is not None
            assert part.offset + part.size == (segment.size if after is None else after.offset)
            found = list(boxes.fragments(data[part.offset : part.offset + part.size]))
            assert sum(one.samples for one in found) == part.samples


@pytest.mark.drawn
@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("codec", CODECS)
def test_damaged_pictures_end_no_recording_and_the_sound_goes_on(
    tmp_path: Path, codec: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    clock, chance = FastClock(), random.Random(f"{codec} {seed}")
    recorder = Recorder(tmp_path / "r", "r", now_ns=clock)
    units = damaged(coded_units(codec, LENGTH_S * FPS, fps=FPS, gop=10, width=160, height=90), chance)
    reader = PICTURE_CODECS[f"video/{codec}"].open_reader()
    video, _ = prepared_source("video", units, lambda: clock.now, start_ns=NS, reader=reader)
    audio, _ = prepared_source("audio", opus_units(LENGTH_S * 50), lambda: clock.now, start_ns=NS)
    recorder.add_source(video)
    recorder.add_source(audio)
    clock.at(NS + LENGTH_S * NS + 200 * MS, recorder.stop)
    outcome = run(recorder)
    assert outcome.failure == "" and outcome.duration_ns > (LENGTH_S - 4) * NS
    recorded = Recorded(recorder.directory)
    for track in recorder.tracks:
        assert_whole(recorded, track)
    sound = recorded.index("opus")
    assert not any(segment.gap for segment in sound.segments)
    assert sound.duration_s * NS >= outcome.duration_ns - 50 * MS
    assert len(recorded.packets("opus")) >= (LENGTH_S - 4) * 50


@pytest.mark.parametrize("seed", [0])
def test_damaged_sound_ends_no_recording(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    clock, chance = FastClock(), random.Random(seed)
    recorder = Recorder(tmp_path / "r", "r", now_ns=clock)
    units = damaged(opus_units(LENGTH_S * 50), chance)
    audio, _ = prepared_source("audio", units, lambda: clock.now, start_ns=NS)
    recorder.add_source(audio)
    clock.at(NS + LENGTH_S * NS + 200 * MS, recorder.stop)
    outcome = run(recorder)
    assert outcome.failure == "" and outcome.duration_ns > (LENGTH_S - 1) * NS
    recorded = Recorded(recorder.directory)
    for track in ("opus", "aac"):
        assert_whole(recorded, track)
        assert not any(segment.gap for segment in recorded.index(track).segments)
    assert len(recorded.packets("aac")) > (LENGTH_S - 1) * 46
