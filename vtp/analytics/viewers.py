"""Who watched a recording, and how far they came: for its staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.analytics.completion import complete_from
from vtp.analytics.rights import holds_a_course_of, sees_all_viewers
from vtp.analytics.tables import playback_sessions
from vtp.courses.audience import CourseAudience
from vtp.db import Database
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording
from vtp.recording.tables import recording_progress
from vtp.recording.watching import completed_at, progress_per_mille


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person with one recording."""

    user_id: str
    full_name: str
    email: str
    watched_ms: int
    watch_time_ms: int
    last_watched: datetime
    pages: int
    per_mille: int
    completed_at: datetime | None

    @property
    def id(self) -> str:
        """By which the list is paged."""
        return self.user_id


class Viewers:
    """Raises NotFound and Forbidden, Invalid for malformed ids."""

    def __init__(self, database: Database, recordings: Recordings) -> None:
        self._database = database
        self._recordings = recordings
        self._audience = CourseAudience()

    async def page(
        self, principal: Principal, recording_id: str, address: str, *, limit: int, before: str | None
    ) -> list[Viewer]:
        """Its viewers, for who made it, the staff of a course that it is filed in, administrators: of those
        who are no administrators, people of courses that they hold, and themselves."""
        recording = await self._recordings.get(principal, recording_id, address)
        async with self._database.read() as tx:
            if not await sees_all_viewers(tx, principal, self._audience, recording):
                raise Forbidden(
                    "Who watched a recording is for who made it and for the staff of its course.",
                    code="not_your_recording",
                )
            return await read_viewers(
                tx, recording, _named_to(principal, recording), limit=limit, before=before
            )


def _named_to(principal: Principal, recording: Recording) -> ColumnElement[bool]:
    """As single figures are: a recording may be filed in several courses, or be everybody's."""
    if principal.role is Role.ADMIN:
        return true()
    me, who = principal.user_id or "", recording_progress.c.user_id
    return or_(who == me, holds_a_course_of(me, who, recording.id))


async def read_viewers(
    tx: AsyncConnection,
    recording: Recording,
    named: ColumnElement[bool],
    *,
    limit: int,
    before: str | None,
) -> list[Viewer]:
    """By account, the newest first."""
    c, pages = recording_progress.c, playback_sessions.c
    opened = (
        select(func.count())
        .where(pages.recording_id == recording.id, pages.user_id == c.user_id)
        .scalar_subquery()
    )
    statement = (
        select(
            c.user_id,
            users.c.full_name,
            users.c.email,
            c.watched_ms,
            c.watch_time_ms,
            c.updated_at,
            opened,
            c.reached,
        )
        .join_from(recording_progress, users, users.c.id == c.user_id)
        .where(c.recording_id == recording.id, named)
    )
    if before is not None:
        statement = statement.where(c.user_id < before)
    rows = (await tx.execute(statement.order_by(c.user_id.desc()).limit(limit))).all()
    asked, grows = await complete_from(tx, recording.id), recording.status in UNFINISHED
    length_ms = recording.duration_ms
    return [
        Viewer(
            *row[:7],
            progress_per_mille(row.watched_ms, length_ms),
            completed_at(row, length_ms, asked, grows=grows),
        )
        for row in rows
    ]
