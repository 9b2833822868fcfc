"""The lobby of an open room: who waits to be let in, and who need not wait because they were in before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from vtp.errors import NotFound, Unavailable
from vtp.media.events import Emitter
from vtp.rooms.ban_list import BanList
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent, RoomSettingsChanged
from vtp.rooms.participants import NAMELESS, Participant
from vtp.rooms.people import PeopleEvent, PersonJoined, PersonRemoved
from vtp.rooms.visitors import Visitor

MAX_WAITING = 300
MAX_KNOWN = 10_000  # visitors; and of one of them (a link in many hands):
MAX_NAMES = 200
DENIED = "You were not let in."
LOCKED = "The room was locked."
BANNED = "You are banned from this room: ask its staff to lift that."
_RETRY_S = 30.0


class Caller(Protocol):
    """Somebody at the door, who is told once how it ends."""

    def let_in(self) -> None:
        """They are in the room now."""

    def turn_away(self, reason: str) -> None:
        """They do not come in; they may ask again."""

    def lose_room(self, reason: str) -> None:
        """There is no room to come into any more."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits: no participant yet."""

    participant: Participant
    caller: Caller
    since: datetime


@dataclass(frozen=True)
class LobbyChanged:
    """Others wait than before."""


class Lobby:
    """Belongs to a LiveRoom (`live.part(Lobby)`), which stays open while somebody waits.

    Known is who has been in the room since it was opened and was not sent away: accounts, and guests by their
    link, network and name; of those who gave none nothing tells one from another.
    """

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._waiting: dict[str, Waiting] = {}
        self._known: dict[Visitor, set[str]] = {}
        self._emitter: Emitter[LobbyChanged] = Emitter()
        for participant in live.people.participants:
            self._remember(participant)
        live.add_listener(self._room_changed)
        live.people.add_listener(self._people_changed)
        live.part(BanList).add_listener(self._banned)

    @property
    def waiting(self) -> list[Waiting]:
        """Everybody who waits, in the order they came."""
        return list(self._waiting.values())

    def add_listener(self, listener: Callable[[LobbyChanged], None]) -> Callable[[], None]:
        """Hears when others wait; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def knows(self, participant: Participant, *, named: bool = True) -> bool:
        """Whether they were in before; `named` is false where guests cannot say their name."""
        visitor = participant.visitor
        names = self._known.get(visitor) if visitor is not None else None
        if names is None:
            return False
        return not named or participant.user_id is not None or participant.full_name in names

    def wait(self, participant: Participant, caller: Caller) -> None:
        """Lets somebody wait. Raises Unavailable when too many do."""
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable(
                f"{MAX_WAITING} people wait to be let in already; try again in a moment.",
                retry_after_s=_RETRY_S,
                code="lobby_full",
            )
        self._waiting[participant.participant_id] = Waiting(participant, caller, datetime.now(UTC))
        self._changed()

    def leave(self, participant_id: str) -> None:
        """Somebody waits no more, of their own accord."""
        if self._waiting.pop(participant_id, None) is not None:
            self._changed()

    def admit(self, participant_id: str | None = None) -> None:
        """Lets one in, or all, and who is known by that: a page that was loaded again waits beside its ghost.

        Raises NotFound for who does not wait.
        """
        for one in self._take(participant_id):
            one.caller.let_in()
        for other in self.waiting:
            if self.knows(other.participant):
                self.admit(other.participant.participant_id)
                break  # which has let in all others of these

    def deny(self, participant_id: str | None = None, reason: str = DENIED) -> None:
        """Turns one away, or all. Raises NotFound for who does not wait."""
        for one in self._take(participant_id):
            one.caller.turn_away(reason)

    def dismiss(self, reason: str) -> None:
        """Tells all who wait that the room is no more."""
        waiting, self._waiting = self.waiting, {}
        for one in waiting:
            one.caller.lose_room(reason)

    def _take(self, participant_id: str | None) -> list[Waiting]:
        if participant_id is None:
            taken = self.waiting
        elif participant_id in self._waiting:
            taken = [self._waiting[participant_id]]
        else:
            raise NotFound("Nobody of this id waits to be let in.", code="no_such_participant")
        for one in taken:
            del self._waiting[one.participant.participant_id]
        if taken:
            self._changed()
        return taken

    def _changed(self) -> None:
        self._live.waiting = len(self._waiting)
        self._emitter.emit(LobbyChanged())

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self.dismiss(event.reason)
        elif isinstance(event, RoomSettingsChanged) and not self._live.room.rules.lobby:
            if self._live.room.rules.locked:
                self.deny(reason=LOCKED)
            else:
                self.admit()

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined):
            self._remember(event.participant)
        elif isinstance(event, PersonRemoved) and event.participant.visitor is not None:
            self._known.pop(event.participant.visitor, None)

    def _remember(self, participant: Participant) -> None:
        visitor = participant.visitor
        if visitor is None:
            return
        names = self._known.setdefault(visitor, set())
        if participant.user_id is None and participant.full_name != NAMELESS and len(names) < MAX_NAMES:
            names.add(participant.full_name)
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def _banned(self, visitor: Visitor) -> None:
        for one in self.waiting:
            if one.participant.visitor == visitor:
                self.deny(one.participant.participant_id, BANNED)
