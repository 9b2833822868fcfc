"""Rooms and what goes on in them: media, who is let in, who is there."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.analytics.presence import Presence
from vtp.building.foundation import Foundation
from vtp.courses.lesson_door import LessonDoor
from vtp.media.plane import MediaPlane, start_media
from vtp.rooms.bans import Bans
from vtp.rooms.entrance import Entrance
from vtp.rooms.live import LiveRooms
from vtp.rooms.service import RoomService
from vtp.rooms.speaker_watch import SpeakerWatch


@dataclass(frozen=True, slots=True)
class Classes:
    """Built second."""

    media: MediaPlane
    live: LiveRooms
    presence: Presence
    rooms: RoomService
    bans: Bans
    entrance: Entrance


async def build_classes(base: Foundation) -> Classes:
    """Opens the media ports. Raises StartupError."""
    settings, database, tasks, audit = base.settings, base.database, base.tasks, base.accounts.audit
    presence = Presence(database)
    base.stack.push_async_callback(presence.close)  # after rooms, whose ends it writes down
    media = await start_media(settings)
    base.stack.push_async_callback(media.close)
    live = LiveRooms(media, settings, base.doors)
    base.stack.push_async_callback(live.close)
    tasks.start(SpeakerWatch(media, live).run(), "who speaks")
    await presence.finish_left_open()
    presence.attend(live)
    tasks.start(presence.run(), "who is in class")
    door = LessonDoor(database)
    rooms = RoomService(database, live, audit, open_rooms=settings.rooms.open, membership=door)
    bans = Bans(database, rooms, audit)
    return Classes(media, live, presence, rooms, bans, Entrance(live, bans.read, door))
