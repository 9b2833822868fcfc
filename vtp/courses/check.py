"""Says where what is kept of courses is not what their rows say, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.counted import counted
from vtp.courses.enrolment_store import STUDENTS
from vtp.courses.tables import courses


async def differing_students(tx: AsyncConnection) -> AsyncIterator[str]:
    """One sentence for each course whose number of students is not how many have a place in it."""
    c = courses.c
    statement = select(c.id, c.students, STUDENTS).where(c.students != STUDENTS).order_by(c.id)
    for course_id, noted, found in (await tx.execute(statement)).all():
        yield f"The course {course_id} is noted to have {counted(noted, 'student')} and has {found}."
