"""The rows of who takes part in courses, or waits to. No rules here, only SQL.

Whoever calls what changes them has locked the course (`vtp.courses.store.lock_course`): its number of
students is counted anew then, and would miss those whom another transaction adds.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.roles import EnrolmentStatus
from vtp.courses.tables import course_enrollments as table
from vtp.courses.tables import course_permissions, courses
from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role

_whose, _by_right = courses.alias("whose"), course_permissions.alias("by_right")


def _role_held(of: FromClause) -> ColumnElement[str]:
    """Of a row: the role that holds, as `role_in_course` has it: whose the course is teaches there, and what
    somebody was given ranks above how they are enrolled."""
    held, given = _whose.c, _by_right.c
    teaches = select(literal(Role.TEACHER.value)).where(
        held.id == of.c.course_id, held.instructor_id == of.c.user_id
    )
    by_right = select(given.role).where(given.course_id == of.c.course_id, given.user_id == of.c.user_id)
    parts = [one.correlate(of).scalar_subquery() for one in (teaches, by_right)]
    return func.coalesce(*parts, of.c.role)


def _waits(of: FromClause) -> ColumnElement[bool]:
    """Of a row: whether its turn comes. Who has a role of the staff needs no place, and keeps their turn."""
    return and_(of.c.status == EnrolmentStatus.WAITING, _role_held(of) == Role.STUDENT)


ROLE_HELD = _role_held(table)
IS_STUDENT = and_(table.c.status == EnrolmentStatus.ACTIVE, ROLE_HELD == Role.STUDENT)
"""Of a row: who is a student of the course, by the role that holds, and has a place by that."""


_BY_RIGHT = and_(table.c.status == EnrolmentStatus.ACTIVE, table.c.enrolled_at.is_(None))


class Source(enum.StrEnum):
    """How somebody came into a course."""

    STAFF = "staff"
    SELF = "self"
    CODE = "code"
    LINK = "link"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Somebody in a course: `role` is how they are enrolled, `held` the role that holds. `place`: of who
    waits, 1 for who is next. `enrolled_at`: None while they wait, and of who is here by the role of a student
    that they were given, for as long as they have it."""

    id: str
    course_id: str
    user_id: str
    role: Role
    status: EnrolmentStatus
    source: Source
    invitation_id: str | None
    added_by: str | None
    created_at: datetime
    enrolled_at: datetime | None
    full_name: str = ""
    email: str = ""
    held: Role = Role.GUEST
    place: int | None = None

    @property
    def is_by_right(self) -> bool:
        """Whether they are here by a role that they were given, and not else."""
        return self.status is EnrolmentStatus.ACTIVE and self.enrolled_at is None


@dataclass(frozen=True, slots=True)
class EnrolmentFilter:
    """Whose enrolments to list; empty fields do not matter."""

    status: str = ""
    role: str = ""
    text: str = ""


_OWN = [name for name in Enrolment.__slots__ if name not in ("full_name", "email", "held", "place")]
_COLUMNS = [*(table.c[name] for name in _OWN), users.c.full_name, users.c.email, ROLE_HELD.label("held")]
_WITH_NAMES = select(*_COLUMNS).select_from(table.join(users, users.c.id == table.c.user_id))
STUDENTS = (
    select(func.count())
    .select_from(table)
    .where(table.c.course_id == courses.c.id, IS_STUDENT)
    .correlate(courses)
    .scalar_subquery()
)
"""Of a course: how many students it has, which `courses.students` keeps."""
_ahead = table.alias("ahead")
PLACE = (
    select(func.count())
    .select_from(_ahead)
    .where(
        _ahead.c.course_id == table.c.course_id,
        _waits(_ahead),
        _ahead.c.id <= table.c.id,
    )
    .correlate(table)
    .scalar_subquery()
)


async def add_enrolment(tx: AsyncConnection, enrolment: Enrolment) -> bool:
    """Adds somebody; False when they are there already."""
    is_added = await insert_if_absent(tx, table, _values(enrolment))
    if is_added:
        await count_anew(tx, [enrolment.course_id])
    return is_added


async def add_enrolments(tx: AsyncConnection, enrolments: Sequence[Enrolment]) -> None:
    """Adds several to courses, none of whom is there."""
    if enrolments:
        await tx.execute(insert(table), [_values(one) for one in enrolments])
        await count_anew(tx, {one.course_id for one in enrolments})


async def enrol_besides(tx: AsyncConnection, enrolment: Enrolment) -> None:
    """Enrols who was here by what they were given alone; they have had their place since then."""
    values = {name: getattr(enrolment, name) for name in ("role", "source", "invitation_id", "added_by")}
    theirs = table.c.course_id == enrolment.course_id, table.c.user_id == enrolment.user_id, _BY_RIGHT
    await tx.execute(update(table).where(*theirs).values(**values, enrolled_at=table.c.created_at))


async def find_enrolment(tx: AsyncConnection, course_id: str, user_id: str) -> Enrolment | None:
    """Somebody in a course, with their place where they wait."""
    statement = _WITH_NAMES.where(table.c.course_id == course_id, table.c.user_id == user_id)
    row = (await tx.execute(statement.add_columns(PLACE.label("place")))).one_or_none()
    return _enrolment(row, row.place) if row else None


async def enrolled_among(tx: AsyncConnection, course_id: str, user_ids: Collection[str]) -> set[str]:
    """Those of some accounts that are enrolled in a course, or wait for it; not who is here by what they
    were given alone."""
    return await _among(tx, user_ids, table.c.course_id == course_id, ~_BY_RIGHT)


async def by_right_among(tx: AsyncConnection, course_id: str, user_ids: Collection[str]) -> set[str]:
    """Those of some accounts that are in a course by what they were given, and not else."""
    return await _among(tx, user_ids, table.c.course_id == course_id, _BY_RIGHT)


async def students_among(tx: AsyncConnection, course_id: str, user_ids: Collection[str]) -> set[str]:
    """Those of some accounts that are students of a course."""
    return await _among(tx, user_ids, table.c.course_id == course_id, IS_STUDENT)


async def _among(tx: AsyncConnection, user_ids: Collection[str], *there: ColumnElement[bool]) -> set[str]:
    if not user_ids:
        return set()
    wanted = select(table.c.user_id).where(*there, table.c.user_id.in_(user_ids))
    return set((await tx.execute(wanted)).scalars())


async def page_of_enrolments(
    tx: AsyncConnection, course_id: str, wanted: EnrolmentFilter, *, limit: int, after: str | None
) -> list[Enrolment]:
    """Who takes part in a course, in the order of coming; after the id that the page before ended with."""
    statement = _WITH_NAMES.where(table.c.course_id == course_id).order_by(table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.id > after)
    rows = list(await tx.execute(_filtered(statement, wanted)))
    ahead = await _waiting_before(tx, course_id, [row.id for row in rows if row.status == "waiting"])
    return [_enrolment(row, ahead.get(row.id)) for row in rows]


async def page_of_memberships(
    tx: AsyncConnection, user_id: str, *, limit: int, before: str | None
) -> list[Enrolment]:
    """The courses that somebody takes part in or waits for, the latest first."""
    statement = _WITH_NAMES.add_columns(PLACE.label("place")).where(table.c.user_id == user_id)
    if before is not None:
        statement = statement.where(table.c.id < before)
    rows = await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))
    return [_enrolment(row, row.place) for row in rows]


async def count_students(tx: AsyncConnection, course_id: str) -> int:
    """How many places are taken."""
    statement = select(func.count()).where(
        table.c.course_id == course_id,
        IS_STUDENT,
    )
    return int((await tx.execute(statement)).scalar_one())


async def first_waiting(tx: AsyncConnection, course_id: str, count: int | None) -> list[tuple[str, str]]:
    """Whose turn it is, as (id, user id): so many, or all."""
    statement = select(table.c.id, table.c.user_id).where(table.c.course_id == course_id, _waits(table))
    return [(row[0], row[1]) for row in await tx.execute(statement.order_by(table.c.id).limit(count))]


async def courses_with_waiting(tx: AsyncConnection) -> list[str]:
    """The courses that somebody waits for."""
    waiting = select(table.c.course_id).where(table.c.status == EnrolmentStatus.WAITING)
    return list((await tx.execute(waiting.distinct().order_by(table.c.course_id))).scalars())


async def activate(tx: AsyncConnection, course_id: str, ids: Sequence[str], now: datetime) -> None:
    """Gives a place in a course to who waited for it."""
    statement = update(table).where(table.c.id.in_(ids))
    await tx.execute(statement.values(status=EnrolmentStatus.ACTIVE, enrolled_at=now))
    await count_anew(tx, [course_id])


async def remove_enrolment(tx: AsyncConnection, enrolment: Enrolment) -> None:
    """Takes somebody out of a course."""
    await tx.execute(delete(table).where(table.c.id == enrolment.id))
    await count_anew(tx, [enrolment.course_id])


async def count_anew(tx: AsyncConnection, course_ids: Collection[str]) -> None:
    """Has courses say how many students they have now, while nobody else changes who takes part in them."""
    if course_ids:
        await tx.execute(update(courses).where(courses.c.id.in_(course_ids)).values(students=STUDENTS))


async def lock_courses_of(tx: AsyncConnection, user_id: str) -> list[str]:
    """Keeps others from changing the courses that somebody takes part in, waits for or teaches, and who takes
    part in them, until the transaction ends; what refers to them may come. Gives the courses.

    Before any account is locked: who has locked a course refers to accounts then.
    """
    taken = select(table.c.course_id).where(table.c.user_id == user_id)
    taught = select(courses.c.id).where(courses.c.instructor_id == user_id)
    ids = sorted((await tx.execute(taken.union(taught))).scalars())
    if ids and tx.dialect.name != "sqlite":  # whose writer is alone
        by_id = select(courses.c.id).where(courses.c.id.in_(ids)).order_by(courses.c.id)
        await tx.execute(by_id.with_for_update(key_share=True))
    return ids


@asynccontextmanager
async def counted_without(tx: AsyncConnection, user_id: str) -> AsyncIterator[None]:
    """Locks the courses of somebody, and counts their students anew when they were taken out within the
    block."""
    ids = await lock_courses_of(tx, user_id)
    yield
    await count_anew(tx, ids)


def _filtered(statement: Select[Any], wanted: EnrolmentFilter) -> Select[Any]:
    if wanted.status:
        statement = statement.where(table.c.status == wanted.status)
    if wanted.role:
        statement = statement.where(_role_held(table) == wanted.role)
    if wanted.text:
        words = (
            column.icontains(wanted.text, autoescape=True) for column in (users.c.full_name, users.c.email)
        )
        statement = statement.where(or_(*words))
    return statement


async def _waiting_before(tx: AsyncConnection, course_id: str, ids: Sequence[str]) -> dict[str, int]:
    """The places of these who wait, who follow upon each other."""
    if not ids:
        return {}
    waiting = table.c.course_id == course_id, _waits(table)
    before = select(func.count()).where(*waiting, table.c.id < ids[0])
    numbered = select(table.c.id).where(*waiting, table.c.id.between(ids[0], ids[-1])).order_by(table.c.id)
    first = int((await tx.execute(before)).scalar_one()) + 1
    return {row: first + n for n, row in enumerate((await tx.execute(numbered)).scalars())}


def _values(enrolment: Enrolment) -> dict[str, Any]:
    return {name: getattr(enrolment, name) for name in _OWN}


def _enrolment(row: Row[Any], place: int | None) -> Enrolment:
    values = {name: getattr(row, name) for name in _OWN}
    values |= {"role": Role(row.role), "status": EnrolmentStatus(row.status), "source": Source(row.source)}
    held = Role(row.held)
    waits = values["status"] is EnrolmentStatus.WAITING and held is Role.STUDENT
    shown = {"full_name": row.full_name, "email": row.email, "held": held}
    return Enrolment(**values, **shown, place=place if waits else None)
