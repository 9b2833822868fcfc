"""The cache of files from an object store: fetched once, bounded, oldest first."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from vtp.errors import Unavailable
from vtp.storage import FileCache
from vtp.storage.cache import NEWEST_KEPT


async def write_kilobyte(target: Path) -> None:
    target.write_bytes(bytes(1000))


async def test_file_is_fetched_once_for_all_who_wait(tmp_path: Path) -> None:
    cache, fetched, go_on = FileCache(tmp_path / "cache", 10_000, 0), [], asyncio.Event()

    async def fetch(target: Path) -> None:
        fetched.append(target)
        await go_on.wait()
        await write_kilobyte(target)

    waiting = [asyncio.create_task(cache.get("r/video/x", fetch)) for _ in range(5)]
    await asyncio.sleep(0)
    go_on.set()
    paths = set(await asyncio.gather(*waiting))
    assert len(fetched) == 1 and paths == {tmp_path / "cache/r/video/x"}
    assert await cache.get("r/video/x", fetch) in paths and len(fetched) == 1


async def test_failure_is_told_to_all_and_forgotten(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 10_000, 0)

    async def fail(_: Path) -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await cache.get("r/x", fail)
    assert (await cache.get("r/x", write_kilobyte)).exists()


async def test_oldest_files_make_room_but_not_the_newest(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", (NEWEST_KEPT + 2) * 1000, 0)
    for number in range(NEWEST_KEPT + 5):
        await cache.get(f"r/{number}", write_kilobyte)
        await cache.get("r/0", write_kilobyte)  # in use, so never the oldest
    left = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert len(left) == NEWEST_KEPT + 2 and "0" in left and not {"1", "2", "3"} & left
    assert cache.size_bytes == len(left) * 1000


async def test_almost_full_disk_keeps_the_newest_only(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 10**9, 1 << 60)
    for number in range(NEWEST_KEPT + 5):
        await cache.get(f"r/{number}", write_kilobyte)
    assert cache.size_bytes == NEWEST_KEPT * 1000


async def test_deleted_recording_leaves_nothing(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 10_000, 0)
    for key in ("one/x", "one/video/y", "two/x"):
        await cache.get(key, write_kilobyte)
    cache.forget("one")
    assert cache.size_bytes == 1000 and not (tmp_path / "cache/one").exists()


def test_what_a_former_process_left_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "cache/r").mkdir(parents=True)
    (tmp_path / "cache/r/x").write_bytes(b"old")
    FileCache(tmp_path / "cache", 10_000, 0)
    assert not (tmp_path / "cache").exists()


async def test_what_is_held_stays_while_all_else_makes_room(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 0, 0)
    with cache.hold("r/held"):
        held = await cache.get("r/held", write_kilobyte)
        for number in range(NEWEST_KEPT + 5):
            await cache.get(f"r/{number}", write_kilobyte)
        assert held.exists()
    await cache.get("r/last", write_kilobyte)
    assert not held.exists()


async def test_full_disk_costs_what_was_kept_and_not_what_is_asked_for(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 10_000, 0)
    old = await cache.get("r/old", write_kilobyte)

    async def fits_alone(target: Path) -> None:
        if old.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        await write_kilobyte(target)

    assert (await cache.get("r/new", fits_alone)).exists() and cache.size_bytes == 1000


async def test_failure_of_what_was_begun_ahead_is_nobodys(tmp_path: Path) -> None:
    cache, tried = FileCache(tmp_path / "cache", 10_000, 0), asyncio.Event()

    async def fail(_: Path) -> None:
        tried.set()
        raise Unavailable("away")

    cache.begin("r/x", fail)
    await tried.wait()
    await asyncio.sleep(0)
    cache.begin("r/x", write_kilobyte)
    assert (await cache.get("r/x", fail)).exists()
