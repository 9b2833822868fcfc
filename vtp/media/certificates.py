"""The DTLS certificates of this server: self-signed ECDSA P-256, 30 days, replaced in time.

Browsers check nothing but the fingerprint that signalling carried, so nothing is written to disk. A
transport keeps the certificate that it announced; only new transports get the next one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from vtp.media.dtls import DtlsCertificate

LIFETIME = timedelta(days=30)
REPLACED_AFTER = timedelta(days=15)
_BACKDATED = timedelta(days=1)  # for peers whose clock is behind


def make_certificate(now: datetime) -> DtlsCertificate:
    """A fresh key and a certificate of it that is valid for `LIFETIME` from `now` (UTC)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(16))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    return DtlsCertificate(key, certificate)


class Certificates:
    """Hands out the certificate for new transports and replaces it halfway through its life."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._made_at = now()
        self._current = make_certificate(self._made_at)

    def current(self) -> DtlsCertificate:
        """The certificate for a transport made now; at least `LIFETIME - REPLACED_AFTER` is left of it."""
        now = self._now()
        if not self._made_at <= now < self._made_at + REPLACED_AFTER:
            self._made_at = now
            self._current = make_certificate(now)
        return self._current
