"""Who completed recordings of which lessons: of those that are there by what was watched, of others by what
was kept of that. Docs/decisions/0168.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.class_tables import lesson_classes, lesson_credits
from vtp.courses.tables import course_recordings, lessons
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recording_progress, recordings
from vtp.recording.watching import completed_at, first_reached, note_step, progress_per_mille
from vtp.rooms.tables import live_sessions


async def completed_recordings(
    tx: AsyncConnection, lesson_ids: Sequence[str], complete_from: int
) -> dict[tuple[str, str], datetime]:
    """Who completed a recording of which of these lessons, and when first, by (lesson, account)."""
    found: dict[tuple[str, str], datetime] = {}

    def note(row: Any, at: datetime | None) -> None:
        if at is not None:
            key = row.lesson_id, row.user_id
            found[key] = min(at, found.get(key, at))

    for row in await tx.execute(_watched().where(course_recordings.c.lesson_id.in_(lesson_ids))):
        note(row, completed_at(row, row.duration_ms, complete_from))
    kept = lesson_credits.c
    credits = select(kept.lesson_id, kept.user_id, kept.reached).where(kept.lesson_id.in_(lesson_ids))
    for row in await tx.execute(credits):
        note(row, first_reached(row.reached, complete_from))
    return found


async def keep_credits(tx: AsyncConnection, recording_id: str, course_id: str | None = None) -> None:
    """Keeps how far who was with a recording that is about to go, or to leave a course.

    Of live lessons alone whose rooms were opened: there is a class that it can make up for, and it becomes
    nobody's with that. Not of those that are nobody's.
    """
    filed, kept, k = course_recordings.c, lesson_credits.c, lesson_classes.c
    opened = exists().where(live_sessions.c.room_id == lessons.c.room_id)  # and not counted yet
    somebodys = or_(and_(k.lesson_id.is_not(None), k.totals.is_(None)), and_(k.lesson_id.is_(None), opened))
    statement = (
        _watched()
        .join(lessons, lessons.c.id == filed.lesson_id)
        .outerjoin(lesson_classes, k.lesson_id == filed.lesson_id)
        .where(filed.recording_id == recording_id, lessons.c.kind == "live", somebodys)
    )
    if course_id is not None:
        statement = statement.where(filed.course_id == course_id)
    rows = []
    for row in (await tx.execute(statement)).all():
        reached = reached_of(row)
        if reached:
            rows.append({"lesson_id": row.lesson_id, "user_id": row.user_id, "reached": reached})
    if not rows:
        return
    again = kept.recording_id == recording_id, kept.lesson_id.in_({row["lesson_id"] for row in rows})
    await tx.execute(delete(lesson_credits).where(*again, kept.user_id.in_(_viewers(recording_id))))
    await tx.execute(insert(lesson_credits), [{**row, "recording_id": recording_id} for row in rows])


def reached_of(row: Any) -> list[list[int]]:
    """The steps that somebody has reached with a recording that has ended, and when: of what nobody noted,
    when they watched last. `row`: of their progress, with the recording's length."""
    reached = [list(step) for step in row.reached]
    at_ms = int(row.updated_at.timestamp() * 1000)
    note_step(reached, progress_per_mille(row.watched_ms, row.duration_ms), at_ms)
    return reached


def _watched() -> Select[Any]:
    """How far who is with recordings that have ended, by the lessons that these are filed in."""
    filed, seen, c = course_recordings.c, recording_progress.c, recordings.c
    return (
        select(filed.lesson_id, seen.user_id, seen.watched_ms, seen.reached, seen.updated_at, c.duration_ms)
        .select_from(course_recordings)
        .join(recording_progress, seen.recording_id == filed.recording_id)
        .join(recordings, c.id == filed.recording_id)
        .where(filed.lesson_id.is_not(None), c.status.not_in(UNFINISHED))
    )


def _viewers(recording_id: str) -> Select[str]:
    return select(recording_progress.c.user_id).where(recording_progress.c.recording_id == recording_id)
