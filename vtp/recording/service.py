"""Recordings: started, stopped, looked at, deleted, and made whole again after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import STAFF, Action, Reach, can, require, require_reach
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound, Unavailable, VtpError
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.media.events import Emitter
from vtp.recording.active import ActiveRecordings
from vtp.recording.audience import Audience, Everybody
from vtp.recording.changes import RecordingChanged
from vtp.recording.disk import Disk
from vtp.recording.downloads import WHOLE, Clip, Downloads
from vtp.recording.files import RecordingFiles, files_missing
from vtp.recording.link_terms import require_good_link
from vtp.recording.live_playlist import Rendered
from vtp.recording.loading import key_frames_of, load_whole, recover_unclosed
from vtp.recording.mp4_file import Mp4File
from vtp.recording.schemas import StartRecording, UpdateRecording
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.store import (
    PLAYABLE,
    Filter,
    Recording,
    Status,
    Storage,
    Visibility,
    access_changes,
    add_recording,
    change_recording,
    count_recordings,
    find_recording,
    mark_finalizing,
    name_of_room,
    page_of_recordings,
    remove_recording,
    unfinished_recordings,
)
from vtp.recording.storyboard import FOLDER, sheet_name
from vtp.recording.storyboards import Storyboards
from vtp.recording.stretches import DOWNLOAD_PARTS, clip_of, stretches
from vtp.recording.summary import summary_of
from vtp.recording.thumbnail import Thumbnails
from vtp.recording.view import RecordingView
from vtp.rooms.entrance import require_to_look_in
from vtp.rooms.live import LiveRooms
from vtp.rooms.store import Room
from vtp.settings import RecordingSettings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

VIEWS_KEPT = 64
SAVE_AGAIN_S = 5.0  # how long after the database was away to how a recording ended is written again
INTERRUPTED = "The server ended while this was being recorded; everything up to that moment is here."


UnlessChanged = Callable[[tuple[Recording, str]], None]
"""Takes a recording and its room's name; raises PreconditionFailed when they are not what the caller has seen
of them (`If-Match`)."""


class RoomDirectory(Protocol):
    """The part of the rooms service that recordings use."""

    async def find(self, reference: str) -> Room:
        """The room with this id or slug. Raises NotFound, Invalid."""


class JobsOfRecordings(Protocol):
    """The part of the jobs service that recordings use."""

    async def cancel_of(self, recording_id: str) -> None:
        """Ends everything that is done with a recording, and waits until nobody touches it any more."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


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
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._audience = audience or Everybody()
        self._live_rooms = live_rooms
        self._rooms = rooms
        self._files = files
        self._audit = audit
        self._jobs = jobs
        self._settings = settings
        self._instance_id = instance_id
        self._clock = clock
        self._tasks = Tasks()
        self._active = ActiveRecordings(self._tasks, self._save_end, settings.live_transcodes)
        self._views: dict[str, RecordingView] = {}
        self._downloads = Downloads()
        self._thumbnails = Thumbnails()
        self._storyboards = Storyboards()
        self._deleted: set[str] = set()
        self._closing = asyncio.Event()
        self.disk = Disk(files.store.root, settings)
        self._emitter: Emitter[RecordingChanged] = Emitter()
        self._access_emitter: Emitter[str] = Emitter()
        self._access_changes: dict[str, datetime] = {}

    def add_listener(self, listener: Callable[[RecordingChanged], None]) -> Callable[[], None]:
        """Hears of recordings that start, stop and end; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def add_access_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears of the id of each recording that other people may see than before."""
        return self._access_emitter.add_listener(listener)

    async def recall(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """Makes hold here what other processes have hidden since then; see `vtp.accounts.revocations`."""
        for recording_id, at in await access_changes(tx, since):
            if self._access_changes.get(recording_id) != at:
                self._views.pop(recording_id, None)
                self._tell_access(recording_id, at)
        for recording_id in [one for one, at in self._access_changes.items() if at < since]:
            del self._access_changes[recording_id]

    def _tell_access(self, recording_id: str, at: datetime) -> None:
        self._access_changes[recording_id] = at
        self._access_emitter.emit(recording_id)

    async def start(self) -> None:
        """Recovers what a former process was recording when it ended."""
        async with self._database.read() as tx:
            unfinished = await unfinished_recordings(tx, self._instance_id)
        for recording in unfinished:
            await self._recover(recording)

    async def close(self) -> None:
        """Ends every recording in progress and waits until its files and its row are whole."""
        self._closing.set()
        await self._active.close()
        await self._tasks.close()
        self._downloads.close()
        self._thumbnails.close()
        self._storyboards.close()

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
        recorded, and that the disk will be full.

        Raises Conflict while the room is being recorded, Unavailable when the disk is almost full.
        """
        room = await self._rooms.find(wish.room_id)
        require(self._live_rooms.as_here(principal, room.id), Action.RECORDING_START, room)
        self.disk.check()
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
                await add_recording(tx, recording)
            session = self._active.begin(recording, live, self._directory(recording.id), self._settings)
        except BaseException:
            live.recording = False
            raise
        self._emitter.emit(RecordingChanged(recording.id, Status.RECORDING))
        return recording, " ".join(filter(None, (session.message, self.disk.warning())))

    @done_over
    async def stop_recording(self, principal: Principal, recording_id: str) -> Recording:
        """Stops a recording and waits until it can be played to its end; stopping twice is no error."""
        recording = await self._find(recording_id)
        principal = self._live_rooms.as_here(principal, recording.room_id)
        require(principal, Action.RECORDING_STOP, recording)
        live = self._live_rooms.get(recording.room_id)
        if live is not None:
            require(principal, Action.RECORDING_STOP, live.room)  # its settings may leave that to teachers
        session = self._active.get(recording.id)
        if session is not None:
            async with self._database.transaction() as tx:
                await mark_finalizing(tx, recording.id, self._clock())
            await self._active.stop(recording.id)
        return await self._find(recording_id)

    async def get(self, principal: Principal, recording_id: str, address: str = "") -> Recording:
        """One recording, with its length so far while it grows, for who calls from `address`.

        Until then it is the class itself: who is banned from that, or not let in, does not see it.
        """
        recording = await self._find(recording_id)
        require(await self._as_member(principal, recording), Action.RECORDING_VIEW, recording)
        if principal.recording is not None:
            async with self._database.read() as tx:
                await require_good_link(tx, principal, recording)
        live = self._live_rooms.get(recording.room_id)
        if live is not None and self._active.get(recording.id) is not None:
            require_to_look_in(principal, address, live)
        if recording.status is Status.DELETED:  # the trash is for those who may empty it
            require(principal, Action.RECORDING_DELETE, recording)
        return self._as_of_now(recording)

    async def list_recordings(
        self, principal: Principal, wanted: Filter, *, limit: int, offset: int, before: str | None
    ) -> tuple[list[tuple[Recording, str]], int]:
        """A page of recordings with their rooms' names, newest first, and how many there are in all; of the
        trash one's own part."""
        require(principal, Action.RECORDING_LIST)
        if wanted.status == Status.DELETED:
            reach = require_reach(principal, Action.RECORDING_DELETE)
            wanted = replace(wanted, owned_only=reach is Reach.OWN, owner_id=principal.user_id)
        published_only, audience = principal.role not in STAFF, self._audience.shown_to(principal)
        wanted = replace(wanted, published_only=published_only, audience=audience)
        if wanted.room_id:
            wanted = replace(wanted, room_id=(await self._rooms.find(wanted.room_id)).id)
        async with self._database.read() as tx:
            total = await count_recordings(tx, wanted)
            page = await page_of_recordings(tx, wanted, limit=limit, offset=offset, before=before)
        seen = [(item, name) for item, name in page if can(principal, Action.RECORDING_VIEW, item)]
        return [(self._as_of_now(item), name) for item, name in seen], total

    async def _as_member(self, principal: Principal, recording: Recording) -> Principal:
        """The caller in the role that they have where the recording is filed; whose it is stays who they are,
        and so does who comes by a link."""
        if principal.user_id is None or principal.user_id == recording.started_by or recording.is_public:
            return principal
        async with self._database.read() as tx:
            return await self._audience.as_member(tx, principal, recording.id)

    async def room_name(self, recording: Recording) -> str:
        """What the room of a recording is called."""
        async with self._database.read() as tx:
            return await name_of_room(tx, recording.room_id)

    @done_over
    async def update(
        self,
        principal: Principal,
        recording_id: str,
        wish: UpdateRecording,
        origin: Origin,
        unless_changed: UnlessChanged = lambda seen: None,
    ) -> Recording:
        """Changes title, description and for whom it is.

        Raises PreconditionFailed when it is not what the caller has seen of it.
        """
        wanted = await self._find(recording_id)
        require(principal, Action.RECORDING_UPDATE, wanted)
        changes = wish.model_dump(exclude_unset=True, exclude_none=True)
        async with self._database.transaction() as tx:
            recording = _found(await find_recording(tx, wanted.id, to_change=True))
            unless_changed((self._as_of_now(recording), await name_of_room(tx, recording.room_id)))
            shown = Visibility(changes.get("visibility", recording.visibility))
            moved = shown is not recording.visibility
            if changes:
                changes |= {"visibility": shown, "updated_at": self._clock()}
                changes |= {"access_changed_at": changes["updated_at"]} if moved else {}
                await change_recording(tx, recording.id, **changes)
            if moved:
                await self._note(tx, Event.RECORDING_VISIBILITY, recording, principal, origin, to=shown.value)
        if moved:
            self._tell_access(recording.id, changes["updated_at"])
        return self._as_of_now(replace(recording, **changes))

    async def show(
        self,
        tx: AsyncConnection,
        recording_id: str,
        shown: Visibility,
        principal: Principal,
        origin: Origin,
    ) -> None:
        """Says for whom a recording is, within a transaction of who has looked whether the caller may.

        Raises NotFound.
        """
        recording = _found(await find_recording(tx, recording_id, to_change=True))
        if recording.visibility is shown:
            return
        await change_recording(tx, recording.id, visibility=shown, updated_at=self._clock())
        await self._note(tx, Event.RECORDING_VISIBILITY, recording, principal, origin, to=shown.value)
        await self.note_audience(tx, recording.id)

    async def note_audience(self, tx: AsyncConnection, recording_id: str) -> None:
        """Other people may see a recording than before, by where it is filed: who watches it is asked anew,
        here and in other processes, once the transaction is stored."""
        now = self._clock()
        await change_recording(tx, recording_id, access_changed_at=now)
        after_commit(tx, lambda: self._tell_access(recording_id, now))

    async def delete(
        self, principal: Principal, recording_id: str, origin: Origin, *, permanent: bool
    ) -> Recording:
        """Puts a recording into the trash, or by way of that deletes it for good; stops it when it runs.

        Where its bytes cannot be deleted now it stays in the trash, with nothing done with it any more.
        """
        recording = await self._find(recording_id)
        require(principal, Action.RECORDING_DELETE, recording)
        if self._active.get(recording.id) is not None:
            await self._active.stop(recording.id)
        if permanent and recording.stored_url and recording.stored_url != self._files.remote_url:
            raise _stored_elsewhere()
        self._deleted.add(recording.id)  # at once, also for players who come while it is being deleted
        try:
            trashed = await self._put_into_trash(recording, principal, origin)
        except BaseException:
            self._deleted.discard(recording.id)
            raise
        try:
            await self._jobs.cancel_of(recording.id)
            return await self._remove(trashed, principal, origin) if permanent else trashed
        finally:
            self.forget(recording.id)

    def forget(self, recording_id: str) -> None:
        """Keeps nothing in memory of a recording whose files have changed."""
        self.refresh(recording_id)
        self._downloads.forget(recording_id)
        self._thumbnails.forget(recording_id)
        self._storyboards.forget(recording_id)

    @done_over
    async def _put_into_trash(self, recording: Recording, by: Principal, origin: Origin) -> Recording:
        if recording.deleted_at is None:
            now = self._clock()
            async with self._database.transaction() as tx:
                gone = {"status": Status.DELETED, "deleted_at": now, "updated_at": now}
                await change_recording(tx, recording.id, access_changed_at=now, **gone)
                await self._note(tx, Event.RECORDING_DELETED, recording, by, origin, permanent=False)
        return await self._find(recording.id)

    @done_over
    async def _remove(self, recording: Recording, by: Principal, origin: Origin) -> Recording:
        """Bytes first: a row without bytes can be deleted again, bytes without a row stay for ever."""
        await self._downloads.settle(recording.id)
        await self._storyboards.settle(recording.id)
        await self._files.delete(recording.id)
        async with self._database.transaction() as tx:
            await remove_recording(tx, recording.id)
            await self._note(tx, Event.RECORDING_DELETED, recording, by, origin, permanent=True)
        return replace(recording, status=Status.DELETED, deleted_at=self._clock())

    async def _note(
        self,
        tx: AsyncConnection,
        event: Event,
        recording: Recording,
        by: Principal,
        origin: Origin,
        **details: object,
    ) -> None:
        await self._audit.record(
            tx,
            event,
            origin,
            actor_id=by.user_id,
            subject=f"recording:{recording.id}",
            details={"room_id": recording.room_id, **details},
        )

    def may_download(self, principal: Principal, recording: Recording) -> bool:
        """Whether this caller may take the file home."""
        return can(principal, Action.RECORDING_DOWNLOAD, recording)

    async def view(self, recording_id: str) -> RecordingView:
        """What a player sees. Raises NotFound, Gone for the trash, Unavailable before there is anything."""
        view = await self._view_as_it_is(recording_id)
        if not view.is_playable:
            if not view.ended:
                raise Unavailable("The recording has just begun; try again in a moment.", retry_after_s=1)
            raise NotFound("This recording holds nothing to play.", code="nothing_to_play")
        return view

    def followed(self, recording_id: str) -> RecordingView | None:
        """What `view` would give to who follows it, while or just after it is recorded here."""
        view = self._active.followed(recording_id)
        return view if view is not None and view.is_playable and self.is_there(recording_id) else None

    def view_in_memory(self, recording_id: str) -> RecordingView | None:
        """What `view` would give, where that needs nothing but memory."""
        view = self._active.live_view(recording_id) or self._views.get(recording_id)
        return view if view is not None and view.is_playable and self.is_there(recording_id) else None

    async def _view_as_it_is(self, recording_id: str) -> RecordingView:
        """The same, also before there is anything to play."""
        view = self._active.view(recording_id) or self._views.get(recording_id)
        if view is None or recording_id in self._deleted:
            view = await self._load_view(await self._find(recording_id))
        return view

    def refresh(self, recording_id: str) -> None:
        """A job has changed its files: who comes next is shown them as they are now."""
        self._views.pop(recording_id, None)
        self._files.forget(recording_id)

    def file(self, recording_id: str, name: str) -> Path:
        """Where a file of a recording lies on this machine while it is here."""
        return self._files.directory(recording_id) / name

    async def fetch(self, recording_id: str, name: str) -> Path:
        """A file of a recording, from the object store if need be. Raises NotFound, Unavailable."""
        try:
            return await self._files.path(recording_id, name)
        except FileNotFoundError as error:
            raise files_missing() from error

    async def read_range(self, recording_id: str, name: str, offset: int, size: int) -> bytes:
        """Some bytes of a file of it. Raises NotFound, Unavailable."""
        try:
            return await self._files.read(recording_id, name, offset, size)
        except OSError as error:
            logger.warning("Recording %s lacks bytes of %s: %s", recording_id, name, error)
            raise files_missing() from error

    async def thumbnail(self, recording_id: str, at_s: float, width: int) -> bytes:
        """A JPEG of the key frame at or before `at_s`; also while it is being recorded.

        Raises NotFound before there is a picture, Gone for the trash.
        """
        view = await self._view_as_it_is(recording_id)
        read = partial(self._files.read, recording_id)
        return await self._thumbnails.picture(recording_id, read, view, at_s, width)

    async def storyboard(self, recording_id: str) -> Rendered:
        """When which small picture is shown, as WebVTT; also while it is being recorded.

        Raises NotFound, Gone for the trash.
        """
        return self._storyboards.vtt(recording_id, await self._view_as_it_is(recording_id))

    async def storyboard_sheet(self, recording_id: str, number: int) -> bytes:
        """A sheet of small pictures, as JPEG. Raises as `storyboard`, and Unavailable when too many are asked
        for.
        """
        view = await self._view_as_it_is(recording_id)
        if self._files.is_here(recording_id):
            return await self._storyboards.sheet(recording_id, self._directory(recording_id), view, number)
        read = self._files.reader(recording_id)

        async def draw() -> bytes:
            return await self._storyboards.sheet(recording_id, None, view, number, read)

        return await self._files.made(recording_id, f"{FOLDER}/{sheet_name(number)}", draw)

    def is_there(self, recording_id: str) -> bool:
        """Whether it has not been deleted since this process began."""
        return recording_id not in self._deleted

    async def download(
        self, principal: Principal | None, recording_id: str, clip: Clip = WHOLE, part: int | None = None
    ) -> tuple[Recording, Mp4File]:
        """The MP4 of all of it, of a clip, or of a `part` of one codec (from 1), computed from the segments.

        `principal` is None when a grant was checked instead. Raises Conflict while it is being recorded or
        when there are several codecs in what is wanted, NotFound for a part that it has not, Invalid for a
        clip behind its end, Unavailable when its files are damaged.
        """
        recording = await self._find(recording_id)
        if principal is not None:
            require(principal, Action.RECORDING_DOWNLOAD, recording)
        if recording.status is Status.DELETED:  # by another process too, whatever is kept here
            raise _in_trash()
        if recording.status in (Status.RECORDING, Status.FINALIZING):
            raise Conflict("This is still being recorded; download it when it has been stopped.")
        view = await self.view(recording.id)
        clip = clip_of(view.tracks, clip, part)
        try:
            async with self._files.catalogue(recording.id) as directory:
                find = self._files.finder(recording.id)
                return recording, await self._downloads.file(recording.id, directory, view, clip, find)
        except OSError as error:
            raise self._why_unreadable(recording) from error

    async def read(self, recording_id: str, file: Mp4File, start: int, size: int) -> bytes:
        """Some bytes of a download. Raises Unavailable, OSError and ValueError."""
        return await self._files.read_mp4(recording_id, file, start, size)

    async def _find(self, recording_id: str) -> Recording:
        wanted = parse_id(recording_id, "/path/id")
        async with self._database.read() as tx:
            return _found(await find_recording(tx, wanted))

    async def _load_view(self, recording: Recording) -> RecordingView:
        if recording.status is Status.DELETED or recording.id in self._deleted:
            raise _in_trash()
        if recording.status not in PLAYABLE:
            raise NotFound("This recording holds nothing to play.", code="nothing_to_play")
        try:
            async with self._files.catalogue(recording.id) as directory:
                view = await asyncio.to_thread(load_whole, directory)
        except (OSError, ValueError) as error:
            logger.warning("Recording %s cannot be read: %s", recording.id, error)
            raise self._why_unreadable(recording) from error
        if recording.id in self._deleted:
            raise _in_trash()
        while len(self._views) >= VIEWS_KEPT:
            self._views.pop(next(iter(self._views)))
        self._views[recording.id] = view
        if view.ended and view.key_frames is None and VIDEO_TRACK in view.tracks:
            self._prepare(recording.id, view)
        return view

    def _prepare(self, recording_id: str, view: RecordingView) -> None:
        """Has the samples of an ended recording read, for its download and its I-frame playlist."""
        if view.is_playable and not self._closing.is_set():
            self._tasks.start(self._prepared(recording_id, view), f"samples of recording {recording_id}")

    async def _prepared(self, recording_id: str, view: RecordingView) -> None:
        if not self.is_there(recording_id):
            return
        try:
            async with self._files.catalogue(recording_id) as directory:
                await self._downloads.prepare(recording_id, directory, view, self._files.finder(recording_id))
                frames = await asyncio.to_thread(key_frames_of, directory, view)
        except (OSError, ValueError, Unavailable) as error:
            logger.info("The samples of recording %s are left to its next player: %s", recording_id, error)
            return
        for known in {view, self._views.get(recording_id, view)}:
            known.add_key_frames(frames)

    def _why_unreadable(self, recording: Recording) -> VtpError:
        if recording.stored_url and recording.stored_url != self._files.remote_url:
            return _stored_elsewhere()
        elsewhere = recording.instance_id not in (None, self._instance_id)
        if self._files.remote_url and elsewhere and recording.storage is not Storage.STORED:
            return Unavailable(
                "This recording is still on the machine that recorded it; try again when it is uploaded.",
                retry_after_s=60,
                code="not_uploaded_yet",
            )
        return files_missing()

    def _as_of_now(self, recording: Recording) -> Recording:
        view = self._active.view(recording.id)
        if view is None or recording.status not in (Status.RECORDING, Status.FINALIZING):
            return recording
        return replace(recording, **summary_of(view))

    def _directory(self, recording_id: str) -> Path:
        return self._files.directory(recording_id)

    @done_over
    async def _change(self, recording_id: str, **values: object) -> None:
        async with self._database.transaction() as tx:
            await change_recording(tx, recording_id, updated_at=self._clock(), **values)

    async def _save_end(self, recording_id: str, view: RecordingView, failure: str) -> None:
        """Keeps how a recording ended; `failure` is empty when it ended as asked."""
        self._emitter.emit(RecordingChanged(recording_id, Status.FINALIZING))
        status = Status.READY if not failure else Status.INTERRUPTED
        if not view.is_playable:
            status = Status.FAILED
        ended = {
            "status": status,
            "stopped_at": self._clock(),
            "error_message": failure,
            "metadata": _metadata(view),
            **summary_of(view),
        }
        while not await self._saved(recording_id, ended):
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVE_AGAIN_S):
                    await self._closing.wait()
        self._emitter.emit(RecordingChanged(recording_id, status))
        self._prepare(recording_id, view)
        if failure:
            logger.warning("Recording %s ended as %s: %s", recording_id, status.value, failure)

    async def _saved(self, recording_id: str, values: Mapping[str, object]) -> bool:
        """Tries to write a row; False when it is worth another try, the database being away."""
        try:
            await self._change(recording_id, **values)
        except Unavailable as error:
            if not self._closing.is_set():
                return False
            logger.warning("How recording %s ended is left to the next start: %s", recording_id, error)
        return True

    async def _recover(self, recording: Recording) -> None:
        directory = self._directory(recording.id)
        try:
            was_closed, view = await asyncio.to_thread(recover_unclosed, directory)
        except (OSError, ValueError) as error:
            logger.warning("Recording %s cannot be recovered: %s", recording.id, error)
            await self._change(
                recording.id,
                status=Status.FAILED,
                stopped_at=recording.started_at,
                error_message="The server ended before anything was recorded.",
            )
            self._emitter.emit(RecordingChanged(recording.id, Status.FAILED))
            return
        await self._save_end(recording.id, view, "" if was_closed else INTERRUPTED)
        length = timedelta(microseconds=view.manifest.duration_ns // 1000)
        await self._change(recording.id, stopped_at=recording.started_at + length)


def _found(recording: Recording | None) -> Recording:
    if recording is None:
        raise NotFound("There is no such recording.", code="no_such_recording")
    return recording


def _metadata(view: RecordingView) -> dict[str, object]:
    message = {"message": view.manifest.message} if view.manifest.message else {}
    parts = len(stretches(view.tracks))
    return {**message, DOWNLOAD_PARTS: parts} if parts > 1 else {**message}


def _stored_elsewhere() -> Unavailable:
    return Unavailable(
        "This recording lies in another object store than the server uses now.",
        retry_after_s=600,
        code="stored_elsewhere",
    )


def _in_trash() -> Gone:
    return Gone("This recording is in the trash.", code="recording_deleted")
