"""The recorder: one thread per recording, from taps to files. The event loop hears of it by callbacks only.

It takes a turn a few times a second, not per packet: a tap is a ring that the packet path fills meanwhile.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from vtp.late_av import av
from vtp.recording.audio_tracks import AudioTracks
from vtp.recording.disk import DISK_FULL
from vtp.recording.early_media import EarlyMedia
from vtp.recording.index import Line, TrackIndex
from vtp.recording.layer_join import Joined
from vtp.recording.manifest import Manifest, PersonOfTrack
from vtp.recording.mixer import MIXED_VOICES
from vtp.recording.outcome import Outcome, failure_of
from vtp.recording.person_tracks import PersonTracks
from vtp.recording.program_sources import ProgramSources, hand_over
from vtp.recording.recorded_files import RecordedFiles
from vtp.recording.remarks import Remarks
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import PlacedSound, Source
from vtp.recording.timebase import NS, Clock, Origin
from vtp.threads import be_prompt

logger = logging.getLogger(__name__)

TICK_S = 0.125  # between two turns, at most, while somebody follows it; while nobody does twice that
ATTENDED_NS = 30 * NS
"""So long after a playlist was asked for somebody is taken to follow it."""
LOOK_AGAIN_S = 0.05  # where something should have come
KEY_FRAME_EVERY_NS = NS // 2
LOOK_AT_DISK_NS = 2 * NS


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
        self._files = RecordedFiles(directory, recording_id, window_s, self._line_written)
        self._min_free_bytes = min_free_bytes
        self._mixed_voices = mixed_voices
        self._want_key_frame: Callable[[], None] = lambda: None
        self._want_key_frame_of: Callable[[str], None] = lambda source_id: None
        self._read_levels: Callable[[], Mapping[str, bytes]] = dict
        self._grown: Callable[[], None] = lambda: None
        self._now_ns = now_ns
        self._commands: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._sources = ProgramSources()
        self._people = PersonTracks(self._files.open_person)
        self._segmenter: Segmenter | None = None
        self._origin: Origin | None = None
        self._early = EarlyMedia()
        self._first_source_ns = 0
        self._asked_ns = 0
        self._looked_ns = 0
        self._attended_ns = -ATTENDED_NS
        self._has_grown = False
        self._remarks = Remarks(recording_id)
        self._failure = self._code = ""
        self._lacking = "" if window_s else "Nothing was sent while the room was recorded."
        self._thing = "stream" if window_s else "recording"

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self._files.directory

    @property
    def tracks(self) -> dict[str, TrackIndex]:
        """The program's, as far as they are written."""
        return self._files.tracks

    @property
    def people(self) -> dict[str, TrackIndex]:
        """The tracks of participants."""
        return self._files.people

    @property
    def manifest(self) -> Manifest:
        """What the recording is, so far."""
        return self._files.manifest

    @property
    def size_bytes(self) -> int:
        """Bytes of finished segments and sections, participants' too."""
        return self._files.size_bytes

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
        self._do(lambda: self._add(source, lower))

    def remove_source(self, source_id: str) -> None:
        """Takes what `source_id` has sent so far, and no more."""
        self._do(lambda: self._remove(source_id))

    def add_track(self, person: PersonOfTrack, source: Source) -> None:
        """Records `source` as a track of its own too; one of the same id goes on where it was paused."""
        self._do(lambda: self._people.add(person, source))

    def pause_track(self, source_id: str) -> None:
        """Takes what `source_id` has sent so far for its track; it goes on, if ever, after a gap."""
        self._do(lambda: self._people.pause(source_id, self._now_ns(), self._origin_ns))

    def end_track(self, source_id: str) -> None:
        """Ends the track of `source_id`: it is gone for good."""
        self._do(lambda: self._people.end(source_id, self._now_ns(), self._origin_ns))

    def set_message(self, message: str) -> None:
        """Keeps a sentence for people in the manifest."""
        self._do(lambda: self._files.update(message=self._remarks.say(message)))

    def attend(self) -> None:
        """Somebody follows it now: parts of the sound are to be written as soon as they are complete."""
        self._attended_ns = self._now_ns()

    def _do(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
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
            self._files.begin()
            rest_s = 0.0
            while not self._stopping:
                self._wake.wait(min(2 * TICK_S, rest_s))
                self._wake.clear()
                rest_s = self._step()
            be_prompt()  # who pressed *Stop* waits
            self._step()
            return self._finish()
        except (OSError, av.error.FFmpegError) as error:
            logger.warning("Recording %s ends early: %s", self.manifest.recording_id, error)
            return self._files.abandon(*failure_of(error, self._thing))
        finally:
            self._sources.close()
            self._people.close()
            self._files.let_go()

    def _step(self) -> float:
        """One turn: commands, units, the passing of time, wishes. Gives the seconds until the next one."""
        while self._commands:
            self._commands.popleft()()
        now = self._now_ns()
        self._place_all(self._sources.poll(now))
        if self._remarks.look(self._sources.dropped + self._people.dropped):
            self._files.update(message=self._remarks.text)
        if self._segmenter is None:
            self._try_to_begin(now)
        if self._segmenter is not None and self._origin is not None:
            self._listen(self._segmenter)
            self._segmenter.tick(now - self._origin.monotonic_ns)
            if self.manifest.target_duration_s != self._segmenter.target_duration_s:
                self._files.update(target_duration_s=self._segmenter.target_duration_s)
        for source_id in self._people.step(now, self._origin_ns):
            self._want_key_frame_of(source_id)
        if self._has_grown:
            self._has_grown = False
            self._grown()
        self._ask_for_key_frame(now)
        self._look_at_disk(now)
        return self._rest_s(now)

    def _rest_s(self, now: int) -> float:
        """The next turn is when the picture's part in work should be complete: it waits for none then."""
        if self._segmenter is None or self._origin is None:
            return LOOK_AGAIN_S
        longest_s = TICK_S if now - self._attended_ns < ATTENDED_NS else 2 * TICK_S
        due_ns = self._segmenter.part_due_ns
        if due_ns is None:
            return longest_s
        rest_ns = due_ns - (now - self._origin.monotonic_ns)
        return min(rest_ns / NS, longest_s) if rest_ns > 0 else LOOK_AGAIN_S

    def _listen(self, segmenter: Segmenter) -> None:
        """Finds out who is loud, when not all can be heard."""
        if self._sources.voices > self._mixed_voices:
            segmenter.receive_levels(self._read_levels())

    def _add(self, source: Source, lower: Sequence[Source]) -> None:
        picture_id = self._sources.picture_id
        if source.kind == "video" and picture_id is not None:
            self._remove(picture_id)
        self._first_source_ns = self._first_source_ns or self._now_ns()
        self._sources.add(source, lower)

    def _remove(self, source_id: str) -> None:
        if source_id not in self._sources:
            return
        is_picture = source_id == self._sources.picture_id
        self._place_all(self._sources.remove(source_id, self._now_ns()))
        if self._segmenter is None:
            return
        if not is_picture:
            self._segmenter.remove_voice(source_id)
        if not self._sources:
            self._segmenter.stop_sending()

    @property
    def _origin_ns(self) -> int | None:
        return None if self._origin is None else self._origin.monotonic_ns

    def _place_all(self, placed: Iterable[PlacedSound | Joined]) -> None:
        for one in placed:
            if self._segmenter is None or self._origin is None:
                self._early.add(one)
            else:
                hand_over(one, self._segmenter, self._origin.monotonic_ns)

    def _try_to_begin(self, now: int) -> None:
        expects_picture = self._sources.picture_id is not None
        begins_ns = self._early.begins_at(now - self._first_source_ns, expects_picture=expects_picture)
        if begins_ns is None:
            return
        self._origin = Origin.at(begins_ns)
        self._files.update(origin_wall_ns=self._origin.wall_ns)
        voices = self._mixed_voices
        self._segmenter = Segmenter(
            self._files.open_track, lambda open_, first: AudioTracks(open_, first, voices)
        )
        self._place_all(self._early.take())

    def _line_written(self, track: str, line: Line) -> None:
        self._has_grown = True

    def _ask_for_key_frame(self, now: int) -> None:
        if self._sources.picture_id is None or now - self._asked_ns < KEY_FRAME_EVERY_NS:
            return
        origin, segmenter = self._origin, self._segmenter
        if (
            self._sources.needs_key_frame
            or segmenter is None
            or origin is None
            or segmenter.wants_key_frame(now - origin.monotonic_ns)
        ):
            self._asked_ns = now
            self._want_key_frame()

    def _look_at_disk(self, now: int) -> None:
        if now - self._looked_ns < LOOK_AT_DISK_NS or not self._min_free_bytes:
            return
        self._looked_ns = now
        if shutil.disk_usage(self.directory).free < self._min_free_bytes:
            self.stop(f"The disk is almost full, so the {self._thing} was ended; free some space.", DISK_FULL)

    def _finish(self) -> Outcome:
        self._remarks.end()
        self._place_all(self._sources.rest())
        if self._segmenter is None:
            failure = self._failure or self._lacking
            self._files.update(closed=True, failure=failure, failure_code=self._code)
            return Outcome(0, failure, self._code)
        duration_ns = self._segmenter.finish()
        self._people.finish()
        self._files.update(
            duration_ns=duration_ns,
            target_duration_s=self._segmenter.target_duration_s,
            message=self._failure or self.manifest.message,
            closed=True,
            failure=self._failure,
            failure_code=self._code,
        )
        return Outcome(duration_ns, self._failure, self._code)
