"""How signalling finds a room: by its id or slug, from the rooms service."""

from __future__ import annotations

from typing import Protocol


class NamedRoom(Protocol):
    """A room as permissions and media need it."""

    @property
    def room_id(self) -> str | None: ...
    @property
    def owner_id(self) -> str | None: ...


class RoomDirectory(Protocol):
    """The part of the rooms service that signalling uses."""

    async def find(self, reference: str) -> NamedRoom:
        """The room with this id or slug. Raises NotFound."""
