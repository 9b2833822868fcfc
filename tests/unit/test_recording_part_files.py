"""Bytes of files that are in memory are read at once, by what the file system says of waiting."""

import os
from pathlib import Path

import pytest

from vtp.recording.part_files import read_from_disk, read_in_memory, read_range

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def in_memory() -> Path:
    path = IN_MEMORY / f"vtp-part-{os.getpid()}"
    if not os.access(IN_MEMORY, os.W_OK):
        pytest.skip(f"{IN_MEMORY} is not there or cannot be written")
    return path


def test_what_lies_in_memory_is_read_at_once(in_memory: Path) -> None:
    try:
        in_memory.write_bytes(bytes(range(256)))
        assert read_in_memory(in_memory, 16, 4) == bytes(range(16, 20))
        assert read_in_memory(in_memory, 250, 10) is None
    finally:
        in_memory.unlink()


async def test_a_file_system_that_promises_nothing_is_read_by_a_thread() -> None:
    """Those of a kernel's figures know no RWF_NOWAIT, and are not in memory as files are."""
    figures = Path("/proc/version")
    assert read_in_memory(figures, 0, 5) is None
    assert await read_range(figures, 0, 5) == b"Linux"


async def test_what_is_not_there_is_no_bytes(tmp_path: Path) -> None:
    assert read_in_memory(tmp_path / "none", 0, 1) is None
    with pytest.raises(FileNotFoundError):
        await read_range(tmp_path / "none", 0, 1)
    (tmp_path / "short").write_bytes(b"ab")
    assert read_in_memory(tmp_path / "short", 0, 3) is None
    with pytest.raises(OSError, match="short is shorter than its index says"):
        read_from_disk(tmp_path / "short", 0, 3)
