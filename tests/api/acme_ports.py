"""The two ports of a server whose certificate is kept by ACME, and nothing else of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509

from tests.pebble import Pebble
from vtp.http.acme.challenges import Challenges, answer_challenges
from vtp.http.acme.folder import AcmeFolder, OrderState
from vtp.http.acme.keeper import CertificateKeeper
from vtp.http.acme.wish import CHALLENGES, CertificateWish
from vtp.http.tls import ServerTls, ensure_self_made

NAME = "school.example"


@dataclass
class Ports:
    """What a test looks at."""

    folder: AcmeFolder
    tls: ServerTls
    challenges: Challenges
    tls_port: int

    def keeper(self, wish: CertificateWish) -> CertificateKeeper:
        """One as after a start of the server; its jitter is at its middle."""
        return CertificateKeeper(wish, self.folder, self.tls, self.challenges, chance=lambda: 0.5)

    @property
    def state(self) -> OrderState:
        return self.folder.read_state()

    async def shown(self, trust: ssl.SSLContext | None = None, name: str = NAME) -> x509.Certificate:
        """The certificate that a visitor is given; raises SSLError when `trust` does not trust it."""
        return await shown_at(self.tls_port, trust, name)


async def shown_at(port: int, trust: ssl.SSLContext | None = None, name: str = NAME) -> x509.Certificate:
    """The certificate at a TLS port of loopback; without `trust` any is taken."""
    if trust is None:
        trust = ssl.create_default_context()
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    trust.set_alpn_protocols(["http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return x509.load_der_x509_certificate(der)


def wish_for(
    pebble: Pebble,
    names: Sequence[str] = (NAME,),
    challenges: Sequence[str] = CHALLENGES,
    eab: tuple[str, str] | None = None,
) -> CertificateWish:
    """What is asked of this Pebble."""
    return CertificateWish(
        pebble.directory, tuple(names), tuple(challenges), "it@school.example", str(pebble.ca_file), eab
    )


@asynccontextmanager
async def open_ports(data_dir: Path, http_port: int, tls_port: int) -> AsyncIterator[Ports]:
    """Serves the challenges and nothing else on both ports."""
    tls = ServerTls(ensure_self_made(data_dir / "tls", [NAME], dt.datetime.now(dt.UTC)))
    challenges = Challenges(tls.context)
    chain: list[Any] = [answer_challenges(challenges.tokens)]
    runner = web.AppRunner(web.Application(middlewares=chain))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", http_port).start()
        await web.TCPSite(runner, "127.0.0.1", tls_port, ssl_context=tls.context).start()
        yield Ports(AcmeFolder(data_dir / "acme"), tls, challenges, tls_port)
    finally:
        await runner.cleanup()
