"""`vtp admin drain`: lets running classes end, starts no new ones, then ends the server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from vtp.control import ask
from vtp.errors import StartupError
from vtp.settings_loading import load_settings


def drain() -> None:
    """Let running classes end, start no new ones, then end the server; returns when it has ended."""
    asyncio.run(_drain(load_settings().data_dir))


async def _drain(data_dir: Path) -> None:
    async for answer in ask(data_dir, "drain"):
        print(_sentence(answer), flush=True)
    print("The server has ended.")


def _sentence(answer: dict[str, Any]) -> str:
    if "error" in answer:
        raise StartupError(answer["error"])
    rooms = answer["rooms"]
    classes = "1 class is" if rooms == 1 else f"{rooms or 'No'} {'classes are' if rooms else 'class is'}"
    if answer.get("timeout"):
        return f"{classes} running still, but drain_timeout_s is over."
    if answer.get("ending"):
        return "The server ends now."
    return f"{classes} running; new ones are refused."
