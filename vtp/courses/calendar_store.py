"""The rows of calendars' secret addresses, and the lessons that somebody's calendar shows. Only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import Lesson, LessonKind, is_released, lesson_of_row
from vtp.courses.roles import COURSE_STAFF, OPEN_TO_STUDENTS, CourseStatus, EnrolmentStatus
from vtp.courses.tables import calendar_feeds as table
from vtp.courses.tables import (
    course_enrollments,
    course_permissions,
    course_sections,
    courses,
    lessons,
)
from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar of somebody's: of all their courses, or of one."""

    id: str
    user_id: str
    course_id: str | None
    created_at: datetime
    renewed_at: datetime


MOST_LESSONS = 5000
_COLUMNS = [table.c[name] for name in Feed.__slots__]
_enrolled, _given = course_enrollments.c, course_permissions.c


async def renew_feed(tx: AsyncConnection, feed: Feed, token_hash: str) -> Feed:
    """Adds a calendar, or gives the one that there is another address."""
    scope = feed.course_id or ""
    mine = table.c.user_id == feed.user_id, table.c.scope == scope
    values = {name: getattr(feed, name) for name in Feed.__slots__}
    if not await insert_if_absent(tx, table, {**values, "scope": scope, "token_hash": token_hash}):
        changed = update(table).where(*mine).values(token_hash=token_hash, renewed_at=feed.renewed_at)
        await tx.execute(changed)
    return Feed(**(await tx.execute(select(*_COLUMNS).where(*mine))).one()._mapping)


async def feed_by_token(tx: AsyncConnection, token_hash: str) -> Feed | None:
    """The calendar at an address."""
    row = (await tx.execute(select(*_COLUMNS).where(table.c.token_hash == token_hash))).one_or_none()
    return Feed(**row._mapping) if row else None


async def page_of_feeds(tx: AsyncConnection, user_id: str, *, limit: int, before: str | None) -> list[Feed]:
    """Somebody's calendars, newest first."""
    statement = select(*_COLUMNS).where(table.c.user_id == user_id)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [
        Feed(**row._mapping) for row in await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))
    ]


async def remove_feed(tx: AsyncConnection, user_id: str, feed_id: str) -> bool:
    """Deletes one of somebody's; tells whether it was there."""
    mine = table.c.id == feed_id, table.c.user_id == user_id
    return (await tx.execute(delete(table).where(*mine))).rowcount == 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose calendar it is. `everywhere`: an administrator, who sees any course that they ask for."""

    user_id: str
    everywhere: bool = False


async def lessons_for(
    tx: AsyncConnection, reader: Reader, course_id: str | None, since: datetime, now: datetime
) -> list[tuple[Lesson, str, str]]:
    """The live lessons that somebody sees, from then on, with code and name of their courses: where they
    teach all of them, where they are students what is released; administrators all of one that they name."""
    if reader.everywhere and course_id is not None:
        return await _lessons_in(tx, [course_id], since, None)
    there = await courses_of(tx, reader.user_id, course_id)
    found: list[tuple[Lesson, str, str]] = []
    for staff in (True, False):
        some = [one for one, teaches in there.items() if teaches is staff]
        if some:
            found += await _lessons_in(tx, some, since, None if staff else now)
    return sorted(found, key=lambda one: (one[0].starts_at or now, one[0].id))[:MOST_LESSONS]


async def courses_of(tx: AsyncConnection, user_id: str, course_id: str | None = None) -> dict[str, bool]:
    """The courses that somebody takes part in, and whether they teach there; as `role_in_course` has it."""
    of_one = [] if course_id is None else [courses.c.id == course_id]
    c = courses.c
    # Whether they wait is looked at below: asked for here, SQLite reads all active enrolments for it.
    enrolled = select(_enrolled.course_id).where(_enrolled.user_id == user_id)
    given = select(_given.course_id).where(_given.user_id == user_id)
    mine = or_(c.instructor_id == user_id, c.id.in_(enrolled), c.id.in_(given))
    joined = courses.outerjoin(
        course_enrollments, and_(_enrolled.course_id == c.id, _enrolled.user_id == user_id)
    ).outerjoin(course_permissions, and_(_given.course_id == c.id, _given.user_id == user_id))
    columns = c.id, c.status, c.instructor_id, _enrolled.role, _enrolled.status, _given.role
    statement = select(*columns).select_from(joined)
    shown: dict[str, bool] = {}
    rows = await tx.execute(statement.where(mine, *of_one))
    for id_, status, instructor_id, enrolled_as, enrolment, permission in rows:
        if enrolment != EnrolmentStatus.ACTIVE:
            enrolled_as = None
        role = Role.TEACHER if instructor_id == user_id else Role(permission or enrolled_as or Role.GUEST)
        if role in COURSE_STAFF and status != CourseStatus.ARCHIVED:
            shown[id_] = True
        elif role is Role.STUDENT and status in OPEN_TO_STUDENTS:
            shown[id_] = False
    return shown


async def _lessons_in(
    tx: AsyncConnection, course_ids: Sequence[str], since: datetime, released_at: datetime | None
) -> list[tuple[Lesson, str, str]]:
    statement = _live_since(course_ids, since, released_at)
    rows = await tx.execute(statement.limit(MOST_LESSONS))
    return [_with_course(row) for row in rows]


async def lessons_between(
    tx: AsyncConnection,
    course_ids: Sequence[str],
    within: tuple[datetime, datetime],
    released_at: datetime | None,
    limit: int,
) -> list[Lesson]:
    """The first live lessons of these courses that begin within a time; with `released_at` those that
    students see then."""
    if not course_ids:
        return []
    since, until = within
    statement = _live_since(course_ids, since, released_at).where(lessons.c.starts_at < until)
    return [lesson_of_row(row) for row in await tx.execute(statement.limit(limit))]


def _live_since(
    course_ids: Sequence[str], since: datetime, released_at: datetime | None
) -> Select[*tuple[Any, ...]]:
    c = lessons.c
    joined = lessons.join(courses, courses.c.id == c.course_id).outerjoin(
        course_sections, course_sections.c.id == c.section_id
    )
    columns = [c[name] for name in Lesson.__slots__]
    statement = select(*columns, courses.c.code, courses.c.name).select_from(joined)
    statement = statement.where(c.course_id.in_(course_ids), c.kind == LessonKind.LIVE, c.starts_at >= since)
    if released_at is not None:
        section = or_(c.section_id.is_(None), is_released(course_sections, released_at))
        statement = statement.where(is_released(lessons, released_at), section)
    return statement.order_by(c.starts_at, c.id)


def _with_course(row: Row[*tuple[Any, ...]]) -> tuple[Lesson, str, str]:
    return lesson_of_row(row), row.code, row.name
