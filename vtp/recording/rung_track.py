"""A rung of the picture while it is recorded: a lower layer's frames in segments that the picture cuts.

It has a layer of its own, and shows another where the presenter has none of that height. Its frames come and
are lost by themselves; where segments begin, and with what, the segmenter says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vtp.recording.lane import Cut
from vtp.recording.muxer import InitSection
from vtp.recording.picture import Picture, PictureParameters, unreadable, usable_section
from vtp.recording.timebase import NS
from vtp.recording.video_track import VideoTrack


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a segment begins with: the layer, its key frame, and the section if it is another one."""

    layer: int
    picture: Picture
    section: InitSection | None


def layers_for(rung: int, count: int) -> Iterator[int]:
    """Of `count` layers (0 is the highest): a rung's own, then the next lower ones, then the next higher."""
    own = min(rung, count - 1)
    yield from range(own, count)
    yield from range(own - 1, -1, -1)


def beginning_of(rung: int, pictures: Sequence[Picture | None], known: PictureParameters | None) -> Beginning:
    """What a rung begins a segment with, after pictures with the `known` parameters.

    Raises ValueError when none of the layers can be shown.
    """
    for layer in layers_for(rung, len(pictures)):
        picture = pictures[layer]
        if picture is None:
            continue
        try:
            same = picture.parameters == known
            return Beginning(layer, picture, None if same else usable_section(picture))
        except unreadable():
            continue
    raise ValueError("None of the layers can be shown")


class RungTrack:
    """Used by the segmenter, on its timeline."""

    def __init__(self, number: int, track: VideoTrack) -> None:
        self.number = number
        self.layer = number  # what it shows
        self.is_lacking = False  # it wants a key frame: it shows another layer than its own, or stands still
        self._track = track
        self._cut = Cut(0, 0)  # the last
        self._shown_until_ns = 0
        self._broken = False

    @property
    def latest_ns(self) -> int:
        """No cut may come before this."""
        last_ns = self._track.last_ns
        return self._shown_until_ns if last_ns is None else max(self._shown_until_ns, last_ns + NS // 1000)

    def is_change(self, picture: Picture) -> bool:
        """Whether this key frame needs another decoder than what it shows."""
        return self._track.is_change(picture)

    def wanted_layer(self, pictures: Sequence[Picture | None]) -> int | None:
        """Which of these key frames it would begin a segment with; None: the one that it waits for is not
        there.
        """
        own = min(self.number, len(pictures) - 1)
        if pictures[own] is not None:
            return own
        shown = self.layer
        return shown if shown < len(pictures) and pictures[shown] is not None else None

    def beginning(self, pictures: Sequence[Picture | None]) -> Beginning:
        """What it begins a segment with, of key frames whose highest layer's can be used."""
        return beginning_of(self.number, pictures, self._track.parameters)

    def begin(self, beginning: Beginning, time_ns: int, count: int) -> None:
        """Begins a segment, which has been cut at `time_ns`, with one of `count` layers."""
        self._track.advance(time_ns)
        self._track.use(beginning.picture, beginning.section)
        self._track.hold(beginning.picture, time_ns)
        own = min(self.number, count - 1)
        self.is_lacking = beginning.layer not in (own, self.layer)  # who stays with another asks no more
        self.layer, self._broken = beginning.layer, False

    def add(self, picture: Picture, time_ns: int) -> None:
        """Takes a picture within a segment; one that cannot be decoded is left out until a segment begins."""
        if picture.key_frame:
            self._broken = self.is_change(picture)
        else:
            self._broken = self._broken or picture.after_gap
        self.is_lacking = self.is_lacking or self._broken
        if self._broken or self._track.last_ns is None:
            return
        time_ns = max(time_ns, self.latest_ns)
        self._track.end_frame(time_ns)
        self._track.hold(picture, time_ns)
        self._track.advance(time_ns)

    def cut(self, cut: Cut, *, stands: bool) -> None:
        """Ends the segment; `stands`: what it showed last is shown up to there."""
        self._track.end_frame(cut.time_ns)
        if stands:
            self._track.show_still(cut.time_ns)
        self._track.cut(cut)
        self._cut = cut

    def skip_to(self, time_ns: int) -> None:
        """Shows nothing up to `time_ns`."""
        self._track.skip_to(time_ns)

    def end_late_parts(self, late_ns: int, ends_ns: int) -> None:
        """Ends parts whose time is over, whether or not a next frame has come; it would end at `ends_ns`."""
        late_ns = min(late_ns, ends_ns)
        if self._track.part_end_ns > late_ns:
            return
        self._track.write_early(ends_ns)
        while self._track.part_end_ns <= late_ns:
            self._shown_until_ns = self._track.part_end_ns
            self._track.advance(self._shown_until_ns)

    def advance(self, until_ns: int) -> None:
        """Writes what no later cut can change: up to its latest frame, or to where a still was written."""
        last_ns = self._track.last_ns
        if not self._cut.nobody_sends:
            known_ns = self._cut.time_ns if last_ns is None else last_ns
            until_ns = min(until_ns, max(known_ns, self._shown_until_ns))
        self._track.advance(until_ns)

    def finish(self, end_ns: int, *, stands: bool) -> None:
        """Closes the track."""
        self._track.end_frame(end_ns)
        if stands:
            self._track.show_still(end_ns)
        self._track.finish(end_ns)
