"""Takes an erased person's own tracks out of ended recordings: what they sent, and who it was.

The program stays, as decision 0064 says: nobody can be cut out of that. A recording that runs just now is
looked at again by the sweeps of erasures.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.recording.files import RecordingFiles
from vtp.recording.manifest import Manifest
from vtp.recording.store import Storage, change_recording, ended_recordings_with_tracks, find_recording
from vtp.recording.stored_tracks import StoredTracks, take_out, unnamed
from vtp.recording.view import RecordingView
from vtp.storage import StoreAway

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

        Raises Unavailable when not all could be reached: then it is to be done again. One recording that is
        damaged does not keep it from the others.
        """
        async with self._database.read() as tx:
            found = await ended_recordings_with_tracks(tx)
        late: list[Unavailable] = []
        for one in found:
            with _later(late):
                await self._erase_here(one.id, user_id)
        for one in found:
            if self._stored and one.storage is not Storage.LOCAL and one.stored_url == self._stored.url:
                with _later(late):
                    await self._erase_stored(self._stored, one.id, user_id)
        for error in late[1:]:
            logger.warning("%s", error.detail)
        if late:
            raise late[0]

    async def _erase_here(self, recording_id: str, user_id: str) -> None:
        """The manifest changes first, so that no track is named that is not there."""
        directory = self._files.directory(recording_id)
        try:
            theirs, manifest = await asyncio.to_thread(take_out, directory, user_id)
        except FileNotFoundError:  # it is in the object store, or on another machine
            return
        except (OSError, ValueError) as error:
            raise _to_be_mended(recording_id, error) from error
        await self._settle(recording_id, theirs)
        try:
            await asyncio.to_thread(delete_unnamed, directory, manifest)
        except OSError as error:
            raise _to_be_mended(recording_id, error) from error

    async def _erase_stored(self, stored: StoredTracks, recording_id: str, user_id: str) -> None:
        try:
            gone = await stored.erase(recording_id, user_id)
        except (OSError, ValueError) as error:
            raise _to_be_mended(recording_id, error) from error
        await self._settle(recording_id, gone)

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


def delete_unnamed(directory: Path, manifest: Manifest) -> None:
    """Deletes participants' tracks that the manifest of this folder does not name. Blocks; raises OSError."""
    if not manifest.closed:
        return  # what it names is found out when it is made whole
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:  # the recording has been deleted
        return
    for track in unnamed(names, manifest):
        with suppress(FileNotFoundError):  # others delete it just now
            shutil.rmtree(directory / track)


@contextmanager
def _later(late: list[Unavailable]) -> Iterator[None]:
    """Notes what cannot be done now, so that the rest is; a store that is away is away for all."""
    try:
        yield
    except StoreAway:
        raise
    except Unavailable as error:
        late.append(error)


def _to_be_mended(recording_id: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"Recording {recording_id} cannot be rid of the tracks of somebody who was erased ({error}): mend "
        "its folder, or delete the recording; it is tried again by itself."
    )
