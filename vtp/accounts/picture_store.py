"""The rows of pictures' files: where the bytes of each are. No rules here, only SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import picture_files as table
from vtp.accounts.tables import users

FOLDER = "pictures"
"""Below it lie all of them, here and in an object store."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file as it is stored; somebody's picture while their account names its key."""

    key: str
    user_id: str | None
    instance_id: str | None
    stored_url: str | None
    stored_at: datetime | None
    created_at: datetime


def folder_of(user_id: str) -> str:
    """Where somebody's files lie in the store."""
    return f"{FOLDER}/{user_id}"


_COLUMNS = [table.c[name] for name in PictureFile.__slots__]
_USED = exists().where(users.c.id == table.c.user_id, users.c.picture_key == table.c.key)


async def add_file(tx: AsyncConnection, file: PictureFile) -> None:
    """Adds the row of one that arrives."""
    await tx.execute(insert(table).values({name: getattr(file, name) for name in file.__slots__}))


async def find_file(tx: AsyncConnection, key: str) -> PictureFile | None:
    """One."""
    row = (await tx.execute(select(*_COLUMNS).where(table.c.key == key))).one_or_none()
    return PictureFile(*row) if row is not None else None


async def files_of(tx: AsyncConnection, user_id: str) -> list[PictureFile]:
    """All of somebody's."""
    found = await tx.execute(select(*_COLUMNS).where(table.c.user_id == user_id))
    return [PictureFile(*row) for row in found]


async def note_sending(tx: AsyncConnection, key: str, url: str) -> None:
    """One is sent to an object store from now on."""
    await tx.execute(update(table).where(table.c.key == key).values(stored_url=url))


async def note_stored(
    tx: AsyncConnection, key: str, url: str, now: datetime, instance_id: str | None
) -> None:
    """The object store has one; `instance_id`: the data folder that has it, too."""
    values = {"stored_url": url, "stored_at": now, "instance_id": instance_id}
    await tx.execute(update(table).where(table.c.key == key).values(**values))


async def is_used(tx: AsyncConnection, key: str) -> bool:
    """Whether it is somebody's picture."""
    return (await tx.execute(select(table.c.key).where(table.c.key == key, _USED))).first() is not None


async def leave_to_its_folder(tx: AsyncConnection, key: str) -> None:
    """Nothing is left of one but what another data folder has to delete."""
    await tx.execute(update(table).where(table.c.key == key).values(stored_url=None, stored_at=None))


async def remove_file(tx: AsyncConnection, key: str) -> None:
    """Removes the row of one."""
    await tx.execute(delete(table).where(table.c.key == key))


async def waiting(
    tx: AsyncConnection, instance_id: str | None, *, after: str, limit: int
) -> list[PictureFile]:
    """Pictures of a data folder that no object store has yet, in the order of their keys."""
    c = table.c
    wanted = and_(c.instance_id == instance_id, c.stored_at.is_(None), c.key > after, _USED)
    found = await tx.execute(select(*_COLUMNS).where(wanted).order_by(c.key).limit(limit))
    return [PictureFile(*row) for row in found]


async def used_keys(tx: AsyncConnection, *, after: str, limit: int) -> list[str]:
    """Those that are somebody's picture, in their order."""
    wanted = select(table.c.key).where(table.c.key > after, _USED).order_by(table.c.key).limit(limit)
    return list((await tx.execute(wanted)).scalars())


async def unused(
    tx: AsyncConnection, instance_id: str | None, before: datetime, *, after: str, limit: int
) -> list[PictureFile]:
    """Files of before then that are nobody's picture, of which something is left for a data folder to do."""
    c = table.c
    ours = or_(c.instance_id.is_(None), c.instance_id == instance_id, c.stored_url.is_not(None))
    wanted = and_(c.created_at < before, c.key > after, ~_USED, ours)
    found = await tx.execute(select(*_COLUMNS).where(wanted).order_by(c.key).limit(limit))
    return [PictureFile(*row) for row in found]
