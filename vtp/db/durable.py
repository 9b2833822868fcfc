"""What SQLite has committed comes to the disk before anybody is told: once for all who wait at a moment.

SQLite's own `synchronous = FULL` waits for the disk amid each commit, and the next writer waits for that.
Decision 0130.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

FOLD_LIMIT_S = 5.0  # how long readers and writers are waited for when the log has to be given up


class Durability:
    """Syncs the write-ahead log of one database file, in a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = _Log(file.with_name(f"{file.name}-wal"))
        self._is_refused = False
        self._is_closed = False
        self._waiting: list[asyncio.Future[None]] = []
        self._turns: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something is committed that is not known to be on the disk."""
        return self._turns is not None

    async def wait(self) -> None:
        """Returns once all that was committed before the call is on the disk. Raises OSError when the disk
        says that it is not: it is committed all the same, and may be lost when the power fails."""
        synced = asyncio.get_running_loop().create_future()
        self._waiting.append(synced)
        if self._turns is None:
            self._turns = asyncio.create_task(self._sync_for_all())
        await synced

    async def close(self) -> None:
        """Waits for the sync on its way. Who commits later is served all the same."""
        self._is_closed = True
        if self._turns is not None:
            await asyncio.wait([self._turns])  # goes on when who closes is cancelled
        else:
            self._let_go()

    async def _sync_for_all(self) -> None:
        """Who comes during a sync waits for the next: it may have begun before their commit."""
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.Future[None]] = []
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                failed: Exception | None = None
                if self._thread is None:
                    self._thread = ThreadPoolExecutor(1, "vtp-db-sync")
                try:
                    await loop.run_in_executor(self._thread, self._sync)
                except Exception as error:  # noqa: BLE001  it is theirs who wait
                    failed = error
                _tell(waiting, failed)
        except asyncio.CancelledError:  # the loop ends
            _tell([*waiting, *self._waiting], OSError(errno.ECANCELED, os.strerror(errno.ECANCELED)))
            self._waiting = []
            raise
        finally:
            self._turns = None
            if self._is_closed:
                self._let_go()

    def _let_go(self) -> None:
        if self._thread is not None:
            self._thread.submit(self._log.close)
            self._thread.shutdown(wait=False)
            self._thread = None

    def _sync(self) -> None:
        """After a refusal the system takes what it could not write for written, and says so to whoever asks
        again; and SQLite reads a log up to the first gap only. So that log is given up."""
        if self._is_refused:
            _fold(self._file)
            self._is_refused = False
            return
        try:
            self._log.sync()
        except OSError:
            self._is_refused = True
            raise


class _Log:
    """A write-ahead log, kept open: its number is nobody else's for so long, and no fault of it is missed.

    Who commits after the database was closed begins a thread anew while the one before may still close the
    log: one at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def sync(self) -> None:
        """Without a log there is nothing in it: who closed the file's last connection has brought it all into
        the database, and synced that. Raises OSError."""
        with self._lock:
            try:
                if not self._is_current():
                    self._forget()
                    self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                    _sync_folder(self._path.parent)  # made anew: its name has to be there, too
            except FileNotFoundError:
                self._forget()
            else:
                assert self._descriptor is not None
                os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Forgets it. Waits for the sync on its way."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _is_current(self) -> bool:
        found = self._path.stat()
        return self._descriptor is not None and os.path.samestat(found, os.fstat(self._descriptor))


def _tell(waiting: list[asyncio.Future[None]], failed: Exception | None) -> None:
    for one in waiting:
        if one.done():  # cancelled
            continue
        if failed is None:
            one.set_result(None)
        else:
            one.set_exception(failed)


def _fold(file: Path) -> None:
    """Brings the whole log into the database, on the disk, and empties it. Raises OSError."""
    try:
        connection = sqlite3.connect(file, timeout=FOLD_LIMIT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error)) from error
    if is_busy:
        raise OSError(errno.EBUSY, "The log of the database is in use")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
