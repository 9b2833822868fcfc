"""The ciphers that TLS and DTLS take here, by handshakes with real clients (OWASP ASVS 5.0, V12.1, V17.2)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from OpenSSL import SSL

from vtp.http.client import ClientResolver
from vtp.http.metrics import HttpMetrics
from vtp.http.middleware import put_headers, trace
from vtp.http.security import BrowserGuard
from vtp.http.tls import ServerTls, ensure_self_made
from vtp.media.certificates import Certificates
from vtp.media.dtls import SRTP_PROFILES
from vtp.media.system_openssl import CIPHERS, load_library

NOW = dt.datetime.now(dt.UTC)


async def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Version and cipher that the two agree on. Raises ssl.SSLError, ConnectionError."""
    listening = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=server)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="localhost")
        chosen = writer.get_extra_info("cipher")
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()
    return chosen[1], chosen[0]


def client_of(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_tls_prefers_1_3_and_takes_1_2_with_forward_secret_authenticated_ciphers_only(
    tmp_path: Path,
) -> None:
    files = ensure_self_made(tmp_path, ["localhost"], NOW)
    server = ServerTls(files).context
    assert (await handshake(server, client_of(files.certificate)))[0] == "TLSv1.3"
    older = client_of(files.certificate)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher = await handshake(server, older)
    assert version == "TLSv1.2" and cipher.startswith("ECDHE-") and ("GCM" in cipher or "CHACHA20" in cipher)


@pytest.mark.parametrize(
    ("ciphers", "version"),
    [
        ("ECDHE-ECDSA-AES128-SHA256", ssl.TLSVersion.TLSv1_2),
        ("ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2),
        ("DEFAULT:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_older_tls_and_ciphers_without_authentication_are_refused(
    tmp_path: Path, ciphers: str, version: ssl.TLSVersion
) -> None:
    files = ensure_self_made(tmp_path, ["localhost"], NOW)
    older = client_of(files.certificate)
    older.minimum_version = older.maximum_version = version
    older.set_ciphers(ciphers)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(ServerTls(files).context, older)


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_that_browsers_trust_comes_with_hsts_for_a_year(trusted: bool) -> None:
    middlewares: list[Any] = [trace(ClientResolver(["127.0.0.1"]), HttpMetrics())]
    application = web.Application(middlewares=middlewares)
    application.on_response_prepare.append(put_headers(BrowserGuard([]), lasting_tls=lambda: trusted))
    async with TestClient(TestServer(application)) as client:
        by_tls = await client.get("/", headers={"X-Forwarded-Proto": "https"})
        in_clear = await client.get("/")
    hsts = by_tls.headers.get("Strict-Transport-Security")
    assert hsts == ("max-age=31536000; includeSubDomains" if trusted else None)
    assert "Strict-Transport-Security" not in in_clear.headers


def dtls_handshake(ciphers: bytes) -> str:
    """The cipher that our side, as server, takes of these. Raises SSL.Error."""
    certificate = Certificates().current()
    server = SSL.Connection(certificate._create_ssl_context(list(SRTP_PROFILES)))
    server.set_accept_state()
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_verify(SSL.VERIFY_NONE, lambda *ignored: True)
    context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
    context.use_certificate(certificate._cert)
    context.use_privatekey(certificate._key)
    context.set_cipher_list(ciphers)
    client = SSL.Connection(context)
    client.set_connect_state()
    for one in (server, client):
        one.set_ciphertext_mtu(1200)
    for _ in range(20):
        for one, other in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                while data := one.bio_read(4096):
                    other.bio_write(data)
        if name := client.get_cipher_name():
            return name
    raise AssertionError("no end of the handshake")


@pytest.mark.parametrize(
    "cipher",
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"],
)
def test_dtls_takes_forward_secret_authenticated_ciphers(cipher: str) -> None:
    assert dtls_handshake(cipher.encode()) == cipher


@pytest.mark.parametrize(
    "cipher", [b"ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", b"ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"]
)
def test_dtls_takes_no_cipher_with_cbc_and_sha_1(cipher: bytes) -> None:
    with pytest.raises(SSL.Error):
        dtls_handshake(cipher)


def test_the_systems_openssl_knows_the_ciphers_that_we_name_as_client() -> None:
    library = load_library()
    if library is None:
        pytest.skip("this system has no libssl 3")
    context = library.SSL_CTX_new(library.DTLS_method())
    assert library.SSL_CTX_set_cipher_list(context, CIPHERS) == 1
    assert library.SSL_CTX_set_cipher_list(context, b"NO-SUCH-CIPHER") == 0
    library.SSL_CTX_free(context)
