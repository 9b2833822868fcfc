"""The client's DTLS handshake (RFC 6347, RFC 5764): datagrams in and out, SRTP keys at the end.

pyOpenSSL does the work over memory; whoever drives a `Handshake` moves its datagrams and watches its timer.
Once the keys are out the handshake is dropped: the media path has no further use for it.
"""

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

MAX_DATAGRAM_BYTES = 1200
_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"  # RFC 5764 section 4.2


@dataclass(frozen=True)
class _Profile:
    number: int  # IANA, DTLS-SRTP protection profiles
    key_bytes: int
    salt_bytes: int


_PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": _Profile(7, 16, 12),
    b"SRTP_AEAD_AES_256_GCM": _Profile(8, 32, 12),
    b"SRTP_AES128_CM_SHA1_80": _Profile(1, 16, 14),
}


class Role(enum.Enum):
    CLIENT = "active"
    SERVER = "passive"


@dataclass(frozen=True)
class Fingerprint:
    """A certificate's digest as SDP writes it (RFC 8122): upper-case hex with colons."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class SrtpKeys:
    """What `Engine.set_srtp` takes."""

    profile: int
    receive_key: bytes
    receive_salt: bytes
    send_key: bytes
    send_salt: bytes


class HandshakeError(Exception):
    """The peer broke the handshake off, or its certificate is not the one its SDP promised."""


class Identity:
    """A self-signed certificate and its SSL context, shared by all clients of a process."""

    def __init__(self, profiles: Sequence[str] = ()) -> None:
        """`profiles` limits and orders the SRTP profiles offered (OpenSSL's names)."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _self_signed(key)
        names = [name.encode() for name in profiles] or list(_PROFILES)
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
        self.context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self.context.use_certificate(self._certificate)
        self.context.use_privatekey(key)
        self.context.set_cipher_list(b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305")
        self.context.set_tlsext_use_srtp(b":".join(names))

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("sha-256", _digest(self._certificate, hashes.SHA256()))


class Handshake:
    """One handshake. Feed `receive` and `handle_timeout`, send what they return, until `keys` is set."""

    def __init__(self, identity: Identity, role: Role, expected: Sequence[Fingerprint]) -> None:
        """`expected` are the fingerprints of the peer's SDP; one of them has to match."""
        self._role = role
        self._expected = expected
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_ciphertext_mtu(MAX_DATAGRAM_BYTES)
        if role is Role.CLIENT:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()
        self.keys: SrtpKeys | None = None

    def start(self) -> list[bytes]:
        """The first flight (of the client). Raises HandshakeError."""
        return self._step()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Takes a datagram of the peer; gives what to send. Raises HandshakeError."""
        self._connection.bio_write(datagram)
        return self._step()

    def handle_timeout(self) -> list[bytes]:
        """Repeats the last flight when its time has come (RFC 6347 section 4.2.4)."""
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise HandshakeError("The peer does not answer the DTLS handshake.") from error
        return self._outgoing()

    def timeout_s(self) -> float | None:
        """Seconds until `handle_timeout` has something to do; None when nothing is awaited."""
        timeout: float | None = self._connection.DTLSv1_get_timeout()
        return timeout

    def _step(self) -> list[bytes]:
        if self.keys is None:
            try:
                self._connection.do_handshake()
                self._finish()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                raise HandshakeError(f"The DTLS handshake failed: {error}") from error
        return self._outgoing()

    def _outgoing(self) -> list[bytes]:
        datagrams: list[bytes] = []
        while True:
            try:
                datagrams.append(self._connection.bio_read(MAX_DATAGRAM_BYTES + 300))
            except SSL.WantReadError:
                return [part for datagram in datagrams for part in _split(datagram)]

    def _finish(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not _matches(certificate, self._expected):
            raise HandshakeError("The peer's certificate is not the one its SDP promised.")
        profile = _PROFILES.get(self._connection.get_selected_srtp_profile())
        if profile is None:
            raise HandshakeError("The peer agreed to no SRTP profile.")
        material = self._connection.export_keying_material(
            _EXPORTER_LABEL, 2 * (profile.key_bytes + profile.salt_bytes)
        )
        self.keys = _keys(profile, material, self._role)


def _split(data: bytes) -> list[bytes]:
    """Whole DTLS records, as many as fit a datagram: OpenSSL's memory gives all it has at once."""
    datagrams: list[bytes] = []
    at = 0
    current = b""
    while at + 13 <= len(data):
        record = data[at : at + 13 + int.from_bytes(data[at + 11 : at + 13], "big")]
        if current and len(current) + len(record) > MAX_DATAGRAM_BYTES:
            datagrams.append(current)
            current = b""
        current += record
        at += len(record)
    return [*datagrams, current] if current else datagrams


def _keys(profile: _Profile, material: bytes, role: Role) -> SrtpKeys:
    """Client key, server key, client salt, server salt (RFC 5764 section 4.2)."""
    key, salt = profile.key_bytes, profile.salt_bytes
    client = (material[:key], material[2 * key : 2 * key + salt])
    server = (material[key : 2 * key], material[2 * key + salt :])
    send, receive = (client, server) if role is Role.CLIENT else (server, client)
    return SrtpKeys(profile.number, *receive, *send)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vtp client")])
    now = datetime.datetime.now(tz=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )


_ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}


def _digest(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return certificate.fingerprint(algorithm).hex(":").upper()


def _matches(certificate: x509.Certificate, expected: Sequence[Fingerprint]) -> bool:
    return any(
        fingerprint.algorithm in _ALGORITHMS
        and _digest(certificate, _ALGORITHMS[fingerprint.algorithm]) == fingerprint.value.upper()
        for fingerprint in expected
    )
