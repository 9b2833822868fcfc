"""Rooms that are for members alone: who they are is asked of what keeps such rooms, which rooms do not know.

A lesson of a course keeps its room. Nobody renames or deletes that by itself, and no list of rooms has it.
"""

from __future__ import annotations

from typing import Protocol

from vtp.errors import Conflict, Forbidden
from vtp.http.identity import Principal
from vtp.rooms.live import LiveRooms
from vtp.rooms.store import Room


class Membership(Protocol):
    """What keeps rooms that are for members alone."""

    async def as_member(self, principal: Principal, room: Room) -> Principal:
        """Somebody in the role that they have there. Raises Forbidden for who has none."""

    async def admit(self, principal: Principal, room: Room, *, held: bool) -> Principal:
        """The same for who comes in now; `held`: staff hold the class, or are away for a moment.

        Raises Forbidden, too, while it is not open to them.
        """

    async def course_of(self, room: Room) -> str | None:
        """The course that it belongs to; None: it was deleted."""


class Members:
    """What everybody asks who has a room and somebody who wants something there."""

    def __init__(self, live_rooms: LiveRooms, membership: Membership | None = None) -> None:
        self._live_rooms = live_rooms
        self._membership = membership

    async def as_member(self, principal: Principal, room: Room) -> Principal:
        """Somebody as rights see them in a room. Raises Forbidden."""
        if not room.members_only:
            return principal
        return await self._keeper.as_member(principal, room)

    async def as_here(self, principal: Principal, room: Room) -> Principal:
        """The same, in the role that they were given there while it is open. Raises Forbidden."""
        return self._live_rooms.as_here(await self.as_member(principal, room), room.id)

    async def course_of(self, room: Room) -> str | None:
        """The course that a room belongs to; None for a room that is for itself."""
        return await self._keeper.course_of(room) if room.members_only else None

    async def admit(self, principal: Principal, room: Room) -> Principal:
        """Somebody who comes in now, before the room is opened for them. Raises Forbidden."""
        if not room.members_only:
            return principal
        live = self._live_rooms.get(room.id)
        held = live is not None and (live.held or any(one.is_staff for one in live.people.participants))
        return await self._keeper.admit(principal, room, held=held)

    @property
    def _keeper(self) -> Membership:
        if self._membership is None:
            raise Forbidden("Nobody here knows for whom this room is.", code="members_only")
        return self._membership


def kept_elsewhere() -> Conflict:
    """The refusal of what is done to such a room by what it belongs to alone."""
    return Conflict(
        "This room belongs to a lesson: change or delete the lesson in its course.", code="room_of_a_lesson"
    )
