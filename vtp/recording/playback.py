"""What players get of recordings: playlists, files, pictures, downloads; from memory where they are there."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path

from vtp.accounts.permissions import Action
from vtp.errors import Conflict, Gone, NotFound, Unavailable, VtpError
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.recording.active import ActiveRecordings
from vtp.recording.catalogue import Catalogue
from vtp.recording.downloads import WHOLE, Clip, Downloads
from vtp.recording.files import RecordingFiles, files_missing
from vtp.recording.kept_views import KeptViews
from vtp.recording.live_playlist import Rendered
from vtp.recording.loading import key_frames_of, load_whole
from vtp.recording.mp4_file import Mp4File
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.store import PLAYABLE, Recording, Status, Storage
from vtp.recording.storyboard import FOLDER, sheet_name
from vtp.recording.storyboards import Storyboards
from vtp.recording.stretches import clip_of
from vtp.recording.thumbnail import Thumbnails
from vtp.recording.view import RecordingView
from vtp.single_flight import SingleFlight
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)


class Playback:
    """Asks for nobody's rights but those of downloads: its callers have. `tasks` own what is made."""

    def __init__(
        self,
        catalogue: Catalogue,
        active: ActiveRecordings,
        files: RecordingFiles,
        tasks: Tasks,
        instance_id: str,
    ) -> None:
        self._catalogue = catalogue
        self._active = active
        self._files = files
        self._tasks = tasks
        self._instance_id = instance_id
        self._views = KeptViews()
        self._loading: SingleFlight[str, RecordingView] = SingleFlight(
            tasks, "view of a recording", self._views.get, self._keep_view
        )
        self._downloads = Downloads(tasks)
        self._thumbnails = Thumbnails(tasks)
        self._storyboards = Storyboards(tasks)
        self._deleted: set[str] = set()
        self._is_closing = False
        catalogue.add_access_listener(self._drop_view)
        catalogue.add_return_listener(self.show)

    def begin_closing(self) -> None:
        """Nothing is read ahead any more."""
        self._is_closing = True

    def close(self) -> None:
        """Ends what is read and computed for players."""
        self._views.close()
        self._downloads.close()
        self._thumbnails.close()
        self._storyboards.close()

    def hide(self, recording_id: str) -> None:
        """It is being deleted: nobody is given anything of it from now on."""
        self._deleted.add(recording_id)

    def show(self, recording_id: str) -> None:
        """It could not be, or has come back."""
        self._deleted.discard(recording_id)

    async def settle(self, recording_id: str) -> None:
        """Waits until nothing is made of its files any more."""
        await self._downloads.settle(recording_id)
        await self._storyboards.settle(recording_id)

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
        self._views.get(recording_id)  # what comes after it is watched, too
        return view if view is not None and view.is_playable and self.is_there(recording_id) else None

    def view_in_memory(self, recording_id: str) -> RecordingView | None:
        """What `view` would give, where that needs nothing but memory."""
        kept = self._views.get(recording_id)  # also while its end is being saved: it is watched
        view = self._active.live_view(recording_id) or kept
        return view if view is not None and view.is_playable and self.is_there(recording_id) else None

    async def _view_as_it_is(self, recording_id: str) -> RecordingView:
        """The same, also before there is anything to play."""
        if recording_id in self._deleted:
            await self._catalogue.find(recording_id)
            raise _in_trash()
        kept = self._views.get(recording_id)
        view = self._active.view(recording_id) or kept
        if view is None:
            wanted = parse_id(recording_id, "/path/id")
            view = await self._loading.get(wanted, partial(self._load_view, wanted))
            if wanted in self._deleted:
                raise _in_trash()
        return view

    def is_there(self, recording_id: str) -> bool:
        """Whether it has not been deleted since this process began."""
        return recording_id not in self._deleted

    def refresh(self, recording_id: str) -> None:
        """A job has changed its files: who comes next is shown them as they are now."""
        self._drop_view(recording_id)
        self._files.forget(recording_id)

    def forget(self, recording_id: str) -> None:
        """Keeps nothing in memory of a recording whose files have changed."""
        self.refresh(recording_id)
        self._downloads.forget(recording_id)
        self._thumbnails.forget(recording_id)
        self._storyboards.forget(recording_id)

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
            return await self._storyboards.sheet(
                recording_id, self._files.directory(recording_id), view, number
            )
        read = self._files.reader(recording_id)

        async def draw() -> bytes:
            return await self._storyboards.sheet(recording_id, None, view, number, read)

        return await self._files.made(recording_id, f"{FOLDER}/{sheet_name(number)}", draw)

    async def download(
        self, principal: Principal | None, recording_id: str, clip: Clip = WHOLE, part: int | None = None
    ) -> tuple[Recording, Mp4File]:
        """The MP4 of all of it, of a clip, or of a `part` of one codec (from 1), computed from the segments.

        `principal` is None when a grant was checked instead. Raises Conflict while it is being recorded or
        when there are several codecs in what is wanted, NotFound for a part that it has not, Invalid for a
        clip behind its end, Unavailable when its files are damaged.
        """
        if principal is not None:
            seen = await self._catalogue.get(principal, recording_id)
            seen.require(Action.RECORDING_DOWNLOAD)
        recording = await self._catalogue.find(recording_id)
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

    def _drop_view(self, recording_id: str) -> None:
        self._views.drop(recording_id)
        self._loading.forget(recording_id)  # it may have read what was there before

    async def _load_view(self, recording_id: str) -> RecordingView:
        recording = await self._catalogue.find(recording_id)
        if recording.status is Status.DELETED:
            raise _in_trash()
        if recording.status not in PLAYABLE:
            raise NotFound("This recording holds nothing to play.", code="nothing_to_play")
        try:
            async with self._files.catalogue(recording_id) as directory:
                return await asyncio.to_thread(load_whole, directory)
        except (OSError, ValueError) as error:
            logger.warning("Recording %s cannot be read: %s", recording_id, error)
            raise self._why_unreadable(recording) from error

    def _keep_view(self, recording_id: str, view: RecordingView) -> None:
        if recording_id in self._deleted:
            return
        self._views.put(recording_id, view)
        if view.ended and view.key_frames is None and VIDEO_TRACK in view.tracks:
            self.prepare(recording_id, view)

    def keep_ended(self, recording_id: str, view: RecordingView) -> None:
        """What was recorded here until now: nobody who watches it waits for it to be read. What its files may
        not hold is not kept: the disk had refused them.
        """
        if view.is_playable and view.manifest.closed and self.is_there(recording_id):
            self._views.put_ended(recording_id, view)

    def prepare(self, recording_id: str, view: RecordingView) -> None:
        """Has the samples of an ended recording read, for its download and its I-frame playlist."""
        if view.is_playable and not self._is_closing:
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
        for known in {view, self._views.peek(recording_id) or view}:
            known.add_key_frames(frames)

    def _why_unreadable(self, recording: Recording) -> VtpError:
        if recording.stored_url and recording.stored_url != self._files.remote_url:
            return stored_elsewhere()
        elsewhere = recording.instance_id not in (None, self._instance_id)
        if self._files.remote_url and elsewhere and recording.storage is not Storage.STORED:
            return Unavailable(
                "This recording is still on the machine that recorded it; try again when it is uploaded.",
                retry_after_s=60,
                code="not_uploaded_yet",
            )
        return files_missing()


def stored_elsewhere() -> Unavailable:
    """What is said of one that lies in a store which the server does not use any more."""
    return Unavailable(
        "This recording lies in another object store than the server uses now.",
        retry_after_s=600,
        code="stored_elsewhere",
    )


def _in_trash() -> Gone:
    return Gone("This recording is in the trash.", code="recording_deleted")
