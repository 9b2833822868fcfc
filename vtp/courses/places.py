"""The places of a course: who gets one, who waits, and whose turn it is when one is free.

Whoever calls these has locked the course (`vtp.courses.door`), so what they count stays so.
"""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_store import activate, count_students, courses_with_waiting, first_waiting
from vtp.courses.store import Course, find_course_alone
from vtp.db import Database
from vtp.db.conflicts import done_over

logger = logging.getLogger(__name__)


async def free_places(tx: AsyncConnection, course_id: str, max_students: int | None) -> int | None:
    """How many students may come still; None: any number."""
    if max_students is None:
        return None
    return max(0, max_students - await count_students(tx, course_id))


async def places_left(tx: AsyncConnection, course_id: str, max_students: int | None) -> int | None:
    """How many students who come now would not have to wait: free places are first for who waits for them."""
    free = await free_places(tx, course_id, max_students)
    return free - len(await first_waiting(tx, course_id, free)) if free else free


async def give_places(
    tx: AsyncConnection, course: Course, news: EnrolmentNews, now: datetime, *, but_lessons: str | None = None
) -> int:
    """Gives a course's free places to who waits longest, and tells them; gives how many that are.
    `but_lessons`: whose calendar the caller puts right."""
    free = await free_places(tx, course.id, course.max_students)
    turn = await first_waiting(tx, course.id, free) if free != 0 else []
    if turn:
        await activate(tx, course.id, [enrolment_id for enrolment_id, _ in turn], now)
        await news.placed(tx, course, [user_id for _, user_id in turn], but_lessons=but_lessons)
    return len(turn)


class Places:
    """Looks after places that are freed by nobody's leaving: those of people who were erased."""

    def __init__(self, database: Database, news: EnrolmentNews, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._news = news
        self._clock = clock

    async def fill(self) -> int:
        """Gives every free place that somebody waits for; gives how many that were."""
        async with self._database.read() as tx:
            waited_for = await courses_with_waiting(tx)
        filled = sum([await self._fill(course_id) for course_id in waited_for])
        if filled:
            logger.info("%d people who waited for a course have got the place of an erased one.", filled)
        return filled

    @done_over
    async def _fill(self, course_id: str) -> int:
        async with self._database.transaction() as tx:
            found = await find_course_alone(tx, course_id, None)
            return await give_places(tx, found.course, self._news, self._clock()) if found is not None else 0
