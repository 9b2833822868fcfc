"""TLS-ALPN-01 (RFC 8737): the TLS port shows a proof to who offers `acme-tls/1`, and to nobody else."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import ssl
import tempfile
import weakref
from typing import Any

logger = logging.getLogger(__name__)

PROTOCOL = "acme-tls/1"
ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31"  # id-pe-acmeIdentifier, RFC 8737 section 6.1
_ALPN_EXTENSION = 16  # RFC 7301 section 6
_HANDSHAKE_HEADER, _RANDOM = 4, 32


class AlpnDoor:
    """Watches new connections of one running TLS context while proofs are shown, and only then.

    Python tells the callback for server names nothing of the protocols that a client offers, so these are
    read from its first message, which OpenSSL shows before it acts on it. That hook of `ssl.SSLContext` has
    no public name.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._proofs: dict[str, ssl.SSLContext] = {}
        self._asking: weakref.WeakSet[ssl.SSLObject] = weakref.WeakSet()

    def open(self, name: str, proof: ssl.SSLContext) -> None:
        """Shows `proof` to whoever validates `name`."""
        self._proofs[name] = proof
        self._context.sni_callback = self._choose
        self._context._msg_callback = self._read  # type: ignore[attr-defined]

    def close(self, name: str) -> None:
        """Shows it no more."""
        self._proofs.pop(name, None)
        if not self._proofs:
            self._context.sni_callback = None
            self._context._msg_callback = None  # type: ignore[attr-defined]

    def _read(
        self, connection: Any, direction: str, version: Any, content: Any, message: Any, data: bytes
    ) -> None:
        if direction != "read" or getattr(message, "name", "") != "CLIENT_HELLO":
            return
        try:
            offered = offered_protocols(data)
        except ValueError as error:
            logger.debug("A first message of TLS cannot be read: %s", error)
            return
        if offered == [PROTOCOL]:
            self._asking.add(connection)

    def _choose(self, connection: Any, name: str | None, context: ssl.SSLContext) -> int | None:
        """Another context for a validation; a name without a proof ends it (RFC 8737 section 3)."""
        if connection not in self._asking:
            return None
        proof = self._proofs.get((name or "").lower())
        if proof is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = proof
        return None


def offered_protocols(client_hello: bytes) -> list[str]:
    """The protocols that a ClientHello offers (RFC 8446 section 4.1.2, RFC 7301), with its handshake header.

    Raises ValueError where it is cut short.
    """
    reader = _Reader(client_hello)
    reader.take(_HANDSHAKE_HEADER + 2 + _RANDOM)
    reader.vector(1)  # session
    reader.vector(2)  # cipher suites
    reader.vector(1)  # compression
    extensions = _Reader(reader.vector(2)) if reader.left else _Reader(b"")
    while extensions.left:
        kind, body = extensions.number(2), extensions.vector(2)
        if kind == _ALPN_EXTENSION:
            names = _Reader(_Reader(body).vector(2))
            found = []
            while names.left:
                found.append(names.vector(1).decode("latin-1"))
            return found
    return []


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def left(self) -> int:
        return len(self._data)

    def take(self, size: int) -> bytes:
        if size > len(self._data):
            raise ValueError("The ClientHello ends within a field.")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))


def make_proof(name: str, key_authorization: str, now: dt.datetime) -> ssl.SSLContext:
    """The context that proves `name`: a self-signed certificate with the digest (RFC 8737 section 3)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    digest = hashlib.sha256(key_authorization.encode("ascii")).digest()
    identifier = x509.UnrecognizedExtension(x509.ObjectIdentifier(ACME_IDENTIFIER), b"\x04\x20" + digest)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vtp ACME challenge")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(identifier, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([PROTOCOL])
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # ssl takes files only; 0600
        file.write(private + certificate.public_bytes(pem))
        file.flush()
        context.load_cert_chain(file.name)
    return context
