"""Parts as a low-latency player wants them, whatever the picture's rhythm, and written in time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hls_duties import Part, check_parts
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, placed, shifted, show
from vtp.recording.index import Line, PartLine, SegmentLine, TrackIndex
from vtp.recording.lane import PART_LIMIT_NS
from vtp.recording.segmenter import PICTURE_LATENESS_NS
from vtp.recording.source import PlacedPicture
from vtp.recording.timebase import NS, to_ns, to_ticks
from vtp.recording.units import PlainUnit

TICK_NS = NS // 20
LENGTH_S = 12


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def assert_duties(index: TrackIndex) -> None:
    """Parts stand for all of their segment's time, and none is longer or shorter than it may be."""
    for segment in index.segments:
        lines = index.parts[segment.msn]
        assert [line.part for line in lines] == list(range(len(lines)))
        assert lines[0].start == segment.start
        assert all(a.start + a.duration == b.start for a, b in itertools.pairwise(lines))
        assert lines[-1].start + lines[-1].duration == segment.end
        parts = [Part("", line.duration / index.timescale, line.independent, line.gap) for line in lines]
        check_parts(parts, PART_LIMIT_NS / NS, is_whole=True)


def uneven(units: tuple[PlainUnit, ...]) -> list[PlainUnit]:
    return [replace(u, arrival_ns=u.arrival_ns + (n * 7919 % 31) * NS // 1000) for n, u in enumerate(units)]


@pytest.mark.drawn(4)
@pytest.mark.parametrize("fps", [60, 30, 25, 24, 16, 15, 10, 8, 5, 3, 2, 1])
def test_parts_of_every_frame_rate_are_as_long_as_they_may_be(recorded: Recorded, fps: int) -> None:
    segmenter = recorded.segmenter()
    units = h264_units(LENGTH_S * fps, fps=fps, gop=2 * fps)
    feed(segmenter, units, opus_units(LENGTH_S * 50))
    segmenter.finish()
    for track in ("video", "opus", "aac"):
        assert_duties(recorded.index(track))
    pictures = list(recorded.brightness())
    assert [time for time, _ in pictures] == [to_ticks(unit.arrival_ns, 90_000) for unit in units]
    assert [number for _, number in pictures] == [n % 64 for n in range(len(units))]


@pytest.mark.parametrize("fps", [30, 12, 7])
def test_parts_of_an_uneven_rhythm_keep_their_bounds(recorded: Recorded, fps: int) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, uneven(h264_units(LENGTH_S * fps, fps=fps, gop=2 * fps)), opus_units(LENGTH_S * 50))
    segmenter.finish()
    assert_duties(recorded.index("video"))
    assert len(list(recorded.brightness())) == LENGTH_S * fps


def test_a_slide_that_stands_still_is_one_picture_and_then_parts_in_which_nothing_begins(
    recorded: Recorded,
) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(LENGTH_S, fps=1, gop=2), opus_units(LENGTH_S * 50))
    segmenter.finish()
    parts = [part for lines in recorded.index("video").parts.values() for part in lines]
    assert sum(part.samples for part in parts) == LENGTH_S
    assert sum(part.gap for part in parts) > LENGTH_S


def _order(event: tuple[int, int, int, object]) -> tuple[int, int, int]:
    return event[:3]


class Times:
    """When each line of a track was written, by the clock that ticks; lines are read after each tick."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.segmenter = recorded.segmenter()
        self.written: list[tuple[int, str, Line]] = []

    def feed(self, video: list[PlainUnit], audio: list[PlainUnit], until_ns: int) -> None:
        pictures = [(one.time_ns, 0, n, one) for n, one in enumerate(placed(video))]
        units: list[tuple[int, int, int, PlacedPicture | PlainUnit]] = sorted(
            [*pictures, *((u.arrival_ns, 1, n, u) for n, u in enumerate(audio))], key=_order
        )
        seen = 0
        for now in range(TICK_NS, until_ns + 1, TICK_NS):
            while units and units[0][0] < now:
                at, _, _, unit = units.pop(0)
                if not isinstance(unit, PlacedPicture):
                    self.segmenter.add_audio(unit.data, at)
                else:
                    self.segmenter.add_video(unit.picture, at)
            self.segmenter.tick(now)
            self.written += [(now, track, line) for track, line in self.recorded.lines[seen:]]
            seen = len(self.recorded.lines)

    def delays_ns(self, track: str, timescale: int) -> list[int]:
        """How long after its end each part was written."""
        parts = [
            (now, line) for now, name, line in self.written if name == track and isinstance(line, PartLine)
        ]
        return [now - to_ns(line.start + line.duration, timescale) for now, line in parts]


@pytest.mark.parametrize(("fps", "within_ns"), [(30, TICK_NS + NS // 25), (1, PICTURE_LATENESS_NS + TICK_NS)])
def test_a_part_of_the_picture_is_written_when_its_time_is_over(
    recorded: Recorded, fps: int, within_ns: int
) -> None:
    times = Times(recorded)
    times.feed(
        [*h264_units(LENGTH_S * fps, fps=fps, gop=2 * fps)], [*opus_units(LENGTH_S * 50)], LENGTH_S * NS
    )
    delays = times.delays_ns("video", 90_000)
    assert len(delays) >= 3 * (LENGTH_S - 1)
    assert max(delays) <= within_ns
    sound = times.delays_ns("opus", 48_000)
    assert len(sound) >= 2 * LENGTH_S and max(sound) <= within_ns + PART_LIMIT_NS


def test_a_picture_that_stalls_goes_on_as_a_still_part_by_part(recorded: Recorded) -> None:
    times = Times(recorded)
    video = [
        *h264_units(90),
        *shifted(h264_units(300)[240:], 2 * NS),
    ]  # nothing from the third second to the tenth
    times.feed(video, [*opus_units(600)], 12 * NS)
    assert max(times.delays_ns("video", 90_000)) <= PICTURE_LATENESS_NS + 6 * TICK_NS
    times.segmenter.finish()
    assert_duties(recorded.index("video"))


@pytest.mark.parametrize("late_ns", [NS // 2, 5 * NS])
def test_a_still_begins_its_segments_though_the_recorder_was_held_up(
    recorded: Recorded, late_ns: int
) -> None:
    times = Times(recorded)
    times.feed([*h264_units(90)], [*opus_units(600)], 7 * NS)
    for now in range(7 * NS + late_ns, 20 * NS, late_ns):
        times.segmenter.tick(now)
    times.segmenter.finish()
    index = recorded.index("video")
    assert_duties(index)
    assert all(index.parts[segment.msn][0].independent for segment in index.segments)


def test_while_nobody_sends_all_tracks_go_on_as_gaps(recorded: Recorded) -> None:
    times = Times(recorded)
    times.feed([*h264_units(120)], [*opus_units(200)], 4 * NS)
    times.segmenter.stop_sending()
    for now in range(4 * NS, 10 * NS, TICK_NS):
        times.segmenter.tick(now)
    lines = [line for _, line in recorded.lines]
    assert sum(isinstance(line, SegmentLine) and line.gap for line in lines) >= 2 * 3
    again = [replace(unit, ssrc=2) for unit in shifted(h264_units(120), 10 * NS)]
    show(times.segmenter, placed(again))
    times.segmenter.finish()
    for track in ("video", "opus", "aac"):
        index = recorded.index(track)
        assert_duties(index)
        assert any(segment.gap for segment in index.segments) and not index.segments[-1].gap
