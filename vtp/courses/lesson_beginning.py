"""Tells a class that its lesson begins: once, when its staff have come and the room is open to the class."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from vtp.courses.lesson_store import RoomLesson
from vtp.courses.news import BEGINS, Whom, people_in
from vtp.courses.roles import CourseStatus
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


class LessonBeginning:
    """A class that is opened again on the same day is not told again, whichever process it is in then."""

    def __init__(self, database: Database, notifier: Notifier) -> None:
        self._database = database
        self._notifier = notifier

    @done_over
    async def tell(self, lesson: RoomLesson, present: Collection[str | None], now: datetime) -> None:
        """Tells who is not in the room."""
        if lesson.status is not CourseStatus.ACTIVE or not lesson.is_released_at(now):
            return
        news = News(
            BEGINS.word,
            f"Now: {lesson.title}",
            "The live lesson begins.",
            f"/rooms/{lesson.room_id}/class",
            lesson.context,
            lesson.course_id,
            lesson.lesson_id,
            once=f"{BEGINS.word}:{lesson.lesson_id}:{lesson.starts_at or now.date()}",
        )
        to = people_in(lesson.course_id, lesson.instructor_id, Whom.EVERYBODY, present)
        async with self._database.transaction() as tx:
            await self._notifier.tell(tx, news, to)
