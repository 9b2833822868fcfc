"""Where a DTLS session's datagrams wait to be read: a bounded queue in, a function out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MAX_QUEUED_DATAGRAMS = 16
MAX_QUEUED_DATA_DATAGRAMS = 512
"""Where data follows the handshake: a peer's congestion window may come at once."""


class Pipe:
    """What aiortc takes for an ICE transport. It has one reader."""

    __slots__ = ("_reader", "_waiting", "dropped", "limit", "send")
    role = "controlled"

    def __init__(self, send: Callable[[bytes], bool]) -> None:
        self._waiting: list[bytes] = []
        self._reader: asyncio.Future[None] | None = None
        self.send = send
        self.limit = MAX_QUEUED_DATAGRAMS
        self.dropped = 0

    def put(self, datagram: bytes) -> None:
        """Queues a datagram, or drops and counts it when `limit` are waiting."""
        if len(self._waiting) >= self.limit:
            self.dropped += 1
            return
        self._waiting.append(datagram)
        self._wake()

    async def receive(self, timeout_s: float | None) -> bytes | None:
        """The next datagram; None when none came in time."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            self._reader = loop.create_future()
            timer = None if timeout_s is None else loop.call_later(timeout_s, self._wake)
            try:
                await self._reader
            finally:
                self._reader = None
                if timer is not None:
                    timer.cancel()
        return self._waiting.pop(0) if self._waiting else None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
