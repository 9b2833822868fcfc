"""Live lessons that are to come, by mail into people's calendars: invitations, changes, cancellations.

One mail to each person, whatever was changed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.calendar_ics import CalendarLesson, Message, attendee_line, message_of
from vtp.courses.lesson_news import LessonNews
from vtp.courses.lesson_store import people_of
from vtp.courses.outline_store import Lesson
from vtp.courses.roles import COURSE_STAFF
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.mail.addresses import read_sender
from vtp.mail.letters import lessons_letter
from vtp.mail.links import Links
from vtp.mail.outbox import TURN, Calendar, Mail, MailKind, Outbox

TTL: Final = timedelta(days=3)
MOST_CALENDARS: Final = 20  # of one mail; the feed has all of them


class LessonMails:
    """`put` puts the mails of one change into the outbox."""

    def __init__(self, outbox: Outbox, links: Links, sender: str) -> None:
        self._outbox = outbox
        self._links = links
        self._sender = sender

    async def put(
        self,
        tx: AsyncConnection,
        course: Course,
        told: Sequence[LessonNews],
        for_students: Sequence[LessonNews],
        time_zone: str,
    ) -> int:
        """Puts the mails of what staff and what students are told; gives how many, 0 where it wants none."""
        if not course.mail_lessons:
            return 0
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
        lines = [one.line(time_zone) for one in news]
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
