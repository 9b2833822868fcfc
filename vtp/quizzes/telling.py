"""Students are told of a quiz when it is published: they see it from then on, also before it opens."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.news import Whom, news_in, people_in
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.notifier import Notifier
from vtp.quizzes.quiz_store import Quiz

QUIZ_ADDED: Final = Kind("quiz_added", "New quizzes", MailChoice.AT_ONCE)
KINDS: Final = (QUIZ_ADDED,)


class QuizTeller:
    """What is hidden and published again is not told again."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    async def published(self, tx: AsyncConnection, course: Course, quiz: Quiz) -> None:
        """Tells the students of a course that they come into, in the transaction that publishes."""
        if course.status not in OPEN_TO_STUDENTS:
            return
        text = f"There is a new quiz: “{quiz.title}”.{_times(quiz)}"
        news = replace(
            news_in(course, QUIZ_ADDED, quiz.title, text, subject_id=quiz.id),
            link=f"/courses/{course.id}/quizzes?quiz={quiz.id}",
            once=f"{QUIZ_ADDED.word}:{quiz.id}",
        )
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STUDENTS))

    async def removed(self, tx: AsyncConnection, quiz_id: str) -> None:
        """Takes what was told of it back."""
        await self._notifier.take_back(tx, quiz_id)


def _times(quiz: Quiz) -> str:
    opens = f" It opens on {quiz.opens_at:%Y-%m-%d at %H:%M} UTC." if quiz.opens_at else ""
    closes = f" It closes on {quiz.closes_at:%Y-%m-%d at %H:%M} UTC." if quiz.closes_at else ""
    return opens + closes
