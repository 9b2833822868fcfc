"""The rungs below the picture of a recording: as many as its first presenter's lower layers, to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vtp.recording.lane import Cut
from vtp.recording.layer_join import APART_NS
from vtp.recording.picture import Picture
from vtp.recording.rung_track import Beginning, RungTrack, beginning_of
from vtp.recording.video_track import VideoTrack

OpenRung = Callable[[int, Beginning], VideoTrack]


class Rungs:
    """All of them together; used by the segmenter."""

    def __init__(self) -> None:
        self._rungs: list[RungTrack] = []

    def __bool__(self) -> bool:
        return bool(self._rungs)

    @property
    def latest_ns(self) -> int:
        """No cut may come before this."""
        return max((rung.latest_ns for rung in self._rungs), default=0)

    @property
    def lack(self) -> bool:
        """Whether a key frame would bring one of them back to its own layer."""
        return any(rung.is_lacking for rung in self._rungs)

    def open(self, pictures: Sequence[Picture | None], open_track: OpenRung) -> None:
        """Has a rung for each layer below the highest, of whose first key frames these are."""
        for number in range(1, len(pictures)):
            beginning = beginning_of(number, pictures, None)
            self._rungs.append(RungTrack(number, open_track(number, beginning)))

    def plan(self, pictures: Sequence[Picture | None], *, forced: bool) -> list[Beginning] | None:
        """What each would begin a segment with; None while one waits for its own, unless it is `forced`."""
        if not forced and any(rung.wanted_layer(pictures) is None for rung in self._rungs):
            return None
        return [rung.beginning(pictures) for rung in self._rungs]

    def is_change(self, plan: Sequence[Beginning]) -> bool:
        """Whether one of them needs another decoder for it."""
        return any(rung.is_change(one.picture) for rung, one in zip(self._rungs, plan, strict=True))

    def begin(self, plan: Sequence[Beginning], time_ns: int, count: int) -> None:
        """Begins a segment, which has been cut at `time_ns`, of a picture with `count` layers."""
        for rung, beginning in zip(self._rungs, plan, strict=True):
            rung.begin(beginning, time_ns, count)

    def add(self, layer: int, picture: Picture, time_ns: int) -> None:
        """Takes a picture of a layer for those that show it."""
        for rung in self._rungs:
            if rung.layer == layer:
                rung.add(picture, time_ns)

    def cut(self, cut: Cut, *, stands: bool) -> None:
        """Ends the segment in all of them."""
        for rung in self._rungs:
            rung.cut(cut, stands=stands)

    def skip_to(self, time_ns: int) -> None:
        """Shows nothing up to `time_ns`."""
        for rung in self._rungs:
            rung.skip_to(time_ns)

    def end_late_parts(self, late_ns: int, ends_ns: int) -> None:
        """Ends parts of what would be late in the picture; key frames of layers are waited for longer."""
        for rung in self._rungs:
            rung.end_late_parts(late_ns - APART_NS, ends_ns)

    def advance(self, until_ns: int) -> None:
        """Writes what no later cut can change."""
        for rung in self._rungs:
            rung.advance(until_ns)

    def finish(self, end_ns: int, *, stands: bool) -> None:
        """Closes all of them."""
        for rung in self._rungs:
            rung.finish(end_ns, stands=stands)
