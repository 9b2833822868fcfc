"""Keys of an object store in a file that something else renews: read again whenever it has changed."""

from __future__ import annotations

import logging
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

_SECTION = "default"
_NAMES = ("access_key_id", "secret_access_key", "session_token")
_LARGEST_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Credentials:
    """Azure's account name is the id, its key the secret."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


def read_credentials(path: Path) -> Credentials:
    """Reads a file of Amazon's form, with or without `[default]` and `aws_` before its names.

    Raises OSError, and ValueError with a sentence when there is no pair of keys in it.
    """
    text = path.read_bytes()[:_LARGEST_BYTES].decode("utf-8", "replace")
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text if text.lstrip().startswith(("[", "#", ";")) else f"[{_SECTION}]\n{text}")
        chosen = _SECTION if parser.has_section(_SECTION) else parser.sections()[0]
    except (Error, IndexError) as error:
        raise ValueError(f"{path} is not a file of lines such as aws_access_key_id = …") from error
    found = {name.removeprefix("aws_"): value for name, value in parser.items(chosen)}
    if not (found.get("access_key_id") and found.get("secret_access_key")):
        raise ValueError(f"{path} has no aws_access_key_id and aws_secret_access_key")
    return Credentials(**{name: found.get(name, "") for name in _NAMES})


class WatchedFile:
    """Tells whether a file is another one than at the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._look()

    def has_changed(self) -> bool:
        """True once for each change; a file that is away for a moment has not changed."""
        now = self._look()
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
