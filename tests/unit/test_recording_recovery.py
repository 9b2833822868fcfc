"""Recovery: whatever a crash leaves, everything up to the last complete part plays."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, placed, shifted, show
from vtp.recording import boxes
from vtp.recording.index import (
    INDEX_NAME,
    OpenLine,
    PartLine,
    SegmentLine,
    decode_line,
    encode_line,
    read_lines,
    segment_name,
)
from vtp.recording.manifest import Manifest, read_manifest, write_manifest
from vtp.recording.recovery import recover
from vtp.recording.view import RecordingView

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

TRACKS = ("video", "opus", "aac")
FRAME = 3000  # ticks


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 5 s whose process ended without a word."""
    directory = tmp_path_factory.mktemp("crashed")
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    write_manifest(directory, Manifest("r", origin_wall_ns=10**18, target_duration_s=4, tracks=TRACKS))
    feed(segmenter, h264_units(150), opus_units(250))
    for writer in recorded.writers:
        writer.abandon()
    return directory


def copy(crashed: Path, tmp_path: Path) -> Recorded:
    """A copy to break."""
    directory = tmp_path / "recording"
    shutil.copytree(crashed, directory)
    return Recorded(directory)


def open_segment(recorded: Recorded, track: str) -> Path:
    """The segment that was being written."""
    lines, _ = read_lines((recorded.directory / track / INDEX_NAME).read_bytes())
    opened = [line.msn for line in lines if isinstance(line, OpenLine)]
    return recorded.directory / track / segment_name(opened[-1])


def assert_plays_whole_parts(recorded: Recorded, track: str) -> None:
    """Every fragment that is complete on disk is in the index and comes back by PyAV."""
    index = recorded.index(track)
    assert index.ended
    samples = 0
    for segment in index.segments:
        path = recorded.directory / track / segment_name(segment.msn)
        found = list(boxes.fragments(path.read_bytes()))
        assert path.stat().st_size == segment.size == (found[-1].end if found else 0)
        assert [f.start for f in found] == [part.offset for part in index.parts[segment.msn]]
        assert sum(f.samples for f in found) == segment.samples
        samples += segment.samples
    assert len(recorded.packets(track)) == samples
    if track == "video":
        assert [n for _, n in recorded.brightness()] == [n % 64 for n in range(samples)]


def test_recording_that_was_killed_plays_to_its_last_part(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    recovered = recover(recorded.directory, "why")
    assert recovered.truncated_bytes == 0
    assert recovered.manifest.closed and recovered.manifest.message == "why"
    assert recovered.manifest.duration_ns > 4 * 10**9
    for track in TRACKS:
        assert_plays_whole_parts(recorded, track)
    assert sum(s.samples for s in recorded.index("video").segments) >= 140


@pytest.mark.parametrize("seed", range(12))
def test_files_cut_at_random_bytes_play_to_their_last_complete_part(
    crashed: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    recorded = copy(crashed, tmp_path)
    for track in TRACKS:
        segment = open_segment(recorded, track)
        data = segment.read_bytes()
        segment.write_bytes(data[: chance.randrange(len(data) + 1)])
        index = recorded.directory / track / INDEX_NAME
        lines = index.read_bytes()
        whole = lines.rindex(b'{"type":"open"')  # what was closed with fdatasync stays
        index.write_bytes(lines[: chance.randrange(whole, len(lines) + 1)])
    recover(recorded.directory)
    for track in TRACKS:
        assert_plays_whole_parts(recorded, track)


def test_parts_without_index_lines_are_found_in_their_boxes(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    path = recorded.directory / "video" / INDEX_NAME
    lines, _ = read_lines(path.read_bytes())
    last = max(line.msn for line in lines if isinstance(line, PartLine))
    kept = [line for line in lines if not (isinstance(line, PartLine) and line.msn == last)]
    lost = [line for line in lines if isinstance(line, PartLine) and line.msn == last]
    path.write_bytes(b"".join(encode_line(line) for line in kept))
    recover(recorded.directory)
    found = recorded.index("video").parts[last]
    assert [replace(one, start=0, duration=0) for one in found] == [
        replace(one, start=0, duration=0) for one in lost
    ]
    for one, known in zip(found, lost, strict=True):  # boxes know of frames, not of the grid
        assert 0 <= one.start - known.start < FRAME and abs(one.duration - known.duration) < FRAME


def test_line_whose_bytes_are_missing_is_not_believed(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    segment = open_segment(recorded, "opus")
    parts = recorded.index("opus").parts[int(segment.stem[4:])]
    segment.write_bytes(segment.read_bytes()[: parts[-1].offset + 5])
    recover(recorded.directory)
    assert recorded.index("opus").parts[parts[0].msn] == parts[:-1]
    assert_plays_whole_parts(recorded, "opus")


def test_part_with_damaged_bytes_ends_the_track_there(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    segment = open_segment(recorded, "video")
    parts = recorded.index("video").parts[int(segment.stem[4:])]
    data = bytearray(segment.read_bytes())
    data[parts[1].offset + parts[1].size - 3] ^= 0xFF
    segment.write_bytes(data)
    recover(recorded.directory)
    assert recorded.index("video").parts[parts[0].msn] == parts[:1]


@pytest.mark.parametrize("losing_lines", [False, True])
def test_slide_that_stood_still_lasts_as_long_as_it_did(tmp_path: Path, losing_lines: bool) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    write_manifest(tmp_path, Manifest("r", tracks=TRACKS))
    feed(segmenter, h264_units(5, fps=1, gop=2), opus_units(300))
    for writer in recorded.writers:
        writer.abandon()
    path = tmp_path / "video" / INDEX_NAME
    lines, _ = read_lines(path.read_bytes())
    opened = max(line.msn for line in lines if isinstance(line, OpenLine))
    parts = [line for line in lines if isinstance(line, PartLine) and line.msn == opened]
    assert parts[-1].gap and parts[-2].gap and not parts[0].gap
    if losing_lines:
        parts.pop()
        path.write_bytes(b"".join(encode_line(line) for line in lines[:-1]))
    recovered = recover(tmp_path)
    index = recovered.tracks["video"]
    assert index.parts[opened] == parts
    assert index.segments[-1].end == parts[-1].start + parts[-1].duration
    assert recovered.truncated_bytes == 0
    before = path.read_bytes()
    recover(tmp_path)
    assert path.read_bytes() == before


def test_part_with_a_key_frame_in_its_middle_is_whole(tmp_path: Path) -> None:
    """The muxer begins a second fragment there, as new viewers' wishes for key frames have it."""
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    write_manifest(tmp_path, Manifest("r", tracks=TRACKS))
    feed(segmenter, h264_units(118, gop=25), opus_units(200))
    for writer in recorded.writers:
        writer.abandon()
    before = recorded.index("video").parts
    last = (tmp_path / "video" / segment_name(max(before))).read_bytes()
    assert len(list(boxes.fragments(last))) > len(before[max(before)])
    recovered = recover(tmp_path)
    assert recovered.truncated_bytes == 0 and recovered.tracks["video"].parts == before


def killed_at_the_second_writing(directory: Path, *, before: bool) -> None:
    """A recording of a slide each second that is stopped while one stands: the last part is written again.

    Its process is killed right before, or right after, the bytes are.
    """
    write = os.pwrite

    def write_and_die(descriptor: int, data: Buffer, offset: int, /) -> int:
        if not before:
            write(descriptor, data, offset)
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    slides, talk = h264_units(8, fps=1, gop=4), opus_units(385)
    child = os.fork()
    if not child:
        try:
            os.pwrite = write_and_die
            segmenter = Recorded(directory).segmenter()
            feed(segmenter, slides, talk)
            segmenter.finish()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("before", [True, False])
def test_part_that_was_being_written_again_is_there(tmp_path: Path, before: bool) -> None:
    write_manifest(tmp_path, Manifest("r", tracks=TRACKS))
    killed_at_the_second_writing(tmp_path, before=before)
    lines, _ = read_lines((tmp_path / "video" / INDEX_NAME).read_bytes())
    told = [line for line in lines if isinstance(line, PartLine) and not line.gap]
    older, newer = told[-2:]
    assert replace(older, crc=0) == replace(newer, crc=0) and older.crc != newer.crc
    recovered = recover(tmp_path)
    index = recovered.tracks["video"]
    assert recovered.truncated_bytes == 0
    assert [part for part in index.parts[older.msn] if not part.gap][-1] == (older if before else newer)
    recorded = Recorded(tmp_path)
    assert [number for _, number in recorded.brightness()] == list(range(8))
    _, lasts = recorded.packets("video")[-1]
    assert (lasts > 90_000) is before  # as long as it might last, or 0.7 s


def files_of(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("left", [None, 0, 700])
@pytest.mark.parametrize("closed", [True, False])
def test_closed_segment_that_is_lost_is_a_gap_and_what_follows_plays(
    tmp_path: Path, closed: bool, left: int | None
) -> None:
    directory, whole = tmp_path / "recording", tmp_path / "whole"
    directory.mkdir()
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    write_manifest(directory, Manifest("r", target_duration_s=4, tracks=TRACKS))
    feed(segmenter, h264_units(360), opus_units(600))
    if closed:
        segmenter.finish()
    else:
        for writer in recorded.writers:
            writer.abandon()
    shutil.copytree(directory, whole)
    expected = recover(whole).tracks["video"]
    assert len(expected.segments) >= 4
    lost = directory / "video" / segment_name(1)
    if left is None:
        lost.unlink()
    else:
        lost.write_bytes(lost.read_bytes()[:left])
    index = recover(directory).tracks["video"]
    gap = replace(expected.segments[1], size=0, samples=0, gap=True)
    assert index.segments == [expected.segments[0], gap, *expected.segments[2:]]
    assert index.parts == {msn: parts for msn, parts in expected.parts.items() if msn != 1}
    assert index.ended
    for segment in index.segments[2:]:
        assert (directory / "video" / segment_name(segment.msn)).stat().st_size == segment.size
    assert b"#EXT-X-GAP" in RecordingView.load(directory).media("video").text
    before = files_of(directory)
    recover(directory)
    assert files_of(directory) == before


def test_segments_that_no_line_leads_to_are_moved_aside(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    path = recorded.directory / "video" / INDEX_NAME
    lines, _ = read_lines(path.read_bytes())
    first = next(number for number, line in enumerate(lines) if isinstance(line, OpenLine))
    path.write_bytes(b"".join(encode_line(line) for line in lines[:first]) + b"damaged\n")
    media = (recorded.directory / "video" / segment_name(1)).read_bytes()
    recover(recorded.directory)
    assert (recorded.directory / "video" / f"{segment_name(1)}.aside").read_bytes() == media
    before = files_of(recorded.directory)
    recover(recorded.directory)
    assert files_of(recorded.directory) == before


def test_recovering_twice_changes_nothing(crashed: Path, tmp_path: Path) -> None:
    recorded = copy(crashed, tmp_path)
    recover(recorded.directory)
    before = {path: path.read_bytes() for path in recorded.directory.rglob("*") if path.is_file()}
    recover(recorded.directory)
    assert before == {path: path.read_bytes() for path in recorded.directory.rglob("*") if path.is_file()}


def test_discontinuity_of_the_open_segment_is_kept(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    write_manifest(tmp_path, Manifest("r", tracks=TRACKS))
    large = list(h264_units(60, width=640, height=360))
    feed(segmenter, h264_units(60), opus_units(100))
    show(segmenter, placed(shifted(large[:30], 2 * 10**9)))
    for writer in recorded.writers:
        writer.abandon()
    recover(tmp_path)
    last = recorded.index("video").segments[-1]
    assert isinstance(last, SegmentLine) and last.discontinuity and last.map == 1


def test_recording_without_any_media_is_closed_and_holds_nothing(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest("r"))
    assert recover(tmp_path).tracks == {}
    assert read_manifest(tmp_path).closed
    assert not RecordingView.load(tmp_path).is_playable


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        recover(tmp_path)


@pytest.mark.parametrize("independent", [True, False])
def test_line_of_a_part_is_the_json_of_its_fields(independent: bool) -> None:
    line = PartLine(3, 1, 40_123, 0, 1 << 40, 22_500, 8, independent, 2, 0xFFFF_FFFF)
    told = encode_line(line)
    assert told == json.dumps({"type": "part", **asdict(line)}, separators=(",", ":")).encode() + b"\n"
    assert decode_line(told) == line
