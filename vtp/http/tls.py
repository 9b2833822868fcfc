"""TLS contexts: from the operator's files, reloaded when renewed, ordered by ACME, or made here."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vtp.atomic_files import write_file
from vtp.errors import StartupError
from vtp.http.acme.folder import AcmeFolder
from vtp.idn import to_ascii
from vtp.settings import Settings

logger = logging.getLogger(__name__)

VALID_DAYS = 820  # Apple's systems refuse certificates of more than 825 days, trusted by hand or not
RENEW_DAYS = 14
RELOAD_CHECK_S = 30.0
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all authenticated and forward secret
ACME_FOLDER = "acme"
TLS_FOLDER = "tls"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate (chain) and key are, and whether we made them ourselves."""

    certificate: Path
    key: Path
    self_made: bool


class ServerTls:
    """The context of the TLS port; renewed files take effect for new connections, without a restart."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers(CIPHERS)
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.load_cert_chain(files.certificate, files.key)
        self._seen = self._stamp()
        self.expires_at = _read_expiry(files.certificate)

    @property
    def lasting(self) -> bool:
        """Whether the certificate is one that browsers accept."""
        return not self.files.self_made

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        return {
            "certificate_expires_timestamp_seconds": self.expires_at.timestamp(),
            "certificate_self_made": float(self.files.self_made),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers show it: `AB:CD:…`."""
        pem = self.files.certificate.read_text(encoding="ascii")
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        certificate = x509.load_pem_x509_certificate(pem.encode())
        return certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def reload_if_renewed(self) -> bool:
        """Loads the files again when they changed; keeps the old ones, and says so, when they do not fit."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._load(self.files)
        except (OSError, ssl.SSLError) as error:
            logger.warning("The renewed TLS files cannot be used (%s); the old certificate stays.", error)
            return False
        logger.info("The TLS certificate was renewed.")
        return True

    def serve(self, files: TlsFiles) -> None:
        """Gives new connections the certificate of other files. Raises OSError; the old one stays then."""
        self._load(files)
        self.files = files
        self._seen = self._stamp()

    def _load(self, files: TlsFiles) -> None:
        """A trial first: a half-written pair must not break the context that serves."""
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)
        self.context.load_cert_chain(files.certificate, files.key)
        self.expires_at = _read_expiry(files.certificate)

    async def watch(self) -> None:
        """Looks for renewed files for ever."""
        while True:
            await asyncio.sleep(RELOAD_CHECK_S)
            await asyncio.to_thread(self.reload_if_renewed)

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        def stat(path: Path) -> tuple[int, int, int]:
            try:
                found = path.stat()
            except OSError:
                return (0, 0, 0)
            return (found.st_mtime_ns, found.st_size, found.st_ino)

        return (stat(self.files.certificate), stat(self.files.key))


def open_tls(settings: Settings, names: Sequence[str]) -> ServerTls:
    """Builds the TLS of every `http.tls` but off; raises StartupError when the files cannot be used."""
    http = settings.http
    now = dt.datetime.now(dt.UTC)
    ordered = _find_ordered(settings.data_dir, http.acme_hosts, now) if http.tls == "acme" else None
    if http.tls == "files":
        files = TlsFiles(Path(http.tls_cert), Path(http.tls_key), self_made=False)
    else:
        files = ordered or ensure_self_made(settings.data_dir / TLS_FOLDER, names, now)
    try:
        return ServerTls(files)
    except FileNotFoundError as error:
        missing = files.certificate if not files.certificate.exists() else files.key
        raise StartupError(
            f"The TLS file {missing} does not exist; correct http.tls_cert and http.tls_key."
        ) from error
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise StartupError(
            f"The TLS files {files.certificate} and {files.key} cannot be used ({reason}); they must be a "
            "readable PEM certificate chain and its unencrypted key."
        ) from error


def _find_ordered(data_dir: Path, names: Sequence[str], now: dt.datetime) -> TlsFiles | None:
    """The certificate that was ordered earlier, while it is good for the name that people use."""
    found = AcmeFolder(data_dir / ACME_FOLDER).read_certificate()
    if found is None or found.not_after <= now or names[0] not in found.names:
        return None
    return TlsFiles(found.path, found.path, self_made=False)


def ensure_self_made(folder: Path, names: Sequence[str], now: dt.datetime) -> TlsFiles:
    """Gives the self-made certificate of `folder`, made at the first start and when it is about to expire.

    It is not made again when addresses change: people have accepted this one by its fingerprint.
    """
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem", self_made=True)
    if files.certificate.exists() and files.key.exists() and _days_left(files.certificate, now) > RENEW_DAYS:
        return files
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate, key = make_certificate(names, now)
        write_file(files.key, key, 0o600)
        write_file(files.certificate, certificate, 0o644)
    except OSError as error:
        raise StartupError(
            f"The TLS certificate cannot be written to {folder} ({error.strerror}); make the folder writable."
        ) from error
    return files


def make_certificate(names: Sequence[str], now: dt.datetime) -> tuple[bytes, bytes]:
    """Makes a P-256 key and a certificate that it signs itself, for these host names and addresses (PEM)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"vtp on {socket.gethostname()}"[:64])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


def own_names(public_url: str) -> list[str]:
    """The names and addresses under which this machine may be reached, for the certificate."""
    host = socket.gethostname()
    names = ["localhost", "127.0.0.1", "::1", host]
    if public_url:
        names.append(public_url.split("://", 1)[1].rsplit(":", 1)[0].strip("[]"))
    names += own_addresses()
    return list(dict.fromkeys(name for name in names if name))


def own_addresses() -> list[str]:
    """This machine's addresses that others may reach, IPv4 first; without link-local ones."""
    import ifaddr

    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for item in adapter.ips:
            text = item.ip if isinstance(item.ip, str) else item.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not (address.is_loopback or address.is_link_local):
                found.append(str(address))
    return sorted(found, key=lambda text: ":" in text)


def _general_name(name: str):  # type: ignore[no-untyped-def]
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(to_ascii(name))


def _days_left(path: Path, now: dt.datetime) -> float:
    return (_read_expiry(path) - now) / dt.timedelta(days=1)


def _read_expiry(path: Path) -> dt.datetime:
    """When the certificate of a PEM file runs out; long ago if it cannot be read."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return dt.datetime.fromtimestamp(0, dt.UTC)
