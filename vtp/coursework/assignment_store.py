"""The rows of assignments and of their groups. No rules here, only SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.tables import course_sections, lessons
from vtp.coursework.late import Deadline, LatePolicy
from vtp.coursework.released import seen_by_students
from vtp.coursework.tables import assignment_group_members as members
from vtp.coursework.tables import assignment_groups as groups
from vtp.coursework.tables import assignments as table
from vtp.coursework.tables import coursework_files, grades, submissions
from vtp.db.lists import among, filled_at_once
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime, id_type
from vtp.notifications.store import To


@dataclass(frozen=True, slots=True)
class Assignment:
    """Something to be done. `rubric`: criteria as they were sent, each with `id`, `title` and `points`."""

    id: str
    course_id: str
    lesson_id: str | None
    title: str
    description: str
    published: bool
    release_at: datetime | None
    due_at: datetime | None
    late_policy: LatePolicy
    late_until: datetime | None
    late_percent: int
    centipoints: int
    rubric: Sequence[Mapping[str, Any]]
    for_groups: bool
    max_attempts: int | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    to_tell: bool = False

    @property
    def deadline(self) -> Deadline:
        """When it is due, and what follows."""
        return Deadline(self.due_at, self.late_policy, self.late_until, self.late_percent)

    @property
    def points(self) -> float:
        """What it is worth."""
        return self.centipoints / 100


@dataclass(frozen=True, slots=True)
class Group:
    """Some who work together on one assignment."""

    id: str
    name: str
    members: Sequence[tuple[str, str]] = ()
    """Their accounts and names."""


_LATE_POLICY = Assignment.__slots__.index("late_policy")
_ASSIGNMENTS = select(*(table.c[name] for name in Assignment.__slots__)).select_from(
    table.outerjoin(lessons, lessons.c.id == table.c.lesson_id).outerjoin(
        course_sections, course_sections.c.id == lessons.c.section_id
    )
)


async def add_assignment(tx: AsyncConnection, assignment: Assignment) -> None:
    """Adds one."""
    values = {name: getattr(assignment, name) for name in assignment.__slots__}
    await tx.execute(insert(table).values(values))


async def find_assignment(
    tx: AsyncConnection, course_id: str, assignment_id: str, released_at: datetime | None = None
) -> Assignment | None:
    """One of a course's; with `released_at` only if students see it then."""
    values = {"course": course_id, "id": assignment_id, "released_at": released_at}
    row = await _one(released_at is not None).row(tx, values)
    return assignment_of_row(row) if row else None


@cache
def _one(released: bool) -> Prepared:
    one, course = (bindparam(name, type_=id_type()) for name in ("id", "course"))
    statement = _ASSIGNMENTS.where(table.c.id == one, table.c.course_id == course)
    if released:
        statement = statement.where(*seen_by_students(table, bindparam("released_at", type_=UtcDateTime())))
    return Prepared(statement)


async def page_of_assignments(
    tx: AsyncConnection,
    course_id: str,
    released_at: datetime | None,
    *,
    limit: int | None,
    before: str | None,
) -> list[Assignment]:
    """A course's, newest first, those that students see then, or all."""
    values = {"released_at": released_at, "before": before, "most": limit}
    given = frozenset(name for name, value in values.items() if value is not None)
    rows = await _page(given).rows(tx, {**values, "course": course_id})
    return [assignment_of_row(row) for row in rows]


@lru_cache(maxsize=8)
def _page(given: frozenset[str]) -> Prepared:
    """A page of a course's assignments; `given`: which of its parameters there are."""
    statement = _ASSIGNMENTS.where(table.c.course_id == bindparam("course", type_=id_type()))
    if "released_at" in given:
        statement = statement.where(*seen_by_students(table, bindparam("released_at", type_=UtcDateTime())))
    if "before" in given:
        statement = statement.where(table.c.id < bindparam("before", type_=id_type()))
    if "most" in given:
        statement = statement.limit(bindparam("most", type_=Integer()))
    return Prepared(statement.order_by(table.c.id.desc()))


async def assignments_to_do(
    tx: AsyncConnection,
    course_ids: Sequence[str],
    user_id: str,
    now: datetime,
    due_within: tuple[datetime, datetime],
    *,
    limit: int,
) -> list[Assignment]:
    """What a student of these courses, a thousand at most, sees, has not handed in (nor their group) and
    still can, if it is due within a time, or at no time and they see no grade in it either; what is due
    first comes first."""
    if not course_ids:
        return []
    (since, until), (count, values) = due_within, filled_at_once("course", course_ids)
    values |= {"me": user_id, "now": now, "since": since, "until": until, "most": limit}
    return [assignment_of_row(row) for row in await _to_do(count).rows(tx, values)]


@cache
def _to_do(count: int) -> Prepared:
    c, user_id = table.c, bindparam("me", type_=id_type())
    now, since, until = (bindparam(name, type_=UtcDateTime()) for name in ("now", "since", "until"))
    mine = members.c.assignment_id == c.id, members.c.user_id == user_id, c.for_groups.is_(True)
    # said by name: of two SELECTs around it only the nearer one is correlated by itself
    group = select(members.c.group_id).where(*mine).correlate(table)
    done = exists().where(
        submissions.c.assignment_id == c.id,
        submissions.c.owner == func.coalesce(group.scalar_subquery(), user_id),
        submissions.c.handed_in_at.is_not(None),
    )
    late = c.late_policy != LatePolicy.REFUSE, or_(c.late_until.is_(None), c.late_until >= now)
    g = grades.c
    graded = exists().where(g.assignment_id == c.id, g.user_id == user_id, g.released_at.is_not(None))
    at_any_time = and_(c.due_at.is_(None), ~graded)
    statement = _ASSIGNMENTS.where(
        among(c.course_id, "course", count),
        or_(and_(c.due_at.between(since, until), or_(c.due_at >= now, and_(*late))), at_any_time),
        *seen_by_students(table, now),
        ~done,
    )
    return Prepared(
        statement.order_by(c.due_at.is_(None), c.due_at, c.id).limit(bindparam("most", type_=Integer()))
    )


async def count_assignments(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def change_assignment(tx: AsyncConnection, assignment_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == assignment_id).values(**values))


async def remove_assignment(tx: AsyncConnection, assignment_id: str) -> list[str]:
    """Deletes one and all that was handed in; gives the files that nothing holds any more."""
    c, found = coursework_files.c, list[str]()
    for column, holder in ((c.submission_id, submissions), (c.grade_id, grades)):
        held = select(holder.c.id).where(holder.c.assignment_id == assignment_id)
        found += (await tx.execute(select(c.id).where(column.in_(held), c.state == "kept"))).scalars()
    await tx.execute(delete(table).where(table.c.id == assignment_id))
    return found


async def is_graded(tx: AsyncConnection, assignment_id: str) -> bool:
    """Whether anybody has a grade in it."""
    one = select(grades.c.id).where(grades.c.assignment_id == assignment_id).limit(1)
    return (await tx.execute(one)).first() is not None


async def has_submissions(tx: AsyncConnection, assignment_id: str) -> bool:
    """Whether anybody has begun anything in it."""
    one = select(submissions.c.id).where(submissions.c.assignment_id == assignment_id).limit(1)
    return (await tx.execute(one)).first() is not None


async def begun_by(tx: AsyncConnection, assignment_id: str, owners: Collection[str]) -> set[str]:
    """Which of these owners have begun something in it."""
    if not owners:
        return set()
    c = submissions.c
    wanted = select(c.owner).distinct().where(c.assignment_id == assignment_id, c.owner.in_(owners))
    return set((await tx.execute(wanted)).scalars())


def _are_there(assignment_id: str, students: To) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of an assignment's groups those that are not of people alone who are none of `students` any more: these
    are kept, with what they have handed in, for when they come back."""
    inside = exists().where(members.c.group_id == groups.c.id).correlate(groups)
    going_on = or_(inside.where(members.c.user_id.in_(students)), ~inside)
    return groups.c.assignment_id == assignment_id, going_on


async def page_of_groups(
    tx: AsyncConnection,
    assignment_id: str,
    students: To,
    *,
    limit: int | None,
    after: str | None,
    only: str | None = None,
) -> list[Group]:
    """An assignment's, or one of them, with those of `students` who are in each; none where none is left."""
    statement = select(groups.c.id, groups.c.name).where(*_are_there(assignment_id, students))
    if only is not None:
        statement = statement.where(groups.c.id == only)
    if after is not None:
        statement = statement.where(groups.c.id > after)
    found = list(await tx.execute(statement.order_by(groups.c.id).limit(limit)))
    inside: dict[str, list[tuple[str, str]]] = {row[0]: [] for row in found}
    named = (
        select(members.c.group_id, users.c.id, users.c.full_name)
        .join(users, users.c.id == members.c.user_id)
        .where(members.c.group_id.in_(list(inside)), members.c.user_id.in_(students))
        .order_by(users.c.id)
    )
    for group_id, user_id, name in await tx.execute(named) if inside else ():
        inside[group_id].append((user_id, name))
    return [Group(row[0], row[1], tuple(inside[row[0]])) for row in found]


async def mark_of_groups(tx: AsyncConnection, assignment_id: str, students: To) -> str:
    """What is another once any group of an assignment is, or who is in it."""
    named = select(groups.c.id, groups.c.name).where(*_are_there(assignment_id, students))
    in_any = members.c.assignment_id == assignment_id, members.c.user_id.in_(students)
    inside = select(members.c.user_id, members.c.group_id).where(*in_any)
    digest = hashlib.sha256()
    for statement in (named.order_by(groups.c.id), inside.order_by(members.c.user_id)):
        found = [list(row) for row in await tx.execute(statement)]
        digest.update(json.dumps(found).encode())
    return digest.hexdigest()[:16]


async def group_of(tx: AsyncConnection, assignment_id: str, user_id: str) -> str | None:
    """The group that somebody is in."""
    wanted = select(members.c.group_id).where(
        members.c.assignment_id == assignment_id, members.c.user_id == user_id
    )
    return (await tx.execute(wanted)).scalar_one_or_none()


async def members_of(tx: AsyncConnection, group_id: str, students: To) -> list[str]:
    """Who of `students` is in a group."""
    inside = members.c.group_id == group_id, members.c.user_id.in_(students)
    wanted = select(members.c.user_id).where(*inside).order_by(members.c.user_id)
    return list((await tx.execute(wanted)).scalars())


async def were_in_groups(tx: AsyncConnection, assignment_id: str, user_ids: Collection[str]) -> set[str]:
    """Which of these are in a group of an assignment, students or not."""
    if not user_ids:
        return set()
    c = members.c
    wanted = select(c.user_id).where(c.assignment_id == assignment_id, c.user_id.in_(user_ids))
    return set((await tx.execute(wanted)).scalars())


async def groups_among(
    tx: AsyncConnection, assignment_ids: Collection[str], user_ids: Collection[str]
) -> dict[tuple[str, str], str]:
    """The groups of these people in these assignments, by (assignment, person)."""
    if not assignment_ids or not user_ids:
        return {}
    c = members.c
    wanted = select(c.assignment_id, c.user_id, c.group_id)
    wanted = wanted.where(c.assignment_id.in_(assignment_ids), c.user_id.in_(user_ids))
    return {(row[0], row[1]): row[2] for row in await tx.execute(wanted)}


async def set_groups(tx: AsyncConnection, assignment_id: str, wanted: Sequence[Group], students: To) -> None:
    """These and no others; those that are there already keep what they have handed in, and who is none of
    `students` any more."""
    kept = [group.id for group in wanted]
    gone = *_are_there(assignment_id, students), groups.c.id.not_in(kept)
    await tx.execute(delete(groups).where(*gone))
    in_any = members.c.assignment_id == assignment_id, members.c.user_id.in_(students)
    await tx.execute(delete(members).where(*in_any))
    known = select(groups.c.id).where(groups.c.assignment_id == assignment_id)
    there = set((await tx.execute(known)).scalars())
    for group in wanted:
        if group.id in there:
            await tx.execute(update(groups).where(groups.c.id == group.id).values(name=group.name))
    new = [
        {"id": one.id, "assignment_id": assignment_id, "name": one.name}
        for one in wanted
        if one.id not in there
    ]
    if new:
        await tx.execute(insert(groups), new)
    rows = [
        {"assignment_id": assignment_id, "user_id": user_id, "group_id": group.id}
        for group in wanted
        for user_id, _ in group.members
    ]
    if rows:
        await tx.execute(insert(members), rows)


def assignment_of_row(row: Sequence[Any]) -> Assignment:
    """Of its columns in their order."""
    values = list(row)
    values[_LATE_POLICY] = LatePolicy(values[_LATE_POLICY])
    return Assignment(*values)
