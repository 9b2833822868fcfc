"""The recordings in progress: one session and one view each, from start to the row that says how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from vtp.recording.live_view import LiveView
from vtp.recording.outcome import Outcome
from vtp.recording.recorder import Recorder
from vtp.recording.recovery import recover
from vtp.recording.session import RecordingSession
from vtp.recording.store import PROGRAM, Recording
from vtp.recording.transcoder import TranscodeSlots
from vtp.recording.view import RecordingView
from vtp.rooms.live import LiveRoom
from vtp.rooms.store import Room
from vtp.settings import RecordingSettings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

CATCH_UP_S = 2.0
"""So long after the last parts who follows is told that there will be no more: by then they have these."""

SaveEnd = Callable[[str, RecordingView, Outcome], Awaitable[None]]
DIED = "The recorder failed; what it had written by then is here."


@dataclass(frozen=True, slots=True)
class Growing:
    """A recording in progress and its bytes so far."""

    recording_id: str
    room: Room
    size_bytes: int


@dataclass(slots=True)
class _Active:
    recording: Recording  # as it began
    session: RecordingSession
    view: LiveView
    task: asyncio.Task[None]


@dataclass(slots=True)
class _Followed:
    view: LiveView
    ended: RecordingView
    hands_over: bool
    """Whether what was followed is what there is to play: files of a recorder that failed may hold less."""
    timer: asyncio.TimerHandle


class ActiveRecordings:
    """`save_end(recording_id, view, outcome)` is called once for each, whatever ends it; at most
    `live_transcodes` of them transcode their picture at a time.
    """

    def __init__(self, tasks: Tasks, save_end: SaveEnd, live_transcodes: int) -> None:
        self._tasks = tasks
        self._save_end = save_end
        self.slots = TranscodeSlots(live_transcodes)
        self._active: dict[str, _Active] = {}
        self._followed: dict[str, _Followed] = {}

    def __len__(self) -> int:
        return len(self._active)

    def begin(
        self, recording: Recording, room: LiveRoom, directory: Path, settings: RecordingSettings
    ) -> RecordingSession:
        """Starts recording a room into `directory`."""
        recorder = Recorder(
            directory,
            recording.id,
            min_free_bytes=settings.min_free_bytes,
            mixed_voices=settings.mixed_voices,
        )
        tracks = 0 if recording.layout == PROGRAM else settings.tracks_at_once
        session = RecordingSession(
            room,
            recorder,
            self._tasks,
            settings.idle_stop_s,
            self.slots,
            tracks,
            layers=settings.layers,
        )
        recorder.on_key_frame_wanted(session.want_key_frame)
        view = LiveView(recorder.manifest, {}, followed=recorder.attend)
        loop = asyncio.get_running_loop()

        def grown() -> None:
            loop.call_soon_threadsafe(view.grow, recorder.manifest, recorder.tracks)

        recorder.on_growth(grown)
        task = self._tasks.start(self._run(recording.id, session), f"recording {recording.id}")
        self._active[recording.id] = _Active(recording, session, view, task)
        return session

    def sizes(self) -> list[Growing]:
        """How large each is by now, participants' tracks included."""
        return [
            Growing(id_, one.session.room.room, one.session.recorder.size_bytes)
            for id_, one in self._active.items()
        ]

    def get(self, recording_id: str) -> RecordingSession | None:
        """The session of a recording in progress."""
        active = self._active.get(recording_id)
        return active.session if active else None

    def recording(self, recording_id: str) -> Recording | None:
        """A recording in progress as its row said when it began: the database may be away."""
        active = self._active.get(recording_id)
        return active.recording if active else None

    def of_room(self, room_id: str) -> str | None:
        """The recording in progress of a room; not one that has ended and is being saved, which may take long
        and meanwhile there may be the next.
        """
        sessions = ((id_, one.session) for id_, one in self._active.items())
        return next((id_ for id_, one in sessions if one.room.id == room_id and not one.ended), None)

    def view(self, recording_id: str) -> LiveView | None:
        """The view of a recording in progress, as of now."""
        active = self._active.get(recording_id)
        if active is None:
            return None
        active.view.update(active.session.recorder.manifest, active.session.recorder.tracks)
        return active.view

    def live_view(self, recording_id: str) -> LiveView | None:
        """The same as of when it has grown last."""
        active = self._active.get(recording_id)
        return active.view if active else None

    def followed(self, recording_id: str) -> LiveView | None:
        """What those see who follow it, also for a moment after its end."""
        followed = self._followed.get(recording_id)
        return followed.view if followed else self.live_view(recording_id)

    async def stop(self, recording_id: str) -> None:
        """Ends a recording and waits until its row says so."""
        active = self._active.get(recording_id)
        if active is not None:
            active.session.recorder.stop()
            await asyncio.wait([active.task])

    async def close(self) -> None:
        """Ends all of them together."""
        await asyncio.gather(*(self.stop(recording_id) for recording_id in list(self._active)))
        for recording_id in list(self._followed):
            self._end_following(recording_id)

    def _let_followers_catch_up(self, recording_id: str, ended: RecordingView, outcome: Outcome) -> None:
        view = self._active[recording_id].view
        view.complete(ended.manifest, ended.tracks)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(CATCH_UP_S, self._end_following, recording_id)
        self._followed[recording_id] = _Followed(view, ended, not outcome.failure, timer)

    def _end_following(self, recording_id: str) -> None:
        followed = self._followed.pop(recording_id)
        followed.timer.cancel()
        followed.view.end()
        if followed.hands_over:
            followed.view.hand_over(followed.ended)

    async def _run(self, recording_id: str, session: RecordingSession) -> None:
        outcome = Outcome(0, DIED)
        try:
            outcome = await session.run()
        finally:
            try:
                ended = await _ended_view(session, outcome)
                # Followers are told the end first: the database may be away for long.
                self._let_followers_catch_up(recording_id, ended, outcome)
                await self._save_end(recording_id, ended, outcome)
            finally:
                del self._active[recording_id]


async def _ended_view(session: RecordingSession, outcome: Outcome) -> RecordingView:
    """What there is to play; after a recorder's death what its files hold, which it did not close itself."""
    recorder = session.recorder
    if outcome.failure == DIED:
        try:
            whole = await asyncio.to_thread(recover, recorder.directory, DIED)
            return RecordingView(whole.manifest, whole.tracks, ended=True, people=whole.people)
        except (OSError, ValueError) as error:
            logger.warning("Recording %s cannot be made whole: %s", recorder.manifest.recording_id, error)
    return RecordingView(recorder.manifest, recorder.tracks, ended=True, people=recorder.people)
