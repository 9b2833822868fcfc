"""Pictures on their way into the object store: those that it missed, and those of before there was one. Work
of the job process, of which a data folder has one; the rows are the list of what is to be done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from vtp.accounts import picture_store as rows
from vtp.accounts.picture_files import PictureFiles
from vtp.accounts.picture_store import PictureFile
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.errors import Unavailable
from vtp.settings import Settings
from vtp.storage import RemoteStore, Store, StoreAway

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
LONGEST_DELAY_S: Final = 60.0
_AT_A_TIME: Final = 200


class PictureMover:
    """Each that fails while the store answers is left out for so many rounds, and others go on."""

    def __init__(self, database: Database, files: PictureFiles) -> None:
        self._database = database
        self._files = files
        self._lost: set[str] = set()
        self._failed: dict[str, int] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        wait_s = LOOK_EVERY_S
        while True:
            try:
                await self.once()
                wait_s = LOOK_EVERY_S
            except (Unavailable, OSError) as error:
                logger.warning("Pictures have to wait: %s", error)
                wait_s = min(LONGEST_DELAY_S, wait_s * 2)
            await asyncio.sleep(wait_s)

    async def once(self) -> None:
        """Sends all that waits. Raises Unavailable, OSError."""
        self._failed = {key: rounds - 1 for key, rounds in self._failed.items() if rounds > 1}
        async for file in self._waiting():
            if file.key in self._lost or file.key in self._failed:
                continue
            try:
                await self._move(file.key)
            except (StoreAway, OSError) as error:
                if isinstance(error, StoreAway) and not await self._remote().is_there():
                    raise
                self._failed[file.key] = int(LONGEST_DELAY_S / LOOK_EVERY_S)
                logger.warning("The picture %s has to wait, others do not: %s", file.key, error)

    async def _move(self, key: str) -> None:
        if self._files.is_here(key):
            await self._files.send(key)
        elif await self._remote().find(key) is not None:
            await self._files.settle(key)
        else:
            self._lost.add(key)
            return
        async with self._database.read() as tx:
            used = await rows.is_used(tx, key)
        if not used:  # it was replaced while it was sent
            await self._remote().remove(key)
            await self._files.drop(key)

    async def _waiting(self) -> AsyncIterator[PictureFile]:
        """Of this data folder, and of times when none was named: those are whose folder has them."""
        for folder in (self._files.here, None):
            after = ""
            while True:
                async with self._database.read() as tx:
                    found = await rows.waiting(tx, folder, after=after, limit=_AT_A_TIME)
                for file in found:
                    after = file.key
                    yield file
                if len(found) < _AT_A_TIME:
                    break

    def _remote(self) -> RemoteStore:
        assert self._files.remote is not None
        return self._files.remote


async def move_pictures(settings: Settings, database: Database, store: Store) -> None:
    """For the job process: as long as it runs, where there is an object store."""
    if not settings.storage.is_remote:
        return
    remote = await asyncio.to_thread(RemoteStore.open, settings.storage)
    instance = await asyncio.to_thread(instance_id, settings.data_dir)
    await PictureMover(database, PictureFiles(database, store, remote, instance)).run()
