"""Where the pictures of streams come from: recordings and windows, one after the other."""

from __future__ import annotations

import time
from pathlib import Path

from vtp.errors import NotFound, Unavailable
from vtp.ids import new_id
from vtp.recording.files import files_missing
from vtp.recording.part_files import read_range
from vtp.recording.service import Recordings
from vtp.recording.view import RecordingView
from vtp.recording.viewers import Viewership
from vtp.rooms.live import LiveRoom
from vtp.streaming.stream import Stream
from vtp.streaming.windows import LINGER_S, Windows


class Sources:
    """Gives streams their sources, and shows them to players, who are viewers of the stream."""

    def __init__(self, recordings: Recordings, windows: Windows) -> None:
        self.viewership = Viewership()
        self._recordings = recordings
        self._windows = windows
        self._of_recordings: dict[str, Stream] = {}

    def of_recording(self, recording_id: str) -> Stream | None:
        """The stream that this recording is the source of now."""
        return self._of_recordings.get(recording_id)

    def feed(self, stream: Stream, live: LiveRoom) -> None:
        """Gives a room's stream its next source: the recording in progress, or a window."""
        recording_id = self._recordings.active.of_room(live.id)
        if recording_id is not None:
            self.feed_recording(stream, recording_id)
        else:
            self.feed_window(stream, live)

    def feed_recording(self, stream: Stream, recording_id: str) -> None:
        """Has a stream come from a recording."""
        stream.recording_id = recording_id
        self._of_recordings[recording_id] = stream
        self._set(stream, recording_id)

    def feed_window(self, stream: Stream, live: LiveRoom) -> None:
        """Has a room's stream come from a window of its own."""
        window_id = new_id()
        self._set(stream, window_id)
        self._windows.begin(window_id, live)

    def _set(self, stream: Stream, source: str) -> None:
        if stream.sources:
            self._leave(stream)
        stream.sources.append(source)
        for media_id in stream.media_ids:
            self.viewership.open(media_id, stream.viewers)

    def end(self, stream: Stream) -> None:
        """The stream has no source any more; what it had can be fetched for some seconds."""
        self._leave(stream)
        for media_id in stream.media_ids:
            self.viewership.close(media_id)

    def _leave(self, stream: Stream) -> None:
        source = stream.source
        stream.left_s.setdefault(source, time.monotonic())
        self._windows.stop(source)
        if self._of_recordings.get(source) is stream:
            del self._of_recordings[source]
            self.viewership.close(source)

    async def view(self, stream: Stream, source: str) -> RecordingView:
        """What a player sees of a source, which may have ended some seconds ago. Raises NotFound, Unavailable
        before there is anything to play.
        """
        if not _is_there(stream, source):
            raise NotFound(
                "The stream has no such source (any more): load master.m3u8.", code="no_such_source"
            )
        window = self._windows.view(source)
        if window is None:
            return await self._recordings.view(source)
        if not window.is_playable:
            raise Unavailable("The stream has just begun; try again in a moment.", retry_after_s=1)
        return window

    def view_in_memory(self, stream: Stream, source: str) -> RecordingView | None:
        """The same where that needs nothing but memory."""
        if not _is_there(stream, source):
            return None
        window = self._windows.view(source)
        if window is None:
            return self._recordings.playback.view_in_memory(source)
        return window if window.is_playable else None

    def followed(self, source: str) -> RecordingView | None:
        """What those see who follow a recording, also for a moment after its end; None of a window."""
        return self._recordings.playback.followed(source)

    def file(self, source: str, name: str) -> Path:
        """Where a file of a source lies."""
        if self._windows.view(source) is not None:
            return self._windows.file(source, name)
        return self._recordings.file(source, name)

    async def fetch(self, source: str, name: str) -> Path:
        """A file of a source on this machine. Raises NotFound, Unavailable."""
        if self._windows.view(source) is not None:
            return self._windows.file(source, name)
        return await self._recordings.playback.fetch(source, name)

    async def read_range(self, source: str, name: str, offset: int, size: int) -> bytes:
        """Some bytes of a file of one. Raises NotFound, Unavailable."""
        if self._windows.view(source) is not None:
            try:
                return await read_range(self._windows.file(source, name), offset, size)
            except OSError as error:
                raise files_missing() from error
        return await self._recordings.playback.read_range(source, name, offset, size)

    def message(self, stream: Stream) -> str:
        """Why not everything that is presented is streamed; empty when all is."""
        return self._windows.message(stream.source)


def _is_there(stream: Stream, source: str) -> bool:
    if source not in stream.sources:
        return False
    left_s = stream.left_s.get(source)
    return left_s is None or time.monotonic() - left_s < LINGER_S
