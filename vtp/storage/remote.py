"""A bucket of an object store: files go in and come out by key, in pieces that fit into memory."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from vtp.errors import Unavailable
from vtp.storage.clients import Clients
from vtp.storage_address import StorageAddress, parse_storage_address

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

    from vtp.settings import StorageSettings

Client: TypeAlias = "S3Store | AzureStore | GCSStore | LocalStore"

RETRY_AFTER_S = 15.0
LIMIT_S = 20.0  # how long somebody waits for a store that is silent
PIECE_BYTES = 4 << 20  # a file is read and written in these
CONCURRENT_PIECES = 2
_REFUSED = ("UnauthenticatedError", "PermissionDeniedError")
_NOT_ALLOWED = ("status code: 401", "status code: 403", "access key")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})</Message>")


class StoreAway(Unavailable):
    """The object store does not answer, or does not let us in; nothing is lost, and it may be tried again."""

    def __init__(self, detail: str, said: str = "") -> None:
        super().__init__(detail, retry_after_s=RETRY_AFTER_S, code="storage_away")
        self.said = said
        """The store's own words, for who looks after it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object. `etag` is without quotes; empty when the store told none."""

    size: int
    etag: str


class ClientSource(Protocol):
    """Where a store takes its client from, before each use."""

    def current(self) -> Client:
        """The one to use now."""

    def says_missing(self, error: FileNotFoundError) -> bool:
        """Whether it is the object that is not there, and nothing else."""


@dataclass(frozen=True, slots=True)
class _Piece:
    data: bytes
    changed_s: float


class RemoteStore:
    """Keys are made by us. All methods raise StoreAway; those that read, FileNotFoundError too."""

    def __init__(self, address: StorageAddress, clients: ClientSource) -> None:
        self.address = address
        self._clients = clients

    @classmethod
    def open(cls, settings: StorageSettings) -> RemoteStore:
        """Reads files, so it belongs in a thread. Raises StartupError with a sentence."""
        address = parse_storage_address(settings.url)
        return cls(address, Clients(address, settings))

    @property
    def url(self) -> str:
        """How rows name it."""
        return str(self.address)

    async def check(self) -> None:
        """Asks whether the bucket is there for us."""
        with self._telling():
            async with asyncio.timeout(LIMIT_S):
                async for _ in self._clients.current().list(chunk_size=1):
                    return

    async def is_there(self) -> bool:
        """Whether it answers us at all: where it did not do something, that may be one object's matter."""
        try:
            await self.check()
        except StoreAway:
            return False
        return True

    async def put_file(self, key: str, path: Path) -> Stored:
        """Writes a file in one step: whoever reads finds all of it or nothing. Raises OSError of the disk."""
        size = path.stat().st_size
        with self._telling(missing=False):
            put = await self._clients.current().put_async(
                key,
                path,
                use_multipart=size > PIECE_BYTES * 4,
                chunk_size=PIECE_BYTES * 2,
                max_concurrency=CONCURRENT_PIECES,
            )
        return Stored(size, _bare(put["e_tag"]))

    async def listing(self, prefix: str) -> dict[str, Stored]:
        """What is below a prefix."""
        found: dict[str, Stored] = {}
        with self._telling(missing=False):
            async for batch in self._clients.current().list(prefix=prefix, chunk_size=1000):
                found |= {item["path"]: Stored(item["size"], _bare(item["e_tag"])) for item in batch}
        return found

    async def find(self, key: str) -> Stored | None:
        """One object that is not empty; None: the store says that it has none."""
        try:
            with self._telling():
                async with asyncio.timeout(LIMIT_S):  # a HEAD could not tell why there is none
                    got = await self._clients.current().get_async(key, options={"range": (0, 1)})
                    await got.bytes_async()
        except FileNotFoundError:
            return None
        return Stored(got.meta["size"], _bare(got.meta["e_tag"]))

    async def copy(self, key: str, other: str) -> None:
        """Has an object there once more, by the store itself."""
        with self._telling():
            await self._clients.current().copy_async(key, other)

    async def remove(self, key: str) -> None:
        """Deletes one object, if it is there."""
        try:
            with self._telling():
                async with asyncio.timeout(LIMIT_S):
                    await self._clients.current().delete_async(key)
        except FileNotFoundError:
            return
        except StoreAway as error:  # Azure's answers to batches do not say what it is that is not there
            if not isinstance(error.__cause__, FileNotFoundError) or await self.find(key) is not None:
                raise

    async def fetch(self, key: str, target: Path) -> None:
        """Copies an object into a file, which is there once it is whole and has the object's time."""
        draft = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
        try:
            with draft.open("xb") as file:
                async for piece in self._pieces(key):
                    await asyncio.to_thread(file.write, piece.data)
            os.utime(draft, (piece.changed_s, piece.changed_s))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    async def get(self, key: str) -> bytes:
        """All of a small object."""
        return b"".join([piece.data async for piece in self._pieces(key)])

    async def _pieces(self, key: str) -> AsyncIterator[_Piece]:
        """An object's bytes; each piece is asked for when the one before is used up."""
        offset, size = 0, 1
        while offset < size:
            with self._telling():
                async with asyncio.timeout(LIMIT_S):
                    got = await self._clients.current().get_async(
                        key, options={"range": (offset, offset + PIECE_BYTES)}
                    )
                    data = bytes(await got.bytes_async())
            size = got.meta["size"]
            offset += len(data)
            yield _Piece(data, got.meta["last_modified"].timestamp())

    async def read(self, key: str, offset: int, size: int) -> bytes:
        """Some bytes of an object. Raises OSError when it ends before them."""
        with self._telling():
            async with asyncio.timeout(LIMIT_S):
                data = bytes(await self._clients.current().get_range_async(key, start=offset, length=size))
        if len(data) < size:
            raise OSError(f"{key} is shorter than its index says")
        return data

    async def delete(self, prefix: str) -> int:
        """Deletes everything below a prefix; gives how many objects."""
        keys = list(await self.listing(prefix))
        with self._telling(missing=False):
            if keys:
                await self._clients.current().delete_async(keys)
        return len(keys)

    @contextmanager
    def _telling(self, *, missing: bool = True) -> Iterator[None]:
        """`missing`: an object that is not there is told as FileNotFoundError; else it is the bucket."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            if missing and self._clients.says_missing(error):
                raise FileNotFoundError(f"{self.address} does not have this object") from error
            raise self._away(error) from error
        except (BaseError, TimeoutError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> StoreAway:
        said = _MESSAGE.search(str(error))
        return StoreAway(self._sentence(error), said[1] if said else "")

    def _sentence(self, error: Exception) -> str:
        if _says(error, _NO_BUCKET):
            return f"There is no bucket at {self.address}: make it."
        if type(error).__name__ in _REFUSED or _says(error, _NOT_ALLOWED):
            return f"The object store refuses our credentials for {self.address}."
        return f"The object store {self.address} does not answer as it should."


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    text = str(error)
    return any(word in text for word in words)


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')
