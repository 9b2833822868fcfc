"""Columns that only this server reads: what a stolen database must not tell (second factors, links)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vtp.key_files import open_key

FILE = "columns.key"
_VERSION = "v1:"  # names the algorithm, so that another can follow it
_NONCE_BYTES = 12


class Sealer:
    """Encrypts texts (AES-256-GCM, a random nonce each) and makes digests, each with its own key."""

    def __init__(self, key: bytes) -> None:
        self._digest_key = hmac.digest(key, b"digests", hashlib.sha256)
        self._cipher = AESGCM(hmac.digest(key, b"texts", hashlib.sha256))

    def seal(self, text: str) -> str:
        """The text as it is stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), _VERSION.encode())
        return _VERSION + base64.b64encode(sealed).decode()

    def unseal(self, sealed: str) -> str:
        """The text again. Raises ValueError for one that another key sealed, or that was changed."""
        try:
            if not sealed.startswith(_VERSION):
                raise ValueError("this is of no version that we know")
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            nonce, text = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, _VERSION.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError("this was changed, or sealed with another key") from error

    def digest(self, purpose: str, text: str) -> str:
        """HMAC-SHA-256, hexadecimal, of what is too short for a plain hash (codes); differs by purpose."""
        return hmac.digest(self._digest_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hex()


def open_sealer(folder: Path) -> Sealer:
    """The sealer of a data folder's `secrets`. Raises StartupError when its key cannot be used."""
    return Sealer(open_key(folder, FILE, if_deleted="everybody sets up their second factor again"))
