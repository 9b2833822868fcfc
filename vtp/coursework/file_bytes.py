"""Where the bytes of files of courses lie: on this machine first, in the object store once there is one.

Both have a file under the same key. What is read comes from here while it is here, else from the store, in
pieces. Decision 0127.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from vtp.coursework.file_store import StoredFile, key_of
from vtp.errors import Gone, Unavailable
from vtp.recording.part_files import read_from_disk, read_range
from vtp.storage import RemoteStore, Store, StoreAway

logger = logging.getLogger(__name__)

FIRST_BYTES: Final = 256 << 10
"""What somebody waits for before a download begins; pieces grow from there."""
PIECE_BYTES: Final = 4 << 20
"""Of what comes from the store, at most."""
_LIMIT_S: Final = 60.0
T = TypeVar("T")


Read = Callable[[int, int], Awaitable[bytes]]
"""Bytes from an offset on, so many. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that can be read now. `path`: where there is no other place; else it may leave this machine."""

    file: StoredFile
    path: Path | None
    within: Callable[[int, int], Read]
    """How bytes from a start to an end are read; no others are fetched."""

    @property
    def size(self) -> int:
        """In bytes."""
        return self.file.size_bytes

    @property
    def etag(self) -> str:
        """Of what is in it, not of the place: it is the same when the place changes."""
        return f'"{self.file.sha256[:32]}"'


class FileBytes:
    """`remote` is None without an object store. `instance_id`: of this data folder."""

    def __init__(self, store: Store, remote: RemoteStore | None = None, instance_id: str = "") -> None:
        self.store = store
        self.remote = remote
        self.instance_id = instance_id

    @property
    def here(self) -> str | None:
        """What rows say of files that arrive here; without an object store there is one place, unnamed."""
        return self.instance_id if self.remote is not None else None

    def path(self, file_id: str) -> Path | None:
        """Where a file lies on this machine; None: it does not."""
        path = self.store.path(key_of(file_id))
        return path if path.is_file() else None

    def whole_path(self, file: StoredFile) -> Path | None:
        """The same of all of it: a part is no file, and hides nothing that an object store has."""
        path = self.path(file.id)
        try:
            return path if path is not None and path.stat().st_size == file.size_bytes else None
        except FileNotFoundError:
            return None

    async def sound_path(self, file: StoredFile) -> Path | None:
        """The same of what is to be copied: where a store may have it whole, its bytes are looked at."""
        path = self.whole_path(file)
        if path is None or self.remote is None or file.stored_url is None or not file.sha256:
            return path
        try:
            return path if await asyncio.to_thread(_digest, path) == file.sha256 else None
        except OSError:
            return None

    async def receive(self, file_id: str, pieces: AsyncIterator[bytes]) -> None:
        """Takes a file in; on the disk, whatever happens to the machine, when this returns. Raises OSError
        of the disk, and what `pieces` raises, and then there is nothing of it."""
        key = key_of(file_id)
        await self.store.receive(key, pieces)
        await asyncio.to_thread(self.store.sync, key)

    async def send(self, file_id: str) -> None:
        """Has the store hold a file that is here. Raises StoreAway, OSError."""
        remote, path = self._remote(), self.store.path(key_of(file_id))
        put = await remote.put_file(key_of(file_id), path)
        found = await remote.find(key_of(file_id))
        if found is None or found.size != put.size:
            raise StoreAway(f"The object store {remote.url} took a file and does not have it.")

    async def is_stored(self, file: StoredFile) -> bool:
        """Whether the store has all of it. Raises StoreAway."""
        found = await self._remote().find(file.key)
        return found is not None and found.size == file.size_bytes

    async def open(self, file: StoredFile) -> OpenFile:
        """To be read from wherever it is by then. Raises Gone for what is lost, Unavailable while it cannot
        be had."""
        if (path := self.whole_path(file)) is not None:
            return OpenFile(file, path if self.remote is None else None, self._within(file))
        if self.remote is None and file.stored_at is None:
            raise Gone("This file is not in the store any more.", code="file_lost")
        if self.remote is None or file.stored_url not in (None, self.remote.url):
            raise Unavailable(
                "This file lies in another object store than this server has: tell an administrator.",
                code="storage_away",
            )
        with telling():
            stored = await self.is_stored(file)
        if stored:
            return OpenFile(file, None, self._within(file))
        if file.stored_at is None and file.instance_id not in (None, self.instance_id):
            raise Unavailable(
                "This file is on another server still, on its way to the store: try again in a moment.",
                code="storage_away",
            )
        raise Gone("This file is not in the store any more.", code="file_lost")

    async def read(self, file: StoredFile, offset: int, size: int, *, stored: bool = False) -> bytes:
        """Some bytes; `stored`: whatever is here. Raises Unavailable."""
        path = None if stored else self.whole_path(file)
        try:
            if path is not None:
                return await read_range(path, offset, size)
        except FileNotFoundError:
            pass
        if self.remote is None:
            raise Unavailable("The file was deleted meanwhile.", code="file_lost")
        with telling():
            try:
                return await self.remote.read(file.key, offset, size)
            except OSError as error:
                raise Unavailable("The object store has less of this file.", code="file_lost") from error

    def pieces(self, file: StoredFile, *, stored: bool = False) -> Callable[[], Generator[bytes, None, None]]:
        """All of it, for threads other than the event loop's. What is here the thread reads by itself: who
        waits in a thread for another of the same pool may wait for ever. `stored`: out of the object store,
        whatever is here. Raises Unavailable, OSError."""
        loop = asyncio.get_running_loop()

        def read() -> Generator[bytes, None, None]:
            for offset in range(0, file.size_bytes, PIECE_BYTES):
                size = min(PIECE_BYTES, file.size_bytes - offset)
                path, data = None if stored else self.whole_path(file), None
                if path is not None:
                    with suppress(FileNotFoundError):
                        data = read_from_disk(path, offset, size)
                if data is None:
                    data = _wait_for(self.read(file, offset, size, stored=stored), loop)
                yield data

        return read

    async def copy(self, file: StoredFile, new_id: str) -> bool:
        """Has the store hold a file once more; False: it has none. Raises Unavailable."""
        with telling():
            try:
                await self._remote().copy(file.key, key_of(new_id))
            except FileNotFoundError:
                return False
        return True

    async def remove_here(self, file_id: str) -> None:
        """Deletes what is on this machine."""
        await self.store.remove(key_of(file_id))

    async def remove_stored(self, file_id: str) -> None:
        """Deletes what is in the store. Raises Unavailable."""
        await self._remote().remove(key_of(file_id))

    def _within(self, file: StoredFile) -> Callable[[int, int], Read]:
        return lambda start, end: _Reader(self, file, start, end).read

    def _remote(self) -> RemoteStore:
        assert self.remote is not None
        return self.remote


class _Reader:
    """Gives small pieces of larger ones, which grow: the first bytes come soon, and many in few requests."""

    def __init__(self, lies: FileBytes, file: StoredFile, start: int, end: int) -> None:
        self._lies = lies
        self._file = file
        self._end = end
        self._start = start
        self._data = b""
        self._piece = FIRST_BYTES

    async def read(self, offset: int, size: int) -> bytes:
        """See `Read`."""
        if self._lies.whole_path(self._file) is not None:
            return await self._lies.read(self._file, offset, size)
        if not self._start <= offset <= offset + size <= self._start + len(self._data):
            most = max(min(self._piece, self._end - offset), size)
            self._data = await self._lies.read(self._file, offset, most)
            self._start = offset
            self._piece = min(self._piece * 2, PIECE_BYTES)
        return self._data[offset - self._start : offset - self._start + size]


@contextmanager
def telling() -> Iterator[None]:
    """Tells people why something has to wait; the store's address and words are for the log."""
    try:
        yield
    except StoreAway as error:
        logger.info("Somebody has to wait for the object store: %s %s", error.detail, error.said)
        raise Unavailable(
            "This file lies in an object store that cannot be reached now: try again in a moment.",
            retry_after_s=error.retry_after_s,
            code=error.code,
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wait_for(coming: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Has the event loop do something for this thread."""
    try:
        found = asyncio.run_coroutine_threadsafe(coming, loop)
    except RuntimeError as error:  # it has ended
        coming.close()
        raise Unavailable("The server is about to end; try again in a moment.") from error
    try:
        return found.result(_LIMIT_S)
    except TimeoutError as error:
        found.cancel()
        raise Unavailable("The object store is too slow: try again in a moment.") from error
