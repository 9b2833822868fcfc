"""Rooms in which media flows now: opened when the first transport is wanted, closed when nobody is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from vtp.accounts.permissions import Action, can
from vtp.doors import Doors
from vtp.errors import NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.media.data_producer import DataProducer
from vtp.media.events import Emitter
from vtp.media.plane import MediaPlane
from vtp.media.producer import Producer
from vtp.media.router import Router, RouterClosed, RouterEvent
from vtp.rooms.groups import Groups, Moved
from vtp.rooms.participants import Participant, participant_of
from vtp.rooms.people import MediaPublished, People, PeopleEvent, PersonChanged, PersonLeft
from vtp.rooms.program import Choice, Program
from vtp.rooms.sources import action_to_send
from vtp.rooms.store import Room
from vtp.settings import Settings

EMPTY_ROOM_GRACE_S = 10.0
SHUTTING_DOWN = "The server is shutting down."  # the end of a room that may be there again soon
DELETED_KEPT = 1000  # for those who looked one up before; that takes seconds at most
PARTICIPANT_ID = "participant_id"  # in a producer's `app_data`: who publishes it


@dataclass(frozen=True)
class RoomOpened:
    """Somebody came: the room has a router now."""

    room: LiveRoom


@dataclass(frozen=True)
class RoomClosed:
    """Everybody left, or the room was closed on request, or its worker died; `reason` is a sentence."""

    room: LiveRoom
    reason: str


@dataclass(frozen=True)
class RoomSettingsChanged:
    """The name or the settings of an open room have changed: they are those of `room.room`."""

    room: LiveRoom


@dataclass(frozen=True)
class RecordingSwitched:
    """The room is recorded from now on, or not any more."""

    room: LiveRoom


@dataclass(frozen=True)
class StreamSwitched:
    """The room is streamed without being recorded from now on, or not any more."""

    room: LiveRoom


RoomEvent = RoomOpened | RoomClosed | RoomSettingsChanged | RecordingSwitched | StreamSwitched
Part = TypeVar("Part")
NOT_ALLOWED = "not_allowed"  # why a producer was closed: its owner may not send it any more


class LiveRoom:
    """Made by `LiveRooms.open`. Everything in it runs on the event loop."""

    def __init__(self, room: Room, router: Router) -> None:
        self.room = room
        self.id = room.id
        self.router = router
        self.people = People(router)
        self.groups = Groups()
        self.program = Program(self.groups)
        self.groups.add_listener(self._groups_changed, first=True)
        self._parts: dict[Callable[[LiveRoom], object], object] = {}
        self.ended_for_all = False  # by its staff, which is told with RoomClosed
        self.held = False  # by its staff, who may be away for a moment: set by what looks after a lesson's
        self._recording = False
        self._streams = 0
        self._waiting = 0
        self._kept_empty_s: float | None = None
        self._emitter: Emitter[RoomEvent] = Emitter()
        self._loop = asyncio.get_running_loop()
        self._opened_s = self._loop.time()
        self._grace: asyncio.TimerHandle | None = None
        router.add_listener(self._router_changed)
        self.people.add_listener(self._people_changed)
        self._look_if_empty()

    @property
    def closed(self) -> bool:
        return self.router.closed

    @property
    def open_for_ms(self) -> int:
        """Since when the class is held, told as how long: clocks of those who are told may be wrong."""
        return round((self._loop.time() - self._opened_s) * 1000)

    @property
    def recording(self) -> bool:
        """Set by the recorder. While it is true the room stays open."""
        return self._recording

    @recording.setter
    def recording(self, value: bool) -> None:
        changed, self._recording = value != self._recording, value
        self._look_if_empty()
        if changed:
            self._emitter.emit(RecordingSwitched(self))

    @property
    def streamed(self) -> bool:
        """Whether it is streamed without being recorded. While it is true the room stays open."""
        return self._streams > 0

    def hold_stream(self) -> Callable[[], None]:
        """It is streamed until the returned function is called: the next may begin before the last ends."""
        self._count_streams(1)
        return partial(self._count_streams, -1)

    def _count_streams(self, more: int) -> None:
        before, self._streams = self.streamed, self._streams + more
        self._look_if_empty()
        if self.streamed != before:
            self._emitter.emit(StreamSwitched(self))

    @property
    def waiting(self) -> int:
        """How many wait to be let in, set by the lobby. While some do the room stays open."""
        return self._waiting

    @waiting.setter
    def waiting(self, value: int) -> None:
        self._waiting = value
        self._look_if_empty()

    def keep_empty(self, seconds: float | None) -> None:
        """Stays open for so long when everybody has left, and not for EMPTY_ROOM_GRACE_S; None: for that."""
        if seconds != self._kept_empty_s:
            self._kept_empty_s = seconds
            self._look_if_empty()

    def part(self, kind: Callable[[LiveRoom], Part]) -> Part:
        """What one part of a class (hands, polls…) keeps here: made of this room when first asked for."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts[kind] = kind(self)
        return cast(Part, found)

    @property
    def participant_count(self) -> int:
        """How many are here: the presenter and every viewer."""
        return len(self.people)

    def add_listener(self, listener: Callable[[RoomEvent], None]) -> Callable[[], None]:
        """Hears of this room's end; the returned function stops that. The program has its own listeners."""
        return self._emitter.add_listener(listener)

    def producers_of(self, participant_id: str) -> list[Producer]:
        """What one participant publishes here."""
        return [
            producer
            for producer in self.router.producers.values()
            if producer.app_data.get(PARTICIPANT_ID) == participant_id
        ]

    def _data_producers_of(self, participant_id: str) -> list[DataProducer]:
        return [
            one
            for one in self.router.data_producers.values()
            if one.app_data.get(PARTICIPANT_ID) == participant_id
        ]

    def choose_presenter(self, participant: Participant | None) -> None:
        """Makes the program somebody's, by whatever way they send; see `Program.choose`."""
        if participant is None:
            self.program.choose(None)
            return

        def sources() -> list[Producer]:
            open_now = [one for one in self.router.transports.values() if not one.closed]
            theirs = [one for one in open_now if participant_of(one) is participant]
            return sorted((made for one in theirs for made in one.producers.values()), key=lambda one: one.id)

        self.program.choose(Choice(participant.participant_id, sources))

    def change_room(self, room: Room) -> None:
        """Takes the room as it was just stored: who sends what they may not any more sends it no longer."""
        self.room = room
        self._emitter.emit(RoomSettingsChanged(self))
        self._close_what_is_not_allowed()

    def _close_what_is_not_allowed(self) -> None:
        for participant in self.people.participants:
            for producer in self.producers_of(participant.participant_id):
                if not can(participant.principal, action_to_send(producer), self.room):
                    producer.close(NOT_ALLOWED)
            if not can(participant.principal, Action.ROOM_PUBLISH, self.room):
                for data_producer in self._data_producers_of(participant.participant_id):
                    data_producer.close(NOT_ALLOWED)

    def close(self, reason: str = "The room was closed.") -> None:
        """Closes every connection of the room, then tells the listeners."""
        self.router.close(reason)

    def _router_changed(self, event: RouterEvent) -> None:
        if isinstance(event, RouterClosed):
            self._stop_grace()
            self._emitter.emit(RoomClosed(self, event.reason))

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, MediaPublished):
            self.program.look_at(event.participant.participant_id)
        elif isinstance(event, PersonLeft):
            self.program.forget(event.participant.participant_id)
            self.groups.forget(event.participant.participant_id)
        elif isinstance(event, PersonChanged):
            self._close_what_is_not_allowed()
        self._look_if_empty()

    def _groups_changed(self, event: Moved) -> None:
        """What was shown to one group is not replayed to newcomers from another."""
        for producer in self.router.producers.values():
            if producer.app_data.get(PARTICIPANT_ID) in event.old:
                producer.start_afresh()

    def _look_if_empty(self) -> None:
        self._stop_grace()
        if not (self.closed or len(self.people) or self._recording or self._streams or self._waiting):
            grace_s = EMPTY_ROOM_GRACE_S if self._kept_empty_s is None else self._kept_empty_s
            self._grace = self._loop.call_later(grace_s, self.close, "Everybody has left.")

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None


class LiveRooms:
    """All rooms that are open now, by room id. `close()` ends them all."""

    def __init__(self, plane: MediaPlane, settings: Settings, doors: Doors | None = None) -> None:
        self.settings = settings
        self._doors = doors or Doors()
        self._plane = plane
        self._rooms: dict[str, LiveRoom] = {}
        self._deleted: dict[str, None] = {}
        self._emitter: Emitter[RoomEvent] = Emitter()

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def rooms(self) -> list[LiveRoom]:
        """All open rooms."""
        return list(self._rooms.values())

    def get(self, room_id: str) -> LiveRoom | None:
        """The room if it is open."""
        return self._rooms.get(room_id)

    def as_here(self, principal: Principal, room_id: str) -> Principal:
        """Somebody in the role that they were given in a room, while it is open."""
        live = self._rooms.get(room_id)
        return live.people.as_here(principal) if live is not None else principal

    async def open(self, room: Room) -> LiveRoom:
        """The room, opened when it was not, as it was just looked up.

        Raises Unavailable while draining or without a media worker, NotFound for a room that was
        deleted after the caller had looked it up.
        """
        if room.id in self._deleted:
            raise NotFound("There is no such room.", code="no_such_room")
        live = self._rooms.get(room.id)
        if live is not None:
            return live
        self._doors.check()
        if not self._plane.is_alive:
            raise Unavailable("Media is not available at the moment; try again shortly.", retry_after_s=10)
        live = LiveRoom(room, self._plane.create_router())
        self._rooms[room.id] = live
        live.add_listener(self._room_changed)
        self._emitter.emit(RoomOpened(live))
        return live

    def add_listener(self, listener: Callable[[RoomEvent], None]) -> Callable[[], None]:
        """Hears of rooms opening and closing; the returned function stops that."""
        return self._emitter.add_listener(listener)

    async def delete_room(self, room_id: str) -> None:
        """Ends a room that may be open, and opens it no more: somebody may have looked it up just before."""
        self.forget_room(room_id, "The room was deleted.")

    def forget_room(self, room_id: str, reason: str) -> None:
        """The same at once, for this reason."""
        self._deleted[room_id] = None
        while len(self._deleted) > DELETED_KEPT:
            del self._deleted[next(iter(self._deleted))]
        room = self._rooms.get(room_id)
        if room is not None:
            room.close(reason)

    async def close(self) -> None:
        """Ends all rooms."""
        for room in self.rooms:
            room.close(SHUTTING_DOWN)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._rooms.pop(event.room.id, None)
        self._emitter.emit(event)
