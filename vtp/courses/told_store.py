"""Which live lessons to come the calendars of their students have. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import Lesson, LessonKind, is_lesson_released, lesson_of_row
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import course_sections, courses, lessons

_AT_ONCE = 500
_c = lessons.c
_JOINED = lessons.outerjoin(course_sections, course_sections.c.id == _c.section_id)
_LESSONS = select(*(_c[name] for name in Lesson.__slots__))


async def courses_to_tell(tx: AsyncConnection, now: datetime) -> list[str]:
    """The active courses with lessons that their students see by now, and were not told of."""
    statement = (
        select(_c.course_id)
        .distinct()
        .select_from(_JOINED.join(courses, courses.c.id == _c.course_id))
        .where(
            _c.told.is_(False), *_is_on(now), courses.c.status == CourseStatus.ACTIVE, is_lesson_released(now)
        )
    )
    return sorted((await tx.execute(statement)).scalars())


async def lessons_to_settle(
    tx: AsyncConnection, course_id: str, now: datetime
) -> tuple[list[Lesson], list[Lesson]]:
    """A course's that students see and were not told of; and those that they were told of and do not see."""
    seen = is_lesson_released(now)
    unsettled = or_(and_(_c.told.is_(False), seen), and_(_c.told.is_(True), not_(seen)))
    statement = _LESSONS.select_from(_JOINED).where(_c.course_id == course_id, *_is_on(now), unsettled)
    found = [lesson_of_row(row) for row in await tx.execute(statement.order_by(_c.starts_at, _c.id))]
    return [one for one in found if not one.told], [one for one in found if one.told]


async def lessons_on(
    tx: AsyncConnection, course_id: str, now: datetime, *, told: bool = False
) -> list[Lesson]:
    """A course's that are to take place; `told`: of these those that students' calendars have."""
    statement = _LESSONS.where(_c.course_id == course_id, *_is_on(now))
    if told:
        statement = statement.where(_c.told.is_(True))
    return [lesson_of_row(row) for row in await tx.execute(statement.order_by(_c.starts_at, _c.id))]


async def set_told(tx: AsyncConnection, lesson_ids: Sequence[str], told: bool) -> None:
    """Says whether students' calendars have them."""
    for some in _in_parts(lesson_ids):
        await tx.execute(update(lessons).where(_c.id.in_(some)).values(told=told))


async def set_withdrawn(tx: AsyncConnection, lesson_ids: Sequence[str]) -> None:
    """Says that calendars have them no more, by a message of the next sequence: one to come is behind it."""
    for some in _in_parts(lesson_ids):
        values = {"told": False, "sequence": _c.sequence + 2}
        await tx.execute(update(lessons).where(_c.id.in_(some)).values(values))


def _is_on(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _c.kind == LessonKind.LIVE, _c.starts_at > now, _c.cancelled_at.is_(None)


def _in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
