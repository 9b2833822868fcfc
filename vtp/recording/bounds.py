"""What bounds the recordings of a room besides its own quota and its owner's: the courses it is a room of.

Recordings know no courses: they ask what is given to them here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Bound:
    """What somebody's recordings take by their rows, but for those that grow, and may (0: any number).

    `growing` are the ids of those that grow and count here too.
    """

    whose: str
    used_bytes: int
    allowed_bytes: int
    growing: frozenset[str]


class Bounds(Protocol):
    """Who else has a say."""

    async def of_room(self, tx: AsyncConnection, room_id: str, growing: Collection[str]) -> list[Bound]:
        """What the recordings of a room count for; those in `growing` are in progress."""


class Unbounded:
    """The bounds where there is nothing besides rooms and owners."""

    async def of_room(self, tx: AsyncConnection, room_id: str, growing: Collection[str]) -> list[Bound]:
        """None."""
        return []
