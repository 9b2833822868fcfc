"""The database's engine: transactions, isolation, what becomes of faults, on both databases."""

import asyncio
import sqlite3
import stat
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests.fresh_database import begin_fresh
from tests.postgres import PostgresServer
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.statements import insert_if_absent
from vtp.db.tables import idempotency_keys
from vtp.db.urls import Dialect, parse_url
from vtp.errors import StartupError, Unavailable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(key: str, at: datetime = NOON) -> dict[str, object]:
    return {"key": key, "principal": "p", "route": "r", "body_hash": "h", "created_at": at}


async def keys_in(database: Database) -> list[str]:
    async with database.read() as tx:
        return list((await tx.execute(select(idempotency_keys.c.key).order_by("key"))).scalars())


async def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("a")))
    assert await keys_in(database) == ["a"]


async def test_an_exception_rolls_a_transaction_back(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys).values(**row("a")))
            raise KeyError
    assert await keys_in(database) == []


async def test_a_cancelled_transaction_is_rolled_back_and_frees_the_writer(database: Database) -> None:
    inside = asyncio.Event()

    async def write_and_hang() -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys).values(**row("a")))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("b")))
    assert await keys_in(database) == ["b"]


def test_who_is_cancelled_while_connecting_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, fallen = threading.Event(), list[str]()
    connect = sqlite3.connect

    def slow(*arguments: Any, **options: Any) -> sqlite3.Connection:
        begun.set()
        time.sleep(0.1)
        opened: sqlite3.Connection = connect(*arguments, **options)
        return opened

    async def give_up_connecting() -> None:
        database = Database.connect(f"sqlite:///{tmp_path}/vtp.db")
        task = asyncio.create_task(database.check())
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()

    monkeypatch.setattr(threading, "excepthook", lambda one: fallen.append(str(one.exc_value)))
    monkeypatch.setattr(sqlite3, "connect", slow)
    before = set(threading.enumerate())
    asyncio.run(give_up_connecting())
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert fallen == []


async def test_a_statement_that_nobody_waited_for_is_rolled_back(tmp_path: Path) -> None:
    """Its transaction is not over when its rows are not there yet."""
    database = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")

    async def write(key: str) -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys).values(**row(key)))

    for turns in range(40):
        task = asyncio.create_task(write(f"{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await write(f"after {turns}")
    kept = await keys_in(database)
    assert len([key for key in kept if key.startswith("after")]) == 40
    await database.close()


async def test_what_is_read_a_few_rows_at_a_time_is_of_one_moment(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), [row("a"), row("b")])
    async with database.snapshot() as tx, tx.stream(select(idempotency_keys.c.key)) as rows:
        first = await anext(aiter(rows))
        async with database.transaction() as other:
            await other.execute(insert(idempotency_keys).values(**row("c")))
        assert [first, *[one async for one in rows]] == [("a",), ("b",)]
        assert len((await tx.execute(select(idempotency_keys.c.key))).all()) == 2


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("a")))
        assert await keys_in(database) == []


async def test_many_writers_at_once_all_get_through(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(select(idempotency_keys.c.key))
            await tx.execute(insert(idempotency_keys).values(**row(f"{number:03}")))

    await asyncio.gather(*(write(number) for number in range(50)))
    assert await keys_in(database) == [f"{number:03}" for number in range(50)]


async def test_a_taken_key_is_left_alone_and_the_transaction_goes_on(database: Database) -> None:
    async with database.transaction() as tx:
        assert await insert_if_absent(tx, idempotency_keys, row("a"))
        assert not await insert_if_absent(tx, idempotency_keys, row("a"))
        assert await insert_if_absent(tx, idempotency_keys, row("b"))
    assert await keys_in(database) == ["a", "b"]


async def test_a_taken_key_is_an_integrity_error_and_not_an_outage(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys), [row("a"), row("a")])


async def test_times_come_back_in_utc_whatever_zone_they_went_in_with(database: Database) -> None:
    india = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("a", india)))
    async with database.read() as tx:
        found = (await tx.execute(select(idempotency_keys.c.created_at))).scalar_one()
    assert found == NOON
    assert found.utcoffset() == timedelta(0)


async def test_times_compare_in_the_database_as_they_do_here(database: Database) -> None:
    later = NOON + timedelta(microseconds=1)
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), [row("a", NOON), row("b", later)])
        statement = select(idempotency_keys.c.key).where(idempotency_keys.c.created_at > NOON)
        assert (await tx.execute(statement)).scalars().all() == ["b"]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="must say its zone"):
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys).values(**row("a", datetime(2026, 3, 1))))


async def test_sqlite_keeps_foreign_keys_and_readers_cannot_write(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")
    async with database.transaction() as tx:
        assert (await tx.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        assert (await tx.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
    with pytest.raises(Unavailable):
        async with database.read() as tx:
            await tx.execute(insert(idempotency_keys).values(**row("a")))
    await database.close()


async def test_an_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/folder/vtp.db")
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("a")))
        modes = [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "folder").iterdir()]
    assert set(modes) == {0o600}
    await database.close()


async def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are notes, not a database. " * 100)
    with pytest.raises(StartupError, match=r"notes\.txt cannot be used: file is not a database\.$"):
        await Database.open(f"sqlite:///{file}")
    assert file.read_text().startswith("These are notes")


async def test_two_processes_write_to_one_sqlite_file(tmp_path: Path) -> None:
    """Two engines on a file are to each other as the server is to a `vtp admin` beside it."""
    url = f"sqlite:///{begin_fresh(tmp_path)}"
    server, command = await Database.open(url), await Database.open(url)

    async def write(database: Database, number: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(idempotency_keys).values(**row(f"{number:03}")))

    await asyncio.gather(*(write((server, command)[number % 2], number) for number in range(40)))
    assert len(await keys_in(server)) == 40
    await server.close()
    await command.close()


async def test_a_lost_server_is_unavailable_and_comes_back_without_an_error() -> None:
    server = PostgresServer()
    try:
        server.start()
        database = await Database.open(server.create_database())
        await database.check()
        server.stop()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await database.check()
        server.start()
        await database.check()
        await database.close()
    finally:
        server.remove()


async def test_a_server_lost_within_a_transaction_is_unavailable(postgres: PostgresServer) -> None:
    database = await Database.open(postgres.create_database())
    with pytest.raises(Unavailable):
        async with database.transaction() as tx:
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await database.check()
    await database.close()


@pytest.mark.parametrize(
    ("text_", "dialect", "driver"),
    [
        ("sqlite:///a.db", Dialect.SQLITE, "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////x/a.db", Dialect.SQLITE, "sqlite+aiosqlite"),
        ("postgresql://u:p@h:5433/d", Dialect.POSTGRESQL, "postgresql+asyncpg"),
        ("postgres://u@h/d", Dialect.POSTGRESQL, "postgresql+asyncpg"),
        ("postgresql+asyncpg://u@h/d", Dialect.POSTGRESQL, "postgresql+asyncpg"),
    ],
)
def test_addresses_are_rewritten_to_our_drivers(text_: str, dialect: Dialect, driver: str) -> None:
    parsed = parse_url(text_)
    assert (parsed.dialect, parsed.url.drivername) == (dialect, driver)


@pytest.mark.parametrize(
    "text_", ["", "vtp.db", "mysql://h/d", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg2://h/d"]
)
def test_other_addresses_are_refused_with_a_sentence(text_: str) -> None:
    with pytest.raises(StartupError, match=r"^database\.url .*\.$"):
        Database.connect(text_)


async def test_a_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(StartupError) as caught:
        await Database.open("postgresql://u:hunter2secret@127.0.0.1:9/d")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2secret" not in str(caught.value)


async def test_a_commit_that_fails_is_nothing_to_who_writes_next(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            await tx.execute(text("INSERT INTO backup_codes VALUES ('nobody', 'h', '2026-03-01', NULL)"))
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys).values(**row("a")))
    assert await keys_in(database) == ["a"]
    await database.close()


async def test_what_is_to_be_told_of_a_transaction_is_told_once_it_is_stored(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{begin_fresh(tmp_path)}")
    told: list[str] = []
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            after_commit(tx, lambda: told.append("lost"))
            await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            await tx.execute(text("INSERT INTO backup_codes VALUES ('nobody', 'h', '2026-03-01', NULL)"))
    async with database.transaction() as tx:
        after_commit(tx, lambda: told.append("stored"))
        assert told == []
    assert told == ["stored"]
    await database.close()
