"""The rows of grades, and those whose grades are kept in a course. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.tables import course_enrollments
from vtp.coursework.file_store import StoredFile
from vtp.coursework.tables import grades as table
from vtp.coursework.tables import submissions
from vtp.db.lists import among, first_rows, length_for, rows_of_both
from vtp.db.prepared import Prepared
from vtp.db.types import id_type
from vtp.db.words import contains_words, pattern_of


@dataclass(frozen=True, slots=True)
class Grade:
    """What somebody's work is worth; `version` is 0 before anything was said."""

    id: str
    assignment_id: str
    user_id: str
    submission_id: str | None
    centipoints: int | None
    scores: Sequence[Mapping[str, Any]]
    feedback: str
    released_at: datetime | None
    graded_by: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    files: Sequence[StoredFile] = field(default=())
    newest_submission_id: str | None = None
    """The newest attempt that is handed in; None where it was not asked for, too."""


class GradeMark(NamedTuple):
    """What a book says of a grade, see `HandedIn`."""

    assignment_id: str
    user_id: str
    submission_id: str | None
    centipoints: int | None
    released: bool


@dataclass(frozen=True, slots=True)
class Pupil:
    """A student in the grade book or a roster; `id` is that of the enrolment, which rosters go by."""

    id: str
    user_id: str
    full_name: str
    email: str


PupilPlace = tuple[str, str]
"""Where a page by name ended: the name as it is sorted, and the enrolment."""
SORTED_BY: Final = 50  # letters of a name: what is in a cursor

IS_SETTLED = (
    exists()
    .where(
        table.c.submission_id == submissions.c.id,
        table.c.released_at.is_not(None),
        table.c.centipoints.is_not(None),
    )
    .correlate(submissions)
)
"""Whether an attempt's student sees points for it: as `submissions.settled` has it, but for groups."""
_OWN = [name for name in Grade.__slots__ if name not in ("files", "newest_submission_id")]
_GRADES = select(*(table.c[name] for name in _OWN))
_mark = partial(tuple.__new__, GradeMark)  # as GradeMark._make, without a call of Python for each
_MARKED = (table.c[name] for name in GradeMark._fields[:-1])
_MARKS = select(*_MARKED, table.c.released_at.is_not(None))


async def find_grade(tx: AsyncConnection, assignment_id: str, user_id: str) -> Grade | None:
    """Somebody's in an assignment."""
    mine = table.c.assignment_id == assignment_id, table.c.user_id == user_id
    row = (await tx.execute(_GRADES.where(*mine))).one_or_none()
    return _grade(row) if row else None


async def grade_by_id(tx: AsyncConnection, grade_id: str) -> Grade | None:
    """One, by what its files name it."""
    row = (await tx.execute(_GRADES.where(table.c.id == grade_id))).one_or_none()
    return _grade(row) if row else None


async def put_grade(tx: AsyncConnection, grade: Grade) -> None:
    """Adds one of version 1, or sets what is there."""
    values = {name: getattr(grade, name) for name in _OWN}
    if grade.version == 1:
        await tx.execute(insert(table).values(values))
    else:
        await tx.execute(update(table).where(table.c.id == grade.id).values(values))
    await settle(tx, grade.assignment_id, grade.user_id)


async def release_grades(tx: AsyncConnection, assignment_id: str, at: datetime) -> list[str]:
    """Shows all drafts that say something; gives whose they are."""
    c = table.c
    drafts = c.assignment_id == assignment_id, c.released_at.is_(None), c.centipoints.is_not(None)
    found = list((await tx.execute(select(c.user_id).where(*drafts))).scalars())
    shown = update(table).where(*drafts)
    await tx.execute(shown.values(released_at=at, updated_at=at, version=c.version + 1))
    await settle(tx, assignment_id)
    return found


async def settle(tx: AsyncConnection, assignment_id: str, user_id: str | None = None) -> None:
    """Notes which of somebody's attempts at an assignment, or of everybody's, wait for no grade."""
    c = submissions.c
    own = c.assignment_id == assignment_id, c.group_id.is_(None), c.settled != IS_SETTLED
    statement = update(submissions).where(*own).values(settled=IS_SETTLED)
    if user_id is not None:
        statement = statement.where(c.owner == user_id)
    await tx.execute(statement)


async def grades_among(
    tx: AsyncConnection, assignment_ids: Sequence[str], user_ids: Sequence[str]
) -> dict[tuple[str, str], GradeMark]:
    """The grades of these people in these assignments, by (assignment, person)."""
    rows = await rows_of_both(tx, _marks, ("task", assignment_ids), ("person", user_ids))
    return {(one[0], one[1]): one for one in map(_mark, rows)}


@cache
def _marks(tasks: int, people: int) -> Prepared:
    return Prepared(
        _MARKS.where(among(table.c.assignment_id, "task", tasks), among(table.c.user_id, "person", people))
    )


async def page_of_pupils(
    tx: AsyncConnection,
    course_id: str,
    *,
    limit: int,
    after: str | None,
    start: str | None = None,
    q: str = "",
) -> list[Pupil]:
    """Who is enrolled as a student, by enrolment; `start`: from that one on; `q`: in name or address."""
    c = course_enrollments.c
    statement = (
        select(c.id, users.c.id, users.c.full_name, users.c.email)
        .join(users, users.c.id == c.user_id)
        .where(c.course_id == course_id, IS_STUDENT)
        .order_by(c.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(c.id > after)
    if start is not None:
        statement = statement.where(c.id >= start)
    if q:
        statement = statement.where(_named(q))
    return [Pupil(*row) for row in await tx.execute(statement)]


async def pupils_by_name(
    tx: AsyncConnection, course_id: str, *, limit: int, after: PupilPlace | None, q: str
) -> list[tuple[Pupil, PupilPlace]]:
    """The same by name, each with its place; names are in the order of the database."""
    values: dict[str, Any] = {"course_id": course_id}
    if after is not None:
        values |= {"after_name": after[0], "after_id": after[1]}
    if q:
        values["words"] = pattern_of(q)
    rows = await _by_name(after is not None, bool(q), length_for(limit)).rows(tx, values)
    return [(Pupil(*row[:4]), (row[4], row[0])) for row in rows[:limit]]


@cache
def _by_name(goes_on: bool, is_searched: bool, length: int) -> Prepared:
    c, place = course_enrollments.c, func.lower(func.substr(users.c.full_name, 1, SORTED_BY))
    statement = (
        select(c.id, users.c.id, users.c.full_name, users.c.email, place)
        .join(users, users.c.id == c.user_id)
        .where(c.course_id == bindparam("course_id"), IS_STUDENT)
        .order_by(place, c.id)
    )
    if goes_on:
        ended = bindparam("after_name", type_=String()), bindparam("after_id", type_=id_type())
        statement = statement.where(tuple_(place, c.id) > tuple_(*ended))
    if is_searched:
        statement = statement.where(contains_words((users.c.full_name, users.c.email), "words"))
    return Prepared(first_rows(statement, length))


def _named(q: str) -> ColumnElement[bool]:
    name, email = users.c.full_name, users.c.email
    return or_(name.icontains(q, autoescape=True), email.icontains(q, autoescape=True))


async def place_of_pupil(tx: AsyncConnection, course_id: str, user_id: str) -> str | None:
    """The enrolment of a student, which rosters are ordered by; None: they are none of this course."""
    c = course_enrollments.c
    mine = c.course_id == course_id, c.user_id == user_id, IS_STUDENT
    return (await tx.execute(select(c.id).where(*mine))).scalar_one_or_none()


async def count_drafts(tx: AsyncConnection, assignment_id: str) -> int:
    """How many grades say something that their students do not see."""
    c = table.c
    drafts = c.assignment_id == assignment_id, c.released_at.is_(None), c.centipoints.is_not(None)
    return int((await tx.execute(select(func.count()).where(*drafts))).scalar_one())


def _grade(row: Row[Any]) -> Grade:
    return Grade(**dict(zip(_OWN, row, strict=True)))
