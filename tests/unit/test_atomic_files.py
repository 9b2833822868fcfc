"""Small files that are whole or not there, whoever else writes them at the same moment."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vtp.atomic_files import draft_of, remove_old_drafts, write_file


def test_two_writers_at_once_each_leave_a_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have written their draft before either puts it in place."""
    file, meet, really = tmp_path / "key.pem", threading.Barrier(2, timeout=10), os.fsync
    texts = [b"a" * 100_000, b"b" * 70_000]

    def wait_and_sync(descriptor: int) -> None:
        really(descriptor)
        meet.wait()

    monkeypatch.setattr(os, "fsync", wait_and_sync)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda text: write_file(file, text), texts))
    assert file.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_the_rights_that_were_asked_for_whatever_it_had_before(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "certificate.pem"
    file.touch(0o640)
    write_file(file, b"new", mode)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", mode)


def test_a_disk_that_is_full_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "key.pem"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_old_drafts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    """A killed process leaves one; a running one may be writing another at this moment."""
    old, new = (draft_of(tmp_path / "signing.json", b"half a key") for _ in range(2))
    others = [tmp_path / name for name in ("signing.json", ".hidden", ".signing.json-old")]
    for file in others:
        file.write_bytes(b"")
    for file in (old, *others):
        os.utime(file, (0, 0))
    assert remove_old_drafts(tmp_path) == 1
    assert set(tmp_path.iterdir()) == {new, *others}
    assert remove_old_drafts(tmp_path / "not there") == 0
