"""Erases a person: row by row as the holdings say, within one transaction, and again for what was on its way.

Repeating it changes nothing more. The emptied account stays for RETENTION: as long as tokens that name it
can be about, and as long as network addresses in the audit log may be needed to look into what was done.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import Table, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.authenticator import Changes
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.tables import audit_log, sessions, users
from vtp.accounts.tokens import Rights
from vtp.accounts.user_administration import found, keep_an_admin
from vtp.accounts.users import find_user, lock_admins
from vtp.courses.enrolment_store import lock_courses_of
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.http.idempotency import forget_unmarked, mark_of
from vtp.http.identity import Principal, Role
from vtp.ids import parse_id
from vtp.own_data.holding import Deleted, Emptied, Holding, Rewritten, Subject, erased_address
from vtp.personal.holdings import HOLDINGS
from vtp.personal.mailbox import mailbox_of
from vtp.sealing import Sealer

SWEPT: Final = timedelta(hours=2)  # until what was on its way has arrived
RETENTION: Final = timedelta(days=30)  # GDPR, article 12(3): a month to answer in
logger = logging.getLogger(__name__)

_NO_RIGHTS: Final = Rights(Role.STUDENT, verified=False, watch_only=False, disabled=True)
_REWRITTEN_AT_ONCE: Final = 500


class Files(Protocol):
    """Files that are one person's."""

    async def erase(self, user_id: str) -> None:
        """Deletes those of this person. Raises Unavailable when not all can be reached now."""


@dataclass(frozen=True, slots=True)
class ErasureParts:
    """What erasing needs; `files`: pictures, tracks of recordings."""

    database: Database
    files: tuple[Files, ...]
    changes: Changes
    audit: AuditLog
    sealer: Sealer


class Erasure:
    """Erases accounts; `sweep` and `purge` are for the upkeep."""

    def __init__(self, parts: ErasureParts, *, clock: Clock = utc_now) -> None:
        self._parts = parts
        self._clock = clock

    async def erase_own(self, principal: Principal, origin: Origin) -> None:
        """Erases the caller, who has shown their password. Raises Conflict for the last administrator."""
        await self._erase(account_of(principal), principal, origin)

    async def erase(self, principal: Principal, user_id: str, origin: Origin) -> None:
        """Erases somebody. Raises Forbidden, NotFound, Conflict for the last administrator."""
        require(principal, Action.USER_MANAGE)
        await self._erase(parse_id(user_id, "/path/user_id"), principal, origin)

    async def sweep(self) -> int:
        """Erases again what was written of erased people since: votes and messages that were on their way.

        Gives how many people it looked for.
        """
        since = self._clock() - SWEPT
        async with self._parts.database.read() as tx:
            erased = select(users.c.id).where(users.c.erased_at >= since)
            ids = list((await tx.execute(erased)).scalars())
        for user_id in ids:
            async with self._parts.database.transaction() as tx:
                await self._empty(tx, self._subject(user_id))
            await self._erase_files(user_id)
        return len(ids)

    async def purge(self) -> int:
        """Removes the emptied accounts of long ago, and where they came from out of the audit log."""
        before = self._clock() - RETENTION
        async with self._parts.database.read() as tx:
            old = select(users.c.id).where(users.c.erased_at < before)
            ids = list((await tx.execute(old)).scalars())
        for user_id in ids:  # each by itself: others write in between, however many left school together
            if not await self._erase_files(user_id):
                continue  # the next hour, while there is still a row that says whose files they are
            async with self._parts.database.transaction() as tx:
                await self._empty(tx, self._subject(user_id))
                c = audit_log.c
                theirs = or_(
                    c.actor_id == user_id, and_(c.subject == f"user:{user_id}", c.actor_id.is_(None))
                )
                await tx.execute(update(audit_log).where(theirs).values(ip=None, user_agent=None))
                await tx.execute(delete(users).where(users.c.id == user_id))
        return len(ids)

    @done_over
    async def _erase(self, user_id: str, principal: Principal, origin: Origin) -> None:
        now = self._clock()
        async with self._parts.database.transaction() as tx:
            await lock_courses_of(tx, user_id)
            await lock_admins(tx)
            user = found(await find_user(tx, user_id, lock=True))
            alive = select(sessions.c.id).where(
                sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None)
            )
            ended = list((await tx.execute(alive)).scalars())
            mailbox = await mailbox_of(tx, user)
            await self._empty(tx, self._subject(user_id, user.email, user.full_name, mailbox))
            await forget_unmarked(tx)
            await keep_an_admin(tx, user, None)
            await self._parts.audit.record(
                tx,
                Event.USER_DELETED,
                origin,
                actor_id=principal.user_id,
                subject=f"user:{user_id}",
                details={"by": "owner" if principal.user_id == user_id else "admin", "sessions": len(ended)},
            )
        self._parts.changes.change_rights(user_id, _NO_RIGHTS, now)
        self._parts.changes.end_sessions(ended, now)
        await self._erase_files(user_id)

    async def _erase_files(self, user_id: str) -> bool:
        """Whether nothing is left; else the sweeps try again."""
        whole = True
        for files in self._parts.files:
            try:
                await files.erase(user_id)
            except Unavailable as error:
                logger.warning("Files of %s are to be erased later: %s", user_id, error.detail)
                whole = False
        return whole

    async def _empty(self, tx: AsyncConnection, subject: Subject) -> None:
        for holding in HOLDINGS:
            await _apply(tx, holding, subject, self._clock())

    def _subject(self, user_id: str, email: str = "", full_name: str = "", mailbox: str = "") -> Subject:
        """Of who is erased already only the id is known."""
        known = email or erased_address(user_id)
        marks = tuple(mark_of(self._parts.sealer, name) for name in (user_id, known))
        return Subject(user_id, known, full_name, secrets.token_hex(16), marks, mailbox)


async def _apply(tx: AsyncConnection, holding: Holding, subject: Subject, now: datetime) -> None:
    table, theirs, erasure = holding.table, holding.theirs(subject), holding.erasure
    if isinstance(erasure, Deleted):
        async with erasure.counted(tx, subject.user_id) if erasure.counted else nullcontext():
            await tx.execute(delete(table).where(theirs))
    elif isinstance(erasure, Emptied):
        await tx.execute(update(table).where(theirs).values(**erasure.values(subject, now)))
    elif isinstance(erasure, Rewritten):
        await _rewrite(tx, holding, erasure, subject)


async def _rewrite(tx: AsyncConnection, holding: Holding, erasure: Rewritten, subject: Subject) -> None:
    """A page of rows at a time, by id."""
    table, column = holding.table, holding.table.c[erasure.column]
    after = ""
    while True:
        page = (
            select(table.c.id, column)
            .where(holding.theirs(subject), table.c.id > after)
            .order_by(table.c.id)
            .limit(_REWRITTEN_AT_ONCE)
        )
        rows = list(await tx.execute(page))
        for row in rows:
            await _rewrite_row(tx, table, erasure, subject, row[0], row[1])
        if len(rows) < _REWRITTEN_AT_ONCE:
            return
        after = rows[-1][0]


async def _rewrite_row(
    tx: AsyncConnection, table: Table, erasure: Rewritten, subject: Subject, row_id: str, value: Any
) -> None:
    rewritten = erasure.rewrite(subject, value)
    if rewritten is not None:
        await tx.execute(update(table).where(table.c.id == row_id).values({erasure.column: rewritten}))
