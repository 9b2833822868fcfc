"""Live lessons that are to come, by mail into people's calendars: invitations, changes, cancellations.

They are put into the outbox within the transaction that changes the lessons, so that neither is there without
the other. One mail to each person, whatever was changed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.accounts.tables import users
from vtp.courses.calendar_ics import CalendarLesson, Message, attendee_line, message_of
from vtp.courses.lesson_store import people_of
from vtp.courses.outline_store import Lesson, sections_of
from vtp.courses.roles import COURSE_STAFF, CourseStatus
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.mail.addresses import read_sender
from vtp.mail.letters import lessons_letter
from vtp.mail.links import Links
from vtp.mail.outbox import TURN, Calendar, Mail, MailKind, Outbox

TTL: Final = timedelta(days=3)
MOST_CALENDARS: Final = 20  # of one mail; the feed has all of them


@dataclass(frozen=True, slots=True)
class LessonNews:
    """What became of a lesson. `before`: as it was; None for a new one."""

    lesson: Lesson
    before: Lesson | None = None
    deleted: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it does not take place, or nobody knows when."""
        return self.deleted or not _is_on(self.lesson)

    @property
    def known(self) -> Lesson | None:
        """As calendars have it."""
        return self.lesson if self.deleted else self.before

    @property
    def shown(self) -> Lesson:
        """As calendars are told: of one that has no time any more, when it was to be."""
        if self.lesson.starts_at is not None or self.before is None:
            return self.lesson
        return replace(self.lesson, starts_at=self.before.starts_at, ends_at=self.before.ends_at)

    def matters_at(self, now: datetime) -> bool:
        """Whether calendars are told: not of what is over, nor of the end of what is not in them."""
        if self.is_over and (self.known is None or not _is_on(self.known)):
            return False
        dates = [self.lesson.starts_at, self.before.starts_at if self.before is not None else None]
        return any(one is not None and one > now for one in dates)


class LessonMails:
    """`tell` puts the mails of one change."""

    def __init__(self, outbox: Outbox, links: Links, sender: str, *, clock: Clock = utc_now) -> None:
        self._outbox = outbox
        self._links = links
        self._sender = sender
        self._clock = clock

    async def tell(
        self, tx: AsyncConnection, course: Course, news: Sequence[LessonNews], time_zone: str = ""
    ) -> int:
        """Tells the members of a course what became of lessons that are to come; gives how many."""
        now = self._clock()
        if not course.mail_lessons or course.status is not CourseStatus.ACTIVE:
            return 0
        told = [one for one in news if one.matters_at(now)]
        if not told:
            return 0
        told.sort(key=lambda one: (one.shown.starts_at or now, one.lesson.id))
        for_students = await _released(tx, course, told, now)
        people = await people_of(tx, course.id, course.instructor_id)
        letters = {
            staff: self._letter(course, some, time_zone)
            for staff, some in ((True, told), (False, for_students))
            if some
        }
        mails = []
        for number, (user_id, address) in enumerate(await _addresses(tx, people), 1):
            letter = letters.get(people[user_id] in COURSE_STAFF)
            if letter is not None:
                mails.append(letter.to(user_id, address))
            if number % TURN == 0:
                await asyncio.sleep(0)  # others are served meanwhile
        await self._outbox.put_all(tx, mails)
        return len(mails)

    def _letter(self, course: Course, news: Sequence[LessonNews], time_zone: str) -> _Letter:
        organizer = read_sender(self._sender).addr_spec if self._sender else "school@localhost"
        messages = [
            message_of(
                CalendarLesson(
                    replace(one.shown, sequence=one.lesson.sequence + one.deleted),
                    course.code,
                    course.name,
                    lesson_url(self._links, one.lesson),
                ),
                organizer,
                cancelled=one.is_over,
            )
            for one in news[:MOST_CALENDARS]
        ]
        lines = [_line(one, time_zone) for one in news]
        subject, text = lessons_letter(
            course.code, course.name, lines, self._links.to(f"/courses/{course.id}")
        )
        return _Letter(subject, text, messages)


@dataclass(frozen=True, slots=True)
class _Letter:
    """What everybody gets who sees the same lessons."""

    subject: str
    text: str
    messages: Sequence[Message]

    def to(self, user_id: str, address: str) -> Mail:
        """The mail for one of them."""
        line = attendee_line(address)
        calendars = tuple(Calendar(one.method, one.to(line)) for one in self.messages)
        return Mail(MailKind.LESSON, address, self.subject, self.text, user_id, TTL, calendars)


async def _released(
    tx: AsyncConnection, course: Course, news: Sequence[LessonNews], now: datetime
) -> list[LessonNews]:
    """What students are told: nothing of what they do not see."""
    in_sections = any(one.lesson.section_id for one in news)
    sections = {one.id: one for one in await sections_of(tx, course.id)} if in_sections else {}
    shown = [(one, sections.get(one.lesson.section_id or "")) for one in news]
    return [one for one, section in shown if one.lesson.is_released_at(now, section)]


def lesson_url(links: Links, lesson: Lesson) -> str:
    """Where a lesson is held."""
    return (
        links.to(f"/rooms/{lesson.room_id}") if lesson.room_id else links.to(f"/courses/{lesson.course_id}")
    )


async def _addresses(tx: AsyncConnection, people: dict[str, Role]) -> list[tuple[str, str]]:
    """Where people read their mail, of those whose accounts are in use."""
    found: list[tuple[str, str]] = []
    ids = sorted(people)
    for start in range(0, len(ids), 500):
        some = users.c.id.in_(ids[start : start + 500])
        wanted = select(users.c.id, users.c.email).where(some, users.c.disabled_at.is_(None))
        found += [(row[0], row[1]) for row in await tx.execute(wanted.order_by(users.c.id))]
    return found


def _is_on(lesson: Lesson) -> bool:
    """Whether it is in calendars as what takes place."""
    return lesson.starts_at is not None and not lesson.cancelled


def _line(news: LessonNews, time_zone: str) -> str:
    """One lesson in words."""
    lesson, what = news.shown, "takes place"
    if news.is_over:
        what = "does not take place"
    elif news.before is not None and news.before.cancelled:
        what = "takes place after all"
    elif news.before is not None and news.before.starts_at is None:
        pass
    elif news.before is not None and news.before.starts_at != lesson.starts_at:
        what = "is moved"
    elif news.before is not None:
        what = "has changed"
    return f"{lesson.title}: {what}, {_when(lesson, time_zone)}"


def _when(lesson: Lesson, time_zone: str) -> str:
    zone, start = ZoneInfo(time_zone or "UTC"), lesson.starts_at
    if start is None:
        return "without a time"
    text = f"{start.astimezone(zone):%Y-%m-%d %H:%M}"
    if lesson.ends_at is not None:
        text += f" to {lesson.ends_at.astimezone(zone):%H:%M}"
    return f"{text} ({time_zone or 'UTC'})"
