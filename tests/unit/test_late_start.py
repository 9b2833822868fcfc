"""What a start puts off is not loaded by it, and is whole for whoever asks for it."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vtp.http.tls import make_certificate

START = """
import sys
from vtp.late_start import put_off_what_can_wait
read_authorities = put_off_what_can_wait()
"""
SERVER = """
import vtp.app, vtp.cli.ending, vtp.cli.greeting
late = ("sqlalchemy.orm", "dns", "av", "alembic")
loaded = [name for name in late if name in sys.modules]
assert not loaded, loaded

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from vtp.db.engine import AsyncConnection as ours
assert AsyncConnection is ours and AsyncSession.__name__ == "AsyncSession"
from aioice import Candidate, mdns
assert mdns.is_mdns_hostname(mdns.create_mdns_hostname()) and issubclass(mdns.MDnsProtocol, object)
import aiortc
assert aiortc.RTCPeerConnection.__name__ == "RTCPeerConnection"
"""
TRUST = """
import asyncio, ssl, aiohttp
from aiohttp import web

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    async def hello(request):
        return web.Response(text="hello")
    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"https://localhost:{port}/") as answer:
            print(await answer.text())
    await runner.cleanup()

if sys.argv[3] == "read":
    read_authorities()
    read_authorities()
asyncio.run(main())
"""


def run(code: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables or None)


def test_a_server_loads_what_it_needs_and_the_rest_is_there_for_who_asks() -> None:
    done = run(START + SERVER)
    assert done.returncode == 0, done.stderr


@pytest.mark.drawn(1)
@pytest.mark.parametrize("read", ["read", "not read"])
def test_authorities_that_were_put_off_vouch_for_a_server_and_no_others_do(read: str, tmp_path: Path) -> None:
    """Whether they are read before the first connection or by it."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for file, data in zip(
        (certificate, key), make_certificate(["localhost"], dt.datetime.now(dt.UTC)), strict=True
    ):
        file.write_bytes(data)
    words = (str(certificate), str(key), read)
    trusted = run(START + TRUST, *words, **{**os.environ, "SSL_CERT_FILE": str(certificate)})
    assert trusted.stdout == "hello\n", trusted.stderr
    refused = run(START + TRUST, *words, **os.environ)
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr and refused.stdout == ""
