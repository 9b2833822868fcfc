"""What is new in several courses, a thousand at most, and which they are. Only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import Integer, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.announcement_store import Announcement, newest_announcements
from vtp.courses.calendar_store import Membership, courses_of
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import course_enrollments
from vtp.coursework.tables import (
    assignment_group_members,
    assignments,
    grades,
    submissions,
)
from vtp.db.lists import among, filled_at_once
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime, id_type
from vtp.ids import first_id_at
from vtp.quizzes.tables import quiz_attempts, quiz_extra_time, quizzes

_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class QuizToDo:
    """A quiz that somebody can take, or is at: `ends_at` is of that attempt, `closes_at` theirs."""

    id: str
    course_id: str
    title: str
    closes_at: datetime | None
    time_limit_minutes: int | None
    ends_at: datetime | None
    begun: bool


@dataclass(frozen=True, slots=True)
class ToGrade:
    """An assignment in which students wait for a grade."""

    id: str
    course_id: str
    title: str
    due_at: datetime | None
    waiting: int


async def active_courses(tx: AsyncConnection, user_id: str, limit: int) -> list[Membership]:
    """The newest of somebody's that are active."""
    there = [one for one in await courses_of(tx, user_id) if one.status is CourseStatus.ACTIVE]
    return sorted(there, key=lambda one: one.id, reverse=True)[:limit]


async def announced_since(
    tx: AsyncConnection, course_ids: Sequence[str], since: datetime, limit: int
) -> list[Announcement]:
    """What was announced in these courses since then, newest first."""
    first = first_id_at(int(since.timestamp() * 1000))
    return await newest_announcements(tx, course_ids, first, since, limit=limit)


async def quizzes_to_do(
    tx: AsyncConnection, course_ids: Sequence[str], user_id: str, now: datetime, until: datetime, limit: int
) -> list[QuizToDo]:
    """Quizzes of these courses that are open to somebody and close by then, or never, and those that they are
    at; what ends first comes first, and of what does not what they are at. Who has ended an attempt has
    nothing to do, also where they may try again."""
    if not course_ids:
        return []
    count, values = filled_at_once("course", course_ids)
    values |= {"me": user_id, "now": now, "until": until}
    found = [_quiz(*row) for row in await _to_do(count).rows(tx, values)]
    return [one for one in found if one.begun or one.closes_at is None or one.closes_at > now][:limit]


@cache
def _to_do(count: int) -> Prepared:
    q, a, extra = quizzes.c, quiz_attempts.c, quiz_extra_time.c
    user_id = bindparam("me", type_=id_type())
    now, until = (bindparam(name, type_=UtcDateTime()) for name in ("now", "until"))
    at = select(a.quiz_id, a.ends_at).where(a.user_id == user_id, a.ended_at.is_(None)).subquery().c
    more = select(extra.quiz_id, extra.minutes).where(extra.user_id == user_id).subquery().c
    ended = exists().where(a.quiz_id == q.id, a.user_id == user_id, a.ended_at.is_not(None))
    opened = or_(q.opens_at.is_(None), q.opens_at <= now)
    in_time = and_(q.closes_at <= until, or_(q.closes_at > now, more.minutes.is_not(None)))
    closes = or_(q.closes_at.is_(None), in_time)
    going = and_(at.quiz_id.is_not(None), or_(at.ends_at.is_(None), at.ends_at > now))
    columns = q.id, q.course_id, q.title, q.closes_at, q.time_limit_minutes
    statement = (
        select(*columns, at.ends_at, at.quiz_id.is_not(None).label("begun"), more.minutes)
        .outerjoin(at.quiz_id.table, at.quiz_id == q.id)
        .outerjoin(more.quiz_id.table, more.quiz_id == q.id)
        .where(
            among(q.course_id, "course", count),
            q.published.is_(True),
            or_(going, and_(at.quiz_id.is_(None), opened, closes, ~ended)),
        )
        .order_by(q.closes_at.is_(None), q.closes_at, at.quiz_id.is_(None), q.id)
        .limit(_LOOKED_AT)
    )
    return Prepared(statement)


def _quiz(
    quiz_id: str,
    course_id: str,
    title: str,
    closes_at: datetime | None,
    time_limit_minutes: int | None,
    ends_at: datetime | None,
    begun: bool,
    extra_minutes: int | None,
) -> QuizToDo:
    if closes_at is not None:
        closes_at += timedelta(minutes=extra_minutes or 0)
    return QuizToDo(quiz_id, course_id, title, closes_at, time_limit_minutes, ends_at, bool(begun))


async def work_to_grade(tx: AsyncConnection, course_ids: Sequence[str], limit: int) -> list[ToGrade]:
    """Assignments of these courses with how many students wait in each: for points, for their release, or for
    a look at what they have handed in since. What was due first comes first."""
    if not course_ids:
        return []
    count, values = filled_at_once("course", course_ids)
    return [ToGrade(*row) for row in await _to_grade(count).rows(tx, {"most": limit, **values})]


@cache
def _to_grade(count: int) -> Prepared:
    t, s, g, m, e = (
        one.c for one in (assignments, submissions, grades, assignment_group_members, course_enrollments)
    )
    # From what was handed in, of which most is settled, to the students behind it: the other way round all
    # students of a course are set beside all its work, 40,000 pairs of 200 students for each assignment.
    elsewhere = assignment_group_members.alias("elsewhere").c
    in_group = exists().where(elsewhere.assignment_id == s.assignment_id, elsewhere.user_id == s.owner)
    alone = or_(t.for_groups.is_(False), ~in_group)
    student = func.coalesce(m.user_id, s.owner)
    work = (
        select(t.course_id, s.assignment_id, student.label("user_id"), func.max(s.handed_in_at).label("at"))
        .join_from(submissions, assignments, t.id == s.assignment_id)
        .outerjoin(assignment_group_members, and_(m.assignment_id == s.assignment_id, m.group_id == s.owner))
        .where(among(t.course_id, "course", count), s.settled.is_(False), s.handed_in_at.is_not(None), alone)
        .group_by(t.course_id, s.assignment_id, student)
        .subquery()
    ).c
    graded = submissions.alias("graded").c
    done = exists().where(
        g.assignment_id == work.assignment_id,
        g.user_id == work.user_id,
        g.released_at.is_not(None),
        g.centipoints.is_not(None),
        g.submission_id == graded.id,
        graded.handed_in_at >= work.at,
    )
    # Not as a join: a planner without statistics sets all students beside all work.
    student_there = select(e.id).where(e.course_id == work.course_id, e.user_id == work.user_id, IS_STUDENT)
    waiting = (
        select(work.assignment_id, func.count().label("students"))
        .where(student_there.correlate(work.at.table).scalar_subquery().is_not(None), ~done)
        .group_by(work.assignment_id)
        .subquery()
    ).c
    statement = (
        select(t.id, t.course_id, t.title, t.due_at, waiting.students)
        .join_from(waiting.students.table, assignments, t.id == waiting.assignment_id)
        .order_by(t.due_at.is_(None), t.due_at, t.id)
        .limit(bindparam("most", type_=Integer()))
    )
    return Prepared(statement)
