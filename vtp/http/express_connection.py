"""aiohttp's connection, which looks at what comes before aiohttp does: what is ready is sent at once.

aiohttp keeps its place: bytes are taken only while it waits for a request's first byte and has left no
message half read, so that it never sees part of what was taken, nor are answers out of order.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from aiohttp.web_protocol import RequestHandler

from vtp.http.express import Express, ExpressRequest, Line, Ready

MAX_HELD_BYTES = 65_536  # sent ahead while an answer is waited for
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)[ \t]*\r", re.IGNORECASE)
_UNKNOWN_END = re.compile(rb"\n(?:transfer-encoding|upgrade):", re.IGNORECASE)


class Boundary:
    """Follows what aiohttp is given, message by message. `is_known`: whether the next byte begins one."""

    __slots__ = ("_left", "_lost")

    def __init__(self) -> None:
        self._left = 0
        self._lost = False

    @property
    def is_known(self) -> bool:
        """False within a message, and for ever once its end could not be told."""
        return not self._lost and not self._left

    def follow(self, data: bytes) -> None:
        """Counts bytes that went to aiohttp, which also calls itself with none when it reads on."""
        if self._lost or not data:
            return
        if self._left:
            self._left -= len(data)
            self._lost = self._left < 0
            return
        head, found, rest = data.partition(b"\r\n\r\n")
        head += b"\r\n"
        lengths = _LENGTH.findall(head)
        if not found or len(lengths) > 1 or _UNKNOWN_END.search(head):
            self._lost = True
            return
        self._left = (int(lengths[0][:20]) if lengths else 0) - len(rest)
        self._lost = self._left < 0


class ExpressConnection(RequestHandler):
    """`express` is None where nothing is sent so."""

    __slots__ = ("_begun_s", "_boundary", "_express", "_held", "_line", "_pending", "_request")

    def __init__(self, *args: Any, express: Express | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._express = express
        self._boundary = Boundary()
        self._line = Line("", secure=False)
        self._pending: asyncio.Future[bool] | None = None
        self._request: tuple[ExpressRequest, bytes] | None = None
        self._begun_s = 0.0
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        super().connection_made(transport)
        name = transport.get_extra_info("peername")
        secure = transport.get_extra_info("sslcontext") is not None
        self._line = Line(str(name[0]) if isinstance(name, tuple) else "", secure)

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio's."""
        pending, self._pending, self._request, self._held = self._pending, None, None, b""
        if pending is not None:
            pending.remove_done_callback(self._look_again)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """asyncio's; bytes that come while an answer is waited for wait with it."""
        if self._pending is not None:
            self._held += data
            if len(self._held) > MAX_HELD_BYTES:
                self.force_close()
            return
        if self._express is not None and self._may_take:
            request = self._express.read(data, self._line)
            if request is not None:
                self._begun_s = time.perf_counter()
                self._take(self._express, request, data)
                return
        self._pass_on(data)

    @property
    def _may_take(self) -> bool:
        """aiohttp waits for a request, and the client has read what it was sent."""
        waiter = self._waiter
        idle = waiter is not None and not waiter.done() and not self._messages
        return idle and self._boundary.is_known and not self._paused and not self._close

    def _take(self, express: Express, request: ExpressRequest, data: bytes) -> None:
        answer = express.answer(request)
        if isinstance(answer, Ready):
            self._send(express.render(request, answer, self._begun_s))
        elif answer is None:
            self._pass_on(data)
        else:
            self._request, self._pending = (request, data), answer
            answer.add_done_callback(self._look_again)

    def _look_again(self, pending: asyncio.Future[bool]) -> None:
        """What was waited for is there, or not: aiohttp says so, then."""
        waiting, self._request, self._pending = self._request, None, None
        if waiting is None or self._express is None or self.transport is None:
            return
        if not pending.cancelled() and pending.result():
            self._take(self._express, *waiting)
        else:
            self._pass_on(waiting[1])
        if self._pending is None and self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    def _send(self, answer: bytes) -> None:
        if self.transport is not None:
            self.transport.write(answer)
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def _pass_on(self, data: bytes) -> None:
        self._boundary.follow(data)
        super().data_received(data)
