"""The MP4 that is computed from fragments: every sample at its time, whatever the recording went through."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.recording_material import (
    Recorded,
    feed,
    h264_units,
    open_bytes,
    opus_units,
    placed,
    shifted,
    show,
)
from vtp.recording import boxes
from vtp.recording.downloads import WHOLE, Clip, load_media, make_mp4
from vtp.recording.index import TrackIndex
from vtp.recording.mp4_file import Mp4File
from vtp.recording.mp4_track import SILENT_AAC, Mp4Track
from vtp.recording.muxer import aac_section
from vtp.recording.sample_table import TABLE_NAME, decode, load_table, read_fragments, read_kept
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.units import Sample

TRACKS = ("video", "opus", "aac")


def record(directory: Path, content: Callable[[Segmenter], None]) -> Recorded:
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    return recorded


def plain(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(240), opus_units(400))


def other_size(segmenter: Segmenter) -> None:
    large = shifted(h264_units(120, width=640, height=360), 100 * NS // 30)
    feed(segmenter, [*h264_units(100), *large], opus_units(360))


def slides(segmenter: Segmenter) -> None:
    """A picture a second: each is written before it is known how long it stands."""
    feed(segmenter, h264_units(10, fps=1, gop=2), opus_units(500))


def with_gaps(segmenter: Segmenter) -> None:
    """Two seconds, then nothing for a time that is no multiple of a frame; nine times."""
    for turn in range(9):
        start = turn * (3 * NS + 137_000_000)
        for second in range(2):
            at = start + second * NS
            show(segmenter, placed([replace(u, ssrc=turn) for u in shifted(h264_units(30, gop=30), at)]))
            for unit in shifted(opus_units(50), at):
                segmenter.add_audio(unit.data, unit.arrival_ns)
        segmenter.tick(start + 2 * NS)
        segmenter.stop_sending()


def mp4_of(recorded: Recorded, clip: Clip = WHOLE) -> Mp4File:
    tracks = {name: recorded.index(name) for name in TRACKS if (recorded.directory / name).exists()}
    return make_mp4(recorded.directory, tracks, clip)


def whole(file: Mp4File) -> bytes:
    data = file.read(0, file.size + 1)
    assert len(data) == file.size
    return data


def packets(data: bytes, kind: str) -> list[tuple[float, int]]:
    """Time and size of every sample."""
    with open_bytes(data) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            (float(p.pts * p.time_base), p.size)
            for p in container.demux(stream)
            if p.pts is not None and p.time_base is not None
        ]


def pictures(data: bytes) -> Iterator[tuple[float, int, int]]:
    with open_bytes(data) as container:
        for frame in container.decode(video=0):
            assert frame.time is not None
            yield frame.time, round((bytes(frame.planes[0])[0] - 16) / 3), frame.width


@pytest.mark.parametrize("content", [plain, slides])
def test_every_sample_has_the_time_that_its_fragment_says(
    tmp_path: Path, content: Callable[[Segmenter], None]
) -> None:
    recorded = record(tmp_path, content)
    data = whole(mp4_of(recorded))
    for kind, track, scale in (("video", "video", 90_000), ("audio", "aac", 48_000)):
        meant = [time / scale for time, _ in recorded.packets(track)]
        assert [time for time, _ in packets(data, kind)] == pytest.approx(meant, abs=1e-9)
    kinds = [box.kind for box in boxes.walk(data)]
    assert kinds == [b"ftyp", b"moov", b"mdat"]


def test_sound_and_picture_lie_side_by_side_in_the_file(tmp_path: Path) -> None:
    data = whole(mp4_of(record(tmp_path, plain)))
    with open_bytes(data) as container:
        order = [
            (p.pos, p.stream.type, float(p.pts * p.time_base))
            for p in container.demux()
            if p.pts is not None and p.pos is not None and p.time_base is not None
        ]
    latest = {"video": 0.0, "audio": 0.0}
    for _, kind, time in sorted(order):
        latest[kind] = time
        assert abs(latest["video"] - latest["audio"]) < 1.0


def test_another_size_is_another_sample_entry_and_plays_on(tmp_path: Path) -> None:
    data = whole(mp4_of(record(tmp_path, other_size)))
    shown = list(pictures(data))
    assert [number for _, number, _ in shown] == [n % 64 for n in (*range(100), *range(120))]
    assert {width for _, _, width in shown[:100]} == {320} and {width for _, _, width in shown[100:]} == {640}
    assert stsd_entries(data) == 2


def stsd_entries(data: bytes) -> int:
    """Of the picture."""
    found = boxes.find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    assert found is not None
    return len(list(boxes.walk(data, found.body + 8, found.end)))


def test_a_size_that_comes_back_has_its_first_entry_again(tmp_path: Path) -> None:
    large = shifted(h264_units(60, width=640, height=360), 2 * NS)
    video = [*h264_units(60), *large, *shifted(h264_units(60), 4 * NS)]
    data = whole(mp4_of(record(tmp_path, lambda segmenter: feed(segmenter, video, opus_units(300)))))
    shown = [(number, width) for _, number, width in pictures(data)]
    assert shown == [(n % 64, width) for width in (320, 640, 320) for n in range(60)]
    assert stsd_entries(data) == 2


def test_gaps_move_sound_and_picture_by_less_than_a_frame_however_many_there_are(tmp_path: Path) -> None:
    recorded = record(tmp_path, with_gaps)
    data = whole(mp4_of(recorded))
    index = recorded.index("video")
    starts = [chunk.start / 90_000 for chunk in read_fragments(tmp_path / "video", index).chunks]
    shown = {round(time, 4) for time, _ in packets(data, "video")}
    assert {round(start, 4) for start in starts} <= shown
    for found, meant in zip(placed_sound(tmp_path, recorded.index("aac")), aac_starts(recorded), strict=True):
        assert abs(found - meant) / 48_000 < 0.025
    with open_bytes(data) as container:  # players that go by samples, and not by times, keep the sound too
        frames = list(container.decode(audio=0))
    assert {frame.samples for frame in frames} == {1024}
    heard = np.concatenate([np.abs(frame.to_ndarray()[0]) for frame in frames])
    for turn in range(1, 9):
        begin = turn * 3.137
        loud = heard[round((begin - 0.5) * 48_000) :] > 0.05
        assert abs(int(loud.argmax()) / 48_000 - 0.5) < 0.04


def placed_sound(directory: Path, index: TrackIndex) -> list[int]:
    track = Mp4Track.of(load_media(directory, "aac", index))
    assert track is not None
    return [chunk.time for chunk in track.chunks if chunk.msn >= 0]


def aac_starts(recorded: Recorded) -> list[int]:
    return [chunk.start for chunk in read_fragments(recorded.directory / "aac", recorded.index("aac")).chunks]


@pytest.mark.parametrize(
    ("clip", "first", "count"),
    [(Clip(1.51, 3.0), 45, 45), (Clip(0.0, 1.0), 0, 30), (Clip(5.0), 150, 90), (Clip(7.9, 20), 237, 3)],
)
def test_a_clip_shows_what_is_shown_from_there_on(tmp_path: Path, clip: Clip, first: int, count: int) -> None:
    data = whole(mp4_of(record(tmp_path, plain), clip))
    shown = list(pictures(data))
    assert [number for _, number, _ in shown] == [number % 64 for number in range(first, first + count)]
    assert shown[0][0] == 0
    assert [time for time, _, _ in shown[1:]] == pytest.approx(
        [number / 30 - clip.start_s for number in range(first + 1, first + count)], abs=1e-4
    )
    with open_bytes(data) as container:
        sound = list(container.decode(audio=0))
    assert sound[0].time == 0
    assert abs(sum(frame.samples for frame in sound) / 48_000 - min(clip.end_s or 8, 8) + clip.start_s) < 0.05


def test_a_clip_from_within_a_gap_shows_the_last_picture_before_it(tmp_path: Path) -> None:
    data = whole(mp4_of(record(tmp_path, with_gaps), Clip(2.6, 4.0)))
    shown = list(pictures(data))
    assert [(round(time, 2), number) for time, number, _ in shown[:3]] == [(0.0, 29), (0.54, 0), (0.57, 1)]


def test_a_clip_from_behind_the_last_picture_has_the_sound_that_is_there(tmp_path: Path) -> None:
    recorded = record(tmp_path, lambda segmenter: feed(segmenter, h264_units(120), opus_units(203)))
    video, sound = (recorded.index(name) for name in ("video", "aac"))
    end_s = load_media(tmp_path, "video", video).table.end / 90_000
    assert end_s < sound.duration_s
    with open_bytes(whole(mp4_of(recorded, Clip(end_s)))) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_parameter_sets_that_are_cut_off_are_damage(tmp_path: Path) -> None:
    recorded = record(tmp_path, other_size)
    path = tmp_path / "video" / "init-1.mp4"
    path.write_bytes(re.sub(rb"(?s)(avcC.{5}.).{2}", rb"\g<1>" + b"\x7f\xff", path.read_bytes()))
    with pytest.raises(ValueError, match=r"video/init-1\.mp4 is damaged: its parameter sets are cut off"):
        mp4_of(recorded)


def test_any_bytes_are_those_of_the_whole(tmp_path: Path) -> None:
    file = mp4_of(record(tmp_path, other_size), Clip(1.0, 6.0))
    data = whole(file)
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    for _ in range(200):
        start = dice.randrange(file.size)
        size = dice.choice((1, 100, 10_000, file.size))
        assert file.read(start, size) == data[start : start + size], f"seed {seed}"


def test_tags_tell_versions_apart(tmp_path: Path) -> None:
    recorded = record(tmp_path, plain)
    assert mp4_of(recorded).etag == mp4_of(recorded).etag
    assert mp4_of(recorded).etag != mp4_of(recorded, Clip(1.0)).etag


def test_sound_alone_is_an_mp4_too(tmp_path: Path) -> None:
    recorded = record(tmp_path, lambda segmenter: feed(segmenter, [], opus_units(300)))
    with open_bytes(whole(mp4_of(recorded))) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(288_000, abs=2048)


def test_the_frame_of_silence_is_silent() -> None:
    section = aac_section(96_000)
    data = section.data + section.fragment(
        [Sample(SILENT_AAC, number * 1024, 1024, True) for number in range(5)], 1
    )
    section.close()
    with open_bytes(data) as container:
        frames = list(container.decode(audio=0))
    assert [frame.samples for frame in frames] == [1024] * 5
    assert all(not frame.to_ndarray().any() and frame.layout.nb_channels == 2 for frame in frames)


def test_samples_are_kept_and_made_again_when_they_do_not_fit(tmp_path: Path) -> None:
    recorded = record(tmp_path, plain)
    folder, index = tmp_path / "video", recorded.index("video")
    made = load_table(folder, index)
    assert made.sizes and len(made.keys) == 4
    assert read_kept(folder, index) == made == read_fragments(folder, index)
    data = (folder / TABLE_NAME).read_bytes()
    for bad in (data[:-1], data[:10], data[:40] + b"\xff" + data[41:], b""):
        with pytest.raises(ValueError, match="samples"):
            decode(bad, index)
    index.segments.pop()
    assert read_kept(folder, index) is None
    assert len(load_table(folder, index).sizes) < len(made.sizes)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1], "shorter than its index says"),
        (lambda data: b"\0" * len(data), "a box has no length"),
        (lambda data: data.replace(b"tfdt", b"free"), "one run of samples"),
        (lambda data: data.replace(b"mdat", b"free"), "has no media"),
        (lambda data: data.replace(b"trun", b"trux"), "one run of samples"),
        (lambda data: re.sub(rb"(?s)(tfdt.{4}).{8}", rb"\1" + b"\x7f" * 8, data), "times are none"),
    ],
)
def test_damage_is_told_with_the_file_that_has_it(
    tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    recorded = record(tmp_path, plain)
    path = tmp_path / "video" / "seg-00001.m4s"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"video/seg-00001\.m4s is damaged: .*{says}"):
        mp4_of(recorded)


def test_a_segment_that_shrinks_meanwhile_is_no_wrong_byte(tmp_path: Path) -> None:
    file = mp4_of(record(tmp_path, plain))
    path = tmp_path / "video" / "seg-00001.m4s"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="shorter than it was"):
        file.read(0, file.size)
