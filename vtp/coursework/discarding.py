"""Files of courses that nothing holds any more: their bytes go first, here and in the object store, then the
rows, which say until then what is left to do."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import (
    FOLDER,
    StoredFile,
    files_among,
    forsaken,
    leave_to_their_folder,
    remove_files,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.storage import StoreAway

logger = logging.getLogger(__name__)

_AT_ONCE_SWEPT: Final = 200


@dataclass(slots=True)
class _Turn:
    """What has become of files so far."""

    count: int = 0
    kept: Exception | None = None
    is_there: bool = True
    """The object store."""

    def result(self) -> int:
        """How many rows are gone. Raises why some are not."""
        if self.kept is not None:
            raise self.kept
        return self.count


class Discarding:
    """What cannot be deleted keeps its row and nothing else from being deleted."""

    def __init__(self, database: Database, lies: FileBytes) -> None:
        self._database = database
        self._lies = lies

    async def discard_those(self, ids: Sequence[str]) -> None:
        """See `discard`."""
        async with self._database.read() as tx:
            found = await files_among(tx, ids)
        await self.discard(found)

    async def discard(self, files: Sequence[StoredFile]) -> int:
        """Here, then in the object store, then the row, or all of it but that another data folder has the
        bytes. Gives how many rows. Raises StoreAway, OSError once all is gone that can go."""
        turn = _Turn()
        await self._discard(files, turn)
        return turn.result()

    async def sweep(self, began_before: datetime) -> int:
        """Deletes what nothing holds any more, and what began to arrive before then; gives how many rows.
        Raises StoreAway, OSError once all is gone that can go."""
        turn, after = _Turn(), ""
        while True:
            async with self._database.read() as tx:
                found = await forsaken(tx, began_before, after=after, limit=_AT_ONCE_SWEPT)
            if not found:
                break
            after = found[-1].id
            await self._discard([one for one in found if not self._waits_for_others(one)], turn)
        await self._lies.store.remove_drafts(FOLDER)
        return turn.result()

    async def _discard(self, files: Sequence[StoredFile], turn: _Turn) -> None:
        gone: list[StoredFile] = []
        for file in files:
            try:
                await self._lies.remove_here(file.id)
                gone.append(file)
            except OSError as error:
                turn.kept = error
        await self._forget([one for one in gone if one.stored_url is None])
        turn.count += len([one for one in gone if one.stored_url is None])
        for file in [one for one in gone if one.stored_url is not None]:
            if turn.is_there:
                await self._discard_stored(file, turn)

    async def _discard_stored(self, file: StoredFile, turn: _Turn) -> None:
        """An object that is refused is that one's matter; a store that is away ends the turn for it."""
        try:
            if await self._remove_stored(file):
                await self._forget([file])
                turn.count += 1
        except StoreAway as error:
            turn.kept = error
            remote = self._lies.remote
            turn.is_there = remote is not None and await remote.is_there()

    async def _remove_stored(self, file: StoredFile) -> bool:
        """False: in a store that is not ours, to be done when it is."""
        if self._lies.remote is None or file.stored_url != self._lies.remote.url:
            logger.warning(
                "File %s of a course is left in %s, which this server has not.",
                file.id,
                file.stored_url,
            )
            return False
        await self._lies.remove_stored(file.id)
        return True

    @done_over
    async def _forget(self, files: Sequence[StoredFile]) -> None:
        theirs = [one.id for one in files if self._is_elsewhere(one)]
        ours = [one.id for one in files if not self._is_elsewhere(one)]
        async with self._database.transaction() as tx:
            await remove_files(tx, ours)
            await leave_to_their_folder(tx, theirs)

    def _is_elsewhere(self, file: StoredFile) -> bool:
        """Whether another data folder has bytes of it; without an object store they share one."""
        return self._lies.remote is not None and file.instance_id not in (None, self._lies.instance_id)

    def _waits_for_others(self, file: StoredFile) -> bool:
        """Whether nothing is left for us to delete."""
        return self._is_elsewhere(file) and file.stored_url is None and not file.name
