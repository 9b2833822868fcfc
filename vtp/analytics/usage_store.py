"""The rows of how much a server is used. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.classes import unix_ms
from vtp.analytics.intervals import clip, length_ms, most_at_once
from vtp.analytics.server_hours import ServerHour, server_hours
from vtp.analytics.tables import analytics_events
from vtp.analytics.usage_tables import server_load, usage_days
from vtp.courses.tables import course_recordings, courses
from vtp.db.statements import insert_if_absent
from vtp.ids import first_id_at
from vtp.recording.tables import recordings
from vtp.rooms.tables import live_sessions, session_participants

LONGEST_CLASS: Final = timedelta(days=2)
"""One that began before is not looked for."""
MOST_COURSES: Final = 100


async def count_day(tx: AsyncConnection, start: datetime, now: datetime) -> dict[str, int]:
    """What happened on a day; up to now, of one that goes on."""
    end = start + timedelta(days=1)
    within = unix_ms(start), unix_ms(min(end, now))
    at, who = live_sessions.c, session_participants.c
    began = _from(start - LONGEST_CLASS, end)
    statement = (
        select(who.user_id, who.joined_at, func.coalesce(who.left_at, at.seen_at, who.joined_at))
        .join_from(session_participants, live_sessions, at.id == who.live_session_id)
        .where(at.id >= began[0], at.id < began[1], who.joined_at < end)
    )
    stays, accounts = [], set()
    for user_id, joined, left in await tx.execute(statement):
        there = clip([(unix_ms(joined), unix_ms(left))], within)
        if there or within[0] <= unix_ms(joined) < within[1]:
            accounts.add(user_id)
        stays += there
    classes = select(func.count()).select_from(live_sessions).where(*_on(at.id, start, end))
    return {
        "people": len(accounts - {None} | await _active(tx, start, end)),
        "classes": int((await tx.execute(classes)).scalar_one()),
        "participant_ms": sum(length_ms([one]) for one in stays),
        "most_at_once": most_at_once(stays),
        **await _recorded(tx, start, end),
    }


async def _active(tx: AsyncConnection, start: datetime, end: datetime) -> set[str]:
    """Who did something with recordings or on pages of courses."""
    c = analytics_events.c
    statement = select(c.user_id).distinct().where(*_on(c.id, start, end))
    return set((await tx.execute(statement)).scalars())


async def _recorded(tx: AsyncConnection, start: datetime, end: datetime) -> dict[str, int]:
    c = recordings.c
    statement = select(
        func.count(), func.coalesce(func.sum(c.duration_ms), 0), func.coalesce(func.sum(c.file_size_bytes), 0)
    ).where(c.started_at >= start, c.started_at < end)
    count, ms, size = (await tx.execute(statement)).one()
    return {"recordings": int(count), "recording_ms": int(ms), "recording_bytes": int(size)}


def _from(start: datetime, end: datetime) -> tuple[str, str]:
    """A time as ids have it, which are by it."""
    return first_id_at(unix_ms(start)), first_id_at(unix_ms(end))


def _on(column: Any, start: datetime, end: datetime) -> tuple[Any, Any]:
    first, last = _from(start, end)
    return column >= first, column < last


async def known_days(tx: AsyncConnection, since: str) -> dict[str, Mapping[str, Any]]:
    """The days that are counted, from one on."""
    found = await tx.execute(select(usage_days).where(usage_days.c.day >= since))
    return {row.day: dict(row._mapping) for row in found}


async def add_day(tx: AsyncConnection, day: str, figures: Mapping[str, int]) -> None:
    """Keeps a day that is over, once."""
    await insert_if_absent(tx, usage_days, {"day": day, **figures})


async def first_class(tx: AsyncConnection) -> datetime | None:
    """Before it nothing was noted."""
    found: datetime | None = (await tx.execute(select(func.min(live_sessions.c.started_at)))).scalar()
    return found


async def by_course(tx: AsyncConnection) -> list[Any]:
    """What each course has of recordings now, the most first; one that is in several counts in each."""
    c, filed, r = courses.c, course_recordings.c, recordings.c
    size = func.sum(r.file_size_bytes)
    statement = (
        select(c.id, c.code, c.name, func.count(), func.sum(r.duration_ms), size)
        .join_from(course_recordings, courses, c.id == filed.course_id)
        .join(recordings, r.id == filed.recording_id)
        .group_by(c.id, c.code, c.name)
        .order_by(size.desc(), c.id)
        .limit(MOST_COURSES)
    )
    return list((await tx.execute(statement)).all())


async def put_load(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """How busy a process was in an hour, as it stands."""
    c = server_load.c
    mine = c.hour == values["hour"], c.process_id == values["process_id"]
    written = await tx.execute(update(server_load).where(*mine).values(values))
    if not written.rowcount:
        await insert_if_absent(tx, server_load, values)


async def load_since(tx: AsyncConnection, since: datetime) -> list[ServerHour]:
    """By the hour, all processes together."""
    c = server_load.c
    statement = select(server_load).where(c.hour >= since, c.readings > 0)
    return server_hours(await tx.execute(statement.order_by(c.hour, c.process_id)))


async def forget_usage(tx: AsyncConnection, before: datetime) -> None:
    """What is older goes."""
    await tx.execute(delete(usage_days).where(usage_days.c.day < f"{before:%Y-%m-%d}"))
    await tx.execute(delete(server_load).where(server_load.c.hour < before))
