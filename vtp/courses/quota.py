"""What the recordings of a course may take: set by administrators, read by its staff. Decision 0087."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import enter
from vtp.courses.quota_store import counting, find_course_quota, set_course_quota, used_by_course
from vtp.courses.store import lock_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict
from vtp.http.identity import Principal
from vtp.recording.quota import QUOTA_EXCEEDED, Usage, in_words
from vtp.recording.store import Recording


class CourseQuotas:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    async def get(self, principal: Principal, course_id: str) -> Usage:
        """What a course's recordings take and may, for its staff."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            return await _usage(tx, inside.course.id)

    @done_over
    async def set(self, principal: Principal, course_id: str, value: int | None, origin: Origin) -> Usage:
        """Sets what they may take, in bytes; None: any number."""
        require(principal, Action.SERVER_MANAGE)
        async with self._database.transaction() as tx:
            course = (await enter(tx, principal, course_id, None)).course
            await lock_course(tx, course.id)
            await set_course_quota(tx, course.id, value, self._clock())
            await self._audit.record(
                tx,
                Event.RECORDING_QUOTA,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{course.id}",
                details={"bytes": value},
            )
            return await _usage(tx, course.id)


async def check_room_for(tx: AsyncConnection, course_id: str, recording: Recording) -> None:
    """Before a recording is filed, while the course is locked. Raises Conflict when it does not fit."""
    usage = await _usage(tx, course_id)
    counts_already = await counting(tx, course_id, [recording.id])
    size = recording.file_size_bytes
    if not usage.allowed_bytes or counts_already or usage.used_bytes + size <= usage.allowed_bytes:
        return
    raise Conflict(
        f"{usage}, and this one takes {in_words(size)}: delete some for good or take some out of the course, "
        "or ask an administrator for more.",
        code=QUOTA_EXCEEDED,
    )


async def _usage(tx: AsyncConnection, course_id: str) -> Usage:
    allowed = await find_course_quota(tx, course_id)
    return Usage(await used_by_course(tx, course_id), allowed or 0, "this course")
