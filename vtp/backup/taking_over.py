"""Whose recordings and files of courses are after a restore, and what was being done with them.

What came with the backup, or lies here, is this data folder's from then on. What neither did may lie on
another machine of the same database, and stays with that one, where there can be such machines: beside an
object store each records into a data folder of its own (decision 0073), and only PostgreSQL serves several.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import picture_files
from vtp.coursework.tables import coursework_files
from vtp.jobs.store import State
from vtp.jobs.tables import recording_jobs
from vtp.recording.store import Storage
from vtp.recording.tables import recordings

_AT_A_TIME = 500


async def take_over(tx: AsyncConnection, instance_id: str, here: Collection[str] | None) -> None:
    """Makes rows this data folder's: recordings of the folders `here`, or all, where they can lie on no other
    machine (None)."""
    mine = update(recordings).values(instance_id=instance_id)
    if here is None:
        await tx.execute(mine)
    else:
        # Of what is in the store any process deletes, fetches and makes qualities.
        await tx.execute(
            update(recordings).where(recordings.c.storage == Storage.STORED).values(instance_id=None)
        )
        ids = sorted(here)
        for first in range(0, len(ids), _AT_A_TIME):
            await tx.execute(mine.where(recordings.c.id.in_(ids[first : first + _AT_A_TIME])))
    # Of these files what the object store has is looked for, and what came with the backup is sent.
    for files in (coursework_files, picture_files):
        await tx.execute(update(files).values(instance_id=None, stored_at=None))
    await _release_jobs(tx)


async def _release_jobs(tx: AsyncConnection) -> None:
    """Nobody works on anything: every process of this database is stopped. What was running begins anew."""
    c = recording_jobs.c
    again = {"state": State.QUEUED, "next_try_at": datetime.now(UTC), "eta_at": None}
    await tx.execute(update(recording_jobs).where(c.state == State.RUNNING).values(again))
    await tx.execute(update(recording_jobs).where(c.owner.is_not(None)).values(owner=None))
