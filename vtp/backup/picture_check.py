"""Looks for damage of people's pictures: accounts without their picture's bytes, bytes that no row knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.picture_store import FOLDER
from vtp.accounts.tables import picture_files, users
from vtp.backup.rowless import without_row
from vtp.db import Database
from vtp.storage import RemoteStore, StoreAway


async def picture_damage(
    database: Database, root: Path, remote: RemoteStore | None, instance: str
) -> AsyncIterator[str]:
    """Everything that is wrong, one sentence each. Bytes are listed before rows are read: those are older,
    and a running server deletes bytes before their row."""
    here = {path.relative_to(root).as_posix() for path in (root / FOLDER).glob("*/*") if "#" not in path.name}
    stored: Collection[str] = ()
    if remote is not None:
        try:
            stored = set(await remote.listing(FOLDER))
        except StoreAway as error:
            yield f"Pictures in the object store cannot be looked at: {error.detail}"
            stored, remote = await _said_to_be_stored(database), None
    async with database.read() as tx:
        wanted = await _pictures(tx)
        elsewhere = await _on_their_way(tx, instance)
    for key, user_id in wanted.items():
        if key in here or key in stored or key in elsewhere or (root / key).is_file():
            continue
        if remote is not None and await remote.find(key) is not None:
            continue
        async with database.read() as tx:
            now = await _pictures(tx, user_id)
        if key in now:
            yield f"The picture of the user {user_id} is missing: {root / key}."
    for key in await without_row(database, picture_files.c.key, here):
        yield f"The picture {root / key} is nobody's: delete it, or restore the database of it."
    for key in await without_row(database, picture_files.c.key, stored):
        yield (
            f"The picture {key} in the object store is nobody's: delete it, or restore the database of it."
        )


async def _pictures(tx: AsyncConnection, user_id: str | None = None) -> dict[str, str]:
    """Whose each is."""
    query = select(users.c.picture_key, users.c.id).where(users.c.picture_key.is_not(None))
    if user_id is not None:
        query = query.where(users.c.id == user_id)
    return {row.picture_key: row.id for row in await tx.execute(query)}


async def _on_their_way(tx: AsyncConnection, instance: str) -> set[str]:
    """Those that are another data folder's to check."""
    c = picture_files.c
    theirs = c.stored_at.is_(None), c.instance_id.is_not(None), c.instance_id != instance
    return set((await tx.execute(select(c.key).where(*theirs))).scalars())


async def _said_to_be_stored(database: Database) -> set[str]:
    async with database.read() as tx:
        c = picture_files.c
        return set((await tx.execute(select(c.key).where(c.stored_at.is_not(None)))).scalars())
