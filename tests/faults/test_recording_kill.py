"""SIGKILL at random moments: everything up to the last complete part plays, in every track."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.recording_material import Recorded
from vtp.recording.recovery import recover
from vtp.recording.view import RecordingView

ROOT = Path(__file__).resolve().parents[2]


def kill_a_recorder(directory: Path, seed: int) -> Counter[str]:
    """Kills a recording process after a random number of parts and a random moment more.

    Gives how many samples of each track the process had announced.
    """
    chance = random.Random(seed)
    parts = chance.randrange(1, 60)
    command = [sys.executable, "-m", "tests.faults.recording_victim", str(directory)]
    announced: Counter[str] = Counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        for number, line in enumerate(victim.stdout):
            track, _, _, samples = line.split()
            announced[track] += int(samples)
            if number >= parts:
                break
        try:
            victim.wait(chance.random() * 0.1)
        except subprocess.TimeoutExpired:
            victim.send_signal(signal.SIGKILL)
        rest = victim.stdout.read()
        for line in rest.splitlines(keepends=True):
            if line.endswith("\n"):
                track, _, _, samples = line.split()
                announced[track] += int(samples)
    return announced


def assert_everything_announced_plays(directory: Path, announced: Counter[str]) -> None:
    recovered = recover(directory, "killed")
    assert recovered.manifest.closed
    recorded = Recorded(directory)
    for track, samples in announced.items():
        assert len(recorded.packets(track)) >= samples, track
        assert recorded.index(track).ended
    numbers = [number for _, number in recorded.brightness()] if announced["video"] else []
    assert numbers == [n % 64 for n in range(len(numbers))]
    view = RecordingView.load(directory)
    if view.is_playable:
        assert view.media(view.main_track or "").text.endswith(b"#EXT-X-ENDLIST\n")


@pytest.mark.drawn(1)
@pytest.mark.parametrize("seed", range(4))
def test_killed_recording_plays_to_its_last_complete_part(tmp_path: Path, seed: int) -> None:
    assert_everything_announced_plays(tmp_path, kill_a_recorder(tmp_path, seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_killed_a_hundred_times_it_plays_each_time(tmp_path: Path, seed: int) -> None:
    assert_everything_announced_plays(tmp_path, kill_a_recorder(tmp_path, seed))
