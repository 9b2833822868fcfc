"""When an attempt may begin, when it ends by itself, and when its results are shown. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

from vtp.errors import Conflict
from vtp.notifications.moments import day_and_time
from vtp.quizzes.quiz_store import Quiz, Results


def ends_at(quiz: Quiz, begun_at: datetime, extra_minutes: int) -> datetime | None:
    """When an attempt ends by itself: extra time is for the limit and for the closing time alike."""
    extra = timedelta(minutes=extra_minutes)
    ends = []
    if quiz.time_limit_minutes is not None:
        ends.append(begun_at + timedelta(minutes=quiz.time_limit_minutes) + extra)
    if quiz.closes_at is not None:
        ends.append(quiz.closes_at + extra)
    return min(ends, default=None)


def require_open(quiz: Quiz, now: datetime, extra_minutes: int, time_zone: str) -> None:
    """Raises Conflict for an attempt that would begin too early, told by the clocks of a time zone, or too
    late."""
    if quiz.opens_at is not None and now < quiz.opens_at:
        raise Conflict(f"This quiz opens on {day_and_time(quiz.opens_at, time_zone)}.", code="quiz_not_open")
    if has_closed(quiz, extra_minutes, now):
        raise Conflict("This quiz has closed.", code="quiz_closed")


def has_closed(quiz: Quiz, extra_minutes: int, now: datetime) -> bool:
    """Whether nobody with so much more time can begin it any more."""
    return quiz.closes_at is not None and now >= quiz.closes_at + timedelta(minutes=extra_minutes)


def shows_results(quiz: Quiz, ended_at: datetime | None, most_extra_minutes: int, now: datetime) -> bool:
    """Whether a student sees what was right: not before everybody has closed, where it is after closing."""
    if ended_at is None or quiz.results is Results.NEVER:
        return False
    if quiz.results is Results.AT_ONCE:
        return True
    closes_at = quiz.closes_at
    return closes_at is not None and now >= closes_at + timedelta(minutes=most_extra_minutes)
