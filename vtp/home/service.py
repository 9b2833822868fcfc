"""What is next, what is due and what is new, over all of one's active courses, in one answer.

As many statements whatever there is. Every list has an end: a home is a glance, the courses have the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, require_reach
from vtp.accounts.service import Clock, utc_now
from vtp.courses.announcement_store import Announcement
from vtp.courses.calendar_store import Membership, lessons_between
from vtp.courses.lesson_times import window_of
from vtp.courses.outline_store import Lesson
from vtp.coursework.assignment_store import Assignment, assignments_to_do
from vtp.db import Database
from vtp.home.store import (
    QuizToDo,
    ToGrade,
    active_courses,
    announced_since,
    quizzes_to_do,
    work_to_grade,
)
from vtp.http.identity import Principal
from vtp.notifications.service import own_account
from vtp.notifications.store import count_unread

MOST_COURSES: Final = 100
MOST_LESSONS: Final = 20
MOST_DUE: Final = 20
MOST_TO_GRADE: Final = 20
MOST_ANNOUNCEMENTS: Final = 10
AHEAD: Final = timedelta(days=7)
DUE_WITHIN: Final = timedelta(days=14)
OVERDUE_SINCE: Final = timedelta(days=30)
NEW_SINCE: Final = timedelta(days=30)
_BEGUN_SINCE: Final = timedelta(days=2)  # the longest that a lesson of a series lasts, and its grace
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Home:
    """What somebody sees when they come in."""

    courses: Sequence[Membership]
    lessons: Sequence[Lesson]
    due: Sequence[Assignment]
    quizzes: Sequence[QuizToDo]
    to_grade: Sequence[ToGrade]
    announcements: Sequence[Announcement]
    unread: int


class Homes:
    """One's own."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def read(self, principal: Principal) -> tuple[Home, datetime]:
        """The caller's, and as of when. Raises Forbidden for who has no account, or a room's token."""
        require_reach(principal, Action.COURSE_LIST)
        user_id, now = own_account(principal), self._clock()
        async with self._database.read() as tx:
            there = await active_courses(tx, user_id, MOST_COURSES)
            ids = [one.id for one in there]
            watches = principal.publish is False
            learns = [one.id for one in there if not (one.teaches or one.watches or watches)]
            lessons = await _lessons(tx, there, now)
            due = await assignments_to_do(
                tx, learns, user_id, now, (now - OVERDUE_SINCE, now + DUE_WITHIN), limit=MOST_DUE
            )
            quizzes = await quizzes_to_do(tx, learns, user_id, now, now + DUE_WITHIN, MOST_DUE)
            teaches = [one.id for one in there if one.teaches]
            to_grade = await work_to_grade(tx, teaches, MOST_TO_GRADE)
            told = await announced_since(tx, ids, now - NEW_SINCE, MOST_ANNOUNCEMENTS)
            unread = await count_unread(tx, user_id)
        return Home(there, lessons, due, quizzes, to_grade, told, unread), now


async def _lessons(tx: AsyncConnection, there: Sequence[Membership], now: datetime) -> list[Lesson]:
    """Live ones that run or come, in the order of time; of those where one is a student what is released."""
    within = now - _BEGUN_SINCE, now + AHEAD
    found: list[Lesson] = []
    for teaches in (True, False):
        some = [one.id for one in there if one.teaches is teaches]
        found += await lessons_between(tx, some, within, None if teaches else now, _LOOKED_AT)
    doors = {one.id: one for one in there}
    shown = [one for one in found if not _is_over(one, doors[one.course_id], now)]
    return sorted(shown, key=lambda one: (one.starts_at or now, one.id))[:MOST_LESSONS]


def _is_over(lesson: Lesson, course: Membership, now: datetime) -> bool:
    opens, grace = course.lesson_opens_minutes, course.lesson_grace_minutes
    return window_of(lesson.starts_at, lesson.ends_at, opens, grace, lesson.over_at).is_over(now)
