"""The rows of links to recordings: added, listed, revoked. Tokens are not stored; a link has its id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.recording.tables import recording_shares
from vtp.rooms.link_store import KEPT_AFTER_END, LinkStatus

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Share:
    """One link as it is stored."""

    id: str
    recording_id: str
    title: str
    download: bool
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> LinkStatus:
        """Whether it opens the recording, as far as the link goes."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "good"


_COLUMNS = [recording_shares.c[name] for name in Share.__slots__]


async def add_share(tx: AsyncConnection, share: Share) -> None:
    """Adds a link, and forgets those of its recording that ended long ago."""
    c = recording_shares.c
    is_old = (c.recording_id == share.recording_id, c.expires_at < share.created_at - KEPT_AFTER_END)
    await tx.execute(delete(recording_shares).where(*is_old))
    values = {name: getattr(share, name) for name in Share.__slots__}
    await tx.execute(insert(recording_shares).values(values))


async def count_good(tx: AsyncConnection, recording_id: str, now: datetime) -> int:
    """How many links open a recording now."""
    c = recording_shares.c
    good = (c.recording_id == recording_id, c.expires_at > now, c.revoked_at.is_(None))
    return (await tx.execute(select(func.count()).where(*good))).scalar_one()


async def page_of_shares(
    tx: AsyncConnection, recording_id: str, *, limit: int, before: str | None
) -> list[Share]:
    """Links to a recording, newest first."""
    c = recording_shares.c
    statement = select(*_COLUMNS).where(c.recording_id == recording_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(c.id < before)
    return [_share(row) for row in await tx.execute(statement)]


async def find_share(tx: AsyncConnection, recording_id: str, share_id: str) -> Share | None:
    """One link to a recording."""
    c = recording_shares.c
    wanted = select(*_COLUMNS).where(c.id == share_id, c.recording_id == recording_id)
    row = (await tx.execute(wanted)).one_or_none()
    return _share(row) if row else None


async def revoke_share(tx: AsyncConnection, share_id: str, now: datetime) -> None:
    """Marks a link as revoked."""
    c = recording_shares.c
    good = (c.id == share_id, c.revoked_at.is_(None))
    await tx.execute(update(recording_shares).where(*good).values(revoked_at=now))


async def revoked_shares(tx: AsyncConnection, now: datetime, since: datetime | None = None) -> list[Share]:
    """Those whose tokens would still be good had they not been revoked, since then or ever."""
    c = recording_shares.c
    revoked = c.revoked_at >= (since or _EVER)  # which SQLite looks up by its index, unlike "is not null"
    found = await tx.execute(select(*_COLUMNS).where(revoked, c.expires_at > now))
    return [_share(row) for row in found]


def _share(row: Row[Any, *tuple[Any, ...]]) -> Share:
    return Share(*(getattr(row, name) for name in Share.__slots__))
