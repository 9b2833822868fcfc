"""The rows of what is nobody's any more. No rules here, only SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.past import PastCourse, PastViewers
from vtp.analytics.past_tables import course_totals, recording_totals
from vtp.analytics.tables import playback_sessions
from vtp.courses.tables import course_recordings
from vtp.db.prepared import Prepared, Source
from vtp.recording.figures import Watchings
from vtp.recording.store import Status
from vtp.recording.tables import recording_progress, recordings

_TOTALS = Prepared(
    select(recording_totals.c.totals)
    .join_from(recording_totals, recordings, recordings.c.id == recording_totals.c.recording_id)
    .where(
        recording_totals.c.recording_id.in_(
            select(course_recordings.c.recording_id).where(
                course_recordings.c.course_id == bindparam("course_id")
            )
        ),
        recordings.c.status != Status.DELETED,
        recordings.c.duration_ms > 0,
    )
)


async def find_past_course(tx: AsyncConnection, course_id: str) -> PastCourse | None:
    """What a course came to before."""
    c = course_totals.c
    statement = select(c.anonymized_at, c.totals).where(c.course_id == course_id)
    row = (await tx.execute(statement)).one_or_none()
    return PastCourse.of_row(*row) if row is not None else None


async def put_past_course(tx: AsyncConnection, course_id: str, past: PastCourse) -> None:
    """Writes it. The course is locked by who does."""
    values = {"course_id": course_id, "anonymized_at": past.at, "totals": past.row}
    theirs = course_totals.c.course_id == course_id
    if not (await tx.execute(update(course_totals).where(theirs).values(values))).rowcount:
        await tx.execute(insert(course_totals).values(values))


async def find_past_viewers(
    tx: AsyncConnection, recording_id: str, *, to_change: bool = False
) -> PastViewers | None:
    """What who watched a recording before came to; `to_change`: other changes of it wait."""
    c = recording_totals.c
    statement = select(c.totals).where(c.recording_id == recording_id)
    row = (await tx.execute(statement.with_for_update() if to_change else statement)).scalar_one_or_none()
    return PastViewers.of_row(row) if row is not None else None


async def watched_before(source: Source, course_id: str) -> Watchings:
    """What the recordings of a course came to together, but for those in the trash. Nobody knows who of one
    watched another, too."""
    found = [PastViewers.of_row(row[0]) for row in await _TOTALS.rows(source, {"course_id": course_id})]
    viewers = [one.viewers for one in found]
    return Watchings(max(viewers, default=0), sum(viewers), sum(one.shares for one in found))


async def put_past_viewers(tx: AsyncConnection, recording_id: str, past: PastViewers, now: datetime) -> None:
    """Writes it."""
    values = {"recording_id": recording_id, "anonymized_at": now, "totals": past.row}
    theirs = recording_totals.c.recording_id == recording_id
    if not (await tx.execute(update(recording_totals).where(theirs).values(values))).rowcount:
        await tx.execute(insert(recording_totals).values(values))


async def seen_since(tx: AsyncConnection, course_id: str, at: datetime) -> set[str]:
    """Who began with recordings of a course after a time."""
    filed, seen, page = course_recordings.c, recording_progress.c, playback_sessions.c
    ids = select(filed.recording_id).where(filed.course_id == course_id)
    began = select(seen.user_id).where(seen.recording_id.in_(ids), seen.started_at > at)
    opened = select(page.user_id).where(page.recording_id.in_(ids), page.started_at > at)
    return set((await tx.execute(union(began, opened))).scalars())
