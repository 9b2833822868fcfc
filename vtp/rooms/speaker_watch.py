"""Looks a few times a second how loud everybody is, in all open rooms at once."""

from __future__ import annotations

import asyncio
import logging

from vtp.media.plane import MediaPlane
from vtp.rooms.live import LiveRooms, RoomEvent, RoomOpened
from vtp.rooms.speaker_focus import SpeakerFocus
from vtp.rooms.speakers import Speakers

logger = logging.getLogger(__name__)

LOOK_S = 0.2


class SpeakerWatch:
    """Made before any room is open."""

    def __init__(self, plane: MediaPlane, live_rooms: LiveRooms) -> None:
        self._plane = plane
        self._live_rooms = live_rooms
        live_rooms.add_listener(_rooms_changed)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Once. A worker that has no room is looked at too: what it heard before is nobody's later."""
        heard = {worker: worker.listen() for worker in self._plane.workers if not worker.is_closed}
        for live in list(self._live_rooms.rooms):
            try:
                live.part(Speakers).receive(heard)
            except Exception:
                logger.exception("Who speaks in the room %s could not be told.", live.room.slug)


def _rooms_changed(event: RoomEvent) -> None:
    if isinstance(event, RoomOpened):
        event.room.part(Speakers)
        event.room.part(SpeakerFocus)
