"""Tells who takes part in a course what becomes of its live lessons, each kind of it once, and by mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.lesson_mails import LessonMails
from vtp.courses.lesson_news import LessonNews, released
from vtp.courses.lesson_zones import Zones, zones_of
from vtp.courses.news import CANCELLED, MOVED, SCHEDULED, Whom, news_in, people_in
from vtp.courses.roles import CourseStatus
from vtp.courses.store import Course
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier

_ONE: Final = {
    SCHEDULED: "New live lesson",
    MOVED: "Live lesson changed",
    CANCELLED: "Live lesson cancelled",
}
_MANY: Final = {
    SCHEDULED: "new live lessons",
    MOVED: "live lessons changed",
    CANCELLED: "live lessons cancelled",
}


class LessonTeller:
    """`tell` is called within the transaction that changes lessons."""

    def __init__(self, notifier: Notifier, mails: LessonMails, *, clock: Clock = utc_now) -> None:
        self._notifier = notifier
        self._mails = mails
        self._clock = clock

    async def tell(
        self,
        tx: AsyncConnection,
        course: Course,
        news: Sequence[LessonNews],
        *,
        by: str | None = None,
    ) -> int:
        """Tells the members of an active course what became of lessons that are to come; gives how many
        mails that are. `by`: whose doing it is, who need not be told but by their calendar."""
        now = self._clock()
        if course.status is not CourseStatus.ACTIVE:
            return 0
        told = [one for one in news if one.matters_at(now)]
        if not told:
            return 0
        told.sort(key=lambda one: (one.shown.starts_at or now, one.lesson.id))
        for_students = await released(tx, course, told, now)
        zones = await zones_of(tx, course.id)
        await self._notify(tx, course, told, for_students, zones, by)
        return await self._mails.put(tx, course, told, for_students, zones)

    async def _notify(
        self,
        tx: AsyncConnection,
        course: Course,
        told: Sequence[LessonNews],
        for_students: Sequence[LessonNews],
        zones: Zones,
        by: str | None,
    ) -> None:
        for kind in _ONE:
            staff, students = ([one for one in some if one.kind is kind] for some in (told, for_students))
            parts = (
                {Whom.EVERYBODY: staff} if staff == students else {Whom.STAFF: staff, Whom.STUDENTS: students}
            )
            for whom, some in parts.items():
                if some:
                    to = people_in(course.id, course.instructor_id, whom, [by])
                    await self._notifier.tell(tx, _news(course, some, zones), to)


def _news(course: Course, some: Sequence[LessonNews], zones: Zones) -> News:
    first = some[0]
    kind = first.kind
    title = f"{_ONE[kind]}: {first.lesson.title}" if len(some) == 1 else f"{len(some)} {_MANY[kind]}"
    alone = first.lesson.id if len(some) == 1 and not first.deleted else None
    text = "\n".join(one.line(zones) for one in some)
    return news_in(course, kind, title, text, lesson_id=alone)
