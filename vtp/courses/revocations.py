"""What other processes have taken away in courses: rights in one, or the course itself.

The audit log says of which course and when, in the transaction that took it away; so it is read here within
two seconds, as what is revoked of accounts is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event
from vtp.accounts.tables import audit_log
from vtp.db.prepared import Prepared
from vtp.db.types import id_type
from vtp.ids import first_id_at

NARROWING: Final = (
    Event.COURSE_CHANGED,
    Event.COURSE_DELETED,
    Event.COURSE_LEFT,
    Event.COURSE_ROLE_GIVEN,  # a lower one, it may be
    Event.COURSE_ROLE_TAKEN,
)


_COURSE: Final = "course:"
_ENTRIES = Prepared(
    select(audit_log.c.id, audit_log.c.subject).where(
        audit_log.c.id >= bindparam("first", type_=id_type()), audit_log.c.event.in_(NARROWING)
    )
)


class CourseRevocations:
    """The reader of courses (`vtp.accounts.revocations`): `tell` hears of each course of which somebody may
    see less, here or in another process."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._seen: set[str] = set()

    async def read(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """A `Reader`."""
        first = first_id_at(int(since.timestamp() * 1000))
        entries = await _ENTRIES.rows(tx, {"first": first})
        found = {str(entry): str(subject) for entry, subject in entries}
        for subject in {found[entry] for entry in found.keys() - self._seen}:
            if subject.startswith(_COURSE):  # not a grade, whose subject is its student
                self._tell(subject.removeprefix(_COURSE))
        self._seen = set(found)
