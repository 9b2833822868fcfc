"""Waits after failed sign-ins and wrong codes that began in another process, or before the start: read from
the audit log, which has them anyway. So neither a restart nor a second process gives more tries to a guesser
who waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event
from vtp.accounts.kept_waits import KeptWaits
from vtp.accounts.moments import Clock, utc_now
from vtp.accounts.tables import audit_log
from vtp.db.prepared import Prepared
from vtp.db.types import id_type
from vtp.ids import uuid7

MOST_AT_ONCE = 500
"""The newest since a minute before the last look: each costs a guesser a hash."""
MOST_AT_START = 50_000
PASSWORDS, CODES = "passwords", "codes"
"""Kinds of waits, as an entry's `of` says; one without is of passwords."""
_LIFTING = (Event.PASSWORD_CHANGED, Event.SECOND_FACTOR_RESET)
_NEWEST = Prepared(
    select(audit_log.c.at, audit_log.c.details)
    .where(audit_log.c.event == bindparam("event"), audit_log.c.id >= bindparam("first", type_=id_type()))
    .order_by(audit_log.c.id.desc())
    .limit(bindparam("most", type_=Integer()))
)


class LockoutWatch:
    """A reader of `Revocations`, which looks twice a second; at first as far back as a wait may last."""

    def __init__(
        self, waits: Mapping[str, KeptWaits], longest_wait: timedelta, *, clock: Clock = utc_now
    ) -> None:
        self._waits = waits
        self._longest_wait = longest_wait
        self._clock = clock
        self._started = False

    async def read(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """A `Reader`."""
        most = MOST_AT_ONCE if self._started else MOST_AT_START
        if not self._started:
            since = now - self._longest_wait
        lifted = [one for event in _LIFTING for one in await _entries(tx, event, since, most)]
        begun = await _entries(tx, Event.SIGN_IN_LOCKED, since, most)
        for at, details in [*lifted, *begun]:  # what was lifted first: an older wait is not begun again
            # As of now: reading took a while, and a wait must not seem younger than its lifting.
            self._apply(details or {}, (self._clock() - at).total_seconds())
        self._started = True

    def _apply(self, details: Mapping[str, Any], ago_s: float) -> None:
        waits = self._waits.get(str(details.get("of", PASSWORDS)))
        if waits is None:
            return
        if "failures" in details:
            waits.recall(str(details["key"]), int(details["failures"]), ago_s)
        elif "lifts" in details:
            lifts = details["lifts"]
            for key in [lifts] if isinstance(lifts, str) else lifts:
                waits.recall_lifted(str(key), ago_s)


async def _entries(
    tx: AsyncConnection, event: Event, since: datetime, most: int
) -> list[tuple[datetime, Mapping[str, Any] | None]]:
    """When and what, the oldest first."""
    first = uuid7(max(0, int(since.timestamp() * 1_000_000_000)), 0)
    newest = await _NEWEST.rows(tx, {"event": event.value, "first": first, "most": most})
    return [(at, details) for at, details in reversed(newest)]
