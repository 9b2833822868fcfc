"""The rows of rooms: found by id or slug, added, deleted, listed. No rules here, only SQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.ids import is_id, new_id
from vtp.rooms.tables import rooms


@dataclass(frozen=True, slots=True)
class Room:
    """One room as it is stored; `settings` are those of vtp.rooms.schemas.RoomRules."""

    id: str
    slug: str
    name: str
    owner_id: str | None
    settings: dict[str, Any]
    created_at: datetime

    @property
    def room_id(self) -> str:
        """The same id, as permissions name it."""
        return self.id

    @property
    def staff_only_publish(self) -> bool:
        """Whether the room lets only admins, teachers and assistants publish."""
        return self.settings.get("publish") == "staff"


_COLUMNS = [rooms.c[name] for name in Room.__slots__]


async def find_room(tx: AsyncConnection, reference: str) -> Room | None:
    """The room with this id or slug, unless it was deleted."""
    wanted = rooms.c.id == reference.lower() if is_id(reference) else rooms.c.slug == reference
    row = (await tx.execute(select(*_COLUMNS).where(wanted, rooms.c.deleted_at.is_(None)))).one_or_none()
    return _room(row) if row else None


async def add_room(
    tx: AsyncConnection, slug: str, name: str, owner_id: str | None, settings: dict[str, Any], now: datetime
) -> Room | None:
    """Adds a room; None when the slug is taken."""
    room = Room(new_id(), slug, name, owner_id, settings, now)
    values = {field: getattr(room, field) for field in Room.__slots__} | {"updated_at": now}
    return room if await insert_if_absent(tx, rooms, values) else None


async def delete_room(tx: AsyncConnection, room_id: str, now: datetime) -> bool:
    """Marks a room as deleted and frees its slug; tells whether it was there."""
    deleted = await tx.execute(
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.deleted_at.is_(None))
        .values(deleted_at=now, updated_at=now, slug=None)
    )
    return deleted.rowcount == 1


async def page_of_rooms(tx: AsyncConnection, *, limit: int, before: str | None) -> list[Room]:
    """Rooms by age, newest first; `before` is the id that the page before ended with."""
    statement = select(*_COLUMNS).where(rooms.c.deleted_at.is_(None)).order_by(rooms.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(rooms.c.id < before)
    return [_room(row) for row in await tx.execute(statement)]


def _room(row: Row[Any, *tuple[Any, ...]]) -> Room:
    return Room(*(getattr(row, name) for name in Room.__slots__))
