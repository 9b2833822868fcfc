"""Links for people without an account: rows whose tokens are stored nowhere; a link has its token's id.

Guests' links to a room (decision 0033) and links to a recording (decision 0077) differ in what they open. How
they are counted, listed and revoked, here and in other processes, is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Row, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.guest_tokens import GuestTokens
from vtp.accounts.moments import Clock
from vtp.db import Database
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime

LinkStatus = Literal["good", "revoked", "expired"]
KEPT_AFTER_END = timedelta(days=30)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What every link has, as it is stored."""

    id: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> LinkStatus:
        """Whether it opens what it was made for, as far as the link goes."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "good"


L = TypeVar("L", bound=Link)


class LinkRows(Generic[L]):
    """The rows of one kind of link: a table with a column for each field of `kind`; `opens` names the one
    that says what a link opens."""

    def __init__(self, table: Table, kind: type[L], opens: str) -> None:
        self._table = table
        self._kind = kind
        self._names = [field.name for field in fields(kind)]
        self._columns = [table.c[name] for name in self._names]
        self._opens = table.c[opens]
        since, now = (bindparam(name, type_=UtcDateTime()) for name in ("since", "now"))
        # Since ever is a time, too: SQLite looks that up by its index, unlike "is not null".
        revoked = (table.c.revoked_at >= since, table.c.expires_at > now)
        self._revoked = Prepared(select(*self._columns).where(*revoked))

    async def add(self, tx: AsyncConnection, link: L) -> None:
        """Adds a link, and forgets those to the same that ended long ago."""
        opened = getattr(link, self._opens.name)
        long_ago = self._table.c.expires_at < link.created_at - KEPT_AFTER_END
        await tx.execute(delete(self._table).where(self._opens == opened, long_ago))
        values = {name: getattr(link, name) for name in self._names}
        await tx.execute(insert(self._table).values(values))

    async def count_good(self, tx: AsyncConnection, opened: str, now: datetime) -> int:
        """How many links open it now."""
        c = self._table.c
        good = (self._opens == opened, c.expires_at > now, c.revoked_at.is_(None))
        return (await tx.execute(select(func.count()).where(*good))).scalar_one()

    async def page(self, tx: AsyncConnection, opened: str, *, limit: int, before: str | None) -> list[L]:
        """Links to it, newest first."""
        c = self._table.c
        statement = select(*self._columns).where(self._opens == opened).order_by(c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(c.id < before)
        return [self._link(row) for row in await tx.execute(statement)]

    async def find(self, tx: AsyncConnection, opened: str, link_id: str) -> L | None:
        """One link to it."""
        wanted = (self._table.c.id == link_id, self._opens == opened)
        row = (await tx.execute(select(*self._columns).where(*wanted))).one_or_none()
        return self._link(row) if row else None

    async def revoke(self, tx: AsyncConnection, link_id: str, now: datetime) -> None:
        """Marks a link as revoked."""
        c = self._table.c
        good = (c.id == link_id, c.revoked_at.is_(None))
        await tx.execute(update(self._table).where(*good).values(revoked_at=now))

    async def revoked(self, tx: AsyncConnection, now: datetime, since: datetime | None = None) -> list[L]:
        """Those whose tokens would still be good had they not been revoked, since then or ever."""
        revoked = await self._revoked.rows(tx, {"since": since or _EVER, "now": now})
        return [self._kind(**dict(zip(self._names, row, strict=True))) for row in revoked]

    def _link(self, row: Row[Any]) -> L:
        return self._kind(**{name: getattr(row, name) for name in self._names})


class RevokedLinks(Generic[L]):
    """Makes hold in memory which links of one kind are revoked, here and by other processes."""

    def __init__(self, database: Database, rows: LinkRows[L], guests: GuestTokens, clock: Clock) -> None:
        self._database = database
        self._rows = rows
        self._guests = guests
        self._clock = clock

    async def start(self) -> None:
        """Recalls which were revoked; call once before serving."""
        async with self._database.read() as tx:
            revoked = await self._rows.revoked(tx, self._clock())
        self._guests.revoke((link.id, link.expires_at) for link in revoked)

    async def recall(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """Makes hold here what other processes have revoked since then; see `vtp.accounts.revocations`."""
        for link in await self._rows.revoked(tx, now, since):
            if not self._guests.is_revoked(link.id):
                self._guests.revoke([(link.id, link.expires_at)])

    def add(self, link: L, now: datetime) -> L:
        """Refuses a link from now on; gives it as it is stored then."""
        if link.expires_at > now:
            self._guests.revoke([(link.id, link.expires_at)])
        return replace(link, revoked_at=link.revoked_at or now)
