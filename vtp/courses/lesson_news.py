"""What becomes of live lessons that are to come, told to who takes part: in their notifications, and by mail.

Both are written within the transaction that changes the lessons, so that neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.clocks import Zones
from vtp.courses.news import CANCELLED, MOVED, SCHEDULED
from vtp.courses.outline_store import Lesson, sections_of
from vtp.courses.store import Course
from vtp.notifications.kinds import Kind
from vtp.notifications.moments import span

NOT_HELD: Final = "does not take place"
NOT_YOURS: Final = "is taken out of your calendar"
NOT_SHOWN: Final = "is not shown any more"


@dataclass(frozen=True, slots=True)
class LessonNews:
    """What became of a lesson. `before`: as it was; None for a new one. `withdrawn`: why calendars have it no
    more, though it is there, in words. `alone`: for who came or went, and nobody else."""

    lesson: Lesson
    before: Lesson | None = None
    deleted: bool = False
    withdrawn: str = ""
    alone: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether people come to it no more."""
        return self.deleted or bool(self.withdrawn)

    @property
    def is_over(self) -> bool:
        """Whether it does not take place, or nobody knows when."""
        return self.is_gone or not _is_on(self.lesson)

    @property
    def known(self) -> Lesson | None:
        """As calendars have it."""
        return self.lesson if self.is_gone else self.before

    @property
    def shown(self) -> Lesson:
        """As calendars are told: of one that has no time any more, when it was to be."""
        if self.lesson.starts_at is not None or self.before is None:
            return self.lesson
        return replace(self.lesson, starts_at=self.before.starts_at, ends_at=self.before.ends_at)

    @property
    def sequence(self) -> int:
        """Of its message (RFC 5545, 3.8.7.4); one for a single person keeps the lesson's."""
        return self.lesson.sequence + (self.is_gone and not self.alone)

    @property
    def kind(self) -> Kind:
        """Which kind of news it is."""
        if self.is_over:
            return CANCELLED
        return MOVED if self.before is not None and _is_on(self.before) else SCHEDULED

    def matters_at(self, now: datetime) -> bool:
        """Whether people are told: not of what is over, nor of the end of what they do not know of."""
        if self.is_over and (self.known is None or not _is_on(self.known)):
            return False
        dates = [self.lesson.starts_at, self.before.starts_at if self.before is not None else None]
        return any(one is not None and one > now for one in dates)

    def line(self, zones: Zones) -> str:
        """In words."""
        lesson, what = self.shown, "takes place"
        if self.is_over:
            what = self.withdrawn or NOT_HELD
        elif self.before is not None and self.before.cancelled:
            what = "takes place after all"
        elif self.before is not None and self.before.starts_at is None:
            pass
        elif self.before is not None and self.before.starts_at != lesson.starts_at:
            what = "is moved"
        elif self.before is not None:
            what = "has changed"
        return f"{lesson.title}: {what}, {_when(lesson, zones.of(lesson.schedule_id))}"


async def for_students(
    tx: AsyncConnection, course: Course, news: Sequence[LessonNews], now: datetime
) -> list[LessonNews]:
    """What students are told: nothing of what they do not see, but for the end of what they were told of."""
    in_sections = any(one.lesson.section_id for one in news)
    sections = {one.id: one for one in await sections_of(tx, course.id)} if in_sections else {}
    found = []
    for one in news:
        if one.is_over:
            if one.lesson.told:
                found.append(one)
        elif one.lesson.is_released_at(now, sections.get(one.lesson.section_id or "")):
            is_known = one.lesson.told or one.before is None or one.before.cancelled
            found.append(one if is_known else replace(one, before=None))
    return found


def _is_on(lesson: Lesson) -> bool:
    """Whether it is in calendars as what takes place."""
    return lesson.starts_at is not None and not lesson.cancelled


def _when(lesson: Lesson, time_zone: str) -> str:
    if lesson.starts_at is None:
        return "without a time"
    return span(lesson.starts_at, lesson.ends_at, time_zone)
