"""Quizzes in the grade book: what it wants to know of them. Who keeps them stands above, and says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.late import WorkStatus


@dataclass(frozen=True, slots=True)
class QuizColumn:
    """A quiz; `out_of`: what it is worth as it is now, in the mean where questions are drawn."""

    quiz_id: str
    title: str
    out_of: float


class QuizEntry(NamedTuple):
    """One student with one quiz. `out_of`: of their own attempts, once there are any."""

    quiz_id: str
    title: str
    status: WorkStatus
    ended_at: datetime | None
    out_of: float
    points: float | None
    released: bool
    attempt_id: str | None = None

    @property
    def final_points(self) -> float | None:
        """Nothing is taken off."""
        return self.points


class QuizBook(Protocol):
    """Who keeps quizzes."""

    async def settle(self, course_id: str) -> None:
        """Ends what is over, before it is read."""

    async def columns(self, tx: AsyncConnection, course_id: str, *, hidden: bool) -> Sequence[QuizColumn]:
        """A course's quizzes, newest first; `hidden`: also those that students do not see."""

    async def entries(
        self,
        tx: AsyncConnection,
        course_id: str,
        user_ids: Sequence[str],
        now: datetime,
        *,
        staff: bool,
    ) -> Mapping[str, Sequence[QuizEntry]]:
        """By person, one for each of the columns; not for `staff`: points only where results are shown."""


class NoQuizzes:
    """For a book of assignments alone."""

    async def settle(self, course_id: str) -> None:
        """Nothing is over."""

    async def columns(self, tx: AsyncConnection, course_id: str, *, hidden: bool) -> Sequence[QuizColumn]:
        """None."""
        return ()

    async def entries(
        self,
        tx: AsyncConnection,
        course_id: str,
        user_ids: Sequence[str],
        now: datetime,
        *,
        staff: bool,
    ) -> Mapping[str, Sequence[QuizEntry]]:
        """None."""
        return {}
