"""Pictures that come in layers, and what a recording has of them on each rung."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tests.strict_hls import parse
from tests.unit.recording_material import Recorded, h264_units, open_bytes
from tests.unit.recording_recorder import FastClock
from tests.unit.recording_sources import prepared_source
from vtp.recording.h264 import H264Reader
from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.ladder import picture_tracks
from vtp.recording.layer_join import Joined, KeyFrames, LayerJoin
from vtp.recording.manifest import read_manifest
from vtp.recording.recorder import Recorder
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import Source
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.view import RecordingView

MS = NS // 1000
SIZES = [(640, 360), (320, 180), (160, 90)]
RUNGS = ["video", "layer-1", "layer-2"]


def layer_units(
    count: int,
    *,
    fps: int = 30,
    gop: int = 60,
    sizes: Sequence[tuple[int, int]] = SIZES,
    ssrc: int = 10,
) -> list[list[PlainUnit]]:
    """The same frames in each size; the brightness of each is its number."""
    return [
        [
            replace(unit, ssrc=ssrc + n)
            for unit in h264_units(count, fps=fps, gop=gop, width=width, height=height)
        ]
        for n, (width, height) in enumerate(sizes)
    ]


def without(units: Sequence[PlainUnit], *numbers: int) -> list[PlainUnit]:
    """Without some frames; up to the next key frame there are none then, as a depacketizer has it."""
    kept: list[PlainUnit] = []
    broken = False
    for number, unit in enumerate(units):
        was_broken, broken = broken, number in numbers or (broken and not unit.key_frame)
        if not broken:
            kept.append(replace(unit, after_gap=was_broken))
    return kept


def layered(
    clock: FastClock,
    layers: Sequence[Sequence[PlainUnit]],
    *,
    start_ns: int = NS,
    late_ns: Sequence[int] = (0, 0, 0, 0),
    name: str = "video",
) -> tuple[Source, list[Source]]:
    """The sources of a picture's layers, the highest first, each by so much later."""
    sources = [
        prepared_source("video", units, lambda: clock.now, start_ns=start_ns + late, name=name)[0]
        for units, late in zip(layers, late_ns, strict=False)
    ]
    return sources[0], sources[1:]


def feed_layers(segmenter: Segmenter, layers: Sequence[Sequence[PlainUnit]], *, at_ns: int = 0) -> None:
    """Gives a picture's layers, the highest first, from a time on, as a recorder does: without sound."""
    join, readers = LayerJoin(len(layers)), [H264Reader() for _ in layers]
    units = sorted(
        ((unit.arrival_ns + at_ns, layer, unit) for layer, each in enumerate(layers) for unit in each),
        key=lambda one: one[:2],
    )
    for time_ns, layer, unit in units:
        join.add(layer, readers[layer].read(unit), time_ns, unit.rtp_timestamp * NS // 90_000)
        give(segmenter, join.release(time_ns))
        segmenter.tick(time_ns)
    give(segmenter, join.release(None))


def give(segmenter: Segmenter, joined: Iterable[Joined]) -> None:
    """What a join has released."""
    for one in joined:
        if isinstance(one, KeyFrames):
            segmenter.add_key_frames(one.pictures, one.time_ns)
        elif one.layer:
            segmenter.add_layer(one.layer, one.picture, one.time_ns)
        else:
            segmenter.add_video(one.picture, one.time_ns)


def frames(recorded: Recorded, track: str) -> list[tuple[int, int, int]]:
    """(milliseconds, frame number modulo 64, height) of every picture of a track, decoded segment by
    segment, each by its own section alone.
    """
    index = recorded.index(track)
    folder = recorded.directory / track
    found: list[tuple[int, int, int]] = []
    for segment in index.segments:
        if segment.gap:
            continue
        data = (folder / index.maps[segment.map].uri).read_bytes()
        with open_bytes(data + (folder / segment_name(segment.msn)).read_bytes()) as container:
            for frame in container.decode(video=0):
                number = round((bytes(frame.planes[0])[0] - 16) / 3)
                found.append((round((frame.pts or 0) / 90), number, frame.height))
    return found


def numbers(recorded: Recorded, track: str) -> list[int]:
    """The frame numbers alone."""
    return [number for _, number, _ in frames(recorded, track)]


def heights(recorded: Recorded, track: str) -> list[int]:
    """The height of the pictures of each segment."""
    index = recorded.index(track)
    return [index.maps[segment.map].height for segment in index.segments if not segment.gap]


def check_aligned(directory: Path) -> list[TrackIndex]:
    """All rungs have the same segments; gives their indexes, and has hls-parser read every playlist."""
    view = RecordingView.load(directory)
    indexes = [view.tracks[name] for name in picture_tracks(view.tracks)]
    first = [(one.msn, one.start, one.duration, one.discontinuity, one.gap) for one in indexes[0].segments]
    for index in indexes:
        assert first == [
            (one.msn, one.start, one.duration, one.discontinuity, one.gap) for one in index.segments
        ]
        for segment in index.segments:
            parts = index.parts.get(segment.msn, [])
            assert segment.gap or parts[0].independent, (index.track, segment)
            assert sum(part.duration for part in parts) == segment.duration or segment.gap
            assert all(part.duration <= 31_500 for part in parts)
    assert parse(view.multivariant().text) == len(indexes) * 2 or not view.tracks.get("aac")
    for name in view.tracks:
        parse(view.media(name).text)
    return indexes


def tracks_of(recorder: Recorder) -> list[str]:
    """The pictures that the manifest names."""
    return picture_tracks(read_manifest(recorder.directory).tracks)
