"""Chapters of recordings: noted while it is recorded, read, and set by staff. Decision 0079."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from vtp.accounts.audit import Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import FieldError, Invalid, NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.recording.changes import RecordingChanged
from vtp.recording.chapter_list import Chapter, Placed, as_happened, place
from vtp.recording.chapter_store import Happened, add_chapters, chapters_of, remove_own
from vtp.recording.chapter_watch import ChapterWatch
from vtp.recording.index import TrackIndex
from vtp.recording.seen import Seen
from vtp.recording.service import Recordings
from vtp.recording.store import Status, change_recording, find_recording
from vtp.rooms.live import LiveRoom
from vtp.rooms.polls import RoomPolls
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # noted and not written, while there is no database


class Chapters:
    """Hears of recordings by `recording_changed`; `polls_of` gives the polls of an open room."""

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        polls_of: Callable[[LiveRoom], RoomPolls],
        tasks: Tasks,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._polls_of = polls_of
        self._tasks = tasks
        self._clock = clock
        self._watches: dict[str, ChapterWatch] = {}
        self._waiting: dict[str, list[Happened]] = {}

    def recording_changed(self, event: RecordingChanged) -> None:
        """Watches a class from the start of its recording to the end."""
        session = self._recordings.active.get(event.recording_id)
        if event.status is Status.RECORDING and session is not None:
            note = partial(self._note, event.recording_id)
            self._watches[event.recording_id] = ChapterWatch(session, self._polls_of(session.room), note)
        elif event.status is not Status.RECORDING:
            watch = self._watches.pop(event.recording_id, None)
            if watch is not None:
                watch.close()
                self._write_soon(event.recording_id)

    async def of(self, recording_id: str) -> tuple[list[Placed], bool]:
        """The chapters, for who may see the recording, and whether staff have set them. Raises NotFound."""
        tracks, duration_ms = await self._media(recording_id)
        async with self._database.read() as tx:
            recording = await find_recording(tx, recording_id)
            if recording is None:
                raise NotFound("There is no such recording.", code="no_such_recording")
            is_set = recording.chapters_set_at is not None
            rows = await chapters_of(tx, recording_id, own=is_set)
        chapters = rows if is_set else as_happened(rows, tracks, duration_ms)
        return place(chapters, duration_ms), is_set

    async def put(
        self, principal: Principal, recording_id: str, chapters: Sequence[Chapter], origin: Origin
    ) -> tuple[list[Placed], bool]:
        """Sets the chapters, in place of all. Raises NotFound, Forbidden, Invalid for one behind the end."""
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        _, duration_ms = await self._media(seen.recording.id)
        for number, chapter in enumerate(chapters):
            if chapter.start_ms >= duration_ms > 0:
                detail = f"The recording ends after {duration_ms / 1000:.3f} s: chapters begin before that."
                raise Invalid(detail, errors=[FieldError(f"/chapters/{number}/start_seconds", detail)])
        await self._set(seen, chapters, origin)
        return await self.of(seen.recording.id)

    async def reset(self, principal: Principal, recording_id: str, origin: Origin) -> None:
        """Goes back to what happened. Raises NotFound, Forbidden."""
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        await self._set(seen, None, origin)

    @done_over
    async def _set(self, seen: Seen, chapters: Sequence[Chapter] | None, origin: Origin) -> None:
        now, recording = self._clock(), seen.recording
        async with self._database.transaction() as tx:
            await change_recording(
                tx, recording.id, chapters_set_at=None if chapters is None else now, updated_at=now
            )
            await remove_own(tx, recording.id)
            await add_chapters(tx, recording.id, map(Happened, chapters or ()))
            count = None if chapters is None else len(chapters)
            note = self._recordings.catalogue.note
            await note(tx, Event.RECORDING_CHAPTERS, recording, seen.member, origin, chapters=count)

    async def _media(self, recording_id: str) -> tuple[list[TrackIndex], int]:
        try:
            view = await self._recordings.view(recording_id)
        except Unavailable:  # it has just begun
            return [], 0
        tracks = [view.tracks[view.main_track]] if view.main_track else []
        return tracks, int(view.duration_s * 1000)

    def _note(self, recording_id: str, happened: Happened) -> None:
        waiting = self._waiting.setdefault(recording_id, [])
        if len(waiting) < MAX_WAITING:
            waiting.append(happened)
        self._write_soon(recording_id)

    def _write_soon(self, recording_id: str) -> None:
        self._tasks.start(self._write(recording_id), f"chapters of recording {recording_id}")

    async def _write(self, recording_id: str) -> None:
        """Writes what waits; while there is no database it waits for the next chapter, or the end."""
        happened = self._waiting.pop(recording_id, [])
        try:
            await self._add(recording_id, happened)
        except Unavailable:
            self._waiting[recording_id] = [*happened, *self._waiting.get(recording_id, ())]
            if recording_id not in self._watches:
                logger.warning("Chapters of recording %s are lost: no database.", recording_id)
                del self._waiting[recording_id]

    @done_over
    async def _add(self, recording_id: str, happened: Sequence[Happened]) -> None:
        if happened:
            async with self._database.transaction() as tx:
                await add_chapters(tx, recording_id, happened)
