"""Who is in a room and what they publish, by whatever way each of them came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.media.data_producer import DataProducer
from vtp.media.events import Emitter
from vtp.media.producer import Producer
from vtp.media.router import Router, RouterEvent, TransportGone, TransportMade
from vtp.media.transport import DataProducerMade, ProducerMade, TransportEvent
from vtp.rooms.participants import Participant, participant_of


@dataclass(frozen=True)
class PersonJoined:
    """Somebody is in the room now."""

    participant: Participant


@dataclass(frozen=True)
class PersonLeft:
    """Somebody is not in the room any more."""

    participant: Participant


@dataclass(frozen=True)
class MediaPublished:
    """Somebody publishes something new."""

    participant: Participant
    producer: Producer


@dataclass(frozen=True)
class DataPublished:
    """Somebody sends messages by a new data producer."""

    participant: Participant
    data_producer: DataProducer


PeopleEvent = PersonJoined | PersonLeft | MediaPublished | DataPublished


class People:
    """Belongs to a LiveRoom. Somebody is there from the first hold to the last: a signalling connection or a
    transport.
    """

    def __init__(self, router: Router) -> None:
        self._present: dict[str, Participant] = {}
        self._holds: dict[str, int] = {}
        self._emitter: Emitter[PeopleEvent] = Emitter()
        router.add_listener(self._router_changed)

    def __len__(self) -> int:
        return len(self._present)

    @property
    def participants(self) -> list[Participant]:
        """Everybody, in the order they came."""
        return list(self._present.values())

    def add_listener(self, listener: Callable[[PeopleEvent], None]) -> Callable[[], None]:
        """Hears who comes and goes and publishes; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def hold(self, participant: Participant) -> None:
        """Somebody is there by one way more."""
        key = participant.participant_id
        self._holds[key] = self._holds.get(key, 0) + 1
        if key not in self._present:
            self._present[key] = participant
            self._emitter.emit(PersonJoined(participant))

    def let_go(self, participant: Participant) -> None:
        """Somebody is there by one way less; with the last one they have left."""
        key = participant.participant_id
        self._holds[key] = self._holds.get(key, 1) - 1
        if self._holds[key] <= 0:
            del self._holds[key]
            if self._present.pop(key, None) is not None:
                self._emitter.emit(PersonLeft(participant))

    def _router_changed(self, event: RouterEvent) -> None:
        if isinstance(event, TransportMade | TransportGone):
            participant = participant_of(event.transport)
            if participant is None:
                return
            if isinstance(event, TransportGone):
                self.let_go(participant)
                return
            event.transport.add_listener(self._transport_changed(participant))
            self.hold(participant)

    def _transport_changed(self, participant: Participant) -> Callable[[TransportEvent], None]:
        def changed(event: TransportEvent) -> None:
            if isinstance(event, ProducerMade):
                self._emitter.emit(MediaPublished(participant, event.producer))
            elif isinstance(event, DataProducerMade):
                self._emitter.emit(DataPublished(participant, event.data_producer))

        return changed
