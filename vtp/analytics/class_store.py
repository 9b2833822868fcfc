"""The rows of classes as they were held. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, and_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import STAFF
from vtp.accounts.tables import users
from vtp.analytics.class_notes import Note
from vtp.analytics.class_tables import participant_activity
from vtp.courses.roles import COURSE_STAFF, EnrolmentStatus
from vtp.courses.tables import course_enrollments, course_permissions, courses, lessons
from vtp.db.statements import insert_if_absent
from vtp.own_data.holding import ERASED_NAME
from vtp.rooms.tables import live_sessions, rooms, session_participants

_TABLES: Final[dict[str, tuple[Table, str]]] = {
    "session": (live_sessions, "id"),
    "participation": (session_participants, "id"),
    "activity": (participant_activity, "participation_id"),
}
_ORDER: Final = list(_TABLES)
IS_ERASED: Final = and_(
    session_participants.c.user_id.is_(None), session_participants.c.full_name == ERASED_NAME
)
"""Of a stay: whose account is erased."""
IS_STAFF: Final = session_participants.c.role.in_(sorted(STAFF))
"""Of a stay: who came as staff."""


async def save_notes(tx: AsyncConnection, notes: Iterable[Note]) -> None:
    """Adds rows, or writes them as they stand now. What belongs to a room that is gone is left out; whose
    account is gone is nobody any more."""
    ordered = sorted(notes, key=lambda one: (_ORDER.index(one.kind), one.id))
    kept, gone = await _kept(tx, ordered), await _gone(tx, ordered)
    for one in ordered:
        table, key = _TABLES[one.kind]
        if not _belongs(one, kept):
            continue
        values = dict(one.values)
        if values.get("user_id") in gone:
            values |= {"user_id": None, "full_name": ERASED_NAME}
        written = await tx.execute(update(table).where(table.c[key] == one.id).values(values))
        if not written.rowcount:
            await insert_if_absent(tx, table, {key: one.id, **values})
        kept.add(one.id)


async def _gone(tx: AsyncConnection, notes: Sequence[Note]) -> set[str]:
    """The accounts that these name and that have been erased while their people were in class."""
    named = {one.values["user_id"] for one in notes if one.kind == "participation"} - {None}
    if not named:
        return set()
    return named - set((await tx.execute(select(users.c.id).where(users.c.id.in_(named)))).scalars())


def _belongs(one: Note, kept: set[str]) -> bool:
    return (one.values["live_session_id"] if one.kind == "participation" else one.id) in kept


async def _kept(tx: AsyncConnection, notes: Sequence[Note]) -> set[str]:
    """The sessions whose rooms are still there: those of these notes, and those that their people are in."""
    named = {one.id: one.values["room_id"] for one in notes if one.kind == "session"}
    there = set((await tx.execute(select(rooms.c.id).where(rooms.c.id.in_(set(named.values()))))).scalars())
    kept = {session_id for session_id, room_id in named.items() if room_id in there}
    others = {one.values["live_session_id"] for one in notes if one.kind == "participation"} - named.keys()
    if others:
        found = await tx.execute(select(live_sessions.c.id).where(live_sessions.c.id.in_(others)))
        kept |= set(found.scalars())
    return kept


async def see_sessions(tx: AsyncConnection, session_ids: Collection[str], now: datetime) -> None:
    """Says that these go on."""
    open_now = live_sessions.c.id.in_(session_ids), live_sessions.c.ended_at.is_(None)
    await tx.execute(update(live_sessions).where(*open_now).values(seen_at=now))


async def close_left_open(tx: AsyncConnection, before: datetime, others: Collection[str]) -> None:
    """Ends sessions that nobody has seen since, with who was in them, when they were last seen; not
    `others`."""
    c = live_sessions.c
    stale = select(c.id, c.seen_at).where(c.ended_at.is_(None), c.seen_at < before)
    left = [row for row in (await tx.execute(stale)).all() if row.id not in others]
    for session_id, seen_at in left:
        await tx.execute(update(live_sessions).where(c.id == session_id).values(ended_at=seen_at))
        there = session_participants.c
        still = there.live_session_id == session_id, there.left_at.is_(None)
        await tx.execute(update(session_participants).where(*still).values(left_at=seen_at))


async def participations(tx: AsyncConnection, room_id: str) -> list[Any]:
    """Everybody with an account who was in the classes of a room, with what they did."""
    who, at, did = session_participants.c, live_sessions.c, participant_activity.c
    statement = (
        select(
            who.user_id,
            who.role,
            who.joined_at,
            who.left_at,
            at.seen_at,
            did.talks,
            did.camera,
            did.acts,
            did.quality,
            did.network,
        )
        .join(live_sessions, at.id == who.live_session_id)
        .outerjoin(participant_activity, did.participation_id == who.id)
        .where(at.room_id == room_id, who.user_id.is_not(None))
        .order_by(who.id)
    )
    return list((await tx.execute(statement)).all())


async def erased_in(tx: AsyncConnection, room_id: str) -> list[Any]:
    """When people were in the classes of a room whose accounts are erased: as what, joined, left, last
    seen."""
    who, at = session_participants.c, live_sessions.c
    statement = (
        select(who.role, who.joined_at, who.left_at, at.seen_at)
        .join(live_sessions, at.id == who.live_session_id)
        .where(at.room_id == room_id, IS_ERASED)
        .order_by(who.id)
    )
    return list((await tx.execute(statement)).all())


async def course_staff_in(tx: AsyncConnection, room_id: str) -> set[str]:
    """The accounts that are staff of the course whose lesson has a room."""
    lesson, course, given, place = lessons.c, courses.c, course_permissions.c, course_enrollments.c
    of_room = select(lesson.course_id).where(lesson.room_id == room_id)
    is_placed = place.status == EnrolmentStatus.ACTIVE, place.role.in_(COURSE_STAFF)
    statement = union(
        select(course.instructor_id).where(course.id.in_(of_room)),
        select(given.user_id).where(given.course_id.in_(of_room), given.role.in_(COURSE_STAFF)),
        select(place.user_id).where(place.course_id.in_(of_room), *is_placed),
    )
    return set((await tx.execute(statement)).scalars()) - {None}


async def sessions_in(tx: AsyncConnection, room_id: str) -> list[Any]:
    """The times at which a room was open: start, end (None: it is), last seen."""
    c = live_sessions.c
    statement = select(c.started_at, c.ended_at, c.seen_at).where(c.room_id == room_id)
    return list((await tx.execute(statement.order_by(c.started_at))).all())
