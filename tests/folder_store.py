"""An object store that is a folder, by obstore too: what it was asked for is counted, and it can be away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore, S3Store

from tests.free_ports import free_ports
from vtp.settings import StorageSettings
from vtp.storage import RemoteStore
from vtp.storage.remote import Client
from vtp.storage_address import parse_storage_address

URL = "s3://school/vtp"
SETTINGS = StorageSettings(url=URL)


class CountedStore(LocalStore):
    """Says what it was asked for."""

    asked: list[tuple[str, str]]

    async def get_async(self, path: str, **options: Any) -> Any:
        self.asked.append(("whole", path))
        return await super().get_async(path, **options)

    async def get_range_async(self, path: str, **options: Any) -> Any:
        self.asked.append(("range", path))
        return await super().get_range_async(path, **options)

    async def put_async(self, path: str, file: Any, **options: Any) -> Any:
        self.asked.append(("put", path))
        return await super().put_async(path, file, **options)


class FolderClients:
    """`puts_left` is after how many objects more it goes away by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str]] = []
        self.away = False
        self.puts_left = 1 << 30
        self._here = CountedStore(folder, mkdir=True, automatic_cleanup=True)
        self._here.asked = self.asked
        [port] = free_ports(1)  # nobody listens there
        self._nowhere = S3Store(
            "school",
            config={
                "endpoint": f"http://127.0.0.1:{port}",
                "region": "us-east-1",
                "access_key_id": "key",
                "secret_access_key": "secret",
            },
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def current(self) -> Client:
        is_away = self.away or len(self.puts()) >= self.puts_left
        return self._nowhere if is_away else self._here

    def says_missing(self, error: FileNotFoundError) -> bool:
        return True

    def puts(self) -> list[str]:
        return [path for what, path in self.asked if what == "put"]

    def objects(self, recording_id: str) -> dict[str, bytes]:
        """Those of a recording, by the names that its files have."""
        root = self.folder / recording_id
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }


@contextmanager
def folder_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderClients]:
    """What servers and job processes of this process take for the bucket of `SETTINGS`."""
    clients = FolderClients(folder)
    remote = RemoteStore(parse_storage_address(URL), clients)
    with monkeypatch.context() as patched:
        patched.setattr(RemoteStore, "open", lambda settings: remote)
        yield clients
