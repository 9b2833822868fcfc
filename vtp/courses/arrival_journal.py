"""Which recordings are on their way into this folder, and who brings them: for who clears up after a kill.

Each has an empty file in the folder of arrivals from before its first byte until its row is there, or nothing
of it. Who brings some holds a lock meanwhile (flock(2)), which ends with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vtp.ids import is_id, new_id


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An entry of somebody who is no more."""

    recording_id: str
    path: Path


class ArrivalJournal:
    """One for who brings recordings into `folder`. Every method belongs in a thread, and raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = new_id()
        self._guard = threading.Lock()
        self._open: set[str] = set()
        self._descriptor: int | None = None

    def begin(self, recording_id: str) -> None:
        """One comes."""
        with self._guard:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            if self._descriptor is None:
                self._descriptor = _held(self._lock_of(self._token))
            self._open.add(recording_id)
            self._entry(recording_id).touch(mode=0o640)

    def end(self, ids: Collection[str]) -> None:
        """Of these rows are there, or nothing at all."""
        with self._guard:
            for one in self._open.intersection(ids):
                self._entry(one).unlink(missing_ok=True)
                self._open.discard(one)
            if not self._open and self._descriptor is not None:
                self._lock_of(self._token).unlink(missing_ok=True)
                os.close(self._descriptor)
                self._descriptor = None

    def left(self) -> list[LeftBehind]:
        """Entries of those who hold their lock no more; theirs are deleted by `forget`."""
        found, alive = [], {}
        with suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                _, recording_id, token, *more = [*path.name.split("."), "", ""]
                if not (is_id(recording_id) and is_id(token)) or any(more):
                    continue
                if token not in alive:
                    alive[token] = _is_held(self._lock_of(token))
                if not alive[token]:
                    found.append(LeftBehind(recording_id, path))
        return found

    def forget(self, entry: LeftBehind) -> None:
        """It is cleared up after."""
        entry.path.unlink(missing_ok=True)
        token = entry.path.name.rpartition(".")[2]
        if not any(self._folder.glob(f".*.{token}")):
            self._lock_of(token).unlink(missing_ok=True)

    def _entry(self, recording_id: str) -> Path:
        return self._folder / f".{recording_id}.{self._token}"

    def _lock_of(self, token: str) -> Path:
        return self._folder / f".{token}"


def _held(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # who looks whether it is held does so for microseconds
    return descriptor


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
