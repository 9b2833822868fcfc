"""Copies of courses for another term: what is in them, not who took part nor when it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import Entered, enter, entered
from vtp.courses.lesson_rooms import add_rooms
from vtp.courses.outline_store import Lesson, LessonKind, Section, add_outline, lessons_of, sections_of
from vtp.courses.permission_store import Permission, add_permissions, staff_of
from vtp.courses.roles import CourseStatus
from vtp.courses.schedule_store import count_schedules
from vtp.courses.schemas import CopyCourse
from vtp.courses.store import Course, add_course, find_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.identity import Principal, Role
from vtp.ids import new_id
from vtp.rooms.kept import KeptRooms


class CourseCopies:
    """Raises Forbidden for who may not make courses or not change the copied one; NotFound, Invalid."""

    def __init__(
        self, database: Database, audit: AuditLog, rooms: KeptRooms, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._audit = audit
        self._clock = clock

    @done_over
    async def copy(
        self, principal: Principal, course_id: str, wish: CopyCourse, origin: Origin
    ) -> tuple[Entered, int]:
        """Makes a draft that belongs to the caller, with the course's sections and lessons; gives how many
        series it has not, whose days are those of another term."""
        require(principal, Action.COURSE_CREATE)
        own_id, now = account_of(principal), self._clock()
        async with self._database.transaction() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_UPDATE)
            source = inside.course
            made = replace(
                source,
                id=new_id(),
                code=wish.code or source.code,
                name=wish.name or source.name,
                semester=wish.semester,
                year=wish.year,
                instructor_id=own_id,
                status=CourseStatus.DRAFT,
                version=1,
                created_at=now,
                updated_at=now,
            )
            await add_course(tx, made)
            await add_outline(tx, *await self._copied(tx, source.id, made.id, now))
            if wish.staff:
                await self._take_staff(tx, source, made, own_id)
            await self._audit.record(
                tx,
                Event.COURSE_CREATED,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{made.id}",
                details={"code": made.code, "name": made.name, "copy_of": source.id},
            )
            found = await find_course(tx, made.id, own_id)
            left_out = await count_schedules(tx, source.id)
        assert found is not None
        return entered(principal, found), left_out

    async def _copied(
        self, tx: AsyncConnection, source_id: str, course_id: str, now: datetime
    ) -> tuple[list[Section], list[Lesson]]:
        """What is to be added, live lessons with rooms of their own, which are there already."""
        sections = await sections_of(tx, source_id)
        made, of_them = copied(sections, await lessons_of(tx, source_id), course_id, now)
        live = [(one.id, one.title) for one in of_them if one.kind is LessonKind.LIVE]
        rooms = await add_rooms(tx, self._rooms, live, now)
        return made, [replace(one, room_id=rooms.get(one.id)) for one in of_them]

    async def _take_staff(self, tx: AsyncConnection, source: Course, made: Course, own_id: str) -> None:
        """Who teaches or assists keeps that role, whose course it was too; by the hand of who copies."""
        roles = await staff_of(tx, source.id)
        if source.instructor_id is not None:
            roles[source.instructor_id] = Role.TEACHER
        roles.pop(own_id, None)
        now = self._clock()
        given = [
            Permission(made.id, user_id, role, False, role.value, own_id, now)
            for user_id, role in roles.items()
        ]
        await add_permissions(tx, given)


def copied(
    sections: Sequence[Section], lessons: Sequence[Lesson], course_id: str, now: datetime
) -> tuple[list[Section], list[Lesson]]:
    """Sections and lessons for another course, without dates: what was to be released on one is not
    published, or it would be open from the first day."""
    ids = {section.id: new_id() for section in sections}
    made = [
        replace(
            one,
            id=ids[one.id],
            course_id=course_id,
            published=one.published and one.release_at is None,
            release_at=None,
            created_at=now,
            updated_at=now,
        )
        for one in sections
    ]
    of_them = [
        replace(
            one,
            id=new_id(),
            course_id=course_id,
            section_id=ids[one.section_id] if one.section_id else None,
            published=one.published and one.release_at is None,
            release_at=None,
            starts_at=None,
            ends_at=None,
            room_id=None,
            cancelled_at=None,
            schedule_id=None,
            occurrence=None,
            touched=False,
            sequence=0,
            created_at=now,
            updated_at=now,
        )
        for one in lessons
    ]
    return made, of_them
