"""Somebody's own work in a course, with the assignments that it is of. No rules here, only SQL."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_sections, lessons
from vtp.coursework.assignment_store import Assignment, assignment_of_row
from vtp.coursework.grade_store import GradeMark
from vtp.coursework.released import seen_by_students
from vtp.coursework.standing import Known
from vtp.coursework.submission_store import HandedIn
from vtp.coursework.tables import assignment_group_members, assignments, grades, submissions
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime, id_type

_OF_ASSIGNMENT = len(Assignment.__slots__)


async def own_work(
    tx: AsyncConnection,
    course_id: str,
    user_id: str,
    released_at: datetime | None,
    *,
    limit: int,
    before: str | None,
) -> tuple[list[Assignment], Known]:
    """A course's assignments, newest first, those that students see then, or all, and what rows say of
    somebody with them; all of it in one statement."""
    values: dict[str, object] = {"released_at": released_at, "before": before}
    given = frozenset(name for name, value in values.items() if value is not None)
    values |= {"course": course_id, "me": user_id, "most": limit}
    tasks: list[Assignment] = []
    groups: dict[tuple[str, str], str] = {}
    newest: dict[tuple[str, str], HandedIn] = {}
    marks: dict[tuple[str, str], GradeMark] = {}
    graded: dict[str, HandedIn] = {}
    for row in await _page(given).rows(tx, values):
        task = assignment_of_row(row[:_OF_ASSIGNMENT])
        group_id, newest_id, handed_in_at, grade_id, of_id, centipoints, released, of_at = row[
            _OF_ASSIGNMENT:
        ]
        at, owner = (task.id, user_id), group_id or user_id
        tasks.append(task)
        if group_id is not None:
            groups[at] = group_id
        if newest_id is not None:
            newest[task.id, owner] = HandedIn(newest_id, task.id, owner, handed_in_at)
        if grade_id is not None:
            marks[at] = GradeMark(task.id, user_id, of_id, centipoints, bool(released))
        if of_id is not None:
            graded[of_id] = HandedIn(of_id, task.id, owner, of_at)
    return tasks, Known(groups, newest, marks, graded)


@lru_cache(maxsize=4)
def _page(given: frozenset[str]) -> Prepared:
    """A page; `given`: which of its parameters there are."""
    c = assignments.c
    statement = _own().where(c.course_id == bindparam("course", type_=id_type()))
    if "released_at" in given:
        at = bindparam("released_at", type_=UtcDateTime())
        statement = statement.where(*seen_by_students(assignments, at))
    if "before" in given:
        statement = statement.where(c.id < bindparam("before", type_=id_type()))
    return Prepared(statement.order_by(c.id.desc()).limit(bindparam("most", type_=Integer())))


def _own() -> Select[Any]:
    """Assignments with somebody's group in each, what they or that group handed in last, their grade, and
    when came what that is for."""
    c, m, g = assignments.c, assignment_group_members.c, grades.c
    me = bindparam("me", type_=id_type())
    newest, graded, any_of = (submissions.alias(name) for name in ("newest", "graded", "any_of"))
    last = (
        select(any_of.c.id)
        .where(
            any_of.c.assignment_id == c.id,
            any_of.c.owner == func.coalesce(m.group_id, me),
            any_of.c.handed_in_at.is_not(None),
        )
        .order_by(any_of.c.attempt.desc())
        .limit(1)
        .correlate(assignments, assignment_group_members)
        .scalar_subquery()
    )
    return select(
        *(c[name] for name in Assignment.__slots__),
        m.group_id,
        newest.c.id,
        newest.c.handed_in_at,
        g.id,
        g.submission_id,
        g.centipoints,
        g.released_at.is_not(None),
        graded.c.handed_in_at,
    ).select_from(
        assignments.outerjoin(lessons, lessons.c.id == c.lesson_id)
        .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
        .outerjoin(
            assignment_group_members,
            and_(c.for_groups.is_(True), m.assignment_id == c.id, m.user_id == me),
        )
        .outerjoin(newest, newest.c.id == last)
        .outerjoin(grades, and_(g.assignment_id == c.id, g.user_id == me))
        .outerjoin(graded, graded.c.id == g.submission_id)
    )
