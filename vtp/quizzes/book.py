"""What a course's grade book knows of its quizzes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.late import WorkStatus
from vtp.coursework.quiz_entries import QuizColumn, QuizEntry
from vtp.quizzes.attempt_store import Ended, ended_among
from vtp.quizzes.ending import Ending
from vtp.quizzes.grading import Counts, counted
from vtp.quizzes.question_store import mean_points_by_tag
from vtp.quizzes.quiz_store import Quiz, extra_minutes_of_course, most_extra_minutes, quizzes_with_points
from vtp.quizzes.timing import has_closed, shows_results

_points_of = attrgetter("points")


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
        ended: dict[tuple[str, str], list[Ended]] = {}
        for one in await ended_among(tx, ids, user_ids):
            ended.setdefault((one.quiz_id, one.user_id), []).append(one)
        closing = [quiz.id for quiz, _ in found if quiz.closes_at is not None]
        extra = await extra_minutes_of_course(tx, course_id, user_ids) if closing else {}
        most = await most_extra_minutes(tx, closing) if closing else {}

        def entry(quiz: Quiz, column: QuizColumn, user_id: str) -> QuizEntry:
            at = quiz.id, user_id
            own = ended.get(at, [])
            late = has_closed(quiz, extra.get(at, 0), now)
            shown = bool(own) and shows_results(quiz, own[-1].ended_at, most.get(quiz.id, 0), now)
            return _entry(quiz, column, own, shown=shown or staff, closed=late, released=shown)

        return {user: [entry(quiz, column, user) for quiz, column in found] for user in user_ids}


def _entry(
    quiz: Quiz, column: QuizColumn, own: Sequence[Ended], *, shown: bool, closed: bool, released: bool
) -> QuizEntry:
    if not own:
        status = WorkStatus.MISSING if closed else WorkStatus.FLOATING
        return QuizEntry(quiz.id, quiz.title, status, None, column.out_of, None, released)
    # That which counts, or the last one; what it was worth is its own, for questions may be drawn.
    one = max(own, key=_points_of) if quiz.counts is Counts.BEST else own[-1]
    points: float | None = one.points
    out_of = one.max_points
    if quiz.counts is Counts.AVERAGE:
        points = counted([one.points for one in own], Counts.AVERAGE)
        out_of = counted([one.max_points for one in own], Counts.AVERAGE) or 0.0
    return QuizEntry(
        quiz.id,
        quiz.title,
        WorkStatus.ON_TIME,
        own[-1].ended_at,
        out_of,
        points if shown else None,
        released,
        one.id if shown else None,
    )


async def _columns(tx: AsyncConnection, course_id: str, *, hidden: bool) -> list[tuple[Quiz, QuizColumn]]:
    """The quizzes of a course, newest first, with what each is worth."""
    all_of_it, points = await quizzes_with_points(tx, course_id)
    found = [quiz for quiz in all_of_it if hidden or quiz.published]
    drawn = any(part.question_id is None for quiz in found for part in quiz.parts)
    means = await mean_points_by_tag(tx, course_id) if drawn else {}
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
