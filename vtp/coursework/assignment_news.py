"""What students are told of an assignment that they see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.clocks import zone_of
from vtp.courses.date_news import forget_told, is_earlier, put_right, tell_changed, told_before
from vtp.courses.news import news_in
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course
from vtp.coursework.assignment_store import Assignment, change_assignment, find_assignment
from vtp.coursework.news import ASSIGNED, page_of
from vtp.coursework.tables import assignments
from vtp.coursework.telling import Tellable
from vtp.notifications.moments import day_and_time
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


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

    async def put_right(
        self, notifier: Notifier, tx: AsyncConnection, course: Course, items: Sequence[Assignment]
    ) -> Sequence[Assignment]:
        """See `tell_of_change`."""
        known = await told_before(notifier, tx, [one.id for one in items], ASSIGNED)
        time_zone = await zone_of(tx, course.id) if known else ""
        for one in items:
            if one.id in known:
                added, dates = _news_of(course, one, time_zone), _date_of(one, time_zone)
                await put_right(notifier, tx, added, dates)
        return [one for one in items if one.id not in known]

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


async def tell_of_change(
    notifier: Notifier,
    tx: AsyncConnection,
    course: Course,
    before: Assignment,
    item: Assignment,
    now: datetime,
) -> None:
    """Puts right what was told of one that has another title or date, once that is stored. Where students
    do not see it at that moment, that waits until they do (`to_tell`); where its date comes earlier then,
    they are told of it as of a new one."""
    if (before.title, before.due_at) == (item.title, item.due_at):
        return
    time_zone = await zone_of(tx, course.id) if item.due_at is not None else ""
    added = _news_of(course, item, time_zone)
    earlier = is_earlier(now, before.due_at, item.due_at)
    is_seen = course.status in OPEN_TO_STUDENTS and await find_assignment(tx, course.id, item.id, now)
    if earlier and (item.to_tell or not is_seen):
        await forget_told(notifier, tx, added)
        await change_assignment(tx, item.id, to_tell=True)
    elif is_seen:
        await tell_changed(notifier, tx, course, added, _date_of(item, time_zone), earlier=earlier)
    elif await told_before(notifier, tx, [item.id], ASSIGNED):
        await change_assignment(tx, item.id, to_tell=True)


def _date_of(assignment: Assignment, time_zone: str) -> str:
    """When it is due, for who is told that alone."""
    at = assignment.due_at
    if at is None:
        return f"“{assignment.title}” has no date any more."
    return f"“{assignment.title}” has another date: it is due on {day_and_time(at, time_zone)}."


def is_told_later(assignment: Assignment, now: datetime) -> bool:
    """Whether its class is to be told of one that came into a draft: not of what was due in another term."""
    return assignment.due_at is None or assignment.due_at > now
