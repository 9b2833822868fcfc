"""Takes an erased person's own tracks out of ended recordings: what they sent, and who it was.

The program stays, as decision 0064 says: nobody can be cut out of that. A recording that runs just now is
looked at again by the sweeps of erasures.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.recording.files import RecordingFiles
from vtp.recording.store import Storage, change_recording, ended_recordings_with_tracks, find_recording
from vtp.recording.stored_tracks import StoredTracks, take_out
from vtp.recording.view import RecordingView

logger = logging.getLogger(__name__)

Tell = Callable[[AsyncConnection, Sequence[str], datetime], Awaitable[None]]


class TrackErasure:
    """`stored` is None without an object store. `forget(recording_id)` is called for each recording that has
    changed, so that nothing of it is kept in memory; `tell` has other servers do the same.
    """

    def __init__(
        self,
        database: Database,
        files: RecordingFiles,
        stored: StoredTracks | None,
        forget: Callable[[str], None],
        tell: Tell,
    ) -> None:
        self._database = database
        self._files = files
        self._stored = stored
        self._forget = forget
        self._tell = tell

    async def erase(self, user_id: str) -> None:
        """Deletes every track of somebody's, their name with it: what is here, then what is in the store.

        Raises Unavailable when not all could be reached: then it is to be done again.
        """
        async with self._database.read() as tx:
            found = await ended_recordings_with_tracks(tx)
        for one in found:
            gone = await asyncio.to_thread(erase_tracks, self._files.directory(one.id), user_id)
            await self._settle(one.id, gone)
        for one in found:
            if self._stored and one.storage is not Storage.LOCAL and one.stored_url == self._stored.url:
                await self._settle(one.id, await self._erase_stored(self._stored, one.id, user_id))

    async def _erase_stored(self, stored: StoredTracks, recording_id: str, user_id: str) -> list[str]:
        try:
            return await stored.erase(recording_id, user_id)
        except ValueError as error:
            logger.warning(
                "%s is not searched for tracks of somebody who was erased: %s", recording_id, error
            )
            return []

    async def _settle(self, recording_id: str, gone: list[str]) -> None:
        """Has everybody see the recording without these tracks."""
        if not gone:
            return
        self._forget(recording_id)
        for track in gone:
            self._files.forget_track(recording_id, track)
        size = None
        try:
            async with self._files.catalogue(recording_id) as directory:
                size = (await asyncio.to_thread(RecordingView.load, directory)).size_bytes
        except (OSError, ValueError, Unavailable) as error:
            logger.info("How large recording %s is now is not known: %s", recording_id, error)
        if not await self._note(recording_id, size):
            await self._files.delete(recording_id)  # it was deleted while its manifest was written

    @done_over
    async def _note(self, recording_id: str, size: int | None) -> bool:
        """Whether there is such a recording still."""
        async with self._database.transaction() as tx:
            if await find_recording(tx, recording_id, to_change=True) is None:
                return False
            if size is not None:
                await change_recording(tx, recording_id, file_size_bytes=size)
            await self._tell(tx, [recording_id], datetime.now(UTC))
        return True


def erase_tracks(directory: Path, user_id: str) -> list[str]:
    """Deletes the tracks of this user from the folder of an ended recording; gives which they were. Blocks;
    the manifest changes first, so that no track is named that is not there.
    """
    try:
        theirs, _ = take_out(directory, user_id)
    except FileNotFoundError:  # it is in the object store, or on another machine
        return []
    except (OSError, ValueError) as error:
        logger.warning("%s is not searched for tracks of somebody who was erased: %s", directory, error)
        return []
    for track in theirs:
        shutil.rmtree(directory / track, ignore_errors=True)
    return theirs
