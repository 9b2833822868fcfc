"""What is new in several courses, and which they are. Only SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.announcement_store import Announcement, newest_announcements
from vtp.courses.calendar_store import courses_of
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import courses
from vtp.ids import first_id_at


@dataclass(frozen=True, slots=True)
class HomeCourse:
    """An active course that somebody takes part in."""

    id: str
    code: str
    name: str
    lesson_opens_minutes: int
    lesson_grace_minutes: int
    teaches: bool


async def active_courses(tx: AsyncConnection, user_id: str, limit: int) -> list[HomeCourse]:
    """The newest of somebody's that are active."""
    there, c = await courses_of(tx, user_id), courses.c
    if not there:
        return []
    columns = c.id, c.code, c.name, c.lesson_opens_minutes, c.lesson_grace_minutes
    wanted = select(*columns).where(c.id.in_(sorted(there)), c.status == CourseStatus.ACTIVE)
    rows = await tx.execute(wanted.order_by(c.id.desc()).limit(limit))
    return [HomeCourse(*row, teaches=there[row.id]) for row in rows]


async def announced_since(
    tx: AsyncConnection, course_ids: Collection[str], since: datetime, limit: int
) -> list[Announcement]:
    """What was announced in these courses since then, newest first."""
    first = first_id_at(int(since.timestamp() * 1000))
    return await newest_announcements(tx, course_ids, first, limit=limit)
