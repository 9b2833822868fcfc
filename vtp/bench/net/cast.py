"""Who takes part in a lesson over an emulated network: a publisher and viewers, in nodes of their own.

Each has a thread and an event loop inside its namespace, so HTTP, ICE, DTLS and media all take its link.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import aiohttp

from vtp.bench.driver import ClientDriver, ConnectError
from vtp.bench.load import Lecture, Source, SourceFigures
from vtp.bench.net.door import Localhost
from vtp.bench.net.network import Node
from vtp.bench.peers.connect import sent_media
from vtp.bench.scenarios.stage import publisher_media, simulcast_media
from vtp.bench.watcher import Viewing, Watcher
from vtp.bench.whip_client import HTTP_TIMEOUT_S, MediaClient, RefusedError, WhipHttp

T = TypeVar("T")
SETTLE_LIMIT_S = 5.0
ANSWER_S = 1.0
"""That a publisher stays to answer what receivers still ask for."""
JOINS_AT_ONCE = 10


class Member(ABC):
    """One of them, playing in a thread of its own. `done` gives what came of it, or raises."""

    def __init__(self, node: Node, server: str, url: str) -> None:
        """`server` is the address that the URL's name stands for."""
        self.node = node
        self.url = url
        self._server = server
        self._ready: Future[None] = Future()
        self._cue = threading.Event()
        self._end = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._played: Future[Any] | None = None

    def begin(self) -> None:
        """Starts the thread."""
        self._played = self.node.place.begin(lambda: asyncio.run(self._play()), f"member-{self.node.name}")
        self._played.add_done_callback(self._ended)

    async def ready(self) -> None:
        """Waits until it is connected. Raises what kept it from it."""
        await asyncio.shield(asyncio.wrap_future(self._ready))

    def cue(self) -> None:
        """A publisher begins to send; viewers need none."""
        self._cue.set()

    def end(self) -> None:
        """A publisher has sent, a viewer has seen enough."""
        self._cue.set()
        self._end.set()

    async def done(self) -> Any:
        """Waits for its end."""
        if self._played is None:
            raise RuntimeError(f"{self.node.name} has not begun.")
        return await asyncio.shield(asyncio.wrap_future(self._played))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits something in its own loop, in its namespace: to be called once it is ready."""
        if self._loop is None:
            raise RuntimeError(f"{self.node.name} has not begun.")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _play(self) -> Any:
        self._loop = asyncio.get_running_loop()
        async with _client(self._server) as (driver, http):
            return await self.take_part(driver, http)

    @abstractmethod
    async def take_part(self, driver: ClientDriver, http: WhipHttp) -> Any:
        """From joining to leaving; calls `wait_for_cue` and `wait_for_end` in between."""

    async def wait_for_cue(self) -> None:
        """It is connected, and what next?"""
        self._ready.set_result(None)
        await asyncio.to_thread(self._cue.wait)

    async def wait_for_end(self) -> None:
        await asyncio.to_thread(self._end.wait)

    def _ended(self, played: Future[Any]) -> None:
        """Before it was ready: whoever waits for that hears why."""
        error = played.exception()
        if not self._ready.done() and error is not None:
            self._ready.set_exception(error)


class Teacher(Member):
    """Sends the pattern by WHIP from its cue to its end; `done` gives the SourceFigures."""

    def __init__(self, node: Node, server: str, url: str, pattern: Lecture) -> None:
        super().__init__(node, server, url)
        self._pattern = pattern
        self._session: MediaClient | None = None
        self._source: Source | None = None

    def figures(self) -> SourceFigures:
        """So far, once it is ready."""
        if self._source is None:
            raise RuntimeError("The publisher is not connected.")
        return self._source.figures()

    async def restart_ice(self) -> None:
        """In its own loop. Raises RefusedError, ConnectError."""
        if self._session is not None:
            await self._session.restart_ice()

    async def take_part(self, driver: ClientDriver, http: WhipHttp) -> SourceFigures:
        self._session = MediaClient(driver, http, self.url)
        media = simulcast_media(self._pattern.layers) if self._pattern.layers else publisher_media()
        await self._session.open(media, add_streams=lambda *_: None)
        if self._session.answer is None:
            raise RefusedError("The server gave no answer.")
        sent = sent_media(media, self._session.answer)
        self._source = Source(driver, self._session.client, sent, self._pattern)
        await self.wait_for_cue()
        self._source.start()
        await self.wait_for_end()
        self._source.stop()
        await asyncio.sleep(ANSWER_S)
        figures = self._source.figures()
        await self._session.close()
        return figures


class Audience(Member):
    """So many viewers of one node, by WHEP; `done` gives a Viewing of each, whatever came of it."""

    def __init__(self, node: Node, server: str, url: str, count: int) -> None:
        super().__init__(node, server, url)
        self._count = count
        self._tools: tuple[ClientDriver, WhipHttp] | None = None
        self.watchers: list[Watcher] = []
        """Of those who are there from the beginning to the end."""

    async def join(self) -> Watcher:
        """One more, in its own loop; the caller ends it by `leave`. Raises RefusedError, ConnectError."""
        watcher = self._watcher()
        await watcher.join()
        return watcher

    async def take_part(self, driver: ClientDriver, http: WhipHttp) -> list[Viewing]:
        self._tools = driver, http
        self.watchers = [self._watcher() for _ in range(self._count)]
        limit = asyncio.Semaphore(JOINS_AT_ONCE)
        await asyncio.gather(*(_join(watcher, limit) for watcher in self.watchers))
        await self.wait_for_cue()
        await self.wait_for_end()
        viewings = await _settled(self.watchers)
        await asyncio.gather(*(watcher.leave() for watcher in self.watchers))
        return viewings

    def _watcher(self) -> Watcher:
        if self._tools is None:
            raise RuntimeError(f"{self.node.name} has not begun.")
        driver, http = self._tools
        return Watcher(driver, http, self.url, marked=True)


async def _join(watcher: Watcher, limit: asyncio.Semaphore) -> None:
    async with limit:
        try:
            await watcher.join()
        except (RefusedError, ConnectError) as error:
            watcher.viewing.failure = str(error)


@contextlib.asynccontextmanager
async def _client(server: str) -> AsyncIterator[tuple[ClientDriver, WhipHttp]]:
    """Each request has a connection of its own: one of an address that is gone would hang."""
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    connector = aiohttp.TCPConnector(resolver=Localhost(server), force_close=True)
    async with (
        ClientDriver(real_time=True) as driver,
        aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
    ):
        yield driver, WhipHttp(session)


async def _settled(watchers: list[Watcher]) -> list[Viewing]:
    """Their figures once they wait for no packet any more: the last frames may be on their way again."""
    try:
        async with asyncio.timeout(SETTLE_LIMIT_S):
            while any(stream["waiting"] for one in watchers for stream in one.streams()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # there is no event for it
    except TimeoutError:
        pass
    return [watcher.read() for watcher in watchers]
