"""Students are told of a quiz when it is published: they see it from then on, also before it opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.clocks import zone_of
from vtp.courses.date_news import forget_told, is_earlier, put_right, tell_changed
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
    """What is hidden and published again is not told again; what was told of it is put right then."""

    def __init__(self, notifier: Notifier, *, clock: Clock = utc_now) -> None:
        self._notifier = notifier
        self._clock = clock

    async def published(self, tx: AsyncConnection, course: Course, quiz: Quiz, now: datetime) -> None:
        """Tells the students of a course that they come into, in the transaction that publishes; of one that
        has closed already there is nothing to do for them."""
        if course.status not in OPEN_TO_STUDENTS:
            return
        zone = await zone_of(tx, course.id)
        news = _news_of(course, quiz, zone)
        told = None if _is_over(quiz, now) else await self._tell(tx, course, news)
        if told is None:
            await put_right(self._notifier, tx, news, _dates(quiz, zone))

    async def changed(
        self, tx: AsyncConnection, course: Course, before: Quiz, quiz: Quiz, now: datetime
    ) -> None:
        """Tells of one that is published by this change, and puts right what was told of one that students
        see and that has another title or other times; what they do not see stays as it was told. Where it is
        closed at once by its closing time, or comes earlier while they do not see it, before or after, they
        are told of it as of a new one when it is open to them again."""
        seen = quiz.published and course.status in OPEN_TO_STUDENTS
        was_shown = before.published and not _is_over(before, now)
        if (before.title, before.opens_at, before.closes_at) != (quiz.title, quiz.opens_at, quiz.closes_at):
            zone = await zone_of(tx, course.id)
            news = _news_of(course, quiz, zone)
            closed = _is_over(quiz, now) and not _is_over(before, now)
            earlier = _comes_earlier(now, before, quiz)
            if closed or (earlier and not (was_shown and seen)):
                await forget_told(self._notifier, tx, news)
            elif seen:
                await tell_changed(self._notifier, tx, course, news, _dates(quiz, zone), earlier=earlier)
        if seen and not was_shown:
            await self.published(tx, course, quiz, now)

    async def opened(self, tx: AsyncConnection, inside: Entered) -> None:
        """When students come into a draft: of what was published before; of many at once, but for those that
        they were told of before, which are put right."""
        course, now = inside.course, self._clock()
        shown = [one for one in await quizzes_of(tx, course.id, after="", limit=MAX_QUIZZES) if one.published]
        zone = await zone_of(tx, course.id) if shown else ""
        news = [(one, _news_of(course, one, zone)) for one in shown]
        known = await self._notifier.known(tx, [one.once for _, one in news if one.once is not None])
        added = [one for quiz, one in news if one.once not in known and not _is_over(quiz, now)]
        for quiz, one in news:
            if one.once in known:
                await put_right(self._notifier, tx, one, _dates(quiz, zone))
        if len(added) <= MOST_SINGLY:
            for one in added:
                await self._tell(tx, course, one)
        elif await self._tell(tx, course, _news_of_many(course, len(added))) is not None:
            for one in added:
                await self._notifier.keep(tx, one)

    async def _tell(self, tx: AsyncConnection, course: Course, news: News) -> str | None:
        whom = people_in(course.id, course.instructor_id, Whom.STUDENTS)
        return await self._notifier.tell(tx, news, whom)

    async def removed(self, tx: AsyncConnection, quiz_id: str) -> None:
        """Takes what was told of it back."""
        await self._notifier.take_back(tx, quiz_id)


def _news_of(course: Course, quiz: Quiz, time_zone: str) -> News:
    text = f"There is a new quiz: “{quiz.title}”.{_times(quiz, time_zone)}"
    return replace(
        news_in(course, QUIZ_ADDED, quiz.title, text, subject_id=quiz.id),
        link=f"/courses/{course.id}/quizzes?quiz={quiz.id}",
        once=f"{QUIZ_ADDED.word}:{quiz.id}",
    )


def _news_of_many(course: Course, count: int) -> News:
    text = f"There are {count} new quizzes."
    return news_in(course, QUIZ_ADDED, f"{count} quizzes", text, page="quizzes")


def _comes_earlier(now: datetime, before: Quiz, quiz: Quiz) -> bool:
    """Whether it opens or closes earlier than it did, or at a time to come where there was none; also where
    it opens at once, and was to open later."""
    opens_at_once = quiz.opens_at is None or quiz.opens_at <= now
    if opens_at_once and before.opens_at is not None and before.opens_at > now:
        return True
    return is_earlier(now, before.opens_at, quiz.opens_at) or is_earlier(
        now, before.closes_at, quiz.closes_at
    )


def _is_over(quiz: Quiz, now: datetime) -> bool:
    return quiz.closes_at is not None and quiz.closes_at <= now


def _times(quiz: Quiz, time_zone: str) -> str:
    opens = f" It opens on {day_and_time(quiz.opens_at, time_zone)}." if quiz.opens_at else ""
    closes = f" It closes on {day_and_time(quiz.closes_at, time_zone)}." if quiz.closes_at else ""
    return opens + closes


def _dates(quiz: Quiz, time_zone: str) -> str:
    """The times alone, for who is told that they are others."""
    times = _times(quiz, time_zone)
    if quiz.opens_at is None:
        times = f" It is open until {day_and_time(quiz.closes_at, time_zone)}." if quiz.closes_at else ""
    return f"“{quiz.title}” has other times.{times or ' It is open at any time.'}"
