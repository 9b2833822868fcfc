"""Who is together: everybody, until some are in a group of their own (a breakout room)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vtp.media.events import Emitter

MAIN = ""  # the group of all who are in none


@dataclass(frozen=True)
class Moved:
    """Some are in other groups from now on, all of them at once; `old` says where each of them was."""

    groups: Groups
    old: Mapping[str, str]

    def joins(self, one: str, other: str) -> bool:
        """Whether these two are together now and were not before."""
        return self.groups.are_together(one, other) and self._before(one) != self._before(other)

    def _before(self, participant_id: str) -> str:
        return self.old.get(participant_id, self.groups.group_of(participant_id))


class Groups:
    """Belongs to a LiveRoom. Who is together can consume each other, and reads what each writes to all."""

    def __init__(self) -> None:
        self._group_of: dict[str, str] = {}
        self._first: Emitter[Moved] = Emitter()
        self._emitter: Emitter[Moved] = Emitter()

    def group_of(self, participant_id: str) -> str:
        """The group somebody is in; MAIN for all who were not moved."""
        return self._group_of.get(participant_id, MAIN)

    def is_in_main(self, participant_id: str) -> bool:
        """Whether somebody is in no group."""
        return participant_id not in self._group_of

    def are_together(self, one: str, other: str) -> bool:
        """Whether two participants are in the same group."""
        return self.group_of(one) == self.group_of(other)

    def move(self, participant_id: str, group: str) -> None:
        """Puts somebody into a group; tells the listeners when that is another one."""
        self.move_all({participant_id: group})

    def move_all(self, wanted: Mapping[str, str]) -> None:
        """Puts each into a group, all at once: who goes together is never apart. Tells the listeners."""
        old = {one: self.group_of(one) for one, group in wanted.items() if self.group_of(one) != group}
        for participant_id in old:
            self._group_of[participant_id] = wanted[participant_id]
            if wanted[participant_id] == MAIN:
                del self._group_of[participant_id]
        if old:
            self._first.emit(Moved(self, old))
            self._emitter.emit(Moved(self, old))

    def forget(self, participant_id: str) -> None:
        """Somebody has left the room."""
        self._group_of.pop(participant_id, None)

    def add_listener(self, listener: Callable[[Moved], None], *, first: bool = False) -> Callable[[], None]:
        """Hears who moves; the returned function stops that. `first`: ends what was, before all others."""
        return (self._first if first else self._emitter).add_listener(listener)
