"""A picture that comes after long sound: its stills before are many segments at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.unit.recording_material import Recorded, h264_units, opus_units, placed, show
from vtp.recording.timebase import NS

SECONDS = 30


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_the_recorder_waits_for_the_disk_a_few_times_only_and_all_of_it_is_there_in_the_end(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, str]] = []
    fdatasync = os.fdatasync

    def sync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced.append((threading.current_thread().name, name))
        fdatasync(descriptor)

    segmenter = recorded.segmenter()
    for unit in opus_units(50 * SECONDS):
        segmenter.add_audio(unit.data, unit.arrival_ns)
    segmenter.tick(SECONDS * NS)
    monkeypatch.setattr(os, "fdatasync", sync)
    (first, *_) = placed(h264_units(1))
    show(segmenter, [first._replace(time_ns=SECONDS * NS)])
    here = threading.current_thread().name
    assert sum(thread == here for thread, _ in list(synced)) <= 3
    segmenter.finish()
    stills = [f"seg-{number:05d}.m4s" for number in range(SECONDS // 2)]
    assert sorted(name for thread, name in synced if thread != here) == stills
    segments = recorded.index("video").segments
    assert [one.msn for one in segments] == list(range(SECONDS // 2 + 1))
    assert not any(one.gap for one in segments)
