"""The SQL of quotas: what a room may hold, and what recordings take by room and by who owns it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import put_row
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recording_quotas, recordings
from vtp.rooms.tables import rooms


@dataclass(frozen=True, slots=True)
class RoomBytes:
    """A room, the value that was set for it (None: the default holds), and what its recordings take."""

    room_id: str
    name: str
    allowed_bytes: int | None
    used_bytes: int


async def find_quota(tx: AsyncConnection, room_id: str) -> int | None:
    """The value of a room; None where none is set."""
    wanted = select(recording_quotas.c.bytes).where(recording_quotas.c.room_id == room_id)
    found = (await tx.execute(wanted)).scalar_one_or_none()
    return None if found is None else int(found)


async def set_quota(tx: AsyncConnection, room_id: str, value: int | None, now: datetime) -> None:
    """Sets the value of a room; None: the default holds again."""
    values = None if value is None else {"bytes": value, "updated_at": now}
    await put_row(tx, recording_quotas, {"room_id": room_id}, values)


async def note_sizes(tx: AsyncConnection, sizes: Mapping[str, int]) -> None:
    """Says how many bytes some recordings have by now, of those that have not ended meanwhile."""
    c = recordings.c
    grows = or_(c.status.in_(UNFINISHED), c.status_before.in_(UNFINISHED))
    noted = update(recordings).where(c.id == bindparam("of"), grows).values(file_size_bytes=bindparam("size"))
    await tx.execute(noted, [{"of": id_, "size": size} for id_, size in sizes.items()])


async def used_by_room(tx: AsyncConnection, room_id: str, but: Collection[str] = ()) -> int:
    """Bytes of all recordings of a room, the trash and those in an object store among them."""
    return await _sum(tx, recordings.c.room_id == room_id, but)


async def used_by_owner(tx: AsyncConnection, owner_id: str, but: Collection[str] = ()) -> int:
    """Bytes of all recordings of somebody's rooms, deleted rooms among them."""
    theirs = select(rooms.c.id).where(rooms.c.owner_id == owner_id)
    return await _sum(tx, recordings.c.room_id.in_(theirs), but)


async def brought_by(tx: AsyncConnection, user_id: str) -> int:
    """Bytes of all recordings that somebody has started, or brought, in rooms that nobody owns."""
    unowned = select(rooms.c.id).where(rooms.c.owner_id.is_(None), rooms.c.members_only.is_(True))
    return await _sum(tx, (recordings.c.started_by == user_id) & recordings.c.room_id.in_(unowned), ())


async def rooms_of_owner(tx: AsyncConnection, owner_id: str, but: Collection[str] = ()) -> list[RoomBytes]:
    """Somebody's rooms with what each takes, the fullest first."""
    used = func.coalesce(func.sum(recordings.c.file_size_bytes), 0)
    counted = (recordings.c.room_id == rooms.c.id) & recordings.c.id.not_in(but)
    statement = (
        select(rooms.c.id, rooms.c.name, recording_quotas.c.bytes, used)
        .outerjoin(recordings, counted)
        .outerjoin(recording_quotas, recording_quotas.c.room_id == rooms.c.id)
        .where(rooms.c.owner_id == owner_id, rooms.c.deleted_at.is_(None))
        .group_by(rooms.c.id, rooms.c.name, recording_quotas.c.bytes)
        .order_by(used.desc(), rooms.c.id)
    )
    return [RoomBytes(*row[:3], int(row[3])) for row in await tx.execute(statement)]


async def _sum(tx: AsyncConnection, wanted: ColumnElement[bool], but: Collection[str]) -> int:
    total = func.coalesce(func.sum(recordings.c.file_size_bytes), 0)
    found = await tx.execute(select(total).where(wanted, recordings.c.id.not_in(but)))
    return int(found.scalar_one())
