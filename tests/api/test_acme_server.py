"""A whole server that gets its certificate from Pebble: what people notice of it, and a restart."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.api.acme_ports import NAME, shown_at
from tests.pebble import Pebble, place_pebble, running, why_not
from vtp.app import Server, start_server
from vtp.cli.greeting import greeting
from vtp.settings import HttpSettings, MediaSettings, Settings

LIMIT_S = 60.0
URL = f"https://{NAME}"


@pytest.fixture
async def pebble(tmp_path: Path) -> AsyncIterator[Pebble]:
    if reason := why_not():
        pytest.skip(reason)
    async with running(place_pebble(tmp_path / "pebble", NAME)) as started:
        yield started


@pytest.fixture
def data_dir(tmp_path: Path, migrated_sqlite: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder / "vtp.sqlite3")
    return folder


@asynccontextmanager
async def serving(data_dir: Path, pebble: Pebble) -> AsyncIterator[Server]:
    http = HttpSettings(
        host="127.0.0.1",
        port=pebble.http_port,
        tls="acme",
        tls_port=pebble.tls_port,
        public_url=URL,
        acme_agree=True,
        acme_directory=pebble.directory,
        acme_ca_file=str(pebble.ca_file),
    )
    media = MediaSettings(host="127.0.0.1", udp_port=0)
    server = await start_server(Settings(data_dir=data_dir, http=http, media=media))
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def visitor(pebble: Pebble, trust: ssl.SSLContext | None) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody whose name server knows the name; without `trust` one who takes any certificate."""

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
            return [
                {"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}
            ]

        async def close(self) -> None:
            pass

    connector = aiohttp.TCPConnector(resolver=Resolver(), ssl=trust if trust is not None else False)
    async with aiohttp.ClientSession(f"{URL}:{pebble.tls_port}", connector=connector) as session:
        yield session


async def numbers(pebble: Pebble) -> dict[str, float]:
    """The metrics of TLS and ACME."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{pebble.http_port}/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    wanted = [line.split() for line in lines if line.startswith(("vtp_tls_", "vtp_acme_"))]
    return {name: float(value) for name, value in wanted}


async def certified(server: Server) -> None:
    """Returns when the certificate of the authority serves."""
    tls = server.tls
    assert tls is not None
    await until(lambda: tls.lasting)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not happened():  # noqa: ASYNC110 - nothing in a server announces it
            await asyncio.sleep(0.02)


async def test_a_new_server_serves_at_once_and_is_trusted_without_a_restart(
    pebble: Pebble, data_dir: Path
) -> None:
    pebble.resolves.clear()
    async with serving(data_dir, pebble) as server:
        assert "is ordered. Until it is here, browsers warn" in greeting(server)
        async with visitor(pebble, None) as early:
            async with early.get("/health") as answer:
                assert "Strict-Transport-Security" not in answer.headers
            assert (await numbers(pebble))["vtp_tls_certificate_self_made"] == 1
            pebble.resolves.set()
            await certified(server)
            async with early.get("/health") as answer:  # the connection from before
                assert answer.status == 200
        async with visitor(pebble, await pebble.trust()) as late, late.get("/health") as answer:
            assert "max-age" in answer.headers["Strict-Transport-Security"]
        found = await numbers(pebble)
        assert found["vtp_acme_orders_total"] == 1 and found["vtp_acme_failures_total"] == 0
        assert found["vtp_tls_certificate_self_made"] == 0
        certificate = await shown_at(pebble.tls_port)
        expires = found["vtp_tls_certificate_expires_timestamp_seconds"]
        assert expires == certificate.not_valid_after_utc.timestamp()
    async with serving(data_dir, pebble):
        assert await shown_at(pebble.tls_port, await pebble.trust()) == certificate
        assert (await numbers(pebble))["vtp_acme_orders_total"] == 0


async def test_a_server_that_ends_amid_an_order_ends_at_once_and_orders_again(
    pebble: Pebble, data_dir: Path
) -> None:
    pebble.resolves.clear()
    async with serving(data_dir, pebble) as server:
        assert server.tls is not None
        context = server.tls.context
        await until(lambda: context.sni_callback is not None)  # a proof is shown
    pebble.resolves.set()
    async with serving(data_dir, pebble) as server:
        await certified(server)
        await shown_at(pebble.tls_port, await pebble.trust())
