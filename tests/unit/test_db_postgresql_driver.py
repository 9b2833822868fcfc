"""PostgreSQL's connections: when they are asked whether they are there, and what shows that they are not."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.postgres import PostgresServer
from vtp.db import Database, engine, postgresql_driver
from vtp.db.postgresql_engine import KEPT_ALIVE_S, connect_asyncpg
from vtp.db.prepared import Prepared
from vtp.db.tables import idempotency_keys
from vtp.errors import Unavailable

_KEYS = Prepared(select(idempotency_keys.c.key))


@dataclass
class Clock:
    """What the database's engine and driver take for the time: the real one, put forward."""

    ahead_s: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (engine, postgresql_driver):
        monkeypatch.setattr(module, "monotonic", made)
    return made


@pytest.fixture
async def opened(postgres: PostgresServer, clock: Clock) -> AsyncIterator[Database]:
    database = await Database.open(postgres.create_database())
    yield database
    await database.close()


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One for each question that went to the server."""
    asked: list[object] = []
    ask: Any = postgresql_driver._Connection._async_ping

    async def ping(connection: Any) -> None:
        asked.append(connection)
        await ask(connection)

    monkeypatch.setattr(postgresql_driver._Connection, "_async_ping", ping)
    return asked


async def backend_of(tx: AsyncConnection) -> int:
    found: int = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return found


async def test_a_connection_that_has_just_answered_is_not_asked_whether_it_is_there(
    opened: Database, clock: Clock, pings: list[object]
) -> None:
    for _ in range(3):
        assert await _KEYS.rows(opened) == []
        async with opened.transaction() as tx:
            assert await _KEYS.rows(tx) == []
    assert pings == []
    clock.ahead_s += 2 * postgresql_driver.PROVEN_S
    for _ in range(3):
        assert await _KEYS.rows(opened) == []
    assert len(pings) == 1, "of which the answer counts, too"


async def test_one_that_the_server_has_closed_is_not_used_again(opened: Database) -> None:
    closed = asyncio.Event()
    async with opened.read() as tx:
        driver: Any = (await tx.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda _: closed.set())
        ended = await backend_of(tx)
    async with opened.read() as tx:
        assert await backend_of(tx) == ended
    outside = await connect_asyncpg(**driver_address(opened))
    await outside.execute(f"SELECT pg_terminate_backend({ended})")
    await outside.close()
    await asyncio.wait_for(closed.wait(), 30)
    async with opened.read() as tx:
        assert await backend_of(tx) != ended


COST = text("SHOW random_page_cost")


async def test_plans_are_those_of_a_database_in_memory(opened: Database) -> None:
    async with opened.read() as tx:
        assert (await tx.execute(COST)).scalar_one() == "1.1"


async def test_what_an_operator_has_said_of_pages_holds(postgres: PostgresServer) -> None:
    url = postgres.create_database()
    first = await Database.open(url)
    async with first.transaction() as tx:
        name = (await tx.execute(text("SELECT current_database()"))).scalar_one()
        await tx.execute(text(f'ALTER DATABASE "{name}" SET random_page_cost = 3'))
    await first.close()
    later = Database.connect(url)
    async with later.read() as tx:
        assert (await tx.execute(COST)).scalar_one() == "3"
    await later.close()


def driver_address(database: Database) -> dict[str, Any]:
    """As SQLAlchemy gives it to the driver."""
    dialect = database._reader.dialect
    arguments, options = dialect.create_connect_args(database._reader.url)
    assert not arguments
    return dict(options)


@asynccontextmanager
async def all_in_use(database: Database) -> AsyncIterator[list[AsyncConnection]]:
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(database.read()) for _ in range(10)]
        for one in held:
            await backend_of(one)
        yield held


async def test_who_finds_all_connections_silent_for_long_waits_while_the_server_takes_another(
    opened: Database, clock: Clock
) -> None:
    """The statements may be long, or wait for others' rows."""
    async with all_in_use(opened):
        waiting = [asyncio.ensure_future(_KEYS.rows(opened))]
        await asyncio.sleep(0)  # it finds all of them in use
        for _ in range(2):
            clock.ahead_s += 2 * engine.ANSWER_LIMIT_S
            before = opened._reader.dialect.loaded_dbapi.answered_s
            waiting.append(asyncio.ensure_future(_KEYS.rows(opened)))
            async with asyncio.timeout(30):
                while opened._reader.dialect.loaded_dbapi.answered_s == before:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
    assert await asyncio.gather(*waiting) == [[], [], []]


async def test_who_finds_all_connections_silent_for_long_is_told_where_the_server_is_silent(
    opened: Database, clock: Clock, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ANSWER_LIMIT_S", 1.0)
    async with all_in_use(opened):
        patient = asyncio.ensure_future(_KEYS.rows(opened))
        await asyncio.sleep(0)
        clock.ahead_s += 2 * engine.ANSWER_LIMIT_S
        postgres.freeze()
        try:
            with pytest.raises(Unavailable):
                await _KEYS.rows(opened)
        finally:
            postgres.thaw()
    assert await patient == []
    assert await _KEYS.rows(opened) == [], "it is there again"


@pytest.mark.parametrize("how", ["looking", "reading"])
async def test_one_silent_connection_is_no_outage_where_others_answer(
    opened: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As one that a firewall has dropped, which was idle for long."""

    async def ask() -> None:
        if how == "looking":
            assert await _KEYS.rows(opened) == []
        else:
            async with opened.read() as tx:
                await backend_of(tx)

    monkeypatch.setattr(engine, "ANSWER_LIMIT_S", 1.0)
    async with opened.read() as first:
        async with opened.read() as second:
            await backend_of(second)
        silent = await backend_of(first)
    os.kill(silent, signal.SIGSTOP)  # given back last, so taken first
    try:
        clock.ahead_s += 2 * postgresql_driver.PROVEN_S
        unlucky = asyncio.ensure_future(ask())
        await asyncio.sleep(0)
        await ask()
        with pytest.raises(Unavailable):
            await unlucky
        await ask()
        assert not opened._outage.is_on
    finally:
        os.kill(silent, signal.SIGCONT)


@asynccontextmanager
async def over_tcp(url: str) -> AsyncIterator[str]:
    """The address of the same database by TCP, where the tests' server has a Unix socket only."""
    parsed = make_url(url)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
        writer.close()

    async def lead_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside = await asyncio.open_unix_connection(f"{parsed.query['host']}/.s.PGSQL.5432")
        await asyncio.gather(pump(reader, inside[1]), pump(inside[0], writer))

    async with await asyncio.start_server(lead_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://vtp@127.0.0.1:{port}/{parsed.database}"


async def test_idle_connections_are_kept_alive(postgres: PostgresServer) -> None:
    async with over_tcp(postgres.create_database()) as url:
        database = Database.connect(url)
        try:
            async with database.read() as tx:
                driver: Any = (await tx.get_raw_connection()).driver_connection
                kept = driver._transport.get_extra_info("socket")
                assert kept.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == KEPT_ALIVE_S
        finally:
            await database.close()


async def test_what_an_address_says_to_sqlalchemy_is_not_said_to_the_driver(postgres: PostgresServer) -> None:
    url = postgres.create_database()
    database = await Database.open(f"{url}&prepared_statement_cache_size=7")
    try:
        assert await _KEYS.rows(database) == []
    finally:
        await database.close()
