"""The SQL of what time does to recordings: looked through by id, some at a time. A change is made only where
the row still is as it was seen, so that any number of processes may look."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.http.identity import Role
from vtp.notifications.store import To
from vtp.recording.store import Recording, Status
from vtp.recording.tables import recording_access_log, recording_progress, recordings

ENDED = (Status.READY, Status.INTERRUPTED, Status.FAILED)
_c = recordings.c
_COLUMNS = (
    _c.id,
    _c.room_id,
    _c.title,
    _c.started_by,
    _c.created_at,
    _c.stopped_at,
    _c.restored_at,
    _c.deleted_at,
    _c.kept,
    _c.expires_at,
    _c.warned_at,
)


@dataclass(frozen=True, slots=True)
class Aging:
    """What of a recording says how long it is kept."""

    id: str
    room_id: str
    title: str
    started_by: str | None
    created_at: datetime
    stopped_at: datetime | None
    restored_at: datetime | None
    deleted_at: datetime | None
    kept: bool
    expires_at: datetime | None
    warned_at: datetime | None

    def is_still(self, now: Recording) -> bool:
        """Whether a row says today what was seen of it, and nothing else is done with it."""
        seen = self.kept, self.deleted_at, self.restored_at
        in_place = now.status in ENDED or now.status is Status.DELETED
        return in_place and now.purging_at is None and seen == (now.kept, now.deleted_at, now.restored_at)

    @property
    def since(self) -> datetime:
        """From when on it counts: its end, when it was brought here, or came back from the trash."""
        return max(one for one in (self.created_at, self.stopped_at, self.restored_at) if one is not None)


async def page_of_ended(tx: AsyncConnection, after: str, limit: int) -> list[Aging]:
    """Those that have ended and are not in the trash, behind an id."""
    return await _page(tx, _c.status.in_(ENDED), after, limit)


async def page_of_trashed(tx: AsyncConnection, after: str, limit: int) -> list[Aging]:
    """Those in the trash that are not to be deleted for good yet, behind an id."""
    return await _page(tx, (_c.status == Status.DELETED) & _c.purging_at.is_(None), after, limit)


async def forget_terms(tx: AsyncConnection) -> int:
    """Nothing expires any more but the trash; gives of how many it was said."""
    said = _c.status != Status.DELETED, or_(_c.expires_at.is_not(None), _c.warned_at.is_not(None))
    return (
        await tx.execute(update(recordings).where(*said).values(expires_at=None, warned_at=None))
    ).rowcount


async def set_term(tx: AsyncConnection, seen: Aging, **values: Any) -> bool:
    """Sets when one expires, or that it was told; False when it is not as it was seen any more."""
    was = seen.expires_at, seen.warned_at
    same = [
        column.is_(None) if value is None else column == value
        for column, value in zip((_c.expires_at, _c.warned_at), was, strict=True)
    ]
    in_trash = _c.deleted_at.is_not(None) if seen.deleted_at else _c.deleted_at.is_(None)
    wanted = _c.id == seen.id, _c.kept.is_(seen.kept), _c.purging_at.is_(None), in_trash, *same
    return (await tx.execute(update(recordings).where(*wanted).values(**values))).rowcount == 1


async def opened_since(tx: AsyncConnection, ids: Collection[str], since: datetime) -> set[str]:
    """Those of some that somebody has opened, downloaded or watched since then."""
    log, watched = recording_access_log.c, recording_progress.c
    opened = select(log.recording_id).where(log.recording_id.in_(ids), log.at >= since)
    followed = select(watched.recording_id).where(watched.recording_id.in_(ids), watched.updated_at >= since)
    return set((await tx.execute(opened.union(followed))).scalars())


async def owners_among(tx: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Those of some accounts that may bring back what they have made."""
    may = users.c.role.in_((Role.ADMIN, Role.TEACHER)) & users.c.disabled_at.is_(None)
    return set((await tx.execute(select(users.c.id).where(users.c.id.in_(ids), may))).scalars())


def administrators() -> To:
    """Who may bring back everything."""
    return select(users.c.id).where(users.c.role == Role.ADMIN, users.c.disabled_at.is_(None))


async def _page(tx: AsyncConnection, which: ColumnElement[bool], after: str, limit: int) -> list[Aging]:
    statement = select(*_COLUMNS).where(which).order_by(_c.id).limit(limit)
    statement = statement.where(_c.id > after) if after else statement
    return [Aging(*row) for row in await tx.execute(statement)]
