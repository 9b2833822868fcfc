"""Columns that only this server reads: what a stolen database must not tell (second factors, links)."""

import base64
import hashlib
import hmac
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from vtp.key_files import open_key

FILE = "columns.key"


class Sealer:
    """Encrypts texts (Fernet: AES-128-CBC, HMAC-SHA-256) and makes digests, each with its own key."""

    def __init__(self, key: bytes) -> None:
        self._digest_key = hmac.digest(key, b"digests", hashlib.sha256)
        self._fernet = Fernet(base64.urlsafe_b64encode(hmac.digest(key, b"texts", hashlib.sha256)))

    def seal(self, text: str) -> str:
        """The text as it is stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The text again. Raises ValueError for one that another key sealed, or that was changed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ValueError("this was sealed with another key") from error

    def digest(self, purpose: str, text: str) -> str:
        """HMAC-SHA-256, hexadecimal, of what is too short for a plain hash (codes); differs by purpose."""
        return hmac.digest(self._digest_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hex()


def open_sealer(folder: Path) -> Sealer:
    """The sealer of a data folder's `secrets`. Raises StartupError when its key cannot be used."""
    return Sealer(open_key(folder, FILE, if_deleted="everybody sets up their second factor again"))
