"""What a recording shows: the picture and the rungs below it, in what they do together."""

from __future__ import annotations

from vtp.recording.lane import Cut
from vtp.recording.rungs import Rungs
from vtp.recording.timebase import NS
from vtp.recording.video_track import VideoTrack


class Shown:
    """Used by the segmenter, on its timeline. There are rungs only where there is a picture."""

    def __init__(self, start_ns: int) -> None:
        self.video: VideoTrack | None = None
        self.rungs = Rungs()
        self.until_ns = start_ns  # parts of it, or of a gap, are written: no picture or cut may come before

    @property
    def last_ns(self) -> int | None:
        """The time of the frame in hand; None while no picture is shown, or a still."""
        return None if self.video is None else self.video.last_ns

    @property
    def part_due_ns(self) -> int | None:
        """When the picture's part in work should be complete; None while no picture is shown."""
        return self.video.part_due_ns if self.video is not None and self.last_ns is not None else None

    @property
    def end_ns(self) -> int:
        """Where it ends if nothing else comes."""
        end_ns = None if self.video is None else self.video.end_ns
        return max(self.until_ns, self.rungs.latest_ns, end_ns or 0)

    def end_frame(self, time_ns: int) -> None:
        """Ends the frame in hand, if there is one."""
        if self.video is not None:
            self.video.end_frame(time_ns)

    def end_frame_before(self, time_ns: int) -> int:
        """Ends the frame in hand at the next one's time; gives that time, moved if it is not later."""
        time_ns = max(time_ns, self.until_ns)
        if self.last_ns is not None:
            time_ns = max(time_ns, self.last_ns + NS // 1000)
            self.end_frame(time_ns)
        return time_ns

    def skip_to(self, time_ns: int) -> None:
        """Shows nothing up to `time_ns`."""
        if self.video is not None:
            self.video.skip_to(time_ns)
            self.rungs.skip_to(time_ns)

    def cut(self, cut: Cut, *, stands: bool) -> None:
        """Ends the segment; `stands`: what was shown last is shown up to there."""
        if self.video is not None:
            if stands:
                self.video.show_still(cut.time_ns)
            self.video.cut(cut)
            self.rungs.cut(cut, stands=stands)

    def end_late_parts(self, late_ns: int, ends_ns: int) -> bool:
        """Ends parts whose time is over, whether or not a next frame has come, which would end at `ends_ns`;
        tells whether the picture had one.
        """
        video = self.video
        late_ns = min(late_ns, ends_ns)
        self.rungs.end_late_parts(late_ns, ends_ns)
        if video is None or video.part_end_ns > late_ns:
            return False
        video.write_early(ends_ns)
        while video.part_end_ns <= late_ns:
            self.until_ns = video.part_end_ns
            video.advance(self.until_ns)
        return True

    def advance(self, expected_ns: int) -> int:
        """Writes what no later cut can change: a shown picture cuts at its next frame at the earliest. Gives
        the time up to which that is known.
        """
        if self.video is None:
            return expected_ns
        horizon_ns = expected_ns if self.last_ns is None else max(self.last_ns, self.until_ns)
        self.video.advance(horizon_ns)
        self.rungs.advance(horizon_ns)
        return horizon_ns

    def finish(self, end_ns: int, *, stands: bool) -> None:
        """Closes all tracks."""
        if self.video is not None:
            if stands:
                self.video.show_still(end_ns)
            self.video.finish(end_ns)
            self.rungs.finish(end_ns, stands=stands)
