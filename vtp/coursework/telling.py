"""Classes are told of an assignment when they see it: at once, or once it and its lesson are released.

`to_tell` is taken by one update, so of several processes one tells, and once.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.clocks import day_and_time, zone_of
from vtp.courses.door import Entered
from vtp.courses.news import MOST_SINGLY, Whom, news_in, people_in, titles_of
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course, find_course, lock_course
from vtp.coursework.assignment_store import Assignment, assignments_to_tell, find_assignment, take_to_tell
from vtp.coursework.news import ASSIGNED, page_of
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.notifications.notifier import Notifier

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0


class AssignmentTeller:
    """Looks for what has been released since."""

    def __init__(self, database: Database, notifier: Notifier, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._notifier = notifier
        self._clock = clock

    async def run(self) -> None:
        """Every half a minute."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                logger.warning("Classes are told of new assignments later: the database is away.")
            except Exception:  # to tell of none any more would be worse
                logger.exception("Classes could not be told of new assignments.")

    async def look(self) -> int:
        """Once; gives of how many assignments their classes were told."""
        async with self._database.read() as tx:
            due = await assignments_to_tell(tx, self._clock(), OPEN_TO_STUDENTS)
        told = 0
        for course_id, one in due:
            try:
                told += await self._tell_one(course_id, one)
            except Unavailable:
                raise
            except Exception:  # those behind it wait for theirs
                logger.exception("Its class could not be told of the assignment %s.", one)
        return told

    async def opened(self, tx: AsyncConnection, inside: Entered) -> None:
        """When a draft becomes active: of what its class sees then; of many at once."""
        course, now = inside.course, self._clock()
        due = await assignments_to_tell(tx, now, OPEN_TO_STUDENTS, course.id)
        found = [await find_assignment(tx, course.id, one, now) for _, one in due]
        made = [one for one in found if one is not None and await take_to_tell(tx, one.id)]
        if len(made) <= MOST_SINGLY:
            for one in made:
                await self.tell(tx, course, one)
            return
        text = f"There are {len(made)} assignments: {titles_of([one.title for one in made])}."
        news = news_in(course, ASSIGNED, f"{len(made)} assignments", text, page="assignments")
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STUDENTS))

    async def tell(self, tx: AsyncConnection, course: Course, made: Assignment) -> None:
        """Tells the students of a course of one that they see."""
        due = ""
        if made.due_at is not None:
            due = f" It is due on {day_and_time(made.due_at, await zone_of(tx, course.id))}."
        text = f"There is a new assignment: “{made.title}”.{due}"
        news = news_in(
            course,
            ASSIGNED,
            made.title,
            text,
            page=page_of(made.id),
            subject_id=made.id,
            lesson_id=made.lesson_id,
        )
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STUDENTS))

    @done_over
    async def _tell_one(self, course_id: str, assignment_id: str) -> bool:
        async with self._database.transaction() as tx:
            await lock_course(tx, course_id)
            seen = await find_course(tx, course_id, None)
            made = await find_assignment(tx, course_id, assignment_id, self._clock())
            if seen is None or made is None or seen.course.status not in OPEN_TO_STUDENTS:
                return False
            if not await take_to_tell(tx, assignment_id):
                return False
            await self.tell(tx, seen.course, made)
        return True


def is_told_later(assignment: Assignment, now: datetime) -> bool:
    """Whether its class is to be told of one that came into a draft: not of what was due in another term."""
    return assignment.due_at is None or assignment.due_at > now
