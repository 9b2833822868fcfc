"""The rungs that the ladder's job makes: the same pictures at the same times, fewer pixels, resumable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.strict_dash import needs_mpd_parser, parse_mpd
from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import Recorded, feed, h264_units, open_bytes, opus_units, shifted
from vtp.errors import Unavailable
from vtp.jobs import rung_encoder
from vtp.jobs.ladder import Ladder, RungsOfRecording
from vtp.jobs.progress import Progress
from vtp.jobs.rung_encoder import SOFTWARE, RungEncoder, pick_encoder
from vtp.jobs.runner import HopelessError
from vtp.recording.index import MapLine, SegmentLine, TrackIndex, segment_name
from vtp.recording.ladder import missing_rungs, picture_tracks, size_of
from vtp.recording.manifest import Manifest, read_manifest, write_manifest
from vtp.recording.segmenter import Segmenter
from vtp.recording.store import Recording, Status, Storage
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.storage import Store

ID = "recording"
WANTED = [240, 120]
SOURCE = {"width": 640, "height": 360}


def of_two_sizes_with_a_gap(segmenter: Segmenter) -> None:
    """Four seconds of 640x360, two of nothing, three of 480x360."""
    feed(segmenter, h264_units(120, **SOURCE), opus_units(200))
    segmenter.stop_sending()
    again = shifted(h264_units(90, width=480, height=360), 6 * NS)
    feed(segmenter, again, shifted(opus_units(150), 6 * NS))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = Recorded(tmp_path / ID)
    segmenter = found.segmenter()
    of_two_sizes_with_a_gap(segmenter)
    duration_ns = segmenter.finish()
    write_manifest(tmp_path / ID, Manifest(ID, 0, 4, ("video", "opus", "aac"), duration_ns, closed=True))
    return found


def recording() -> Recording:
    now = datetime.now(UTC)
    return Recording(ID, "room", "Optics", "", None, Status.READY, "hls", "program", now, now, now)


async def run(recorded: Recorded, progress: Progress | None = None) -> None:
    await Ladder(Store(recorded.directory.parent), WANTED).run(recording(), progress or Progress())


def shape(index: TrackIndex) -> list[tuple[int, int, int, bool, bool]]:
    return [(s.msn, s.start, s.duration, s.discontinuity, s.gap) for s in index.segments]


def pictures(recorded: Recorded, track: str) -> Iterator[tuple[int, int, int, int]]:
    """Time, number, width and height of every picture."""
    for line in recorded.index(track).maps:
        with open_bytes(recorded.media(track, line.map)) as container:
            for frame in container.decode(video=0):
                number = round((bytes(frame.planes[0])[0] - 16) / 3)
                yield frame.pts or 0, number, frame.width, frame.height


async def test_rungs_show_the_same_pictures_at_the_same_times_in_the_same_segments(
    recorded: Recorded,
) -> None:
    progress = Progress()
    await run(recorded, progress)
    meant = [(time, number) for time, number, _, _ in pictures(recorded, "video")]
    for track, sizes in (
        ("video-240", {(426, 240), (320, 240)}),
        ("video-120", {(214, 120), (160, 120)}),
    ):
        shown = list(pictures(recorded, track))
        assert [(time, number) for time, number, _, _ in shown] == meant
        assert {(width, height) for _, _, width, height in shown} == sizes
        assert shape(recorded.index(track)) == shape(recorded.index("video"))
        assert recorded.index(track).ended
        assert all(parts[0].independent for parts in recorded.index(track).parts.values())
    assert read_manifest(recorded.directory).tracks == ("video", "opus", "aac", "video-240", "video-120")
    assert progress.fraction == 1.0


@needs_strict_parser
@needs_mpd_parser
async def test_parsers_find_the_rungs_in_hls_and_dash(recorded: Recorded) -> None:
    await run(recorded)
    view = RecordingView.load(recorded.directory)
    assert parse(view.multivariant().text) == 6  # three sizes, each with AAC and with Opus
    for track in ("video-240", "video-120"):
        assert parse(view.media(track).text) == len(view.tracks["video"].segments)
    found = parse_mpd(view.mpd().text)["tracks"]
    assert set(found) == set(view.tracks)
    times = {name: [one["time"] for one in found[name]["segments"]] for name in found}
    assert times["video"] == times["video-240"] == times["video-120"]


async def test_each_segment_of_a_rung_is_decoded_without_any_other(recorded: Recorded) -> None:
    await run(recorded)
    index, folder = recorded.index("video-120"), recorded.directory / "video-120"
    for line in index.segments:
        if line.gap:
            continue
        section = (folder / index.maps[line.map].uri).read_bytes()
        with open_bytes(section + (folder / segment_name(line.msn)).read_bytes()) as container:
            frames = list(container.decode(video=0))
        assert len(frames) == line.samples and frames[0].key_frame and frames[0].pts == line.start


async def test_nothing_is_seen_of_a_ladder_before_it_is_whole_and_it_goes_on_where_it_was(
    recorded: Recorded,
) -> None:
    first = RungsOfRecording(recorded.directory, WANTED, SOFTWARE)
    total = first.total
    begun = sum(first.make(line) for line in first.picture.segments[:2])
    first.close()
    torn = recorded.directory / "video-120" / segment_name(1)
    torn.write_bytes(torn.read_bytes()[:100])  # as when power failed
    assert picture_tracks(RecordingView.load(recorded.directory).tracks) == ["video"]

    second = RungsOfRecording(recorded.directory, WANTED, SOFTWARE)
    whole = second.picture.segments[1].duration
    assert (second.total, second.done) == (total, begun - whole)
    second.close()
    kept = (recorded.directory / "video-240" / segment_name(0)).stat().st_mtime_ns
    await run(recorded)
    assert (recorded.directory / "video-240" / segment_name(0)).stat().st_mtime_ns == kept
    meant = [time for time, *_ in pictures(recorded, "video")]
    for track in ("video-240", "video-120"):
        assert [time for time, *_ in pictures(recorded, track)] == meant
    assert picture_tracks(RecordingView.load(recorded.directory).tracks) == [
        "video",
        "video-240",
        "video-120",
    ]


async def test_cancelled_ladder_stops_between_two_segments(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, making, go_on, made = RungsOfRecording.make, threading.Event(), threading.Event(), list[int]()

    def slowly(of: RungsOfRecording, line: SegmentLine) -> int:
        making.set()
        go_on.wait(30)
        ticks = make(of, line)
        made.append(line.msn)
        return ticks

    monkeypatch.setattr(RungsOfRecording, "make", slowly)
    running = asyncio.create_task(run(recorded))
    await asyncio.to_thread(making.wait, 30)
    running.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert made == [0] and read_manifest(recorded.directory).tracks == ("video", "opus", "aac")


async def test_damaged_segment_is_bridged_by_the_picture_before_it(recorded: Recorded) -> None:
    damaged = recorded.directory / "video" / segment_name(1)
    damaged.write_bytes(bytes(damaged.stat().st_size))
    await run(recorded)
    assert shape(recorded.index("video-120")) == shape(recorded.index("video"))
    line = recorded.index("video-120").segments[1]
    shown = [number for time, number, *_ in pictures(recorded, "video-120") if line.start <= time < line.end]
    assert shown == [59]


async def test_almost_full_disk_is_left_to_classes(recorded: Recorded) -> None:
    before = set(recorded.directory.rglob("*.m4s"))
    with pytest.raises(Unavailable, match="goes on when there is room"):
        await Ladder(Store(recorded.directory.parent), WANTED, 1 << 60).run(recording(), Progress())
    assert set(recorded.directory.rglob("*.m4s")) == before
    await run(recorded)
    assert recorded.index("video-120").ended


async def test_second_run_has_nothing_to_do(recorded: Recorded) -> None:
    await run(recorded)
    before = {path: path.stat().st_mtime_ns for path in recorded.directory.rglob("*")}
    await run(recorded)
    assert {path: path.stat().st_mtime_ns for path in recorded.directory.rglob("*")} == before


async def test_run_that_ended_before_its_row_said_so_is_told_by_the_next(recorded: Recorded) -> None:
    """By what it gives for the row, whatever is new is uploaded."""
    ladder = Ladder(Store(recorded.directory.parent), WANTED)
    first = await ladder.run(recording(), Progress())
    assert first["file_size_bytes"] and await ladder.run(recording(), Progress()) == first
    assert await Ladder(Store(recorded.directory.parent), []).run(recording(), Progress()) == first


async def test_recording_of_the_store_alone_gets_none_and_lost_files_are_told(tmp_path: Path) -> None:
    ladder = Ladder(Store(tmp_path), WANTED)
    with pytest.raises(HopelessError, match="in the object store alone"):
        await ladder.run(replace(recording(), storage=Storage.STORED), Progress())
    with pytest.raises(FileNotFoundError):
        await ladder.run(recording(), Progress())


async def test_deleted_recording_leaves_no_rungs(recorded: Recorded) -> None:
    await Ladder(Store(recorded.directory.parent), WANTED).undo(ID)
    assert not recorded.directory.exists()


def test_rungs_are_those_that_the_picture_allows() -> None:
    picture = TrackIndex("video", 90_000, [MapLine(0, "init-0.mp4", 700, "avc1.42c01f", 640, 360)])
    assert missing_rungs([240, 720, 120, 320], {"video": picture, "video-120": TrackIndex()}) == [240]
    assert missing_rungs([240], {}) == []
    assert [size_of(480, *size) for size in ((1280, 720), (720, 1280), (320, 180), (1366, 768))] == [
        (854, 480),
        (480, 854),
        (320, 180),
        (854, 480),
    ]


def test_encoder_is_one_that_works_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    picked = pick_encoder()
    assert picked == SOFTWARE or picked in rung_encoder.HARDWARE
    monkeypatch.setattr(rung_encoder, "HARDWARE", (SOFTWARE,))
    assert pick_encoder() == SOFTWARE
    line = SegmentLine(0, 0, 3000, 0, 1, 0, discontinuity=False, gap=False)
    [made] = RungEncoder(picked, 30.0).encode(b"", b"", line, [120])  # black: nothing can be decoded
    assert made.samples[0].key_frame and made.samples[0].end == 3000
