"""The journal of an SQLite file: write-ahead logging, which is a property of the file and stays with it."""

import asyncio
import sqlite3
import time
from pathlib import Path

_RETRY_S = 0.02


async def keep_ahead(file: Path, patience_s: float) -> None:
    """Turns write-ahead logging on where it is not yet, so that readers and the writer never wait.

    SQLite needs the file for itself for that and does not call its busy handler, so whoever starts beside
    another server asks again. Raises sqlite3.Error when the file cannot be used, or is busy for longer than
    `patience_s`.
    """
    give_up_s = time.monotonic() + patience_s
    while True:
        try:
            await asyncio.to_thread(_turn_on, file)
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_s:
                raise
        await asyncio.sleep(_RETRY_S)


def _turn_on(file: Path) -> None:
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        connection.close()


def _is_busy(error: sqlite3.Error) -> bool:
    """Somebody else has the file: the primary result code is SQLITE_BUSY (sqlite.org/rescode.html)."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
