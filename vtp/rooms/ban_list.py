"""Whom the bans of an open room keep out: read once, so that entering asks no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vtp.media.events import Emitter
from vtp.rooms.live import LiveRoom
from vtp.rooms.visitors import Visitor


class BanList:
    """Belongs to a LiveRoom (`live.part(BanList)`). Its listeners hear of those who are banned meanwhile."""

    def __init__(self, live: LiveRoom) -> None:
        self._visitors: set[Visitor] = set()
        self._emitter: Emitter[Visitor] = Emitter()
        self.is_read = False

    def take(self, visitors: Iterable[Visitor]) -> None:
        """Takes all bans of the room as they are now."""
        self._visitors = set(visitors)
        self.is_read = True

    def holds(self, visitor: Visitor | None) -> bool:
        """Whether somebody is to be kept out."""
        return visitor in self._visitors

    def add(self, visitor: Visitor) -> None:
        """Keeps somebody out from now on; tells the listeners."""
        self._visitors.add(visitor)
        self._emitter.emit(visitor)

    def lift(self, visitor: Visitor) -> None:
        """Lets somebody come again."""
        self._visitors.discard(visitor)

    def add_listener(self, listener: Callable[[Visitor], None]) -> Callable[[], None]:
        """Hears who is banned; the returned function stops that."""
        return self._emitter.add_listener(listener)
