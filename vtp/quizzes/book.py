"""What a course's grade book knows of its quizzes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.late import WorkStatus
from vtp.coursework.quiz_entries import QuizColumn, QuizEntry
from vtp.quizzes.attempt_store import Ended, ended_among
from vtp.quizzes.ending import Ending
from vtp.quizzes.grading import Counts, counted
from vtp.quizzes.question_store import mean_points_by_tag
from vtp.quizzes.quiz_store import MAX_QUIZZES, Quiz, extra_minutes_of_course, most_extra_minutes, quizzes_of
from vtp.quizzes.tables import quiz_questions
from vtp.quizzes.timing import has_closed, shows_results


class QuizzesInBook:
    """See `vtp.coursework.quiz_entries.QuizBook`."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending

    async def settle(self, course_id: str) -> None:
        """Ends attempts whose time is over."""
        await self._ending.finish_due(course_id=course_id)

    async def columns(self, tx: AsyncConnection, course_id: str, *, hidden: bool) -> Sequence[QuizColumn]:
        """A course's quizzes, newest first."""
        return [column for _, column in await _columns(tx, course_id, hidden=hidden)]

    async def entries(
        self,
        tx: AsyncConnection,
        course_id: str,
        user_ids: Sequence[str],
        now: datetime,
        *,
        staff: bool,
    ) -> Mapping[str, Sequence[QuizEntry]]:
        """By person, in as many statements whoever is asked for."""
        found = await _columns(tx, course_id, hidden=staff)
        ids = [quiz.id for quiz, _ in found]
        if not ids or not user_ids:
            return {}
        ended = {
            at: list(rows)
            for at, rows in groupby(
                await ended_among(tx, ids, user_ids), lambda one: (one.quiz_id, one.user_id)
            )
        }
        extra = await extra_minutes_of_course(tx, course_id, user_ids)
        most = await most_extra_minutes(tx, ids)

        def entry(quiz: Quiz, column: QuizColumn, user_id: str) -> QuizEntry:
            own = ended.get((quiz.id, user_id), [])
            late = has_closed(quiz, extra.get((quiz.id, user_id), 0), now)
            shown = bool(own) and shows_results(quiz, own[-1].ended_at, most.get(quiz.id, 0), now)
            return _entry(quiz, column, own, shown=shown or staff, closed=late, released=shown)

        return {user: [entry(quiz, column, user) for quiz, column in found] for user in user_ids}


def _entry(
    quiz: Quiz, column: QuizColumn, own: Sequence[Ended], *, shown: bool, closed: bool, released: bool
) -> QuizEntry:
    without = WorkStatus.MISSING if closed else WorkStatus.FLOATING
    return QuizEntry(
        quiz_id=quiz.id,
        title=quiz.title,
        status=WorkStatus.ON_TIME if own else without,
        ended_at=own[-1].ended_at if own else None,
        attempt_id=_shown_of(own, quiz.counts) if own and shown else None,
        out_of=_out_of(own, quiz.counts) if own else column.out_of,
        points=counted([one.points for one in own], quiz.counts) if own and shown else None,
        released=released,
    )


def _shown_of(own: Sequence[Ended], counts: Counts) -> str:
    """The attempt to look at: that which counts, or the last one."""
    return max(own, key=lambda one: one.points).id if counts is Counts.BEST else own[-1].id


def _out_of(own: Sequence[Ended], counts: Counts) -> float:
    """Of the attempts that count; questions that are drawn are worth more or less from one to the next."""
    if counts is Counts.BEST:
        return max(own, key=lambda one: one.points).max_points
    return counted([one.max_points for one in own], counts) or 0.0


async def _columns(tx: AsyncConnection, course_id: str, *, hidden: bool) -> list[tuple[Quiz, QuizColumn]]:
    """The quizzes of a course, newest first, with what each is worth."""
    found = [
        quiz
        for quiz in await quizzes_of(tx, course_id, after="", limit=MAX_QUIZZES)
        if hidden or quiz.published
    ]
    if not found:
        return []
    named = {part.question_id for quiz in found for part in quiz.parts if part.question_id is not None}
    q = quiz_questions.c
    wanted = q.course_id == course_id, q.retired_at.is_(None)
    rows = await tx.execute(select(q.id, q.points).where(*wanted, q.id.in_(named))) if named else ()
    points = {row[0]: row[1] for row in rows}
    means = await mean_points_by_tag(tx, course_id)
    return [(quiz, QuizColumn(quiz.id, quiz.title, _worth(quiz, points, means))) for quiz in reversed(found)]


def _worth(quiz: Quiz, points: Mapping[str, float], means: Mapping[str, tuple[int, float]]) -> float:
    total = 0.0
    for part in quiz.parts:
        if part.question_id is not None:
            total += points.get(part.question_id, 0.0)
        else:
            there, mean = means.get(part.tag or "", (0, 0.0))
            total += min(part.count, there) * mean
    return round(total, 2)
