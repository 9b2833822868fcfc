"""Stretches of a recording whose picture has one codec: an MP4's track holds no other, so each is a download.

Players read sample entries of several codecs in one track hardly anywhere (browsers and FFmpeg do not), so
that a recording whose codec changes is given in as many files.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from vtp.recording.codec_strings import family
from vtp.recording.index import TrackIndex
from vtp.recording.segmenter import VIDEO_TRACK

DOWNLOAD_PARTS = "download_parts"
"""In a row's metadata: how many stretches there are, when they are several."""


def stretches(tracks: Mapping[str, TrackIndex]) -> list[range]:
    """The segments (by media sequence number) of each stretch; one when the codec never changes."""
    count = max((len(index.segments) for index in tracks.values()), default=0)
    starts: list[int] = []
    codec = ""
    if (video := tracks.get(VIDEO_TRACK)) is not None:
        codecs = {line.map: family(line.codecs) for line in video.maps}
        for segment in video.segments:
            if not segment.gap and codecs[segment.map] != codec:
                codec = codecs[segment.map]
                starts.append(segment.msn)
    bounds = [0, *starts[1:], count]
    return [range(begin, end) for begin, end in itertools.pairwise(bounds)]


def within(tracks: Mapping[str, TrackIndex], stretch: range) -> dict[str, TrackIndex]:
    """The tracks with the segments of a stretch alone."""
    return {
        name: replace(index, segments=[segment for segment in index.segments if segment.msn in stretch])
        for name, index in tracks.items()
    }


def start_of(tracks: Mapping[str, TrackIndex]) -> Fraction:
    """The second at which the first of the tracks begins."""
    begins = [
        Fraction(index.segments[0].start, index.timescale) for index in tracks.values() if index.segments
    ]
    return min(begins, default=Fraction(0))
