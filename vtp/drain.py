"""Draining before an upgrade: running classes end by themselves, no new one begins, then the server ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

POLL_S = 0.25
RECONNECT_S = 10.0  # a class whose people all lost their connection for this long is over


class Drain:
    """Waits until no class runs, then stops the server.

    `active` counts the rooms with somebody in them, `close_doors` refuses new ones, `stop` ends the server;
    after `timeout_s` (0: never) it is stopped whoever is still there. `now_s` and `wait` are the clock.
    """

    def __init__(
        self,
        close_doors: Callable[[], None],
        active: Callable[[], int],
        stop: Callable[[], None],
        timeout_s: float,
        now_s: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._close_doors = close_doors
        self._active = active
        self._stop = stop
        self._timeout_s = timeout_s
        self._now_s = now_s
        self._wait = wait

    async def run(self) -> AsyncIterator[dict[str, Any]]:
        """Yields `{"rooms": n}` when the number of classes changes; then stops the server. May run twice."""
        self._close_doors()
        begun_s = self._now_s()
        told = -1
        over_s = begun_s  # when the last class will count as over
        while (rooms := self._active()) or self._now_s() < over_s:
            if rooms:
                over_s = self._now_s() + RECONNECT_S
            if rooms != told:
                yield {"rooms": rooms}
                told = rooms
            if self._timeout_s and self._now_s() - begun_s >= self._timeout_s:
                yield {"rooms": rooms, "timeout": True}
                break
            await self._wait(POLL_S)
        yield {"rooms": rooms, "ending": True}
        self._stop()
