"""From how much on a recording is complete, as its courses say. Docs/decisions/0135."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.class_tables import attendance_rules
from vtp.courses.tables import course_recordings
from vtp.recording.watching import COMPLETE_PER_MILLE


async def completion_of(tx: AsyncConnection, recording_ids: Collection[str]) -> dict[str, int]:
    """In thousandths, for who asks in no course: the least that one of its courses asks for. What is filed
    nowhere is left out."""
    filed, rules = course_recordings.c, attendance_rules.c
    least = func.min(func.coalesce(rules.complete_per_mille, COMPLETE_PER_MILLE))
    statement = (
        select(filed.recording_id, least)
        .join_from(course_recordings, attendance_rules, rules.course_id == filed.course_id, isouter=True)
        .where(filed.recording_id.in_(recording_ids))
        .group_by(filed.recording_id)
    )
    return {row[0]: int(row[1]) for row in await tx.execute(statement)}


async def complete_from(tx: AsyncConnection, recording_id: str) -> int:
    """The same of one."""
    return (await completion_of(tx, [recording_id])).get(recording_id, COMPLETE_PER_MILLE)
