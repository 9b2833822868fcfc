"""The picture of the program: frames whose duration is known when the next one comes."""

from __future__ import annotations

from vtp.recording.cuts import Cuts
from vtp.recording.lane import Cut, Lane
from vtp.recording.muxer import InitSection
from vtp.recording.picture import Picture, PictureParameters
from vtp.recording.timebase import VIDEO_TIMESCALE, to_ns, to_ticks
from vtp.recording.units import Sample

NOMINAL_FRAME_TICKS = 3000  # of the very last frame, when no other says how long they last: 1/30 s
LONGEST_NOMINAL_TICKS = 18_000
JITTER_NS = 15_000_000  # by so much a frame is later than the least late one, often


class VideoTrack:
    """Holds back one frame, so that each is written with its true duration."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._held: Sample | None = None
        self._nominal = NOMINAL_FRAME_TICKS
        self._still = b""
        self._end = 0
        self._is_written = False  # the frame in hand, or the still, before it was known how long it lasts
        self._parameters: PictureParameters | None = None
        self._ssrc = 0

    @property
    def last_ns(self) -> int | None:
        """The time of the frame in hand; None when there is none (no picture at the moment)."""
        return None if self._held is None else to_ns(self._held.time, VIDEO_TIMESCALE)

    @property
    def end_ns(self) -> int | None:
        """Where the frame in hand ends if no other comes."""
        return None if self._held is None else to_ns(self._held.time + self._nominal, VIDEO_TIMESCALE)

    @property
    def parameters(self) -> PictureParameters | None:
        """Those in force."""
        return self._parameters

    def is_change(self, picture: Picture) -> bool:
        """Whether this key frame needs another decoder than the frames before it."""
        return picture.parameters != self._parameters or picture.ssrc != self._ssrc

    def use(self, picture: Picture, section: InitSection | None) -> None:
        """Follows this key frame from now on, with the section of its parameters if they are others."""
        if section is not None:
            self._lane.use_section(section)
        self._parameters, self._ssrc = picture.parameters, picture.ssrc

    def end_frame(self, time_ns: int) -> None:
        """Ends the frame in hand at `time_ns` and writes it."""
        held, self._held = self._held, None
        if held is not None:
            duration = max(to_ticks(time_ns, VIDEO_TIMESCALE) - held.time, 1)
            self._add(Sample(held.data, held.time, duration, held.key_frame))
            self._nominal = min(duration, LONGEST_NOMINAL_TICKS)

    def write_early(self, until_ns: int) -> None:
        """Writes the frame in hand, or the still, as if it lasted until then: live viewers wait for its part.

        What comes next begins when it begins; players go by that.
        """
        if self._is_written:
            return
        time, data, key_frame = self._end, self._still, True
        if self._held is not None:
            time, data, key_frame = self._held.time, self._held.data, self._held.key_frame
        duration = to_ticks(until_ns, VIDEO_TIMESCALE) - time
        if data and duration > 0:
            self._lane.add([Sample(data, time, duration, key_frame)])
            self._is_written = True

    def hold(self, picture: Picture, time_ns: int) -> None:
        """Takes the next frame in hand."""
        self._held = Sample(picture.sample, to_ticks(time_ns, VIDEO_TIMESCALE), 0, picture.key_frame)
        if picture.key_frame:
            self._still = picture.sample

    def set_still(self, picture: Picture) -> None:
        """What is shown before the first picture came: that picture."""
        self._still = picture.sample

    def show_still(self, until_ns: int) -> None:
        """Shows the last key frame from where the picture ended up to `until_ns`."""
        duration = to_ticks(until_ns, VIDEO_TIMESCALE) - self._end
        if self._held is None and duration > 0:
            self._add(Sample(self._still, self._end, duration, True))

    def skip_to(self, time_ns: int) -> None:
        """Shows nothing up to `time_ns`: a gap in all tracks."""
        self._is_written = False
        self._end = to_ticks(time_ns, VIDEO_TIMESCALE)

    def _add(self, sample: Sample) -> None:
        if not self._is_written:
            self._lane.add([sample])
        self._is_written = False
        self._end = sample.end

    @property
    def part_end_ns(self) -> int:
        """Where the part in work ends."""
        return self._lane.part_end_ns

    @property
    def part_due_ns(self) -> int:
        """When the part in work should be complete: a frame that begins behind it has come by then."""
        return self._lane.part_end_ns + to_ns(self._nominal, VIDEO_TIMESCALE) + JITTER_NS

    def cut(self, cut: Cut) -> None:
        """Cuts the lane."""
        self._lane.cut(cut)

    def advance(self, until_ns: int) -> None:
        """Writes up to a time before which no cut will come."""
        self._lane.advance(until_ns)

    def finish(self, end_ns: int) -> None:
        """Closes the track."""
        self._lane.finish(end_ns)


def open_late(lane: Lane, picture: Picture, section: InitSection | None, cuts: Cuts) -> VideoTrack:
    """A track of pictures that begins after so many cuts; before its first one that one is a still."""
    video = VideoTrack(lane)
    video.use(picture, section)
    video.set_still(picture)
    video.skip_to(cuts.first.time_ns)
    for before, cut in cuts.steps():
        if before.nobody_sends:
            video.skip_to(cut.time_ns)
        else:
            video.show_still(cut.time_ns)
        video.cut(cut)
    return video
