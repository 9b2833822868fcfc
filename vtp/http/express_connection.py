"""aiohttp's connection, which looks at what comes before aiohttp does: what is ready is sent at once.

aiohttp keeps its place: bytes are taken only while it waits for a request's first byte and has left no
message half read, so that it never sees part of what was taken, nor are answers out of order.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any

from aiohttp.web_protocol import RequestHandler

from vtp.http.express import Asker, Express, Line, Ready, Target
from vtp.http.shown_path import without_token

logger = logging.getLogger(__name__)

MAX_HELD_BYTES = 65_536  # sent ahead while an answer is waited for
_LENGTH = re.compile(rb"\ncontent-length:([^\r]*)\r", re.IGNORECASE)
_UNKNOWN_END = re.compile(rb"\n(?:transfer-encoding|upgrade):|\A[\r\n]*CONNECT ", re.IGNORECASE)
TURNS = 8  # of the event loop, within which aiohttp waits for the next request when it has answered one
MOST_DIGITS = 18  # of a length that is surely read as aiohttp reads it


class Boundary:
    """Follows what aiohttp is given, message by message. `is_known`: whether the next byte begins one."""

    __slots__ = ("_left", "_lost", "is_known")

    def __init__(self) -> None:
        self._left = 0
        self._lost = False
        self.is_known = True
        """False within a message, and for ever once its end could not be told."""

    def follow(self, data: bytes) -> None:
        """Counts bytes that went to aiohttp, which also calls itself with none when it reads on."""
        self._count(data)
        self.is_known = not self._lost and not self._left

    def _count(self, data: bytes) -> None:
        if self._lost or not data:
            return
        if self._left:
            self._left -= len(data)
            self._lost = self._left < 0
            return
        head, found, rest = data.partition(b"\r\n\r\n")
        head += b"\r\n"
        lengths = [length.strip(b" \t") for length in _LENGTH.findall(head)] or [b"0"]
        plain = len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) <= MOST_DIGITS
        if not found or not plain or _UNKNOWN_END.search(head):
            self._lost = True
            return
        self._left = int(lengths[0]) - len(rest)
        self._lost = self._left < 0


class ExpressConnection(RequestHandler):
    """`express` is None where nothing is sent so."""

    __slots__ = ("_begun_s", "_boundary", "_express", "_held", "_line", "_pending", "_waiting")

    def __init__(self, *args: Any, express: Express | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._express = express
        self._boundary = Boundary()
        self._line = Line("", secure=False)
        self._pending: asyncio.Future[bool] | None = None
        self._waiting: tuple[Target, Asker, bytes] | None = None
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
        self._pending, self._waiting, self._held = None, None, b""
        super().connection_lost(exc)

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """aiohttp's; what is waited for has the same time to come."""
        end_s = None if timeout is None else self._loop.time() + timeout
        while (pending := self._pending) is not None:
            left_s = None if end_s is None else max(end_s - self._loop.time(), 0)
            await asyncio.wait([pending], timeout=left_s)
            if not pending.done():
                break
            await asyncio.sleep(0)  # for what looks again when it has, and may have to wait for more
        await super().shutdown(timeout)

    def _process_keepalive(self) -> None:
        """aiohttp's, to whom a connection whose answer is waited for is idle."""
        if self._pending is not None:
            self._put_off_close()
        super()._process_keepalive()

    def _put_off_close(self) -> None:
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def data_received(self, data: bytes) -> None:
        """asyncio's; bytes that come while an answer is waited for wait with it."""
        if self._pending is not None:
            self._held += data
            if len(self._held) > MAX_HELD_BYTES and self.transport is not None:
                self.transport.pause_reading()
            return
        express = self._express
        if express is not None and self._may_take():
            target = express.read(data, self._line)
            asker = self._line.asker
            if target is not None and asker is not None:
                self._begun_s = time.perf_counter()
                if self._waiter is None:
                    self._wait(target, asker, data, self._turn())
                else:
                    self._take(express, target, asker, data)
                return
        self._pass_on(data)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """aiohttp's, who calls it with each body that is read, and parses what has waited. Nothing has where
        nothing was held up."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def _may_take(self) -> bool:
        """aiohttp waits for a request, or will in a moment, and the client has read what it was sent."""
        waiter = self._waiter
        idle = self._current_request is None if waiter is None else not waiter.done()
        return (
            idle and not self._messages and self._boundary.is_known and not self._paused and not self._close
        )

    def _turn(self) -> asyncio.Future[bool]:
        """Comes when aiohttp waits for a request again: of who asks at once, the next one would be its own,
        too, and the next after that.
        """
        turn: asyncio.Future[bool] = self._loop.create_future()

        def look(left: int) -> None:
            if turn.done():
                return
            if self._waiter is None and left:
                self._loop.call_soon(look, left - 1)
            else:
                turn.set_result(self._waiter is not None)

        self._loop.call_soon(look, TURNS)
        return turn

    def _take(self, express: Express, target: Target, asker: Asker, data: bytes) -> None:
        try:
            answer = target.ask(asker)
        except Exception:
            logger.exception("GET %s failed before it came to its route.", without_token(target.path))
            answer = None
        if isinstance(answer, Ready):
            self._send(express.render(target, answer, asker, self._begun_s))
        elif answer is None:
            self._pass_on(data)
        else:
            self._wait(target, asker, data, answer)

    def _wait(self, target: Target, asker: Asker, data: bytes, coming: asyncio.Future[bool]) -> None:
        self._waiting, self._pending = (target, asker, data), coming
        coming.add_done_callback(self._look_again)

    def _look_again(self, pending: asyncio.Future[bool]) -> None:
        """What was waited for is there, or not: aiohttp says so, then."""
        waiting, self._waiting, self._pending = self._waiting, None, None
        if waiting is None or self._express is None or self.transport is None:
            return
        if not pending.cancelled() and pending.exception() is None and pending.result():
            self._take(self._express, *waiting)
        else:
            self._pass_on(waiting[2])
        if self._pending is None and self._held:
            held, self._held = self._held, b""
            if len(held) > MAX_HELD_BYTES:
                self.transport.resume_reading()
            self.data_received(held)

    def _send(self, answer: bytes) -> None:
        if self.transport is not None:
            self.transport.write(answer)
            self._put_off_close()

    def _pass_on(self, data: bytes) -> None:
        self._boundary.follow(data)
        super().data_received(data)
