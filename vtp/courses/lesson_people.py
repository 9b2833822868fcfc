"""Who was expected in a live lesson, beside who is there."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.permissions import Action
from vtp.courses.door import enter
from vtp.courses.enrolment_store import Enrolment, EnrolmentFilter, page_of_enrolments
from vtp.courses.lessons import Lessons
from vtp.courses.outline_store import Lesson
from vtp.courses.roles import EnrolmentStatus
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.rooms.live import LiveRooms
from vtp.rooms.participants import Participant


@dataclass(frozen=True, slots=True)
class LessonPeople:
    """A page of who is enrolled; everybody who is in the room."""

    lesson: Lesson
    expected: list[Enrolment]
    expected_count: int
    present: list[Participant]


class LessonAttendance:
    """Asks the room as it is at this moment, where it is open in this process."""

    def __init__(self, database: Database, lessons: Lessons, live_rooms: LiveRooms) -> None:
        self._database = database
        self._lessons = lessons
        self._live_rooms = live_rooms

    async def read(
        self, principal: Principal, course_id: str, lesson_id: str, *, limit: int, after: str | None
    ) -> LessonPeople:
        """For who teaches there. Raises Forbidden, NotFound, Invalid."""
        active = EnrolmentFilter(status=EnrolmentStatus.ACTIVE)
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_ENROL)
            lesson = await self._lessons.find(tx, inside, lesson_id)
            expected = await page_of_enrolments(tx, inside.course.id, active, limit=limit, after=after)
        live = self._live_rooms.get(lesson.room_id) if lesson.room_id is not None else None
        present = live.people.participants if live is not None else []
        return LessonPeople(lesson, expected, inside.seen.enrolled_count, present)
