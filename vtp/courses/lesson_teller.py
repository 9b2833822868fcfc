"""Tells who takes part in a course what becomes of its live lessons, each kind of it once, and by mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.clocks import Zones, zones_of
from vtp.courses.lesson_mails import LessonMails
from vtp.courses.lesson_news import NOT_SHOWN, NOT_YOURS, LessonNews, for_students
from vtp.courses.news import CANCELLED, MOVED, SCHEDULED, Whom, news_in, people_in
from vtp.courses.outline_store import Lesson
from vtp.courses.people import given_among, role_of
from vtp.courses.roles import COURSE_STAFF, CourseStatus
from vtp.courses.store import Course
from vtp.courses.told_store import lessons_on, lessons_to_settle, set_told, set_withdrawn
from vtp.http.identity import Role
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
        """Tells the members of an active course what became of lessons that are to come; gives of how many
        of them. `by`: whose doing it is, who need not be told but by their calendar."""
        now = self._clock()
        if course.status is not CourseStatus.ACTIVE:
            return 0
        told = [one for one in news if one.matters_at(now)]
        if not told:
            return 0
        told.sort(key=lambda one: (one.shown.starts_at or now, one.lesson.id))
        await self._send(tx, course, told, await for_students(tx, course, told, now), by)
        return len(told)

    async def settle(self, tx: AsyncConnection, course: Course) -> int:
        """Tells the students of an active course of lessons that they see since, and of those that they see
        no more; gives of how many."""
        now = self._clock()
        if course.status is not CourseStatus.ACTIVE:
            return 0
        shown, hidden = await lessons_to_settle(tx, course.id, now)
        news = [LessonNews(one) for one in shown]
        news += [LessonNews(one, withdrawn=NOT_SHOWN) for one in hidden]
        if news:
            await self._send(tx, course, [], news, None)
        return len(news)

    async def came(self, tx: AsyncConnection, course: Course, user_ids: Collection[str], role: Role) -> None:
        """Puts the lessons that are to come into the calendars of who has a place from now on: not of who
        takes part already by a role that they were given, or as the one whose course it is."""
        if not user_ids or not _is_mailed(course):
            return
        there = {course.instructor_id, *await given_among(tx, course.id, user_ids)}
        new = [one for one in user_ids if one not in there]
        if new:
            await self._change(tx, course, dict.fromkeys(new, role), None, role)

    async def role_changed(
        self, tx: AsyncConnection, course: Course, user_id: str, before: Role | None
    ) -> None:
        """Puts those that somebody sees by the role that they have now into their calendar, and takes those
        out that they saw by the one `before`; None: who took no part. Those of both stay as they are."""
        if _is_mailed(course):
            after = await role_of(tx, course.id, course.instructor_id, user_id)
            role = after or before
            if role is not None:
                await self._change(tx, course, {user_id: role}, before, after)

    async def _change(
        self,
        tx: AsyncConnection,
        course: Course,
        people: Mapping[str, Role],
        before: Role | None,
        after: Role | None,
    ) -> None:
        now = self._clock()
        had, have = [await _seen_as(tx, course, one, now) for one in (before, after)]
        news = [LessonNews(one, withdrawn=NOT_YOURS, alone=True) for one in had if one not in have]
        news += [LessonNews(one, alone=True) for one in have if one not in had]
        if news:
            await self._mails.put_for(tx, course, people, news, await zones_of(tx, course.id))

    async def _send(
        self,
        tx: AsyncConnection,
        course: Course,
        told: Sequence[LessonNews],
        to_students: Sequence[LessonNews],
        by: str | None,
    ) -> None:
        """Tells staff the one, students the other, and keeps what students' calendars have then."""
        zones = await zones_of(tx, course.id)
        await self._notify(tx, course, told, to_students, zones, by)
        await self._mails.put(tx, course, told, to_students, zones)
        await set_told(tx, [one.lesson.id for one in to_students if not one.is_over], True)
        await set_told(tx, [one.lesson.id for one in to_students if one.is_over and not one.is_gone], False)
        withdrawn = {one.lesson.id for one in (*told, *to_students) if one.withdrawn}
        await set_withdrawn(tx, sorted(withdrawn))

    async def _notify(
        self,
        tx: AsyncConnection,
        course: Course,
        told: Sequence[LessonNews],
        to_students: Sequence[LessonNews],
        zones: Zones,
        by: str | None,
    ) -> None:
        for kind in _ONE:
            staff, students = ([one for one in some if one.kind is kind] for some in (told, to_students))
            parts = (
                {Whom.EVERYBODY: staff} if staff == students else {Whom.STAFF: staff, Whom.STUDENTS: students}
            )
            for whom, some in parts.items():
                if some:
                    to = people_in(course.id, course.instructor_id, whom, [by])
                    await self._notifier.tell(tx, _news(course, some, zones), to)


def _is_mailed(course: Course) -> bool:
    """Whether the calendars of its people are told of its lessons."""
    return course.status is CourseStatus.ACTIVE and course.mail_lessons


async def _seen_as(tx: AsyncConnection, course: Course, role: Role | None, now: datetime) -> list[Lesson]:
    """The lessons to come that calendars have of people of a role."""
    if role is None:
        return []
    return await lessons_on(tx, course.id, now, told=role not in COURSE_STAFF)


def _news(course: Course, some: Sequence[LessonNews], zones: Zones) -> News:
    first = some[0]
    kind = first.kind
    title = f"{_ONE[kind]}: {first.lesson.title}" if len(some) == 1 else f"{len(some)} {_MANY[kind]}"
    alone = first.lesson.id if len(some) == 1 and not first.is_gone else None
    text = "\n".join(one.line(zones) for one in some)
    return news_in(course, kind, title, text, lesson_id=alone)
