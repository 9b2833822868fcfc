"""The ladder of a recording: its picture, and rungs of it, tracks of the same segments with less pixels.

A rung that a job has made is named by the length of its shorter side: `video-480`; one that was recorded from
a layer of the presenter's by how far below the picture it is: `layer-1`. Its segments have the numbers, the
times and the discontinuities of the picture's, and begin with a key frame as those do, so that players change
between them at any segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vtp.recording.index import SegmentLine, TrackIndex
from vtp.recording.layer_names import layer_number
from vtp.recording.segmenter import VIDEO_TRACK

_PREFIX = f"{VIDEO_TRACK}-"
MOST = 0.9  # of the time that a layer is as a rung would be, it is in its place
LEAST_STEP = 1.2  # by how much a rung is shorter than what it is made of; else it is not worth its bytes


def rung_name(lines: int) -> str:
    """The track of a rung."""
    return f"{_PREFIX}{lines}"


def rung_lines(track: str) -> int:
    """How many pixels its shorter side has; 0 for a track that is no rung."""
    digits = track.removeprefix(_PREFIX)
    return int(digits) if digits != track and digits.isdecimal() else 0


def picture_tracks(tracks: Iterable[str]) -> list[str]:
    """The picture, then its rungs from the largest down: the recorded ones, then those that were made."""
    names = list(tracks)
    layers = sorted(filter(layer_number, names), key=layer_number)
    rungs = sorted(filter(rung_lines, names), key=rung_lines, reverse=True)
    return [name for name in (VIDEO_TRACK, *layers, *rungs) if name in names]


def missing_rungs(wanted: Sequence[int], present: Mapping[str, TrackIndex]) -> list[int]:
    """Those of the wanted rungs that a picture allows and that are not there yet, from the largest down.

    What was recorded of a layer is there where it has about that size.
    """
    picture = present.get(VIDEO_TRACK, TrackIndex())
    largest = max((min(line.width, line.height) for line in picture.maps), default=0)
    fitting = {lines for lines in wanted if lines * LEAST_STEP <= largest}
    layers = [index for name, index in present.items() if layer_number(name)]
    missing = (
        lines
        for lines in fitting
        if rung_name(lines) not in present and not any(_is_like(one, picture, lines) for one in layers)
    )
    return sorted(missing, reverse=True)


def _is_like(layer: TrackIndex, picture: TrackIndex, lines: int) -> bool:
    """Whether a layer is, most of the time, about as large as a rung of so many lines would be."""
    fitting = total = 0
    for below, above in zip(layer.segments, picture.segments, strict=False):
        if below.gap or above.gap:
            continue
        height, most = _lines_of(layer, below), min(_lines_of(picture, above), lines)
        total += below.duration
        if most <= height * LEAST_STEP and height <= lines * LEAST_STEP:
            fitting += below.duration
    return total > 0 and fitting >= total * MOST


def _lines_of(index: TrackIndex, segment: SegmentLine) -> int:
    line = next(line for line in index.maps if line.map == segment.map)
    return min(line.width, line.height)


def size_of(lines: int, width: int, height: int) -> tuple[int, int]:
    """The size of a picture on a rung: even numbers, never more than it has, and as long as it is wide."""
    scale = min(1.0, lines / min(width, height))
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)
