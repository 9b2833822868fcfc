"""A program that receives webhooks: a real HTTP server on loopback, answering as a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook as Verifier


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The body as JSON."""
        message: dict[str, Any] = json.loads(self.body)
        return message

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> Any:
        """Checks the signature with the specification's own library; raises when it is not good."""
        return Verifier(secret).verify(self.body, self.headers)


Responder = Callable[[Received], web.Response | int]


class Receiver:
    """Keeps what it got; `answer` may be replaced at any time, `hold` lets requests wait until it is set."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Responder = lambda request: 204
        self.hold = asyncio.Event()
        self.hold.set()
        self.port = 0
        self._news = asyncio.Event()

    def url(self, path: str = "/hook") -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def wait(self, count: int, path: str = "/hook", limit_s: float = 30) -> list[Received]:
        """What came to a path, once there are so many."""
        async with asyncio.timeout(limit_s):
            while len(found := [one for one in self.received if one.path == path]) < count:
                self._news.clear()
                await self._news.wait()
        return found

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Notes a request and answers it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.path, headers, await request.read())
        self.received.append(received)
        self._news.set()
        await self.hold.wait()
        answer = self.answer(received)
        return web.Response(status=answer) if isinstance(answer, int) else answer


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """Starts a receiver on a port of its own and ends it."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        receiver.port = runner.addresses[0][1]
        yield receiver
    finally:
        receiver.hold.set()
        await runner.cleanup()
