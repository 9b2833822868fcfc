"""HLS playlists (draft-pantos-hls-rfc8216bis), rendered from indexes: live, on demand, multivariant.

Every playlist of a recording has the same target duration, the same segments at the same times, and marks
discontinuities at the same places. A recording in progress is an EVENT: nothing is ever taken away.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vtp.recording.audio_tracks import AAC_TRACK, OPUS_TRACK
from vtp.recording.codec_strings import needed_codecs
from vtp.recording.index import MapLine, SegmentLine, TrackIndex, segment_name
from vtp.recording.ladder import picture_tracks
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.timebase import Origin

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
PLAYLIST_NAME = "playlist.m3u8"
VERSION = 7  # EXT-X-MAP in a playlist of whole pictures
VERSION_WITH_GAP = 8
SUBTITLES = "captions"  # the one group of them
LIVE_HEADROOM = 1.2  # what comes may be larger than what was: BANDWIDTH is a promise


def render_media(
    index: TrackIndex,
    *,
    origin: Origin,
    target_duration_s: int,
    ended: bool,
    prefix: str = "",
) -> str:
    """The media playlist of one track; `prefix` goes before each URI."""
    segments = list(index.segments)
    version = VERSION_WITH_GAP if any(segment.gap for segment in segments) else VERSION
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{version}",
        f"#EXT-X-TARGETDURATION:{target_duration_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    current = -1
    for segment in segments:
        if segment.discontinuity and segment.msn:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.map != current and segment.map < len(index.maps):
            current = segment.map
            lines.append(f'#EXT-X-MAP:URI="{prefix}{index.maps[current].uri}"')
        lines += _segment_lines(segment, index.timescale, origin, prefix)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _segment_lines(segment: SegmentLine, timescale: int, origin: Origin, prefix: str) -> Iterator[str]:
    yield f"#EXT-X-PROGRAM-DATE-TIME:{origin.wall_iso(segment.start, timescale)}"
    if segment.gap:
        yield "#EXT-X-GAP"
    yield f"#EXTINF:{segment.duration / timescale:.5f},"
    yield prefix + segment_name(segment.msn)


def longest_s(index: TrackIndex) -> int:
    """Its longest segment, rounded as a target duration is."""
    longest = max((segment.duration for segment in index.segments), default=0)
    return math.floor(longest / index.timescale + 0.5) if longest else 0


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits per second of a track: over its whole length, and at its worst."""

    average_bps: int
    peak_bps: int


def measure_rate(index: TrackIndex, target_duration_s: int) -> Rate:
    """Measures as section 4.4.6.2 defines: the peak is that of any run of half a target duration."""
    shortest = index.timescale * target_duration_s / 2
    peak = 0.0
    size, duration = 0, 0
    run: list[SegmentLine] = []
    total_size, total_duration = 0, 0
    for segment in index.segments:
        if segment.gap:
            run, size, duration = [], 0, 0
            continue
        total_size += segment.size
        total_duration += segment.duration
        run.append(segment)
        size, duration = size + segment.size, duration + segment.duration
        while duration - run[0].duration >= shortest:
            first = run.pop(0)
            size, duration = size - first.size, duration - first.duration
        if duration >= shortest:
            peak = max(peak, size * 8 * index.timescale / duration)
    average = total_size * 8 * index.timescale / total_duration if total_duration else 0.0
    return Rate(round(average), round(max(peak, average)))


def frame_rate(index: TrackIndex) -> float:
    """The highest frame rate of any segment that is long enough to tell."""
    rates = [
        s.samples * index.timescale / s.duration for s in index.segments if s.duration * 2 >= index.timescale
    ]
    return max(rates, default=0.0)


def best_map(index: TrackIndex) -> MapLine | None:
    """The section that asks most of a player: the largest picture, then the highest codec string."""
    return max(index.maps, key=lambda line: (line.width * line.height, line.codecs), default=None)


def usual_map(index: TrackIndex) -> MapLine | None:
    """The section that it has for longest."""
    lengths: dict[int, int] = {}
    for segment in index.segments:
        if not segment.gap:
            lengths[segment.map] = lengths.get(segment.map, 0) + segment.duration
    return max(index.maps, key=lambda line: lengths.get(line.map, 0), default=None)


def video_codecs(index: TrackIndex) -> str:
    """Every codec string that a player needs."""
    return needed_codecs(line.codecs for line in index.maps)


def render_multivariant(
    tracks: Mapping[str, TrackIndex],
    *,
    target_duration_s: int,
    ended: bool,
    prefix: str = "",
    subtitles: Sequence[str] = (),
) -> str:
    """The multivariant playlist: the picture and its rungs with AAC, then with Opus; else the sound alone.

    `subtitles`: lines that offer captions.

    Raises ValueError when no track has media yet.
    """
    present = {name: index for name, index in tracks.items() if index.has_media}
    variants = variants_of(tracks, target_duration_s=target_duration_s, ended=ended)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    sounds = [name for name in (AAC_TRACK, OPUS_TRACK) if name in present]
    if variants[0].picture:
        lines += [_audio_media(name, f"{prefix}{name}/{PLAYLIST_NAME}") for name in sounds]
    lines += subtitles
    for variant in variants:
        picture, sound = variant.picture, variant.sound
        chosen = [name for name in (picture, sound) if name]
        codecs = [video_codecs(present[n]) if n == picture else best_codec(present[n]) for n in chosen]
        attributes = [
            f"BANDWIDTH={variant.rate.peak_bps}",
            f"AVERAGE-BANDWIDTH={variant.rate.average_bps}",
            f'CODECS="{",".join(codecs)}"',
        ]
        if picture:
            attributes += _picture_attributes(picture, present[picture])
            attributes += [f'AUDIO="{sound}"'] if sound else []
            attributes.append("CLOSED-CAPTIONS=NONE")
        attributes += [f'SUBTITLES="{SUBTITLES}"'] if subtitles else []
        lines.append("#EXT-X-STREAM-INF:" + ",".join(attributes))
        lines.append(f"{prefix}{picture or sound}/{PLAYLIST_NAME}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Variant:
    """What the multivariant playlist offers: a picture with a sound, or one of them ("": without)."""

    picture: str
    sound: str
    rate: Rate


def variants_of(tracks: Mapping[str, TrackIndex], *, target_duration_s: int, ended: bool) -> list[Variant]:
    """Every picture with AAC, from the largest down, then with Opus; without a picture the sounds.

    Raises ValueError when no track has media yet.
    """
    present = {name: index for name, index in tracks.items() if index.has_media}
    if not present:
        raise ValueError("The recording has no media yet")
    sounds = [name for name in (AAC_TRACK, OPUS_TRACK) if name in present]
    headroom = 1.0 if ended else LIVE_HEADROOM
    rates = {name: measure_rate(index, target_duration_s) for name, index in present.items()}
    found = []
    for sound, picture in itertools.product(sounds or [""], picture_tracks(present) or [""]):
        chosen = [rates[name] for name in (picture, sound) if name]
        average = round(sum(rate.average_bps for rate in chosen) * headroom)
        peak = round(sum(rate.peak_bps for rate in chosen) * headroom)
        found.append(Variant(picture, sound, Rate(max(average, 1), max(peak, 1))))
    return found


def size_of_picture(track: str, index: TrackIndex) -> MapLine | None:
    """The largest size of the picture; of a rung, which may repeat a larger one at times, its usual one."""
    return best_map(index) if track == VIDEO_TRACK else usual_map(index)


def best_codec(index: TrackIndex) -> str:
    """The codec string of an audio track."""
    return index.maps[0].codecs


def _picture_attributes(track: str, video: TrackIndex) -> list[str]:
    best = size_of_picture(track, video)
    size = [f"RESOLUTION={best.width}x{best.height}"] if best and best.width else []
    return [*size, f"FRAME-RATE={frame_rate(video):.3f}"]


def _audio_media(track: str, uri: str) -> str:
    return (
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{track}",NAME="Sound",LANGUAGE="und",'
        f'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="{uri}"'
    )
