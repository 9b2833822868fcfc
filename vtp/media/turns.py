"""Work that may wait a little, done in small portions: the event loop serves everybody else in between."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context

PORTION_S = 0.004


class Turns:
    """Calls what it is given in order, for at most 4 ms in each turn of the event loop."""

    __slots__ = ("_scheduled", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._scheduled = False

    def soon(self, call: Callable[[], None]) -> None:
        """Calls `call` in one of the next turns; it must be short and must not raise."""
        self._waiting.append(call)
        if not self._scheduled:
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._run, context=Context())

    def _run(self) -> None:
        self._scheduled = False
        end_s = time.perf_counter() + PORTION_S
        try:
            while self._waiting and time.perf_counter() < end_s:
                self._waiting.popleft()()
        finally:
            if self._waiting and not self._scheduled:
                self._schedule()
