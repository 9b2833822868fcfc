"""The SQL of how long recordings are kept: what was set for a room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import put_row
from vtp.recording.tables import recording_terms as terms
from vtp.rooms.tables import rooms


async def was_there(tx: AsyncConnection, room_id: str) -> bool:
    """Whether there is, or was, a room with this id: deleted ones stay for their recordings."""
    return (await tx.execute(select(rooms.c.id).where(rooms.c.id == room_id))).first() is not None


async def find_days(tx: AsyncConnection, room_id: str) -> int | None:
    """The value of a room, 0 for ever; None where none is set."""
    return (await tx.execute(select(terms.c.days).where(terms.c.room_id == room_id))).scalar_one_or_none()


async def days_of_rooms(tx: AsyncConnection, room_ids: Collection[str]) -> Mapping[str, int]:
    """Those of some rooms that have one."""
    found = await tx.execute(select(terms.c.room_id, terms.c.days).where(terms.c.room_id.in_(room_ids)))
    return {str(row.room_id): int(row.days) for row in found}


async def have_rooms_any(tx: AsyncConnection) -> bool:
    """Whether there is any."""
    return (await tx.execute(select(terms.c.room_id).limit(1))).first() is not None


async def set_days(tx: AsyncConnection, room_id: str, days: int | None, now: datetime) -> None:
    """Sets the value of a room; None: what holds for all of them again."""
    values = None if days is None else {"days": days, "updated_at": now}
    await put_row(tx, terms, {"room_id": room_id}, values)
