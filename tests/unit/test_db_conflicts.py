"""Transactions that lose against others, real ones on real databases: done over, whole, and not for ever."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from tests.fresh_database import begin_fresh
from tests.postgres import PostgresServer
from tests.unit.test_db_engine import keys_in, row
from vtp.db import Database, conflicts
from vtp.db.conflicts import TRIES, Conflicted, done_over
from vtp.db.tables import idempotency_keys as table
from vtp.errors import Conflict, NotFound, Unavailable

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


@pytest.fixture
async def on_postgres(
    postgres: PostgresServer, migrated_postgres: tuple[str, str]
) -> AsyncIterator[Database]:
    template, shape = migrated_postgres
    url = postgres.take_copy(template)
    database = await Database.open(url)
    async with database.transaction() as tx:
        await tx.execute(insert(table), [row("a"), row("b")])
    yield database
    await database.close()
    postgres.give_back(url, shape)


@contextmanager
def held_by_another_process(file: Path) -> Iterator[subprocess.Popen[str]]:
    """While another process writes to an SQLite file; a line to its standard input lets it finish."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            if holder.stdin and not holder.stdin.closed:
                holder.stdin.close()
            holder.wait()


class Crossing:
    """Two who lock the same two rows in opposite orders, and wait for each other in between."""

    def __init__(self, database: Database, retried: bool) -> None:
        self._database = database
        self._inside = asyncio.Barrier(2)
        self.runs = 0
        if retried:
            self.mark = done_over(self.mark)  # type: ignore[method-assign]

    async def mark(self, first: str, then: str, by: str) -> None:
        """Appends to both rows."""
        self.runs += 1
        meet = self.runs <= 2
        async with self._database.transaction() as tx:
            for number, key in enumerate((first, then)):
                marked = table.c.body_hash + by
                await tx.execute(update(table).where(table.c.key == key).values(body_hash=marked))
                if meet and number == 0:
                    await self._inside.wait()


async def test_both_sides_of_a_real_deadlock_are_stored(on_postgres: Database) -> None:
    crossing = Crossing(on_postgres, retried=True)
    await asyncio.gather(crossing.mark("a", "b", "1"), crossing.mark("b", "a", "2"))
    assert crossing.runs > 2  # more where the one done over is back before the other has woken
    async with on_postgres.read() as tx:
        marks = (await tx.execute(select(table.c.body_hash))).scalars().all()
    assert [sorted(mark) for mark in marks] == [["1", "2", "h"]] * 2


async def test_without_being_done_over_a_deadlock_is_told_as_busy(on_postgres: Database) -> None:
    crossing = Crossing(on_postgres, retried=False)
    done = await asyncio.gather(
        crossing.mark("a", "b", "1"), crossing.mark("b", "a", "2"), return_exceptions=True
    )
    lost = [one for one in done if one is not None]
    assert [type(one) for one in lost] == [Conflicted] and isinstance(lost[0], Unavailable)


async def test_a_serialization_failure_is_done_over(on_postgres: Database) -> None:
    """Two read the sum and write it; each must see the other's."""
    inside, runs = asyncio.Barrier(2), 0

    @done_over
    async def add(key: str) -> None:
        nonlocal runs
        runs += 1
        meet = runs <= 2
        async with on_postgres.transaction() as tx:
            await tx.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            count = len((await tx.execute(select(table.c.key))).all())
            if meet:
                await inside.wait()
            await tx.execute(insert(table).values(**row(key) | {"status": count}))

    await asyncio.gather(add("c"), add("d"))
    assert runs >= 3
    async with on_postgres.read() as tx:
        counts = (await tx.execute(select(table.c.status).where(table.c.status.is_not(None)))).scalars()
        assert sorted(counts) == [2, 3]


async def test_who_writes_to_what_another_has_deleted_finds_it_gone(on_postgres: Database) -> None:
    async with on_postgres.transaction() as tx:
        await tx.execute(text("CREATE TABLE parents (id int PRIMARY KEY)"))
        await tx.execute(text("CREATE TABLE children (parent int REFERENCES parents)"))
        await tx.execute(text("INSERT INTO parents VALUES (1)"))
    runs, read, gone = 0, asyncio.Event(), asyncio.Event()

    async def delete_parent() -> None:
        await read.wait()
        async with on_postgres.transaction() as tx:
            await tx.execute(text("DELETE FROM parents"))
        gone.set()

    @done_over
    async def add_child() -> None:
        nonlocal runs
        runs += 1
        async with on_postgres.transaction() as tx:
            if not (await tx.execute(text("SELECT id FROM parents"))).all():
                raise NotFound("It is gone.")
            read.set()
            await gone.wait()
            await tx.execute(text("INSERT INTO children VALUES (1)"))

    done = await asyncio.gather(add_child(), delete_parent(), return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [NotFound]
    assert runs == 2


async def test_who_takes_what_another_has_just_taken_finds_it_taken(on_postgres: Database) -> None:
    inside, runs = asyncio.Barrier(2), 0

    @done_over
    async def take() -> None:
        nonlocal runs
        runs += 1
        meet = runs <= 2
        async with on_postgres.transaction() as tx:
            if (await tx.execute(select(table).where(table.c.key == "c"))).all():
                raise Conflict("It is taken.")
            if meet:
                await inside.wait()
            await tx.execute(insert(table).values(**row("c")))

    done = await asyncio.gather(take(), take(), return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [Conflict]
    assert runs == 3


async def test_a_write_that_no_other_made_impossible_stays_a_fault(database: Database) -> None:
    runs = 0

    @done_over
    async def write() -> None:
        nonlocal runs
        runs += 1
        async with database.transaction() as tx:
            await tx.execute(insert(table), [row("a"), row("a")])

    with pytest.raises(IntegrityError):
        await write()
    assert runs == 2


async def test_what_was_read_in_a_transaction_before_may_be_gone_in_the_next(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE parents (id int PRIMARY KEY)"))
        await tx.execute(text("CREATE TABLE children (parent int REFERENCES parents)"))
        await tx.execute(text("INSERT INTO parents VALUES (1)"))

    async def delete_parent() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("DELETE FROM parents"))

    @done_over
    async def add_child() -> None:
        async with database.read() as tx:
            if not (await tx.execute(text("SELECT id FROM parents"))).all():
                raise NotFound("It is gone.")
        await asyncio.create_task(delete_parent(), context=Context())  # as another request
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO children VALUES (1)"))

    with pytest.raises(NotFound):
        await add_child()


async def test_sqlite_held_by_another_process_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = begin_fresh(tmp_path)
    monkeypatch.setattr("vtp.db.engine.BUSY_TIMEOUT_S", 0)  # so that SQLite itself does not wait
    monkeypatch.setattr(conflicts, "TRIES", 1000)
    monkeypatch.setattr(conflicts, "FIRST_WAIT_S", 0.0)
    database = await Database.open(f"sqlite:///{file}")
    runs = 0

    with held_by_another_process(file) as holder:

        @done_over
        async def write() -> None:
            nonlocal runs
            runs += 1
            if runs == 4:
                holder.communicate("\n")
            async with database.transaction() as tx:
                await tx.execute(insert(table).values(**row("a")))

        await write()
    assert runs == 4
    assert await keys_in(database) == ["a"]
    await database.close()


async def test_who_loses_each_time_is_told_so_after_a_few_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = begin_fresh(tmp_path)
    monkeypatch.setattr("vtp.db.engine.BUSY_TIMEOUT_S", 0)
    database = await Database.open(f"sqlite:///{file}")
    runs = 0

    @done_over
    async def write() -> None:
        nonlocal runs
        runs += 1
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))

    with held_by_another_process(file), pytest.raises(Unavailable, match=r"at once; try again") as caught:
        await write()
    assert runs == TRIES
    assert not isinstance(caught.value, Conflicted)  # whoever calls it does not do it over in turn
    await database.close()


async def test_what_has_committed_anything_is_not_done_over(database: Database) -> None:
    runs = 0

    async def write_one() -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(table).values(**row(f"key {runs}")))

    @done_over
    async def write_twice() -> None:
        nonlocal runs
        runs += 1
        await done_over(write_one)()
        raise Conflicted

    with pytest.raises(Unavailable):
        await write_twice()
    assert runs == 1
    assert await keys_in(database) == ["key 1"]


async def test_sqlites_writers_take_turns(tmp_path: Path) -> None:
    """One that writes again and again, without a pause, keeps nobody out."""
    database = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")
    order: list[str] = []

    async def write(by: str) -> None:
        for _ in range(5):
            async with database.transaction():
                order.append(by)

    await asyncio.gather(write("a"), write("b"))
    assert order == ["a", "b"] * 5
    await database.close()


async def test_a_snapshot_that_is_too_old_to_write_is_a_conflict(tmp_path: Path) -> None:
    """SQLITE_BUSY_SNAPSHOT: who began by reading finds that somebody else has written since."""
    file = begin_fresh(tmp_path)
    database = await Database.open(f"sqlite:///{file}")
    async with database.transaction() as tx:
        await tx.execute(insert(table).values(**row("a")))
    with pytest.raises(Conflicted):
        async with database.read() as tx:
            await tx.execute(text("PRAGMA query_only = OFF"))
            await tx.execute(select(table.c.key))
            other = sqlite3.connect(file)
            with other:
                other.execute("UPDATE idempotency_keys SET body_hash = 'i'")
            other.close()
            await tx.execute(update(table).values(body_hash="j"))
    await database.close()
