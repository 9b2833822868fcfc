"""The audit log as administrators read it: newest first, filtered, a page at a time; and how long it is kept.

Identifiers are minted with the entry's time in front, so a page, a span of time and an event are all ranges
of one index each.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.tables import audit_log, users
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import first_id_at

EXPORT_PAGE: Final = 500
TRIMMED_AT_ONCE: Final = 1000  # rows in one transaction: others write meanwhile
_COLUMNS = ("id", "at", "event", "actor_id", "subject", "ip", "user_agent", "request_id", "details")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, and what its actor is called now (None: nobody, or an account that is gone)."""

    id: str
    at: datetime
    event: str
    actor_id: str | None
    subject: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    details: dict[str, Any] | None
    actor_name: str | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to read; what is empty does not matter. `until` is not within the span."""

    event: str = ""
    actor_id: str | None = None
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditTrail:
    """Reads the log."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def page(
        self, principal: Principal, wanted: AuditFilter, *, limit: int, before: str | None
    ) -> list[Entry]:
        """Entries, newest first. Raises Forbidden."""
        require(principal, Action.AUDIT_READ)
        async with self._database.read() as tx:
            return await _page(tx, wanted, limit, before)

    async def export(
        self, principal: Principal, wanted: AuditFilter, origin: Origin
    ) -> AsyncIterator[list[Entry]]:
        """Everything that is wanted, a page at a time, each read when it is asked for; that it was taken is
        itself an entry. Raises Forbidden.
        """
        require(principal, Action.AUDIT_READ)
        await self._audit.note(
            Event.AUDIT_EXPORTED, origin, actor_id=principal.user_id, details=_describe(wanted)
        )
        return self._pages(wanted)

    async def trim(self, before: datetime) -> int:
        """Deletes what is older, a little at a time; gives how much, and says so in the log itself."""
        count = 0
        while deleted := await self._trim_some(before):
            count += deleted
        if count:
            details = {"entries": count, "before": before.isoformat()}
            await self._audit.note(Event.AUDIT_TRIMMED, Origin(), details=details)
        return count

    async def _pages(self, wanted: AuditFilter) -> AsyncIterator[list[Entry]]:
        before: str | None = None
        while True:
            async with self._database.read() as tx:
                entries = await _page(tx, wanted, EXPORT_PAGE, before)
            yield entries
            if len(entries) < EXPORT_PAGE:
                return
            before = entries[-1].id

    async def _trim_some(self, before: datetime) -> int:
        oldest = select(audit_log.c.id).where(audit_log.c.at < before).order_by(audit_log.c.at)
        some = oldest.limit(TRIMMED_AT_ONCE)
        async with self._database.transaction() as tx:
            return (await tx.execute(delete(audit_log).where(audit_log.c.id.in_(some)))).rowcount


def kept_since(now: datetime, keep_days: int) -> datetime | None:
    """What is older is deleted; None keeps everything."""
    return now - timedelta(days=keep_days) if keep_days else None


async def _page(tx: AsyncConnection, wanted: AuditFilter, limit: int, before: str | None) -> list[Entry]:
    c = audit_log.c
    statement = (
        select(*(c[name] for name in _COLUMNS), users.c.full_name.label("actor_name"))
        .join_from(audit_log, users, users.c.id == c.actor_id, isouter=True)
        .where(*_conditions(wanted))
        .order_by(c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(c.id < before)
    return [_entry(row) for row in await tx.execute(statement)]


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    c = audit_log.c
    if wanted.event:
        yield c.event == wanted.event
    if wanted.actor_id is not None:
        yield c.actor_id == wanted.actor_id
    if wanted.subject:
        yield c.subject == wanted.subject
    if wanted.since is not None:
        yield c.id >= first_id_at(_milliseconds(wanted.since))
    if wanted.until is not None:
        yield c.id < first_id_at(_milliseconds(wanted.until))


def _milliseconds(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000))


def _entry(row: Row[Any, *tuple[Any, ...]]) -> Entry:
    return Entry(*(getattr(row, name) for name in Entry.__slots__))


def _describe(wanted: AuditFilter) -> dict[str, object]:
    said = {name: getattr(wanted, name) for name in AuditFilter.__slots__}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in said.items()
        if value
    }
