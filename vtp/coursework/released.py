"""What students see of a course's work: what is released, and of a lesson's once that is; and what of it
they are still to be told of, by the column `to_tell`. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Table, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import is_lesson_released, is_released
from vtp.courses.tables import course_sections, courses, lessons


def seen_by_students(
    table: Table, now: datetime | ColumnElement[datetime]
) -> tuple[ColumnElement[bool], ...]:
    """For statements in which `table` is joined with its lesson and the lesson's section, if it has them."""
    return is_released(table, now), or_(table.c.lesson_id.is_(None), is_lesson_released(now))


async def released_to_tell(
    tx: AsyncConnection, table: Table, now: datetime, statuses: Collection[str], course_id: str | None = None
) -> list[tuple[str, str]]:
    """Course and id of those whose students see them now and have not been told; of one course, or of all."""
    statement = (
        select(table.c.course_id, table.c.id)
        .select_from(
            table.join(courses, courses.c.id == table.c.course_id)
            .outerjoin(lessons, lessons.c.id == table.c.lesson_id)
            .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
        )
        .where(table.c.to_tell.is_(True), courses.c.status.in_(statuses), *seen_by_students(table, now))
    )
    if course_id is not None:
        statement = statement.where(table.c.course_id == course_id)
    return [(row[0], row[1]) for row in await tx.execute(statement.order_by(table.c.id))]


async def take_to_tell(tx: AsyncConnection, table: Table, item_id: str) -> bool:
    """Whether its class is to be told by the caller: by whoever asks first."""
    waiting = update(table).where(table.c.id == item_id, table.c.to_tell.is_(True))
    return (await tx.execute(waiting.values(to_tell=False))).rowcount == 1
