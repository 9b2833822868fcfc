"""Live lessons that are to come, by mail into people's calendars: invitations, changes, cancellations.

They are put into the outbox within the transaction that changes the lessons, so that neither is there without
the other. One mail to each person, whatever was changed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.accounts.tables import users
from vtp.courses.calendar_ics import CANCEL, REQUEST, CalendarLesson, message_of
from vtp.courses.lesson_store import people_of
from vtp.courses.outline_store import Lesson, find_section
from vtp.courses.roles import COURSE_STAFF, CourseStatus
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.mail.addresses import read_sender
from vtp.mail.letters import lessons_letter
from vtp.mail.links import Links
from vtp.mail.outbox import Calendar, Mail, MailKind, Outbox

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
        """Whether it does not take place."""
        return self.deleted or self.lesson.cancelled

    def matters_at(self, now: datetime) -> bool:
        """Whether calendars are told: not of what is over, nor of the end of what they never had."""
        dates = [self.lesson.starts_at, self.before.starts_at if self.before is not None else None]
        if self.before is None and self.lesson.cancelled and not self.deleted:
            return False
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
        told.sort(key=lambda one: (one.lesson.starts_at or now, one.lesson.id))
        shown = [await self._is_shown(tx, course, one.lesson, now) for one in told]
        for_students = [one for one, seen in zip(told, shown, strict=True) if seen]
        people = await people_of(tx, course.id, course.instructor_id)
        mails = []
        for user_id, address in await _addresses(tx, people):
            theirs = told if people[user_id] in COURSE_STAFF else for_students
            if theirs:
                mails.append(self._mail(course, theirs, user_id, address, time_zone))
        await self._outbox.put_all(tx, mails)
        return len(mails)

    async def _is_shown(self, tx: AsyncConnection, course: Course, lesson: Lesson, now: datetime) -> bool:
        section = await find_section(tx, course.id, lesson.section_id) if lesson.section_id else None
        return lesson.is_released_at(now, section)

    def _mail(
        self, course: Course, news: Sequence[LessonNews], user_id: str, address: str, time_zone: str
    ) -> Mail:
        organizer = read_sender(self._sender).addr_spec if self._sender else "school@localhost"
        calendars = [
            Calendar(
                CANCEL if one.is_over else REQUEST,
                message_of(
                    CalendarLesson(
                        replace(one.lesson, sequence=one.lesson.sequence + one.deleted),
                        course.code,
                        course.name,
                        lesson_url(self._links, one.lesson),
                    ),
                    organizer,
                    address,
                    cancelled=one.is_over,
                ),
            )
            for one in news[:MOST_CALENDARS]
        ]
        lines = [_line(one, time_zone) for one in news]
        subject, text = lessons_letter(
            course.code, course.name, lines, self._links.to(f"/courses/{course.id}")
        )
        return Mail(MailKind.LESSON, address, subject, text, user_id, TTL, tuple(calendars))


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


def _line(news: LessonNews, time_zone: str) -> str:
    """One lesson in words."""
    lesson, what = news.lesson, "takes place"
    if news.is_over:
        what = "does not take place"
    elif news.before is not None and news.before.cancelled:
        what = "takes place after all"
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
