"""Where webhooks hear of things: listeners of rooms, people and recordings that only put and never wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vtp.recording.changes import RecordingChanged
from vtp.recording.store import Status
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent, RoomOpened
from vtp.rooms.participants import Participant
from vtp.rooms.people import PeopleEvent, PersonJoined, PersonLeft
from vtp.rooms.service import CatalogueEvent, RoomCreated, RoomDeleted
from vtp.rooms.store import Room
from vtp.webhooks.events import EventName, Happening

Put = Callable[[Happening], None]

_OF_STATUS = {
    Status.RECORDING: EventName.RECORDING_STARTED,
    Status.FINALIZING: EventName.RECORDING_STOPPED,
    Status.READY: EventName.RECORDING_READY,
    Status.INTERRUPTED: EventName.RECORDING_READY,  # it can be played; its status says how it ended
    Status.FAILED: EventName.RECORDING_FAILED,
}


class Sources:
    """Its methods are the listeners to add; `put` is the outbox's."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def catalogue_changed(self, event: CatalogueEvent) -> None:
        """For the rooms service."""
        if isinstance(event, RoomCreated | RoomDeleted):
            created = isinstance(event, RoomCreated)
            name = EventName.ROOM_CREATED if created else EventName.ROOM_DELETED
            self._put(Happening(name, _now(), event.room.id, data={"room": _room(event.room)}))

    def live_changed(self, event: RoomEvent) -> None:
        """For the live rooms."""
        if isinstance(event, RoomOpened):
            _Class(event.room, self._put)

    def recording_changed(self, event: RecordingChanged) -> None:
        """For recordings."""
        name = _OF_STATUS.get(event.status)
        if name is not None:
            data = {"recording": {"recording_id": event.recording_id, "status": event.status}}
            self._put(Happening(name, _now(), recording_id=event.recording_id, data=data))


class _Class:
    """One opening of a room, from its first person to its end."""

    def __init__(self, room: LiveRoom, put: Put) -> None:
        self._room_id = room.id
        self._put = put
        self._opened = False
        self._present: dict[str, Participant] = {}
        self._forget = room.people.add_listener(self._people_changed)
        room.add_listener(self._room_changed)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined):
            if not self._opened:
                self._opened = True
                self._say(EventName.ROOM_OPENED)
            self._present[event.participant.participant_id] = event.participant
            self._say(EventName.PARTICIPANT_JOINED, participant=_person(event.participant))
        elif isinstance(event, PersonLeft):
            self._left(event.participant)

    def _room_changed(self, event: RoomEvent) -> None:
        if not isinstance(event, RoomClosed):
            return
        self._forget()
        for participant in list(self._present.values()):
            self._left(participant)
        if self._opened:
            self._say(EventName.ROOM_CLOSED, reason=event.reason)

    def _left(self, participant: Participant) -> None:
        if self._present.pop(participant.participant_id, None) is not None:
            self._say(EventName.PARTICIPANT_LEFT, participant=_person(participant))

    def _say(self, name: EventName, **data: Any) -> None:
        self._put(Happening(name, _now(), self._room_id, data=data))


def _now() -> datetime:
    return datetime.now(UTC)


def _room(room: Room) -> dict[str, Any]:
    return {"room_id": room.id, "slug": room.slug, "name": room.name, "owner_id": room.owner_id}


def _person(participant: Participant) -> dict[str, Any]:
    return {
        "participant_id": participant.participant_id,
        "user_id": participant.user_id,
        "full_name": participant.full_name,
        "role": participant.role,
        "is_producer": participant.is_producer,
        "joined_at": participant.joined_at.isoformat(),
    }
