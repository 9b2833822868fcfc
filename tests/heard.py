"""Waiting for what the server's parts tell their listeners, within the server's process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

Listener = Callable[[Any], None]


async def until(
    add_listener: Callable[[Listener], Callable[[], None]], holds: Callable[[], bool], limit_s: float = 60
) -> None:
    """Until something holds, looked at now and after each event of whom it depends on."""
    told = asyncio.Event()
    stop = add_listener(lambda _: told.set())
    try:
        async with asyncio.timeout(limit_s):
            while not holds():
                await told.wait()
                told.clear()
    finally:
        stop()
