"""The job process as a child of the server: started, started again when it dies, ended with the server.

It hears of the server's end by its standard input, which ends with the server however that ends. What it
needs of the settings comes by the same way, secrets among them: neither its arguments nor its environment say
anything.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from vtp.settings import Settings

logger = logging.getLogger(__name__)

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
GOOD_RUN_S = 60.0  # after which a death is not held against it
END_LIMIT_S = 3.0  # of the time that the server's end has
_NEEDED = {"env", "data_dir", "secrets_dir", "database", "storage", "jobs", "recording", "log"}


class JobProcess:
    """`run()` until `close()`."""

    def __init__(self, settings: Settings) -> None:
        self._line = encode_settings(settings)
        self._process: asyncio.subprocess.Process | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keeps one running."""
        backoff_s = FIRST_BACKOFF_S
        try:
            while True:
                begun_s = time.monotonic()
                code = await self._run_once()
                backoff_s = FIRST_BACKOFF_S if time.monotonic() - begun_s > GOOD_RUN_S else backoff_s
                logger.warning("The job process has ended (%s); it starts again in %g s.", code, backoff_s)
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
                self.restarts += 1
        finally:
            await self._end()

    async def _run_once(self) -> int:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "vtp",
            "jobs",
            "--embedded",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.write(self._line)
            await process.stdin.drain()
        return await process.wait()

    async def _end(self) -> None:
        """As the server ends: asks it to, waits a moment, and kills it then."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        waiting = asyncio.ensure_future(process.wait())
        ended, _ = await asyncio.wait([waiting], timeout=END_LIMIT_S)  # no asyncio.timeout: this is cancelled
        if not ended:
            with suppress(ProcessLookupError):
                process.kill()
            await waiting


def _environment() -> dict[str, str]:
    """The server's without its settings, and where to find this package."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VTP_")}
    paths = [str(Path(__file__).resolve().parents[2]), inherited.get("PYTHONPATH", "")]
    return {**inherited, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def encode_settings(settings: Settings) -> bytes:
    """One line of JSON, with the secrets in it."""
    found = settings.model_dump(include=_NEEDED)
    found["data_dir"] = settings.data_dir.absolute()
    return json.dumps(found, default=_plain).encode() + b"\n"


def decode_settings(line: bytes) -> Settings:
    """What `encode_settings` was given. Raises ValueError."""
    return Settings(**json.loads(line))


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
