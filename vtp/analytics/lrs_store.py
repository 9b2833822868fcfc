"""How far the log was pushed, and what of it comes next. No rules here, only SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.exports import logged
from vtp.analytics.playback import EventType, Logged
from vtp.analytics.tables import analytics_events, analytics_pushes
from vtp.courses.tables import course_recordings
from vtp.db.statements import insert_if_absent
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recordings

NOWHERE = "00000000-0000-0000-0000-000000000000"
"""Before all rows."""
EVERYWHERE = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Behind all rows."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows of the log that have not been pushed: by (account, recording) their ids; `last` is the newest
    row looked at."""

    rows: dict[tuple[str, str], set[str]]
    last: str


async def claim(tx: AsyncConnection, target: str, by: str, now: datetime, until: datetime) -> str | None:
    """Takes a store for a while, so that of several processes one pushes; gives the last row that was pushed,
    None where another has it."""
    c = analytics_pushes.c
    begun = {"target": target, "position": NOWHERE, "claimed_until": now, "claimed_by": by}
    await insert_if_absent(tx, analytics_pushes, {**begun, "statements": 0, "refused": 0})
    free = c.target == target, or_(c.claimed_until <= now, c.claimed_by == by)
    taken = await tx.execute(update(analytics_pushes).where(*free).values(claimed_until=until, claimed_by=by))
    if not taken.rowcount:
        return None
    return str((await tx.execute(select(c.position).where(c.target == target))).scalar_one())


def target_of(url: str) -> str:
    """A store, as positions name it: another address begins anew."""
    return hashlib.sha256(url.encode()).hexdigest()


async def position_of(tx: AsyncConnection, target: str) -> str:
    """Up to which row a store has the log."""
    c = analytics_pushes.c
    found = (await tx.execute(select(c.position).where(c.target == target))).scalar()
    return str(found) if found is not None else NOWHERE


async def renew(tx: AsyncConnection, target: str, by: str, until: datetime) -> bool:
    """The store stays taken; False where another has it by now."""
    c = analytics_pushes.c
    mine = c.target == target, c.claimed_by == by
    return bool(
        (await tx.execute(update(analytics_pushes).where(*mine).values(claimed_until=until))).rowcount
    )


async def move(
    tx: AsyncConnection, target: str, by: str, position: str, now: datetime, taken: int, refused: int
) -> None:
    """What is up to there need not be pushed again, if nobody else has the store by now."""
    c = analytics_pushes.c
    await tx.execute(
        update(analytics_pushes)
        .where(c.target == target, c.claimed_by == by)
        .values(
            position=position,
            pushed_at=now,
            statements=c.statements + taken,
            refused=c.refused + refused,
        )
    )


async def release(tx: AsyncConnection, target: str, by: str, now: datetime) -> None:
    """Others may have it."""
    mine = analytics_pushes.c.target == target, analytics_pushes.c.claimed_by == by
    await tx.execute(update(analytics_pushes).where(*mine).values(claimed_until=now))


async def next_rows(
    tx: AsyncConnection, position: str, before: datetime, held_from: datetime, most: int
) -> Window | None:
    """The next rows that were received before a time, up to the first of a recording that still grows and
    that was received from `held_from` on; None: there are none yet."""
    c = analytics_events.c
    statement = (
        select(c.id, c.user_id, c.recording_id, c.received_at)
        .where(c.id > position, c.received_at < before)
        .order_by(c.id)
        .limit(most)
    )
    found = (await tx.execute(statement)).all()
    growing = await _growing(tx, {row.recording_id for row in found if row.recording_id is not None})
    held = (row.recording_id in growing and row.received_at >= held_from for row in found)
    found = found[: next((place for place, waits in enumerate(held) if waits), None)]
    if not found:
        return None
    rows: dict[tuple[str, str], set[str]] = {}
    for row in found:
        if row.recording_id is not None:
            rows.setdefault((row.user_id, row.recording_id), set()).add(row.id)
    return Window(rows, found[-1].id)


async def _growing(tx: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Which of these recordings have not ended."""
    c = recordings.c
    statement = select(c.id).where(c.id.in_(sorted(ids)), c.status.in_(UNFINISHED))
    return set((await tx.execute(statement)).scalars()) if ids else set()


async def piece_of_log(
    tx: AsyncConnection, recording_id: str, user_id: str, after: str, until: str, most: int
) -> tuple[list[tuple[str, str, Logged]], str | None]:
    """Some of somebody's rows after one and up to another; with the row to go on after, None at the end."""
    c = analytics_events.c
    statement = (
        select(c.id, c.session_id, c.event_type, c.received_at, c.data, c.happened_at)
        .where(c.recording_id == recording_id, c.user_id == user_id, c.id > after, c.id <= until)
        .order_by(c.id)
        .limit(most)
    )
    rows = (await tx.execute(statement)).all()
    return logged(rows), rows[-1].id if len(rows) == most else None


async def first_row_at(tx: AsyncConnection, recording_id: str, user_id: str) -> datetime | None:
    """When the first row of somebody's log with a recording was received; None: there is none."""
    c = analytics_events.c
    mine = c.recording_id == recording_id, c.user_id == user_id
    found = await tx.execute(select(c.received_at).where(*mine).order_by(c.id).limit(1))
    return found.scalar_one_or_none()


async def last_stops(tx: AsyncConnection, recording_id: str, user_id: str, since: str) -> set[str]:
    """The rows that say last that a page was left, from one on, up to this moment."""
    c = analytics_events.c
    statement = (
        select(func.max(c.id))
        .where(c.recording_id == recording_id, c.user_id == user_id, c.id >= since)
        .where(c.event_type == EventType.STOPPED)
        .group_by(c.session_id)
    )
    return set((await tx.execute(statement)).scalars())


async def recordings_named(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, Any]:
    """Their titles and lengths."""
    c = recordings.c
    found = await tx.execute(select(c.id, c.title, c.duration_ms).where(c.id.in_(ids)))
    return {row.id: row for row in found}


async def courses_with(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, list[str]]:
    """In which courses each of these recordings is filed."""
    c = course_recordings.c
    statement = select(c.recording_id, c.course_id).where(c.recording_id.in_(ids)).order_by(c.course_id)
    found: dict[str, list[str]] = {}
    for recording_id, course_id in await tx.execute(statement):
        found.setdefault(recording_id, []).append(course_id)
    return found
