"""Live lessons by their rooms, with what their course says of them. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.clocks import WITHOUT_SERIES, newest_zone
from vtp.courses.lesson_times import Window, window_of
from vtp.courses.roles import CourseStatus, EnrolmentStatus, Member
from vtp.courses.tables import (
    course_enrollments,
    course_permissions,
    course_schedules,
    course_sections,
    courses,
    lessons,
)
from vtp.db.types import id_type
from vtp.http.identity import Role

AUTOMATIC, BY_HAND = "automatic", "by_hand"
AT_ONCE, AFTER_REVIEW = "at_once", "after_review"


@dataclass(frozen=True, slots=True)
class RoomLesson:
    """A live lesson, as its room asks for it."""

    room_id: str
    lesson_id: str
    title: str
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    over_at: datetime | None
    published: bool
    release_at: datetime | None
    section_published: bool | None
    section_release_at: datetime | None
    course_id: str
    course_code: str
    course_name: str
    instructor_id: str | None
    status: CourseStatus
    lesson_opens_minutes: int
    lesson_grace_minutes: int
    record_lessons: str
    publish_rule: str
    time_zone: str

    @property
    def context(self) -> str:
        """Where it is held, in words."""
        return f"{self.course_code}, {self.course_name}"

    @property
    def window(self) -> Window:
        """When it is open to the class."""
        opens, grace = self.lesson_opens_minutes, self.lesson_grace_minutes
        return window_of(self.starts_at, self.ends_at, opens, grace, self.over_at)

    def is_released_at(self, now: datetime) -> bool:
        """Whether students see it."""
        hidden = not self.published or self.section_published is False
        dates = (self.release_at, self.section_release_at)
        return not hidden and all(one is None or one <= now for one in dates)


_enrolled, _given = course_enrollments.c, course_permissions.c
_LESSON = (
    lessons.c.room_id,
    lessons.c.id,
    lessons.c.title,
    lessons.c.starts_at,
    lessons.c.ends_at,
    lessons.c.cancelled_at,
    lessons.c.over_at,
    lessons.c.published,
    lessons.c.release_at,
    course_sections.c.published,
    course_sections.c.release_at,
    courses.c.id,
    courses.c.code,
    courses.c.name,
    courses.c.instructor_id,
    courses.c.status,
    courses.c.lesson_opens_minutes,
    courses.c.lesson_grace_minutes,
    courses.c.record_lessons,
    courses.c.publish_rule,
    func.coalesce(
        course_schedules.c.time_zone,
        newest_zone(courses.c.id).correlate(courses).scalar_subquery(),
        WITHOUT_SERIES,
    ),
)
_MEMBER = (_enrolled.role, _enrolled.status, _given.role, _given.watch_only)
_IN_COURSES = (
    lessons.join(courses, courses.c.id == lessons.c.course_id)
    .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
    .outerjoin(course_schedules, course_schedules.c.id == lessons.c.schedule_id)
)
_me = bindparam("me", type_=id_type())
_OF_ROOM = (
    select(*_LESSON, *_MEMBER)
    .select_from(
        _IN_COURSES.outerjoin(
            course_enrollments, and_(_enrolled.course_id == courses.c.id, _enrolled.user_id == _me)
        ).outerjoin(course_permissions, and_(_given.course_id == courses.c.id, _given.user_id == _me))
    )
    .where(lessons.c.room_id == bindparam("room_id"))
)


async def lesson_of_room(
    tx: AsyncConnection, room_id: str, user_id: str | None
) -> tuple[RoomLesson, Member] | None:
    """The lesson that a room belongs to, and what its course knows of somebody."""
    row = (await tx.execute(_OF_ROOM, {"room_id": room_id, "me": user_id})).one_or_none()
    return (_lesson(row), _member(row[len(_LESSON) :])) if row else None


async def lessons_of_rooms(tx: AsyncConnection, room_ids: Collection[str]) -> dict[str, RoomLesson]:
    """The lessons that these rooms belong to, by room."""
    if not room_ids:
        return {}
    rows = await tx.execute(select(*_LESSON).select_from(_IN_COURSES).where(lessons.c.room_id.in_(room_ids)))
    return {row[0]: _lesson(row) for row in rows}


async def lesson_by_id(tx: AsyncConnection, lesson_id: str) -> RoomLesson | None:
    """A lesson as its room asks for it."""
    row = (
        await tx.execute(select(*_LESSON).select_from(_IN_COURSES).where(lessons.c.id == lesson_id))
    ).one_or_none()
    return _lesson(row) if row else None


async def members_among(
    tx: AsyncConnection, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[Role, Member]]:
    """The roles of accounts, and what courses know of them, by (course, account)."""
    wanted = sorted(set(pairs))
    found: dict[tuple[str, str], tuple[Role, Member]] = {}
    for start in range(0, len(wanted), 400):
        some = wanted[start : start + 400]
        given = select(_given.course_id, _given.user_id, _given.role, _given.watch_only)
        roles = {
            (row[0], row[1]): (row[2], row[3])
            for row in await tx.execute(given.where(tuple_(_given.course_id, _given.user_id).in_(some)))
        }
        enrolled = select(_enrolled.course_id, _enrolled.user_id, _enrolled.role, _enrolled.status)
        rows = await tx.execute(enrolled.where(tuple_(_enrolled.course_id, _enrolled.user_id).in_(some)))
        there = {(row[0], row[1]): (row[2], row[3]) for row in rows}
        accounts = select(users.c.id, users.c.role).where(users.c.id.in_({user_id for _, user_id in some}))
        as_accounts = {row[0]: Role(row[1]) for row in await tx.execute(accounts)}
        for pair in some:
            member = _member((*there.get(pair, (None, None)), *roles.get(pair, (None, None))))
            found[pair] = as_accounts.get(pair[1], Role.GUEST), member
    return found


async def end_lesson_of_room(tx: AsyncConnection, room_id: str, at: datetime) -> None:
    """Says that its class was ended for all, if its time has begun."""
    begun = lessons.c.room_id == room_id, lessons.c.starts_at <= at
    await tx.execute(update(lessons).where(*begun).values(over_at=at))


async def hold_again(tx: AsyncConnection, lesson_id: str) -> None:
    """Says that it is not over after all."""
    await tx.execute(update(lessons).where(lessons.c.id == lesson_id).values(over_at=None))


async def rooms_of_course(tx: AsyncConnection, course_id: str) -> list[str]:
    """The rooms of all lessons of a course."""
    wanted = select(lessons.c.room_id).where(lessons.c.course_id == course_id, lessons.c.room_id.is_not(None))
    return list((await tx.execute(wanted)).scalars())


def _lesson(row: Row[Any] | Sequence[Any]) -> RoomLesson:
    values = list(row[: len(_LESSON)])
    at = RoomLesson.__slots__.index("status")
    values[at] = CourseStatus(values[at])
    return RoomLesson(*values)


def _member(row: Sequence[Any]) -> Member:
    role, status, given, watch_only = row
    return Member(
        Role(role) if role else None,
        EnrolmentStatus(status) if status else None,
        Role(given) if given else None,
        bool(watch_only),
    )
