"""What WHIP and WHEP answers have in common: which lines live, whose transport it is, our side of it."""

from dataclasses import dataclass
from typing import Literal

from vtp.media.parameters import DtlsFingerprint


class NotAcceptableMedia(ValueError):
    """The offer is well formed, but holds nothing we can take. The text is a sentence (HTTP 406)."""


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """The other side of the one transport of an offer."""

    ufrag: str
    password: str
    fingerprints: list[DtlsFingerprint]
    dtls_role: Literal["server", "client"]
    """OUR role: server to `actpass` and `active`, client to `passive` (RFC 8842)."""
