"""The DASH manifest: what a parser of it finds, and where its Periods begin."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.strict_dash import needs_mpd_parser, parse_mpd
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, shifted
from tests.unit.test_recording_strict_parser import (
    other_size,
    plain,
    publisher_returns,
    sound_alone,
    stalled_picture,
)
from vtp.recording import dash
from vtp.recording.dash import render_mpd
from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.manifest import Manifest, write_manifest
from vtp.recording.playlist import Rate, measure_rate
from vtp.recording.recovery import recover
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView

NAMES = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}


def recorded_view(
    directory: Path, content: Callable[[Segmenter], None], *, ended: bool = True
) -> RecordingView:
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    tracks = {name: recorded.index(name) for name in ("video", "opus", "aac") if (directory / name).exists()}
    manifest = Manifest("r", 1_790_000_000 * NS, segmenter.target_duration_s, tuple(tracks))
    return RecordingView(manifest, tracks, ended=ended)


def periods(view: RecordingView) -> list[ElementTree.Element]:
    return ElementTree.fromstring(view.mpd().text).findall("mpd:Period", NAMES)


@pytest.mark.drawn
@needs_mpd_parser
@pytest.mark.parametrize("content", [plain, other_size, stalled_picture, publisher_returns, sound_alone])
@pytest.mark.parametrize("ended", [True, False])
def test_a_parser_finds_every_segment_at_its_time(
    tmp_path: Path, content: Callable[[Segmenter], None], ended: bool
) -> None:
    view = recorded_view(tmp_path, content, ended=ended)
    found = parse_mpd(view.mpd().text)
    assert found["endList"] is ended and set(found["tracks"]) == set(view.tracks)
    finished = min(len(index.segments) for index in view.tracks.values())
    for name, index in view.tracks.items():
        listed = found["tracks"][name]["segments"]
        meant = [s for s in index.segments if not s.gap and (ended or s.msn < finished)]
        assert [one["uri"] for one in listed] == [
            f"http://host/stream/{name}/seg-{segment.msn:05d}.m4s" for segment in meant
        ]
        for one, segment in zip(listed, meant, strict=True):
            assert one["duration"] == pytest.approx(segment.duration / index.timescale, abs=1e-6)
            assert one["time"] == pytest.approx(segment.start / index.timescale, abs=2e-6)
            assert one["map"].endswith(f"/{name}/{index.maps[segment.map].uri}")


def test_codecs_are_those_of_the_section_in_force(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, other_size)
    index = view.tracks["video"]
    found = [
        (one.get("codecs"), one.get("width"))
        for period in periods(view)
        for one in period.findall("mpd:AdaptationSet/mpd:Representation[@id='video']", NAMES)
    ]
    assert found == [(line.codecs, str(line.width)) for line in index.maps] and len(found) == 2


def test_a_gap_is_the_end_of_a_period_without_segments(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, publisher_returns)
    first, second = periods(view)
    starts = [float(str(period.get("start"))[2:-1]) for period in (first, second)]
    assert starts == pytest.approx([0, 12], abs=0.05)
    video = first.find(".//mpd:Representation[@id='video']", NAMES)
    assert video is not None and first.get("duration") is None
    lengths = [int(str(s.get("d"))) * (1 + int(s.get("r", "0"))) for s in video.findall(".//mpd:S", NAMES)]
    assert sum(lengths) / 90_000 == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize("lost", ["video", "aac"])
def test_a_track_that_alone_has_a_gap_ends_before_its_period(tmp_path: Path, lost: str) -> None:
    view = recorded_view(tmp_path, plain)
    (tmp_path / lost / segment_name(1)).unlink()
    write_manifest(tmp_path, view.manifest)
    view = RecordingView(view.manifest, recover(tmp_path).tracks, ended=True)
    assert [one.msn for one in view.tracks[lost].segments if one.gap] == [1]
    found = [
        {one.get("id") for one in period.findall(".//mpd:Representation", NAMES)} for period in periods(view)
    ]
    assert found == [{"video", "opus", "aac"}] * 2, "Shaka shows no picture where a Period has none"
    first, second = periods(view)
    assert (first.get("start"), second.get("id")) == ("PT0S", "p2")
    listed = first.findall(f".//mpd:Representation[@id='{lost}']//mpd:S", NAMES)
    assert [one.get("r") for one in listed] == [None], "the segment before the gap, and no other"


def ten_seconds(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(480), opus_units(800))


@pytest.mark.parametrize(
    ("lost", "broken", "meant"),
    [
        ({"video": {0}}, {}, {"p0": ("0-7", "1-7")}),
        ({"video": {3, 4}, "opus": {3}, "aac": {3}}, {}, {"p0": ("0-2", "0-2"), "p4": ("4-7", "5-7")}),
        ({"video": {3, 4}}, {"opus": {4}}, {"p0": ("0-3", "0-2"), "p4": ("4-7", "5-7")}),
        ({"video": {3, 4}}, {"video": {3}}, {"p0": ("0-2", "0-2"), "p3": ("3-7", "5-7")}),
        ({"video": {3, 4}}, {"aac": {4, 5}}, {"p0": ("0-3", "0-2"), "p4": ("4-4", ""), "p5": ("5-7", "5-7")}),
    ],
    ids=["the first", "with all sounds", "where a sound breaks", "where it breaks", "and nothing is left"],
)
def test_no_period_lacks_the_picture_where_pieces_of_it_are_lost(
    tmp_path: Path,
    lost: dict[str, set[int]],
    broken: dict[str, set[int]],
    meant: dict[str, tuple[str, str]],
) -> None:
    whole = recorded_view(tmp_path, ten_seconds)
    tracks = {}
    for name, index in whole.tracks.items():
        lines = [
            replace(
                one,
                gap=one.msn in lost.get(name, ()),
                discontinuity=one.msn in broken.get(name, ()),
            )
            for one in index.segments
        ]
        tracks[name] = TrackIndex(name, index.timescale, index.maps, lines)
    view = RecordingView(whole.manifest, tracks, ended=True)
    found = {str(one.get("id")): (_numbers(one, "opus"), _numbers(one, "video")) for one in periods(view)}
    assert found == {period: numbers for period, numbers in meant.items() if numbers[1]}


def _numbers(period: ElementTree.Element, track: str) -> str:
    """The first and last segment of a track in a Period."""
    template = period.find(f".//mpd:Representation[@id='{track}']/mpd:SegmentTemplate", NAMES)
    if template is None:
        return ""
    first = int(str(template.get("startNumber")))
    count = sum(1 + int(one.get("r", "0")) for one in template.findall(".//mpd:S", NAMES))
    return f"{first}-{first + count - 1}"


def slides(segmenter: Segmenter) -> None:
    """A picture each second while somebody talks, and Stop 700 ms after the last of them."""
    feed(segmenter, h264_units(8, fps=1, gop=4), opus_units(385))


def presenter_changes(segmenter: Segmenter) -> None:
    """The same, and another presenter's picture of another size takes over while one stands."""
    first, second = h264_units(4, fps=1, gop=4), h264_units(4, fps=1, gop=4, width=640, height=360)
    feed(segmenter, [*first, *shifted(second, 4 * NS)], opus_units(385))


@pytest.mark.parametrize("content", [plain, slides, presenter_changes, other_size])
def test_no_picture_lasts_beyond_the_end_that_its_manifest_names(
    tmp_path: Path, content: Callable[[Segmenter], None]
) -> None:
    view = recorded_view(tmp_path, content)
    recorded, index = Recorded(tmp_path), view.tracks["video"]
    for line in index.maps:
        last = [segment for segment in index.segments if segment.map == line.map][-1]
        time, duration = recorded.packets("video", line.map)[-1]
        assert last.end - 1 <= time + duration <= last.end
        for part in (part for parts in index.parts.values() for part in parts if not part.gap):
            written = (tmp_path / "video" / segment_name(part.msn)).read_bytes()
            assert zlib.crc32(written[part.offset :][: part.size]) == part.crc
    ends = [track.duration_s for track in view.tracks.values()]
    told = ElementTree.fromstring(view.mpd().text).get("mediaPresentationDuration")
    assert float(str(told)[2:-1]) == pytest.approx(max(ends), abs=2e-6)
    assert max(ends) - min(ends) < 0.03


def test_while_it_grows_it_is_dynamic_and_says_how_to_follow(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, plain, ended=False)
    mpd = ElementTree.fromstring(view.mpd().text)
    assert mpd.get("type") == "dynamic" and mpd.get("minimumUpdatePeriod") == "PT2S"
    assert mpd.get("availabilityStartTime") == "2026-09-21T14:13:20.000Z"
    assert mpd.get("timeShiftBufferDepth") == "PT24H" and mpd.get("mediaPresentationDuration") is None
    timing = mpd.find("mpd:UTCTiming", NAMES)
    assert timing is not None and timing.get("schemeIdUri") == "urn:mpeg:dash:utc:http-iso:2014"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(mpd.get("publishTime")))


def test_while_it_grows_only_what_all_tracks_have_is_listed(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, other_size, ended=False)
    view.tracks["aac"].segments.pop()
    text = view.mpd().text.decode()
    last = len(view.tracks["aac"].segments)
    assert f'startNumber="{last}"' not in text


def test_it_is_rendered_once_per_segment(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, plain)
    assert view.mpd() is view.mpd()


def test_rates_are_measured_once_a_track_however_many_periods_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    def counted(index: TrackIndex, target_duration_s: int) -> Rate:
        measured.append(index.track)
        return measure_rate(index, target_duration_s)

    monkeypatch.setattr(dash, "measure_rate", counted)
    view = recorded_view(tmp_path, publisher_returns)
    assert len(periods(view)) == 2 and sorted(measured) == sorted(view.tracks)


def test_values_are_written_as_xml_wants_them(tmp_path: Path) -> None:
    view = recorded_view(tmp_path, plain)
    index = view.tracks["video"]
    index.maps[0] = replace(index.maps[0], codecs="<a & 'b', \"c\">")
    video = periods(view)[0].find(".//mpd:Representation[@id='video']", NAMES)
    assert video is not None and video.get("codecs") == index.maps[0].codecs


def test_nothing_recorded_cannot_be_rendered() -> None:
    with pytest.raises(ValueError, match="no media yet"):
        render_mpd(Manifest("r"), {"video": TrackIndex("video", 90_000)}, ended=False, published="")
