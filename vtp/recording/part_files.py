"""Bytes of files that were written a moment ago: from the page cache at once, else by a thread."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
from pathlib import Path

_TMPFS = 0x01021994
"""What `statfs(2)` calls a file system that lies in memory."""
_libc = ctypes.CDLL(None)


async def read_range(path: Path, offset: int, size: int) -> bytes:
    """`size` bytes of a file; raises OSError, also when it ends before them.

    The event loop waits for no disk: what the kernel would have to fetch (RWF_NOWAIT, EAGAIN) a thread reads.
    """
    data = read_in_memory(path, offset, size)
    if data is None:
        data = await asyncio.to_thread(read_from_disk, path, offset, size)
    return data


def read_from_disk(path: Path, offset: int, size: int) -> bytes:
    """The same for threads, which wait for the disk."""
    data = _read(path, offset, size, 0)
    if len(data) < size:
        raise OSError(f"{path.name} is shorter than its index says")
    return data


def read_in_memory(path: Path, offset: int, size: int) -> bytes | None:
    """The same if the page cache has all of them, or the file lies in memory itself, else None."""
    try:
        data = _read(path, offset, size, os.RWF_NOWAIT)
    except OSError:
        return None
    return data if len(data) == size else None


def _read(path: Path, offset: int, size: int, flags: int) -> bytes:
    buffer = bytearray(size)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        count = _read_into(buffer, descriptor, offset, flags)
    finally:
        os.close(descriptor)
    return bytes(buffer[:count])


def _read_into(buffer: bytearray, descriptor: int, offset: int, flags: int) -> int:
    try:
        return os.preadv(descriptor, [buffer], offset, flags)
    except OSError as error:  # tmpfs knows no RWF_NOWAIT, as file systems of a network do not
        if error.errno != errno.EOPNOTSUPP or not _lies_in_memory(descriptor):
            raise
    return os.preadv(descriptor, [buffer], offset)


def _lies_in_memory(descriptor: int) -> bool:
    """Whether a file is tmpfs's; of others nothing is said."""
    told = (ctypes.c_long * 32)()  # struct statfs, whose first member is the type
    return _libc.fstatfs(descriptor, told) == 0 and told[0] == _TMPFS
