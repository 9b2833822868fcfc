"""Codec strings (RFC 6381) of a track whose sections differ: which of them a playlist has to name."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEVELS = (  # per codec: what must be equal, and a level, which includes the lower ones
    re.compile(r"(?P<codec>avc1\.[0-9a-f]{4})(?P<level>[0-9a-f]{2})"),
    re.compile(r"(?P<codec>vp09\.\d\d)\.(?P<level>\d\d)(?P<rest>\.\d\d)"),
    re.compile(r"(?P<codec>av01\.\d)\.(?P<level>\d\d)(?P<rest>[MH]\.\d\d)"),
)


def needed_codecs(strings: Iterable[str]) -> str:
    """Every codec string that a player needs, with commas: of those that differ by level, the highest."""
    highest: dict[tuple[str, str], tuple[int, str]] = {}
    for string in strings:
        kind, level = _split(string)
        highest[kind] = max(highest.get(kind, (-1, "")), (level, string))
    return ",".join(sorted(string for _, string in highest.values()))


def family(string: str) -> str:
    """The codec alone: `avc1`, `vp09`, `av01`."""
    return string.partition(".")[0]


def _split(string: str) -> tuple[tuple[str, str], int]:
    for pattern in LEVELS:
        if (match := pattern.fullmatch(string)) is not None:
            parts = match.groupdict()
            base = 16 if string.startswith("avc1") else 10
            return (parts["codec"], parts.get("rest") or ""), int(parts["level"], base)
    return (string, ""), 0
