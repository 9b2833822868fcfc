"""What SQLite has committed comes to the disk before anybody is told: once for all who wait at a moment.

SQLite's own `synchronous = FULL` waits for the disk amid each commit, and the next writer waits for that.
Decision 0130.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class Durability:
    """Syncs the write-ahead log of one database file, in a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._log = file.with_name(f"{file.name}-wal")
        self._inode = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._turns: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "vtp-db-sync")

    async def wait(self) -> None:
        """Returns once all that was committed before the call is on the disk. Raises OSError when the disk
        says that it is not: it is committed all the same, and may be lost when the power fails."""
        synced = asyncio.get_running_loop().create_future()
        self._waiting.append(synced)
        if self._turns is None:
            self._turns = asyncio.create_task(self._sync_for_all())
        await synced

    async def close(self) -> None:
        """Waits for the sync on its way."""
        if self._turns is not None:
            await self._turns
        self._thread.shutdown(wait=False)

    async def _sync_for_all(self) -> None:
        """Who comes during a sync waits for the next: it may have begun before their commit."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                failed: OSError | None = None
                try:
                    await loop.run_in_executor(self._thread, self._sync)
                except OSError as error:
                    failed = error
                for one in waiting:
                    if one.done():  # cancelled
                        continue
                    if failed is None:
                        one.set_result(None)
                    else:
                        one.set_exception(failed)
        finally:
            self._turns = None

    def _sync(self) -> None:
        """Without a log there is nothing in it: who closed the file's last connection has brought it all into
        the database, and synced that."""
        try:
            log = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            os.fdatasync(log)
            inode = os.fstat(log).st_ino
        finally:
            os.close(log)
        if inode != self._inode:  # made anew: its name has to be there, too
            _sync_folder(self._log.parent)
            self._inode = inode


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
