"""Says where what is kept of courses is not what their rows say, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.counted import counted
from vtp.courses.enrolment_store import STUDENTS
from vtp.courses.roles import EnrolmentStatus
from vtp.courses.tables import course_enrollments, course_permissions, courses
from vtp.http.identity import Role


async def differing_students(tx: AsyncConnection) -> AsyncIterator[str]:
    """One sentence for each course whose number of students is not how many have a place in it, and for each
    in which somebody is a student by what they were given, and has none."""
    c = courses.c
    statement = select(c.id, c.students, STUDENTS).where(c.students != STUDENTS).order_by(c.id)
    for course_id, noted, found in (await tx.execute(statement)).all():
        yield f"The course {course_id} is noted to have {counted(noted, 'student')} and has {found}."
    given, placed = course_permissions.c, course_enrollments.c
    has_place = exists().where(
        placed.course_id == given.course_id,
        placed.user_id == given.user_id,
        placed.status == EnrolmentStatus.ACTIVE,
    )
    without = (
        select(given.course_id, func.count())
        .where(given.role == Role.STUDENT, given.watch_only.is_(False), ~has_place)
        .group_by(given.course_id)
        .order_by(given.course_id)
    )
    for course_id, found in (await tx.execute(without)).all():
        yield (
            f"The course {course_id} has {counted(found, 'student')} by right without a place in it: "
            "give them that role again."
        )
