"""Students are told of a quiz when it is published: they see it from then on, also before it opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.clocks import zone_of
from vtp.courses.date_news import forget_told, is_earlier, tell_changed
from vtp.courses.door import Entered
from vtp.courses.news import MOST_SINGLY, Whom, news_in, people_in
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.moments import day_and_time
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier
from vtp.quizzes.quiz_store import MAX_QUIZZES, Quiz, quizzes_of

QUIZ_ADDED: Final = Kind("quiz_added", "New quizzes", MailChoice.AT_ONCE)
KINDS: Final = (QUIZ_ADDED,)


class QuizTeller:
    """What is hidden and published again is not told again."""

    def __init__(self, notifier: Notifier, *, clock: Clock = utc_now) -> None:
        self._notifier = notifier
        self._clock = clock

    async def published(self, tx: AsyncConnection, course: Course, quiz: Quiz, now: datetime) -> None:
        """Tells the students of a course that they come into, in the transaction that publishes; of one that
        has closed already there is nothing to do for them."""
        if course.status not in OPEN_TO_STUDENTS or _is_over(quiz, now):
            return
        news = _news_of(course, quiz, _times(quiz, await zone_of(tx, course.id)))
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STUDENTS))

    async def changed(
        self, tx: AsyncConnection, course: Course, before: Quiz, quiz: Quiz, now: datetime
    ) -> None:
        """Puts right what was told of one that has another title or other times. Where students do not see
        it, before or after, and a time comes earlier, they are told of it as of a new one when it is
        published."""
        if (before.title, before.opens_at, before.closes_at) == (quiz.title, quiz.opens_at, quiz.closes_at):
            return
        times = _times(quiz, await zone_of(tx, course.id))
        news = _news_of(course, quiz, times)
        earlier = _comes_earlier(now, before, quiz)
        if earlier and not (before.published and quiz.published and course.status in OPEN_TO_STUDENTS):
            await forget_told(self._notifier, tx, news)
            return
        dates = f"“{quiz.title}” has other times.{times or ' It is open at any time.'}"
        await tell_changed(self._notifier, tx, course, news, dates, earlier=earlier)

    async def opened(self, tx: AsyncConnection, inside: Entered) -> None:
        """When a draft becomes active: of what was published before anybody came in; of many at once."""
        course, now = inside.course, self._clock()
        found = [
            one
            for one in await quizzes_of(tx, course.id, after="", limit=MAX_QUIZZES)
            if one.published and not _is_over(one, now)
        ]
        if len(found) <= MOST_SINGLY:
            for one in found:
                await self.published(tx, course, one, now)
            return
        text = f"There are {len(found)} new quizzes."
        news = replace(
            news_in(course, QUIZ_ADDED, f"{len(found)} quizzes", text),
            link=f"/courses/{course.id}/quizzes",
            once=f"{QUIZ_ADDED.word}:of:{course.id}",
        )
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STUDENTS))

    async def removed(self, tx: AsyncConnection, quiz_id: str) -> None:
        """Takes what was told of it back."""
        await self._notifier.take_back(tx, quiz_id)


def _news_of(course: Course, quiz: Quiz, times: str) -> News:
    text = f"There is a new quiz: “{quiz.title}”.{times}"
    return replace(
        news_in(course, QUIZ_ADDED, quiz.title, text, subject_id=quiz.id),
        link=f"/courses/{course.id}/quizzes?quiz={quiz.id}",
        once=f"{QUIZ_ADDED.word}:{quiz.id}",
    )


def _comes_earlier(now: datetime, before: Quiz, quiz: Quiz) -> bool:
    """Whether it opens or closes earlier than it did, or at a time where there was none: not of one that was
    open, and is said to have opened."""
    opened = before.opens_at is None and quiz.opens_at is not None and quiz.opens_at <= now
    opens = not opened and is_earlier(now, before.opens_at, quiz.opens_at)
    return opens or is_earlier(now, before.closes_at, quiz.closes_at)


def _is_over(quiz: Quiz, now: datetime) -> bool:
    return quiz.closes_at is not None and quiz.closes_at <= now


def _times(quiz: Quiz, time_zone: str) -> str:
    opens = f" It opens on {day_and_time(quiz.opens_at, time_zone)}." if quiz.opens_at else ""
    closes = f" It closes on {day_and_time(quiz.closes_at, time_zone)}." if quiz.closes_at else ""
    return opens + closes
