"""A class as it goes: who is there, who came late, what they do in it. For its staff, from the rows that are
written every two seconds (of talk and cameras that go on every ten), so that every process has the same.

Of a lesson whose room is open again after a break it is all of the class, as its sheet will have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import STAFF, Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.attendance import APART_MS, Thresholds
from vtp.analytics.attendance_store import Student, find_rules, students_of
from vtp.analytics.class_tables import participant_activity
from vtp.analytics.classes import unix_ms
from vtp.analytics.intervals import length_ms, union
from vtp.courses.tables import lessons
from vtp.db import Database
from vtp.http.identity import Principal, Role
from vtp.rooms.service import RoomService
from vtp.rooms.tables import live_sessions, session_participants

_APART: Final = timedelta(milliseconds=APART_MS)
_MOST_PARTS: Final = 50


@dataclass(slots=True)
class Attendee:
    """Somebody in the class, over all of their connections; one without an account for each of theirs."""

    user_id: str | None
    full_name: str
    role: str
    here: bool = False
    first_join: datetime | None = None
    late_ms: int = 0
    late: bool = False
    spans: list[tuple[int, int]] = field(default_factory=list)
    talks: list[tuple[int, int]] = field(default_factory=list)
    camera: list[tuple[int, int]] = field(default_factory=list)
    acts: dict[str, int] = field(default_factory=dict)
    poor_ms: int = 0

    @property
    def is_staff(self) -> bool:
        """Whose presence is not counted."""
        return self.role in {one.value for one in STAFF}

    def take(self, row: Any, now_ms: int) -> None:
        """One connection more."""
        joined, left = unix_ms(row.joined_at), unix_ms(row.left_at) if row.left_at is not None else now_ms
        self.here = self.here or row.left_at is None
        self.first_join = min(self.first_join or row.joined_at, row.joined_at)
        self.spans.append((joined, left))
        self.talks += [(start, end) for start, end in row.talks or ()]
        self.camera += [(start, end) for start, end in row.camera or ()]
        for kind, moments in (row.acts or {}).items():
            self.acts[kind] = self.acts.get(kind, 0) + len(moments)
        self.poor_ms += sum((row.quality or {}).values())

    @property
    def present_ms(self) -> int:
        """Up to now."""
        return length_ms(union(self.spans))

    @property
    def talk_ms(self) -> int:
        """On all devices."""
        return length_ms(union(self.talks))

    @property
    def camera_ms(self) -> int:
        """On all devices."""
        return length_ms(union(self.camera))


@dataclass(frozen=True, slots=True)
class LiveClass:
    """A room at this moment. `began`: from when on somebody is late; None while nobody holds it."""

    room_id: str
    at: datetime
    open_since: datetime | None
    began: datetime | None
    people: Sequence[Attendee]


def as_it_goes(
    rows: Sequence[Any],
    expected: Sequence[Student],
    starts_at: datetime | None,
    thresholds: Thresholds,
    now: datetime,
) -> tuple[datetime | None, list[Attendee]]:
    """Puts the rows of the class together: from when it is held, and everybody; who is expected and has not
    come is there, too, with nothing."""
    people: dict[str, Attendee] = {}
    for row in rows:
        known = people.setdefault(row.user_id or row.id, Attendee(row.user_id, row.full_name, row.role))
        known.take(row, unix_ms(now))
    staff = [one.first_join for one in people.values() if one.is_staff and one.first_join is not None]
    began = max(min(staff), starts_at or min(staff)) if staff else None
    for one in people.values():
        if began is not None and one.first_join is not None and not one.is_staff:
            one.late_ms = max(0, unix_ms(one.first_join) - unix_ms(began))
            one.late = one.late_ms > thresholds.late_after_ms
    for student in expected:
        if student.user_id not in people:
            people[student.user_id] = Attendee(student.user_id, student.full_name, Role.STUDENT.value)
    return began, list(people.values())


class LiveClasses:
    """Raises NotFound, Forbidden, Invalid for malformed ids."""

    def __init__(self, database: Database, rooms: RoomService, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._rooms = rooms
        self._clock = clock

    async def read(self, principal: Principal, reference: str) -> LiveClass:
        """The class in a room, for who holds it there."""
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        now = self._clock()
        async with self._database.read() as tx:
            session = await _open_session(tx, room.id)
            lesson = await _lesson_in(tx, room.id)
            expected, thresholds, starts_at = [], Thresholds(), None
            if lesson is not None:
                expected = await students_of(tx, lesson.course_id)
                thresholds = (await find_rules(tx, lesson.course_id)).thresholds
                starts_at = lesson.starts_at
            parts = [session.id] if session is not None else []
            if lesson is not None and session is not None:
                parts += await _parts_before(tx, room.id, session.started_at)
            rows = await _rows(tx, parts)
        began, people = as_it_goes(rows, expected, starts_at, thresholds, now)
        return LiveClass(room.id, now, session.started_at if session is not None else None, began, people)


async def _open_session(tx: AsyncConnection, room_id: str) -> Any:
    c = live_sessions.c
    statement = select(c.id, c.started_at).where(c.room_id == room_id, c.ended_at.is_(None))
    return (await tx.execute(statement.order_by(c.started_at.desc()).limit(1))).one_or_none()


async def _lesson_in(tx: AsyncConnection, room_id: str) -> Any:
    c = lessons.c
    statement = select(c.id, c.course_id, c.starts_at).where(c.room_id == room_id)
    return (await tx.execute(statement.order_by(c.id).limit(1))).one_or_none()


async def _parts_before(tx: AsyncConnection, room_id: str, started_at: datetime) -> list[str]:
    """When the room of a lesson was open before, as long as no break is longer than one of a class."""
    c = live_sessions.c
    earlier = c.room_id == room_id, c.started_at < started_at, c.ended_at.is_not(None)
    statement = select(c.id, c.started_at, c.ended_at).where(*earlier)
    found = []
    for part in await tx.execute(statement.order_by(c.started_at.desc()).limit(_MOST_PARTS)):
        if started_at - part.ended_at > _APART:
            break
        found.append(part.id)
        started_at = part.started_at
    return found


async def _rows(tx: AsyncConnection, session_ids: Sequence[str]) -> list[Any]:
    who, did, at = session_participants.c, participant_activity.c, live_sessions.c
    statement = (
        select(
            who.id,
            who.user_id,
            who.full_name,
            who.role,
            who.joined_at,
            func.coalesce(who.left_at, at.ended_at).label("left_at"),
            did.talks,
            did.camera,
            did.acts,
            did.quality,
        )
        .join(live_sessions, at.id == who.live_session_id)
        .outerjoin(participant_activity, did.participation_id == who.id)
        .where(who.live_session_id.in_(session_ids))
        .order_by(who.id)
    )
    return list((await tx.execute(statement)).all())
