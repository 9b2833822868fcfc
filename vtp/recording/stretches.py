"""Stretches of a recording whose picture has one codec: an MP4's track holds no other, so each is a download.

Players read sample entries of several codecs in one track hardly anywhere (browsers and FFmpeg do not), so
that a recording whose codec changes is given in as many files.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from vtp.counted import counted
from vtp.errors import Conflict, NotFound
from vtp.recording.codec_strings import family
from vtp.recording.downloads import WHOLE, Clip
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


def clip_of(tracks: Mapping[str, TrackIndex], clip: Clip, part: int | None) -> Clip:
    """The clip that a part is (from 1), or the one that is given.

    Raises NotFound for a part that there is not, Conflict when the codec changes within the clip.
    """
    clips = _clips(tracks)
    if part is not None:
        if part > len(clips):
            raise NotFound(
                f"This recording has {counted(len(clips), 'part')} to download.", code="no_such_part"
            )
        return clips[part - 1]
    if len(clips) > 1 and not any(_contains(one, clip) for one in clips):
        raise Conflict(
            f"The picture's codec changes in this recording, so it is downloaded in {len(clips)} parts: ask"
            f" for part=1 to part={len(clips)}, or for a clip within one of them.",
            code="several_parts",
        )
    return clip


def _clips(tracks: Mapping[str, TrackIndex]) -> list[Clip]:
    """When each stretch begins and ends; the first from the beginning, the last to the end."""
    found = stretches(tracks)
    if len(found) == 1:
        return [WHOLE]
    video = tracks[VIDEO_TRACK]
    begins = [video.segments[stretch.start].start / video.timescale for stretch in found[1:]]
    return [Clip(begin, end) for begin, end in zip([0.0, *begins], [*begins, None], strict=True)]


def _contains(one: Clip, other: Clip) -> bool:
    if other.start_s < one.start_s:
        return False
    return one.end_s is None or (other.end_s is not None and other.end_s <= one.end_s)
