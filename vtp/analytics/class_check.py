"""Counts classes anew from who was there and says where what is stored differs, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.attendance_store import attendance_of, counted_row, student_erased, uncounted
from vtp.analytics.attendances import counted_class
from vtp.analytics.check import UNREADABLE
from vtp.analytics.class_tables import lesson_classes
from vtp.analytics.classes import CountedClass, from_ms
from vtp.courses.tables import lessons
from vtp.rooms.tables import live_sessions, session_participants

_KEYS: Final = frozenset({"lesson_id", "user_id"})


async def differing_classes(tx: AsyncConnection, now: datetime) -> AsyncIterator[str]:
    """One sentence for each class, and each person in one, whose figures are not what the rows of who was
    there say; and for stays that cannot have been.

    Not looked at: classes that wait to be counted, and those of which a student was erased, whose stays
    are nobody's and with whose figures the others' were compared.
    """
    async for sentence in _impossible_stays(tx):
        yield sentence
    waiting = {one.id for one in await uncounted(tx, now, None)}
    for row in await _counted(tx):
        if row.id not in waiting:
            try:
                found = [sentence async for sentence in _differences(tx, row)]
            except UNREADABLE:
                found = [f"The class of lesson {row.id} cannot be counted: what is noted of it is malformed."]
            for sentence in found:
                yield sentence


async def _counted(tx: AsyncConnection) -> list[Any]:
    c, k, at = lessons.c, lesson_classes.c, live_sessions.c
    open_now = exists().where(at.room_id == c.room_id, at.ended_at.is_(None))
    statement = (
        select(c.id, c.room_id, k.scheduled_at, k.held_from, k.held_until, k.led_until, k.parts, k.polls)
        .join_from(lesson_classes, lessons, c.id == k.lesson_id)
        .where(c.room_id.is_not(None), k.totals.is_(None), ~student_erased(c.room_id), ~open_now)
    )
    return list((await tx.execute(statement.order_by(c.id))).all())


async def _differences(tx: AsyncConnection, row: Any) -> AsyncIterator[str]:
    counted = await counted_class(tx, row.room_id, row.scheduled_at)
    led_until = from_ms(counted.led_until) if counted.led_until is not None else None
    stored_class = row.held_from, row.held_until, row.parts or [], row.polls
    if stored_class != (*_held(counted), counted.polls) or row.led_until not in (None, led_until):
        yield f"When the class of lesson {row.id} was held, or its polls, is not what the rows of it say."
    stored = {user_id: one for (_, user_id), one in (await attendance_of(tx, [row.id])).items()}
    for user_id in sorted(stored.keys() | counted.people.keys()):
        there, person = stored.get(user_id), counted.people.get(user_id)
        if there is None or person is None:
            found = "nothing is" if there is None else "figures are"
            yield f"Of {user_id} in the class of lesson {row.id} {found} stored, unlike its rows say."
            continue
        names = _unlike(there._mapping, counted_row(row.id, person))
        if names:
            yield (
                f"Of {user_id} in the class of lesson {row.id} {', '.join(names)} are not what its rows say."
            )


def _held(counted: CountedClass) -> tuple[datetime | None, datetime | None, list[list[int]]]:
    if counted.held is None:
        return None, None, []
    return from_ms(counted.held.start), from_ms(counted.held.end), [list(one) for one in counted.held.parts]


def _unlike(stored: Mapping[str, Any], counted: Mapping[str, Any]) -> list[str]:
    """Which columns differ. Networks of before they were kept are not there."""
    return [
        name
        for name, value in counted.items()
        if name not in _KEYS and stored[name] != value and not (name == "network" and stored[name] is None)
    ]


async def _impossible_stays(tx: AsyncConnection) -> AsyncIterator[str]:
    """Somebody who is still in a class that has ended, or left after it."""
    at, who = live_sessions.c, session_participants.c
    statement = (
        select(at.id, func.count())
        .join_from(session_participants, live_sessions, at.id == who.live_session_id)
        .where(at.ended_at.is_not(None), or_(who.left_at.is_(None), who.left_at > at.ended_at))
        .group_by(at.id)
        .order_by(at.id)
    )
    for session_id, count in (await tx.execute(statement)).all():
        people = "1 person" if count == 1 else f"{count} people"
        yield f"In session {session_id}, which has ended, {people} stayed on."
