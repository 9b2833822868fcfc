"""Courses that are sent in threads of their own, however few others there are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vtp.course_files.exporting import THREADS, CourseExports, _in_threads
from vtp.coursework import file_bytes
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import KEPT, StoredFile
from vtp.ids import new_id
from vtp.recording import part_files
from vtp.storage import Store

DATA = os.urandom(file_bytes.PIECE_BYTES + 9)


def a_file(data: bytes = DATA) -> StoredFile:
    now = datetime.now(UTC)
    return StoredFile(new_id(), None, None, None, None, None, 0, KEPT, "x.bin", "x", len(data), "", now)


async def some_pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_exports_that_hold_every_thread_read_a_cold_disk_and_wait_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_bytes, "_LIMIT_S", 5.0)
    monkeypatch.setattr(part_files, "read_in_memory", lambda *_: None)  # the page cache has nothing
    lies, file = FileBytes(Store.open(f"file://{tmp_path}")), a_file()
    await lies.receive(file.id, some_pieces(DATA))
    with ThreadPoolExecutor(1) as only:
        asyncio.get_running_loop().set_default_executor(only)
        found = [piece async for piece in _in_threads(only, lies.pieces(file)())]
    assert b"".join(found) == DATA


async def test_exports_that_wait_for_a_store_leave_the_threads_of_others_alone(tmp_path: Path) -> None:
    exports = CourseExports(None, None, None, tmp_path, None)  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()

    def asking() -> Generator[bytes, None, None]:
        """As who waits for the loop, which needs one of the common threads."""
        yield asyncio.run_coroutine_threadsafe(asyncio.to_thread(lambda: b"bytes"), loop).result(10)

    async def sent() -> bytes:
        return b"".join([piece async for piece in _in_threads(exports._threads, asking())])

    with ThreadPoolExecutor(1) as only:
        loop.set_default_executor(only)
        assert await asyncio.gather(*(sent() for _ in range(THREADS * 2))) == [b"bytes"] * THREADS * 2
