"""Takes an erased person's own tracks out of ended recordings: what they sent, and who it was.

The program stays, as decision 0064 says: nobody can be cut out of that. A recording that runs just now is
looked at again by the sweeps of erasures.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.recording.manifest import read_manifest, write_manifest
from vtp.recording.store import change_recording, ended_recordings_with_tracks
from vtp.recording.view import RecordingView
from vtp.storage import Store

logger = logging.getLogger(__name__)


class TrackErasure:
    """`forget(recording_id)` is called for each recording that has changed, so that nothing of it is kept in
    memory.
    """

    def __init__(self, database: Database, store: Store, forget: Callable[[str], None]) -> None:
        self._database = database
        self._store = store
        self._forget = forget

    async def erase(self, user_id: str) -> None:
        """Deletes every track of somebody's, their name with it."""
        async with self._database.read() as tx:
            ids = await ended_recordings_with_tracks(tx)
        for recording_id in ids:
            size = await asyncio.to_thread(erase_tracks, self._store.path(recording_id), user_id)
            if size is not None:
                self._forget(recording_id)
                await self._note_size(recording_id, size)

    @done_over
    async def _note_size(self, recording_id: str, size: int) -> None:
        async with self._database.transaction() as tx:
            await change_recording(tx, recording_id, file_size_bytes=size)


def erase_tracks(directory: Path, user_id: str) -> int | None:
    """Deletes the tracks of this user from an ended recording; gives the size of what is left, None when
    there were none. Blocks; the manifest changes first, so that no track is named that is not there.
    """
    try:
        manifest = read_manifest(directory)
    except (OSError, ValueError) as error:
        logger.warning("%s is not searched for tracks of somebody who was erased: %s", directory, error)
        return None
    others = [one for one in manifest.people if one.user_id != user_id]
    theirs = [one for one in manifest.people if one.user_id == user_id]
    if not theirs or not manifest.closed:
        return None
    write_manifest(directory, replace(manifest, people=tuple(others)))
    for one in theirs:
        shutil.rmtree(directory / one.track, ignore_errors=True)
    return RecordingView.load(directory).size_bytes
