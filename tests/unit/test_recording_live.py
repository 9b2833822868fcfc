"""A recording's playlists while it grows: waited for, left out, sent either way, and right at every step."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.hls_duties import Follower
from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import Recorded, h264_units, opus_units, placed, shifted
from vtp.errors import Malformed, NotFound, Unavailable
from vtp.recording import live_view
from vtp.recording.index import TrackIndex
from vtp.recording.live_playlist import Rendered
from vtp.recording.live_view import LiveView
from vtp.recording.manifest import Manifest
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import PlacedPicture
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

TICK_NS = NS // 20
TRACKS = ("video", "opus", "aac")
Content = Callable[[int], tuple[list[PlainUnit], list[PlainUnit]]]


class Class:
    """A recording that is made tick by tick, and its view."""

    def __init__(self, folder: Path, video: list[PlainUnit], audio: list[PlainUnit]) -> None:
        self.recorded = Recorded(folder)
        self.segmenter: Segmenter = self.recorded.segmenter()
        self.indexes: dict[str, TrackIndex] = {}
        self.view = LiveView(Manifest("r", 10**18), {}, newest_wait_s=0)  # time goes by in ticks
        self.now_ns = 0
        self._units: list[tuple[int, int, int, PlacedPicture | PlainUnit]] = sorted(
            [
                *((one.time_ns, 0, n, one) for n, one in enumerate(placed(video))),
                *((u.arrival_ns, 1, n, u) for n, u in enumerate(audio)),
            ],
            key=lambda event: event[:3],
        )
        self._taken = 0
        self._lines = 0

    def tick(self) -> None:
        """A twentieth of a second goes by."""
        self.now_ns += TICK_NS
        while self._taken < len(self._units) and self._units[self._taken][0] < self.now_ns:
            at, _, _, unit = self._units[self._taken]
            self._taken += 1
            if not isinstance(unit, PlacedPicture):
                self.segmenter.add_audio(unit.data, at)
            else:
                self.segmenter.add_video(unit.picture, at)
        self.segmenter.tick(self.now_ns)
        self._show()

    def run(self, until_s: float) -> None:
        """Time goes by."""
        while self.now_ns < until_s * NS:
            self.tick()

    def finish(self) -> None:
        """The recording ends."""
        self.segmenter.finish()
        self._show()
        self.view.end()

    def new_index(self, track: str) -> TrackIndex:
        """What the lines of a track go into."""
        return TrackIndex()

    def _show(self) -> None:
        for track, line in self.recorded.lines[self._lines :]:
            if track not in self.indexes:
                self.indexes[track] = self.new_index(track)
            self.indexes[track].add(line)
        self._lines = len(self.recorded.lines)
        manifest = replace(
            self.view.manifest,
            target_duration_s=self.segmenter.target_duration_s,
            tracks=tuple(self.indexes),
        )
        self.view.grow(manifest, self.indexes)


def lecture(seconds: int) -> tuple[list[PlainUnit], list[PlainUnit]]:
    return [*h264_units(30 * seconds)], [*opus_units(50 * seconds)]


def slides(seconds: int) -> tuple[list[PlainUnit], list[PlainUnit]]:
    return [*h264_units(seconds, fps=1, gop=2)], [*opus_units(50 * seconds)]


def stalls(seconds: int) -> tuple[list[PlainUnit], list[PlainUnit]]:
    units = h264_units(30 * seconds)
    return [*units[:100], *units[600:]], [*opus_units(50 * seconds)]


def other_size(seconds: int) -> tuple[list[PlainUnit], list[PlainUnit]]:
    half = seconds // 2
    large = shifted(h264_units(30 * half, width=640, height=360), half * NS)
    return [*h264_units(30 * half), *large], [*opus_units(50 * seconds)]


def sound_first(seconds: int) -> tuple[list[PlainUnit], list[PlainUnit]]:
    return shifted(h264_units(30 * (seconds - 5)), 5 * NS), [*opus_units(50 * seconds)]


@pytest.fixture
async def lesson(tmp_path: Path) -> AsyncIterator[Class]:
    yield Class(tmp_path, *lecture(40))


@pytest.mark.drawn(1)
@pytest.mark.parametrize("content", [lecture, slides, stalls, other_size, sound_first])
async def test_every_playlist_of_a_follower_is_right(tmp_path: Path, content: Content) -> None:
    made = Class(tmp_path, *content(36))
    whole: dict[str, Follower] = {}
    deltas: dict[str, Follower] = {}
    while made.now_ns < 36 * NS:
        made.tick()
        if not made.view.is_playable:
            continue
        for track in made.indexes:
            text = (await made.view.follow(track, Wish())).text.decode()
            whole.setdefault(track, Follower()).take(text)
            follower = deltas.setdefault(track, Follower())
            skip = follower.last is not None
            follower.take((await made.view.follow(track, Wish(skip=skip))).text.decode())
    made.finish()
    for track in TRACKS:
        last = whole[track].take((await made.view.follow(track, Wish())).text.decode())
        assert last.ended and len(last.segments) == len(made.indexes[track].segments)
        newest = deltas[track].last
        assert newest is not None and newest.skipped > 0
        uris = [segment.uri for segment in deltas[track].segments]
        assert uris == [segment.uri for segment in whole[track].segments][: len(uris)]


async def test_gaps_that_followers_have_seen_stay_when_the_recording_ends_in_them(tmp_path: Path) -> None:
    made = Class(tmp_path, *lecture(5))
    whole = {track: Follower() for track in TRACKS}
    deltas = {track: Follower() for track in TRACKS}

    async def follow() -> None:
        for track in TRACKS:
            whole[track].take((await made.view.follow(track, Wish())).text.decode())
            follower = deltas[track]
            wish = Wish(skip=follower.last is not None)
            follower.take((await made.view.follow(track, wish)).text.decode())

    made.run(5.0)
    await follow()
    made.segmenter.stop_sending()
    while made.now_ns < 40 * NS:
        made.run(made.now_ns / NS + 1)
        await follow()
    assert all(follower.segments[-1].gap for follower in whole.values())
    made.finish()
    await follow()
    ended = RecordingView(made.view.manifest, made.indexes, ended=True)
    for track in TRACKS:
        last = whole[track].last
        assert last is not None and last.ended and len(last.segments) > len(made.indexes[track].segments)
        assert not made.indexes[track].segments[-1].gap
        named = [f"{segment.uri}\n" for segment in whole[track].segments]
        assert ended.media(track, followed=True) == await made.view.follow(track, Wish())
        assert named[-1] not in ended.media(track).text.decode()


@pytest.mark.parametrize("late_ms", [0, 12, 30, 45])
async def test_sound_that_begins_anew_is_right_wherever_it_had_stopped(tmp_path: Path, late_ms: int) -> None:
    """The last frame of AAC is padded to its length: none may lie in the gap that follows."""
    video, audio = lecture(8)
    video, until_ns = shifted(video, late_ms * NS // 1000), 5 * NS // 2
    left_out = range(until_ns, 6 * NS)
    made = Class(
        tmp_path,
        [unit for unit in video if unit.arrival_ns not in left_out],
        [unit for unit in audio if unit.arrival_ns not in left_out],
    )
    followers = {track: Follower() for track in TRACKS}

    async def follow(until_s: float) -> None:
        while made.now_ns < until_s * NS:
            made.tick()
            for track in made.indexes if made.view.is_playable else ():
                followers[track].take((await made.view.follow(track, Wish())).text.decode())

    await follow(until_ns / NS + 0.2)
    made.segmenter.stop_sending()
    await follow(8)
    made.finish()
    gaps = {track: [one.gap for one in made.indexes[track].segments] for track in TRACKS}
    assert gaps["aac"] == gaps["opus"] == gaps["video"] and True in gaps["aac"]
    for track, index in made.indexes.items():
        for before, segment in pairwise(index.segments):
            assert before.end == segment.start, track


@needs_strict_parser
async def test_a_strict_parser_accepts_playlists_in_progress(lesson: Class) -> None:
    lesson.run(30.4)
    for track in TRACKS:
        assert parse((await lesson.view.follow(track, Wish())).text) >= 15
        assert parse((await lesson.view.follow(track, Wish(skip=True))).text) > 0


async def test_both_forms_of_a_playlist_say_the_same(lesson: Class) -> None:
    for seconds in (5, 21, 34):
        lesson.run(seconds)
        for skip in (False, True):
            rendered = await lesson.view.follow("video", Wish(skip=skip))
            assert gzip.decompress(rendered.zipped) == rendered.text


async def test_a_playlist_is_rendered_once_for_all_who_ask(lesson: Class) -> None:
    lesson.run(5)
    first = await lesson.view.follow("video", Wish())
    assert await lesson.view.follow("video", Wish()) is first
    lesson.run(6)
    assert await lesson.view.follow("video", Wish()) is not first


async def test_who_asks_for_what_is_not_there_yet_is_answered_when_it_is(lesson: Class) -> None:
    lesson.run(5)
    last = Follower().take((await lesson.view.follow("video", Wish())).text.decode())
    msn, part = len(last.segments), len(last.working.parts)
    waiting = asyncio.create_task(lesson.view.follow("video", Wish(msn, part)))
    bytes_of_it = asyncio.create_task(lesson.view.part("video", msn, part))
    await asyncio.sleep(0)
    assert not waiting.done() and not bytes_of_it.done()
    lesson.run(5.5)
    answered = Follower().take((await waiting).text.decode())
    assert f"seg-{msn:05d}.{part}.m4s" in (await waiting).text.decode()
    assert answered.hint != last.hint and (await bytes_of_it).size > 0


async def test_who_begins_is_given_the_playlist_of_the_next_part(lesson: Class) -> None:
    lesson.view = LiveView(lesson.view.manifest, {}, newest_wait_s=60)
    lesson.run(5)
    beginning = asyncio.create_task(lesson.view.follow("video", Wish()))
    await asyncio.sleep(0)
    assert not beginning.done() and lesson.view.ready("video", Wish()) is None
    sound = await lesson.view.follow("aac", Wish())
    assert sound is lesson.view.ready("aac", Wish()), "that of the picture says where to begin"
    before = lesson.view.tracks["video"].parts[2][-1]
    lesson.run(5.5)
    assert f"seg-00002.{before.part + 1}.m4s" in (await beginning).text.decode()
    lesson.finish()
    assert b"ENDLIST" in (await lesson.view.follow("video", Wish())).text


async def test_a_part_after_a_segments_last_is_the_first_of_the_next(lesson: Class) -> None:
    lesson.run(6.0)
    msn = len(lesson.indexes["video"].segments) - 1
    beyond = len(lesson.indexes["video"].parts[msn])
    text = (await lesson.view.follow("video", Wish(msn, beyond))).text.decode()
    assert f"seg-{msn + 1:05d}.0.m4s" in text


async def test_a_whole_segment_can_be_waited_for(lesson: Class) -> None:
    lesson.run(5)
    msn = len(lesson.indexes["video"].segments)
    waiting = asyncio.create_task(lesson.view.follow("video", Wish(msn)))
    await asyncio.sleep(0)
    lesson.run(5.4)
    await asyncio.sleep(0)
    assert not waiting.done()
    lesson.run(7)
    assert f"seg-{msn:05d}.m4s\n" in (await waiting).text.decode()


@pytest.mark.parametrize("wish", [Wish(99), Wish(99, 0), Wish(None, 3), Wish(2, 40)])
async def test_who_asks_for_what_cannot_come_soon_is_refused(lesson: Class, wish: Wish) -> None:
    lesson.run(5)
    with pytest.raises(Malformed):
        await lesson.view.follow("video", wish)


async def test_who_waits_when_it_ends_is_told_so(lesson: Class) -> None:
    lesson.run(5)
    waiting = asyncio.create_task(
        lesson.view.follow("video", Wish(len(lesson.indexes["video"].segments) + 1))
    )
    await asyncio.sleep(0)
    lesson.finish()
    assert (await waiting).text.endswith(b"#EXT-X-ENDLIST\n")


async def test_the_last_parts_are_there_before_the_end_is_told(lesson: Class) -> None:
    lesson.run(5)
    follower = Follower()
    follower.take((await lesson.view.follow("video", Wish())).text.decode())
    lesson.segmenter.finish()
    lesson._show()
    lesson.view.complete(lesson.view.manifest, lesson.indexes)
    last = follower.take((await lesson.view.follow("video", Wish(skip=True))).text.decode())
    assert not last.ended and len(follower.segments) == len(lesson.indexes["video"].segments)
    waiting = asyncio.create_task(lesson.view.follow("video", Wish(len(follower.segments), 0)))
    hinted = asyncio.create_task(lesson.view.part("video", len(follower.segments), 0))
    await asyncio.sleep(0)
    lesson.view.grow(lesson.view.manifest, {})  # which comes too late
    lesson.view.end()
    assert follower.take((await waiting).text.decode()).ended
    with pytest.raises(NotFound):
        await hinted


async def test_who_waits_for_a_recorder_that_died_is_answered(lesson: Class) -> None:
    lesson.run(5)
    waiting = asyncio.create_task(
        lesson.view.follow("video", Wish(len(lesson.indexes["video"].segments) + 1))
    )
    await asyncio.sleep(0)
    lesson.view.end()
    assert (await waiting).text.endswith(b"#EXT-X-ENDLIST\n"), "so that it does not ask again, and again"


async def test_nothing_is_to_be_played_before_its_target_duration_is_known(lesson: Class) -> None:
    lesson.run(5)
    early = LiveView(replace(lesson.view.manifest, target_duration_s=0), lesson.indexes)
    assert lesson.view.is_playable and not early.is_playable
    early.grow(lesson.view.manifest, lesson.indexes)
    assert early.is_playable


async def test_who_waits_in_vain_is_told_to_try_again(lesson: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_view, "LONGEST_WAIT", 0.001)
    lesson.run(5)
    with pytest.raises(Unavailable):
        await lesson.view.follow("video", Wish(len(lesson.indexes["video"].segments) + 1))


async def test_parts_that_are_not_there_are_not_found(lesson: Class) -> None:
    lesson.run(5)
    open_msn = len(lesson.indexes["video"].segments)
    for msn, part in ((0, 99), (open_msn + 2, 0), (open_msn, 50)):
        with pytest.raises(NotFound):
            await lesson.view.part("video", msn, part)


async def test_the_others_are_reported_as_far_as_they_have_come(lesson: Class) -> None:
    lesson.run(9)
    last = Follower().take((await lesson.view.follow("video", Wish())).text.decode())
    assert set(last.reports) == {"../opus/playlist.m3u8", "../aac/playlist.m3u8"}
    for uri, (msn, part) in last.reports.items():
        index = lesson.indexes[uri.split("/")[1]]
        assert (msn, part) == (len(index.segments), len(index.parts[msn]) - 1)
    main = Follower().take((await lesson.view.follow("video", Wish(), "video/")).text.decode())
    assert set(main.reports) == {"opus/playlist.m3u8", "aac/playlist.m3u8"}
    assert main.hint.startswith("video/seg-")


async def test_waiting_ends_when_nothing_of_a_track_could_be_kept(tmp_path: Path) -> None:
    made = Class(tmp_path, *lecture(3))
    while not made.view.is_playable:
        made.tick()
    msn = len(made.indexes["aac"].segments)
    waited = asyncio.create_task(made.view.part("aac", msn, len(made.indexes["aac"].parts.get(msn, ()))))
    await asyncio.sleep(0)  # it waits
    made.view.grow(made.view.manifest, {"opus": made.indexes["opus"]})
    made.view.end()
    with pytest.raises((NotFound, KeyError)):
        await waited


def test_a_segment_is_listed_as_soon_as_its_line_is_written(tmp_path: Path) -> None:
    made = Class(tmp_path, *lecture(8))
    while len(made.indexes.get("opus", TrackIndex()).segments) < 3:
        made.tick()
    whole = made.indexes["opus"]
    before = replace(whole, segments=whole.segments[:2], open=None)
    view = LiveView(made.view.manifest, {"opus": before})
    assert isinstance(text := view.ready("opus", Wish(1)), Rendered)
    assert text.text.count(b"#EXTINF") == 2
    before.add(whole.segments[2])
    view.grow(made.view.manifest, {"opus": before})
    assert isinstance(text := view.ready("opus", Wish(2)), Rendered)
    assert text.text.count(b"#EXTINF") == 3


async def test_whoever_asks_for_a_playlist_is_noted(lesson: Class) -> None:
    asked: list[str] = []
    lesson.view = LiveView(lesson.view.manifest, {}, newest_wait_s=0, followed=lambda: asked.append("it"))
    lesson.run(5)
    await lesson.view.follow("video", Wish())
    lesson.view.ready("video", Wish())
    assert len(asked) == 2
