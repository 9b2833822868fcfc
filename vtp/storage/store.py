"""The local folder of recordings and pictures: keys such as `<recording>/video/seg-00001.m4s` over obstore.

Everything is written here first. With an object store (`remote`) recordings that have ended go on to there.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, GenericError
from obstore.store import LocalStore

from vtp.atomic_files import DRAFTS_LAST_S, remove_old
from vtp.errors import StartupError

PIECE_BYTES = 1 << 20  # what is received is written in these
_DRAFT = re.compile(r".+#[0-9]+")
"""What obstore calls a file while it writes it; it lists none of them."""


class Store:
    """Files below one root, by key. Keys are made by us; one that leaves the root raises ValueError."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = LocalStore(root, automatic_cleanup=True, mkdir=True)

    @classmethod
    def open(cls, url: str) -> Store:
        """Opens the store at `url`; raises StartupError with a sentence when it cannot be used."""
        parts = urlsplit(url)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            raise StartupError(
                f"The setting storage.url is {url}, which is no folder of this machine: write "
                "file:///path/to/folder, or leave it empty."
            )
        root = Path(unquote(parts.path))
        try:
            root.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise StartupError(
                f"The folder of recordings {root} cannot be made ({os.strerror(error.errno or errno.EIO)}): "
                "make it, or set storage.url to another one."
            ) from error
        return cls(root)

    def path(self, key: str) -> Path:
        """Where the bytes of `key` lie on this machine."""
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()) or path == self.root.resolve():
            raise ValueError(f"The key {key!r} does not name anything in the store")
        return path

    async def put(self, key: str, data: bytes) -> None:
        """Writes one object, in one step. Raises OSError of the disk."""
        self.path(key)
        try:
            await self._objects.put_async(key, data)
        except GenericError as error:
            raise _of_disk(error) from error

    async def receive(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Writes one object as it comes, in one step: where `pieces` raises, or this is cancelled, there is
        nothing of it. A few pieces of PIECE_BYTES are in memory. Raises OSError of the disk.
        """
        self.path(key)
        try:
            await self._objects.put_async(
                key, pieces, use_multipart=True, chunk_size=PIECE_BYTES, max_concurrency=2
            )
        except GenericError as error:
            raise _of_disk(error) from error

    def sync(self, *keys: str) -> None:
        """Objects, and that they are where they are, whatever happens to the machine; each folder once. For
        threads. Raises OSError of the disk."""
        paths, root = [self.path(key) for key in keys], self.root.resolve()
        folders = {folder for path in paths for folder in path.parents if folder.is_relative_to(root)}
        for one in (*paths, *sorted(folders, reverse=True)):
            descriptor = os.open(one, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    async def get(self, key: str) -> bytes | None:
        """Reads one object; None when there is none."""
        self.path(key)
        try:
            return bytes(await (await self._objects.get_async(key)).bytes_async())
        except FileNotFoundError:
            return None

    async def remove(self, key: str) -> None:
        """Deletes one object, if it is there. Raises OSError of the disk."""
        self.path(key)
        try:
            with contextlib.suppress(FileNotFoundError):
                await self._objects.delete_async(key)
        except BaseError as error:
            raise OSError(errno.EIO, str(error)) from error

    async def link(self, key: str, other: str) -> bool:
        """Has the bytes of `key` at `other`, too, which outlive it; where the file system has no links they
        are copied. False where there is no `key`. Raises OSError of the disk.
        """
        return await asyncio.to_thread(_link, self.path(key), self.path(other))

    async def size(self, prefix: str) -> int:
        """Bytes of everything below a prefix."""
        return sum([item["size"] async for batch in self._objects.list(prefix=prefix) for item in batch])

    async def delete(self, prefix: str) -> int:
        """Deletes everything below a prefix, and the folders that become empty; gives how many objects."""
        self.path(prefix)
        paths = [item["path"] async for batch in self._objects.list(prefix=prefix) for item in batch]
        if paths:
            await self._objects.delete_async(paths)
        await asyncio.to_thread(remove_old, self._drafts(prefix), 0.0)
        return len(paths)

    async def remove_drafts(self, prefix: str) -> int:
        """Deletes what a killed process left of objects that it was putting; gives how many."""
        return await asyncio.to_thread(remove_old, self._drafts(prefix), DRAFTS_LAST_S)

    def _drafts(self, prefix: str) -> Iterator[Path]:
        return (one for one in self.path(prefix).rglob("*") if _DRAFT.fullmatch(one.name))


def _of_disk(error: GenericError) -> OSError:
    return OSError(errno.ENOSPC if "No space left" in str(error) else errno.EIO, str(error))


def _link(source: Path, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        return False
    except OSError:  # none here, or too many of this file
        draft = target.with_name(f"{target.name}#0")
        try:
            shutil.copyfile(source, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return True
