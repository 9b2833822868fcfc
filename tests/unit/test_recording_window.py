"""A class that is streamed and not recorded: the newest stretch of it, right at every step, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hls_duties import WindowFollower
from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import h264_units, opus_units, shifted
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_sources import prepared_source
from tests.unit.test_recording_live import TRACKS, Class, Content, lecture, other_size, stalls
from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.live_view import LiveView
from vtp.recording.manifest import Manifest
from vtp.recording.media_routes import _is_finished
from vtp.recording.recorder import Recorder
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.window import FORGOTTEN, WindowIndex
from vtp.recording.wish import Wish

WINDOW_S = 6.0


class Window(Class):
    """The same of a class that is not recorded."""

    def __init__(self, folder: Path, video: list[PlainUnit], audio: list[PlainUnit]) -> None:
        super().__init__(folder, video, audio)
        self.view = LiveView(Manifest("r", 10**18), {}, slides=True, newest_wait_s=0)

    def new_index(self, track: str) -> TrackIndex:
        return WindowIndex(self.recorded.directory / track, WINDOW_S)

    async def text(self, track: str, *, skip: bool = False) -> str:
        return (await self.view.follow(track, Wish(skip=skip))).text.decode()


@pytest.mark.drawn(1)
@pytest.mark.parametrize("content", [lecture, stalls, other_size])
async def test_every_playlist_of_a_window_is_right(tmp_path: Path, content: Content) -> None:
    made = Window(tmp_path, *content(36))
    whole = {track: WindowFollower() for track in TRACKS}
    deltas = {track: WindowFollower() for track in TRACKS}
    while made.now_ns < 36 * NS:
        made.tick()
        if not made.view.is_playable:
            continue
        for track in made.indexes:
            whole[track].take(await made.text(track))
            deltas[track].take(await made.text(track, skip=deltas[track].last is not None))
    made.finish()
    for track in TRACKS:
        last = whole[track].take(await made.text(track))
        assert last.ended and whole[track].first >= 13
        listed_s = sum(segment.duration_s for segment in last.segments)
        assert WINDOW_S <= listed_s < WINDOW_S + 4


@pytest.mark.parametrize("kind", [Class, Window])
async def test_a_picture_that_comes_later_is_reported_beside_the_sound_and_then_listed(
    tmp_path: Path, kind: type[Class]
) -> None:
    """Players go by it: from its second segment on they load the multivariant playlist again."""
    made = kind(tmp_path, shifted(h264_units(150), 11 * NS), [*opus_units(50 * 16)])
    told_ns = 0
    while made.now_ns < 16 * NS:
        made.tick()
        if not made.view.is_playable:
            continue
        playlist = await made.view.follow("aac", Wish())
        report = re.search(rb'REPORT:URI="../video/playlist.m3u8",LAST-MSN=(\d+)', playlist.text)
        listed = b"RESOLUTION=" in made.view.multivariant().text
        if report and int(report[1]) > 0:
            told_ns = told_ns or made.now_ns
            assert listed
        else:
            assert made.now_ns < 14 * NS
    assert 11 * NS < told_ns < 14 * NS


async def test_what_has_left_the_window_is_there_for_as_long_again_and_then_gone(tmp_path: Path) -> None:
    made = Window(tmp_path, *lecture(40))
    made.run(until_s=30)
    index = made.indexes["video"]
    numbers = range(len(index.segments))
    there = [n for n in numbers if (tmp_path / "video" / segment_name(n)).exists()]
    listed = [n for n in numbers if n >= index.beginning.msn]
    assert there == [n for n in numbers if _is_finished(made.view, "video", segment_name(n))]
    assert there == [n for n in numbers if made.view.find_part("video", n, 0)]
    assert len(listed) < len(there) <= len(listed) * 2 + 1 and there[-1] == numbers[-1]
    assert index.segments[0] is FORGOTTEN and there[0] > 0


async def test_sections_that_no_segment_needs_any_more_are_gone(tmp_path: Path) -> None:
    made = Window(tmp_path, *other_size(36))
    made.run(until_s=19)
    assert sorted(path.name for path in (tmp_path / "video").glob("init-*")) == ["init-0.mp4", "init-1.mp4"]
    made.run(until_s=36)
    assert [path.name for path in (tmp_path / "video").glob("init-*")] == ["init-1.mp4"]
    assert "init-1.mp4" in await made.text("video") and made.view.multivariant()


@needs_strict_parser
async def test_a_strict_parser_accepts_a_window(tmp_path: Path) -> None:
    made = Window(tmp_path, *other_size(36))
    made.run(until_s=22)
    for track in TRACKS:
        assert parse((await made.text(track)).encode()) >= 3


def test_a_recorder_of_a_window_writes_no_index_and_syncs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    monkeypatch.setattr("vtp.recording.track_writer.os.fdatasync", synced.append)
    clock = FastClock()
    recorder = Recorder(tmp_path / "w", "w", window_s=WINDOW_S, now_ns=clock)
    video, _ = prepared_source("video", h264_units(600), lambda: clock.now, start_ns=NS)
    audio, _ = prepared_source("audio", opus_units(1000), lambda: clock.now, start_ns=NS)
    recorder.add_source(audio)
    recorder.add_source(video)
    clock.at(20 * NS, recorder.stop)
    assert not run(recorder).failure and not synced
    assert not [*tmp_path.rglob("index.jsonl")]
    names = sorted(path.name for path in (tmp_path / "w" / "video").glob("seg-*"))
    assert 4 <= len(names) <= 8 and names[0] > segment_name(0)


def test_sound_alone_has_a_window_too(tmp_path: Path) -> None:
    made = Window(tmp_path, [], [*opus_units(50 * 20)])
    made.run(until_s=20)
    assert made.indexes["opus"].beginning.msn > 2
