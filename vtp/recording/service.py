"""Recordings: started and stopped here; found, played, deleted and saved by the parts of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vtp.accounts.audit import AuditLog
from vtp.accounts.permissions import Action, require
from vtp.db import Database
from vtp.db.conflicts import Conflicted, done_over
from vtp.errors import Conflict, Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.media.events import Emitter
from vtp.recording.active import ActiveRecordings
from vtp.recording.audience import Audience, Everybody
from vtp.recording.bounds import Bounds, Unbounded
from vtp.recording.by_hand import ByHand
from vtp.recording.catalogue import Catalogue, RoomDirectory, utc_now
from vtp.recording.changes import RecordingChanged
from vtp.recording.disk import RECORDINGS_FULL, Disk
from vtp.recording.ends import Ends
from vtp.recording.files import RecordingFiles
from vtp.recording.outcome import Outcome
from vtp.recording.playback import Playback
from vtp.recording.quota import Quotas
from vtp.recording.removal import Removal
from vtp.recording.schemas import StartRecording
from vtp.recording.seen import Seen
from vtp.recording.session import RecordingSession
from vtp.recording.store import Recording, Status, Visibility, add_recording, mark_finalizing
from vtp.recording.terms import RoomTerms
from vtp.recording.trash import JobsOfRecordings, Trash
from vtp.recording.view import RecordingView
from vtp.rooms.live import LiveRoom, LiveRooms
from vtp.settings import RecordingSettings
from vtp.tasks import Tasks


class Recordings:
    """All recordings. Every method that takes a principal raises NotFound and Forbidden."""

    def __init__(
        self,
        database: Database,
        live_rooms: LiveRooms,
        rooms: RoomDirectory,
        files: RecordingFiles,
        audit: AuditLog,
        settings: RecordingSettings,
        *,
        jobs: JobsOfRecordings,
        instance_id: str,
        audience: Audience | None = None,
        bounds: Bounds | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._live_rooms = live_rooms
        self._rooms = rooms
        self._files = files
        self._settings = settings
        self._instance_id = instance_id
        self._audience = audience or Everybody()
        self._clock = clock
        self._tasks = Tasks()
        self._closing = asyncio.Event()
        self._emitter: Emitter[RecordingChanged] = Emitter()
        self._active = ActiveRecordings(self._tasks, self._save_end, settings.live_transcodes)
        self._ends = Ends(database, files, self._emitter.emit, self._closing, instance_id, clock)
        self.catalogue = Catalogue(database, live_rooms, rooms, self._active, audit, self._audience, clock)
        self.playback = Playback(self.catalogue, self._active, files, self._tasks, instance_id)
        self.removal = Removal(
            database, self.catalogue, self.playback, self._active, files, jobs.cancel_of, instance_id, clock
        )
        self.trash = Trash(
            database,
            self.catalogue,
            self.playback,
            self._active,
            files,
            jobs,
            self.removal,
            settings.trash_keep_days,
            clock,
        )
        self.disk = Disk(files.store.root, RECORDINGS_FULL, settings.min_free_bytes, settings.warn_free_bytes)
        self.quotas = Quotas(database, rooms, self._active, audit, settings, bounds or Unbounded())
        self.terms = RoomTerms(database, rooms, audit, settings.keep_days)

    def add_listener(self, listener: Callable[[RecordingChanged], None]) -> Callable[[], None]:
        """Hears of recordings that start, stop and end; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def tell_of_brought(self, recordings: Mapping[str, Status]) -> None:
        """Says that these have come from elsewhere, with all their files, as if they had just ended."""
        for recording_id, status in recordings.items():
            self._emitter.emit(RecordingChanged(recording_id, status))

    async def start(self) -> None:
        """Recovers what a former process was recording when it ended."""
        for recording_id, view in await self._ends.recover():
            self.playback.prepare(recording_id, view)
        self._tasks.start(self._ends.recover_rest(self._show_whole), "recovery of recordings")

    def _show_whole(self, recording_id: str, view: RecordingView) -> None:
        self.playback.refresh(recording_id)
        self.playback.prepare(recording_id, view)

    async def close(self) -> None:
        """Ends every recording in progress and waits until its files and its row are whole."""
        self._closing.set()
        self.playback.begin_closing()
        await self._active.close()
        await self._tasks.close()
        self.playback.close()

    @property
    def active_count(self) -> int:
        """How many recordings are in progress."""
        return len(self._active)

    @property
    def active(self) -> ActiveRecordings:
        """Those in progress here."""
        return self._active

    async def settle(self) -> None:
        """Waits until every recording in progress has ended by itself, its files and its row whole."""
        await self._tasks.settle()

    @done_over
    async def start_recording(self, principal: Principal, wish: StartRecording) -> tuple[Recording, str]:
        """Starts recording a room; gives the recording and what there is to say: what of it cannot be
        recorded, and that the disk will be full or a quota used up.

        Raises Conflict while the room is being recorded, and when a quota is used up; Unavailable when the
        disk is almost full.
        """
        room = await self._rooms.find(wish.room_id)
        require(await self._rooms.as_here(principal, room), Action.RECORDING_START, room)
        self.disk.check()
        usage = await self.quotas.check(room)
        live = await self._live_rooms.open(room)
        if live.recording:
            raise Conflict("This room is already being recorded; stop that recording first.")
        now = self._clock()
        recording = Recording(
            id=new_id(),
            room_id=room.id,
            title=wish.title or f"{room.name}, {now:%Y-%m-%d %H:%M}",
            description=wish.description,
            started_by=principal.user_id,
            status=Status.RECORDING,
            format=wish.format,
            layout=wish.layout,
            started_at=now,
            created_at=now,
            updated_at=now,
            instance_id=self._instance_id,
            visibility=Visibility(wish.visibility),
        )
        live.recording = True  # from here on the room is taken, and publishers are asked for H.264
        try:
            async with self._database.transaction() as tx:
                if room.members_only:
                    shown = await self._audience.visibility_of_new(tx, room.id, _chosen(wish))
                    recording = replace(recording, visibility=shown or recording.visibility)
                await add_recording(tx, recording)
                if room.members_only:
                    await self._audience.file_new(tx, recording)
            live.part(ByHand).stopped = False
            session = self._active.begin(recording, live, self._files.directory(recording.id), self._settings)
        except BaseException:
            live.recording = False
            raise
        self._emitter.emit(RecordingChanged(recording.id, Status.RECORDING))
        return recording, " ".join(filter(None, (session.message, self.disk.warning(), usage.warning())))

    @done_over
    async def stop_recording(self, principal: Principal, recording_id: str) -> Recording:
        """Stops a recording and waits until it can be played to its end; stopping twice is no error.

        While the database is away it ends all the same, and Unavailable says so.
        """
        recording = await self._to_be_stopped(recording_id)
        principal = await self._as_stopping(principal, recording)
        require(principal, Action.RECORDING_STOP, recording)
        live = self._live_rooms.get(recording.room_id)
        if live is not None:
            require(principal, Action.RECORDING_STOP, live.room)  # its settings may leave that to teachers
        session = self._active.get(recording.id)
        if session is not None:
            session.room.part(ByHand).stopped = True
            await self._mark_finalizing(recording.id, session)
            await self._active.stop(recording.id)
        return await self.catalogue.find(recording_id)

    async def _to_be_stopped(self, recording_id: str) -> Recording:
        """As its row says; of one in progress here as it said before the database went away."""
        try:
            return await self.catalogue.find(recording_id)
        except Unavailable:
            known = self._active.recording(recording_id)
            if known is None:
                raise
            return known

    async def _mark_finalizing(self, recording_id: str, session: RecordingSession) -> None:
        try:
            async with self._database.transaction() as tx:
                await mark_finalizing(tx, recording_id, self._clock())
        except Conflicted:
            raise
        except Unavailable as error:
            session.recorder.stop()
            raise Unavailable(
                "The recording has ended. The database does not answer, so that it is listed as running "
                "until it does; nothing is lost.",
                code="stopped_unsaved",
            ) from error

    async def _as_stopping(self, principal: Principal, recording: Recording) -> Principal:
        """Somebody in the role that they have in the room while it is open; of what is not in progress here
        nobody is told anything who may not see it. Raises Forbidden."""
        live, member = self._live_rooms.get(recording.room_id), principal
        if self._active.get(recording.id) is None:
            member = (await self.seen(principal, recording.id)).member
        return member if live is None else await self._as_here(principal, live)

    async def _as_here(self, principal: Principal, live: LiveRoom) -> Principal:
        try:
            return await self._rooms.as_here(principal, live.room)
        except Unavailable:  # the database is away: of the room of a lesson it is known who is in it
            own_id = principal.user_id
            there = [one.principal for one in live.people.participants if own_id and one.user_id == own_id]
            if not there:
                raise
            return there[0]

    async def get(self, principal: Principal, recording_id: str, address: str = "") -> Recording:
        """One that the caller may see, for who asks for no other right."""
        return (await self.seen(principal, recording_id, address)).recording

    async def seen(self, principal: Principal, recording_id: str, address: str = "") -> Seen:
        """The same with the role that the caller has with it, of which other rights are asked."""
        return await self.catalogue.get(principal, recording_id, address)

    async def seen_to(self, action: Action, principal: Principal, recording_id: str) -> Seen:
        """The same for who may do this with it."""
        seen = await self.seen(principal, recording_id)
        seen.require(action)
        return seen

    async def view(self, recording_id: str) -> RecordingView:
        """What a player sees."""
        return await self.playback.view(recording_id)

    def file(self, recording_id: str, name: str) -> Path:
        """Where a file of a recording lies on this machine while it is here."""
        return self.playback.file(recording_id, name)

    async def _save_end(self, recording_id: str, view: RecordingView, outcome: Outcome) -> None:
        # Before its row says so: whoever changes its files from then on has it dropped.
        self.playback.keep_ended(recording_id, view)
        is_there = False
        try:
            is_there = await self._ends.save(recording_id, view, outcome)
        finally:
            if not is_there:
                self.playback.refresh(recording_id)
        self.playback.prepare(recording_id, view)


def _chosen(wish: StartRecording) -> Visibility | None:
    """For whom somebody wants it, where they said so."""
    return Visibility(wish.visibility) if "visibility" in wish.model_fields_set else None
