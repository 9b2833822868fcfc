"""Names of time zones, as people and programs write them."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def _zones() -> set[str]:
    """Looked for in many folders, so once."""
    return available_timezones()


def known_zone(name: str) -> str:
    """One of those that computers know, by its own name. Raises ValueError with a sentence."""
    if name not in _zones():
        raise ValueError("there is no such time zone; take one like Europe/Berlin")
    ZoneInfo(name)
    return name
