"""The rows of announcements. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.tables import course_announcements as table
from vtp.db.lists import among, filled_at_once
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime, id_type


@dataclass(frozen=True, slots=True)
class Announcement:
    """What somebody told a course."""

    id: str
    course_id: str
    author_id: str | None
    title: str
    body: str
    created_at: datetime
    updated_at: datetime
    author_name: str | None = None


_OWN = [name for name in Announcement.__slots__ if name != "author_name"]
_WITH_NAMES = select(*(table.c[name] for name in _OWN), users.c.full_name.label("author_name")).select_from(
    table.outerjoin(users, users.c.id == table.c.author_id)
)


async def add_announcement(tx: AsyncConnection, announcement: Announcement) -> None:
    """Adds one."""
    await tx.execute(insert(table).values({name: getattr(announcement, name) for name in _OWN}))


async def add_announcements(tx: AsyncConnection, announcements: Sequence[Announcement]) -> None:
    """Adds some."""
    await tx.execute(insert(table), [{name: getattr(one, name) for name in _OWN} for one in announcements])


async def announcements_of(
    tx: AsyncConnection, course_id: str, *, after: str, limit: int
) -> list[Announcement]:
    """A course's behind one, the oldest first."""
    statement = _WITH_NAMES.where(table.c.course_id == course_id, table.c.id > after)
    return [_announcement(row) for row in await tx.execute(statement.order_by(table.c.id).limit(limit))]


async def count_announcements(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def find_announcement(tx: AsyncConnection, course_id: str, announcement_id: str) -> Announcement | None:
    """One of a course's."""
    wanted = table.c.id == announcement_id, table.c.course_id == course_id
    row = (await tx.execute(_WITH_NAMES.where(*wanted))).one_or_none()
    return _announcement(row) if row else None


async def page_of_announcements(
    tx: AsyncConnection, course_id: str, *, limit: int, before: str | None
) -> list[Announcement]:
    """A course's, newest first."""
    statement = _WITH_NAMES.where(table.c.course_id == course_id).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [_announcement(row) for row in await tx.execute(statement)]


async def newest_announcements(
    tx: AsyncConnection, course_ids: Sequence[str], first: str, since: datetime, *, limit: int
) -> list[Announcement]:
    """Those of several courses, a thousand at most, from the id `first` on and made since, newest first:
    what has come with a course has a new id, and is as old as it was."""
    if not course_ids:
        return []
    count, values = filled_at_once("course", course_ids)
    values |= {"first": first, "since": since, "most": limit}
    return [Announcement(*row) for row in await _newest(count).rows(tx, values)]


@cache
def _newest(count: int) -> Prepared:
    statement = _WITH_NAMES.where(
        among(table.c.course_id, "course", count),
        table.c.id >= bindparam("first", type_=id_type()),
        table.c.created_at >= bindparam("since", type_=UtcDateTime()),
    )
    return Prepared(statement.order_by(table.c.id.desc()).limit(bindparam("most", type_=Integer())))


async def change_announcement(tx: AsyncConnection, announcement_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == announcement_id).values(**values))


async def remove_announcement(tx: AsyncConnection, announcement_id: str) -> None:
    """Deletes one."""
    await tx.execute(delete(table).where(table.c.id == announcement_id))


def _announcement(row: Row[Any, *tuple[Any, ...]]) -> Announcement:
    return Announcement(**row._mapping)
