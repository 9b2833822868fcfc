"""The storyboard: which pictures it has, that what was listed stays, that each tile shows what it says."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest

from tests.unit.recording_material import Recorded, feed, h264_units, open_bytes, opus_units
from vtp.errors import NotFound, Unavailable
from vtp.recording import thumbnail_picture
from vtp.recording.index import EndLine, MapLine, PartLine, SegmentLine, TrackIndex
from vtp.recording.manifest import Manifest
from vtp.recording.storyboard import Board, Tile, render_vtt, time_of
from vtp.recording.storyboard_sheet import Made, SheetMaker
from vtp.recording.storyboards import Storyboards
from vtp.recording.thumbnail_picture import Place
from vtp.recording.view import RecordingView
from vtp.tasks import Tasks

SCALE = 90_000


def index_of(*segments: tuple[int, str], width: int = 640, height: int = 360) -> TrackIndex:
    """Segments by their seconds and what is in them, a letter for each part: `k` begins with a key frame,
    `p` without one, in `-` nothing begins; no part is a gap.
    """
    index = TrackIndex("video", SCALE)
    index.add(MapLine(0, "init-0.mp4", 700, "avc1.42c01f", width, height))
    start = 0
    for msn, (seconds, parts) in enumerate(segments):
        for number, kind in enumerate(parts):
            begin = start + number * seconds * SCALE // len(parts)
            size = 0 if kind == "-" else 900
            line = PartLine(msn, number, number * 900, size, begin, 30_000, 10, kind == "k", 0, 1)
            index.add(line)
        duration = seconds * SCALE
        index.add(SegmentLine(msn, start, duration, 900 * len(parts), 60, 0, False, not parts))
        start += duration
    return index


def grown(index: TrackIndex) -> Board:
    board = Board()
    board.grow(index)
    return board


def shown(board: Board) -> list[tuple[float, float]]:
    """When each tile is shown, and when its key frame begins."""
    return [(tile.start_s, tile.place.start / SCALE) for tile in board.tiles]


def test_pictures_are_five_seconds_apart_at_first_and_a_day_has_22_sheets() -> None:
    assert [time_of(number) for number in (0, 1, 399, 400, 401, 800, 801)] == [
        0,
        5,
        1995,
        2000,
        2010,
        6000,
        6020,
    ]
    day = next(number for number in range(10_000) if time_of(number) >= 86_400)
    assert -(-day // 100) == 22


def test_a_tile_shows_the_key_frame_before_its_time() -> None:
    assert shown(grown(index_of(*[(2, "kp")] * 8))) == [(0, 0), (5, 4), (10, 10), (15, 14)]
    assert shown(grown(index_of((4, "kp"), (4, "kk"), (4, "kp")))) == [(0, 0), (5, 4), (10, 8)]


def test_where_nobody_sends_there_is_no_tile_and_the_one_before_lasts() -> None:
    board = grown(index_of((4, "kp"), (4, "kp"), *[(4, "")] * 5, (4, "kp"), (4, "kp")))
    assert shown(board) == [(0, 0), (5, 4), (30, 28), (35, 32)]
    assert "00:00:05.000 --> 00:00:30.000" in render_vtt(board, ended=True)


def test_a_gap_that_nothing_follows_has_no_tile_while_it_lasts_nor_afterwards() -> None:
    index = index_of(*[(2, "kp")] * 4, (4, ""), (4, ""))
    board = grown(index)
    assert shown(board) == [(0, 0), (5, 4)] and board.end_s == 16
    index.add(EndLine())
    board.grow(index)
    assert board.tiles == grown(index).tiles and shown(board) == [(0, 0), (5, 4)] and board.end_s == 8


def test_the_first_tile_begins_with_the_first_picture() -> None:
    assert shown(grown(index_of((2, "-k"), (2, "kp"), (2, "kp")))) == [(1, 1), (5, 4)]
    assert shown(grown(index_of((2, ""), (2, ""), (4, "kp")))) == [(4, 4)]
    assert shown(grown(index_of((2, "p-")))) == []


def test_a_picture_that_is_too_large_has_no_tile() -> None:
    assert shown(grown(index_of((2, "kp"), (2, "kp"), width=8192, height=4320))) == []


def test_what_was_listed_stays_whenever_it_was_asked_for() -> None:
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    kinds = ("kp", "kpk", "k-p", "-k", "p-", "", "")
    for _ in range(30):
        segments = [(dice.choice((1, 2, 3, 9)), dice.choice(kinds)) for _ in range(60)]
        whole = index_of(*segments)
        growing, seen = Board(), list[Tile]()
        for count in range(1, len(segments) + 1):
            part = TrackIndex("video", SCALE, whole.maps, whole.segments[:count], dict(whole.parts))
            if count == len(segments) or dice.random() < 0.5:
                growing.grow(part)
                assert growing.tiles[: len(seen)] == seen, f"seed {seed}"
                seen = list(growing.tiles)
                assert seen == grown(part).tiles, f"seed {seed}"


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (640, 360, (160, 90)),
        (640, 480, (120, 90)),
        (360, 640, (50, 90)),
        (1280, 100, (160, 12)),
        (2, 2, (90, 90)),
    ],
)
def test_a_tile_has_the_pictures_shape(width: int, height: int, size: tuple[int, int]) -> None:
    assert Tile(0, 0, 0.0, Place("init-0.mp4", 700, 0, 0, 900, 0, width, height)).size == size


def test_cues_name_parts_of_sheets() -> None:
    board = grown(index_of(*[(2, "kp")] * 28))
    text = render_vtt(board, ended=True)
    assert text.startswith(
        "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nstoryboard/sheet-00000.jpg#xywh=0,0,160,90\n\n00:00:05.000"
    )
    assert text.endswith("00:00:55.000 --> 00:00:56.000\nstoryboard/sheet-00000.jpg#xywh=160,90,160,90\n")
    assert text.count("-->") == 12
    assert render_vtt(board, ended=False).count("storyboard/sheet-00000.12.jpg#") == 12


def test_a_sheet_that_is_full_has_its_last_name_while_the_next_one_grows() -> None:
    board = grown(index_of(*[(5, "k")] * 103))
    text = render_vtt(board, ended=False)
    assert text.count("/sheet-00000.jpg#") == 100 and text.count("/sheet-00001.3.jpg#") == 3
    assert "\n01:23:20.000" not in text and "00:08:20.000 --> 00:08:25.000" in text


def test_hours_are_written_as_webvtt_has_them() -> None:
    board = grown(index_of(*[(60, "k" * 12)] * 90))
    assert re.search(r"^01:29:50\.000 --> 01:30:00\.000$", render_vtt(board, ended=True), re.M)


@pytest.fixture(scope="module")
def half_a_minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of half a minute whose pictures' brightness is their second."""
    recorded = Recorded(tmp_path_factory.mktemp("recorded"))
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(30, fps=1, gop=1), opus_units(1500))
    segmenter.finish()
    return recorded.directory


@pytest.fixture
def recorded(half_a_minute: Path, tmp_path: Path) -> Recorded:
    """The same in a folder of its own."""
    return Recorded(shutil.copytree(half_a_minute, tmp_path / "r"))


def view_of(recorded: Recorded, seconds: int = 30, *, ended: bool = True) -> RecordingView:
    """The recording when so many seconds had been finished."""
    index = recorded.index("video")
    index.segments = [segment for segment in index.segments if segment.end <= seconds * SCALE]
    return RecordingView(Manifest("r", 1, 4, ("video",)), {"video": index}, ended=ended)


@pytest.fixture
def storyboards() -> Iterator[Storyboards]:
    made = Storyboards(Tasks())
    yield made
    made.close()


def numbers(sheet: bytes, vtt: str) -> list[int]:
    """What the brightness of each tile says, in the middle of what its cue names."""
    with open_bytes(sheet) as container:
        gray = next(container.decode(video=0)).to_ndarray(format="gray")
    found = []
    for x, y, width, height in re.findall(r"#xywh=(\d+),(\d+),(\d+),(\d+)", vtt):
        middle = gray[int(y) + int(height) // 2, int(x) + int(width) // 2]
        found.append(round(int(middle) * 219 / 255 / 3))
    return found


async def test_each_tile_shows_the_picture_of_its_time(recorded: Recorded, storyboards: Storyboards) -> None:
    view = view_of(recorded)
    sheet = await storyboards.sheet("r", recorded.directory, view, 0)
    vtt = storyboards.vtt("r", view).text.decode()
    starts = [tile.place.start // SCALE for tile in grown(view.tracks["video"]).tiles]
    assert len(starts) == 6 and all(0 <= 5 * n - start <= 2 for n, start in enumerate(starts))
    assert numbers(sheet, vtt) == starts
    with open_bytes(sheet) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1600, 90)


async def test_a_sheet_grows_and_is_written_when_it_is_full(
    recorded: Recorded, storyboards: Storyboards, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    decode = thumbnail_picture.decode

    def counted(fragment: bytes) -> av.VideoFrame:
        decoded.append(len(fragment))
        return decode(fragment)

    monkeypatch.setattr("vtp.recording.storyboard_sheet.decode", counted)
    folder = recorded.directory / "storyboard"
    for seconds, tiles in ((4, 1), (24, 5), (24, 5)):
        view = view_of(recorded, seconds, ended=False)
        sheet = await storyboards.sheet("r", recorded.directory, view, 0)
        assert len(numbers(sheet, storyboards.vtt("r", view).text.decode())) == tiles == len(decoded)
        assert not folder.exists()
    whole = await storyboards.sheet("r", recorded.directory, view_of(recorded), 0)
    assert len(decoded) == 6 and (folder / "sheet-00000.jpg").read_bytes() == whole
    assert [path.name for path in folder.iterdir()] == ["sheet-00000.jpg"]
    anew = Storyboards(Tasks())  # as after a restart
    assert await anew.sheet("r", recorded.directory, view_of(recorded), 0) == whole and len(decoded) == 6
    assert await anew.sheet("r", recorded.directory, view_of(recorded), 0) == whole
    anew.close()
    with pytest.raises(NotFound):
        await storyboards.sheet("r", recorded.directory, view_of(recorded), 1)


async def test_a_damaged_picture_leaves_its_tile_black_and_no_other(
    recorded: Recorded, storyboards: Storyboards
) -> None:
    view = view_of(recorded)
    second = grown(view.tracks["video"]).tiles[1].place
    path = recorded.directory / "video" / f"seg-{second.msn:05d}.m4s"
    path.write_bytes(bytes(path.stat().st_size))
    sheet = await storyboards.sheet("r", recorded.directory, view, 0)
    starts = [tile.place.start // SCALE for tile in grown(view.tracks["video"]).tiles]
    vtt = storyboards.vtt("r", view).text.decode()
    assert numbers(sheet, vtt)[2:] == starts[2:] and numbers(sheet, vtt)[1] == 0


async def test_a_sheet_is_not_kept_as_long_as_files_are_missing(
    recorded: Recorded, storyboards: Storyboards
) -> None:
    view = view_of(recorded)
    place = grown(view.tracks["video"]).tiles[-1].place
    path = recorded.directory / "video" / f"seg-{place.msn:05d}.m4s"
    data = path.read_bytes()
    path.unlink()
    lacking = await storyboards.sheet("r", recorded.directory, view, 0)
    path.write_bytes(data)
    assert await storyboards.sheet("r", recorded.directory, view, 0) != lacking


async def test_a_sheet_that_somebody_removed_is_drawn_again(
    recorded: Recorded, storyboards: Storyboards
) -> None:
    view = view_of(recorded)
    first = await storyboards.sheet("r", recorded.directory, view, 0)
    (recorded.directory / "storyboard" / "sheet-00000.jpg").unlink()
    with pytest.raises(Unavailable, match="drawn again"):
        await storyboards.sheet("r", recorded.directory, view, 0)
    assert await storyboards.sheet("r", recorded.directory, view, 0) == first


async def test_a_disk_that_takes_no_sheet_does_not_keep_it_from_being_seen(
    recorded: Recorded, storyboards: Storyboards
) -> None:
    (recorded.directory / "storyboard").write_bytes(b"no folder")
    assert await storyboards.sheet("r", recorded.directory, view_of(recorded), 0)


async def test_who_wants_the_same_sheet_waits_for_one(
    recorded: Recorded, storyboards: Storyboards, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, int]] = []
    make = SheetMaker.make

    def counted(maker: SheetMaker, key: tuple[str, int], *rest: Any) -> Made:
        made.append(key)
        return make(maker, key, *rest)

    monkeypatch.setattr(SheetMaker, "make", counted)
    view = view_of(recorded)
    sheets = await asyncio.gather(*(storyboards.sheet("r", recorded.directory, view, 0) for _ in range(5)))
    assert made == [("r", 0)] and len(set(sheets)) == 1


async def test_a_deletion_waits_for_what_is_being_drawn(recorded: Recorded, storyboards: Storyboards) -> None:
    drawing = asyncio.create_task(storyboards.sheet("r", recorded.directory, view_of(recorded), 0))
    await asyncio.sleep(0)
    await storyboards.settle("other")
    assert not (recorded.directory / "storyboard").exists()
    await storyboards.settle("r")
    assert (recorded.directory / "storyboard" / "sheet-00000.jpg").exists()
    await drawing


async def test_nothing_is_kept_of_what_was_deleted(recorded: Recorded, storyboards: Storyboards) -> None:
    for name in ("r", "other"):
        await storyboards.sheet(name, recorded.directory, view_of(recorded, 10, ended=False), 0)
    storyboards.forget("r")
    await asyncio.wrap_future(storyboards._thread.submit(lambda: None))
    assert (list(storyboards._kept), list(storyboards._maker._growing)) == (["other"], [("other", 0)])
    storyboards.close()
    storyboards.forget("other")


async def test_only_so_many_wait(
    recorded: Recorded, storyboards: Storyboards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storyboards._making, "most", 0)
    with pytest.raises(Unavailable):
        await storyboards.sheet("r", recorded.directory, view_of(recorded), 0)


def test_a_server_that_ends_makes_no_more_tiles(recorded: Recorded) -> None:
    maker = SheetMaker()
    maker.stop()
    with pytest.raises(Unavailable):
        read = partial(thumbnail_picture.read_file, recorded.directory)
        maker.make(("r", 0), read, grown(recorded.index("video")).tiles, None)


def test_the_list_is_rendered_once_per_segment(recorded: Recorded, storyboards: Storyboards) -> None:
    live = view_of(recorded, 20, ended=False)
    first = storyboards.vtt("r", live)
    assert storyboards.vtt("r", live) is first
    ended = storyboards.vtt("r", replace_ended(live))
    assert ended is not first and b"sheet-00000.jpg" in ended.text


def replace_ended(view: RecordingView) -> RecordingView:
    return RecordingView(replace(view.manifest, closed=True), view.tracks, ended=True)
