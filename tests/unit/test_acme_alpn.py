"""TLS-ALPN-01 on a running context: who validates sees the proof, visitors never do."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from cryptography import x509

from vtp.http.acme.alpn import ACME_IDENTIFIER, PROTOCOL, AlpnDoor, make_proof, offered_protocols
from vtp.http.tls import ServerTls, ensure_self_made

NOW = dt.datetime.now(dt.UTC)
NAME = "school.example"
KEY_AUTHORIZATION = "token.thumbprint"


@pytest.fixture
def tls(tmp_path: Path) -> ServerTls:
    return ServerTls(ensure_self_made(tmp_path, ["visitors.example"], NOW))


@asynccontextmanager
async def serving(tls: ServerTls) -> AsyncIterator[int]:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shown(port: int, protocols: list[str], name: str = NAME) -> tuple[str | None, x509.Certificate]:
    """The protocol and the certificate that a client which offers these gets; the connection works."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    connection = writer.get_extra_info("ssl_object")
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.close()
    return connection.selected_alpn_protocol(), x509.load_der_x509_certificate(connection.getpeercert(True))


def names_of(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


async def check_door(tls: ServerTls) -> None:
    door = AlpnDoor(tls.context)
    door.open(NAME, make_proof(NAME, KEY_AUTHORIZATION, NOW))
    async with serving(tls) as port:
        protocol, proof = await shown(port, [PROTOCOL])
        assert (protocol, names_of(proof)) == (PROTOCOL, [NAME])
        for offered in (["http/1.1"], ["h2", "http/1.1"], ["http/1.1", PROTOCOL]):
            protocol, certificate = await shown(port, offered)
            assert (protocol, names_of(certificate)) == ("http/1.1", ["visitors.example"])
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await shown(port, [PROTOCOL], "other.example")
        door.close(NAME)
        protocol, certificate = await shown(port, [PROTOCOL])
        assert (protocol, names_of(certificate)) == (None, ["visitors.example"])


async def test_only_who_offers_the_protocol_of_acme_alone_sees_the_proof(tls: ServerTls) -> None:
    await check_door(tls)


def test_so_it_is_on_the_event_loop_of_the_server_too(tls: ServerTls) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check_door(tls))


async def test_a_certificate_that_arrives_meanwhile_is_shown_to_visitors(
    tls: ServerTls, tmp_path: Path
) -> None:
    door = AlpnDoor(tls.context)
    door.open(NAME, make_proof(NAME, KEY_AUTHORIZATION, NOW))
    async with serving(tls) as port:
        tls.serve(ensure_self_made(tmp_path / "new", ["new.example"], NOW))
        assert names_of((await shown(port, ["http/1.1"]))[1]) == ["new.example"]
        assert names_of((await shown(port, [PROTOCOL]))[1]) == [NAME]


async def test_the_proof_is_as_rfc_8737_has_it(tls: ServerTls) -> None:
    AlpnDoor(tls.context).open(NAME, make_proof(NAME, KEY_AUTHORIZATION, NOW))
    async with serving(tls) as port:
        _, proof = await shown(port, [PROTOCOL])
    extension = proof.extensions.get_extension_for_oid(x509.ObjectIdentifier(ACME_IDENTIFIER))
    assert extension.critical
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    digest = hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()
    assert extension.value.value == b"\x04\x20" + digest  # an OCTET STRING of 32 bytes


def client_hello(protocols: list[str]) -> bytes:
    """What Python's client sends first, without the record's header."""
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()[5:]


@pytest.mark.parametrize("protocols", [[], [PROTOCOL], ["h2", "http/1.1"]])
def test_offered_protocols_are_read(protocols: list[str]) -> None:
    assert offered_protocols(client_hello(protocols)) == protocols


def test_a_first_message_cut_anywhere_is_a_value_error_or_offers_nothing() -> None:
    whole = client_hello([PROTOCOL])
    for size in range(len(whole)):
        try:
            assert offered_protocols(whole[:size]) == []
        except ValueError:
            continue


async def test_what_is_no_tls_does_no_harm_while_a_proof_is_shown(tls: ServerTls) -> None:
    AlpnDoor(tls.context).open(NAME, make_proof(NAME, KEY_AUTHORIZATION, NOW))
    async with serving(tls) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.read()
        writer.close()
        assert names_of((await shown(port, [PROTOCOL]))[1]) == [NAME]
