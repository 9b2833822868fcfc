"""A lesson whose class was held keeps it: it is not moved to where that class would be none of its own."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.attendances import counted_class
from vtp.analytics.class_store import sessions_in
from vtp.analytics.classes import CountedClass, from_ms
from vtp.courses.clocks import zones_of
from vtp.courses.outline_store import Lesson
from vtp.errors import Conflict
from vtp.notifications.moments import day_and_time


async def refuse_to_void(tx: AsyncConnection, before: Lesson, after: Lesson) -> None:
    """For `Lessons.before_move`. Raises Conflict where students were in a class of the lesson that nothing
    would count after this: a lesson has one class, so that another date is another lesson.

    A start that is put right leaves the class as it is, or a part of it. What goes on is not held yet.
    """
    if after.starts_at is None or before.room_id is None:
        return
    if before.starts_at is not None and after.starts_at <= before.starts_at:
        return
    sessions = await sessions_in(tx, before.room_id)
    if not sessions or any(one.ended_at is None for one in sessions):
        return
    held = await counted_class(tx, before.room_id, before.starts_at)
    if not _had_students(held) or held.held is None:
        return
    still = await counted_class(tx, before.room_id, after.starts_at)
    if still.held is not None and still.held.start < held.held.end:
        return
    zone = (await zones_of(tx, before.course_id)).of(before.schedule_id)
    when = day_and_time(from_ms(held.held.start), zone)
    raise Conflict(
        f"The class of this lesson was held on {when}, and has its attendance: plan another lesson for the "
        "other time.",
        code="lesson_was_held",
    )


def _had_students(held: CountedClass) -> bool:
    return any(one.standing.present_ms > 0 and not one.is_staff for one in held.people.values())
