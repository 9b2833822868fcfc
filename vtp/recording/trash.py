"""The trash of recordings: what is deleted goes there first, and comes back or is deleted for good.

Decision 0129.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.permissions import Action, Reach, require_reach
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Unavailable
from vtp.http.identity import Principal
from vtp.recording.active import ActiveRecordings
from vtp.recording.catalogue import Catalogue, utc_now
from vtp.recording.files import RecordingFiles
from vtp.recording.playback import Playback, stored_elsewhere
from vtp.recording.removal import Removal
from vtp.recording.retention_store import Aging
from vtp.recording.seen import Seen
from vtp.recording.store import (
    UNFINISHED,
    Recording,
    Status,
    change_recording,
    find_recording,
)
from vtp.recording.trash_store import Contents, Whose, contents_of, some_of

TellOf = Callable[[AsyncConnection, Sequence[Aging]], Awaitable[None]]
AT_ONCE = 100  # recordings of a transaction


class JobsOfRecordings(Protocol):
    """The part of the jobs service that recordings use."""

    async def cancel_of(self, recording_id: str) -> None:
        """Ends everything that is done with a recording, and waits until nobody touches it any more."""

    async def cancel_within(self, tx: AsyncConnection, recording_id: str) -> None:
        """Ends everything that is done with a recording, once the transaction is stored."""

    async def let_go_of(self, recording_id: str) -> None:
        """Waits until nobody touches a recording any more of which everything is ended."""

    async def take_up(self, tx: AsyncConnection, recording_id: str, since: datetime) -> None:
        """Has done what was ended of it since then."""


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
        removal: Removal,
        keep_days: int = 0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.keep_days = keep_days
        self._database = database
        self._catalogue = catalogue
        self._playback = playback
        self._active = active
        self._files = files
        self._jobs = jobs
        self._removal = removal
        self._clock = clock

    async def delete(
        self, principal: Principal, recording_id: str, origin: Origin, *, permanent: bool
    ) -> Recording:
        """Puts a recording into the trash, or by way of that deletes it for good; stops it when it runs here.
        What another server has recorded lies in the trash until that has deleted it: the row says so.

        Raises Unavailable where its bytes cannot be deleted now: then it stays in the trash until they can.
        """
        recording = (await self._to_delete(principal, recording_id)).recording
        if self._active.get(recording.id) is not None:
            await self._active.stop(recording.id)
        if permanent and not self._is_reachable(recording):
            raise stored_elsewhere()
        trashed = await self._put_away(recording.id, principal, origin, permanent=permanent)
        if permanent and self._removal.is_ours(trashed):
            await self._remove(recording.id)
            return replace(trashed, deleted_at=self._clock(), purging_at=None)
        await self._settle([recording.id])
        return trashed

    async def _remove(self, recording_id: str) -> None:
        try:
            await self._removal.now(recording_id)
        except OSError as error:
            raise Unavailable(
                "Not all files of this recording could be deleted. The server tries it again by itself.",
                retry_after_s=60,
                code="files_in_the_way",
            ) from error

    @done_over
    async def _put_away(
        self, recording_id: str, by: Principal | None, origin: Origin, *, permanent: bool
    ) -> Recording:
        now = self._clock()
        async with self._database.transaction() as tx:
            recording = await self._catalogue.to_change(tx, recording_id)
            values: dict[str, object] = {}
            if recording.status is not Status.DELETED:
                values = {"status": Status.DELETED, "status_before": recording.status, "deleted_at": now}
                values |= {"access_changed_at": now, "warned_at": None, "expires_at": self._expires_at(now)}
                await self._catalogue.note(
                    tx, Event.RECORDING_DELETED, recording, by, origin, permanent=False
                )
            if permanent and recording.purging_at is None:
                values["purging_at"] = now
                await self._catalogue.note(tx, Event.RECORDING_DELETED, recording, by, origin, permanent=True)
            if values:
                await change_recording(tx, recording.id, updated_at=now, **values)
            await self._end_all_of(tx, recording.id)
            return await find_recording(tx, recording.id) or recording

    async def _end_all_of(self, tx: AsyncConnection, recording_id: str) -> None:
        """Who restores it comes after this transaction, and finds its jobs ended and nobody shown it."""
        await self._jobs.cancel_within(tx, recording_id)
        after_commit(tx, lambda: self._playback.hide(recording_id))

    async def _settle(self, recording_ids: Sequence[str]) -> None:
        """Waits for what was done with them, and keeps nothing of them in memory."""
        for recording_id in recording_ids:
            if self._playback.is_there(recording_id):
                continue  # it has come back meanwhile, and what is done with it goes on
            try:
                await self._jobs.let_go_of(recording_id)
            finally:
                self._playback.forget(recording_id)

    @done_over
    async def restore(self, principal: Principal, recording_id: str, origin: Origin) -> Seen:
        """Brings a recording back from the trash, as it was: for whom, in which courses, with its links.

        Raises Conflict when it is not there, is being deleted for good or still being recorded.
        """
        seen = await self._to_delete(principal, recording_id)
        now = self._clock()
        async with self._database.transaction() as tx:
            recording = await self._catalogue.to_change(tx, seen.recording.id)
            status = _status_of_return(recording)
            values = {"status": status, "status_before": None, "deleted_at": None, "updated_at": now}
            values |= {"restored_at": now, "expires_at": None, "warned_at": None}
            await change_recording(tx, recording.id, access_changed_at=now, **values)
            if recording.deleted_at is not None:
                await self._jobs.take_up(tx, recording.id, recording.deleted_at)
            await self._catalogue.note(tx, Event.RECORDING_RESTORED, recording, principal, origin)
            self._catalogue.note_return(tx, recording.id, now)
            return seen.of(await find_recording(tx, recording.id) or recording)

    async def _to_delete(self, principal: Principal, recording_id: str) -> Seen:
        seen = await self._catalogue.see(principal, await self._catalogue.find(recording_id))
        seen.require(Action.RECORDING_DELETE)
        return seen

    async def expire(self, aging: Sequence[Aging], tell: TellOf) -> list[str]:
        """Puts those into the trash whose time is over, as they were seen, and tells of it in the same
        transaction; gives which those are."""
        gone = [one.id for one in await self._expire(aging, tell)]
        await self._settle(gone)
        return gone

    @done_over
    async def _expire(self, aging: Sequence[Aging], tell: TellOf) -> list[Aging]:
        now, gone = self._clock(), []
        async with self._database.transaction() as tx:
            for one in aging:
                recording = await find_recording(tx, one.id, to_change=True)
                if recording is None or not one.is_still(recording):
                    continue
                values = {"status": Status.DELETED, "status_before": recording.status, "deleted_at": now}
                values |= {"access_changed_at": now, "expires_at": self._expires_at(now)}
                await change_recording(tx, one.id, updated_at=now, **values)
                details = {"permanent": False, "expired": True}
                await self._catalogue.note(tx, Event.RECORDING_DELETED, recording, None, Origin(), **details)
                await self._end_all_of(tx, one.id)
                gone.append(one)
            await tell(tx, gone)
        return gone

    def _expires_at(self, now: datetime) -> datetime | None:
        return now + timedelta(days=self.keep_days) if self.keep_days else None

    async def condemn(self, aging: Sequence[Aging]) -> None:
        """Has those in the trash deleted for good whose time there is over, as they were seen."""
        if await self._condemn_aged(aging):
            self._removal.wake()

    @done_over
    async def _condemn_aged(self, aging: Sequence[Aging]) -> int:
        now, count = self._clock(), 0
        async with self._database.transaction() as tx:
            for one in aging:
                recording = await find_recording(tx, one.id, to_change=True)
                if recording is None or not one.is_still(recording) or not self._is_reachable(recording):
                    continue
                await change_recording(tx, one.id, purging_at=now, updated_at=now)
                details = {"permanent": True, "expired": True}
                await self._catalogue.note(tx, Event.RECORDING_DELETED, recording, None, Origin(), **details)
                count += 1
        return count

    def _is_reachable(self, recording: Recording) -> bool:
        return not recording.stored_url or recording.stored_url == self._files.remote_url

    async def contents(self, principal: Principal) -> Contents:
        """What of the trash is the caller's to restore or delete, everybody's for administrators."""
        async with self._database.read() as tx:
            return await contents_of(tx, _whose(principal))

    async def empty(self, principal: Principal, origin: Origin) -> Contents:
        """Has all of that deleted for good, which goes on by itself from here; gives how much is to go."""
        whose, until = _whose(principal), self._clock()
        count = used = 0
        while found := await self._condemn(whose, until, principal, origin):
            count, used = count + len(found), used + sum(one.file_size_bytes for one in found)
        self._removal.wake()
        return Contents(count, used, count)

    @done_over
    async def _condemn(
        self, whose: Whose, until: datetime, by: Principal | None, origin: Origin
    ) -> list[Recording]:
        now = self._clock()
        async with self._database.transaction() as tx:
            found = await some_of(tx, whose, self._files.remote_url, until, AT_ONCE)
            for one in found:
                await change_recording(tx, one.id, purging_at=now, updated_at=now)
                await self._catalogue.note(tx, Event.RECORDING_DELETED, one, by, origin, permanent=True)
        return found


def _whose(principal: Principal) -> Whose:
    reach = require_reach(principal, Action.RECORDING_DELETE)
    return Whose(reach is Reach.ANY, principal.user_id)


def _status_of_return(recording: Recording) -> Status:
    """What one from the trash is again. Raises Conflict."""
    if recording.status is not Status.DELETED:
        raise Conflict("This recording is not in the trash.", code="not_in_trash")
    if recording.purging_at is not None:
        raise Conflict("This recording is being deleted for good: it cannot come back.", code="being_deleted")
    if recording.status_before in UNFINISHED:
        raise Conflict(
            "This recording has not ended yet on the server that makes it: restore it when it has.",
            code="still_recording",
        )
    return recording.status_before or Status.READY
