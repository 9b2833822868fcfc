"""The rows of rooms: found by id or slug, added, deleted, listed. No rules here, only SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, Circle
from vtp.db.statements import insert_if_absent
from vtp.ids import is_id, new_id
from vtp.rooms.rules import SETTING_OF, RoomRules
from vtp.rooms.tables import chat_messages, polls, rooms


@dataclass(frozen=True, slots=True)
class Room:
    """One room as it is stored; `settings` are those of vtp.rooms.schemas.RoomRules."""

    id: str
    slug: str
    name: str
    owner_id: str | None
    settings: dict[str, Any]
    created_at: datetime
    members_only: bool = False

    @property
    def room_id(self) -> str:
        """The same id, as permissions name it."""
        return self.id

    def circle(self, action: Action) -> Circle:
        """For whom the settings open an action."""
        setting = SETTING_OF.get(action)
        return Circle(getattr(self.rules, setting)) if setting is not None else Circle.EVERYONE

    @property
    def rules(self) -> RoomRules:
        """The settings by name, with what older rooms have not stored."""
        return RoomRules.model_validate(self.settings)


_COLUMNS = [rooms.c[name] for name in Room.__slots__]


async def find_room(tx: AsyncConnection, reference: str, *, to_change: bool = False) -> Room | None:
    """The room with this id or slug, unless it was deleted; `to_change`: other changes of it wait."""
    wanted = rooms.c.id == reference.lower() if is_id(reference) else rooms.c.slug == reference
    statement = select(*_COLUMNS).where(wanted, rooms.c.deleted_at.is_(None))
    row = (await tx.execute(statement.with_for_update() if to_change else statement)).one_or_none()
    return _room(row) if row else None


async def find_rooms(tx: AsyncConnection, ids: Iterable[str]) -> list[Room]:
    """The rooms with these ids that were not deleted, oldest first."""
    wanted = select(*_COLUMNS).where(rooms.c.id.in_(set(ids)), rooms.c.deleted_at.is_(None))
    return [_room(row) for row in await tx.execute(wanted.order_by(rooms.c.id))]


async def add_room(
    tx: AsyncConnection, slug: str, name: str, owner_id: str | None, settings: dict[str, Any], now: datetime
) -> Room | None:
    """Adds a room; None when the slug is taken."""
    room = Room(new_id(), slug, name, owner_id, settings, now)
    values = {field: getattr(room, field) for field in Room.__slots__} | {"updated_at": now}
    return room if await insert_if_absent(tx, rooms, values) else None


async def add_kept_rooms(
    tx: AsyncConnection, names: list[tuple[str, str]], settings: dict[str, Any], now: datetime
) -> list[Room]:
    """Adds rooms for members alone, of these slugs, which nobody else takes, and names."""
    made = [Room(new_id(), slug, name, None, settings, now, members_only=True) for slug, name in names]
    if made:
        rows = [
            {field: getattr(one, field) for field in Room.__slots__} | {"updated_at": now} for one in made
        ]
        await tx.execute(insert(rooms), rows)
    return made


async def change_room(tx: AsyncConnection, room_id: str, now: datetime, **values: Any) -> bool:
    """Sets columns of a room that was not deleted; tells whether it was there."""
    there = update(rooms).where(rooms.c.id == room_id, rooms.c.deleted_at.is_(None))
    changed = await tx.execute(there.values(**values, updated_at=now))
    return changed.rowcount == 1


async def delete_room(tx: AsyncConnection, room_id: str, now: datetime) -> bool:
    """Marks a room as deleted, frees its slug and deletes its chat and polls; tells whether it was there."""
    return await delete_rooms(tx, [room_id], now) == 1


async def delete_rooms(tx: AsyncConnection, room_ids: Sequence[str], now: datetime) -> int:
    """The same with several; gives how many were there."""
    for table in (chat_messages, polls):
        await tx.execute(delete(table).where(table.c.room_id.in_(room_ids)))
    deleted = await tx.execute(
        update(rooms)
        .where(rooms.c.id.in_(room_ids), rooms.c.deleted_at.is_(None))
        .values(deleted_at=now, updated_at=now, slug=None)
    )
    return int(deleted.rowcount)


async def page_of_rooms(tx: AsyncConnection, *, limit: int, before: str | None) -> list[Room]:
    """Rooms by age, newest first, but for those of members alone; `before`: the id that the last page ended
    with."""
    listed = rooms.c.members_only.is_(False), rooms.c.deleted_at.is_(None)
    statement = select(*_COLUMNS).where(*listed).order_by(rooms.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(rooms.c.id < before)
    return [_room(row) for row in await tx.execute(statement)]


def _room(row: Row[Any, *tuple[Any, ...]]) -> Room:
    return Room(*(getattr(row, name) for name in Room.__slots__))
