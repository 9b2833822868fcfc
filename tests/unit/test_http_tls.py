"""TLS: the certificate made here, and the operator's files renewed under a running server."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from vtp.errors import StartupError
from vtp.http.tls import ServerTls, TlsFiles, ensure_self_made, make_certificate, open_tls, own_names
from vtp.settings import HttpSettings, Settings

NOW = dt.datetime.now(dt.UTC)
NAMES = ["localhost", "127.0.0.1", "::1", "school.example"]


def write_pair(folder: Path, name: str = "school.example") -> TlsFiles:
    certificate, key = make_certificate([name], NOW)
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    return TlsFiles(folder / "cert.pem", folder / "key.pem", self_made=False)


def settings_for(files: TlsFiles, data_dir: Path) -> Settings:
    http = HttpSettings(tls="files", tls_cert=str(files.certificate), tls_key=str(files.key))
    return Settings(data_dir=data_dir, http=http)


async def served_names(tls: ServerTls) -> list[str]:
    """The names in the certificate that a new connection is given."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return names.value.get_values_for_type(x509.DNSName)


def test_self_made_certificate_names_hosts_and_addresses() -> None:
    certificate = x509.load_pem_x509_certificate(make_certificate(NAMES, NOW)[0])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "school.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_self_made_certificate_is_one_that_apple_devices_accept() -> None:
    certificate = x509.load_pem_x509_certificate(make_certificate(NAMES, NOW)[0])
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= dt.timedelta(days=825)


def test_self_made_certificate_stays_over_restarts(tmp_path: Path) -> None:
    first = ensure_self_made(tmp_path / "tls", NAMES, NOW).certificate.read_bytes()
    again = ensure_self_made(tmp_path / "tls", [*NAMES, "10.9.9.9"], NOW + dt.timedelta(days=300))
    assert again.certificate.read_bytes() == first


def test_self_made_certificate_is_made_again_before_it_expires(tmp_path: Path) -> None:
    first = ensure_self_made(tmp_path / "tls", NAMES, NOW).certificate.read_bytes()
    again = ensure_self_made(tmp_path / "tls", NAMES, NOW + dt.timedelta(days=810))
    assert again.certificate.read_bytes() != first


def test_damaged_self_made_certificate_is_made_again(tmp_path: Path) -> None:
    files = ensure_self_made(tmp_path / "tls", NAMES, NOW)
    files.certificate.write_text("not a certificate")
    assert ServerTls(ensure_self_made(tmp_path / "tls", NAMES, NOW)).fingerprint.count(":") == 31


async def test_renewed_files_serve_the_next_connection(tmp_path: Path) -> None:
    tls = ServerTls(write_pair(tmp_path, "old.example"))
    assert await served_names(tls) == ["old.example"]
    assert not tls.reload_if_renewed()
    write_pair(tmp_path, "new.example")
    assert tls.reload_if_renewed()
    assert await served_names(tls) == ["new.example"]


async def test_half_written_renewal_keeps_the_old_certificate_until_it_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = ServerTls(write_pair(tmp_path, "old.example"))
    certificate, key = make_certificate(["new.example"], NOW)
    (tmp_path / "cert.pem").write_bytes(certificate)
    assert not tls.reload_if_renewed()
    assert "the old certificate stays" in caplog.text
    assert await served_names(tls) == ["old.example"]
    (tmp_path / "key.pem").write_bytes(key)
    assert tls.reload_if_renewed()
    assert await served_names(tls) == ["new.example"]


async def test_old_tls_versions_are_refused(tmp_path: Path) -> None:
    assert ServerTls(write_pair(tmp_path)).context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda files: files.certificate.unlink(), "cert.pem does not exist; correct http.tls_cert"),
        (lambda files: files.key.unlink(), "key.pem does not exist"),
        (lambda files: files.key.write_text("nonsense"), "must be a readable PEM"),
        (lambda files: files.key.write_bytes(make_certificate(["x"], NOW)[1]), "cannot be used"),
    ],
)
def test_files_that_do_not_serve_are_one_sentence(tmp_path: Path, spoil: object, sentence: str) -> None:
    files = write_pair(tmp_path)
    assert callable(spoil)
    spoil(files)
    with pytest.raises(StartupError, match=sentence):
        open_tls(settings_for(files, tmp_path), NAMES)


def test_own_names_hold_loopback_host_name_and_the_public_name() -> None:
    names = own_names("https://school.example:8443")
    assert {"localhost", "127.0.0.1", "::1", "school.example"} <= set(names)
    assert len(names) == len(set(names))
