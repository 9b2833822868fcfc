"""The rows of guests' links: added, listed, revoked. Tokens are not stored; a link has its token's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.rooms.tables import guest_links

LinkStatus = Literal["good", "revoked", "expired"]
KEPT_AFTER_END = timedelta(days=30)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GuestLink:
    """One link as it is stored."""

    id: str
    room_id: str
    label: str
    full_name: str
    publish: bool
    watch: bool
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> LinkStatus:
        """Whether it opens the room."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "good"


_COLUMNS = [guest_links.c[name] for name in GuestLink.__slots__]


async def add_link(tx: AsyncConnection, link: GuestLink) -> None:
    """Adds a link, and forgets those of its room that ended long ago."""
    c = guest_links.c
    old = delete(guest_links).where(
        c.room_id == link.room_id, c.expires_at < link.created_at - KEPT_AFTER_END
    )
    await tx.execute(old)
    await tx.execute(insert(guest_links).values({name: getattr(link, name) for name in GuestLink.__slots__}))


async def count_good(tx: AsyncConnection, room_id: str, now: datetime) -> int:
    """How many links of a room open it now."""
    c = guest_links.c
    good = select(func.count()).where(c.room_id == room_id, c.expires_at > now, c.revoked_at.is_(None))
    return (await tx.execute(good)).scalar_one()


async def page_of_links(
    tx: AsyncConnection, room_id: str, *, limit: int, before: str | None
) -> list[GuestLink]:
    """Links of a room, newest first."""
    c = guest_links.c
    statement = select(*_COLUMNS).where(c.room_id == room_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(c.id < before)
    return [_link(row) for row in await tx.execute(statement)]


async def find_link(tx: AsyncConnection, room_id: str, link_id: str) -> GuestLink | None:
    """One link of a room."""
    c = guest_links.c
    row = (await tx.execute(select(*_COLUMNS).where(c.id == link_id, c.room_id == room_id))).one_or_none()
    return _link(row) if row else None


async def revoke_link(tx: AsyncConnection, link_id: str, now: datetime) -> None:
    """Marks a link as revoked."""
    c = guest_links.c
    await tx.execute(
        update(guest_links).where(c.id == link_id, c.revoked_at.is_(None)).values(revoked_at=now)
    )


async def revoked_links(tx: AsyncConnection, now: datetime, since: datetime | None = None) -> list[GuestLink]:
    """Those whose tokens would still be good had they not been revoked, since then or ever."""
    c = guest_links.c
    revoked = c.revoked_at >= (since or _EVER)  # which SQLite looks up by its index, unlike "is not null"
    found = await tx.execute(select(*_COLUMNS).where(revoked, c.expires_at > now))
    return [_link(row) for row in found]


def _link(row: Row[Any, *tuple[Any, ...]]) -> GuestLink:
    return GuestLink(*(getattr(row, name) for name in GuestLink.__slots__))
