"""One connection of HTTP/1.1 that asks for one thing after the other, at little cost to the load client."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from vtp.bench.peers.connect import PeerError

_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"
CLOSED = "vtp closed a connection of HTTP in the middle of an answer."


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `arrived_s` is the load client's monotonic clock at its last byte."""

    status: int
    head: bytes
    body: bytes
    arrived_s: float


class HttpLine(asyncio.Protocol):
    """Made by `opened`. One request at a time."""

    def __init__(self, host: str, cookie: str) -> None:
        lines = f" HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
        self._tail = (lines + (f"Cookie: {cookie}\r\n" if cookie else "")).encode()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._chunks: list[bytes] = []
        self._head = b""
        self._missing = 0

    @classmethod
    async def opened(cls, url: str, cookie: str = "") -> HttpLine:
        """Connected to the server at `url`."""
        where = urlsplit(url)
        loop = asyncio.get_running_loop()
        host, port = where.hostname or "", where.port or 80
        _, line = await loop.create_connection(lambda: cls(where.netloc, cookie), host, port)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    @property
    def is_open(self) -> bool:
        """Whether anything can be asked: the server has not closed it."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(
        self, path: str, method: str = "GET", fields: bytes = b"", body: bytes = b""
    ) -> asyncio.Future[Answer]:
        """One request, with further lines of its head, each with its end; the answer's future fails with
        PeerError when the server closes."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_exception(PeerError(CLOSED))
            return answer
        self._answer = answer
        if body:
            fields += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self._transport.write(b"%b %b%b%b\r\n%b" % (method.encode(), path.encode(), self._tail, fields, body))
        return answer

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        self._chunks.append(data)
        if not self._head:
            data = b"".join(self._chunks)
            head, found, body = data.partition(_END)
            if not found:
                self._chunks = [data]
                return
            length = _LENGTH.search(head + b"\r\n")
            self._head, self._chunks = head, [body]
            self._missing = int(length[1]) - len(body) if length else 0
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._finish()

    def _finish(self) -> None:
        head, body = self._head, b"".join(self._chunks)
        self._head, self._chunks, answer, self._answer = b"", [], self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(Answer(int(head[9:12]), head, body, time.monotonic()))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's."""
        answer, self._answer, self._transport = self._answer, None, None
        if answer is not None and not answer.done():
            answer.set_exception(PeerError(CLOSED))

    def close(self) -> None:
        """Ends the connection; nobody waits for its answer any more."""
        if self._answer is not None:
            self._answer.cancel()
        if self._transport is not None:
            self._transport.abort()
