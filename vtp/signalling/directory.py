"""How signalling finds a room: by its id or slug, from the rooms service."""

from __future__ import annotations

from typing import Protocol

from vtp.rooms.store import Room


class RoomDirectory(Protocol):
    """The part of the rooms service that signalling uses."""

    async def find(self, reference: str) -> Room:
        """The room with this id or slug. Raises NotFound."""
