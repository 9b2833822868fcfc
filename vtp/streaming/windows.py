"""Classes that are streamed without being recorded: the newest minutes of each, and nothing afterwards.

A window is made by the recorder's own pipeline, into a folder that has nothing else in it. It goes when the
stream ends, and what a killed process has left goes when the next one starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vtp.errors import StartupError
from vtp.ids import is_id
from vtp.recording.active import CATCH_UP_S
from vtp.recording.disk import STREAMS_FULL, Disk
from vtp.recording.live_view import LiveView
from vtp.recording.outcome import Outcome
from vtp.recording.recorder import Recorder
from vtp.recording.session import RecordingSession
from vtp.recording.transcoder import TranscodeSlots
from vtp.rooms.live import LiveRoom
from vtp.settings import Settings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

MIN_FREE_BYTES = (
    64 * 1024 * 1024
)  # a tmpfs for streams is small; a smaller recording.min_free_bytes holds too
LINGER_S = 15.0  # for players that are some seconds behind the end
FAILED = "The stream failed."

Ended = Callable[[str, str], None]


@dataclass(slots=True)
class _Window:
    session: RecordingSession
    view: LiveView


class Windows:
    """`ended(window_id, failure)` is called when one has ended, before its last bytes are gone."""

    def __init__(self, settings: Settings, instance: str, slots: TranscodeSlots, ended: Ended) -> None:
        self._root = settings.streams_folder() / instance
        self._window_s = settings.streaming.window_s
        self._settings = settings.recording
        self._min_free_bytes = min(settings.recording.min_free_bytes, MIN_FREE_BYTES)
        self.disk = Disk(self._root, STREAMS_FULL, self._min_free_bytes)
        self._slots = slots
        self._ended = ended
        self._tasks = Tasks()
        self._closing = asyncio.Event()
        self._windows: dict[str, _Window] = {}

    async def open(self) -> None:
        """Makes the folder, and empties it. Raises StartupError."""
        await asyncio.to_thread(_empty, self._root)

    async def close(self) -> None:
        """Ends all of them, and removes what they have."""
        self._closing.set()
        for window in self._windows.values():
            window.session.recorder.stop()
        await self._tasks.settle()

    def begin(self, window_id: str, room: LiveRoom) -> None:
        """Starts streaming a room."""
        directory = self._root / window_id
        recorder = Recorder(
            directory,
            window_id,
            min_free_bytes=self._min_free_bytes,
            mixed_voices=self._settings.mixed_voices,
            window_s=self._window_s,
        )
        session = RecordingSession(
            room,
            recorder,
            self._tasks,
            self._settings.idle_stop_s,
            self._slots,
            layers=self._settings.layers,
            lasting=False,
        )
        recorder.on_key_frame_wanted(session.want_key_frame)
        view = LiveView(recorder.manifest, {}, slides=True, followed=recorder.attend)
        loop = asyncio.get_running_loop()

        def grown() -> None:
            loop.call_soon_threadsafe(view.grow, recorder.manifest, recorder.tracks)

        recorder.on_growth(grown)
        self._windows[window_id] = _Window(session, view)
        self._tasks.start(self._run(window_id, directory, room.hold_stream()), f"stream {window_id}")

    def stop(self, window_id: str) -> None:
        """Ends one soon."""
        window = self._windows.get(window_id)
        if window is not None:
            window.session.recorder.stop()

    def view(self, window_id: str) -> LiveView | None:
        """What players see of one, as of when it has grown last."""
        window = self._windows.get(window_id)
        return window.view if window is not None else None

    def message(self, window_id: str) -> str:
        """Why not everything that is presented is streamed; empty when all is."""
        window = self._windows.get(window_id)
        return window.session.message if window is not None else ""

    def file(self, window_id: str, name: str) -> Path:
        """Where a file of one lies."""
        return self._root / window_id / name

    async def _run(self, window_id: str, directory: Path, end_hold: Callable[[], None]) -> None:
        window = self._windows[window_id]
        outcome = Outcome(0, FAILED)
        try:
            outcome = await window.session.run()
        finally:
            recorder = window.session.recorder
            window.view.complete(recorder.manifest, recorder.tracks)
            end_hold()
            self._ended(window_id, outcome.failure)
            try:
                await self._unless_closing(CATCH_UP_S)
                window.view.end()
                await self._unless_closing(LINGER_S - CATCH_UP_S)
            finally:
                window.view.end()
                del self._windows[window_id]
                await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def _unless_closing(self, length_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(length_s):
                await self._closing.wait()


def _empty(root: Path) -> None:
    """Removes the folders of windows that nobody has any more."""
    try:
        root.mkdir(mode=0o750, parents=True, exist_ok=True)
        for folder in root.iterdir():
            if is_id(folder.name):
                shutil.rmtree(folder)
    except OSError as error:
        raise StartupError(
            f"The folder of live streams {root} cannot be used ({os.strerror(error.errno or 0)}): repair it, "
            "or set streaming.folder to another one."
        ) from error
