"""Captions as players fetch them: a rendition of HLS with one segment, and a text for DASH."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from vtp.recording.caption_store import Captions
from vtp.recording.playlist import PLAYLIST_NAME, SUBTITLES

FOLDER = "captions"
WHOLE_NAME = "captions.vtt"
TEXT_NAME = "text.vtt"  # the same without a line that is for HLS alone
# LOCAL is the recording's own time, and so is MPEGTS: sound and picture of it count from 0, too (RFC 8216bis
# section 3.5).
TIMESTAMP_MAP = "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0"


def media_lines(captions: Iterable[Captions], prefix: str) -> Iterator[str]:
    """EXT-X-MEDIA of each language, each by a name of its own (RFC 8216, section 4.3.4.1.1)."""
    captions = list(captions)
    times = Counter(quoted(one.label or one.language) for one in captions)
    for one in captions:
        name = one.label or one.language
        if times[quoted(name)] > 1:
            name = f"{name} ({one.language})"
        language = quoted(one.language)
        yield (
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{SUBTITLES}",NAME={quoted(name)},'
            f"LANGUAGE={language},DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
            f'URI="{prefix}{FOLDER}/{one.language}/{PLAYLIST_NAME}"'
        )


def render_subtitles(duration_s: float) -> str:
    """The media playlist of one language: one segment over the whole recording.

    Renditions of subtitles may have another target duration when they are VOD (RFC 8216bis, section 6.2.4).
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(duration_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{duration_s:.5f},",
        WHOLE_NAME,
        "#EXT-X-ENDLIST",
    ]
    return "\n".join(lines) + "\n"


def segment_text(text: str) -> str:
    """The segment of that playlist, of a text as we write it."""
    return text.replace("WEBVTT", f"WEBVTT\n{TIMESTAMP_MAP}", 1)


def adaptation_sets(
    captions: Iterable[Captions], first_id: int, start_s: float, end_s: float
) -> Iterator[str]:
    """The AdaptationSet of each language in a DASH Period: one text for all, its times the recording's own.

    `presentationTimeOffset` says which of its times the Period begins with. dash.js does not look at it, and
    takes the times of a text for those of the whole, which comes to the same.
    """
    start, end = round(start_s * 1000), round(end_s * 1000)
    for number, one in enumerate(captions, first_id):
        # A language's tag has nothing in it that XML would have escaped.
        yield (
            f'<AdaptationSet id="{number}" contentType="text" mimeType="text/vtt" lang="{one.language}">'
            '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="caption"/>'
            f'<Representation id="{SUBTITLES}-{one.language}" bandwidth="1000">'
            f'<SegmentTemplate timescale="1000" presentationTimeOffset="{start}" '
            f'media="{FOLDER}/{one.language}/{TEXT_NAME}">'
            f'<SegmentTimeline><S t="{start}" d="{end - start}"/></SegmentTimeline></SegmentTemplate>'
            "</Representation></AdaptationSet>"
        )


def quoted(text: str) -> str:
    """A quoted string of an attribute list, which cannot hold quotes; some parsers take ' for one."""
    return '"' + text.translate({34: "\u201d", 39: "\u2019", 10: " ", 13: " "}) + '"'
