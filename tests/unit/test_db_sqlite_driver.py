"""The adapter of aiosqlite that visits the connection's thread once for each statement."""

import asyncio
import itertools
import math
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, literal, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fresh_database import begin_fresh
from tests.unit.test_db_engine import row
from vtp.db import Database, engine, sqlite_driver
from vtp.db.conflicts import Conflicted
from vtp.db.keyed import added_rows
from vtp.db.prepared import Prepared, together, write
from vtp.db.sqlite_driver import AT_ONCE_S, TRIED_AGAIN_AFTER
from vtp.db.tables import idempotency_keys

KEYS = idempotency_keys.c.key


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite:///{begin_fresh(folder)}")
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


async def test_what_changes_something_is_one_visit_whether_it_gives_rows_or_not(tmp_path: Path) -> None:
    async with opened(tmp_path) as database, database.transaction() as tx:
        visits = await visits_of(tx)
        await tx.execute(update(idempotency_keys).values(body_hash="x"))
        assert visits.count == 1  # with its BEGIN
        await tx.execute(insert(idempotency_keys), [row("a"), row("b"), row("c")])
        assert visits.count == 2
        gone = await tx.execute(delete(idempotency_keys).where(KEYS < "c").returning(KEYS))
        assert sorted(gone.scalars()) == ["a", "b"]
        assert visits.count == 3


async def test_what_reads_and_is_short_is_no_visit(tmp_path: Path) -> None:
    find = Prepared(select(KEYS).order_by(KEYS))
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys), [row("a"), row("b")])
            visits = await visits_of(tx)
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a", "b"]
            assert await together(tx, (find, {}), (find, {})) == [[("a",), ("b",)]] * 2
            assert visits.count == 0
        async with database.read() as tx:
            visits = await visits_of(tx)
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a", "b"]
        assert visits.count == 0  # nor is ending it


async def test_a_row_that_is_added_is_no_visit_but_many_are(tmp_path: Path) -> None:
    many = [row(f"{number:03}") for number in range(50)]
    async with opened(tmp_path) as database, database.transaction() as tx:
        visits = await visits_of(tx)
        await tx.execute(insert(idempotency_keys), row("a"))
        await tx.execute(insert(idempotency_keys).values([row("b"), row("c")]))
        assert visits.count == 0
        await tx.execute(insert(idempotency_keys).values(many))
        assert visits.count == 1
        copied = select(*(literal("d") if c.key == "key" else c for c in idempotency_keys.c)).where(
            KEYS == "a"
        )
        await tx.execute(insert(idempotency_keys).from_select(idempotency_keys.c.keys(), copied))
        assert visits.count == 2
        assert len((await tx.execute(select(KEYS))).all()) == 54


async def test_changes_that_are_prepared_are_no_visit_and_begin_at_once(tmp_path: Path) -> None:
    add = Prepared(insert(idempotency_keys), list(row("a")))
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            visits = await visits_of(tx)
            await together(tx, (add, row("a")), (add, row("b")))
            driver: Any = (await tx.get_raw_connection()).driver_connection
            assert driver.in_transaction
            assert visits.count == 0
        assert visits.count == 1  # the commit, which waits for the disk
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a", "b"]


async def test_changes_are_one_visit_and_so_is_the_commit_with_the_last(tmp_path: Path) -> None:
    add = added_rows(idempotency_keys, tuple(row("a")))
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


NUMBERS = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n)"


@pytest.mark.parametrize("writes", [False, True])
async def test_what_reads_for_long_is_ended_and_read_in_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    """What was written before it in the transaction stays; it is tried again after many times only."""
    monkeypatch.setattr(
        sqlite_driver, "thread_time", itertools.count().__next__
    )  # it works, however busy others are
    monkeypatch.setattr(sqlite_driver, "TOO_LONG_S", math.inf)  # by that clock everything would be
    count = 40_000 + writes  # each text is remembered by itself
    long = text(f"SELECT max(i) FROM {NUMBERS.format(count)}")
    async with opened(tmp_path) as database:
        async with database.transaction() if writes else database.read() as tx:
            if writes:
                await tx.execute(insert(idempotency_keys), row("a"))
            visits = await visits_of(tx)
            driver: Any = (await tx.get_raw_connection()).dbapi_connection
            left = []
            for times in range(1, TRIED_AGAIN_AFTER + 1):
                assert (await tx.execute(long)).scalar_one() == count
                assert visits.count == times
                left.append(driver._slow._left.get(str(long), 0))
            assert left == list(range(TRIED_AGAIN_AFTER, 0, -1))
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a"] * writes
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a"] * writes


async def test_no_statement_that_only_reads_holds_the_loop_up(tmp_path: Path) -> None:
    """However long it takes: four of different texts, each at its limit of the loop once."""
    async with opened(tmp_path) as database:
        took = []
        for extra in range(4):
            asking = asyncio.ensure_future(longest_of(database, 300_000 + extra))
            await asyncio.sleep(0)  # it is tried within this turn of the loop, and gone to the thread
            before = thread_time()
            await asyncio.sleep(0)
            took.append(thread_time() - before)
            assert await asking == 300_000 + extra
    assert max(took) < 20 * AT_ONCE_S  # the statement takes longer than that


async def longest_of(database: Database, count: int) -> int:
    async with database.read() as tx:
        found: int = (await tx.execute(text(f"SELECT max(i) FROM {NUMBERS.format(count)}"))).scalar_one()
        return found


async def test_who_finds_another_process_writing_waits_in_the_thread(tmp_path: Path) -> None:
    """The loop goes on meanwhile: it is what ends the other's transaction here."""
    add = Prepared(insert(idempotency_keys), list(row("a")))
    async with opened(tmp_path) as database:
        other = sqlite3.connect(tmp_path / "vtp.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            async with database.transaction() as tx:
                await together(tx, (add, row("a")))

        writing = asyncio.create_task(write())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not writing.done()
        other.execute("COMMIT")
        other.close()
        await writing
        async with database.read() as tx:
            assert (await tx.execute(select(KEYS))).scalars().all() == ["a"]


async def test_what_could_not_begin_does_nothing_outside_of_a_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes: the statement is refused, and so is the next one, which nothing would undo."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0)
    async with opened(tmp_path) as database, opened(tmp_path) as other:
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0)
    async with opened(tmp_path) as database:
        with pytest.raises(ValueError, match="undone"):
            async with database.transaction() as tx:
                other = sqlite3.connect(tmp_path / "vtp.sqlite3", isolation_level=None)
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
        assert visits.count == 1  # the commit


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


@pytest.mark.parametrize("writes", [False, True])
async def test_others_run_between_statements_that_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    """Each is short, but together they would hold up the loop."""
    monkeypatch.setattr(sqlite_driver, "AT_ONCE_S", 1e-9)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with opened(tmp_path) as database, asyncio.TaskGroup() as tasks:
        others = tasks.create_task(count_turns())
        async with database.transaction() if writes else database.read() as tx:
            await tx.execute(select(KEYS))
            before = turns
            for number in range(20):
                if writes:
                    await tx.execute(insert(idempotency_keys), row(f"{number}"))
                else:
                    await tx.execute(select(KEYS))
            assert turns - before >= 20
        others.cancel()


async def test_what_cannot_be_ended_in_the_middle_is_not_tried_again_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of a whole table is one step of SQLite's machine, however large that is."""
    monkeypatch.setattr(sqlite_driver, "TOO_LONG_S", 0.0005)  # of any processor
    count = text("SELECT count(*) FROM many")
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            await tx.execute(text("CREATE TABLE many (id INTEGER PRIMARY KEY, filling TEXT)"))
            await tx.execute(
                text(f"INSERT INTO many SELECT i, hex(zeroblob(300)) FROM {NUMBERS.format(100_000)}")
            )
        async with database.read() as tx:
            assert (await tx.execute(count)).scalar_one() == 100_000
            visits = await visits_of(tx)
            for _ in range(TRIED_AGAIN_AFTER):
                await tx.execute(count)
            assert visits.count == TRIED_AGAIN_AFTER


RECOVERING = """
import fcntl, sys
with open(sys.argv[1], "r+b", buffering=0) as shared:
    fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 3, 120)  # WAL_WRITE, WAL_CKPT and WAL_RECOVER
    shared.seek(8)
    held = shared.read(1)
    shared.seek(8)
    shared.write(bytes([held[0] ^ 1]))
    print("held", flush=True)
    sys.stdin.readline()
    shared.seek(8)
    shared.write(held)
"""


async def test_who_reads_waits_while_another_process_recovers_the_log(tmp_path: Path) -> None:
    """A BEGIN of who only reads finds nothing busy yet: its first statement does."""
    async with opened(tmp_path) as database:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys), row("a"))
        async with database.read() as tx:
            await tx.execute(select(KEYS))
            visits = await visits_of(tx)
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RECOVERING, str(tmp_path / "vtp.sqlite3-shm"), stdin=PIPE, stdout=PIPE
        )
        assert other.stdin is not None
        assert other.stdout is not None
        assert await other.stdout.readline() == b"held\n"

        async def find() -> list[str]:
            async with database.read() as tx:
                return list((await tx.execute(select(KEYS))).scalars())

        reading = asyncio.create_task(find())
        while not visits.count and not reading.done():  # noqa: ASYNC110  nobody would say so
            await asyncio.sleep(0)
        other.stdin.write(b"\n")
        assert await other.wait() == 0
        assert await reading == ["a"]
