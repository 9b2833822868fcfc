"""Names of time zones, as people and programs write them."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


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


def zone_of_name(name: str) -> ZoneInfo | None:
    """By the name that was stored once, perhaps by a computer that knew more of them; None where this one
    does not."""
    try:
        return ZoneInfo(known_zone(name))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None
