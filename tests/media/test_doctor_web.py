"""`vtp doctor` at https addresses: TLS servers with all kinds of certificates, a proxy in the way."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web as http
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.serving import serving
from vtp.doctor.certificate import judge_certificate, read_certificate
from vtp.doctor.finding import Finding, State
from vtp.doctor.web import judge_web, try_web


@asynccontextmanager
async def tls_server(
    folder: Path, *, name: str = "localhost", days: float = 60, own_ca: bool = True
) -> AsyncIterator[str]:
    """A TLS server for `name`; its certificate ends in `days`, signed by ca.pem or itself."""
    now = dt.datetime.now(dt.UTC)
    authority = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1()) if own_ca else authority
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) if own_ca else issuer

    def signed(
        of: x509.Name, public: ec.EllipticCurvePublicKey, until: dt.datetime, *extensions: x509.ExtensionType
    ) -> bytes:
        builder = x509.CertificateBuilder(issuer, of, public, x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=90)).not_valid_after(until)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root = x509.BasicConstraints(ca=True, path_length=None)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    (folder / "ca.pem").write_bytes(
        signed(issuer, authority.public_key(), now + dt.timedelta(days=900), root)
    )
    (folder / "one.pem").write_bytes(
        signed(subject, key.public_key(), now + dt.timedelta(days=days), names)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "one.pem")

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def judged(url: str, ca: Path | None = None, *, self_made: bool = False) -> Finding:
    served = await read_certificate(url, str(ca) if ca else None)
    return judge_certificate(url, served, dt.datetime.now(dt.UTC), self_made=self_made)


async def test_a_certificate_of_a_known_authority_is_good(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as url:
        assert (await judged(url, tmp_path / "ca.pem")).state is State.GOOD


async def test_an_expired_certificate_is_wrong(tmp_path: Path) -> None:
    async with tls_server(tmp_path, days=-1) as url:
        found = await judged(url, tmp_path / "ca.pem")
        assert (found.state, "ran out" in found.meaning) == (State.WRONG, True)


async def test_a_certificate_for_another_name_is_wrong(tmp_path: Path) -> None:
    async with tls_server(tmp_path, name="other.example") as url:
        found = await judged(url, tmp_path / "ca.pem")
        assert (found.state, "other.example" in found.meaning) == (State.WRONG, True)


async def test_a_certificate_of_an_unknown_authority_is_wrong(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as url:
        found = await judged(url)
        assert (found.state, "authority" in found.meaning) == (State.WRONG, True)


async def test_a_self_made_certificate_is_a_note_where_it_is_wanted(tmp_path: Path) -> None:
    async with tls_server(tmp_path, own_ca=False) as url:
        assert (await judged(url, self_made=True)).state is State.NOTE
        assert (await judged(url)).state is State.WRONG


async def test_a_running_server_answers_and_takes_websockets(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as server:
        found = judge_web(await try_web(server.base_url))
        assert [one.state for one in found] == [State.GOOD, State.GOOD]


async def test_a_proxy_that_lets_no_websocket_through_is_found(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as server:
        import aiohttp

        async def forward(request: http.Request) -> http.StreamResponse:
            if "Upgrade" in request.headers:
                return http.Response(status=400)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{server.base_url}{request.path_qs}") as answer,
            ):
                return http.Response(
                    status=answer.status, body=await answer.read(), content_type=answer.content_type
                )

        app = http.Application()
        app.router.add_get("/{rest:.*}", forward)
        runner = http.AppRunner(app)
        await runner.setup()
        site = http.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            found = judge_web(await try_web(f"http://{host}:{port}"))[1]
        finally:
            await runner.cleanup()
        assert found.state is State.NOTE
        assert "status 400" in found.meaning


async def test_nothing_at_the_address_is_wrong() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = judge_web(await try_web(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert [one.state for one in found] == [State.WRONG]
