"""Deleting recordings: into the trash, and from there for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from vtp.accounts.audit import Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.identity import Principal
from vtp.recording.active import ActiveRecordings
from vtp.recording.catalogue import Catalogue, utc_now
from vtp.recording.files import RecordingFiles
from vtp.recording.playback import Playback, stored_elsewhere
from vtp.recording.store import Recording, Status, change_recording, remove_recording


class JobsOfRecordings(Protocol):
    """The part of the jobs service that recordings use."""

    async def cancel_of(self, recording_id: str) -> None:
        """Ends everything that is done with a recording, and waits until nobody touches it any more."""


class Trash:
    """What takes a principal raises NotFound and Forbidden."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        playback: Playback,
        active: ActiveRecordings,
        files: RecordingFiles,
        jobs: JobsOfRecordings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._playback = playback
        self._active = active
        self._files = files
        self._jobs = jobs
        self._clock = clock

    async def delete(
        self, principal: Principal, recording_id: str, origin: Origin, *, permanent: bool
    ) -> Recording:
        """Puts a recording into the trash, or by way of that deletes it for good; stops it when it runs.

        Where its bytes cannot be deleted now it stays in the trash, with nothing done with it any more.
        """
        recording = await self._catalogue.find(recording_id)
        require(principal, Action.RECORDING_DELETE, recording)
        if self._active.get(recording.id) is not None:
            await self._active.stop(recording.id)
        if permanent and recording.stored_url and recording.stored_url != self._files.remote_url:
            raise stored_elsewhere()
        self._playback.hide(recording.id)  # at once, also for players who come while it is being deleted
        try:
            trashed = await self._put_into_trash(recording, principal, origin)
        except BaseException:
            self._playback.show(recording.id)
            raise
        try:
            await self._jobs.cancel_of(recording.id)
            return await self._remove(trashed, principal, origin) if permanent else trashed
        finally:
            self._playback.forget(recording.id)

    @done_over
    async def _put_into_trash(self, recording: Recording, by: Principal, origin: Origin) -> Recording:
        if recording.deleted_at is None:
            now = self._clock()
            async with self._database.transaction() as tx:
                gone = {"status": Status.DELETED, "deleted_at": now, "updated_at": now}
                await change_recording(tx, recording.id, access_changed_at=now, **gone)
                await self._catalogue.note(
                    tx, Event.RECORDING_DELETED, recording, by, origin, permanent=False
                )
        return await self._catalogue.find(recording.id)

    @done_over
    async def _remove(self, recording: Recording, by: Principal, origin: Origin) -> Recording:
        """Bytes first: a row without bytes can be deleted again, bytes without a row stay for ever."""
        await self._playback.settle(recording.id)
        await self._files.delete(recording.id)
        async with self._database.transaction() as tx:
            await remove_recording(tx, recording.id)
            await self._catalogue.note(tx, Event.RECORDING_DELETED, recording, by, origin, permanent=True)
        return replace(recording, status=Status.DELETED, deleted_at=self._clock())
