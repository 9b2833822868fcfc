"""Who is in a room and what they publish, by whatever way each of them came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vtp.errors import NotFound
from vtp.http.identity import Principal, Role
from vtp.media.data_producer import DataProducer
from vtp.media.events import Emitter
from vtp.media.media_transport import DataProducerMade, ProducerMade, TransportEvent
from vtp.media.producer import Producer
from vtp.media.router import Router, RouterEvent, TransportGone, TransportMade
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


@dataclass(frozen=True)
class PersonChanged:
    """Somebody has another role in the room from now on."""

    participant: Participant


@dataclass(frozen=True)
class PersonRemoved:
    """Somebody was sent away, by a face or all at once: whoever connected them ends that now."""

    participant: Participant
    reason: str
    banned: bool


PeopleEvent = PersonJoined | PersonLeft | PersonChanged | PersonRemoved | MediaPublished | DataPublished


class People:
    """Belongs to a LiveRoom. Somebody is there from the first hold to the last: a signalling connection or a
    transport.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._present: dict[str, Participant] = {}
        self._holds: dict[str, int] = {}
        self._roles: dict[str, tuple[Role, Role]] = {}  # given here, and by whom, by identity
        self._emitter: Emitter[PeopleEvent] = Emitter()
        router.add_listener(self._router_changed)

    def __len__(self) -> int:
        return len(self._present)

    @property
    def participants(self) -> list[Participant]:
        """Everybody, in the order they came."""
        return list(self._present.values())

    def get(self, participant_id: str) -> Participant | None:
        """Somebody who is here."""
        return self._present.get(participant_id)

    def find(self, participant_id: str) -> Participant:
        """Somebody who is here. Raises NotFound."""
        found = self._present.get(participant_id)
        if found is None:
            raise NotFound("There is nobody of this id in the room.", code="no_such_participant")
        return found

    def set_role(self, participant: Participant, role: Role, by: Role = Role.ADMIN) -> None:
        """Gives somebody another role, on all their devices, for as long as the room is open.

        `by` is the role of who gives it: an account that has the same or a higher one keeps its own.
        """
        self._roles[participant.identity] = role, by
        for one in self.participants:
            if one.identity == participant.identity and one.role is not role:
                one.principal = replace(one.principal, role=role)
                self._emitter.emit(PersonChanged(one))

    def as_here(self, principal: Principal) -> Principal:
        """Who comes, in the role that they were given here."""
        role, by = self._roles.get(principal.limit_key, (principal.role, Role.ADMIN))
        return principal if principal.role.rank >= by.rank else replace(principal, role=role)

    def remove(self, participant: Participant, reason: str, *, banned: bool = False) -> None:
        """Sends somebody away: their connections are closed, by whatever way they are here."""
        self._emitter.emit(PersonRemoved(participant, reason, banned))
        for transport in list(self._router.transports.values()):
            if participant_of(transport) is participant:
                transport.close(reason)

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
