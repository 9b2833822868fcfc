"""SRTP keys that are told over signalling, as mediasoup and SDES write them (RFC 4568, RFC 7714)."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Literal

from vtp import _rtp_fast

CryptoSuite = Literal["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"]

_PROFILES: dict[str, tuple[int, int, int]] = {  # number, bytes of the master key, of the master salt
    "AES_CM_128_HMAC_SHA1_80": (_rtp_fast.PROFILE_AES_CM_128_SHA1_80, 16, 14),
    "AEAD_AES_128_GCM": (_rtp_fast.PROFILE_AEAD_AES_128_GCM, 16, 12),
    "AEAD_AES_256_GCM": (_rtp_fast.PROFILE_AEAD_AES_256_GCM, 32, 12),
}


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """A master key and its salt for one direction; never shown by accident."""

    suite: CryptoSuite
    key: bytes
    salt: bytes

    @classmethod
    def make(cls, suite: CryptoSuite) -> SrtpKey:
        """A random one."""
        _, key_bytes, salt_bytes = _PROFILES[suite]
        return cls(suite, os.urandom(key_bytes), os.urandom(salt_bytes))

    @classmethod
    def parse(cls, suite: CryptoSuite, key_base64: str) -> SrtpKey:
        """Key and salt behind each other in base64. Raises ValueError with a sentence."""
        _, key_bytes, salt_bytes = _PROFILES[suite]
        try:
            found = base64.b64decode(key_base64, validate=True)
        except (binascii.Error, ValueError):
            found = b""
        if len(found) != key_bytes + salt_bytes:
            raise ValueError(
                f"A key of {suite} has {key_bytes + salt_bytes} bytes in base64: the key, then its salt."
            )
        return cls(suite, found[:key_bytes], found[key_bytes:])

    @property
    def profile(self) -> int:
        """The number of the packet path."""
        return _PROFILES[self.suite][0]

    @property
    def base64(self) -> str:
        """As it is told to the peer."""
        return base64.b64encode(self.key + self.salt).decode()

    def __repr__(self) -> str:
        return f"SrtpKey({self.suite})"
