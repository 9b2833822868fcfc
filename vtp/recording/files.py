"""Where the bytes of recordings are read from: this machine while they are here, else the object store.

A recording's folder and its part of the store have the same shape, so that a file has one name in both.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from vtp.recording.index import INDEX_NAME
from vtp.recording.manifest import MANIFEST_NAME, read_manifest
from vtp.storage import FileCache, RemoteStore, Store

OpenFile = Callable[[str], BinaryIO]


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
        return (self.directory(recording_id) / MANIFEST_NAME).exists()

    async def path(self, recording_id: str, name: str) -> Path:
        """A file of it on this machine, fetched if need be. Raises Unavailable, and OSError."""
        key = f"{recording_id}/{name}"
        path = self.store.path(key)
        if self._remote is None or self._cache is None or path.exists():
            return path
        remote = self._remote
        return await self._cache.get(key, lambda target: remote.fetch(key, target))

    async def catalogue(self, recording_id: str) -> Path:
        """A folder with its manifest and its indexes at least. Raises as `path`, and ValueError."""
        if self._cache is None or self.is_here(recording_id):
            return self.directory(recording_id)
        folder = (await self.path(recording_id, MANIFEST_NAME)).parent
        for track in read_manifest(folder).tracks:
            await self.path(recording_id, f"{track}/{INDEX_NAME}")
        return folder

    def opener(self, recording_id: str) -> OpenFile:
        """What opens its files by name, for threads; of the store one file at a time is in memory."""
        remote = self._remote

        def open_file(name: str) -> BinaryIO:
            path = self.store.path(f"{recording_id}/{name}")
            if remote is None or path.exists():
                return path.open("rb")
            return io.BytesIO(remote.read_now(f"{recording_id}/{name}"))

        return open_file

    async def made(self, recording_id: str, name: str, make: Callable[[Path], None]) -> Path:
        """A file that is made of it at the first call, beside its bytes or in the cache."""
        path = self.directory(recording_id) / name
        if self._cache is None or self.is_here(recording_id):
            if not path.exists():
                await asyncio.to_thread(make, path)
            return path
        return await self._cache.get(f"{recording_id}/{name}", lambda target: asyncio.to_thread(make, target))

    async def delete(self, recording_id: str) -> None:
        """Deletes it everywhere. Raises Unavailable while the object store is away; then it is still here."""
        if self._remote is not None:
            await self._remote.delete(recording_id)
        if self._cache is not None:
            self._cache.forget(recording_id)
        await self.store.delete(recording_id)
