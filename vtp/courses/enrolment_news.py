"""What people are told of their own place in a course: where others, or time, have changed it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.lesson_teller import LessonTeller
from vtp.courses.news import ENROLLED, PLACE, REMOVED, ROLE, news_in
from vtp.courses.roles import COURSE_STAFF, OPEN_TO_STUDENTS
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.notifications.kinds import Kind
from vtp.notifications.notifier import Notifier
from vtp.notifications.store import these

_ARTICLE: Final = {
    Role.ADMIN: "an administrator",
    Role.TEACHER: "a teacher",
    Role.ASSISTANT: "an assistant",
    Role.STUDENT: "a student",
}


class EnrolmentNews:
    """Within the transaction that changes it. Nobody is told of a course that they do not see yet."""

    def __init__(self, notifier: Notifier, lessons: LessonTeller) -> None:
        self._notifier = notifier
        self.lessons = lessons

    async def taken_in(
        self, tx: AsyncConnection, course: Course, user_ids: Collection[str], role: Role, *, waits: bool
    ) -> None:
        """Staff have enrolled these people."""
        if not _is_seen(course, role):
            return
        text = "You were enrolled: you wait for a place." if waits else f"You take part as {role.value}."
        await self._tell(tx, ENROLLED, course, user_ids, f"Enrolled: {course.name}", text)

    async def placed(
        self, tx: AsyncConnection, course: Course, user_ids: Collection[str], *, but_lessons: str | None
    ) -> None:
        """These people have waited for the places that they have now, as students. `but_lessons`: who is
        sent none of the lessons here."""
        if not _is_seen(course, Role.STUDENT):
            return
        invited = [one for one in user_ids if one != but_lessons]
        await self.lessons.came(tx, course, invited, Role.STUDENT)
        title, text = f"You have a place: {course.name}", f"You waited for {course.code}, and take part now."
        await self._tell(tx, PLACE, course, user_ids, title, text)

    async def role_given(self, tx: AsyncConnection, course: Course, user_id: str, role: Role) -> None:
        """Somebody of the staff has given somebody a role."""
        if _is_seen(course, role):
            title, text = f"A role in {course.name}", f"You are {_ARTICLE[role]} in {course.code} now."
            await self._tell(tx, ROLE, course, [user_id], title, text)

    async def taken_out(self, tx: AsyncConnection, course: Course, user_id: str, role: Role) -> None:
        """Staff have taken somebody out, who had this role there."""
        if not _is_seen(course, role):
            return
        text = f"Staff of {course.code} have taken you out of the course."
        await self._tell(tx, REMOVED, course, [user_id], f"No longer in {course.name}", text)

    async def _tell(
        self,
        tx: AsyncConnection,
        kind: Kind,
        course: Course,
        user_ids: Collection[str],
        title: str,
        text: str,
    ) -> None:
        if user_ids:
            await self._notifier.tell(tx, news_in(course, kind, title, text), these(user_ids))


def _is_seen(course: Course, role: Role) -> bool:
    """Whether people of this role see the course now."""
    return role in COURSE_STAFF or course.status in OPEN_TO_STUDENTS
