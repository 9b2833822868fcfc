"""Raised hands of one open room, in the order in which they went up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vtp.media.events import Emitter
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.rooms.people import PeopleEvent, PersonLeft


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody would like to speak, and since when."""

    participant_id: str
    since: datetime


@dataclass(frozen=True)
class HandsChanged:
    """A hand went up or down: these are up now."""

    hands: tuple[Hand, ...]


class Hands:
    """A part of a LiveRoom. Who leaves takes their hand down."""

    def __init__(self, live: LiveRoom, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._up: dict[str, Hand] = {}
        self._emitter: Emitter[HandsChanged] = Emitter()
        live.people.add_listener(self._people_changed)

    @property
    def up(self) -> tuple[Hand, ...]:
        """Those that are up, the first one first."""
        return tuple(self._up.values())

    def add_listener(self, listener: Callable[[HandsChanged], None]) -> Callable[[], None]:
        """Hears of every change; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def put_up(self, participant: Participant) -> None:
        """Raises somebody's hand; one that is up keeps its place."""
        id_ = participant.participant_id
        if id_ not in self._up:
            self._up[id_] = Hand(id_, self._clock())
            self._tell()

    def take_down(self, participant_id: str) -> None:
        """Lowers somebody's hand, if it is up."""
        if self._up.pop(participant_id, None) is not None:
            self._tell()

    def take_all_down(self) -> None:
        """Lowers every hand."""
        if self._up:
            self._up.clear()
            self._tell()

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonLeft):
            self.take_down(event.participant.participant_id)

    def _tell(self) -> None:
        self._emitter.emit(HandsChanged(self.up))
