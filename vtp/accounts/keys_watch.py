"""Signing keys that another process has renewed: read again when their file was replaced."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from vtp.accounts.keyring import FILE, open_keyring
from vtp.accounts.tokens import Tokens
from vtp.errors import StartupError

LOOK_EVERY_S = 1.0
logger = logging.getLogger(__name__)

Mark = tuple[int, int, int]


class KeysWatch:
    """Looks every second: no longer are tokens refused that another process signs with a new key."""

    def __init__(self, tokens: Tokens, folder: Path) -> None:
        self._tokens = tokens
        self._folder = folder
        self._mark: Mark | None = None

    async def run(self) -> None:
        """For ever. The keys in use stay while the file cannot be read."""
        self._mark = await asyncio.to_thread(_mark_of, self._folder / FILE)
        await self._read()  # it may have been replaced since the start read it
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            mark = await asyncio.to_thread(_mark_of, self._folder / FILE)
            if mark not in (None, self._mark):
                self._mark = mark
                await self._read()

    async def _read(self) -> None:
        try:
            self._tokens.use(await asyncio.to_thread(open_keyring, self._folder, datetime.now(UTC)))
        except StartupError as error:
            logger.warning("The signing keys stay as they are: %s", error)


def _mark_of(file: Path) -> Mark | None:
    """What changes when a file is replaced."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
