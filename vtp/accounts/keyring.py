"""The server's signing keys, in one file that only its owner can read.

The newest key signs, all of them verify. A key is replaced after ROTATE_AFTER at a server start; the two
before it stay, so that nobody is signed out by it and room tokens made for a term go on.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vtp.atomic_files import create_file, write_file
from vtp.errors import StartupError

ROTATE_AFTER = timedelta(days=90)
KEPT_KEYS = 3
FILE = "keys.json"
_KEY_BYTES = 32  # HS256 wants a key of at least its hash's size, RFC 7518 section 3.2


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One HMAC key with the `kid` that tokens name it by."""

    kid: str
    secret: bytes
    created_at: datetime


@dataclass(frozen=True)
class Keyring:
    """The keys, newest last, and the key that refresh tokens are derived with."""

    keys: tuple[SigningKey, ...]
    refresh_key: bytes

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self.keys[-1]

    def find(self, kid: object) -> SigningKey | None:
        """The key that a token names, or None."""
        return next((key for key in self.keys if key.kid == kid), None)


def open_keyring(folder: Path, now: datetime, *, rotate: bool = False) -> Keyring:
    """Reads the keys of `folder`, making them at the first call; `rotate` replaces one that has grown old.

    Only the server rotates: a command beside it must sign with a key that the server has read. Raises
    StartupError when the file cannot be read, written or understood.
    """
    file = folder / FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            create_file(file, _encode(Keyring((_new_key(now),), secrets.token_bytes(_KEY_BYTES))))
        keyring = _decode(file.read_text())
        file.chmod(0o600)
        if rotate and now - keyring.current.created_at > ROTATE_AFTER:
            keyring = Keyring((*keyring.keys, _new_key(now))[-KEPT_KEYS:], keyring.refresh_key)
            write_file(file, _encode(keyring))
    except OSError as error:
        raise StartupError(
            f"The signing keys in {file} cannot be read or written ({error.strerror}): "
            "check who owns the data folder."
        ) from error
    return keyring


def _new_key(now: datetime) -> SigningKey:
    return SigningKey(secrets.token_hex(8), secrets.token_bytes(_KEY_BYTES), now)


def _encode(keyring: Keyring) -> bytes:
    keys = [
        {"kid": key.kid, "secret": _to_text(key.secret), "created_at": key.created_at.isoformat()}
        for key in keyring.keys
    ]
    return json.dumps({"keys": keys, "refresh_key": _to_text(keyring.refresh_key)}, indent=1).encode()


def _decode(text: str) -> Keyring:
    try:
        tree = json.loads(text)
        keys = tuple(
            SigningKey(key["kid"], _to_bytes(key["secret"]), datetime.fromisoformat(key["created_at"]))
            for key in tree["keys"]
        )
        keyring = Keyring(keys, _to_bytes(tree["refresh_key"]))
        short = any(len(secret) < _KEY_BYTES for secret in [keyring.refresh_key, *(k.secret for k in keys)])
    except (ValueError, KeyError, TypeError):
        short = True
    if short or not keys:
        raise StartupError(
            "The file secrets/keys.json in the data folder is damaged: restore it from a backup, or delete "
            "it, which signs everybody out."
        )
    return keyring


def _to_text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _to_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
