"""What is acknowledged is on the disk: SQLite's log is synced once for all who wait, before they are told."""

import asyncio
import errno
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tests.fresh_database import begin_fresh
from tests.unit.test_db_engine import row
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.db.tables import idempotency_keys
from vtp.errors import Unavailable


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")
    yield opened
    await opened.close()


class Disk:
    """Stands where `os.fdatasync` does: notes what the file holds, waits until it may go on, and syncs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.holds: list[bytes] = []
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.begun = threading.Semaphore(0)
        self.fault: OSError | None = None
        self._sync = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self)

    def __call__(self, descriptor: int) -> None:
        self.holds.append(Path(f"/proc/self/fd/{descriptor}").read_bytes())
        self.begun.release()
        assert self.goes_on.wait(30)
        if self.fault is not None:
            raise self.fault
        self._sync(descriptor)


@pytest.fixture
def disk(database: Database, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def write(database: Database, key: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), row(key))


async def test_a_change_is_on_the_disk_before_its_transaction_is_over(database: Database, disk: Disk) -> None:
    await write(database, "key-in-the-log")
    assert len(disk.holds) == 1
    assert b"key-in-the-log" in disk.holds[0]


async def test_who_only_reads_waits_for_no_disk(database: Database, disk: Disk) -> None:
    async with database.transaction() as tx:
        assert (await tx.execute(select(idempotency_keys.c.key))).scalars().all() == []
    async with database.read() as tx:
        assert (await tx.execute(select(idempotency_keys.c.key))).scalars().all() == []
    assert disk.holds == []


async def test_who_waits_at_the_same_moment_waits_once(database: Database, disk: Disk) -> None:
    """Ten come while one is synced: one more is enough for all of them, and nobody is told before."""
    disk.goes_on.clear()
    first = asyncio.create_task(write(database, "first"))
    await asyncio.to_thread(disk.begun.acquire)
    others = [asyncio.create_task(write(database, f"other-{number}")) for number in range(10)]
    await committed(database, 11)
    await waiting(database, 10)
    assert not any(task.done() for task in (first, *others))
    disk.goes_on.set()
    await asyncio.gather(first, *others)
    assert len(disk.holds) == 2
    assert all(f"other-{number}".encode() in disk.holds[1] for number in range(10))


async def test_what_the_disk_refuses_is_told_and_what_was_committed_goes_on(
    database: Database, disk: Disk
) -> None:
    """It may be lost when the power fails, so nobody is told that it is stored; nor is it done over."""
    called: list[str] = []

    @done_over
    async def write_and_tell() -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys), row(f"a{len(called)}"))
            after_commit(tx, lambda: called.append("after"))

    disk.fault = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(Unavailable, match="does not answer"):
        await write_and_tell()
    assert called == ["after"]
    disk.fault = None
    await write(database, "b")
    assert await keys_in(database) == ["a0", "b"]


async def test_who_is_cancelled_while_waiting_keeps_nobody_from_being_told(
    database: Database, disk: Disk
) -> None:
    disk.goes_on.clear()
    first = asyncio.create_task(write(database, "first"))
    await asyncio.to_thread(disk.begun.acquire)
    cancelled, other = (asyncio.create_task(write(database, key)) for key in ("cancelled", "other"))
    await committed(database, 3)
    cancelled.cancel()
    disk.goes_on.set()
    await asyncio.gather(first, other)
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert sorted(await keys_in(database)) == ["cancelled", "first", "other"]


async def test_a_log_that_is_made_anew_gets_its_name_onto_the_disk(
    database: Database, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        folders.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    await write(database, "a")
    await write(database, "b")
    assert folders == [str(tmp_path)]


async def test_nothing_is_left_to_sync_once_the_log_is_gone(database: Database, tmp_path: Path) -> None:
    """Who closes the last connection brings it into the database, and syncs that."""
    await write(database, "a")
    await database._writer.dispose()
    await database._reader.dispose()
    assert not (tmp_path / "vtp.sqlite3-wal").exists()
    assert database._durability is not None
    await database._durability.wait()
    found = sqlite3.connect(tmp_path / "vtp.sqlite3").execute("SELECT key FROM idempotency_keys").fetchall()
    assert found == [("a",)]


async def keys_in(database: Database) -> list[str]:
    async with database.read() as tx:
        return list((await tx.execute(select(idempotency_keys.c.key))).scalars())


async def committed(database: Database, count: int) -> None:
    """Others see so many, though nobody has been told."""
    while len(await keys_in(database)) < count:  # noqa: ASYNC110  there is nobody who would say so
        await asyncio.sleep(0)


async def waiting(database: Database, count: int) -> None:
    """So many have come back from their commit and wait for the next sync."""
    assert database._durability is not None
    while len(database._durability._waiting) < count:  # noqa: ASYNC110  there is nobody who would say so
        await asyncio.sleep(0)


async def test_who_commits_while_the_database_is_closed_is_told_all_the_same(
    database: Database, disk: Disk
) -> None:
    """Transactions that are under way then are finished."""
    await write(database, "a")
    assert database._durability is not None
    await database._durability.close()
    await asyncio.wait_for(database._durability.wait(), 30)
    assert len(disk.holds) == 2


async def test_a_log_is_not_closed_under_who_syncs_it(database: Database, disk: Disk) -> None:
    """Who commits after the close syncs in a thread of its own; the one before may close it just then."""
    await write(database, "a")
    assert disk.begun.acquire(timeout=30)
    assert database._durability is not None
    log = database._durability._log
    disk.goes_on.clear()
    late = asyncio.create_task(database._durability.wait())
    assert await asyncio.to_thread(disk.begun.acquire, timeout=30)
    closing = threading.Thread(target=log.close)
    closing.start()
    await asyncio.to_thread(closing.join, 0.2)  # it would be over at once
    assert closing.is_alive()
    assert log._descriptor is not None
    disk.goes_on.set()
    await asyncio.wait_for(late, 30)
    await asyncio.to_thread(closing.join, 30)
    assert log._descriptor is None


async def test_who_gives_up_closing_keeps_nobody_from_being_told(database: Database, disk: Disk) -> None:
    disk.goes_on.clear()
    first = asyncio.create_task(write(database, "first"))
    await asyncio.to_thread(disk.begun.acquire)
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    disk.goes_on.set()
    await asyncio.wait_for(first, 30)


async def test_what_keeps_it_from_being_synced_is_told(
    database: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: nobody waits for ever."""

    def fail(_: int) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(MemoryError):
            await asyncio.wait_for(write(database, "a"), 30)
    await asyncio.wait_for(write(database, "b"), 30)


async def test_nothing_rests_on_a_log_that_the_disk_has_refused(
    database: Database, disk: Disk, tmp_path: Path
) -> None:
    """The system reports a fault once, and what comes after a gap in a log is not read: what is acknowledged
    next is in the database itself."""
    disk.fault = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(Unavailable):
        await write(database, "key-that-was-refused")
    disk.fault = None
    await write(database, "key-after-that")
    held = (tmp_path / "vtp.sqlite3").read_bytes()
    assert b"key-after-that" in held
    assert b"key-that-was-refused" in held
    await write(database, "b")
    assert len(disk.holds) == 2  # and a log is begun anew


async def test_who_finds_it_done_is_told_no_sooner_than_who_did_it(database: Database, disk: Disk) -> None:
    """As who repeats a request."""
    disk.goes_on.clear()
    first = asyncio.create_task(write(database, "first"))
    await asyncio.to_thread(disk.begun.acquire)
    found = asyncio.Event()

    async def repeat() -> None:
        async with database.transaction() as tx:
            assert (await tx.execute(select(idempotency_keys.c.key))).scalars().all() == ["first"]
            found.set()

    again = asyncio.create_task(repeat())
    await found.wait()
    await keys_in(database)
    assert not again.done()
    disk.goes_on.set()
    await asyncio.gather(first, again)
    assert len(disk.holds) == 2


async def test_each_log_that_is_made_anew_is_told_from_the_last(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems give the number of a file that is gone to the next."""
    folders: list[int] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        folders.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    for number in range(8):
        await write(database, f"{number}")
        await database._writer.dispose()
        await database._reader.dispose()
        assert not (tmp_path / "vtp.sqlite3-wal").exists()
    assert len(folders) == 8
