"""A CertificateWish: what the settings ask an authority for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from vtp.settings import HttpSettings

TLS_ALPN, HTTP = "tls-alpn-01", "http-01"
CHALLENGES = (TLS_ALPN, HTTP)


@dataclass(frozen=True, slots=True)
class CertificateWish:
    """`challenges`: those that may be tried, in this order; `eab`: key id and HMAC key from the authority."""

    directory: str
    names: tuple[str, ...]
    challenges: tuple[str, ...] = CHALLENGES
    mail: str = ""
    ca_file: str = ""
    eab: tuple[str, str] | None = None

    @property
    def authority(self) -> str:
        """Who is asked, for people."""
        return urlsplit(self.directory).netloc

    @property
    def mark(self) -> str:
        """Differs where another certificate, or another way to it, is wished for; tells no secret."""
        seen = [
            self.directory,
            self.names,
            self.challenges,
            self.mail,
            self.ca_file,
            self.eab and hashlib.sha256(self.eab[1].encode()).hexdigest(),
        ]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def wish_of(http: HttpSettings) -> CertificateWish:
    """The wish that complete settings of `tls = "acme"` state."""
    key = http.acme_eab_key.get_secret_value()
    return CertificateWish(
        http.acme_directory,
        tuple(http.acme_hosts),
        CHALLENGES if http.acme_challenge == "auto" else (http.acme_challenge,),
        http.acme_mail,
        http.acme_ca_file,
        (http.acme_eab_kid, key) if key else None,
    )
