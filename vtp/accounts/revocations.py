"""What other processes have revoked: read from the database twice a second, so that it holds here within two.

A poll and no messages: it needs nothing besides the database that there is, works on both, and cannot miss
what happened while a connection was away. Decision 0066.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event
from vtp.accounts.authenticator import Changes
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.sessions import Sessions
from vtp.accounts.tables import audit_log
from vtp.accounts.tokens import Rights, Tokens
from vtp.accounts.users import users_changed_since
from vtp.db import Database
from vtp.db.prepared import Prepared, Row
from vtp.db.types import id_type
from vtp.errors import Unavailable
from vtp.http.identity import Role
from vtp.ids import first_id_at

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5  # leaves 1.5 s of the two for a database and a loop that are busy
# How long after it was stamped a revocation may become visible: the longest transaction, and what the clocks
# of two machines may differ by.
OVERLAP = timedelta(seconds=60)

Reader = Callable[[AsyncConnection, datetime, datetime], Awaitable[None]]
"""Reads what was revoked since then, and makes it hold here; what holds already is not told again."""


class Revocations:
    """`start` once before serving, then `watch` for ever. `memory`: how long an access token is good for.

    What is revoked of accounts matters for no longer than that, also at the first look; links are good for
    weeks, so their readers are asked from the last look on, however long the database was away.
    """

    def __init__(self, database: Database, memory: timedelta, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._memory = memory
        self._clock = clock
        self._readers: list[tuple[Reader, bool]] = []
        self._seen: datetime | None = None

    def add_reader(self, reader: Reader, *, outlasts_memory: bool = False) -> None:
        """Asks `reader` at each look; `outlasts_memory`: for all since the last one, however long ago."""
        self._readers.append((reader, outlasts_memory))

    async def look(self) -> None:
        """Reads once what has been revoked since the last time. Raises Unavailable."""
        now = self._clock()
        recent = now - self._memory
        last = min(self._seen, now) - OVERLAP if self._seen is not None else recent
        recent = max(last, recent)
        async with self._database.read() as tx:
            for read, outlasts_memory in self._readers:
                await read(tx, last if outlasts_memory else recent, now)
        self._seen = now

    async def watch(self) -> None:
        """Looks all the time; what is missed while the database is away is made up for when it is back."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                continue
            except Exception:  # a damaged file, say: to stop looking would be worse
                logger.exception("What other processes revoked cannot be read.")


class AccountRevocations:
    """The reader of accounts: sessions ended, rights changed, people erased, backups restored."""

    def __init__(self, sessions: Sessions, changes: Changes, tokens: Tokens) -> None:
        self._sessions = sessions
        self._changes = changes
        self._tokens = tokens
        self._restored: set[str] = set()

    async def read(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """A `Reader`."""
        ended = await self._sessions.ended_since(tx, since)
        self._changes.end_sessions([one for one in ended if not self._changes.has_ended(one)], now)
        for user in await users_changed_since(tx, since):
            self._changes.recall_rights(user.id, user.rights, now)
        for entry_id, event, subject in await _noted_since(tx, since):
            if event == Event.USER_DELETED:
                self._changes.recall_rights(subject.removeprefix("user:"), _NOBODY, now)
            elif entry_id not in self._restored:
                # Once for each: a clock that was ahead then would end what is made until it was caught up.
                self._restored.add(entry_id)
                self._tokens.end_access(min(entry_id, first_id_at(int(now.timestamp() * 1000))))


# As the emptied account says too, while it is there: what differed would be told anew at each look.
_NOBODY = Rights(Role.STUDENT, verified=False, watch_only=False, disabled=True)
_NOTED = Prepared(
    select(audit_log.c.id, audit_log.c.event, audit_log.c.subject).where(
        audit_log.c.event.in_((Event.USER_DELETED, Event.BACKUP_RESTORED)),
        audit_log.c.id >= bindparam("first", type_=id_type()),
    )
)


async def _noted_since(tx: AsyncConnection, since: datetime) -> Sequence[Row]:
    """What the log alone says: accounts that are gone, sessions and all, and restores, which end sessions
    that no database knows."""
    first = first_id_at(int(since.timestamp() * 1000))
    return await _NOTED.rows(tx, {"first": first})
