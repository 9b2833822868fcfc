"""What a segmenter needs of a track's sound, and what it is of a camera: none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vtp.recording.lane import Cut
from vtp.recording.track_writer import TrackWriter

OpenWriter = Callable[[str, int], TrackWriter]


class Sound:
    """Placed packets in, lanes that are cut where the picture is; nanoseconds of the recording's timeline.

    As it stands, that of a track that has a picture alone: nothing is taken, and there are no lanes.
    """

    def __init__(self, first: Cut) -> None:
        self._first_ns = first.time_ns

    @property
    def end_ns(self) -> int:
        """How far the sound goes that has come."""
        return self._first_ns

    def add(self, voice: str, packet: bytes, time_ns: int) -> None:
        """Takes one packet of a voice; raises ValueError when it is not Opus."""

    def remove(self, voice: str) -> None:
        """No more comes of a voice."""

    def receive_levels(self, levels: Mapping[str, bytes]) -> None:
        """Takes what each voice's packets say of its loudness."""

    def mix(self, now_ns: int, expected_ns: int) -> None:
        """Goes on to what is certain now; before `expected_ns` nothing is awaited any more."""

    def pause(self, time_ns: int) -> None:
        """From here on there is a gap, not silence: nobody sends."""

    def resume(self, time_ns: int) -> None:
        """Ends the gap."""

    def cut(self, cut: Cut) -> None:
        """Cuts all lanes."""

    def advance(self, horizon_ns: int) -> None:
        """Writes up to a time before which no cut will come, as far as the sound itself goes."""

    def finish(self, end_ns: int) -> None:
        """Goes on to the end and closes the tracks."""


OpenSound = Callable[[OpenWriter, Cut], Sound]
