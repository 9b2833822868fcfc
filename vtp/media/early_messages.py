"""Messages for streams that signalling has not named yet."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context

from vtp.media.data_producer import DataMessage

MAX_BYTES = 65_536
MAX_MESSAGES = 256
LIMIT_S = 5.0


class EarlyMessages:
    """Of one transport: at most 64 KB, for 5 s.

    A page sends as soon as its channel is open, and that may be before its request has arrived.
    """

    __slots__ = ("_bytes", "_kept", "_loop", "_timer", "dropped")

    def __init__(self) -> None:
        self._kept: deque[tuple[float, int, DataMessage]] = deque()
        self._bytes = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.dropped = 0

    def add(self, stream_id: int, message: DataMessage) -> None:
        """Keeps a message, if there is room."""
        if self._bytes + len(message.payload) > MAX_BYTES or len(self._kept) == MAX_MESSAGES:
            self.dropped += 1
            return
        self._kept.append((self._loop.time() + LIMIT_S, stream_id, message))
        self._bytes += len(message.payload)
        if self._timer is None:
            self._wait(LIMIT_S)

    def take(self, stream_id: int) -> list[DataMessage]:
        """Gives those of one stream, in order, and keeps them no longer."""
        if not self._kept:
            return []
        messages = [message for _, its_stream, message in self._kept if its_stream == stream_id]
        self._kept = deque(one for one in self._kept if one[1] != stream_id)
        self._bytes -= sum(len(message.payload) for message in messages)
        return messages

    def clear(self) -> None:
        """Forgets all of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop(len(self._kept))

    def _wait(self, delay_s: float) -> None:
        self._timer = self._loop.call_later(delay_s, self._drop_old, context=Context())

    def _drop_old(self) -> None:
        now_s = self._loop.time()
        self._drop(sum(deadline_s <= now_s for deadline_s, _, _ in self._kept))
        self._timer = None
        if self._kept:
            self._wait(self._kept[0][0] - now_s)

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._bytes -= len(self._kept.popleft()[2].payload)
        self.dropped += count
