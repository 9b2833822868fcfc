"""Pebble, Let's Encrypt's own ACME server for tests, as a process; and a name server that it asks."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from scripts.build_pebble import PACKAGE, VERSION
from tests.free_ports import free_ports
from vtp.bench.go_program import built
from vtp.http.tls import make_certificate

START_LIMIT_S = 30.0


def why_not() -> str:
    """Why there is no Pebble; empty when there is."""
    return "" if built(PACKAGE, VERSION) else "Pebble is not built: `python -m scripts.build_pebble` says why"


@dataclass
class Pebble:
    """A running one; it validates names at `http_port` and `tls_port`, and forgets all when it ends."""

    folder: Path
    http_port: int
    tls_port: int
    port: int
    management_port: int
    names: set[str] = field(default_factory=set)
    """The names that lead to this machine; others do not exist."""
    resolves: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at first; while it is not, names are answered later: nothing is validated meanwhile."""
    process: asyncio.subprocess.Process | None = None

    @property
    def directory(self) -> str:
        return f"https://localhost:{self.port}/dir"

    @property
    def ca_file(self) -> Path:
        """What its own HTTPS is trusted by."""
        return self.folder / "pebble.pem"

    @property
    def log(self) -> str:
        return (self.folder / "pebble.log").read_text()

    async def manage(self, method: str, path: str, **options: Any) -> bytes:
        """A call to its management interface."""
        trust = ssl.create_default_context(cafile=self.ca_file)
        url = f"https://localhost:{self.management_port}{path}"
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
            session.request(method, url, **options) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def trust(self) -> ssl.SSLContext:
        """Trusts what this Pebble has issued, as a browser trusts an authority."""
        root = await self.manage("GET", "/roots/0")
        return ssl.create_default_context(cadata=root.decode())


def _certify(folder: Path) -> None:
    certificate, key = make_certificate(["localhost", "127.0.0.1"], dt.datetime.now(dt.UTC))
    (folder / "pebble.pem").write_bytes(certificate)
    (folder / "pebble.key").write_bytes(key)


def place_pebble(folder: Path, *names: str) -> Pebble:
    """Chooses its ports; nothing runs yet."""
    folder.mkdir(exist_ok=True)
    _certify(folder)
    http_port, tls_port, port, management_port = free_ports(4)
    placed = Pebble(folder, http_port, tls_port, port, management_port, set(names))
    placed.resolves.set()
    return placed


@asynccontextmanager
async def running(
    pebble: Pebble, *, environment: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> AsyncIterator[Pebble]:
    """Runs it until the context ends; `options` go into its configuration."""
    config = pebble.folder / "pebble.json"
    config.write_text(json.dumps({"pebble": _configuration(pebble) | dict(options or {})}))
    program = built(PACKAGE, VERSION)
    assert program is not None
    async with _name_server(pebble) as resolver:
        with (pebble.folder / "pebble.log").open("wb") as log:
            pebble.process = await asyncio.create_subprocess_exec(
                program,
                "-config",
                config,
                "-dnsserver",
                resolver,
                stdout=log,
                stderr=log,
                env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0", **(environment or {})},
            )
        try:
            await _answering(pebble)
            yield pebble
        finally:
            if pebble.process.returncode is None:
                pebble.process.kill()
            await pebble.process.wait()


def _configuration(pebble: Pebble) -> dict[str, Any]:
    return {
        "listenAddress": f"127.0.0.1:{pebble.port}",
        "managementListenAddress": f"127.0.0.1:{pebble.management_port}",
        "certificate": str(pebble.ca_file),
        "privateKey": str(pebble.folder / "pebble.key"),
        "httpPort": pebble.http_port,
        "tlsPort": pebble.tls_port,
        "keyAlgorithm": "ecdsa",
    }


async def _answering(pebble: Pebble) -> None:
    assert pebble.process is not None
    async with asyncio.timeout(START_LIMIT_S):
        while True:
            assert pebble.process.returncode is None, pebble.log
            try:
                for port in (pebble.port, pebble.management_port):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    await writer.wait_closed()
                return
            except OSError:
                await asyncio.sleep(0.02)


def _resolve(names: set[str], wire: bytes) -> bytes:
    """Says that the names are this machine, by IPv4, and that there are no others."""
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    question = query.question[0]
    if question.name.to_text(omit_final_dot=True).lower() not in names:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype == dns.rdatatype.A:
        found = dns.rrset.from_text(question.name, 0, dns.rdataclass.IN, dns.rdatatype.A, "127.0.0.1")
        reply.answer.append(found)
    return reply.to_wire()


@asynccontextmanager
async def _name_server(pebble: Pebble) -> AsyncIterator[str]:
    """Over TCP, as Pebble asks."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2))
            query = await reader.readexactly(size)
            await pebble.resolves.wait()
            reply = _resolve(pebble.names, query)
            writer.write(len(reply).to_bytes(2) + reply)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
