"""The rows of calendars' secret addresses, and the lessons that somebody's calendar shows. Only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import Lesson, LessonKind, is_lesson_released, lesson_of_row
from vtp.courses.roles import COURSE_STAFF, OPEN_TO_STUDENTS, CourseStatus, EnrolmentStatus
from vtp.courses.tables import calendar_feeds as table
from vtp.courses.tables import (
    course_enrollments,
    course_permissions,
    course_sections,
    courses,
    lessons,
)
from vtp.db.kept_rows import Kept, KeptRows
from vtp.db.lists import among, filled, filled_at_once
from vtp.db.prepared import Prepared
from vtp.db.statements import insert_if_absent
from vtp.db.types import UtcDateTime, id_type
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar of somebody's: of all their courses, or of one."""

    id: str
    user_id: str
    course_id: str | None
    created_at: datetime
    renewed_at: datetime


@dataclass(frozen=True, slots=True)
class CalendarLesson:
    """A live lesson with what a calendar says of its course."""

    lesson: Lesson
    course_code: str
    course_name: str


MOST_LESSONS = 5000
MOST_KEPT = MOST_LESSONS + 1000
"""More than the largest calendar has: with fewer each reading of it would push out what it comes to next."""
MOST_SAID = 500
"""Characters of a description: each of a class gets it by mail, for each of its lessons."""
_FAR = datetime(9999, 1, 1, tzinfo=UTC)
_OVER = (CourseStatus.COMPLETED, CourseStatus.ARCHIVED)
_IS_OVER = select(courses.c.id).where(
    courses.c.id == bindparam("course", type_=id_type()), courses.c.status.in_(_OVER)
)
_DESCRIPTION = Lesson.__slots__.index("description")
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
) -> list[Kept[CalendarLesson]]:
    """The live lessons that somebody sees, from `since` on, in the order of time: where they teach all of
    them, where they are students what is released; administrators all of one course that they name. Of
    courses that are over only what has begun: nothing more is held in them."""
    if reader.everywhere and course_id is not None:
        over = (await tx.execute(_IS_OVER, {"course": course_id})).scalar_one_or_none() is not None
        return await _lessons_in(tx, [course_id], (since, now if over else _FAR), None)
    there = await courses_of(tx, reader.user_id, course_id)
    found: list[Kept[CalendarLesson]] = []
    for staff, over in product((True, False), repeat=2):
        some = [one.id for one in there if one.teaches is staff and (one.status in _OVER) is over]
        within = since, now if over else _FAR
        found += await _lessons_in(tx, some, within, None if staff else now)
    return sorted(found, key=_begins)[:MOST_LESSONS]


class Membership(NamedTuple):
    """A course that somebody takes part in; `watches`: they were given to watch alone, hand in nothing."""

    id: str
    status: CourseStatus
    teaches: bool
    watches: bool
    code: str
    name: str
    lesson_opens_minutes: int
    lesson_grace_minutes: int


async def courses_of(tx: AsyncConnection, user_id: str, course_id: str | None = None) -> list[Membership]:
    """The courses that somebody takes part in, or one of them; as `role_in_course` has it."""
    values = {"me": user_id, "course": course_id}
    found: list[Membership] = []
    for row in await (_OF_ALL if course_id is None else _OF_ONE).rows(tx, values):
        id_, status, instructor_id, enrolled_as, enrolment, permission, watch_only, *more = row
        if enrolment != EnrolmentStatus.ACTIVE:
            enrolled_as = None
        role = Role.TEACHER if instructor_id == user_id else Role(permission or enrolled_as or Role.GUEST)
        teaches = role in COURSE_STAFF and status != CourseStatus.ARCHIVED
        if teaches or (role is Role.STUDENT and status in OPEN_TO_STUDENTS):
            found.append(Membership(id_, CourseStatus(status), teaches, bool(watch_only), *more))
    return found


def _taking_part() -> Select[*tuple[Any, ...]]:
    c, me = courses.c, bindparam("me", type_=id_type())
    # Whether they wait is looked at above: asked for here, SQLite reads all active enrolments for it.
    enrolled = select(_enrolled.course_id).where(_enrolled.user_id == me)
    given = select(_given.course_id).where(_given.user_id == me)
    joined = courses.outerjoin(
        course_enrollments, and_(_enrolled.course_id == c.id, _enrolled.user_id == me)
    ).outerjoin(course_permissions, and_(_given.course_id == c.id, _given.user_id == me))
    role = c.id, c.status, c.instructor_id, _enrolled.role, _enrolled.status, _given.role, _given.watch_only
    shown = c.code, c.name, c.lesson_opens_minutes, c.lesson_grace_minutes
    mine = or_(c.instructor_id == me, c.id.in_(enrolled), c.id.in_(given))
    return select(*role, *shown).select_from(joined).where(mine)


_OF_ALL = Prepared(_taking_part())
_OF_ONE = Prepared(_taking_part().where(courses.c.id == bindparam("course", type_=id_type())))


async def _lessons_in(
    tx: AsyncConnection,
    course_ids: Sequence[str],
    within: tuple[datetime, datetime],
    released_at: datetime | None,
) -> list[Kept[CalendarLesson]]:
    since, until = within
    values = {"since": since, "until": until, "released_at": released_at, "most": MOST_LESSONS}
    found: list[Kept[CalendarLesson]] = []
    for count, of_courses in filled("course", course_ids):
        rows = await _shown(count, released_at is not None).unread(tx, values | of_courses)
        found += [_kept.of(rows, row) for row in rows.rows]
    return found


def _begins(one: Kept[CalendarLesson]) -> tuple[datetime, str]:
    lesson = one.value.lesson
    assert lesson.starts_at is not None  # those without are not asked for
    return lesson.starts_at, lesson.id


async def lessons_between(
    tx: AsyncConnection,
    course_ids: Sequence[str],
    within: tuple[datetime, datetime],
    released_at: datetime | None,
    limit: int,
) -> list[Lesson]:
    """The first live lessons of these courses, a thousand at most, that begin within a time; with
    `released_at` those that students see then."""
    if not course_ids:
        return []
    (since, until), (count, values) = within, filled_at_once("course", course_ids)
    values |= {"since": since, "until": until, "released_at": released_at, "most": limit}
    rows = await _between(count, released_at is not None).rows(tx, values)
    return [lesson_of_row(row) for row in rows]


@cache
def _shown(count: int, released: bool) -> Prepared:
    """What a calendar says of the lessons of so many courses: of descriptions it says their beginning."""
    columns: list[ColumnElement[Any]] = [lessons.c[name] for name in Lesson.__slots__]
    columns[_DESCRIPTION] = func.substr(lessons.c.description, 1, MOST_SAID + 1)
    return Prepared(_live(count, [*columns, courses.c.code, courses.c.name], released))


@cache
def _between(count: int, released: bool) -> Prepared:
    return Prepared(_live(count, [lessons.c[name] for name in Lesson.__slots__], released))


def _live(count: int, columns: Sequence[ColumnElement[Any]], released: bool) -> Select[*tuple[Any, ...]]:
    c = lessons.c
    joined = lessons.join(courses, courses.c.id == c.course_id).outerjoin(
        course_sections, course_sections.c.id == c.section_id
    )
    since = bindparam("since", type_=UtcDateTime())
    statement = select(*columns).select_from(joined)
    statement = statement.where(
        among(c.course_id, "course", count),
        c.kind == LessonKind.LIVE,
        c.starts_at >= since,
        c.starts_at < bindparam("until", type_=UtcDateTime()),
    )
    if released:
        at = bindparam("released_at", type_=UtcDateTime())
        statement = statement.where(is_lesson_released(at))
    return statement.order_by(c.starts_at, c.id).limit(bindparam("most", type_=Integer()))


def _calendar_lesson(row: Sequence[Any]) -> CalendarLesson:
    return CalendarLesson(lesson_of_row(row), row[-2], row[-1])


_kept = KeptRows(_calendar_lesson, len(Lesson.__slots__) + 2, MOST_KEPT)
