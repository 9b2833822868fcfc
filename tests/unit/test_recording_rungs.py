"""Layers of a presenter are recorded as rungs of one ladder: the same segments in every size that is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hls_duties import Follower
from tests.strict_hls import needs_strict_parser
from tests.unit.recording_material import Recorded, h264_units, opus_units, placed, shifted
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_rungs import (
    MS,
    RUNGS,
    SIZES,
    check_aligned,
    feed_layers,
    frames,
    give,
    heights,
    layer_units,
    layered,
    numbers,
    tracks_of,
    without,
)
from tests.unit.recording_sources import prepared_source
from tests.unit.test_recording_live import TICK_NS, Class
from vtp.recording.index import SegmentLine
from vtp.recording.ladder import missing_rungs
from vtp.recording.layer_join import LayerJoin
from vtp.recording.manifest import Manifest, write_manifest
from vtp.recording.recorder import Recorder
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

pytestmark = needs_strict_parser


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.fixture
def recorder(tmp_path: Path, clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    made = Recorder(tmp_path / "r", "r", now_ns=clock)
    yield made
    made.stop()


def add_sound(recorder: Recorder, clock: FastClock, count: int) -> None:
    recorder.add_source(prepared_source("audio", opus_units(count), lambda: clock.now, start_ns=NS)[0])


def counted(count: int) -> list[int]:
    return [number % 64 for number in range(count)]


def test_every_rung_has_every_frame_in_segments_that_begin_together(
    recorder: Recorder, clock: FastClock
) -> None:
    add_sound(recorder, clock, 400)
    recorder.add_source(*layered(clock, layer_units(240)))
    clock.at(9 * NS + 500 * MS, recorder.stop)
    assert run(recorder).failure == ""
    recorded = Recorded(recorder.directory)
    assert tracks_of(recorder) == RUNGS
    for index in check_aligned(recorder.directory):
        assert len(index.segments) == 4 and len(index.maps) == 1
        assert not any(segment.discontinuity for segment in index.segments[1:])
    for track, height in zip(RUNGS, (360, 180, 90), strict=True):
        found = frames(recorded, track)
        assert [(number, lines) for _, number, lines in found] == [(n, height) for n in counted(240)]
        assert all(abs(at - n * 1000 / 30) <= 2 for n, (at, _, _) in enumerate(found))


@pytest.mark.parametrize("late_ms", [(0, -60, -90), (40, 0, 20), (0, 120, 150), (0, 30, -30)])
def test_layers_that_come_at_other_times_are_brought_together(
    recorder: Recorder, clock: FastClock, late_ms: tuple[int, int, int]
) -> None:
    recorder.add_source(*layered(clock, layer_units(240), late_ns=[one * MS for one in late_ms]))
    clock.at(9 * NS + 500 * MS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    check_aligned(recorder.directory)
    lead = frames(recorded, "video")
    assert [number for _, number, _ in lead] == counted(240)
    for track in RUNGS[1:]:
        found = frames(recorded, track)
        assert [number for _, number, _ in found] == counted(240)
        assert all(abs(at - led) <= 17 for (at, _, _), (led, _, _) in zip(found, lead, strict=True))


def held_up(units: list[PlainUnit], until: int, by_ms: int) -> list[PlainUnit]:
    """The first of them come so late, those after less and less: a machine that was busy for a while."""
    late_ms = [max(0, by_ms - 30 * max(0, number - until)) for number in range(len(units))]
    return [replace(one, arrival_ns=one.arrival_ns + ms * MS) for one, ms in zip(units, late_ms, strict=True)]


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_layers_stay_together_while_the_clock_of_one_of_them_is_set_right(
    recorder: Recorder, clock: FastClock, layer: int
) -> None:
    layers = layer_units(240)
    layers[layer] = held_up(layers[layer], 75, 150)
    recorder.add_source(*layered(clock, layers))
    clock.at(9 * NS + 500 * MS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    check_aligned(recorder.directory)
    lead = frames(recorded, "video")
    for track in RUNGS[1:]:
        found = frames(recorded, track)
        assert [number for _, number, _ in found] == counted(240)
        assert max(abs(at - led) for (at, _, _), (led, _, _) in zip(found, lead, strict=True)) <= 6


def test_a_segment_waits_for_key_frames_of_all_layers(recorder: Recorder, clock: FastClock) -> None:
    asked: list[int] = []
    recorder.on_key_frame_wanted(lambda: asked.append(clock.now))
    high, mid, low = layer_units(240, gop=30)
    recorder.add_source(*layered(clock, [high, without(mid, 60), low]))
    clock.at(9 * NS + 500 * MS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    starts = [segment.start for segment in check_aligned(recorder.directory)[0].segments]
    assert starts[:3] == [0, 3 * 90_000, 5 * 90_000]
    assert numbers(recorded, "video") == numbers(recorded, "layer-2") == counted(240)
    assert numbers(recorded, "layer-1") == [n % 64 for n in range(240) if not 60 <= n < 90]
    assert any(3 * NS < time < 4 * NS for time in asked)


def test_a_layer_whose_key_frames_do_not_come_is_replaced_by_the_next_lower_until_they_do(
    recorder: Recorder, clock: FastClock
) -> None:
    high, mid, low = layer_units(360, gop=30)
    recorder.add_source(*layered(clock, [high, without(mid, 60, 90, 120, 150), low]))
    clock.at(13 * NS + 500 * MS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    first, *_ = check_aligned(recorder.directory)
    assert heights(recorded, "video") == [360] * len(first.segments)
    assert heights(recorded, "layer-2") == [90] * len(first.segments)
    assert (
        heights(recorded, "layer-1")
        == [180, 90, 90, *[180] * (len(first.segments) - 3)][: len(first.segments)]
    )
    marked = [segment.msn for segment in first.segments if segment.discontinuity and segment.msn]
    assert len(marked) == 2
    assert numbers(recorded, "video") == numbers(recorded, "layer-2") == counted(360)


def test_a_presenter_with_one_size_is_on_every_rung_and_who_has_more_gives_them_back(
    recorder: Recorder, clock: FastClock
) -> None:
    add_sound(recorder, clock, 700)
    recorder.add_source(*layered(clock, layer_units(120)))
    alone = [replace(unit, ssrc=50) for unit in h264_units(120, width=480, height=270)]
    clock.at(
        5 * NS, lambda: recorder.add_source(*layered(clock, [alone], start_ns=5 * NS + 100 * MS, name="b"))
    )
    again = layer_units(120, ssrc=60, sizes=[(320, 180), (160, 90)])
    clock.at(10 * NS, lambda: recorder.add_source(*layered(clock, again, start_ns=10 * NS, name="c")))
    clock.at(15 * NS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    indexes = check_aligned(recorder.directory)
    assert [index.track for index in indexes] == RUNGS
    assert [one.msn for one in indexes[0].segments if one.discontinuity and one.msn] != []
    for track, of_first, of_last in zip(RUNGS, (360, 180, 90), (180, 90, 90), strict=True):
        seen = heights(recorded, track)
        assert sorted(set(seen), key=seen.index) == list(dict.fromkeys([of_first, 270, of_last])), track
        assert numbers(recorded, track).count(40) >= 3


def test_a_presenter_with_one_size_has_one_rung_and_more_are_not_added(
    recorder: Recorder, clock: FastClock
) -> None:
    alone = h264_units(120, width=480, height=270)
    recorder.add_source(*layered(clock, [alone]))
    clock.at(
        5 * NS, lambda: recorder.add_source(*layered(clock, layer_units(120), start_ns=5 * NS, name="b"))
    )
    clock.at(10 * NS, recorder.stop)
    run(recorder)
    assert tracks_of(recorder) == ["video"]
    recorded = Recorded(recorder.directory)
    assert set(heights(recorded, "video")) == {270, 360}


def test_nobody_sending_is_a_gap_on_every_rung(recorder: Recorder, clock: FastClock) -> None:
    recorder.add_source(*layered(clock, layer_units(90)))
    clock.at(4 * NS + 100 * MS, lambda: recorder.remove_source("video"))
    again = layer_units(90)
    clock.at(9 * NS, lambda: recorder.add_source(*layered(clock, again, start_ns=9 * NS, name="again")))
    clock.at(13 * NS, recorder.stop)
    run(recorder)
    indexes = check_aligned(recorder.directory)
    assert any(segment.gap for segment in indexes[0].segments)
    for track in RUNGS:
        assert numbers(Recorded(recorder.directory), track) == [*counted(90), *counted(90)]


def test_a_picture_that_stalls_stands_on_every_rung_while_the_sound_goes_on(
    recorder: Recorder, clock: FastClock
) -> None:
    add_sound(recorder, clock, 600)
    units = [
        [*one[:90], *(replace(unit, arrival_ns=unit.arrival_ns + 5 * NS) for unit in one[120:])]
        for one in layer_units(240)
    ]
    recorder.add_source(*layered(clock, units))
    clock.at(14 * NS, recorder.stop)
    run(recorder)
    indexes = check_aligned(recorder.directory)
    assert indexes[0].duration_s > 11
    assert not any(segment.gap for index in indexes for segment in index.segments)


def test_the_higher_layers_that_stall_alone_leave_the_others_no_hole(
    recorder: Recorder, clock: FastClock
) -> None:
    """The highest goes on while a lower one sends nothing for three seconds, then comes back."""
    high, mid, low = layer_units(300, gop=30)
    recorder.add_source(*layered(clock, [high, [*mid[:70], *mid[180:]], low]))
    clock.at(11 * NS + 500 * MS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    check_aligned(recorder.directory)
    assert numbers(recorded, "video") == numbers(recorded, "layer-2") == counted(300)
    assert set(heights(recorded, "layer-1")) == {180, 90}


def test_a_highest_layer_that_nobody_can_decode_leaves_the_lower_ones_whole(
    recorder: Recorder, clock: FastClock
) -> None:
    """Its second key frame has a parameter set that no decoder takes."""
    high, mid, low = layer_units(150, gop=30)
    torn = replace(high[30], data=b"\x00\x00\x00\x01\x67\x42\xc0\x1e" + high[30].data[40:])
    recorder.add_source(*layered(clock, [[*high[:30], torn, *high[31:]], mid, low]))
    clock.at(6 * NS + 500 * MS, recorder.stop)
    run(recorder)
    check_aligned(recorder.directory)
    for track in RUNGS[1:]:
        assert numbers(Recorded(recorder.directory), track) == counted(150)


def test_playlists_say_what_each_rung_is_most_of_the_time_and_dash_what_it_is_now(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    feed_layers(segmenter, layer_units(240))
    feed_layers(segmenter, layer_units(120, sizes=SIZES[:1], ssrc=20), at_ns=8 * NS)
    duration_ns = segmenter.finish()
    manifest = Manifest("r", 10**18, segmenter.target_duration_s, tuple(RUNGS), duration_ns, closed=True)
    write_manifest(tmp_path, manifest)
    view = RecordingView.load(tmp_path)
    text = view.multivariant().text.decode()
    assert re.findall(r"RESOLUTION=(\S+?),", text) == ["640x360", "320x180", "160x90"]
    peaks = [int(peak) for peak in re.findall(r"[:,]BANDWIDTH=(\d+)", text)]
    averages = [int(average) for average in re.findall(r"AVERAGE-BANDWIDTH=(\d+)", text)]
    assert peaks[1] == peaks[2] > averages[2] and averages[0] > averages[2]
    first, second = view.mpd().text.decode().split("<Period ")[1:]
    rates = [[int(rate) for rate in re.findall(r'bandwidth="(\d+)"', one)] for one in (first, second)]
    assert rates[0][0] > rates[0][2] and rates[1][0] == rates[1][1] == rates[1][2]
    assert missing_rungs([240, 180, 120, 90], view.tracks) == [240, 180, 120, 90], (
        "a third repeats the picture"
    )


def test_no_rung_is_made_that_a_layer_is_already(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    feed_layers(segmenter, layer_units(120))
    segmenter.finish()
    tracks = {name: recorded.index(name) for name in RUNGS}
    assert missing_rungs([300, 200, 240, 160, 100, 60], tracks) == [300, 240, 60]


def test_of_a_window_every_rung_keeps_the_same_stretch(
    tmp_path: Path, clock: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    recorder = Recorder(tmp_path / "w", "w", window_s=4, now_ns=clock)
    recorder.add_source(*layered(clock, layer_units(480)))
    clock.at(17 * NS + 500 * MS, recorder.stop)
    run(recorder)
    begun = [recorder.tracks[track].beginning for track in RUNGS]
    assert begun[0].msn >= 5 and begun == [begun[0]] * 3
    files = [sorted(path.name for path in (tmp_path / "w" / track).glob("seg-*")) for track in RUNGS]
    assert files[0] == files[1] == files[2] and "seg-00000.m4s" not in files[0]


def test_what_a_killed_recorder_leaves_is_whole_on_every_rung(
    recorder: Recorder, clock: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.add_source(*layered(clock, layer_units(240)))

    def fail() -> None:
        raise OSError(28, "No space left on device")

    clock.at(6 * NS + 700 * MS, fail)
    outcome = run(recorder)
    assert "disk is full" in outcome.failure
    view = RecordingView.load(recorder.directory)
    whole = [view.tracks[track].segments[:2] for track in RUNGS]

    def shape(lines: list[SegmentLine]) -> list[tuple[int, int, int]]:
        return [(line.msn, line.start, line.duration) for line in lines]

    assert shape(whole[0]) == shape(whole[1]) == shape(whole[2])
    assert view.tracks["layer-2"].duration_s > 4


class Layers(Class):
    """A class whose picture comes in layers, followed while it is recorded."""

    def __init__(self, folder: Path, layers: list[list[PlainUnit]], audio: list[PlainUnit]) -> None:
        super().__init__(folder, [], audio)
        self._join = LayerJoin(len(layers))
        self._coming = sorted(
            (one.time_ns, layer, n, one)
            for layer, units in enumerate(layers)
            for n, one in enumerate(placed(units))
        )

    def tick(self) -> None:
        """A twentieth of a second goes by."""
        now = self.now_ns + TICK_NS
        while self._coming and self._coming[0][0] < now:
            time_ns, layer, _, one = self._coming.pop(0)
            self._join.add(layer, one.picture, time_ns, one.media_ns)
        give(self.segmenter, self._join.release(now))
        super().tick()


def lecture(seconds: int) -> list[list[PlainUnit]]:
    return layer_units(30 * seconds)


def slides(seconds: int) -> list[list[PlainUnit]]:
    return layer_units(seconds, fps=1, gop=2)


def stalls(seconds: int) -> list[list[PlainUnit]]:
    return [[*units[:100], *units[360:]] for units in layer_units(30 * seconds)]


def losses(seconds: int) -> list[list[PlainUnit]]:
    high, mid, low = layer_units(30 * seconds, gop=30)
    return [without(high, 75, 300), without(mid, 60, 90, 120, 150, 310), [*low[:130], *low[210:]]]


def late(seconds: int) -> list[list[PlainUnit]]:
    high, mid, low = layer_units(30 * seconds)
    return [high, shifted(mid, 180 * MS), shifted(low, -40 * MS)]


@pytest.mark.drawn(1)
@pytest.mark.parametrize("content", [lecture, slides, stalls, losses, late])
async def test_who_follows_a_rung_is_told_the_same_as_who_follows_the_picture(
    tmp_path: Path, content: Callable[[int], list[list[PlainUnit]]]
) -> None:
    made = Layers(tmp_path, content(20), [*opus_units(50 * 20)])
    followers: dict[str, Follower] = {}
    while made.now_ns < 20 * NS:
        made.tick()
        for track in made.indexes if made.view.is_playable else ():
            follower = followers.setdefault(track, Follower())
            wish = Wish(skip=follower.last is not None)
            follower.take((await made.view.follow(track, wish)).text.decode())
    give(made.segmenter, made._join.release(None))
    made.finish()
    for track in RUNGS:
        last = followers[track].take((await made.view.follow(track, Wish())).text.decode())
        assert last.ended
    told = [
        [(one.uri, one.duration_s, one.discontinuity, one.gap) for one in followers[track].segments]
        for track in RUNGS
    ]
    assert told[0] == told[1] == told[2] and len(told[0]) >= 8
