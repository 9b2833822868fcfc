"""Connections that answer past aiohttp: what is waited for, what fails, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiohttp import web

from vtp.http.client import ClientResolver
from vtp.http.express import Answer, Ask, Asker, Express, Ready
from vtp.http.metrics import HttpMetrics
from vtp.http.runner import Runner

HEAD = "GET {} HTTP/1.1\r\nHost: school.example\r\n\r\n"


class Source:
    """Has an answer for `/x/ready`; `/x/waited` comes when the test says so; `/x/broken` raises."""

    def __init__(self) -> None:
        self.coming: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.asked = asyncio.Event()

    def read(self, path: str, query: str) -> Ask:
        return partial(self.answer, path)

    def answer(self, path: str, asker: Asker) -> Answer:
        self.asked.set()
        if path == "/x/broken":
            raise ValueError("as a source may")
        if path == "/x/waited" and not self.coming.done():
            return self.coming
        return Ready("/x", b"Content-Type: text/plain\r\n", path.encode())


@asynccontextmanager
async def served(
    source: Source, *, keepalive_s: float = 75.0, grace_s: float = 1.0
) -> AsyncIterator[tuple[Runner, int]]:
    app = web.Application()

    async def slow(request: web.Request) -> web.Response:
        return web.Response(text=f"slow {request.path}")

    app.router.add_get("/{rest:.*}", slow)
    express = Express(
        {"/x/": source.read}, ClientResolver(()), HttpMetrics(), lambda client: True, lambda: False
    )
    runner = Runner(app, express=express, keepalive_timeout=keepalive_s, shutdown_timeout=grace_s)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner, runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Talk:
    """A connection that asks for paths."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, *paths: str) -> None:
        self.writer.write("".join(HEAD.format(path) for path in paths).encode())
        await self.writer.drain()

    async def hear(self) -> str:
        """A body."""
        async with asyncio.timeout(10):
            head = await self._reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            return (await self._reader.readexactly(size)).decode()


Connect = Callable[[int], Awaitable[Talk]]


@pytest.fixture
async def talk() -> AsyncIterator[Connect]:
    """Connects to a port; closed at the end."""
    open_ones: list[Talk] = []

    async def connect(port: int) -> Talk:
        open_ones.append(Talk(*await asyncio.open_connection("127.0.0.1", port)))
        return open_ones[-1]

    yield connect
    for one in open_ones:
        one.writer.close()


async def test_what_was_asked_behind_a_waited_answer_is_answered_behind_it(talk: Connect) -> None:
    source = Source()
    async with served(source) as (_, port):
        line = await talk(port)
        await line.ask("/x/waited")
        await source.asked.wait()
        await line.ask("/slow", "/x/ready")
        await line.ask("/x/ready")
        source.coming.set_result(True)
        heard = [await line.hear() for _ in range(4)]
    assert heard[0] == "/x/waited"
    assert [one.removeprefix("slow ") for one in heard[1:]] == ["/slow", "/x/ready", "/x/ready"]


@pytest.mark.parametrize("ends", ["not there", "cancelled", "failed"])
async def test_aiohttp_answers_when_what_was_waited_for_does_not_come(talk: Connect, ends: str) -> None:
    source = Source()
    async with served(source) as (_, port):
        line = await talk(port)
        await line.ask("/x/waited")
        await source.asked.wait()
        if ends == "cancelled":
            source.coming.cancel()
        elif ends == "failed":
            source.coming.set_exception(OSError("gone"))
        else:
            source.coming.set_result(False)
        assert await line.hear() == "slow /x/waited"


async def test_a_source_that_fails_leaves_the_request_to_aiohttp(
    talk: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(Source()) as (_, port):
        line = await talk(port)
        await line.ask("/x/broken")
        assert await line.hear() == "slow /x/broken"
        await line.ask("/x/ready")
        assert await line.hear() == "/x/ready"
    assert "as a source may" in caplog.text


async def test_a_connection_is_not_idle_while_its_answer_is_waited_for(talk: Connect) -> None:
    source = Source()
    loop = asyncio.get_running_loop()
    async with served(source, keepalive_s=0.2) as (_, port):
        line, idle = await talk(port), await talk(port)
        await line.ask("/x/waited")
        await source.asked.wait()
        assert await idle._reader.read() == b""  # closed as idle, and so would the other one be
        loop.call_later(0.3, source.coming.set_result, True)
        assert await line.hear() == "/x/waited"


async def test_who_waits_when_the_server_ends_has_the_time_that_all_have(talk: Connect) -> None:
    source = Source()
    async with served(source, grace_s=5) as (runner, port):
        line = await talk(port)
        await line.ask("/x/waited")
        await source.asked.wait()
        ending = asyncio.create_task(runner.cleanup())
        asyncio.get_running_loop().call_later(0.1, source.coming.set_result, True)
        assert await line.hear() == "/x/waited"
        await ending


async def test_who_has_just_begun_to_ask_when_the_server_ends_has_that_time_too() -> None:
    source = Source()
    async with served(source, grace_s=5) as (runner, _):
        assert runner.server is not None
        quick = Quick(0)
        quick.protocol = connection = runner.server()
        connection.connection_made(quick)
        quick.ask("/x/waited")  # before aiohttp waits: its turn is waited for, and then what it asks for
        ending = asyncio.create_task(connection.shutdown(5))
        await source.asked.wait()
        assert not quick.heard
        source.coming.set_result(True)
        await ending
        connection.connection_lost(None)
    assert quick.heard == ["/x/waited"]


async def test_much_that_is_sent_ahead_is_read_when_its_turn_comes(talk: Connect) -> None:
    source = Source()
    async with served(source) as (_, port):
        line = await talk(port)
        await line.ask("/x/waited")
        await source.asked.wait()
        ahead = asyncio.create_task(line.ask(*["/x/ready"] * 4000))
        source.coming.set_result(True)
        heard = [await line.hear() for _ in range(4001)]
        await ahead
    assert [one.removeprefix("slow ") for one in heard] == ["/x/waited", *["/x/ready"] * 4000]


class Quick(asyncio.Transport):
    """A client that asks for `/x/ready` as soon as it has an answer, and before aiohttp waits again; so often
    as `more` says.
    """

    def __init__(self, more: int) -> None:
        super().__init__()
        self.more = more
        self.heard: list[str] = []
        self.protocol: asyncio.Protocol | None = None
        self.done = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.heard.append(bytes(data).decode().rpartition("\r\n\r\n")[2])
        if len(self.heard) > self.more:
            self.done.set()
        else:
            asyncio.get_running_loop().call_soon(self.ask, "/x/ready")

    def ask(self, path: str) -> None:
        assert self.protocol is not None
        self.protocol.data_received(HEAD.format(path).encode())

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass

    close = abort


@pytest.mark.parametrize("first", ["/x/ready", "/slow"])
async def test_who_asks_as_soon_as_aiohttp_has_answered_is_answered_past_it(first: str) -> None:
    async with served(Source()) as (runner, _):
        assert runner.server is not None
        quick = Quick(2)
        quick.protocol = runner.server()
        quick.protocol.connection_made(quick)
        quick.ask(first)  # before aiohttp has begun to wait
        async with asyncio.timeout(10):
            await quick.done.wait()
        quick.protocol.connection_lost(None)
    assert quick.heard == [first if first == "/x/ready" else "slow /slow", "/x/ready", "/x/ready"]
