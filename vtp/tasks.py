"""Background tasks: the only way to start one, so that none dies unseen and none outlives its owner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Tasks:
    """Owns background tasks: names them, logs their deaths, cancels and awaits them at `close()`.

    Must be used from the event loop's thread.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coro: Coroutine[Any, Any, object], name: str) -> asyncio.Task[None]:
        """Starts `coro` as a task called `name`; raises RuntimeError after `close()`."""
        if self._closed:
            coro.close()
            raise RuntimeError(f"Task {name!r} was started after its owner was closed.")
        task = asyncio.get_running_loop().create_task(_run(coro, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: coro.close())  # a task that ends before its first step never ran it
        return task

    async def settle(self) -> None:
        """Waits until every task started so far, and every one they start, has ended by itself."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancels what still runs and waits for it; may be called twice."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _run(coro: Coroutine[Any, Any, object], name: str) -> None:
    try:
        await coro
    except asyncio.CancelledError:
        raise
    except Exception:
        logger.exception("Background task %r died.", name)
