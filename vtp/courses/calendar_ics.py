"""Live lessons as iCalendar (RFC 5545), for calendars that follow, and for invitations by mail (RFC 5546).

Each lesson is an event of its own, by its own UID, so that one that is moved, cancelled or held in another
series stays the same event. Times are UTC: what a series does when clocks change was computed before.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from vtp.courses.calendar_store import MOST_SAID, CalendarLesson
from vtp.courses.outline_store import Lesson
from vtp.db.kept_rows import Kept
from vtp.mail.links import Links

if TYPE_CHECKING:
    from icalendar import Calendar, Event

PRODUCT: Final = "-//vtp//courses//EN"
REQUEST, CANCEL = "REQUEST", "CANCEL"
_BEGIN: Final = "BEGIN:VEVENT\r\n"
_END: Final = b"END:VCALENDAR\r\n"
_NO_TEXT: Final = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")  # RFC 5545, 3.3.11
TURN: Final = 50  # events
LINE_OCTETS: Final = 75
HOUR: Final = timedelta(hours=1)
"""What a lesson without an end takes in a calendar."""


async def feed_of(name: str, lessons: Sequence[Kept[CalendarLesson]], links: Links) -> bytes:
    """A whole calendar, to be followed; others are served while a large one is written. What is written of a
    lesson is kept with it, for everybody who sees it. It is no message of RFC 5546, and says no METHOD: by
    that of one each event would need somebody who organizes it."""
    calendar = _calendar()
    calendar.add("name", name)  # RFC 7986; programs that do not know it read the other
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", HOUR, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    head = bytes(calendar.to_ical()).removesuffix(_END)
    events = []
    for number, one in enumerate(lessons, 1):
        events.append(one.once(links.base, partial(_event_text, one.value, links)))
        if number % TURN == 0:
            await asyncio.sleep(0)
    return b"".join((head, *events, _END))


@dataclass(frozen=True, slots=True)
class Message:
    """What mails about one lesson carry: an invitation, its change, or that it does not take place."""

    method: str
    text: str

    def to(self, line: str) -> str:
        """The same for one attendee, by their line."""
        return self.text.replace(_BEGIN, f"{_BEGIN}{line}", 1)


def message_of(one: CalendarLesson, url: str, organizer: str, now: datetime, *, cancelled: bool) -> Message:
    """For whoever it is sent to: a class of hundreds gets what is made once. `now`: when that is."""
    from icalendar import vCalAddress

    method = CANCEL if cancelled else REQUEST
    calendar, event = _calendar(), _event(_brief(one), url, now, cancelled=cancelled)
    calendar.add("method", method)
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    calendar.add_component(event)
    return Message(method, bytes(calendar.to_ical()).decode())


def lesson_url(links: Links, lesson: Lesson) -> str:
    """Where a lesson is held."""
    return links.to(f"/rooms/{lesson.room_id}/class" if lesson.room_id else f"/courses/{lesson.course_id}")


def attendee_line(address: str) -> str:
    """How an event names somebody who is invited; no line is longer than 75 octets (RFC 5545, 3.1)."""
    said = f"ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:{address}"
    lines, length = [""], 0
    for letter in filter(str.isprintable, said):
        size = len(letter.encode())
        if length + size > LINE_OCTETS:
            lines.append(" ")
            length = 1
        lines[-1] += letter
        length += size
    return "".join(f"{line}\r\n" for line in lines)


def _calendar() -> Calendar:
    from icalendar import Calendar  # here, because most starts of the program never come to it

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _brief(one: CalendarLesson) -> CalendarLesson:
    """With no more of a description than goes into a class's mails, and no characters that end lines."""
    whole = one.lesson.description
    said = _NO_TEXT.sub(" ", whole[:MOST_SAID].replace("\r\n", "\n").replace("\r", "\n"))
    if len(whole) > MOST_SAID:
        said = f"{said.rstrip()}…"
    return replace(one, lesson=replace(one.lesson, description=said))


def _event_text(one: CalendarLesson, links: Links) -> bytes:
    """One event of a calendar that is followed."""
    url = lesson_url(links, one.lesson)
    changed_at, cancelled = one.lesson.updated_at, one.lesson.cancelled
    return bytes(_event(_brief(one), url, changed_at, cancelled=cancelled).to_ical())


def _event(one: CalendarLesson, url: str, stamped: datetime, *, cancelled: bool) -> Event:
    """`stamped`: when a message was made, by which programs tell which of two is newer; in what is no message
    when the lesson was changed (RFC 5545, 3.8.7.2)."""
    from icalendar import Event

    lesson = one.lesson
    event = Event()
    event.add("uid", lesson.id)
    event.add("sequence", lesson.sequence)
    event.add("dtstamp", _whole(stamped))
    event.add("created", _whole(lesson.created_at))
    event.add("last-modified", _whole(lesson.updated_at))
    assert lesson.starts_at is not None
    event.add("dtstart", _whole(lesson.starts_at))
    event.add("dtend", _whole(lesson.ends_at or lesson.starts_at + HOUR))
    event.add("summary", f"{one.course_code}: {lesson.title}")
    event.add("description", "\n\n".join(filter(None, (one.course_name, lesson.description, url))))
    event.add("url", url)
    event.add("location", url)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    return event


def _whole(at: datetime) -> datetime:
    """Calendars know no fractions of a second."""
    return at.replace(microsecond=0)
