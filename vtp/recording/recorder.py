"""The recorder: one thread per recording, from taps to files. The event loop hears of it by callbacks only.

It wakes TICKS_PER_S times a second, not per packet: a tap is a ring that the packet path fills meanwhile.
"""

from __future__ import annotations

import errno
import heapq
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from vtp.late_av import av
from vtp.recording.audio_tracks import AudioTracks
from vtp.recording.disk import DISK_FULL
from vtp.recording.index import Line, MapLine, SegmentLine, TrackIndex
from vtp.recording.layer_join import Joined, KeyFrames, LayerFrame, LayerJoin
from vtp.recording.manifest import Manifest, PersonOfTrack, write_manifest
from vtp.recording.mixer import MIXED_VOICES
from vtp.recording.person_track import PersonTrack
from vtp.recording.recovery import recover
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import PlacedPicture, PlacedSound, Source
from vtp.recording.timebase import NS, Origin
from vtp.recording.track_writer import TrackWriter
from vtp.recording.window import WindowIndex

logger = logging.getLogger(__name__)

TICK_S = 0.05
PICTURE_WAIT_NS = 3 * NS  # sound alone begins a recording when no picture has come for this long
SOUND_WAIT_NS = NS
KEY_FRAME_EVERY_NS = NS // 2
LOOK_AT_DISK_NS = 2 * NS


class Clock(Protocol):
    """Monotonic nanoseconds; the same clock that stamps arrivals."""

    def __call__(self) -> int:
        """The time now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a recording ended; `failure` is a sentence when it did not end as asked, `code` a word for that."""

    duration_ns: int
    failure: str = ""
    code: str = ""


class Recorder:
    """`run()` is the thread; everything else may be called from the event loop.

    `window_s`: the newest so many seconds are kept, for who watches now, and nothing that is to last; 0: all.
    """

    def __init__(
        self,
        directory: Path,
        recording_id: str,
        *,
        min_free_bytes: int = 0,
        mixed_voices: int = MIXED_VOICES,
        window_s: float = 0.0,
        now_ns: Clock = time.monotonic_ns,
    ) -> None:
        self.directory = directory
        self.tracks: dict[str, TrackIndex] = {}
        self.people: dict[str, TrackIndex] = {}
        self.manifest = Manifest(recording_id)
        self.size_bytes = 0  # of finished segments and sections, participants' too
        self._min_free_bytes = min_free_bytes
        self._mixed_voices = mixed_voices
        self._window_s = window_s
        self._want_key_frame: Callable[[], None] = lambda: None
        self._want_key_frame_of: Callable[[str], None] = lambda source_id: None
        self._read_levels: Callable[[], Mapping[str, bytes]] = dict
        self._grown: Callable[[], None] = lambda: None
        self._now_ns = now_ns
        self._commands: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._sources: dict[str, Source] = {}
        self._lower: list[Source] = []  # the layers below the picture's highest
        self._join = LayerJoin(1)
        self._people: dict[str, PersonTrack] = {}  # by source
        self._segmenter: Segmenter | None = None
        self._origin: Origin | None = None
        self._early: list[PlacedSound | Joined] = []
        self._first_source_ns = 0
        self._asked_ns = 0
        self._looked_ns = 0
        self._writers: list[TrackWriter] = []
        self._has_grown = False
        self._failure = self._code = ""
        self._thing = "stream" if window_s else "recording"

    def on_key_frame_wanted(self, callback: Callable[[], None]) -> None:
        """Has `callback` called, in the recorder's thread, whenever a key frame is wanted; before `run`."""
        self._want_key_frame = callback

    def on_key_frame_of_track_wanted(self, callback: Callable[[str], None]) -> None:
        """Has `callback` called, in the recorder's thread, with the source of a track that wants one."""
        self._want_key_frame_of = callback

    def on_growth(self, callback: Callable[[], None]) -> None:
        """Has `callback` called, in the recorder's thread, whenever something was written; before `run`."""
        self._grown = callback

    def read_levels_by(self, read: Callable[[], Mapping[str, bytes]]) -> None:
        """Has `read` called, in the recorder's thread, when there are more voices than are mixed: it gives
        how loud each source was since it was called last, -dBov of each 20 ms; before `run`.
        """
        self._read_levels = read

    def add_source(self, source: Source, lower: Sequence[Source] = ()) -> None:
        """Records `source` from now on: a picture in place of any other, sound besides all other.

        `lower`: the layers below it, from the highest down. The first picture's are the recording's rungs.
        """
        self._commands.append(lambda: self._add(source, lower))
        self._wake.set()

    def remove_source(self, source_id: str) -> None:
        """Takes what `source_id` has sent so far, and no more."""
        self._commands.append(lambda: self._remove(source_id))
        self._wake.set()

    def add_track(self, person: PersonOfTrack, source: Source) -> None:
        """Records `source` as a track of its own too; one of the same id goes on where it was paused."""
        self._commands.append(lambda: self._add_track(person, source))
        self._wake.set()

    def pause_track(self, source_id: str) -> None:
        """Takes what `source_id` has sent so far for its track; it goes on, if ever, after a gap."""
        self._commands.append(lambda: self._pause_track(source_id))
        self._wake.set()

    def end_track(self, source_id: str) -> None:
        """Ends the track of `source_id`: it is gone for good."""
        self._commands.append(lambda: self._end_track(source_id))
        self._wake.set()

    def set_message(self, message: str) -> None:
        """Keeps a sentence for people in the manifest."""
        self._commands.append(lambda: self._update(message=message))
        self._wake.set()

    def stop(self, failure: str = "", code: str = "") -> None:
        """Ends the recording with what has come by now; `run` returns soon after, with the first reason."""
        if not self._stopping:
            self._failure, self._code = failure, code
        self._stopping = True
        self._wake.set()

    def run(self) -> Outcome:
        """Records until `stop`. What the disk refuses ends it early, with the reason in the outcome."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_manifest(self.directory, self.manifest)
            while not self._stopping:
                self._wake.wait(TICK_S)
                self._wake.clear()
                self._step()
            self._step()
            return self._finish()
        except (OSError, av.error.FFmpegError) as error:
            logger.warning("Recording %s ends early: %s", self.manifest.recording_id, error)
            return self._abandon(_sentence(error, self._thing), DISK_FULL if _is_full(error) else "")
        finally:
            for source in (*self._sources.values(), *self._lower):
                source.close()
            self._sources.clear()
            for track in self._people.values():
                track.close()
            for writer in self._writers:
                writer.abandon()

    def _step(self) -> None:
        """One turn: commands, units, the passing of time, wishes."""
        while self._commands:
            self._commands.popleft()()
        now = self._now_ns()
        for source in list(self._sources.values()):
            self._deliver(source, now)
        if self._segmenter is None:
            self._try_to_begin(now)
        if self._segmenter is not None and self._origin is not None:
            self._listen(self._segmenter)
            self._segmenter.tick(now - self._origin.monotonic_ns)
            if self.manifest.target_duration_s != self._segmenter.target_duration_s:
                self._update(target_duration_s=self._segmenter.target_duration_s)
        for source_id, track in self._people.items():
            track.step(now, self._origin_ns)
            if track.asks_for_key_frame(now, self._origin_ns):
                self._want_key_frame_of(source_id)
        if self._has_grown:
            self._has_grown = False
            self._grown()
        self._ask_for_key_frame(now)
        self._look_at_disk(now)

    def _listen(self, segmenter: Segmenter) -> None:
        """Finds out who is loud, when not all can be heard."""
        if sum(source.kind == "audio" for source in self._sources.values()) > self._mixed_voices:
            segmenter.receive_levels(self._read_levels())

    def _add(self, source: Source, lower: Sequence[Source]) -> None:
        if source.kind == "video":
            for known in [known for known in self._sources.values() if known.kind == "video"]:
                self._remove(known.id)
            self._lower = [*lower]
            self._join = LayerJoin(1 + len(lower))
        self._first_source_ns = self._first_source_ns or self._now_ns()
        self._sources[source.id] = source

    def _remove(self, source_id: str) -> None:
        source = self._sources.pop(source_id, None)
        if source is None:
            return
        self._deliver(source, self._now_ns())
        source.close()
        if source.kind == "video":
            self._place_all(self._join.release(None))
            for layer in self._lower:
                layer.close()
            self._lower = []
        if self._segmenter is None:
            return
        if source.kind == "audio":
            self._segmenter.remove_voice(source_id)
        if not self._sources:
            self._segmenter.stop_sending()

    @property
    def _origin_ns(self) -> int | None:
        return None if self._origin is None else self._origin.monotonic_ns

    def _add_track(self, person: PersonOfTrack, source: Source) -> None:
        known = self._people.get(source.id)
        if known is not None:
            known.resume(source)
        else:
            self._people[source.id] = PersonTrack(person, source, self._open_person)

    def _pause_track(self, source_id: str) -> None:
        track = self._people.get(source_id)
        if track is not None:
            track.pause(self._now_ns(), self._origin_ns)

    def _end_track(self, source_id: str) -> None:
        self._pause_track(source_id)
        track = self._people.pop(source_id, None)
        if track is not None:
            track.finish()

    def _deliver(self, source: Source, now: int) -> None:
        if source.kind == "audio":
            self._place_all(one for one in source.poll(now) if isinstance(one, PlacedSound))
            return
        for layer, each in enumerate((source, *self._lower)):
            for placed in each.poll(now):
                if isinstance(placed, PlacedPicture):
                    self._join.add(layer, placed.picture, placed.time_ns)
        self._place_all(self._join.release(now))

    def _place_all(self, placed: Iterable[PlacedSound | Joined]) -> None:
        for one in placed:
            if self._segmenter is not None:
                self._place(one)
            elif isinstance(one, PlacedSound | KeyFrames) or self._has_early_picture:
                self._early.append(one)

    @property
    def _has_early_picture(self) -> bool:
        return any(isinstance(placed, KeyFrames) for placed in self._early)

    def _place(self, placed: PlacedSound | Joined) -> None:
        if self._segmenter is None or self._origin is None:
            return
        time_ns = placed.time_ns - self._origin.monotonic_ns
        match placed:
            case PlacedSound():
                self._segmenter.add_audio(placed.packet, time_ns, placed.voice)
            case KeyFrames():
                self._segmenter.add_key_frames(placed.pictures, time_ns)
            case LayerFrame(layer=0):
                self._segmenter.add_video(placed.picture, time_ns)
            case LayerFrame():
                self._segmenter.add_layer(placed.layer, placed.picture, time_ns)

    def _try_to_begin(self, now: int) -> None:
        """The timeline begins with the first picture, or with the sound when no picture comes."""
        pictures = [p.time_ns for p in self._early if isinstance(p, KeyFrames)]
        sounds = [p.time_ns for p in self._early if isinstance(p, PlacedSound)]
        expects_picture = any(source.kind == "video" for source in self._sources.values())
        wait = PICTURE_WAIT_NS if expects_picture else SOUND_WAIT_NS
        if pictures:
            self._begin(pictures[0])
        elif sounds and now - self._first_source_ns >= wait:
            self._begin(min(sounds))

    def _begin(self, monotonic_ns: int) -> None:
        self._origin = Origin.at(monotonic_ns)
        self._update(origin_wall_ns=self._origin.wall_ns)
        voices = self._mixed_voices
        self._segmenter = Segmenter(self._open_writer, lambda open_, first: AudioTracks(open_, first, voices))
        early, self._early = self._early, []
        sounds = [one for one in early if isinstance(one, PlacedSound)]
        pictures = [one for one in early if not isinstance(one, PlacedSound)]  # whose order tells more
        for placed in heapq.merge(sorted(sounds, key=_time_of), pictures, key=_time_of):
            self._place(placed)

    def _open_writer(self, track: str, timescale: int) -> TrackWriter:
        directory, lasting = self.directory / track, not self._window_s
        self.tracks[track] = TrackIndex() if lasting else WindowIndex(directory, self._window_s)
        self._update(tracks=self.manifest.with_track(track).tracks)
        writer = TrackWriter(directory, track, timescale, self._line_written, lasting=lasting)
        self._writers.append(writer)
        return writer

    def _open_person(self, person: PersonOfTrack, timescale: int) -> TrackWriter:
        self.people[person.track] = TrackIndex()
        self._update(people=(*self.manifest.people, person))
        writer = TrackWriter(self.directory / person.track, person.track, timescale, self._line_written)
        self._writers.append(writer)
        return writer

    def _line_written(self, track: str, line: Line) -> None:
        (self.people if track in self.people else self.tracks)[track].add(line)
        self._has_grown = True
        if isinstance(line, SegmentLine | MapLine):
            self.size_bytes += line.size

    def _ask_for_key_frame(self, now: int) -> None:
        video = next((s for s in self._sources.values() if s.kind == "video"), None)
        if video is None or now - self._asked_ns < KEY_FRAME_EVERY_NS:
            return
        origin, segmenter = self._origin, self._segmenter
        wanted = (
            any(source.needs_key_frame for source in (video, *self._lower))
            or segmenter is None
            or origin is None
            or segmenter.wants_key_frame(now - origin.monotonic_ns)
        )
        if wanted:
            self._asked_ns = now
            self._want_key_frame()

    def _look_at_disk(self, now: int) -> None:
        if now - self._looked_ns < LOOK_AT_DISK_NS or not self._min_free_bytes:
            return
        self._looked_ns = now
        if shutil.disk_usage(self.directory).free < self._min_free_bytes:
            self.stop(f"The disk is almost full, so the {self._thing} was ended; free some space.", DISK_FULL)

    def _finish(self) -> Outcome:
        self._place_all(self._join.release(None))
        if self._segmenter is None:
            lacking = "" if self._window_s else "Nothing was sent while the room was recorded."
            failure = self._failure or lacking
            self._update(closed=True, failure=failure, failure_code=self._code)
            return Outcome(0, failure, self._code)
        duration_ns = self._segmenter.finish()
        for track in self._people.values():
            track.finish()
        self._update(
            duration_ns=duration_ns,
            target_duration_s=self._segmenter.target_duration_s,
            message=self._failure or self.manifest.message,
            closed=True,
            failure=self._failure,
            failure_code=self._code,
        )
        return Outcome(duration_ns, self._failure, self._code)

    def _abandon(self, reason: str, code: str) -> Outcome:
        """Closes the files as they are and keeps what is whole; the disk may go on refusing."""
        for writer in self._writers:
            writer.abandon()
        if self._window_s:
            return Outcome(0, reason, code)
        try:
            recovered = recover(self.directory, reason, code)
        except (OSError, ValueError) as error:
            logger.warning(
                "Recording %s is made whole when it is next looked at: %s", self.manifest.recording_id, error
            )
            return Outcome(
                max((round(t.duration_s * NS) for t in self.tracks.values()), default=0), reason, code
            )
        self.manifest = recovered.manifest
        self.tracks = recovered.tracks
        self.people = recovered.people
        return Outcome(recovered.manifest.duration_ns, reason, code)

    def _update(self, **changes: object) -> None:
        self.manifest = replace(self.manifest, **changes)  # type: ignore[arg-type]
        write_manifest(self.directory, self.manifest)


def _time_of(placed: PlacedSound | Joined) -> int:
    return placed.time_ns


def _is_full(error: OSError | av.error.FFmpegError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _sentence(error: OSError | av.error.FFmpegError, thing: str) -> str:
    if _is_full(error):
        return f"The disk is full, so the {thing} was ended; free some space."
    return f"The {thing} could not be written ({error.strerror or error}), so it was ended."
