"""Ends a class that may be going on, as when its time is over."""

from __future__ import annotations

from vtp.rooms.live import LiveRooms


def close_room(rooms: LiveRooms, room_id: str, reason: str = "The class was ended.") -> None:
    """Its room may be opened again."""
    room = rooms.get(room_id)
    if room is not None:
        room.close(reason)
