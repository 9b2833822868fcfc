"""The rows of courses: added, found with who asks for them, listed, changed. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, Circle
from vtp.accounts.tables import users
from vtp.courses.roles import COURSE_STAFF, OPEN_TO_STUDENTS, CourseStatus, EnrolmentStatus, Member
from vtp.courses.tables import course_enrollments, course_permissions, course_recordings, courses
from vtp.db.kept_rows import Kept, KeptRows
from vtp.db.lists import first_rows, length_for
from vtp.db.prepared import Prepared, Source, Values, together
from vtp.db.types import id_type
from vtp.db.words import contains_words, pattern_of
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Course:
    """One course as it is stored."""

    id: str
    code: str
    name: str
    description: str
    instructor_id: str | None
    department: str
    semester: str
    year: int
    status: CourseStatus
    max_students: int | None
    listed: bool
    self_enrolment: bool
    waiting_list: bool
    lesson_opens_minutes: int
    lesson_grace_minutes: int
    mail_lessons: bool
    record_lessons: str
    publish_rule: str
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def room_id(self) -> None:
        """It belongs to no room."""
        return None

    @property
    def owner_id(self) -> str | None:
        """Whose it is, as permissions name it."""
        return self.instructor_id

    @property
    def is_in_catalogue(self) -> bool:
        """Whether people who do not take part find it."""
        return self.listed and self.status is CourseStatus.ACTIVE

    def circle(self, action: Action) -> Circle:
        """A draft, and what is put away, is for staff."""
        hidden = self.status not in OPEN_TO_STUDENTS
        return Circle.STAFF if hidden and action is Action.COURSE_VIEW else Circle.EVERYONE


@dataclass(frozen=True, slots=True)
class Seen:
    """A course with its figures, and what it knows of who looks at it."""

    course: Course
    member: Member
    instructor_name: str | None
    enrolled_count: int
    recording_count: int


@dataclass(frozen=True, slots=True)
class CourseFilter:
    """Which courses to list; empty fields do not matter.

    `mine`: those that the caller takes part in. `everything`: also those that only their members may see.
    """

    text: str = ""
    status: str = ""
    semester: str = ""
    year: int | None = None
    department: str = ""
    instructor_id: str = ""
    mine: bool = False
    everything: bool = False


MOST_KEPT = 1_000  # rows of lists, some kilobytes each
_FIELDS = ("status", "semester", "department", "instructor_id", "year")  # of a filter, each equal to a column
_me = bindparam("me", type_=id_type())
_COLUMNS = [courses.c[name] for name in Course.__slots__]
_STATUS = Course.__slots__.index("status")
_given = course_permissions.c
_FILED = (
    select(func.count())
    .select_from(course_recordings)
    .where(course_recordings.c.course_id == courses.c.id)
    .correlate(courses)
    .scalar_subquery()
)
_mine = course_enrollments.alias("my_enrolment")
_SEEN = select(
    *_COLUMNS,
    users.c.full_name,
    _mine.c.role,
    _mine.c.status,
    _given.role,
    _given.watch_only,
    courses.c.students,
    _FILED,
).select_from(
    courses.outerjoin(users, users.c.id == courses.c.instructor_id)
    .outerjoin(_mine, and_(_mine.c.course_id == courses.c.id, _mine.c.user_id == _me))
    .outerjoin(course_permissions, and_(_given.course_id == courses.c.id, _given.user_id == _me))
)
_ADD = Prepared(insert(courses), Course.__slots__)
_ONE = Prepared(_SEEN.where(courses.c.id == bindparam("course_id")))
_LOCKED = Prepared(select(courses.c.id).where(courses.c.id == bindparam("course_id")).with_for_update())


async def add_course(tx: AsyncConnection, course: Course) -> None:
    """Adds a course."""
    prepared, values = addition_of(course)
    await prepared.rows(tx, values)


def addition_of(course: Course) -> tuple[Prepared, Values]:
    """What adds a course."""
    return _ADD, {name: getattr(course, name) for name in Course.__slots__}


async def lock_course(tx: AsyncConnection, course_id: str) -> None:
    """Keeps others from changing a course, and who takes part in it, until the transaction ends.

    A statement of its own: on PostgreSQL one that had to wait would count what was there before. SQLite's
    writer is alone from its first statement on, whichever that is.
    """
    if tx.dialect.name == "sqlite":
        return
    await _LOCKED.rows(tx, {"course_id": course_id})


async def find_course(source: Source, course_id: str, user_id: str | None) -> Seen | None:
    """A course as this person sees it, whether or not they may."""
    row = await _ONE.row(source, {"course_id": course_id, "me": user_id})
    return _seen(row) if row else None


async def find_course_alone(tx: AsyncConnection, course_id: str, user_id: str | None) -> Seen | None:
    """The same once nobody else changes it, as `lock_course` has it."""
    if tx.dialect.name == "sqlite":
        return await find_course(tx, course_id, user_id)
    locked = (_LOCKED, {"course_id": course_id})
    _, rows = await together(tx, locked, (_ONE, {"course_id": course_id, "me": user_id}))
    return _seen(rows[0]) if rows else None


async def find_courses(tx: AsyncConnection, ids: Collection[str], user_id: str | None) -> list[Seen]:
    """Several courses as this person sees them, in no order."""
    if not ids:
        return []
    rows = await tx.execute(_SEEN.where(courses.c.id.in_(ids)), {"me": user_id})
    return [_seen(row) for row in rows]


async def page_of_courses(
    source: Source, wanted: CourseFilter, user_id: str | None, *, limit: int, before: str | None
) -> list[Kept[Seen]]:
    """Courses, newest first; `before`: the id that the page before ended with."""
    values = {name: value for name in _FIELDS if (value := getattr(wanted, name)) or value == 0}
    if wanted.text:
        values["words"] = pattern_of(wanted.text)
    if before is not None:
        values["before"] = before
    statement = _page(wanted.mine, wanted.everything, frozenset(values), length_for(limit))
    found = await statement.unread(source, values | {"me": user_id})
    return [_listed.of(found, row) for row in found.rows[:limit]]


def change_of(course_id: str, now: datetime, values: Values) -> tuple[Prepared, Values]:
    """What sets columns of a course and counts its version up."""
    given = {f"to_{name}": value for name, value in values.items()}
    return _change(frozenset(values)), given | {"course_id": course_id, "now": now}


async def status_since(tx: AsyncConnection, course_id: str) -> datetime | None:
    """Since when a course has its status; None: since it was made, or that is not known."""
    return (await tx.execute(select(courses.c.status_at).where(courses.c.id == course_id))).scalar()


async def remove_course(tx: AsyncConnection, course_id: str) -> None:
    """Deletes a course with everything that hangs on it."""
    await tx.execute(delete(courses).where(courses.c.id == course_id))


@lru_cache(maxsize=256)
def _change(names: frozenset[str]) -> Prepared:
    """Sets these columns of a course; which they are is said by forms, of which there are few."""
    c = courses.c
    given = {name: bindparam(f"to_{name}", type_=c[name].type) for name in sorted(names)}
    now = bindparam("now", type_=c.updated_at.type)
    changed = given | {"version": c.version + 1, "updated_at": now}
    changed |= {"status_at": now} if "status" in names else {}
    return Prepared(update(courses).where(c.id == bindparam("course_id")).values(changed))


@lru_cache(maxsize=256)
def _page(mine: bool, everything: bool, given: frozenset[str], length: int) -> Prepared:
    """A page of courses by the filters that are given; made once: an eighth of a list's time."""
    c, statement = courses.c, _SEEN
    if mine or not everything:
        statement = statement.where(_takes_part() if mine else or_(_takes_part(), _is_in_catalogue()))
    if "words" in given:
        statement = statement.where(contains_words((c.code, c.name, c.description), "words"))
    for name in _FIELDS:
        if name in given:
            statement = statement.where(c[name] == bindparam(name))
    if "before" in given:
        statement = statement.where(c.id < bindparam("before", type_=id_type()))
    return Prepared(first_rows(statement.order_by(c.id.desc()), length))


def _takes_part() -> ColumnElement[bool]:
    """Whether the caller may see a course because of what they are in it: as `Course.circle` has it."""
    active = _mine.c.status == EnrolmentStatus.ACTIVE
    by_enrolment = and_(_given.user_id.is_(None), active)
    staff = or_(
        courses.c.instructor_id == _me,
        _given.role.in_(COURSE_STAFF),
        and_(by_enrolment, _mine.c.role != Role.STUDENT),
    )
    student = and_(or_(_given.user_id.is_not(None), active), courses.c.status.in_(OPEN_TO_STUDENTS))
    return or_(staff, student)


def _is_in_catalogue() -> ColumnElement[bool]:
    return and_(courses.c.listed.is_(True), courses.c.status == CourseStatus.ACTIVE)


def _seen(row: Sequence[Any]) -> Seen:
    """Of a row of _SEEN; by place, which takes a fourth of what names take."""
    values = list(row[: len(_COLUMNS)])
    values[_STATUS] = CourseStatus(values[_STATUS])
    name, role, status, given, watch_only, enrolled, filed = row[len(_COLUMNS) :]
    member = Member(
        Role(role) if role else None,
        EnrolmentStatus(status) if status else None,
        Role(given) if given else None,
        bool(watch_only),
    )
    return Seen(Course(*values), member, name, enrolled, filed)


_listed = KeptRows(_seen, len(_SEEN.selected_columns), MOST_KEPT)
