"""What students are told of an assignment that they see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.clocks import zone_of
from vtp.courses.news import news_in
from vtp.courses.store import Course
from vtp.coursework.assignment_store import Assignment, find_assignment
from vtp.coursework.news import ASSIGNED, page_of
from vtp.coursework.tables import assignments
from vtp.coursework.telling import Tellable
from vtp.notifications.moments import day_and_time
from vtp.notifications.news import News


class AssignmentNews(Tellable[Assignment]):
    """See `Tellable`."""

    noun: ClassVar[str] = "assignment"
    table: ClassVar[Table] = assignments

    async def find(
        self, tx: AsyncConnection, course_id: str, item_id: str, now: datetime
    ) -> Assignment | None:
        """One that students see then."""
        return await find_assignment(tx, course_id, item_id, now)

    async def news(self, tx: AsyncConnection, course: Course, items: Sequence[Assignment]) -> list[News]:
        """With when they are due, by the clocks of the course, which are asked for once."""
        time_zone = await zone_of(tx, course.id) if any(one.due_at is not None for one in items) else ""
        return [_news_of(course, one, time_zone) for one in items]

    def news_of_many(self, course: Course, items: Sequence[Assignment]) -> News:
        """How many there are."""
        text = f"There are {len(items)} new assignments."
        return news_in(course, ASSIGNED, f"{len(items)} assignments", text, page="assignments")


def _news_of(course: Course, assignment: Assignment, time_zone: str) -> News:
    at = assignment.due_at
    due = "" if at is None else f" It is due on {day_and_time(at, time_zone)}."
    return news_in(
        course,
        ASSIGNED,
        assignment.title,
        f"There is a new assignment: “{assignment.title}”.{due}",
        page=page_of(assignment.id),
        subject_id=assignment.id,
        lesson_id=assignment.lesson_id,
    )


def is_told_later(assignment: Assignment, now: datetime) -> bool:
    """Whether its class is to be told of one that came into a draft: not of what was due in another term."""
    return assignment.due_at is None or assignment.due_at > now
