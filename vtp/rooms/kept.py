"""Rooms that belong to something else: made, renamed and deleted with it, within its transactions.

Who may do that is for what they belong to to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.after import after_commit
from vtp.rooms.live import LiveRooms
from vtp.rooms.rules import RoomRules
from vtp.rooms.store import Room, add_kept_rooms, change_room, delete_rooms, find_room, find_rooms

DEFAULTS = RoomRules().model_dump()


class KeptRooms:
    """`live_rooms` None: nothing is open in this process. `made`, `renamed` and `deleted` are told after the
    commit, of each room as it is then.
    """

    def __init__(
        self,
        live_rooms: LiveRooms | None,
        made: Callable[[Room], None],
        renamed: Callable[[Room], None],
        deleted: Callable[[Room], None],
    ) -> None:
        self._live_rooms = live_rooms
        self._made = made
        self._renamed = renamed
        self._deleted = deleted

    async def add(self, tx: AsyncConnection, names: list[tuple[str, str]], now: datetime) -> list[Room]:
        """Makes rooms of these slugs and names, for members alone."""
        rooms = await add_kept_rooms(tx, names, DEFAULTS, now)

        def tell() -> None:
            for room in rooms:
                self._made(room)

        after_commit(tx, tell)
        return rooms

    async def rename(self, tx: AsyncConnection, room_id: str, name: str, now: datetime) -> None:
        """Calls a room something else; who is in it is told."""
        if not await change_room(tx, room_id, now, name=name):
            return
        room = await find_room(tx, room_id)
        if room is not None:
            after_commit(tx, lambda: self._renamed(room))

    async def delete(self, tx: AsyncConnection, room_ids: Sequence[str], now: datetime, reason: str) -> None:
        """Deletes rooms; what goes on in them ends with this reason."""
        if not room_ids:
            return
        rooms = await find_rooms(tx, room_ids)
        await delete_rooms(tx, [room.id for room in rooms], now)

        def end() -> None:
            for room in rooms:
                if self._live_rooms is not None:
                    self._live_rooms.forget_room(room.id, reason)
                self._deleted(room)

        after_commit(tx, end)
