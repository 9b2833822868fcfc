"""The rows of bans from rooms: added, listed, lifted. No rules here, only SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.rooms.tables import room_bans
from vtp.rooms.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban as it is stored."""

    id: str
    room_id: str
    user_id: str | None
    link_id: str | None
    network: str | None
    full_name: str
    reason: str
    banned_by: str | None
    created_at: datetime

    @property
    def visitor(self) -> Visitor:
        """Whom it keeps out."""
        return Visitor(self.user_id, self.link_id, self.network)


_COLUMNS = [room_bans.c[name] for name in Ban.__slots__]


async def add_ban(tx: AsyncConnection, ban: Ban) -> bool:
    """Adds a ban; tells whether there was none of the same visitor in this room."""
    return await insert_if_absent(tx, room_bans, {name: getattr(ban, name) for name in Ban.__slots__})


async def count_bans(tx: AsyncConnection, room_id: str) -> int:
    """How many bans a room has."""
    counted = select(func.count()).where(room_bans.c.room_id == room_id)
    return (await tx.execute(counted)).scalar_one()


async def is_banned(tx: AsyncConnection, room_id: str, visitor: Visitor | None) -> bool:
    """Whether somebody is kept out of a room, be it open or not."""
    if visitor is None:
        return False
    c = room_bans.c
    theirs = (
        c.user_id == visitor.user_id
        if visitor.user_id is not None
        else and_(c.link_id == visitor.link_id, c.network == visitor.network)
    )
    found = select(c.id).where(c.room_id == room_id, theirs)
    return (await tx.execute(found)).first() is not None


async def page_of_bans(
    tx: AsyncConnection, room_id: str, *, limit: int | None = None, before: str | None = None
) -> list[Ban]:
    """Bans of a room, newest first; all of them without a limit."""
    c = room_bans.c
    statement = select(*_COLUMNS).where(c.room_id == room_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(c.id < before)
    return [_ban(row) for row in await tx.execute(statement)]


async def find_ban(tx: AsyncConnection, room_id: str, ban_id: str) -> Ban | None:
    """One ban of a room."""
    c = room_bans.c
    row = (await tx.execute(select(*_COLUMNS).where(c.id == ban_id, c.room_id == room_id))).one_or_none()
    return _ban(row) if row else None


async def delete_ban(tx: AsyncConnection, ban_id: str) -> bool:
    """Lifts a ban; tells whether it was there."""
    return (await tx.execute(delete(room_bans).where(room_bans.c.id == ban_id))).rowcount == 1


def _ban(row: Row[Any, *tuple[Any, ...]]) -> Ban:
    return Ban(*(getattr(row, name) for name in Ban.__slots__))
