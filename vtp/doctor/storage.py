"""The data folder (there, writable, large and fast enough) and the database (answers, up to date)."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vtp.db import Database
from vtp.db.migrations import SchemaTooNewError, current_revision, pending_revisions
from vtp.db.urls import Dialect
from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.probes import one_line
from vtp.errors import StartupError, Unavailable

SAMPLE_BYTES = 16 * 1024 * 1024
SLOW_BYTES_S = 10_000_000
"""A 1080p class takes 0.6 MB/s; below this several at once, and everybody's, wait for the disk."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder was found to be. `error` is an error number of writing, 0 when it went well."""

    path: Path
    exists: bool
    free: int = 0
    bytes_s: float = 0.0
    error: int = 0
    foreign: bool = False


def try_folder(path: Path) -> Folder:
    """Writes a sample and takes it away again; of a folder that is not there, looks at its nearest parent."""
    path = path.absolute()
    existing = next(one for one in (path, *path.parents) if one.exists())
    free = shutil.disk_usage(existing).free
    if not path.exists():
        refused = not existing.is_dir() or not os.access(existing, os.W_OK)
        return Folder(path, False, free, error=errno.EACCES if refused else 0)
    foreign = os.geteuid() == 0 and path.stat().st_uid != 0
    sample = path / f".doctor.{os.getpid()}"
    size = min(SAMPLE_BYTES, max(free // 4, 4096))
    try:
        begun_s = time.perf_counter()
        with sample.open("wb") as file:
            file.write(os.urandom(1024) * (size // 1024))
            file.flush()
            os.fsync(file.fileno())
        speed = size / (time.perf_counter() - begun_s)
    except OSError as error:
        return Folder(path, True, free, error=error.errno or errno.EIO, foreign=foreign)
    finally:
        sample.unlink(missing_ok=True)
    return Folder(path, True, free, speed, foreign=foreign)


def judge_folder(folder: Folder, min_free: int) -> list[Finding]:
    """`min_free`: with less free no recording starts (recording.min_free_bytes)."""
    shown = f"Data folder {folder.path}"
    if folder.error in (errno.ENOSPC, errno.EDQUOT) or folder.free < min_free:
        return [
            Finding(
                Topic.DISK,
                shown,
                State.WRONG,
                f"{folder.free / 1e6:,.0f} MB are free on its disk, and {min_free / 1e6:,.0f} MB are needed: "
                f"nothing can be "
                "recorded.",
                f"du -sh {folder.path}/recordings/* shows what takes the room; delete recordings, or use "
                f"another disk "
                "with VTP_DATA_DIR",
            )
        ]
    if folder.error == errno.EROFS:
        return [
            Finding(
                Topic.DISK, shown, State.WRONG, "Its disk is read-only.", f"mount -o remount,rw {folder.path}"
            )
        ]
    if folder.error:
        return [
            Finding(
                Topic.DISK,
                shown,
                State.WRONG,
                f"It cannot be written by this user ({os.strerror(folder.error)}).",
                f"chown -R vtp:vtp {folder.path}, or run as the server's user: sudo -u vtp",
            )
        ]
    return [_there(shown, folder), *_speed(folder)]


def _there(shown: str, folder: Folder) -> Finding:
    room = f"{folder.free / 1e9:,.1f} GB are free, about {folder.free / 0.7e9:,.0f} hours of recordings"
    if not folder.exists:
        return Finding(Topic.DISK, shown, State.NOTE, f"It is made at the first start; {room}.")
    if folder.foreign:
        return Finding(
            Topic.DISK,
            shown,
            State.GOOD,
            f"{room}. Root can write in it; whether the server's user can shows when that one runs vtp "
            f"doctor.",
        )
    return Finding(Topic.DISK, shown, State.GOOD, f"It can be written; {room}.")


def _speed(folder: Folder) -> list[Finding]:
    if not folder.exists:
        return []
    shown, speed = "Speed of its disk", f"{folder.bytes_s / 1e6:,.0f} MB/s"
    if folder.bytes_s >= SLOW_BYTES_S:
        return [Finding(Topic.DISK, shown, State.GOOD, f"It takes {speed}.")]
    return [
        Finding(
            Topic.DISK,
            shown,
            State.NOTE,
            f"It takes only {speed}: several recordings at once may be too much for it.",
            "Put VTP_DATA_DIR on a local disk (not on a network share or a memory card)",
        )
    ]


@dataclass(frozen=True, slots=True)
class DatabaseTried:
    """What came of asking; `shown` has no password. `absent`: a file that the first start makes."""

    shown: str
    failure: str = ""
    absent: bool = False
    pending: Sequence[str] = ()
    too_new: str = ""


async def try_database(url: str) -> DatabaseTried:
    """Connects, and reads which revision its schema has; changes nothing and makes no file."""
    try:
        database = Database.connect(url)
    except StartupError as error:
        return DatabaseTried("database.url", str(error))
    shown = str(database.url)
    if database.url.dialect is Dialect.SQLITE and not database.url.file.exists():
        return DatabaseTried(shown, absent=True)
    try:
        async with database.read() as tx:
            revision = await tx.run_sync(current_revision)
        return DatabaseTried(shown, pending=pending_revisions(revision))
    except SchemaTooNewError as error:
        return DatabaseTried(shown, too_new=str(error))
    except Unavailable as error:
        return DatabaseTried(shown, one_line(error.__cause__ or error))
    except OSError as error:
        return DatabaseTried(shown, one_line(error))
    finally:
        await database.close()


def judge_database(tried: DatabaseTried, *, server_runs: bool) -> Finding:
    """The database."""
    shown = f"Database {tried.shown}"
    if tried.absent:
        return Finding(Topic.DISK, shown, State.NOTE, "It is made at the first start.")
    if tried.too_new:
        return Finding(
            Topic.DISK,
            shown,
            State.WRONG,
            tried.too_new,
            "git -C /opt/vtp pull && make -C /opt/vtp build, or restore the backup of before",
        )
    if tried.failure:
        cure = "Correct VTP_DATABASE__URL, or start it: systemctl start postgresql"
        return Finding(Topic.DISK, shown, State.WRONG, f"It cannot be used: {tried.failure}.", cure)
    if tried.pending:
        listed = ", ".join(tried.pending)
        if server_runs:
            return Finding(
                Topic.DISK,
                shown,
                State.WRONG,
                f"The server runs, but revisions {listed} are missing in it.",
                "systemctl restart vtp",
            )
        return Finding(
            Topic.DISK,
            shown,
            State.NOTE,
            f"It answers; revisions {listed} are made at the next start.",
            "Back it up before: docs/operators.md, Backup",
        )
    return Finding(Topic.DISK, shown, State.GOOD, "It answers and is up to date.")
