"""Classes as they go wrong: people come and go, pictures and sound stop, the recorder's thread is held up.

Whatever happens, each track's segments follow each other without a hole, each is divided into parts as a
low-latency player may expect them, and no playlist on the way hints at a part that never comes.
"""

from __future__ import annotations

import os
import random
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.recording_material import Recorded, h264_units, opus_units, placed
from tests.unit.test_recording_parts import assert_duties
from vtp.recording.index import TrackIndex
from vtp.recording.lane import SHORTEST_PART_NS
from vtp.recording.live_playlist import TrackNow
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import PlacedPicture
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit

SEEDS = 12
SEEDS_LONG = 600
LONGEST_S = 20
PICTURES = {fps: placed(h264_units(LONGEST_S * fps, fps=fps, gop=2 * fps)) for fps in (30, 15)}
PACKETS = opus_units(LONGEST_S * 50)
TRACKS = ("video", "opus", "aac")


@dataclass(frozen=True)
class Outage:
    """From `start_s` on, for `length_s`, nothing of `kind` is sent: of nobody, of pictures, of sound."""

    start_s: float
    length_s: float
    kind: str

    def covers(self, time_ns: int) -> bool:
        return self.start_s * NS <= time_ns < (self.start_s + self.length_s) * NS

    def silences(self, time_ns: int, voice: str) -> bool:
        return self.covers(time_ns) and (self.kind == "all" or (self.kind == "picture") == (not voice))


@dataclass
class Watched:
    """What playlists hint at while the disk takes its time over a segment's last bytes."""

    recorded: Recorded
    indices: dict[str, TrackIndex] = field(default_factory=lambda: {track: TrackIndex() for track in TRACKS})
    hints: dict[str, set[tuple[int, int]]] = field(default_factory=lambda: {track: set() for track in TRACKS})
    seen: int = 0

    def look(self, descriptor: int) -> None:
        """Asks for the playlist of the track whose file is being kept."""
        syncing = Path(f"/proc/self/fd/{descriptor}").readlink().parent.name
        for track, line in self.recorded.lines[self.seen :]:
            self.indices[track].add(line)
        self.seen = len(self.recorded.lines)
        now = TrackNow.of(self.indices[syncing])
        if now.opened is not None and not now.ended:
            self.hints[syncing].add((len(now.segments), len(now.parts)))

    def assert_hints_come(self, track: str) -> None:
        """No part is hinted at behind a short one, which is a segment's last.

        Behind a whole one there may come none: a cut can lie where a part ends.
        """
        index = self.recorded.index(track)
        ends = {(msn, len(lines)): lines[-1] for msn, lines in index.parts.items()}
        short = {end for end, line in ends.items() if line.duration * NS < SHORTEST_PART_NS * index.timescale}
        assert not self.hints[track] & short, f"hinted at in {track}: {sorted(self.hints[track] & short)}"


class Lesson:
    """One class by a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.length_s = dice.uniform(6, LONGEST_S)
        self.outages = [
            Outage(
                dice.uniform(0, self.length_s),
                dice.choice([0.01, 0.2, 0.7, 2, 4, 6]),
                dice.choice(["all", "picture", "sound"]),
            )
            for _ in range(dice.randint(0, 3))
        ]
        self.holds = [
            (round(dice.uniform(0, self.length_s) * NS), round(dice.uniform(0.1, 2.5) * NS))
            for _ in range(dice.randint(0, 3))
        ]

    def later(self, time_ns: int) -> int:
        """When the recorder's thread gets to what came at that time."""
        for start_ns, length_ns in self.holds:
            if start_ns <= time_ns < start_ns + length_ns:
                time_ns = start_ns + length_ns
        return time_ns

    def units(self) -> list[tuple[int, int, str, PlacedPicture | PlainUnit]]:
        """When each is taken, its time, whose it is ("" for pictures)."""
        sent: list[tuple[int, str, PlacedPicture | PlainUnit]] = []
        shift_ns = round(self.dice.uniform(0, 0.3) * NS)
        sent += [(one.time_ns + shift_ns, "", one) for one in PICTURES[self.dice.choice([30, 15])]]
        for voice in ("a", "b")[: self.dice.choice([1, 1, 2])]:
            shift_ns = round(self.dice.uniform(0, 0.02) * NS)
            sent += [(unit.arrival_ns + shift_ns, voice, unit) for unit in PACKETS]
        taken = [
            (self.later(time_ns + round(self.dice.uniform(0, 0.08) * NS)), time_ns, voice, unit)
            for time_ns, voice, unit in sent
            if time_ns < self.length_s * NS and not any(o.silences(time_ns, voice) for o in self.outages)
        ]
        return sorted(taken, key=lambda one: one[:3])

    def nobody_sends(self, now_ns: int) -> bool:
        return any(o.kind == "all" and o.covers(now_ns) for o in self.outages)

    def record(self, segmenter: Segmenter) -> None:
        units = self.units()
        now_ns = next_unit = 0
        while now_ns < self.length_s * NS:
            now_ns = self.later(now_ns + self.dice.choice([20, 50, 50, 120]) * NS // 1000)
            until = bisect_left(units, now_ns, key=lambda one: one[0])
            for _, time_ns, voice, unit in units[next_unit:until]:
                if isinstance(unit, PlacedPicture):
                    segmenter.add_video(unit.picture, time_ns)
                else:
                    segmenter.add_audio(unit.data, time_ns, voice)
            next_unit = until
            if self.nobody_sends(now_ns) and self.dice.random() < 0.2:
                segmenter.stop_sending()
            segmenter.tick(now_ns)
        segmenter.finish()


def check(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(folder / str(seed))
    watched = Watched(recorded)
    monkeypatch.setattr(
        os, "fdatasync", watched.look
    )  # a disk may take its time, and playlists are asked for
    Lesson(seed).record(recorded.segmenter())
    for track in {name for name, _ in recorded.lines}:
        assert_duties(recorded.index(track))
        watched.assert_hints_come(track)


@pytest.mark.drawn(4)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_in_a_class_its_segments_and_parts_are_right(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(seed, tmp_path, monkeypatch)


@pytest.mark.long
def test_whatever_happens_in_many_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(SEEDS, SEEDS + SEEDS_LONG):
        check(seed, tmp_path, monkeypatch)
