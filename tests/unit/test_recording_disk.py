"""What is said of the disk of recordings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vtp.errors import Unavailable
from vtp.recording.disk import BYTES_AN_HOUR, RECORDINGS_FULL, STREAMS_FULL, Disk


def disk_with(folder: Path, *, least: int, warned: int) -> Disk:
    return Disk(folder, RECORDINGS_FULL, least, warned)


def test_nothing_is_said_while_there_is_room(tmp_path: Path) -> None:
    disk = disk_with(tmp_path, least=1, warned=1)
    disk.check()
    assert disk.warning() == ""


def test_how_long_there_is_room_for_is_said_before_the_disk_is_full(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    disk = disk_with(tmp_path, least=max(0, free - 3 * BYTES_AN_HOUR), warned=1 << 62)
    disk.check()
    about = min(3.0, free / BYTES_AN_HOUR)
    assert abs(float(disk.warning().split()[6]) - about) < 1.0, disk.warning()


def test_an_almost_full_disk_is_refused(tmp_path: Path) -> None:
    disk = disk_with(tmp_path, least=1 << 62, warned=1 << 62)
    with pytest.raises(Unavailable, match="almost full"):
        disk.check()
    assert "about 0.0 hours" in disk.warning()


def test_a_disk_of_streams_says_so_and_one_that_is_not_there_leaves_it_to_what_begins(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="live streams"):
        Disk(tmp_path, STREAMS_FULL, 1 << 62).check()
    Disk(tmp_path / "none", STREAMS_FULL, 1 << 62).check()
