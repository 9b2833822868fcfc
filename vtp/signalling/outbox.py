"""One queue for all pushes of the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

logger = logging.getLogger(__name__)

Send = Callable[[str, dict[str, Any], str], Awaitable[None]]
"""Event, payload, and to whom: the id of a connection."""


class Outbox:
    """One queue for all pushes of the process: whoever is told of two things hears them in their order."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[tuple[str, dict[str, Any], str]] = asyncio.Queue()

    def put(self, event: str, data: dict[str, Any], to: str) -> None:
        """Sends an event to one connection, after what was put before."""
        self._queue.put_nowait((event, data, to))

    async def settle(self) -> None:
        """Waits until all that was put has been sent."""
        await self._queue.join()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            event, data, to = await self._queue.get()
            try:
                await self._send(event, data, to)
            except Exception:
                logger.exception("The event %r could not be sent.", event)
            finally:
                self._queue.task_done()
