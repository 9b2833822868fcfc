"""The files of a recording in progress: a writer for each track, their indexes, the manifest."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from vtp.recording.index import Line, MapLine, SegmentLine, TrackIndex
from vtp.recording.manifest import Manifest, PersonOfTrack, write_manifest
from vtp.recording.outcome import Outcome
from vtp.recording.recovery import recover
from vtp.recording.timebase import NS
from vtp.recording.track_writer import LineListener, TrackWriter
from vtp.recording.window import WindowIndex

logger = logging.getLogger(__name__)


class RecordedFiles:
    """Written by the recorder's thread; what is public may be read by the event loop.

    `window_s`: the newest so many seconds are kept, for who watches now, and nothing that is to last; 0: all.
    `listener` is called with each line of a track, after what it names was written.
    """

    def __init__(self, directory: Path, recording_id: str, window_s: float, listener: LineListener) -> None:
        self.directory = directory
        self.tracks: dict[str, TrackIndex] = {}
        self.people: dict[str, TrackIndex] = {}
        self.manifest = Manifest(recording_id)
        self.size_bytes = 0  # of finished segments and sections, participants' too
        self._window_s = window_s
        self._listener = listener
        self._writers: list[TrackWriter] = []

    def begin(self) -> None:
        """Makes the folder and the manifest in it. Raises OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        write_manifest(self.directory, self.manifest)

    def update(self, **changes: object) -> None:
        """Changes the manifest. Raises OSError: then it is what it was."""
        changed = replace(self.manifest, **changes)  # type: ignore[arg-type]
        write_manifest(self.directory, changed)
        self.manifest = changed

    def open_track(self, track: str, timescale: int) -> TrackWriter:
        """Begins a track of the program. Raises OSError."""
        directory, lasting = self.directory / track, not self._window_s
        self.tracks[track] = TrackIndex() if lasting else WindowIndex(directory, self._window_s)
        self.update(tracks=self.manifest.with_track(track).tracks)
        return self._open(TrackWriter(directory, track, timescale, self._written, lasting=lasting))

    def open_person(self, person: PersonOfTrack, timescale: int) -> TrackWriter:
        """Begins the track of a participant. Raises OSError."""
        self.people[person.track] = TrackIndex()
        self.update(people=(*self.manifest.people, person))
        directory = self.directory / person.track
        return self._open(TrackWriter(directory, person.track, timescale, self._written))

    def let_go(self) -> None:
        """Closes the files as they are."""
        for writer in self._writers:
            writer.abandon()

    def abandon(self, reason: str, code: str) -> Outcome:
        """Closes the files as they are and keeps what is whole; the disk may go on refusing."""
        self.let_go()
        if self._window_s:
            return Outcome(0, reason, code)
        try:
            recovered = recover(self.directory, reason, code)
        except (OSError, ValueError) as error:
            logger.warning(
                "Recording %s is made whole when it is next looked at: %s", self.manifest.recording_id, error
            )
            longest_s = max((track.duration_s for track in self.tracks.values()), default=0)
            return Outcome(round(longest_s * NS), reason, code)
        self.manifest = recovered.manifest
        self.tracks = recovered.tracks
        self.people = recovered.people
        return Outcome(recovered.manifest.duration_ns, reason, code)

    def _open(self, writer: TrackWriter) -> TrackWriter:
        self._writers.append(writer)
        return writer

    def _written(self, track: str, line: Line) -> None:
        (self.people if track in self.people else self.tracks)[track].add(line)
        if isinstance(line, SegmentLine | MapLine):
            self.size_bytes += line.size
        self._listener(track, line)
