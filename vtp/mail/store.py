"""The rows of mails: the next one due, claimed, ended, listed. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.mail.tables import mails


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail; `body` is sealed, and None once it is sent or expired."""

    id: str
    kind: str
    user_id: str | None
    to_address: str
    subject: str
    body: str | None
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    attempts: int
    next_try_at: datetime | None
    last_error: str | None
    calendars: str | None = None
    unsubscribe: str | None = None


_COLUMNS = [mails.c[name] for name in StoredMail.__slots__]


async def next_due(tx: AsyncConnection, kinds: Collection[str] = ()) -> StoredMail | None:
    """The mail (of these kinds, if any are named) to be tried next, whether it is time yet or not."""
    statement = select(*_COLUMNS).where(mails.c.next_try_at.is_not(None)).order_by(mails.c.next_try_at)
    if kinds:
        statement = statement.where(mails.c.kind.in_(sorted(kinds)))
    return _mail((await tx.execute(statement.limit(1))).one_or_none())


async def claim(tx: AsyncConnection, mail: StoredMail, until: datetime) -> bool:
    """Takes a mail for oneself until then; False when another process was faster."""
    statement = (
        update(mails)
        .where(mails.c.id == mail.id, mails.c.next_try_at == mail.next_try_at)
        .values(next_try_at=until, attempts=mails.c.attempts + 1)
    )
    return (await tx.execute(statement)).rowcount == 1


async def find_mail(tx: AsyncConnection, mail_id: str) -> StoredMail | None:
    """The mail with this id."""
    return _mail((await tx.execute(select(*_COLUMNS).where(mails.c.id == mail_id))).one_or_none())


async def change_mail(tx: AsyncConnection, mail_id: str, changes: Mapping[str, Any]) -> None:
    """Writes columns of a mail."""
    await tx.execute(update(mails).where(mails.c.id == mail_id).values(**changes))


async def page_of_mails(tx: AsyncConnection, *, limit: int, before: str | None) -> list[StoredMail]:
    """Mails, newest first."""
    statement = select(*_COLUMNS).order_by(mails.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(mails.c.id < before)
    return [_to_mail(row) for row in await tx.execute(statement)]


async def expire(tx: AsyncConnection, now: datetime) -> int:
    """Gives up what is too late for its reader, and forgets its text; gives how many were given up."""
    over = mails.c.expires_at <= now, mails.c.sent_at.is_(None)
    given_up = update(mails).where(*over, mails.c.failed_at.is_(None), mails.c.next_try_at.is_not(None))
    count = (await tx.execute(given_up.values(failed_at=now, next_try_at=None))).rowcount
    await tx.execute(
        update(mails)
        .where(*over, mails.c.body.is_not(None))
        .values(body=None, calendars=None, unsubscribe=None, next_try_at=None)
    )
    return count


async def forget_mails(tx: AsyncConnection, before: datetime) -> None:
    """Deletes what expired before then."""
    await tx.execute(delete(mails).where(mails.c.expires_at < before))


def _mail(row: Row[Any] | None) -> StoredMail | None:
    return _to_mail(row) if row is not None else None


def _to_mail(row: Row[Any]) -> StoredMail:
    return StoredMail(**row._mapping)
