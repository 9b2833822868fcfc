"""The rows of how connections were in classes. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.analytics.class_tables import lesson_attendance
from vtp.analytics.tables import playback_sessions


async def connections_in(tx: AsyncConnection, lesson_ids: Sequence[str]) -> list[Any]:
    """Everybody with an account who was in these classes, staff too, by name."""
    c, who = lesson_attendance.c, users.c
    statement = (
        select(c.lesson_id, c.user_id, who.full_name, who.email, c.is_staff, c.quality, c.network)
        .join_from(lesson_attendance, users, who.id == c.user_id)
        .where(c.lesson_id.in_(lesson_ids))
        .order_by(who.full_name, who.id)
    )
    return list((await tx.execute(statement)).all())


async def stalls_of(
    tx: AsyncConnection, user_ids: Sequence[str], recording_ids: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """How often each of these opened the recordings, and how often playing stood still."""
    c = playback_sessions.c
    statement = (
        select(c.user_id, func.count(), func.sum(c.buffer_events))
        .where(c.user_id.in_(user_ids), c.recording_id.in_(recording_ids))
        .group_by(c.user_id)
    )
    return {row[0]: (int(row[1]), int(row[2] or 0)) for row in await tx.execute(statement)}
