"""The DASH manifest (ISO/IEC 23009-1, ISO base media live profile) over the segments that HLS plays too.

Sound and picture are demuxed; a Period begins wherever HLS has a discontinuity, another initialization
section, or the end of a gap; a gap of all tracks is the end of a Period, without segments: dash.js stands
still between Periods that do not touch. A track that alone has a gap ends before its Period does, or begins
after it: where one Period lacks the picture Shaka shows none in any. What would be one all the same, as lost
pieces of the picture may leave it, is left out. Nothing is ever taken away while it grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from vtp.recording.audio_tracks import AAC_TRACK, OPUS_TRACK
from vtp.recording.caption_store import Captions
from vtp.recording.caption_views import adaptation_sets
from vtp.recording.codec_strings import family
from vtp.recording.cuts import TARGET_DURATION_S
from vtp.recording.index import MapLine, SegmentLine, TrackIndex
from vtp.recording.ladder import picture_tracks
from vtp.recording.layer_names import layer_number
from vtp.recording.manifest import Manifest
from vtp.recording.playlist import LIVE_HEADROOM, frame_rate, measure_rate
from vtp.recording.segmenter import VIDEO_TRACK

MPD_NAME = "manifest.mpd"
MPD_TYPE = "application/dash+xml"
CLOCK_NAME = "time"
"""Beside the manifest: the server's clock, as `urn:mpeg:dash:utc:http-iso:2014` asks for it."""
UPDATE_S = 2
KEPT_H = 24  # a day more than there is: nothing goes before it ends
_SOUNDS = (AAC_TRACK, OPUS_TRACK)


@dataclass(frozen=True, slots=True)
class _Run:
    """Segments of one track in one Period: no gap among them, and one section."""

    track: str
    index: TrackIndex
    section: MapLine
    segments: Sequence[SegmentLine]
    figures: Mapping[str, str]

    @property
    def start_s(self) -> float:
        return self.segments[0].start / self.index.timescale

    @property
    def end_s(self) -> float:
        return self.segments[-1].end / self.index.timescale


def render_mpd(
    manifest: Manifest,
    tracks: Mapping[str, TrackIndex],
    *,
    ended: bool,
    published: str,
    captions: Sequence[Captions] = (),
) -> str:
    """The manifest, its URIs relative to it; raises ValueError when there is nothing to play yet.

    `published` is when it came to be as it is, in RFC 3339.
    """
    order = [*picture_tracks(tracks), *_SOUNDS]
    present = {name: tracks[name] for name in order if name in tracks and tracks[name].has_media}
    target_s = manifest.target_duration_s or TARGET_DURATION_S
    headroom = 1.0 if ended else LIVE_HEADROOM
    figures = {name: _figures(name, index, target_s, headroom) for name, index in present.items()}
    periods = list(_periods(present, figures, ended=ended))
    if ended:
        periods = [runs for runs in periods if any(map(_is_picture, runs))] or periods
    if any(map(layer_number, present)):
        periods = [[_by_itself(run, target_s, headroom) for run in runs] for runs in periods]
    if not periods:
        raise ValueError("The recording has no media yet")
    end_s = max(run.end_s for run in periods[-1])
    attributes = {
        "xmlns": "urn:mpeg:dash:schema:mpd:2011",
        "profiles": "urn:mpeg:dash:profile:isoff-live:2011",
        "minBufferTime": _duration(target_s),
        "maxSegmentDuration": _duration(_longest_s(present.values())),
    }
    if ended:
        attributes |= {"type": "static", "mediaPresentationDuration": _duration(end_s)}
    else:
        attributes |= {
            "type": "dynamic",
            "availabilityStartTime": manifest.origin().wall_iso(0, 1),
            "publishTime": published,
            "minimumUpdatePeriod": _duration(UPDATE_S),
            "timeShiftBufferDepth": f"PT{KEPT_H + int(end_s // 3600)}H",
            "suggestedPresentationDelay": _duration(2 * target_s),
        }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<MPD{_attributes(attributes)}>"]
    for runs in periods:
        lines += _period(runs, captions)
    if not ended:
        scheme = {"schemeIdUri": "urn:mpeg:dash:utc:http-iso:2014", "value": CLOCK_NAME}
        lines.append(f"<UTCTiming{_attributes(scheme)}/>")
    return "\n".join([*lines, "</MPD>"]) + "\n"


def _figures(name: str, index: TrackIndex, target_s: int, headroom: float) -> dict[str, str]:
    """What every Period says alike of a track, measured over all of it."""
    peak_bps = max(round(measure_rate(index, target_s).peak_bps * headroom), 1)
    if name in _SOUNDS:
        return {"bandwidth": str(peak_bps), "audioSamplingRate": str(index.timescale)}
    return {"bandwidth": str(peak_bps), "frameRate": str(max(round(frame_rate(index)), 1))}


def _by_itself(run: _Run, target_s: int, headroom: float) -> _Run:
    """With the rate of its Period alone: a rung that was recorded is as large as the picture for a while."""
    if run.track in _SOUNDS:
        return run
    alone = TrackIndex(run.track, run.index.timescale, run.index.maps, list(run.segments))
    return replace(run, figures=_figures(run.track, alone, target_s, headroom))


def _periods(
    tracks: Mapping[str, TrackIndex], figures: Mapping[str, Mapping[str, str]], *, ended: bool
) -> Iterator[list[_Run]]:
    """The runs of all tracks, segment by segment; while it grows only of those that all have."""
    counts = [len(index.segments) for index in tracks.values()]
    finished = (max if ended else min)(counts, default=0)
    begin = 0
    for msn in range(1, finished + 1):
        if msn == finished or _break(tracks, begin, msn):
            runs = [_run(name, index, begin, msn, figures[name]) for name, index in tracks.items()]
            found = [run for run in runs if run is not None]
            if found:
                yield found
            begin = msn


def _break(tracks: Mapping[str, TrackIndex], begin: int, msn: int) -> bool:
    """Whether a Period begins with the segments of this number, or nothing: they all have a gap there. The
    Period before it began with those of the number `begin`."""
    if any(_breaks(name, index, begin, msn) for name, index in tracks.items()):
        return True
    there = [index.segments[msn] for index in tracks.values() if msn < len(index.segments)]
    before = [index.segments[msn - 1] for index in tracks.values() if msn <= len(index.segments)]
    return all(one.gap for one in there) and not all(one.gap for one in before)


def _breaks(name: str, index: TrackIndex, begin: int, msn: int) -> bool:
    """Whether a segment of a track goes on neither from the one before it nor with a gap. What a Period has
    nothing of yet may begin later in it; not a rung, which players may change to at any time."""
    if msn >= len(index.segments):
        return False
    before, segment = index.segments[msn - 1], index.segments[msn]
    if not (segment.discontinuity or (before.gap and not segment.gap) or segment.map != before.map):
        return False
    begun = any(not one.gap for one in index.segments[begin:msn])
    return begun or name not in (VIDEO_TRACK, *_SOUNDS)


def _is_picture(run: _Run) -> bool:
    return run.track not in _SOUNDS


def _run(name: str, index: TrackIndex, begin: int, end: int, figures: Mapping[str, str]) -> _Run | None:
    segments = [segment for segment in index.segments[begin:end] if not segment.gap]
    if not segments:
        return None
    section = next(line for line in index.maps if line.map == segments[0].map)
    return _Run(name, index, section, segments, figures)


def _period(runs: Sequence[_Run], captions: Sequence[Captions]) -> Iterator[str]:
    start_s = min(run.start_s for run in runs)
    attributes = {"id": f"p{min(run.segments[0].msn for run in runs)}", "start": _duration(start_s)}
    yield f"<Period{_attributes(attributes)}>"
    sets: dict[int, list[_Run]] = {}
    for run in runs:
        sets.setdefault(_set_of(run, runs[0]), []).append(run)
    for number, of_set in sets.items():
        yield from _adaptation_set(number, of_set, start_s)
    end_s = max(run.end_s for run in runs)
    yield from adaptation_sets(captions, len(sets) + 1, start_s, end_s)
    yield "</Period>"


def _set_of(run: _Run, first: _Run) -> int:
    """Rungs are of the picture's set where they have its codec: players change between those of a set."""
    if run.track in _SOUNDS:
        return 2 + _SOUNDS.index(run.track)
    same = family(run.section.codecs) == family(first.section.codecs)
    return 1 if same else 2 + len(_SOUNDS)


def _adaptation_set(number: int, runs: Sequence[_Run], start_s: float) -> Iterator[str]:
    is_picture = _is_picture(runs[0])
    kind = "video" if is_picture else "audio"
    common = {
        "id": str(number),
        "contentType": kind,
        "mimeType": f"{kind}/mp4",
        "segmentAlignment": "true",
        "startWithSAP": "1",
    }
    yield f"<AdaptationSet{_attributes(common if is_picture else common | {'lang': 'und'})}>"
    yield '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>'
    for run in runs:
        yield from _representation(run, start_s)
    yield "</AdaptationSet>"


def _representation(run: _Run, start_s: float) -> Iterator[str]:
    attributes = {"id": run.track, "codecs": run.section.codecs, **run.figures}
    if run.section.width:
        attributes |= {"width": str(run.section.width), "height": str(run.section.height)}
    yield f"<Representation{_attributes(attributes)}>"
    if run.track in _SOUNDS:
        scheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
        yield f'<AudioChannelConfiguration schemeIdUri="{scheme}" value="2"/>'
    yield from _segments(run, start_s)
    yield "</Representation>"


def _segments(run: _Run, start_s: float) -> Iterator[str]:
    """Which segments there are, and when; names follow from their numbers, as the files' do."""
    attributes = {
        "timescale": str(run.index.timescale),
        "presentationTimeOffset": str(round(start_s * run.index.timescale)),
        "initialization": f"$RepresentationID$/{run.section.uri}",
        "media": "$RepresentationID$/seg-$Number%05d$.m4s",
        "startNumber": str(run.segments[0].msn),
    }
    yield f"<SegmentTemplate{_attributes(attributes)}>"
    yield "<SegmentTimeline>"
    yield from _timeline(run.segments)
    yield "</SegmentTimeline>"
    yield "</SegmentTemplate>"


def _timeline(segments: Sequence[SegmentLine]) -> Iterator[str]:
    """Segments of the same length are one line."""
    start = segments[0].start
    for duration, same in groupby(segments, key=lambda segment: segment.duration):
        count = sum(1 for _ in same)
        first = f' t="{start}"' if start == segments[0].start else ""
        repeated = f' r="{count - 1}"' if count > 1 else ""
        yield f'<S{first} d="{duration}"{repeated}/>'
        start += duration * count


def _longest_s(tracks: Iterable[TrackIndex]) -> float:
    return max(
        (s.duration / index.timescale for index in tracks for s in index.segments if not s.gap), default=0.0
    )


def _duration(seconds: float) -> str:
    """An xs:duration, in microseconds at the finest."""
    whole = math.floor(seconds)
    if abs(seconds - whole) < 5e-7:
        return f"PT{whole}S"
    return f"PT{seconds:.6f}".rstrip("0") + "S"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
