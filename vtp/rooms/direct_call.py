"""A call between two: whether the two in a room send to each other directly, or through the server.

Directly only while nothing needs the server: the room's setting allows it, exactly two are here, both by a
client that said it can, together in one group, not recorded, and each may send and see everything. What
people send each other directly nobody here can stop, so rights are kept by going back through the server.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from vtp.accounts.permissions import Action, can
from vtp.media.events import Emitter
from vtp.rooms.groups import Moved
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent
from vtp.rooms.participants import Participant
from vtp.rooms.people import PeopleEvent, PersonLeft

SETTLE_S = 5.0
"""Without anything in the way before a call becomes direct again: who only looks in moves nobody twice."""
RIGHTS: Final = (Action.ROOM_WATCH, Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE)


class Hindrance(enum.StrEnum):
    """Why a call is not direct; the word that clients are told."""

    LEFT = "left"
    OTHERS = "others"
    SETTING = "setting"
    RECORDING = "recording"
    RIGHTS = "rights"
    GROUPS = "groups"
    NOT_READY = "not_ready"


_PASSING: Final = frozenset({Hindrance.LEFT, Hindrance.NOT_READY})
"""After these a call may become direct at once: nobody was sending through the server because of them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two participants, by id; `offerer` makes the first offer."""

    offerer: str
    answerer: str

    def other(self, participant_id: str) -> str | None:
        """The other one; None for somebody who is none of them."""
        return {self.offerer: self.answerer, self.answerer: self.offerer}.get(participant_id)


@dataclass(frozen=True)
class WentDirect:
    """From now on these two send to each other."""

    pair: Pair


@dataclass(frozen=True)
class WentThroughServer:
    """From now on these two, as far as they are here, send through the server; and why."""

    pair: Pair
    hindrance: Hindrance


DirectCallEvent = WentDirect | WentThroughServer


class Timer(Protocol):
    """Something that will be done, and can be called off."""

    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]


class DirectCall:
    """Belongs to a LiveRoom. `later` calls a function after so many seconds: the event loop, by default."""

    def __init__(self, live: LiveRoom, later: Later | None = None) -> None:
        self._live = live
        self._later: Later = later or asyncio.get_running_loop().call_later
        self._ready: set[str] = set()
        self._pair: Pair | None = None
        self._unsettled = False
        self._settling: Timer | None = None
        self._emitter: Emitter[DirectCallEvent] = Emitter()
        live.people.add_listener(self._people_changed)
        live.groups.add_listener(self._moved)
        live.add_listener(self._room_changed)

    def add_listener(self, listener: Callable[[DirectCallEvent], None]) -> Callable[[], None]:
        """Hears of every switch; the returned function stops that."""
        return self._emitter.add_listener(listener)

    @property
    def pair(self) -> Pair | None:
        """Who sends to whom directly now."""
        return self._pair

    def other(self, participant_id: str) -> str | None:
        """With whom somebody has a direct call now."""
        return None if self._pair is None else self._pair.other(participant_id)

    def set_ready(self, participant_id: str, ready: bool) -> None:
        """Somebody who is here can have a direct call, or cannot (any more)."""
        if ready:
            self._ready.add(participant_id)
        elif participant_id in self._ready:
            self._ready.discard(participant_id)
            self._unsettled = True
        self._look()

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonLeft):
            self._ready.discard(event.participant.participant_id)
        self._look()

    def _moved(self, event: Moved) -> None:
        self._look()

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._pair = None
            self._stop_settling()
        else:
            self._look()

    def _look(self) -> None:
        """Switches when something has changed for that."""
        if self._live.closed:
            return
        hindrance = self._hindrance()
        if hindrance is not None:
            self._go_through_server(hindrance)
        elif self._unsettled:
            if self._settling is None:
                self._settling = self._later(SETTLE_S, self._settled)
        elif self._pair is None:
            first, second = self._live.people.participants
            self._pair = Pair(first.participant_id, second.participant_id)
            self._emitter.emit(WentDirect(self._pair))

    def _go_through_server(self, hindrance: Hindrance) -> None:
        self._stop_settling()
        if hindrance is Hindrance.LEFT:
            self._unsettled = False  # who comes now meets somebody whom nobody hears
        elif hindrance not in _PASSING:
            self._unsettled = True
        pair, self._pair = self._pair, None
        if pair is not None:
            self._emitter.emit(WentThroughServer(pair, hindrance))

    def _settled(self) -> None:
        self._settling = None
        self._unsettled = False
        self._look()

    def _stop_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def _hindrance(self) -> Hindrance | None:
        """What stands in the way of a direct call now."""
        people = self._live.people.participants
        if len(people) != 2:
            return Hindrance.LEFT if len(people) < 2 else Hindrance.OTHERS
        first, second = people
        if not self._live.room.rules.p2p:
            return Hindrance.SETTING
        if self._live.recording or self._live.streamed:
            return Hindrance.RECORDING
        if not (self._may_everything(first) and self._may_everything(second)):
            return Hindrance.RIGHTS
        if not self._live.groups.are_together(first.participant_id, second.participant_id):
            return Hindrance.GROUPS
        both_ready = {first.participant_id, second.participant_id} <= self._ready
        return None if both_ready else Hindrance.NOT_READY

    def _may_everything(self, participant: Participant) -> bool:
        return all(can(participant.principal, action, self._live.room) for action in RIGHTS)
