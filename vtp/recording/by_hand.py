"""Whether somebody has stopped the recording of a room, so that nothing starts it again by itself."""

from __future__ import annotations

from vtp.rooms.live import LiveRoom


class ByHand:
    """A part of a room (`LiveRoom.part`): holds until somebody starts recording again, or the room closes."""

    def __init__(self, room: LiveRoom) -> None:
        self.stopped = False
