"""The ladder of a recording: its picture, and rungs of it, tracks of the same segments with less pixels.

A rung is named by the length of its shorter side: `video-480`. Its segments have the numbers, the times and
the discontinuities of the picture's, and begin with a key frame as those do, so that players change between
them at any segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vtp.recording.index import TrackIndex
from vtp.recording.segmenter import VIDEO_TRACK

_PREFIX = f"{VIDEO_TRACK}-"
LEAST_STEP = 1.2  # by how much a rung is shorter than what it is made of; else it is not worth its bytes


def rung_name(lines: int) -> str:
    """The track of a rung."""
    return f"{_PREFIX}{lines}"


def rung_lines(track: str) -> int:
    """How many pixels its shorter side has; 0 for a track that is no rung."""
    digits = track.removeprefix(_PREFIX)
    return int(digits) if digits != track and digits.isdecimal() else 0


def picture_tracks(tracks: Iterable[str]) -> list[str]:
    """The picture, then its rungs from the largest down."""
    names = list(tracks)
    rungs = sorted(filter(rung_lines, names), key=rung_lines, reverse=True)
    return [name for name in (VIDEO_TRACK, *rungs) if name in names]


def missing_rungs(picture: TrackIndex, wanted: Sequence[int], present: Iterable[str]) -> list[int]:
    """Those of the wanted rungs that a picture allows and that are not there yet, from the largest down."""
    largest = max((min(line.width, line.height) for line in picture.maps), default=0)
    names = set(present)
    fitting = {lines for lines in wanted if lines * LEAST_STEP <= largest}
    return sorted((lines for lines in fitting if rung_name(lines) not in names), reverse=True)


def size_of(lines: int, width: int, height: int) -> tuple[int, int]:
    """The size of a picture on a rung: even numbers, never more than it has, and as long as it is wide."""
    scale = min(1.0, lines / min(width, height))
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)
