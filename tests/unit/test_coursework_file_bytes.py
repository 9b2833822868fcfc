"""Where files of courses are read from: here, or a folder that stands for an object store."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.folder_store import URL, FolderClients
from vtp.coursework import file_bytes
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import KEPT, StoredFile
from vtp.ids import new_id
from vtp.storage import RemoteStore, Store
from vtp.storage_address import parse_storage_address

DATA = os.urandom(10_000)


@pytest.fixture
def lies(tmp_path: Path) -> FileBytes:
    remote = RemoteStore(parse_storage_address(URL), FolderClients(tmp_path / "bucket"))
    return FileBytes(Store.open(f"file://{tmp_path / 'here'}"), remote, "me")


async def a_stored_file(lies: FileBytes) -> tuple[StoredFile, Path]:
    """In the store, and here."""
    now = datetime.now(UTC)
    file = StoredFile(
        new_id(), "c", "u", None, "s", None, 0, KEPT, "x.bin", "x", len(DATA), "", now, "me", URL, now
    )
    path = lies.store.path(file.key)
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    await lies.send(file.id)
    return file, path


@pytest.mark.parametrize("before", [True, False])
async def test_copy_that_was_cut_short_here_hides_no_whole_one_in_the_store(
    lies: FileBytes, before: bool
) -> None:
    file, path = await a_stored_file(lies)
    if before:
        os.truncate(path, 100)
    opened = await lies.open(file)
    os.truncate(path, 100)
    assert await opened.within(0, len(DATA))(0, len(DATA)) == DATA
    assert await lies.read(file, 50, 100) == DATA[50:150]
    assert b"".join(await asyncio.to_thread(list, lies.pieces(file)())) == DATA


async def test_of_the_store_a_range_is_fetched_alone_and_a_large_one_in_pieces_that_grow(
    lies: FileBytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_bytes, "FIRST_BYTES", 256)
    monkeypatch.setattr(file_bytes, "PIECE_BYTES", 1024)
    file, path = await a_stored_file(lies)
    path.unlink()
    opened, fetched = await lies.open(file), []
    real = lies.read

    async def read(of: StoredFile, offset: int, size: int) -> bytes:
        fetched.append((offset, size))
        return await real(of, offset, size)

    monkeypatch.setattr(lies, "read", read)
    assert await opened.within(500, 510)(500, 10) == DATA[500:510]
    assert fetched == [(500, 10)]
    fetched.clear()
    inside = opened.within(100, 4000)
    got = b"".join([await inside(start, min(256, 4000 - start)) for start in range(100, 4000, 256)])
    assert got == DATA[100:4000]
    assert fetched == [(100, 256), (356, 512), (868, 1024), (1892, 1024), (2916, 1024), (3940, 60)]
