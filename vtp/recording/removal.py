"""Deletes recordings for good: their bytes everywhere, then their rows. What is kept from it goes on later:
the store is away, or the process was killed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.recording.active import ActiveRecordings
from vtp.recording.catalogue import Catalogue, utc_now
from vtp.recording.files import RecordingFiles
from vtp.recording.playback import Playback
from vtp.recording.store import Recording, remove_recording
from vtp.recording.trash_store import kept_of, to_be_purged

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
AT_A_TIME = 50


class Removal:
    """Of rows whose `purging_at` says so; `cancel_jobs` ends what is done with one, and waits for that.

    What another data folder has recorded is left to the process of that: its bytes may be there alone. Where
    it is gone for good the operator says so: rows of no data folder are anybody's.
    """

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        playback: Playback,
        active: ActiveRecordings,
        files: RecordingFiles,
        cancel_jobs: Callable[[str], Awaitable[None]],
        instance_id: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._playback = playback
        self._active = active
        self._files = files
        self._cancel_jobs = cancel_jobs
        self._instance_id = instance_id
        self._clock = clock
        self._going: dict[str, asyncio.Lock] = {}
        self._after = ""
        self._news = asyncio.Event()

    def is_ours(self, recording: Recording) -> bool:
        """Whether this process deletes it, and no other."""
        return recording.instance_id in (None, self._instance_id)

    def wake(self) -> None:
        """There is more to delete."""
        self._news.set()

    async def now(self, recording_id: str) -> None:
        """Deletes one. Raises Unavailable while its store is away, OSError: then it is tried again later."""
        going = self._going.setdefault(recording_id, asyncio.Lock())
        async with going:
            try:
                await self._delete(recording_id)
            finally:
                self._going.pop(recording_id, None)
                self._playback.forget(recording_id)

    async def _delete(self, recording_id: str) -> None:
        self._playback.hide(recording_id)
        await self._active.stop(recording_id)  # it may have been deleted by another process
        await self._cancel_jobs(recording_id)
        await self._playback.settle(recording_id)
        await self._files.delete(recording_id)  # first: bytes without a row would stay for ever
        await self._remove_row(recording_id)

    async def run(self) -> None:
        """Looks for ever, at once when there is news."""
        while True:
            self._news.clear()
            try:
                more = await self.look()
            except Unavailable as error:
                logger.warning("Recordings are deleted for good later: %s", error)
                more = False
            except Exception:  # the next look may go better: to stop looking would be to keep them for ever
                logger.exception("Recordings cannot be deleted for good.")
                more = False
            if not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._news.wait()

    async def look(self) -> bool:
        """Deletes some of what is to be deleted; tells whether there may be more that can be now. After one
        that cannot the next look begins behind it, so that it keeps nobody's from going."""
        await self._drop_cached()
        found, self._after = await self._found(), ""
        for recording_id in found:
            try:
                await self.now(recording_id)
            except Unavailable as error:
                logger.warning("Recording %s is deleted for good later: %s", recording_id, error)
            except Exception:  # of one recording; the others are not to wait for whoever looks after that
                logger.exception("Recording %s is deleted for good later.", recording_id)
            else:
                continue
            self._after = recording_id
            return False
        return len(found) == AT_A_TIME

    async def _found(self) -> list[str]:
        """What is to be deleted, from behind the one that could not be."""
        after, remote_url, now = self._after, self._files.remote_url, self._clock()
        async with self._database.read() as tx:
            found = await to_be_purged(tx, self._instance_id, remote_url, now, after, AT_A_TIME)
            if after and len(found) < AT_A_TIME:
                first = await to_be_purged(tx, self._instance_id, remote_url, now, "", AT_A_TIME)
                found += [one for one in first if one <= after]
        return found[:AT_A_TIME]

    async def _drop_cached(self) -> None:
        """Keeps nothing from the store of what other processes delete, or have deleted."""
        cached = self._files.cached()
        for at in range(0, len(cached), AT_A_TIME):
            some = cached[at : at + AT_A_TIME]
            async with self._database.read() as tx:
                kept = await kept_of(tx, some)
            for recording_id in some:
                if recording_id not in kept:
                    self._playback.forget(recording_id)
                    self._files.drop_cached(recording_id)

    @done_over
    async def _remove_row(self, recording_id: str) -> None:
        async with self._database.transaction() as tx:
            await self._catalogue.tell_leaving(tx, recording_id)
            await remove_recording(tx, recording_id)
