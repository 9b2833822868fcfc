"""A class as it goes: who is there, who came late, what they do in it. For its staff, from the rows that are
written every two seconds (of talk, cameras and bad connections that go on every ten), so that every process
has the same.

It is counted as its sheet will be: the same parts of it, without the breaks; of a lesson whose room is open
again after one it is all of the class.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import STAFF, Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.attendance import APART_MS, BRIDGED_MS, Held, Thresholds, classes_held, when_led
from vtp.analytics.attendance_store import Student, find_rules, students_of
from vtp.analytics.class_store import course_staff_in
from vtp.analytics.class_tables import participant_activity
from vtp.analytics.classes import from_ms, unix_ms
from vtp.analytics.intervals import Interval, common, length_ms, union
from vtp.analytics.network_rules import fair_and_poor_ms
from vtp.courses.tables import lessons
from vtp.db import Database
from vtp.http.identity import Principal, Role
from vtp.rooms.service import RoomService
from vtp.rooms.tables import live_sessions, session_participants

_APART: Final = timedelta(milliseconds=APART_MS)
_MOST_PARTS: Final = 50
_STAFF: Final = frozenset(one.value for one in STAFF)


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
    spans: list[Interval] = field(default_factory=list)
    talks: list[Interval] = field(default_factory=list)
    camera: list[Interval] = field(default_factory=list)
    moments: dict[str, list[int]] = field(default_factory=dict)
    fair_ms: int = 0
    poor_ms: int = 0

    @property
    def is_staff(self) -> bool:
        """Whose presence is not counted."""
        return self.role in _STAFF

    def take(self, row: Any, now_ms: int) -> None:
        """One connection more."""
        self.here = self.here or row.left_at is None
        self.first_join = min(self.first_join or row.joined_at, row.joined_at)
        self.spans.append(_span(row, now_ms))
        self.talks += [(start, end) for start, end in row.talks or ()]
        self.camera += [(start, end) for start, end in row.camera or ()]
        for kind, moments in (row.acts or {}).items():
            self.moments.setdefault(kind, []).extend(moments)
        fair_ms, poor_ms = fair_and_poor_ms(row.quality or {})
        self.fair_ms += fair_ms
        self.poor_ms += poor_ms

    def count(self, held: Held, thresholds: Thresholds) -> None:
        """Leaves what lies within the class, as its sheet will have it."""
        spans = union(self.spans, BRIDGED_MS)
        there = common(spans, held.parts)
        if not self.is_staff and (there or self.here):  # who is here and has come this moment, or in a break
            self.late_ms = max(0, (there[0] if there else spans[-1])[0] - held.start)
            self.late = self.late_ms > thresholds.late_after_ms
        self.spans = there
        self.talks = common(union(self.talks), held.parts)
        self.camera = common(union(self.camera), held.parts)
        self.moments = {
            kind: [at for at in moments if held.holds(at)] for kind, moments in self.moments.items()
        }

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

    @property
    def acts(self) -> dict[str, int]:
        """How often they did what."""
        return {kind: len(moments) for kind, moments in self.moments.items()}


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
    opened: Sequence[Interval],
    course_staff: Collection[str] | None = None,
) -> tuple[datetime | None, list[Attendee]]:
    """Puts the rows of the class together: from when it is held, and everybody; who is expected and has not
    come is there, too, with nothing. `opened`: the times when its room was open. `course_staff`: the accounts
    that are staff of its course; None: it is of none.

    It is the last that could be the class: what staff held more than an hour before they came back is of
    another one, as in its sheet, and so is who was there then alone.
    """
    now_ms = unix_ms(now)
    staff = _staff(rows, now_ms, course_staff)
    classes = classes_held(unix_ms(starts_at) if starts_at is not None else None, staff, opened)
    held = classes[-1] if classes else None
    if held is not None and len(classes) > 1:
        rows = [row for row in rows if _span(row, now_ms)[1] > held.start]
    people: dict[str, Attendee] = {}
    for row in rows:
        known = people.setdefault(row.user_id or row.id, Attendee(row.user_id, row.full_name, row.role))
        known.take(row, now_ms)
    if held is not None:
        for one in people.values():
            one.count(held, thresholds)
    for student in expected:
        if student.user_id not in people:
            people[student.user_id] = Attendee(student.user_id, student.full_name, Role.STUDENT.value)
    return _began(held, staff, starts_at), list(people.values())


def _began(held: Held | None, staff: Sequence[Interval], starts_at: datetime | None) -> datetime | None:
    """From when on one is late: where staff have come before it is to start, from then."""
    if held is not None:
        return from_ms(held.start)
    return starts_at if staff else None


def _staff(rows: Sequence[Any], now_ms: int, course_staff: Collection[str] | None) -> list[Interval]:
    """When somebody was there who holds the class, as staff at first; reconnections bridged."""
    first: dict[str, Any] = {}
    for row in rows:
        who = row.user_id or row.id
        if who not in first or row.joined_at < first[who].joined_at:
            first[who] = row
    own: list[Interval] = []
    visitors: list[Interval] = []
    for row in rows:
        role = first[row.user_id or row.id].role
        if role in _STAFF:
            is_own = role != Role.ADMIN or course_staff is None or row.user_id in course_staff
            (own if is_own else visitors).append(_span(row, now_ms))
    return when_led(union(own, BRIDGED_MS), union(visitors, BRIDGED_MS))


def _span(row: Any, now_ms: int) -> Interval:
    joined = unix_ms(row.joined_at)
    return joined, max(now_ms, joined + 1) if row.left_at is None else unix_ms(row.left_at)


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
            expected, thresholds, starts_at, course_staff = [], Thresholds(), None, None
            if lesson is not None:
                expected = await students_of(tx, lesson.course_id)
                thresholds = (await find_rules(tx, lesson.course_id)).thresholds
                starts_at = lesson.starts_at
                course_staff = await course_staff_in(tx, room.id)
            parts = [session] if session is not None else []
            if lesson is not None and session is not None:
                parts += await _parts_before(tx, room.id, session.started_at)
            rows = await _rows(tx, [one.id for one in parts])
        opened = [(unix_ms(one.started_at), unix_ms(one.ended_at or now)) for one in parts]
        began, people = as_it_goes(rows, expected, starts_at, thresholds, now, opened, course_staff)
        return LiveClass(room.id, now, session.started_at if session is not None else None, began, people)


async def _open_session(tx: AsyncConnection, room_id: str) -> Any:
    c = live_sessions.c
    statement = select(c.id, c.started_at, c.ended_at).where(c.room_id == room_id, c.ended_at.is_(None))
    return (await tx.execute(statement.order_by(c.started_at.desc()).limit(1))).one_or_none()


async def _lesson_in(tx: AsyncConnection, room_id: str) -> Any:
    c = lessons.c
    statement = select(c.id, c.course_id, c.starts_at).where(c.room_id == room_id)
    return (await tx.execute(statement.order_by(c.id).limit(1))).one_or_none()


async def _parts_before(tx: AsyncConnection, room_id: str, started_at: datetime) -> list[Any]:
    """When the room of a lesson was open before, as long as no break is longer than one of a class.

    A room is open once: what no server has ended yet was over when it was last seen.
    """
    c = live_sessions.c
    ended_at = func.coalesce(c.ended_at, c.seen_at, c.started_at).label("ended_at")
    earlier = c.room_id == room_id, c.started_at < started_at
    statement = select(c.id, c.started_at, ended_at).where(*earlier)
    found = []
    for part in await tx.execute(statement.order_by(c.started_at.desc()).limit(_MOST_PARTS)):
        if started_at - part.ended_at > _APART:
            break
        found.append(part)
        started_at = part.started_at
    return found


async def _rows(tx: AsyncConnection, session_ids: Sequence[str]) -> list[Any]:
    """Who was in these sessions, of which the first goes on and the others are over."""
    who, did, at = session_participants.c, participant_activity.c, live_sessions.c
    seen_at = case((at.id.not_in(session_ids[:1]), func.coalesce(at.seen_at, at.started_at)))
    statement = (
        select(
            who.id,
            who.user_id,
            who.full_name,
            who.role,
            who.joined_at,
            func.coalesce(who.left_at, at.ended_at, seen_at).label("left_at"),
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
