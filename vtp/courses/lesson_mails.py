"""Live lessons that are to come, by mail into people's calendars: invitations, changes, cancellations.

One mail to each person, whatever was changed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.calendar_ics import Message, attendee_line, lesson_url, message_of
from vtp.courses.calendar_store import CalendarLesson
from vtp.courses.clocks import Zones
from vtp.courses.lesson_news import LessonNews
from vtp.courses.news import CANCELLED, LESSONS, MOVED, SCHEDULED
from vtp.courses.people import people_of
from vtp.courses.roles import COURSE_STAFF
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.mail.addresses import read_sender
from vtp.mail.letters import lessons_letter, unsubscribe_line
from vtp.mail.links import Links
from vtp.mail.outbox import TURN, Calendar, Mail, MailKind, Outbox
from vtp.notifications.choice_store import choices_among
from vtp.notifications.kinds import MailChoice
from vtp.notifications.mail_store import addresses_of
from vtp.notifications.unsubscribing import Unsubscribing

TTL: Final = timedelta(days=3)
MOST_CALENDARS: Final = 20  # of one mail; the feed has all of them


class LessonMails:
    """`put` puts the mails of one change into the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        links: Links,
        sender: str,
        unsubscribing: Unsubscribing,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._outbox = outbox
        self._links = links
        self._sender = sender
        self._unsubscribing = unsubscribing
        self._clock = clock

    async def put(
        self,
        tx: AsyncConnection,
        course: Course,
        told: Sequence[LessonNews],
        for_students: Sequence[LessonNews],
        zones: Zones,
    ) -> int:
        """Puts the mails of what staff and what students are told, to those who want them at once; gives how
        many, 0 where the course wants none."""
        if not course.mail_lessons:
            return 0
        people = await people_of(tx, course.id, course.instructor_id)
        return await self._put(tx, course, people, {True: told, False: for_students}, zones)

    async def put_for(
        self,
        tx: AsyncConnection,
        course: Course,
        people: Mapping[str, Role],
        news: Sequence[LessonNews],
        zones: Zones,
    ) -> int:
        """Puts the mails for some people alone, likewise."""
        if not course.mail_lessons or not news:
            return 0
        return await self._put(tx, course, people, {True: news, False: news}, zones)

    async def _put(
        self,
        tx: AsyncConnection,
        course: Course,
        people: Mapping[str, Role],
        shown: Mapping[bool, Sequence[LessonNews]],
        zones: Zones,
    ) -> int:
        """`shown`: to staff, and to others."""
        letters: dict[tuple[bool, frozenset[str]], _Letter | None] = {}
        mails = []
        for number, (user_id, address, kinds) in enumerate(await _readers(tx, people), 1):
            which = people[user_id] in COURSE_STAFF, kinds
            if which not in letters:
                some = [one for one in shown[which[0]] if one.kind.word in kinds]
                letters[which] = self._letter(course, some, zones) if some else None
            letter = letters[which]
            if letter is not None:
                mails.append(letter.to(user_id, address, self._unsubscribing.address(user_id, LESSONS)))
            if number % TURN == 0:
                await asyncio.sleep(0)  # others are served meanwhile
        await self._outbox.put_all(tx, mails)
        return len(mails)

    def _letter(self, course: Course, news: Sequence[LessonNews], zones: Zones) -> _Letter:
        now = self._clock()
        organizer = read_sender(self._sender).addr_spec if self._sender else "school@localhost"
        messages = [
            message_of(
                CalendarLesson(
                    replace(one.shown, sequence=one.sequence),
                    course.code,
                    course.name,
                ),
                lesson_url(self._links, one.lesson),
                organizer,
                now,
                cancelled=one.is_over,
            )
            for one in news[:MOST_CALENDARS]
        ]
        lines = [one.line(zones) for one in news]
        subject, text = lessons_letter(
            course.code, course.name, lines, self._links.to(f"/courses/{course.id}"), MOST_CALENDARS
        )
        return _Letter(subject, text, messages)


@dataclass(frozen=True, slots=True)
class _Letter:
    """What everybody gets who is told of the same lessons."""

    subject: str
    text: str
    messages: Sequence[Message]

    def to(self, user_id: str, address: str, unsubscribe: str) -> Mail:
        """The mail for one of them."""
        line = attendee_line(address)
        calendars = tuple(Calendar(one.method, one.to(line)) for one in self.messages)
        text = f"{self.text}\n{unsubscribe_line(unsubscribe)}\n"
        return Mail(MailKind.LESSON, address, self.subject, text, user_id, TTL, calendars, unsubscribe)


async def _readers(tx: AsyncConnection, people: Mapping[str, Role]) -> list[tuple[str, str, frozenset[str]]]:
    """Of those whose accounts are in use: where they read their mail, and which kinds they want at once."""
    found: list[tuple[str, str, frozenset[str]]] = []
    kinds, ids = (SCHEDULED, MOVED, CANCELLED), sorted(people)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        chosen = await choices_among(tx, some, [one.word for one in kinds])
        for user_id, address in sorted((await addresses_of(tx, some)).items()):
            at_once = [
                one.word for one in kinds if chosen.get((user_id, one.word), one.mail) is MailChoice.AT_ONCE
            ]
            found.append((user_id, address, frozenset(at_once)))
    return found
