"""`vtp admin drain`: lets running classes end, starts no new ones, then ends the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vtp.control import ask
from vtp.errors import StartupError
from vtp.settings import load_settings


def drain() -> None:
    """Let running classes end, start no new ones, then end the server; returns when it has ended."""
    asyncio.run(_drain(load_settings().data_dir))


async def _drain(data_dir: Path) -> None:
    async for answer in ask(data_dir, "drain"):
        if "error" in answer:
            raise StartupError(answer["error"])
        if answer.get("timeout"):
            print(f"{answer['rooms']} classes still run, but drain_timeout_s is over; the server ends now.")
        elif answer["rooms"]:
            print(f"{answer['rooms']} classes are running; new ones are refused. Waiting for them to end.")
        else:
            print("No class is running; the server ends now.")
    print("The server has ended.")
