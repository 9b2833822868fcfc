"""What comes before it is known where a recording's timeline begins, and where that is."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from vtp.recording.layer_join import Joined, KeyFrames
from vtp.recording.source import PlacedSound
from vtp.recording.timebase import NS

PICTURE_WAIT_NS = 3 * NS  # sound alone begins a recording when no picture has come for this long
SOUND_WAIT_NS = NS


class EarlyMedia:
    """Pictures from the first key frame on, and all sound."""

    def __init__(self) -> None:
        self._sounds: list[PlacedSound] = []
        self._pictures: list[Joined] = []

    def add(self, placed: PlacedSound | Joined) -> None:
        """Takes the next."""
        if isinstance(placed, PlacedSound):
            self._sounds.append(placed)
        elif self._pictures or isinstance(placed, KeyFrames):
            self._pictures.append(placed)

    def begins_at(self, waited_ns: int, *, expects_picture: bool) -> int | None:
        """The timeline begins with the first picture, or with the sound when no picture comes; None while
        that is not known.
        """
        if self._pictures:
            return self._pictures[0].time_ns
        if self._sounds and waited_ns >= (PICTURE_WAIT_NS if expects_picture else SOUND_WAIT_NS):
            return min(one.time_ns for one in self._sounds)
        return None

    def take(self) -> Iterator[PlacedSound | Joined]:
        """All there is, by time; the order of pictures tells more than their times."""
        sounds, self._sounds = self._sounds, []
        pictures, self._pictures = self._pictures, []
        return heapq.merge(sorted(sounds, key=_time_of), pictures, key=_time_of)


def _time_of(placed: PlacedSound | Joined) -> int:
    return placed.time_ns
