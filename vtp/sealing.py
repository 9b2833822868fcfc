"""Columns that only this server reads: what a stolen database must not tell (second factors, links)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vtp.key_files import open_key

FILE = "columns.key"
_FIRST = 1  # the number of that key, which makes the digests too and so is never done without
_LATER = re.compile(r"columns\.([1-9][0-9]{0,5})\.key")
_HEAD = re.compile(r"v1:|v2:([1-9][0-9]{0,5}):")  # names the algorithm and the key, so that others can follow
_NONCE_BYTES = 12


class Sealer:
    """Encrypts texts (AES-256-GCM, a random nonce each) and makes digests, each with its own key.

    The newest key seals, all of them unseal. `look` gives the keys after the first by their numbers: it is
    asked again when a text names one that is not known, which another process may just have made.
    """

    def __init__(self, key: bytes, look: Callable[[], Mapping[int, bytes]] = dict) -> None:
        self._digest_key = hmac.digest(key, b"digests", hashlib.sha256)
        self._first = key
        self._look = look
        self._ciphers = self._read_keys()

    @property
    def newest(self) -> int:
        """The number of the key that seals."""
        return max(self._ciphers)

    def seal(self, text: str) -> str:
        """The text as it is stored."""
        nonce, head = secrets.token_bytes(_NONCE_BYTES), _head(self.newest)
        sealed = nonce + self._ciphers[self.newest].encrypt(nonce, text.encode(), head.encode())
        return head + base64.b64encode(sealed).decode()

    def unseal(self, sealed: str) -> str:
        """The text again. Raises ValueError for one that another key sealed, or that was changed."""
        try:
            found = _HEAD.match(sealed)
            if found is None:
                raise ValueError("this is of no version that we know")
            number = int(found[1] or _FIRST)
            if number not in self._ciphers:
                self._ciphers = self._read_keys()
            cipher = self._ciphers.get(number)
            if cipher is None:
                raise ValueError("the key of this number is not here")
            raw = base64.b64decode(sealed.removeprefix(found[0]), validate=True)
            nonce, text = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return cipher.decrypt(nonce, text, found[0].encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError("this was changed, or sealed with another key") from error

    @property
    def head(self) -> str:
        """How all that the newest key seals begins."""
        return _head(self.newest)

    def _read_keys(self) -> dict[int, AESGCM]:
        keys = {_FIRST: self._first, **self._look()}
        return {number: AESGCM(hmac.digest(key, b"texts", hashlib.sha256)) for number, key in keys.items()}

    def digest(self, purpose: str, text: str) -> str:
        """HMAC-SHA-256, hexadecimal, of what is too short for a plain hash (codes); differs by purpose."""
        return hmac.digest(self._digest_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hex()


def open_sealer(folder: Path) -> Sealer:
    """The sealer of a data folder's `secrets`. Raises StartupError when a key of it cannot be used."""
    first = open_key(folder, FILE, if_deleted="everybody sets up their second factor again")
    return Sealer(first, lambda: _later_keys(folder))


def add_key(folder: Path) -> int:
    """Makes another key, which seals from now on; gives its number. Raises StartupError."""
    number = max(_later_keys(folder), default=_FIRST) + 1
    open_key(folder, f"columns.{number}.key", if_deleted=_LOST)
    return number


_LOST = "what it sealed is lost: second factors are set up again"


def _later_keys(folder: Path) -> dict[int, bytes]:
    named = {int(found[1]): file for file in folder.iterdir() if (found := _LATER.fullmatch(file.name))}
    return {number: open_key(folder, file.name, if_deleted=_LOST) for number, file in named.items()}


def _head(number: int) -> str:
    return "v1:" if number == _FIRST else f"v2:{number}:"
