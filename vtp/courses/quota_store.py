"""The SQL of courses' quotas: what their recordings may take, and what those take that count.

Counted are the recordings that are filed in a course and those of the rooms of its lessons, each once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_recording_quotas as quotas
from vtp.courses.tables import course_recordings, courses, lessons
from vtp.db.statements import put_row
from vtp.recording.bounds import Bound
from vtp.recording.tables import recordings


async def find_course_quota(tx: AsyncConnection, course_id: str) -> int | None:
    """What a course's recordings may take; None: any number."""
    wanted = select(quotas.c.bytes).where(quotas.c.course_id == course_id)
    found = (await tx.execute(wanted)).scalar_one_or_none()
    return None if found is None else int(found)


async def set_course_quota(tx: AsyncConnection, course_id: str, value: int | None, now: datetime) -> None:
    """Sets it, or takes it away."""
    values = None if value is None else {"bytes": value, "updated_at": now}
    await put_row(tx, quotas, {"course_id": course_id}, values)


async def used_by_course(tx: AsyncConnection, course_id: str, but: Collection[str] = ()) -> int:
    """Bytes of all recordings that count, the trash and those in an object store among them."""
    total = func.coalesce(func.sum(recordings.c.file_size_bytes), 0)
    statement = select(total).where(_counts(course_id), recordings.c.id.not_in(but))
    return int((await tx.execute(statement)).scalar_one())


async def counting(tx: AsyncConnection, course_id: str, ids: Collection[str]) -> frozenset[str]:
    """Those of some recordings that count for a course."""
    found = await tx.execute(select(recordings.c.id).where(_counts(course_id), recordings.c.id.in_(ids)))
    return frozenset(found.scalars())


def _counts(course_id: str) -> ColumnElement[bool]:
    filed = select(course_recordings.c.recording_id).where(course_recordings.c.course_id == course_id)
    held = select(lessons.c.room_id).where(lessons.c.course_id == course_id, lessons.c.room_id.is_not(None))
    return or_(recordings.c.id.in_(filed), recordings.c.room_id.in_(held))


class CourseBounds:
    """What recordings ask of courses: `vtp.recording.bounds`."""

    async def of_room(self, tx: AsyncConnection, room_id: str, growing: Collection[str]) -> list[Bound]:
        """Of the courses with a quota that hold lessons in the room."""
        statement = (
            select(courses.c.id, courses.c.name, quotas.c.bytes)
            .join(quotas, quotas.c.course_id == courses.c.id)
            .where(courses.c.id.in_(select(lessons.c.course_id).where(lessons.c.room_id == room_id)))
            .order_by(courses.c.id)
        )
        return [
            Bound(
                f"the course {name}",
                await used_by_course(tx, course_id, growing),
                int(allowed),
                await counting(tx, course_id, growing),
            )
            for course_id, name, allowed in (await tx.execute(statement)).all()
        ]
