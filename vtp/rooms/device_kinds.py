"""What kind of device somebody comes by, as their browser's User-Agent says, and nothing else of that."""

from __future__ import annotations

import enum
import re
from typing import Final


class Device(enum.StrEnum):
    """Something with a browser."""

    PHONE = "phone"
    TABLET = "tablet"
    COMPUTER = "computer"


_SAID_BY: Final = (
    (re.compile(r"iPad|Tablet|PlayBook|Silk|Kindle"), Device.TABLET),
    (re.compile(r"iPhone|iPod|Android.*\bMobile\b|Windows Phone|KAIOS"), Device.PHONE),
    (re.compile(r"Android"), Device.TABLET),  # those that are no phones leave out "Mobile"
    (re.compile(r"Windows NT|Macintosh|X11|CrOS"), Device.COMPUTER),
)
_MOST_READ: Final = 512
"""Characters. Browsers say it in the first hundred."""


def device_of(user_agent: str) -> Device | None:
    """None for programs, and for what nobody knows. Safari on an iPad calls that a Macintosh unless it is
    told otherwise, so that it is a computer here."""
    said = user_agent[:_MOST_READ]
    return next((kind for pattern, kind in _SAID_BY if pattern.search(said)), None)
