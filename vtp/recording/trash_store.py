"""The SQL of the trash: what lies in it, and what of it is to be deleted for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.recording.store import COLUMNS, Recording, Status, Storage, of_instance, recording_of
from vtp.recording.tables import recordings

_c = recordings.c
LEFT_ALONE = timedelta(days=1)
"""What is in an object store any process deletes, when the one that recorded it has not by then."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How much is in the trash, and what it takes; `going` of it is being deleted for good."""

    recordings: int
    used_bytes: int
    going: int


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose part of the trash: everybody's, or what one account has started."""

    everybodys: bool
    owner_id: str | None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Over the columns of `recordings`."""
        in_trash = _c.status == Status.DELETED
        return in_trash if self.everybodys else and_(in_trash, _c.started_by == self.owner_id)


async def contents_of(tx: AsyncConnection, whose: Whose) -> Contents:
    """What somebody has in the trash."""
    size = func.coalesce(func.sum(_c.file_size_bytes), 0)
    going = func.count(case((_c.purging_at.is_not(None), 1)))
    row = (await tx.execute(select(func.count(), size, going).where(whose.condition))).one()
    return Contents(int(row[0]), int(row[1]), int(row[2]))


async def some_of(
    tx: AsyncConnection, whose: Whose, remote_url: str, until: datetime, limit: int
) -> list[Recording]:
    """Some that were put into the trash until then, can be deleted from here and are not to be yet."""
    reachable = or_(_c.stored_url.is_(None), _c.stored_url == remote_url)
    wanted = whose.condition, _c.purging_at.is_(None), _c.deleted_at <= until, reachable
    rows = await tx.execute(select(*COLUMNS).where(*wanted).order_by(_c.id).limit(limit))
    return [recording_of(row) for row in rows]


async def kept_of(tx: AsyncConnection, recording_ids: Sequence[str]) -> set[str]:
    """Those of them that there are, and that are not being deleted for good."""
    kept = _c.id.in_(recording_ids), _c.purging_at.is_(None)
    return set((await tx.execute(select(_c.id).where(*kept))).scalars())


async def to_be_purged(
    tx: AsyncConnection, instance_id: str, remote_url: str, now: datetime, after: str, limit: int
) -> list[str]:
    """The ids of some, behind the id `after`, that are to be deleted for good by the process of this data
    folder: those that it has recorded, and what others have left alone in the store."""
    reachable = or_(_c.stored_url.is_(None), _c.stored_url == remote_url)
    left_alone = and_(_c.storage == Storage.STORED, _c.purging_at < now - LEFT_ALONE)
    wanted = _c.purging_at.is_not(None), reachable, or_(of_instance(instance_id), left_alone)
    statement = select(_c.id).where(*wanted).order_by(_c.id).limit(limit)
    statement = statement.where(_c.id > after) if after else statement
    return list((await tx.execute(statement)).scalars())
