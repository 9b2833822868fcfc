"""Makes the rungs of a recording that are missing, from its segments; the manifest names them last of all.

It works on one segment after the other, so that it is cancelled between two and goes on behind the last. The
picture's own files are read only.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from vtp.errors import Unavailable
from vtp.jobs.ladder_wish import lines_of
from vtp.jobs.progress import Progress
from vtp.jobs.rung_encoder import RungEncoder, pick_encoder
from vtp.jobs.rung_writer import RungWriter
from vtp.jobs.runner import HopelessError
from vtp.jobs.store import Kind
from vtp.recording.index import SegmentLine, TrackIndex, segment_name
from vtp.recording.ladder import missing_rungs, rung_lines, rung_name
from vtp.recording.manifest import MANIFEST_NAME, Manifest, change_manifest, read_manifest
from vtp.recording.playlist import frame_rate
from vtp.recording.recovery import recover
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.store import Recording, Storage
from vtp.recording.summary import summary_of
from vtp.recording.view import RecordingView
from vtp.storage import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Ladder:
    """One for the whole process. `lines` are the shorter sides of the rungs that are wanted."""

    moves = False
    then = Kind.UPLOAD  # sends what is new

    def __init__(self, store: Store, lines: Sequence[int], min_free_bytes: int = 0) -> None:
        self._store = store
        self._lines = lines
        self._min_free_bytes = min_free_bytes
        self._codec = ""

    async def run(self, recording: Recording, progress: Progress, rungs: str = "") -> Mapping[str, object]:
        """Gives what the recording's row says from now on.

        Raises Unavailable while the disk is almost full (classes need what is left), HopelessError when
        nothing of it is here, OSError and ValueError.
        """
        directory = self._store.path(recording.id)
        if recording.storage is Storage.STORED and not (directory / MANIFEST_NAME).exists():
            raise HopelessError(
                "Its files are in the object store alone: a ladder is made of files that are here."
            )
        self._codec = self._codec or await _whole(pick_encoder)
        work = await _whole(partial(RungsOfRecording, directory, lines_of(rungs, self._lines), self._codec))
        try:
            progress.begin(work.total, work.done)
            for line in work.picture.segments:
                self._check_disk()
                progress.add(await _whole(partial(work.make, line)))
            return await _whole(work.publish)
        finally:
            work.close()

    def _check_disk(self) -> None:
        if shutil.disk_usage(self._store.root).free < self._min_free_bytes:
            raise Unavailable(
                "The disk of the recordings is almost full: the ladder goes on when there is room.",
                code="disk_full",
            )

    async def undo(self, recording_id: str) -> None:
        """Of a recording that was deleted meanwhile nothing stays."""
        await asyncio.to_thread(shutil.rmtree, self._store.path(recording_id), ignore_errors=True)


class RungsOfRecording:
    """The rungs that one recording lacks; for threads, one call at a time."""

    def __init__(self, directory: Path, lines: Sequence[int], codec: str) -> None:
        self._directory = directory
        if not read_manifest(directory).closed:
            recover(directory)
        view = RecordingView.load(directory)
        self.picture = view.tracks.get(VIDEO_TRACK, TrackIndex())
        wanted = missing_rungs(lines, view.tracks)
        self._writers = [RungWriter(directory / rung_name(one)) for one in wanted]
        self._encoder = RungEncoder(codec, frame_rate(self.picture))
        self._sections = {
            line.map: (directory / VIDEO_TRACK / line.uri).read_bytes() for line in self.picture.maps
        }

    @property
    def total(self) -> int:
        """Ticks of picture to be encoded, over all rungs."""
        return len(self._writers) * sum(line.duration for line in self.picture.segments)

    @property
    def done(self) -> int:
        """How much of that an earlier run has left."""
        return sum(line.duration for writer in self._writers for line in writer.index.segments)

    def make(self, line: SegmentLine) -> int:
        """Makes a segment on all rungs that do not have it; gives how much of `total` that is."""
        lacking = [writer for writer in self._writers if writer.next_msn == line.msn]
        if line.gap:
            for writer in lacking:
                writer.leave_out(line)
        elif lacking:
            segment = (self._directory / VIDEO_TRACK / segment_name(line.msn)).read_bytes()
            rungs = [rung_lines(writer.folder.name) for writer in lacking]
            made = self._encoder.encode(self._sections[line.map], segment, line, rungs)
            for writer, one in zip(lacking, made, strict=True):
                writer.add(line, one)
        return len(lacking) * line.duration

    def publish(self) -> Mapping[str, object]:
        """Has the manifest name the new rungs; gives the columns of the recording's row that change.

        Also of rungs that are there already: an earlier run may have ended before its row said so.
        """
        for writer in self._writers:
            writer.finish()
        manifest = change_manifest(self._directory, self._with_rungs)
        if not any(map(rung_lines, manifest.tracks)):
            return {}
        return {"file_size_bytes": summary_of(RecordingView.load(self._directory))["file_size_bytes"]}

    def _with_rungs(self, manifest: Manifest) -> Manifest:
        for writer in self._writers:
            manifest = manifest.with_track(writer.folder.name)
        return manifest

    def close(self) -> None:
        """Lets go of all files."""
        for writer in self._writers:
            writer.close()


async def _whole(function: Callable[[], T]) -> T:
    """Calls it in a thread; when this is cancelled, only when that has returned."""
    running = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
