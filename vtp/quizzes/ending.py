"""Attempts whose time is over are ended and graded, once, by whoever comes upon them first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.quizzes.attempt_store import (
    Attempt,
    any_due,
    attempts_to_grade,
    due_attempts,
    end_attempts,
    given_of,
    open_attempts,
    partial_of,
    set_answer_points,
    set_points,
)
from vtp.quizzes.grading import grade, total
from vtp.quizzes.tables import quiz_attempts

BATCH: Final = 100
BY_STUDENT: Final = "student"
BY_TIME: Final = "time"


async def grade_attempts(tx: AsyncConnection, ids: Sequence[str]) -> int:
    """Grades attempts that the caller has locked, as their questions are now; gives how many changed."""
    before = await partial_of(tx, ids)
    answers: list[dict[str, Any]] = []
    worth: dict[str, list[float]] = {attempt_id: [] for attempt_id in before}
    most: dict[str, list[float]] = {attempt_id: [] for attempt_id in before}
    for one in await given_of(tx, ids):
        partial = before[one.attempt_id][0]
        points = grade(one.kind, one.solution, one.max_points, one.answer, partial=partial)
        if points != one.points:
            answers.append({"of_attempt": one.attempt_id, "of_question": one.question_id, "worth": points})
        worth[one.attempt_id].append(points if one.override_points is None else one.override_points)
        most[one.attempt_id].append(one.max_points)
    await set_answer_points(tx, answers)
    sums = {attempt_id: total(points) for attempt_id, points in worth.items()}
    rows = [
        {"of_attempt": attempt_id, "worth": points, "most": total(most[attempt_id])}
        for attempt_id, points in sums.items()
    ]
    await set_points(tx, rows)
    return sum(sums[attempt_id] != points for attempt_id, (_, points) in before.items())


async def end_now(tx: AsyncConnection, ids: Sequence[str], ended_by: str, now: datetime) -> None:
    """Ends attempts that the caller has locked and that have not ended; by time: at their time."""
    ended_at = quiz_attempts.c.ends_at if ended_by == BY_TIME else now
    await end_attempts(tx, ids, ended_at, ended_by)
    await grade_attempts(tx, ids)


async def running_attempts(
    tx: AsyncConnection, quiz_id: str, now: datetime, user_id: str | None = None
) -> list[Attempt]:
    """A quiz's, or somebody's at it, that go on at this moment, locked. What is over then is ended before
    its time can be changed: it stays over, whether or not somebody has looked."""
    found = await open_attempts(tx, quiz_id, user_id)
    due = [one.id for one in found if one.is_due(now)]
    if due:
        await end_now(tx, due, BY_TIME, now)
    return [one for one in found if not one.is_due(now)]


class Ending:
    """Looks after attempts that nobody has ended."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def finish_due(self, quiz_id: str | None = None, *, course_id: str | None = None) -> int:
        """Ends what is over, of a quiz, of a course, or anywhere; what another process is about to end is
        left to it. Gives how many that were.

        Looks before it locks: nearly always there is nothing.
        """
        done = 0
        while True:
            now = self._clock()
            if not await any_due(self._database, now, quiz_id, course_id):
                return done
            ended = await self._finish_some(quiz_id, course_id, now)
            done += ended
            if not ended:
                return done

    @done_over
    async def _finish_some(self, quiz_id: str | None, course_id: str | None, now: datetime) -> int:
        """What was over when this was wished, and no more: an answer to what was over only after that may
        have come in time, and wait behind this."""
        async with self._database.transaction() as tx:
            due = await due_attempts(tx, now, BATCH, quiz_id=quiz_id, course_id=course_id)
            if due:
                await end_now(tx, due, BY_TIME, now)
        return len(due)

    @done_over
    async def regrade_some(self, quiz_id: str, after: str) -> tuple[list[str], int]:
        """Grades some attempts of a quiz anew; gives which, and how many are worth something else."""
        async with self._database.transaction() as tx:
            ids = await attempts_to_grade(tx, quiz_id, BATCH, after)
            return ids, await grade_attempts(tx, ids) if ids else 0
