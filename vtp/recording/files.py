"""Where the bytes of recordings are read from: this machine while they are here, else the object store.

A recording's folder and its part of the store have the same shape, so that a file has one name in both, such
as `video/seg-00001.m4s`. What comes from the store lies in a bounded cache, whole files of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from vtp.errors import NotFound, Unavailable
from vtp.recording.downloads import chosen_tracks
from vtp.recording.index import INDEX_NAME, TrackIndex
from vtp.recording.manifest import MANIFEST_NAME, read_manifest
from vtp.recording.mp4_file import Mp4File
from vtp.recording.part_files import read_range
from vtp.recording.recovery import load_tracks
from vtp.recording.sample_table import TABLE_NAME, Find
from vtp.recording.thumbnail_picture import ReadNow
from vtp.storage import FileCache, RemoteStore, Store, StoreAway

logger = logging.getLogger(__name__)

AHEAD_BYTES = 1 << 20  # of an MP4 that is being sent
DISK_RETRY_S = 60.0
FIND_LIMIT_S = 60.0
T = TypeVar("T")
_CATALOGUE = (MANIFEST_NAME, INDEX_NAME)


class RecordingFiles:
    """`remote` and `cache` come together, or not at all."""

    def __init__(
        self, store: Store, remote: RemoteStore | None = None, cache: FileCache | None = None
    ) -> None:
        self.store = store
        self._remote = remote
        self._cache = cache

    @property
    def remote_url(self) -> str:
        """The object store; empty when there is none."""
        return self._remote.url if self._remote else ""

    def directory(self, recording_id: str) -> Path:
        """Its folder on this machine, whether it is there or not."""
        return self.store.path(recording_id)

    def is_here(self, recording_id: str) -> bool:
        """Whether its bytes are on this machine."""
        return self._remote is None or (self.directory(recording_id) / MANIFEST_NAME).exists()

    async def path(self, recording_id: str, name: str) -> Path:
        """A file of it on this machine, fetched if need be. Raises Unavailable, FileNotFoundError."""
        key = f"{recording_id}/{name}"
        path = self.store.path(key)
        if self._remote is None or self._cache is None or path.exists():
            return path
        with _telling():
            return await self._cache.get(key, partial(self._remote.fetch, key))

    async def read(self, recording_id: str, name: str, offset: int, size: int) -> bytes:
        """Some bytes of a file; of the store no others are asked for. Raises as `path`, OSError for fewer."""
        key = f"{recording_id}/{name}"
        path = self.store.path(key)
        if self._remote is not None and self._cache is not None and not path.exists():
            cached = self._cache.find(key)
            if cached is None:
                with _telling():
                    return await self._remote.read(key, offset, size)
            path = cached
        return await read_range(path, offset, size)

    @asynccontextmanager
    async def catalogue(self, recording_id: str) -> AsyncIterator[Path]:
        """A folder with everything of it but its segments, as long as the context lasts. Of participants'
        tracks those that the store does not have are left out: they are being erased.

        Raises as `path`, and ValueError.
        """
        if self._cache is None or self.is_here(recording_id):
            yield self.directory(recording_id)
            return
        cache = self._cache
        with ExitStack() as stack:

            async def bring(names: Iterable[str]) -> Sequence[Path]:
                wanted = list(names)
                for name in wanted:
                    stack.enter_context(cache.hold(f"{recording_id}/{name}"))
                return await asyncio.gather(*(self.path(recording_id, name) for name in wanted))

            [path] = await bring([MANIFEST_NAME])
            manifest = read_manifest(path.parent)
            await bring(f"{track}/{INDEX_NAME}" for track in manifest.tracks)
            tracks = await asyncio.to_thread(load_tracks, path.parent, manifest.tracks)
            await bring(sections_of(tracks))

            async def bring_person(track: str) -> None:
                with suppress(FileNotFoundError):
                    await bring([f"{track}/{INDEX_NAME}"])
                    await bring(sections_of(await asyncio.to_thread(load_tracks, path.parent, [track])))

            await asyncio.gather(*(bring_person(one.track) for one in manifest.people))
            for track in chosen_tracks(tracks):
                with suppress(FileNotFoundError):  # it is made anew where it is needed
                    await bring([f"{track}/{TABLE_NAME}"])
            yield path.parent

    def finder(self, recording_id: str) -> Find:
        """`path` for threads other than the event loop's."""
        loop = asyncio.get_running_loop()

        def find(name: str) -> Path:
            here = self.store.path(f"{recording_id}/{name}")
            if self._cache is None or here.exists():
                return here
            return _wait_for(self.path(recording_id, name), loop)

        return find

    def reader(self, recording_id: str) -> ReadNow:
        """`read` for threads other than the event loop's."""
        loop = asyncio.get_running_loop()

        def read(name: str, offset: int, size: int) -> bytes:
            return _wait_for(self.read(recording_id, name, offset, size), loop)

        return read

    async def made(self, recording_id: str, name: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """A file that can be made of a recording's others in the store: from there, else from the cache, into
        which it is made. Raises as `path`, and what `make` raises.
        """
        assert self._remote is not None and self._cache is not None
        key, remote = f"{recording_id}/{name}", self._remote

        async def bring(target: Path) -> None:
            try:
                await remote.fetch(key, target)
            except FileNotFoundError:
                data = await make()
                await asyncio.to_thread(target.write_bytes, data)

        with _telling():
            path = await self._cache.get(key, bring)
        return await asyncio.to_thread(path.read_bytes)

    async def read_mp4(self, recording_id: str, file: Mp4File, start: int, size: int) -> bytes:
        """Some bytes of a computed MP4, and the next segments are on their way then.

        Raises as `path`, OSError or ValueError when its segments are not what they were.
        """
        if start + size <= len(file.head):
            return file.read(start, size)
        if self.is_here(recording_id):
            try:
                return await asyncio.to_thread(file.read, start, size)
            except FileNotFoundError:
                if self.is_here(recording_id):
                    raise  # else it has just gone on to the store
        self._fetch_ahead(recording_id, file.segments(start + size, AHEAD_BYTES))
        names = file.segments(start, size)
        paths = await asyncio.gather(*(self.path(recording_id, name) for name in names))
        return await asyncio.to_thread(file.read, start, size, dict(zip(names, paths, strict=True)))

    def forget(self, recording_id: str) -> None:
        """Has its catalogue fetched anew: there may be more in the store than there was."""
        if self._cache is not None:
            self._cache.forget_all(recording_id, _CATALOGUE)

    def cached(self) -> list[str]:
        """The recordings of which something from the store is kept here."""
        return sorted(self._cache.folders()) if self._cache is not None else []

    def drop_cached(self, recording_id: str) -> None:
        """Keeps nothing here that came from the store."""
        if self._cache is not None:
            self._cache.forget(recording_id)

    def forget_track(self, recording_id: str, track: str) -> None:
        """Keeps nothing of a track that has been deleted."""
        if self._cache is not None:
            self._cache.forget(f"{recording_id}/{track}")

    async def delete(self, recording_id: str) -> None:
        """Deletes it everywhere. Raises Unavailable while the object store is away; then it is still here."""
        if self._remote is not None:
            with _telling():
                await self._remote.delete(recording_id)
        self.drop_cached(recording_id)
        await self.store.delete(recording_id)

    def _fetch_ahead(self, recording_id: str, names: Iterable[str]) -> None:
        if self._remote is None or self._cache is None:
            return
        for key in (f"{recording_id}/{name}" for name in names):
            self._cache.begin(key, partial(self._remote.fetch, key))


def sections_of(tracks: dict[str, TrackIndex]) -> list[str]:
    """The files of all initialization sections."""
    return [f"{track}/{line.uri}" for track, index in tracks.items() for line in index.maps]


def files_missing() -> NotFound:
    """For what is neither here nor in the store."""
    return NotFound("The files of this recording are missing.", code="files_missing")


def _wait_for(coming: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Has the event loop do something for this thread. Raises what that raises, Unavailable when it ends."""
    try:
        found = asyncio.run_coroutine_threadsafe(coming, loop)
    except RuntimeError as error:  # it has ended
        coming.close()
        raise _about_to_end() from error
    try:
        return found.result(FIND_LIMIT_S)
    except (TimeoutError, CancelledError) as error:
        found.cancel()
        raise _about_to_end() from error


def _about_to_end() -> Unavailable:
    return Unavailable("The server is about to end; try again in a moment.")


@contextmanager
def _telling() -> Iterator[None]:
    """Tells people why something has to wait; the store's address and words are for the log."""
    try:
        yield
    except StoreAway as error:
        logger.info("Somebody has to wait for the object store: %s %s", error.detail, error.said)
        raise Unavailable(
            "This recording lies in an object store that cannot be reached now: try again in a moment.",
            retry_after_s=error.retry_after_s,
            code=error.code,
        ) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        logger.warning("Nothing can be fetched from the object store: %s", error)
        raise Unavailable(
            "The server's disk takes no more, so that nothing can be fetched from the object store: "
            "free some space, then try again.",
            retry_after_s=DISK_RETRY_S,
            code="disk_full",
        ) from error
