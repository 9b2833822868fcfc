"""PostgreSQL on another machine: whose certificate is believed, and that the address is heeded."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from tests.postgres import PostgresServer
from vtp.db import Database
from vtp.db.postgresql_tls import with_tls
from vtp.errors import StartupError
from vtp.http.tls import make_certificate

ELSEWHERE = "0.0.0.0"  # leads to this machine, and is no address of a loopback
SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variables and files of libpq's, which would say how."""
    for name in [name for name in os.environ if name.startswith("PGSSL") or name == "PGHOST"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@dataclass
class Between:
    """Who sits between the server and its database: ends the TLS by their own certificate, and hands on."""

    port: int = 0
    certificate: Path = Path()
    shown: list[str] = field(default_factory=list)
    """The serial number of each certificate that was shown to it, if it asks for one."""
    told: list[bytes] = field(default_factory=list)
    """What it has read of each connection that began to talk."""


@asynccontextmanager
async def between(folder: Path, names: list[str], behind: str, *, tls: bool = True) -> AsyncIterator[Between]:
    """Somebody with a certificate for `names`, and behind them the PostgreSQL of a Unix socket."""
    certificate, key = make_certificate(names, dt.datetime.now(dt.UTC))
    made = Between(certificate=folder / "certificate.pem")
    made.certificate.write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, folder / "key.pem")
    context.load_verify_locations(own_certificate(folder))
    context.verify_mode = ssl.CERT_OPTIONAL  # asks for one of who connects

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(8)
            if first == SSL_REQUEST and not tls:
                writer.write(b"N")
                first = await reader.readexactly(8)
            elif first == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
                if shown := writer.get_extra_info("peercert"):
                    made.shown.append(shown["serialNumber"])
                first = await reader.readexactly(8)
            made.told.append(first)
            their_reader, their_writer = await asyncio.open_unix_connection(behind)
            their_writer.write(first)
            await asyncio.gather(_hand_on(reader, their_writer), _hand_on(their_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


def own_certificate(folder: Path) -> Path:
    """Writes one of who connects to `own.pem` and `own.key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vtp")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (folder / "own.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    (folder / "own.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "own.pem"


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def real(postgres: PostgresServer, folder: Path, names: list[str], **more: bool) -> AsyncIterator[Any]:
    """The same before a database of tests; gives them, and what makes the database's address from a query."""
    url = postgres.create_database()
    socket = f"{postgres.folder}/.s.PGSQL.5432"
    async with between(folder, names, socket, **more) as made:
        name = url.partition("?")[0].rpartition("/")[2]

        def address(query: str = "") -> str:
            return f"postgresql://vtp:secret@{ELSEWHERE}:{made.port}/{name}{query}"

        yield made, address
    postgres.drop_database(url)


async def answers(url: str) -> bool:
    """Whether the database answers, encrypted or not."""
    database = Database.connect(url)
    try:
        async with database.read() as tx:
            return bool((await tx.execute(text("SELECT 1"))).scalar_one())
    finally:
        await database.close()


async def test_a_certificate_that_nobody_vouches_for_is_told_nothing(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with real(postgres, tmp_path, [ELSEWHERE]) as (made, address):
        for query in (
            "",
            "?sslmode=verify-full",
            "?ssl=verify-full",
            "?sslrootcert=system",
        ):
            with pytest.raises(StartupError, match=r"certificate does not hold: self.signed .*sslrootcert"):
                await Database.open(address(query))
        assert made.told == []


async def test_an_authority_of_ones_own_is_named_in_the_address(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with real(postgres, tmp_path, [ELSEWHERE]) as (made, address):
        assert await answers(address(f"?sslrootcert={made.certificate}"))
        assert len(made.told) > 0


@pytest.mark.parametrize(
    "query", ["?sslmode=require&", "?ssl=prefer&", "?sslmode=verify-full&sslrootcert={root}&", "?"]
)
async def test_a_certificate_of_ones_own_is_shown(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    async with real(postgres, tmp_path, [ELSEWHERE]) as (made, address):
        if query == "?":
            monkeypatch.setenv("PGSSLROOTCERT", str(made.certificate))
        query = query.format(root=made.certificate)
        assert await answers(address(f"{query}sslcert={tmp_path}/own.pem&sslkey={tmp_path}/own.key"))
        assert len(made.shown) > 0


async def test_a_certificate_of_ones_own_is_shown_on_this_machine_too(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with real(postgres, tmp_path, ["other.example"]) as (made, address):
        query = f"?sslcert={tmp_path}/own.pem&sslkey={tmp_path}/own.key"
        assert await answers(address(query).replace(ELSEWHERE, "127.0.0.1"))
        assert len(made.shown) > 0
        with pytest.raises(StartupError, match=r"IP address mismatch"):  # who names an authority means it
            await Database.open(address(f"?sslrootcert={made.certificate}").replace(ELSEWHERE, "127.0.0.1"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=verify-ca", r"sslmode=verify-ca needs the file of an authority, \?sslrootcert=/path"),
        ("sslmode=verify-ca&sslrootcert=system", r"for any name: write sslmode=verify-full"),
        ("sslmode=require&sslrootcert=system", r"for any name: write sslmode=verify-full"),
        ("sslmode=prefer&sslrootcert=/ca.pem", r"checks no certificate, but .* sslrootcert"),
        ("sslmode=disable&sslcert=/c.pem&sslkey=/k.pem", r"checks no certificate, but .* sslcert, sslkey"),
        ("sslmode=verify", r"sslmode=verify is none of disable, .*verify-full"),
    ],
)
async def test_what_would_protect_less_than_it_says_is_refused(query: str, said: str) -> None:
    for host in ("db.example", "localhost"):
        with pytest.raises(StartupError, match=said):
            await Database.open(f"postgresql://vtp@{host}/vtp?{query}")


async def test_a_certificate_for_another_name_is_told_nothing(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with real(postgres, tmp_path, ["other.example"]) as (made, address):
        root = f"sslrootcert={made.certificate}"
        with pytest.raises(
            StartupError, match=r"IP address mismatch.*name that it is for.*sslmode=verify-ca"
        ):
            await Database.open(address(f"?{root}"))
        assert made.told == []
        assert await answers(address(f"?sslmode=verify-ca&{root}"))


@pytest.mark.parametrize("query", ["?sslmode=prefer", "?ssl=prefer", "?sslmode=require", "?ssl=require"])
async def test_an_address_that_asks_for_no_certificate_is_heeded(
    postgres: PostgresServer, tmp_path: Path, query: str
) -> None:
    async with real(postgres, tmp_path, ["other.example"]) as (_, address):
        assert await answers(address(query))


async def test_who_speaks_no_tls_is_told_nothing_unless_the_address_says_so(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with real(postgres, tmp_path, [ELSEWHERE], tls=False) as (made, address):
        for query in ("", "?sslmode=require"):
            with pytest.raises(StartupError, match=r"speaks no TLS .*sslmode=disable"):
                await Database.open(address(query))
        assert made.told == []
        for query in ("?sslmode=disable", "?sslmode=prefer"):
            assert await answers(address(query))


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"no-such-file\.pem cannot be read"):
        await Database.open(f"postgresql://vtp@db.example/vtp?sslrootcert={tmp_path}/no-such-file.pem")


HERE: list[Any] = ["localhost", "127.0.0.1", "::1", "/run/postgresql", ["/run/a", "localhost"], None]
THERE: list[Any] = ["db", "db.example", "10.0.0.1", "2001:db8::1", ["localhost", "db"], "localhost,db"]


@pytest.mark.parametrize("host", HERE)
def test_on_this_machine_all_is_as_the_driver_has_it(host: object) -> None:
    assert with_tls({"host": host, "user": "vtp"}) == {"host": host, "user": "vtp"}


@pytest.mark.parametrize("host", THERE)
def test_on_another_machine_the_name_is_checked(host: object) -> None:
    context = with_tls({"host": host})["ssl"]
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def test_the_environment_is_heeded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    say: Callable[[str, str], None] = monkeypatch.setenv
    say("PGSSLMODE", "prefer")
    assert with_tls({"host": "db"})["ssl"] == "prefer"
    assert with_tls({"host": "db", "sslmode": "disable"})["ssl"] == "disable"
    monkeypatch.delenv("PGSSLMODE")
    say("PGSSLROOTCERT", str(tmp_path / "root.pem"))
    assert with_tls({"host": "db"})["ssl"] == "verify-full"  # and the driver takes the file
    monkeypatch.delenv("PGSSLROOTCERT")
    say("PGHOST", "db.example")
    assert with_tls({})["ssl"].check_hostname
    assert "ssl" not in with_tls({"host": "localhost"})


def test_the_system_is_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "system")
    assert with_tls({"host": "db"})["ssl"].check_hostname
    with pytest.raises(ConnectionError, match=r"any name"):
        with_tls({"host": "db", "sslmode": "require"})
    assert "ssl" not in with_tls({"host": "localhost"})


def test_the_driver_makes_what_a_file_is_named_for(tmp_path: Path) -> None:
    certificate, _ = make_certificate(["db"], dt.datetime.now(dt.UTC))
    root = tmp_path / "root & more.pem"
    root.write_bytes(certificate)
    made = with_tls({"host": "db", "sslmode": "verify_full", "sslrootcert": str(root)})
    assert made["ssl"] == "verify-full" and "root+%26+more.pem" in made["dsn"]


def test_versions_and_lists_of_what_was_revoked_are_heeded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSSLMINPROTOCOLVERSION", "TLSv1.3")
    assert with_tls({"host": "db"})["ssl"].minimum_version is ssl.TLSVersion.TLSv1_3
    monkeypatch.setenv("PGSSLMINPROTOCOLVERSION", "1.3")
    with pytest.raises(ConnectionError, match=r"PGSSLMINPROTOCOLVERSION=1\.3 is no version of TLS"):
        with_tls({"host": "db"})
    monkeypatch.delenv("PGSSLMINPROTOCOLVERSION")
    monkeypatch.setenv("PGSSLCRL", str(tmp_path / "none.crl"))
    with pytest.raises(ConnectionError, match=r"none\.crl cannot be read"):
        with_tls({"host": "db"})


def test_a_key_with_a_password_asks_nobody(tmp_path: Path) -> None:
    certificate, key = make_certificate(["vtp"], dt.datetime.now(dt.UTC))
    (tmp_path / "certificate.pem").write_bytes(certificate)
    private = serialization.load_pem_private_key(key, None)
    locked = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "key.pem").write_bytes(locked)
    files = {"sslcert": str(tmp_path / "certificate.pem"), "sslkey": str(tmp_path / "key.pem")}
    for host in ("db", "localhost"):
        with pytest.raises(ConnectionError, match=r"key\.pem cannot be read"):
            with_tls({"host": host, **files})
