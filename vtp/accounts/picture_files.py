"""Where the bytes of pictures lie: on this machine first, in the object store once there is one.

Both have a file under the same key. It is read from here while it is here, else from the store. Its row says
where it is before it is there, and until it is gone (decisions 0127 and 0137).
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts import picture_store as rows
from vtp.accounts.picture_store import FOLDER, PictureFile
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.storage import RemoteStore, Store, StoreAway

logger = logging.getLogger(__name__)

WAIT_S: Final = 3.0
"""How long somebody waits for a store that is silent."""
SILENT_FOR: Final = timedelta(minutes=1)
"""Then it is waited for again."""
LOST_AFTER: Final = timedelta(hours=1)
"""A file that is nobody's picture by then never becomes one."""
_AT_ONCE: Final = 200


class PictureFiles:
    """`remote` is None without an object store. `instance_id`: of this data folder."""

    def __init__(
        self,
        database: Database,
        store: Store,
        remote: RemoteStore | None = None,
        instance_id: str = "",
        *,
        clock: Clock = utc_now,
    ) -> None:
        self.store = store
        self.remote = remote
        self._database = database
        self._instance_id = instance_id
        self._clock = clock
        self._silent_until: datetime | None = None

    @property
    def here(self) -> str | None:
        """What rows say of what arrives here; without an object store there is one place, unnamed."""
        return self._instance_id if self.remote is not None else None

    def is_here(self, key: str) -> bool:
        """Whether it lies on this machine."""
        return self.store.path(key).is_file()

    async def keep(self, key: str, user_id: str, data: bytes) -> None:
        """Writes a file that an account is about to name: on the disk, and in the object store unless that is
        away. Raises Unavailable for a full disk."""
        await self._announce(PictureFile(key, user_id, self.here, None, None, self._clock()))
        try:
            await self.store.put(key, data)
            await asyncio.to_thread(self.store.sync, key)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Unavailable(
                    "The server has no room for pictures: tell an administrator.",
                    retry_after_s=60,
                    code="disk_full",
                ) from error
            raise Unavailable("The store cannot be written to: try again.", code="storage_away") from error
        if self.remote is None or (self._silent_until is not None and self._clock() < self._silent_until):
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self.send(key)
        except (StoreAway, TimeoutError) as error:
            self._silent_until = self._clock() + SILENT_FOR
            logger.warning("A picture is sent to the object store later: %s", error)
        else:
            self._silent_until = None

    async def send(self, key: str) -> None:
        """Has the object store hold a file that is here. Raises StoreAway, OSError."""
        remote = self._remote()
        await self._note(lambda tx: rows.note_sending(tx, key, remote.url))
        await remote.put_file(key, self.store.path(key))
        async with self._database.read() as tx:
            is_wanted = await rows.find_file(tx, key) is not None
        if not is_wanted:  # erased while it was sent
            await remote.remove(key)
            await self.store.remove(key)
            return
        await self.settle(key)

    async def settle(self, key: str) -> None:
        """Notes that the object store has a file."""
        remote, now = self._remote(), self._clock()
        here = self._instance_id if self.is_here(key) else None
        await self._note(lambda tx: rows.note_stored(tx, key, remote.url, now, here))

    async def read(self, key: str) -> bytes | None:
        """All of it; None: it is lost. Raises Unavailable."""
        data = await self.store.get(key)
        if data is not None or self.remote is None:
            return data
        with suppress(FileNotFoundError):
            return await self.remote.get(key)
        async with self._database.read() as tx:
            file = await rows.find_file(tx, key)
        if file is not None and file.stored_at is None and file.instance_id not in (None, self._instance_id):
            raise Unavailable(
                "This picture is on another server still, on its way to the store: try again in a moment.",
                code="storage_away",
            )
        return None

    async def drop(self, key: str) -> None:
        """Deletes one that is nobody's picture any more; what cannot go now the sweep tries again."""
        async with self._database.read() as tx:
            file = await rows.find_file(tx, key)
        try:
            if file is not None:
                await self._discard(file)
        except (StoreAway, OSError) as error:
            logger.warning("A picture is to be deleted later: %s", error)

    async def erase(self, user_id: str) -> None:
        """Deletes every file of somebody's. Raises Unavailable when not all can be reached now."""
        async with self._database.read() as tx:
            found = await rows.files_of(tx, user_id)
        away: StoreAway | None = None
        for file in found:
            try:
                await self._discard(file)
            except StoreAway as error:
                away = error
        await self.store.delete(rows.folder_of(user_id))
        if self.remote is not None and away is None:  # with what was on its way there meanwhile
            await self.remote.delete(rows.folder_of(user_id))
        if away is not None:
            raise away

    async def sweep(self) -> int:
        """Deletes what is nobody's picture: replaced while the store was away, or left by a killed process.
        Gives how many. Raises StoreAway once all is gone that can go."""
        count, after, away = 0, "", None
        before = self._clock() - LOST_AFTER
        while True:
            async with self._database.read() as tx:
                found = await rows.unused(tx, self.here, before, after=after, limit=_AT_ONCE)
            for file in found:
                after = file.key
                try:
                    await self._discard(file)
                    count += 1
                except StoreAway as error:
                    away = error
            if len(found) < _AT_ONCE:
                break
        if away is not None:
            raise away
        return count

    async def start(self) -> None:
        """Deletes what is left of files whose process was killed while it wrote them."""
        await self.store.remove_drafts(FOLDER)

    async def _discard(self, file: PictureFile) -> None:
        """Here, then in the object store, then the row, which stays while another data folder has bytes.
        Raises StoreAway, OSError."""
        await self.store.remove(file.key)
        if file.stored_url is not None:
            if self.remote is None or self.remote.url != file.stored_url:
                logger.warning(
                    "The picture %s is left in %s, which this server has not.", file.key, file.stored_url
                )
                return
            await self.remote.remove(file.key)
        if self.remote is not None and file.instance_id not in (None, self._instance_id):
            await self._note(lambda tx: rows.leave_to_its_folder(tx, file.key))
        else:
            await self._note(lambda tx: rows.remove_file(tx, file.key))

    @done_over
    async def _announce(self, file: PictureFile) -> None:
        async with self._database.transaction() as tx:
            await rows.add_file(tx, file)

    @done_over
    async def _note(self, change: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        async with self._database.transaction() as tx:
            await change(tx)

    def _remote(self) -> RemoteStore:
        assert self.remote is not None
        return self.remote
