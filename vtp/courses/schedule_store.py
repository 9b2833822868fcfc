"""The rows of schedules, and the lessons that were made of them. No rules here, only SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import Lesson, lesson_of_row
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import course_schedules as table
from vtp.courses.tables import courses, lessons


@dataclass(frozen=True, slots=True)
class Schedule:
    """A series of live lessons. `skipped`: of its classes those whose lesson was deleted, as the clock on the
    wall says; `made_until`: lessons are made of all classes up to then."""

    id: str
    course_id: str
    section_id: str | None
    title: str
    description: str
    rule: str
    time_zone: str
    first_start: str
    duration_minutes: int
    published: bool
    skipped: list[str]
    made_until: datetime
    created_at: datetime
    updated_at: datetime


_COLUMNS = [table.c[name] for name in Schedule.__slots__]
_LESSONS = [lessons.c[name] for name in Lesson.__slots__]


async def add_schedule(tx: AsyncConnection, schedule: Schedule) -> None:
    """Adds one."""
    await tx.execute(insert(table).values({name: getattr(schedule, name) for name in Schedule.__slots__}))


async def find_schedule(tx: AsyncConnection, course_id: str, schedule_id: str) -> Schedule | None:
    """One of a course's."""
    wanted = table.c.id == schedule_id, table.c.course_id == course_id
    row = (await tx.execute(select(*_COLUMNS).where(*wanted))).one_or_none()
    return _schedule(row) if row else None


async def page_of_schedules(
    tx: AsyncConnection, course_id: str, *, limit: int, before: str | None
) -> list[Schedule]:
    """A course's, newest first."""
    statement = select(*_COLUMNS).where(table.c.course_id == course_id)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [_schedule(row) for row in await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))]


async def count_schedules(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def change_schedule(tx: AsyncConnection, schedule_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == schedule_id).values(**values))


async def remove_schedule(tx: AsyncConnection, schedule_id: str) -> None:
    """Deletes one; lessons that were made of it, and are there still, belong to no series then."""
    mine = update(lessons).where(lessons.c.schedule_id == schedule_id)
    await tx.execute(mine.values(schedule_id=None, occurrence=None))
    await tx.execute(delete(table).where(table.c.id == schedule_id))


async def skip_occurrence(tx: AsyncConnection, schedule_id: str, occurrence: str) -> None:
    """A class of a series has no lesson any more, and gets none again."""
    skipped = (
        await tx.execute(select(table.c.skipped).where(table.c.id == schedule_id))
    ).scalar_one_or_none()
    if skipped is not None:
        values = {"skipped": sorted({*skipped, occurrence})}
        await tx.execute(update(table).where(table.c.id == schedule_id).values(values))


async def schedules_to_extend(tx: AsyncConnection, before: datetime) -> list[tuple[str, str]]:
    """Those whose lessons are made up to less than that, as (course, schedule), of courses not over."""
    taught = courses.c.status.in_((CourseStatus.DRAFT, CourseStatus.ACTIVE))
    statement = (
        select(table.c.course_id, table.c.id)
        .select_from(table.join(courses, courses.c.id == table.c.course_id))
        .where(table.c.made_until < before, taught)
        .order_by(table.c.made_until)
    )
    return sorted((row[0], row[1]) for row in await tx.execute(statement))


async def lessons_to_come(tx: AsyncConnection, schedule_id: str, now: datetime) -> list[Lesson]:
    """What a schedule's lessons are that have not begun, in the order in which the series has them."""
    c = lessons.c
    statement = select(*_LESSONS).where(c.schedule_id == schedule_id, c.starts_at > now)
    return [lesson_of_row(row) for row in await tx.execute(statement.order_by(c.occurrence, c.id))]


async def lessons_in_place(tx: AsyncConnection, schedule_id: str) -> list[Lesson]:
    """The lessons of a series that are one of its classes, in the order of these, whenever they are held."""
    c = lessons.c
    statement = select(*_LESSONS).where(c.schedule_id == schedule_id, c.occurrence.is_not(None))
    return [lesson_of_row(row) for row in await tx.execute(statement.order_by(c.occurrence))]


async def occurrences_made(tx: AsyncConnection, schedule_id: str) -> set[str]:
    """Of which classes of a series there are lessons."""
    statement = select(lessons.c.occurrence).where(lessons.c.schedule_id == schedule_id)
    return {one for one in (await tx.execute(statement)).scalars() if one is not None}


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**row._mapping)
