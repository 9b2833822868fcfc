"""Rooms in which media flows now: opened when the first transport is wanted, closed when nobody is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vtp.doors import Doors
from vtp.errors import Unavailable
from vtp.media.events import Emitter
from vtp.media.plane import MediaPlane
from vtp.media.producer import Producer
from vtp.media.router import Router, RouterClosed, RouterEvent
from vtp.rooms.people import People, PeopleEvent
from vtp.rooms.program import Program
from vtp.settings import Settings

EMPTY_ROOM_GRACE_S = 10.0
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


RoomEvent = RoomOpened | RoomClosed


class LiveRoom:
    """Made by `LiveRooms.open`. Everything in it runs on the event loop."""

    def __init__(self, room_id: str, router: Router) -> None:
        self.id = room_id
        self.router = router
        self.program = Program()
        self.people = People(router)
        self._recording = False
        self._emitter: Emitter[RoomEvent] = Emitter()
        self._loop = asyncio.get_running_loop()
        self._grace: asyncio.TimerHandle | None = None
        router.add_listener(self._router_changed)
        self.people.add_listener(self._people_changed)
        self._look_if_empty()

    @property
    def closed(self) -> bool:
        return self.router.closed

    @property
    def recording(self) -> bool:
        """Set by the recorder. While it is true publishers are asked for H.264 and the room stays open."""
        return self._recording

    @recording.setter
    def recording(self, value: bool) -> None:
        self._recording = value
        self._look_if_empty()

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

    def close(self, reason: str = "The room was closed.") -> None:
        """Closes every connection of the room, then tells the listeners."""
        self.router.close(reason)

    def _router_changed(self, event: RouterEvent) -> None:
        if isinstance(event, RouterClosed):
            self._stop_grace()
            self._emitter.emit(RoomClosed(self, event.reason))

    def _people_changed(self, event: PeopleEvent) -> None:
        self._look_if_empty()

    def _look_if_empty(self) -> None:
        self._stop_grace()
        if not (self.closed or len(self.people) or self._recording):
            self._grace = self._loop.call_later(EMPTY_ROOM_GRACE_S, self.close, "Everybody has left.")

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

    async def open(self, room_id: str) -> LiveRoom:
        """The room, opened when it was not. Raises Unavailable while draining or without a media worker."""
        room = self._rooms.get(room_id)
        if room is not None:
            return room
        self._doors.check()
        if not self._plane.is_alive:
            raise Unavailable("Media is not available at the moment; try again shortly.", retry_after_s=10)
        room = LiveRoom(room_id, self._plane.create_router())
        self._rooms[room_id] = room
        room.add_listener(self._room_changed)
        self._emitter.emit(RoomOpened(room))
        return room

    def add_listener(self, listener: Callable[[RoomEvent], None]) -> Callable[[], None]:
        """Hears of rooms opening and closing; the returned function stops that."""
        return self._emitter.add_listener(listener)

    async def close_room(self, room_id: str, reason: str = "The room was deleted.") -> None:
        """Ends a room that may be open."""
        room = self._rooms.get(room_id)
        if room is not None:
            room.close(reason)

    async def close(self) -> None:
        """Ends all rooms."""
        for room in self.rooms:
            room.close("The server is shutting down.")

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._rooms.pop(event.room.id, None)
            self._emitter.emit(event)
