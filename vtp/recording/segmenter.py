"""Decides where segments begin: the one timeline that all tracks of a recording share.

Segments begin at key frames, about every two seconds. A picture that stalls, or whose key frame does not
come, is followed by its last key frame as a still while the sound goes on (players do not get over a gap in
one track alone); when nobody sends there is a gap in all tracks. Sans-IO but for the track writers it is
given: time is an argument, in nanoseconds since the recording's origin.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from vtp.recording.audio_tracks import AudioTracks
from vtp.recording.cuts import SEGMENT_NS, Cuts
from vtp.recording.lane import Lane
from vtp.recording.layer_names import layer_track
from vtp.recording.muxer import InitSection
from vtp.recording.picture import Picture, unreadable, usable_section
from vtp.recording.rung_track import Beginning
from vtp.recording.shown import Shown
from vtp.recording.sound import OpenSound, OpenWriter
from vtp.recording.timebase import NS, VIDEO_TIMESCALE
from vtp.recording.video_track import VideoTrack, open_late

logger = logging.getLogger(__name__)

VIDEO_TRACK = "video"
SHORTEST_NS = SEGMENT_NS * 9 // 10  # a key frame this long after the last cut cuts again
STALL_NS = 5 * NS // 2  # still pictures are repeated each second, and a key frame is asked for every two
LATENESS_NS = 600_000_000  # after this much nothing earlier is expected any more
SHORTEST_STRETCH_NS = NS // 20  # of a gap, or before one: sound goes on up to a frame past a cut
PATIENCE_NS = 3 * NS  # a segment that is so long waits for key frames of all layers no more
PICTURE_LATENESS_NS = 350_000_000  # nor a picture after this: a depacketizer waits 300 ms for lost packets


class Segmenter:
    """Takes placed access units of one program and cuts them into the segments of its tracks.

    `open_writer(track, timescale)` opens a track's files, `open_sound` the sound: the mix, unless it is said.
    The first segment begins at `start_ns`. Methods raise OSError when a disk refuses bytes.
    """

    def __init__(
        self, open_writer: OpenWriter, open_sound: OpenSound = AudioTracks, start_ns: int = 0
    ) -> None:
        self._open_writer = open_writer
        self._cuts = Cuts(start_ns)
        self._audio = open_sound(open_writer, self._cuts.first)
        self._shown = Shown(start_ns)
        self._sending = True
        self._sent_until_ns = 0
        self._broken = False  # units were lost: nothing can be decoded before the next key frame
        self.dropped_units = 0

    @property
    def target_duration_s(self) -> int:
        """0 until the first segment has ended; from then on it does not change."""
        return self._cuts.target_duration_s

    @property
    def _start_ns(self) -> int:
        return self._cuts.start_ns

    @property
    def _shows_picture(self) -> bool:
        return self._shown.last_ns is not None

    @property
    def _picture_ends_ns(self) -> int:
        """Where the picture of now, or the still, ends if no other comes."""
        if self._shown.last_ns is None:
            return self._start_ns + SEGMENT_NS
        return min(self._shown.last_ns + STALL_NS, self._cuts.limit_ns)

    @property
    def part_due_ns(self) -> int | None:
        """When the picture's part in work should be complete; None where there is no picture."""
        return self._shown.part_due_ns

    def wants_key_frame(self, now_ns: int) -> bool:
        """Whether a segment could end now, or the picture could come back, if there were a key frame."""
        return not self._shows_picture or self._shown.rungs.lack or now_ns - self._start_ns >= SEGMENT_NS

    def add_audio(self, packet: bytes, time_ns: int, voice: str = "") -> None:
        """Takes one Opus packet of a voice; one that is damaged is counted and becomes silence."""
        if time_ns < 0:
            return
        self._resume(time_ns)
        try:
            self._audio.add(voice, packet, time_ns)
        except ValueError:
            self.dropped_units += 1

    def remove_voice(self, voice: str) -> None:
        """No more comes of a voice."""
        self._audio.remove(voice)

    def receive_levels(self, levels: Mapping[str, bytes]) -> None:
        """Takes how loud each voice was since the last time: -dBov of each 20 ms."""
        self._audio.receive_levels(levels)

    def add_video(self, picture: Picture, time_ns: int) -> None:
        """Takes one picture; one that needs an earlier one that is missing is dropped."""
        if picture.key_frame:
            self.add_key_frames((picture,), time_ns)
            return
        self._broken = self._broken or picture.after_gap
        if self._shows_picture and not self._broken:
            self._add_frame(picture, time_ns)
        else:
            self.dropped_units += 1

    def add_key_frames(self, pictures: Sequence[Picture | None], time_ns: int) -> None:
        """Takes the key frames of one picture's layers, the highest, which must be there, first."""
        key_frame = pictures[0]
        assert key_frame is not None
        self._broken = False
        self._try_key_frame(key_frame, pictures, time_ns)

    def add_layer(self, layer: int, picture: Picture, time_ns: int) -> None:
        """Takes one picture of a lower layer, of those whose key frames came last."""
        if time_ns < self._picture_ends_ns - NS // 1000:
            self._shown.rungs.add(layer, picture, time_ns)

    def tick(self, now_ns: int) -> None:
        """Lets time pass: ends what has stalled, fills with silence, writes what is certain."""
        expected_ns = now_ns - LATENESS_NS
        if self._shows_picture and expected_ns > self._picture_ends_ns:
            self._stop_picture(self._picture_ends_ns)
        if self._sending:
            self._audio.mix(now_ns, expected_ns)
        if not self._sending or not self._shows_picture:
            self._cut_until(expected_ns)
        if not self._sending:
            self._shown.until_ns = max(self._shown.until_ns, expected_ns)
        elif self._shown.end_late_parts(now_ns - PICTURE_LATENESS_NS, self._picture_ends_ns):
            self._advance(self._shown.until_ns)  # before: it brings the still's picture, if one stands
        self._advance(expected_ns)

    def stop_sending(self) -> None:
        """Nobody sends any more: here is the end, or, if a unit comes again, the beginning of a gap."""
        if not self._sending:
            return
        end_ns = max(self._audio.end_ns, self._start_ns, self._shown.end_ns)
        if end_ns > self._start_ns:
            end_ns = max(end_ns, self._start_ns + SHORTEST_STRETCH_NS)
        self._shown.end_frame(end_ns)
        self._audio.pause(end_ns)  # what is shown may be written further than the sound has come
        self._sent_until_ns = end_ns
        if end_ns > self._start_ns:
            self._cut(end_ns, nobody_sends=True)
        else:
            self._cuts.let_nobody_send()
        self._sending = False

    def finish(self) -> int:
        """Writes all there is and closes the tracks; gives the recording's length in nanoseconds."""
        end_ns = max(self._audio.end_ns, self._shown.end_ns)
        self._shown.end_frame(end_ns)
        end_ns = max(end_ns, self._start_ns) if self._sending else self._sent_until_ns
        self._cuts.fix_target_duration(end_ns)
        self._audio.finish(end_ns)
        self._shown.finish(end_ns, stands=self._sending)
        return end_ns

    def _try_key_frame(self, picture: Picture, pictures: Sequence[Picture | None], time_ns: int) -> None:
        """Adds it, unless no decoder takes its parameters: then the last picture stands until better come."""
        known = self._shown.video is not None and self._shown.video.parameters == picture.parameters
        try:
            section = None if known else usable_section(picture)
        except unreadable() as error:
            logger.debug("A key frame's parameters are of no use: %s", error)
            self.dropped_units += 1
            self._broken = True
            self._add_key_frames_within([None, *pictures[1:]], time_ns)
            return
        self._add_key_frame(picture, section, pictures, time_ns)

    def _add_key_frame(
        self,
        picture: Picture,
        section: InitSection | None,
        pictures: Sequence[Picture | None],
        time_ns: int,
    ) -> None:
        first = self._shown.video is None
        change = self._shown.video is None or self._shown.video.is_change(picture)
        plan = self._shown.rungs.plan(pictures, forced=change or self._may_not_wait(time_ns))
        change = change or (plan is not None and self._shown.rungs.is_change(plan))
        marked = self._resume(time_ns, discontinuity=change and not first)
        if time_ns > self._cuts.limit_ns:
            self._stop_picture(self._cuts.limit_ns)
        shown = self._shows_picture
        if not shown:
            self._cut_until(time_ns)
        time_ns = max(self._shown.end_frame_before(max(time_ns, self._shown.rungs.latest_ns)), self._start_ns)
        if self._shown.video is None:
            self._shown.video = self._open_video(VIDEO_TRACK, picture, section)
            self._shown.rungs.open(pictures, self._open_rung)
            plan = self._shown.rungs.plan(pictures, forced=True)
        video = self._shown.video
        if change and not first and not marked:
            time_ns = max(time_ns, self._start_ns + NS // 1000)
        elapsed_ns = time_ns - self._start_ns
        begins = elapsed_ns <= 0
        if not begins and plan is not None and (change or not shown or elapsed_ns >= SHORTEST_NS):
            self._cut(time_ns, discontinuity=change and not first)
            begins = True
        video.advance(time_ns)
        if not first:
            video.use(picture, section)
        video.hold(picture, time_ns)
        if begins and plan is not None:
            self._shown.rungs.begin(plan, time_ns, len(pictures))
        else:
            self._add_key_frames_within(pictures, time_ns)
        self._advance(time_ns)

    def _may_not_wait(self, time_ns: int) -> bool:
        """Whether a segment has to begin, or has waited long enough for key frames of all layers."""
        return not self._sending or not self._shows_picture or time_ns - self._start_ns >= PATIENCE_NS

    def _add_key_frames_within(self, pictures: Sequence[Picture | None], time_ns: int) -> None:
        for layer, picture in enumerate(pictures):
            if picture is not None:
                self._shown.rungs.add(layer, picture, time_ns)

    def _add_frame(self, picture: Picture, time_ns: int) -> None:
        assert self._shown.video is not None
        limit_ns = self._cuts.limit_ns
        if time_ns > limit_ns:
            self._stop_picture(limit_ns)
            self.dropped_units += 1
            return
        time_ns = self._shown.end_frame_before(time_ns)
        self._shown.video.hold(picture, time_ns)
        self._shown.rungs.add(0, picture, time_ns)
        if time_ns >= self._shown.video.part_end_ns:  # before, nothing of the turn's ends: `tick` will do
            self._advance(time_ns)

    def _open_rung(self, number: int, beginning: Beginning) -> VideoTrack:
        return self._open_video(layer_track(number), beginning.picture, beginning.section)

    def _open_video(self, name: str, picture: Picture, section: InitSection | None) -> VideoTrack:
        writer = self._open_writer(name, VIDEO_TIMESCALE)
        video = open_late(Lane(writer, self._cuts.first, on_grid=True), picture, section, self._cuts)
        with writer.many_at_once():
            video.advance(self._start_ns)
        return video

    def _stop_picture(self, time_ns: int) -> None:
        """The picture ends here; the still that follows gets a segment of its own."""
        if self._shown.video is None or self._shown.last_ns is None:
            return
        time_ns = max(time_ns, self._shown.last_ns + 1, self._shown.rungs.latest_ns)
        self._shown.end_frame(time_ns)
        self._cut(time_ns)
        self._shown.video.advance(time_ns)

    def _resume(self, time_ns: int, *, discontinuity: bool = False) -> bool:
        """Ends a stretch in which nobody sent; tells whether that made a cut."""
        if self._sending:
            return False
        self._cut_until(time_ns - SHORTEST_STRETCH_NS)
        if time_ns > self._start_ns or self._start_ns > self._cuts.first.time_ns:
            time_ns = max(time_ns, self._start_ns + SHORTEST_STRETCH_NS, self._shown.until_ns)
        cuts = time_ns > self._start_ns
        if cuts:
            self._cut(time_ns, discontinuity=discontinuity)
        self._sending = True
        self._audio.advance(self._start_ns)
        self._audio.resume(self._start_ns)
        self._shown.skip_to(self._start_ns)
        return cuts

    def _cut_until(self, time_ns: int) -> None:
        """Cuts by time alone, where no picture says where."""
        while time_ns >= self._start_ns + SEGMENT_NS:
            self._cut(self._start_ns + SEGMENT_NS, nobody_sends=not self._sending)

    def _cut(self, time_ns: int, *, discontinuity: bool = False, nobody_sends: bool = False) -> None:
        stands = not self._cuts.last.nobody_sends
        cut = self._cuts.add(time_ns, discontinuity=discontinuity, nobody_sends=nobody_sends)
        self._audio.cut(cut)
        self._shown.cut(cut, stands=stands)

    def _advance(self, expected_ns: int) -> None:
        self._audio.advance(self._shown.advance(expected_ns))
