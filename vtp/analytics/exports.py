"""Takes the log of playback away as statements that other systems read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.analytics.attendance_store import find_rules
from vtp.analytics.caliper import events
from vtp.analytics.course_store import FiledRecording, watchable
from vtp.analytics.forgotten import NOTHING, Forgotten, is_forgotten, what_is_forgotten
from vtp.analytics.playback import KINDS, EventType, Logged
from vtp.analytics.tables import analytics_events, playback_sessions
from vtp.analytics.xapi import Source, statements
from vtp.courses.door import enter
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.tables import course_enrollments
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.recording.progress_store import Progress, find_progress

AT_ONCE: Final = 100
Form = Literal["xapi", "caliper"]
Make = Callable[[Source, Sequence[tuple[str, str, Logged]]], Iterator[dict[str, Any]]]
MAKERS: Final[dict[Form, Make]] = {"xapi": statements, "caliper": events}


class Exports:
    """`home`: the address of this server, as what it is asked for. Raises NotFound and Forbidden."""

    def __init__(self, database: Database, audit: AuditLog, home: Callable[[], str]) -> None:
        self._database = database
        self._audit = audit
        self._home = home

    async def of_course(
        self, principal: Principal, course_id: str, form: Form, origin: Origin
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """What its students watched of its recordings, person by person; a student's own alone.

        What is taken of others is noted in the audit log.
        """
        async with self._database.transaction() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            teaches = inside.may(Action.COURSE_TEACH)
            recordings = {one.recording_id: one for one in await watchable(tx, inside.course.id)}
            pairs = await _pairs(tx, inside.course.id, list(recordings))
            rules = await find_rules(tx, inside.course.id)
            if teaches:
                await self._audit.record(
                    tx,
                    Event.ANALYTICS_EXPORTED,
                    origin,
                    actor_id=principal.user_id,
                    subject=f"course:{inside.course.id}",
                    details={"form": form},
                )
        if not teaches:
            pairs = [one for one in pairs if one[0] == principal.user_id]
        return self._pages(inside.course.id, recordings, pairs, form, rules.complete_from)

    async def _pages(
        self,
        course_id: str,
        recordings: dict[str, FiledRecording],
        pairs: list[tuple[str, str]],
        form: Form,
        complete_from: int,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        home = self._home().rstrip("/")
        for user_id, recording_id in pairs:
            one = recordings[recording_id]
            async with self._database.read() as tx:
                progress = await find_progress(tx, user_id, recording_id)
                log = await log_of(tx, recording_id, user_id)
            said = one.title, one.duration_ms, (course_id,), complete_from, _forgotten(progress, log)
            source = Source(home, user_id, recording_id, *said)
            made = MAKERS[form](source, log)
            while page := list(islice(made, AT_ONCE)):
                yield page
                await asyncio.sleep(0)  # others have their turn


def _forgotten(progress: Progress | None, log: Sequence[tuple[str, str, Logged]]) -> Forgotten:
    first_at = log[0][2].received_at if log else None
    if progress is None or first_at is None or not is_forgotten(progress, first_at):
        return NOTHING
    counted = (one for row in log for one in row[2].counted)
    return what_is_forgotten(progress, first_at, counted)


async def _pairs(tx: AsyncConnection, course_id: str, ids: list[str]) -> list[tuple[str, str]]:
    """Which students watched which of these."""
    c, enrolled = playback_sessions.c, course_enrollments.c
    students = select(enrolled.user_id).where(enrolled.course_id == course_id, IS_STUDENT)
    statement = select(c.user_id, c.recording_id).where(c.recording_id.in_(ids), c.user_id.in_(students))
    rows = await tx.execute(statement.distinct().order_by(c.user_id, c.recording_id))
    return [(row[0], row[1]) for row in rows]


async def log_of(tx: AsyncConnection, recording_id: str, user_id: str) -> list[tuple[str, str, Logged]]:
    """What statements are made of: (id, session, row)."""
    c = analytics_events.c
    statement = (
        select(c.id, c.session_id, c.event_type, c.received_at, c.data, c.happened_at)
        .where(c.recording_id == recording_id, c.user_id == user_id)
        .order_by(c.id)
    )
    return logged(await tx.execute(statement))


def logged(rows: Iterable[Any]) -> list[tuple[str, str, Logged]]:
    """Rows of these six columns, without kinds that nobody knows."""
    return [
        (row[0], row[1], Logged(EventType(row[2]), row[3], row[4], row[5])) for row in rows if row[2] in KINDS
    ]
