"""What the quizzes of a course are worth to whom: for its grade book, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.tables import users
from vtp.courses.door import enter
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.tables import course_enrollments
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.quizzes.ending import Ending
from vtp.quizzes.grading import Counts, counted
from vtp.quizzes.tables import quiz_attempts, quizzes

_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class QuizPoints:
    """A quiz, and what it is worth by account; who has not ended an attempt is missing."""

    quiz_id: str
    title: str
    points: dict[str, float]


async def points_of_course(tx: AsyncConnection, course_id: str) -> list[QuizPoints]:
    """The quizzes of a course, the oldest first, with each student's points by the quiz's own rule."""
    q, a = quizzes.c, quiz_attempts.c
    found = (await tx.execute(select(q.id, q.title, q.counts).where(q.course_id == course_id))).all()
    rows = await tx.execute(
        select(a.quiz_id, a.user_id, a.points)
        .join_from(quiz_attempts, quizzes, q.id == a.quiz_id)
        .where(q.course_id == course_id, a.points.is_not(None))
        .order_by(a.quiz_id, a.user_id, a.number)
    )
    counts = {row.id: Counts(row.counts) for row in found}
    points: dict[str, dict[str, float]] = {row.id: {} for row in found}
    for (quiz_id, user_id), attempts in groupby(rows, lambda row: (row.quiz_id, row.user_id)):
        worth = counted([row.points for row in attempts], counts[quiz_id])
        if worth is not None:
            points[quiz_id][user_id] = worth
    return [QuizPoints(row.id, row.title, points[row.id]) for row in sorted(found, key=lambda row: row.id)]


class QuizResults:
    """Raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(self, database: Database, ending: Ending) -> None:
        self._database = database
        self._ending = ending

    async def export(
        self, principal: Principal, course_id: str
    ) -> tuple[list[str], AsyncIterator[Iterable[Sequence[object]]]]:
        """The columns, and the rows in pages: students by name, an empty cell where there is no attempt."""
        await self._ending.finish_due(course_id=parse_id(course_id, "/path/id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            of_quizzes = await points_of_course(tx, inside.course.id)
            c = course_enrollments.c
            people = await tx.execute(
                select(users.c.id, users.c.full_name, users.c.email)
                .join_from(course_enrollments, users, users.c.id == c.user_id)
                .where(c.course_id == inside.course.id, IS_STUDENT)
                .order_by(users.c.full_name, users.c.id)
            )
            rows = [
                [name, email, *(quiz.points.get(user_id) for quiz in of_quizzes)]
                for user_id, name, email in people
            ]
        return ["full_name", "email", *(quiz.title for quiz in of_quizzes)], _pages(rows)


async def _pages(rows: list[list[object]]) -> AsyncIterator[Iterable[Sequence[object]]]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]
