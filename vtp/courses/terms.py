"""How long the recordings of a course are kept: set by administrators, read by its staff. Decision 0147."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import enter
from vtp.courses.store import lock_course
from vtp.courses.tables import course_recording_terms as terms
from vtp.courses.tables import course_recordings as filed
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.statements import put_row
from vtp.http.identity import Principal
from vtp.recording.terms import Term


class CourseFiling:
    """What recordings ask of courses: `vtp.recording.terms`."""

    async def days_of(
        self, tx: AsyncConnection, recording_ids: Collection[str]
    ) -> Mapping[str, Sequence[int | None]]:
        """Of those that are filed in courses, what is set for each of these."""
        statement = (
            select(filed.c.recording_id, terms.c.days)
            .outerjoin(terms, terms.c.course_id == filed.c.course_id)
            .where(filed.c.recording_id.in_(recording_ids))
        )
        found: dict[str, list[int | None]] = defaultdict(list)
        for recording_id, days in (await tx.execute(statement)).all():
            found[recording_id].append(days)
        return found

    async def have_any(self, tx: AsyncConnection) -> bool:
        """Whether any course has one."""
        return (await tx.execute(select(terms.c.course_id).limit(1))).first() is not None


class CourseTerms:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(
        self, database: Database, audit: AuditLog, general_days: int, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._audit = audit
        self._general_days = general_days
        self._clock = clock

    async def get(self, principal: Principal, course_id: str) -> Term:
        """For how long its recordings are kept, for its staff."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            wanted = select(terms.c.days).where(terms.c.course_id == inside.course.id)
            return self._term((await tx.execute(wanted)).scalar_one_or_none())

    @done_over
    async def set(self, principal: Principal, course_id: str, days: int | None, origin: Origin) -> Term:
        """Sets that; 0: for ever, None: as the rooms say in which they were made."""
        require(principal, Action.SERVER_MANAGE)
        async with self._database.transaction() as tx:
            course = (await enter(tx, principal, course_id, None)).course
            await lock_course(tx, course.id)
            await _set_days(tx, course.id, days, self._clock())
            await self._audit.record(
                tx,
                Event.RECORDING_TERM,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{course.id}",
                details={"days": days},
            )
        return self._term(days)

    def _term(self, own_days: int | None) -> Term:
        return Term(own_days, self._general_days if own_days is None else own_days)


async def _set_days(tx: AsyncConnection, course_id: str, days: int | None, now: datetime) -> None:
    values = None if days is None else {"days": days, "updated_at": now}
    await put_row(tx, terms, {"course_id": course_id}, values)
