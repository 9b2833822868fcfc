"""Who comes into the room of a live lesson, when, and as what: `vtp.rooms.membership` asks here.

Members of the course, each in the role that they have there; whoever comes by a link that its staff gave out
is a guest. The class comes while the lesson is open, staff always. Administrators are staff everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from vtp.accounts.service import Clock, utc_now
from vtp.courses.lesson_store import RoomLesson, lesson_of_room
from vtp.courses.outline import not_released
from vtp.courses.roles import COURSE_STAFF, OPEN_TO_STUDENTS, CourseStatus, Member, as_in_course
from vtp.db import Database
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role
from vtp.notifications.moments import day_and_time
from vtp.rooms.store import Room


class LessonDoor:
    """Knows no rooms that are open: who asks says whether staff hold the class."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def as_member(self, principal: Principal, room: Room) -> Principal:
        """Raises Forbidden for who is not in the course, or does not see the lesson yet."""
        _, there = await self._look(principal, room)
        return there

    async def admit(self, principal: Principal, room: Room, *, held: bool) -> Principal:
        """Raises Forbidden, too, for who comes too early or too late."""
        lesson, there = await self._look(principal, room)
        refusal = closed_to(lesson, there.role, self._clock(), held=held)
        if refusal is not None:
            raise refusal
        return there

    async def course_of(self, room: Room) -> str | None:
        """The course whose lesson has this room; None once that was deleted."""
        async with self._database.read() as tx:
            found = await lesson_of_room(tx, room.id, None)
        return found[0].course_id if found is not None else None

    async def _look(self, principal: Principal, room: Room) -> tuple[RoomLesson, Principal]:
        async with self._database.read() as tx:
            found = await lesson_of_room(tx, room.id, principal.user_id)
        if found is None:
            raise Forbidden("The lesson that this room was for is no more.", code="lesson_deleted")
        lesson, member = found
        if principal.room is not None:  # a link's, which opens no other room
            return lesson, principal
        there = member_there(principal, lesson, member, self._clock())
        return lesson, there


def member_there(principal: Principal, lesson: RoomLesson, member: Member, now: datetime) -> Principal:
    """Somebody in the role that they have in a lesson's course. Raises Forbidden for who has none, and for
    students who do not see the lesson."""
    there = as_in_course(principal, lesson.instructor_id, member)
    if there.role is Role.GUEST:
        raise Forbidden("This lesson is for those who take part in its course.", code="not_in_course")
    if there.role is Role.STUDENT:
        if lesson.status not in OPEN_TO_STUDENTS:
            raise Forbidden("This course is not open to its students now.", code="course_not_open")
        if not lesson.is_released_at(now):
            raise not_released()
        if member.watch_only:
            there = replace(there, publish=False)
    return there


def closed_to(lesson: RoomLesson, role: Role, now: datetime, *, held: bool) -> Forbidden | None:
    """Why somebody of this role cannot be in the room now; None when they can."""
    if lesson.status is CourseStatus.ARCHIVED:
        return Forbidden("This course is archived: its lessons are over.", code="course_archived")
    if lesson.cancelled_at is not None:
        return Forbidden("This lesson was cancelled.", code="lesson_cancelled")
    if role in COURSE_STAFF:
        return None
    if lesson.status is not CourseStatus.ACTIVE:
        return Forbidden("This course is not active: its lessons are not held.", code="course_not_open")
    window = lesson.window
    if window.opens_at is not None and window.is_early(now):
        return Forbidden(
            f"This lesson opens on {day_and_time(window.opens_at, lesson.time_zone)}: come again then.",
            code="lesson_not_open",
        )
    if window.is_over(now) and not held:
        return Forbidden("This lesson is over.", code="lesson_over")
    return None
