"""The adapter of aiosqlite that visits the connection's thread once for each statement."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.unit.test_db_engine import row
from vtp.db import Database
from vtp.db.conflicts import Conflicted
from vtp.db.prepared import Many, Prepared, together, write
from vtp.db.tables import idempotency_keys

KEYS = idempotency_keys.c.key


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite:///{folder / 'vtp.db'}")
    try:
        yield database
    finally:
        await database.close()


class Visits:
    """Counts what the thread of a connection is asked to do from now on."""

    def __init__(self, connection: Any) -> None:
        self.count = 0
        self._queue = connection._tx
        connection._tx = self

    def put_nowait(self, item: object) -> None:
        self.count += 1
        self._queue.put_nowait(item)


async def visits_of(tx: AsyncConnection) -> Visits:
    raw = await tx.get_raw_connection()
    return Visits(raw.driver_connection)


async def test_a_statement_is_one_visit_whether_it_gives_rows_or_not(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        visits = await visits_of(tx)
        await tx.execute(insert(idempotency_keys), row("a"))
        assert visits.count == 1
        assert (await tx.execute(select(KEYS))).scalars().all() == ["a"]
        assert visits.count == 2
        await tx.execute(insert(idempotency_keys), [row("b"), row("c")])
        assert visits.count == 3


async def test_several_statements_are_one_visit_and_so_is_the_first_with_its_begin(tmp_path: Path) -> None:
    find = Prepared(select(KEYS))
    async with opened(tmp_path) as database, database.transaction() as tx:
        visits = await visits_of(tx)
        assert await together(tx, (find, {}), (find, {}), (find, {})) == [[], [], []]
        assert visits.count == 1
        driver: Any = (await tx.get_raw_connection()).driver_connection
        assert driver.in_transaction


async def test_changes_are_one_visit_and_so_is_the_commit_with_the_last(tmp_path: Path) -> None:
    names = {name: name for name in row("a")}
    add = Many(insert(idempotency_keys), names)
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            visits = await visits_of(tx)
            rows = [tuple(row(key).values()) for key in "abcd"]
            await write(tx, [(add, rows[:2]), (add, rows[2:3]), (add, rows[3:])], last=True)
            driver: Any = (await tx.get_raw_connection()).driver_connection
            assert not driver.in_transaction
        assert visits.count == 1
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == list("abcd")


async def test_what_could_not_begin_does_nothing_outside_of_a_transaction(tmp_path: Path) -> None:
    """Another process writes: the statement is refused, and so is the next one, which nothing would undo."""
    async with opened(tmp_path) as database, opened(tmp_path) as other:
        async with database.transaction() as tx:
            await tx.execute(text("PRAGMA busy_timeout = 0"))
        async with other.transaction() as theirs:
            await theirs.execute(insert(idempotency_keys), row("theirs"))
            with pytest.raises(Conflicted):
                async with database.transaction() as tx:
                    for _ in range(2):
                        with pytest.raises(OperationalError, match="locked"):
                            await tx.execute(insert(idempotency_keys), row("ours"))
                    await tx.execute(insert(idempotency_keys), row("ours"))
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys), row("ours"))
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS).order_by(KEYS))).scalars().all() == ["ours", "theirs"]


async def test_what_could_not_begin_when_its_rows_were_to_come_a_few_at_a_time_begins_later(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            await tx.execute(text("PRAGMA busy_timeout = 0"))
        with pytest.raises(ValueError, match="undone"):
            async with database.transaction() as tx:
                other = sqlite3.connect(tmp_path / "vtp.db", isolation_level=None)
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(OperationalError, match="locked"):
                    await tx.stream(select(KEYS))
                other.close()
                await tx.execute(insert(idempotency_keys), row("ours"))
                raise ValueError("undone")
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == []


async def test_giving_a_connection_back_after_a_commit_is_no_visit(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            visits = await visits_of(tx)
            await tx.execute(insert(idempotency_keys), row("a"))
        assert visits.count == 2  # the statement and the commit


async def test_what_was_written_is_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        assert (await tx.execute(insert(idempotency_keys), [row("a"), row("b"), row("c")])).rowcount == 3
        changed = await tx.execute(update(idempotency_keys).where(KEYS > "a").values(body_hash="x"))
        assert changed.rowcount == 2
        each = update(idempotency_keys).where(idempotency_keys.c.key == bindparam("k")).values(body_hash="y")
        assert (await tx.execute(each, [{"k": "a"}, {"k": "b"}, {"k": "none"}])).rowcount == 2
        gone = await tx.execute(delete(idempotency_keys).where(KEYS < "c").returning(KEYS))
        assert sorted(gone.scalars()) == ["a", "b"]
        left = (await tx.execute(select(KEYS, idempotency_keys.c.route))).mappings().one()
        assert dict(left) == {"key": "c", "route": "r"}


async def test_rows_are_fetched_some_at_a_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), [row(key) for key in "abcde"])
        rows = (await tx.execute(select(KEYS).order_by(KEYS))).scalars()
        assert [list(rows.fetchmany(2)), list(rows.fetchmany(2)), list(rows.fetchmany(2))] == [
            ["a", "b"],
            ["c", "d"],
            ["e"],
        ]


async def test_rows_are_streamed_still(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), [row(key) for key in "abc"])
        async with tx.stream(select(KEYS).order_by(KEYS)) as rows:
            assert [key async for (key,) in rows] == ["a", "b", "c"]


async def test_a_refused_statement_says_why_and_the_transaction_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), row("a"))
        with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
            await tx.execute(insert(idempotency_keys), row("a"))
        with pytest.raises(OperationalError, match="no such table: nowhere"):
            await tx.execute(text("SELECT * FROM nowhere"))
        assert (await tx.execute(select(KEYS))).scalars().all() == ["a"]


async def test_a_statement_that_is_cancelled_while_it_runs_is_rolled_back(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    async with opened(tmp_path) as database:
        asked = asyncio.Event()

        async def write_and_count() -> None:
            async with database.transaction() as tx:
                await tx.execute(insert(idempotency_keys), row("a"))
                asked.set()
                await tx.execute(text(f"{numbers} SELECT max(i) FROM n"))

        task = asyncio.create_task(write_and_count())
        await asked.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.transaction() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == []
            await tx.execute(insert(idempotency_keys), row("b"))
