"""What options of `vtp bench` say, read and checked."""

from __future__ import annotations

from vtp.bench.scenarios.api import DATABASES
from vtp.errors import StartupError


def counts_of(text: str, option: str = "--subscribers") -> list[int]:
    """How many, once each. Raises StartupError."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or not all(1 <= count <= 5000 for count in counts):
        raise StartupError(f"{option} takes numbers from 1 to 5000 with commas between, not {text!r}.")
    return list(dict.fromkeys(counts))


def rate_of(text: str) -> float:
    """A rate of requests; 0: none. Raises StartupError."""
    try:
        rate = float(text)
    except ValueError:
        rate = -1
    if not 0 <= rate <= 10_000:
        raise StartupError(f"--rate takes numbers from 0 to 10000 with commas between, not {text!r}.")
    return rate


def databases_of(text: str) -> list[str]:
    """Kinds of databases, once each. Raises StartupError."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",")))
    if not found or not set(found) <= set(DATABASES):
        raise StartupError(f"--database takes {' and '.join(DATABASES)}, not {text!r}.")
    return found


def settings_of(words: list[str] | None) -> dict[str, str]:
    """VTP_* variables of the measured server, by name. Raises StartupError."""
    found = dict(word.partition("=")[::2] for word in words or [])
    if not all(name.startswith("VTP_") for name in found):
        raise StartupError("--set takes VTP_NAME=VALUE, such as VTP_MEDIA__WORKERS=2.")
    if "VTP_DATA_DIR" in found:
        raise StartupError("The measured vtp has a data folder of its own: leave VTP_DATA_DIR out.")
    return found
