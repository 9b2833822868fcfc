"""HLS playlists: what the specification asks of them, line by line."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, shifted
from vtp.recording.codec_strings import needed_codecs
from vtp.recording.index import MapLine, SegmentLine, TrackIndex
from vtp.recording.manifest import Manifest
from vtp.recording.playlist import measure_rate, render_media, render_multivariant, video_codecs
from vtp.recording.timebase import NS, Origin
from vtp.recording.view import RecordingView

WALL = Origin(0, 1_790_000_000 * NS + 123_000_000)


def track(*segments: SegmentLine, codecs: str = "avc1.42c01f") -> TrackIndex:
    index = TrackIndex("video", 90_000)
    index.maps.append(MapLine(0, "init-0.mp4", 700, codecs, 1280, 720))
    index.segments.extend(segments)
    return index


def segment(
    msn: int,
    start_s: float,
    duration_s: float,
    *,
    size: int = 100_000,
    gap: bool = False,
    discontinuity: bool = False,
    map_number: int = 0,
) -> SegmentLine:
    return SegmentLine(
        msn,
        round(start_s * 90_000),
        round(duration_s * 90_000),
        0 if gap else size,
        0 if gap else round(duration_s * 30),
        map_number,
        discontinuity,
        gap,
    )


def render(index: TrackIndex, *, ended: bool = True) -> str:
    return render_media(index, origin=WALL, target_duration_s=4, ended=ended)


def test_finished_recording_is_on_demand_and_has_an_end() -> None:
    text = render(track(segment(0, 0, 2), segment(1, 2, 2.5)))
    assert text.startswith("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n")
    assert "#EXT-X-PLAYLIST-TYPE:VOD\n" in text and text.endswith("#EXT-X-ENDLIST\n")
    assert text.count("#EXT-X-MAP:") == 1
    assert re.findall(r"#EXTINF:([\d.]+),\n(\S+)", text) == [
        ("2.00000", "seg-00000.m4s"),
        ("2.50000", "seg-00001.m4s"),
    ]


def test_recording_in_progress_is_an_event_without_an_end() -> None:
    text = render(track(segment(0, 0, 2)), ended=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text and "ENDLIST" not in text


def test_every_segment_says_its_wall_time() -> None:
    text = render(track(segment(0, 0, 2), segment(1, 2, 2)))
    assert re.findall(r"PROGRAM-DATE-TIME:(\S+)", text) == [
        "2026-09-21T14:13:20.123Z",
        "2026-09-21T14:13:22.123Z",
    ]


def test_gap_needs_version_eight_and_its_tag() -> None:
    text = render(track(segment(0, 0, 2), segment(1, 2, 2, gap=True), segment(2, 4, 2)))
    assert "#EXT-X-VERSION:8\n" in text
    assert "#EXT-X-GAP\n#EXTINF:2.00000,\nseg-00001.m4s" in text


def test_discontinuity_comes_with_its_new_section() -> None:
    index = track(segment(0, 0, 2), segment(1, 2, 2, discontinuity=True, map_number=1))
    index.maps.append(MapLine(1, "init-1.mp4", 700, "avc1.42c01f", 640, 360))
    text = render(index)
    assert '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"\n' in text
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:0\n" in text


def test_bandwidth_is_the_peak_and_average_the_mean() -> None:
    index = track(
        segment(0, 0, 2, size=100_000), segment(1, 2, 2, size=300_000), segment(2, 4, 0.1, size=90_000)
    )
    rate = measure_rate(index, 4)
    assert rate.average_bps == round(490_000 * 8 / 4.1)
    assert rate.peak_bps == round(390_000 * 8 / 2.1)  # 0.1 s alone is too short to be a peak


def test_codecs_name_the_highest_level_of_each_profile() -> None:
    index = track(codecs="avc1.42c01e")
    index.maps += [MapLine(1, "b", 1, "avc1.42c01f", 1, 1), MapLine(2, "c", 1, "avc1.640028", 1, 1)]
    assert video_codecs(index) == "avc1.42c01f,avc1.640028"


def test_codecs_name_every_codec_that_comes_with_the_highest_level_of_each() -> None:
    names = [
        "vp09.00.31.08",
        "vp09.00.21.08",
        "vp09.02.11.10",
        "av01.0.04M.08",
        "av01.0.08M.08",
        "av01.0.05M.10",
    ]
    needed = "av01.0.05M.10,av01.0.08M.08,avc1.42c01f,vp09.00.31.08,vp09.02.11.10"
    assert needed_codecs(["avc1.42c00a", *names, "avc1.42c01f"]) == needed


def test_multivariant_offers_aac_first_and_opus_second(tmp_path: Path) -> None:
    view = recorded_view(tmp_path)
    text = view.multivariant().text.decode()
    groups = re.findall(r'TYPE=AUDIO,GROUP-ID="(\w+)".*URI="(\S+)"', text)
    assert groups == [("aac", "aac/playlist.m3u8"), ("opus", "opus/playlist.m3u8")]
    variants = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(\S+)", text)
    assert [uri for _, uri in variants] == ["video/playlist.m3u8"] * 2
    for attributes, _ in variants:
        for needed in ("BANDWIDTH=", "AVERAGE-BANDWIDTH=", "RESOLUTION=320x180", "FRAME-RATE=30.000"):
            assert needed in attributes
    assert 'CODECS="avc1.42c00d,mp4a.40.2"' in variants[0][0]
    assert 'CODECS="avc1.42c00d,opus"' in variants[1][0]


def test_sound_alone_is_offered_without_a_picture(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    feed(segmenter, [], opus_units(200))
    segmenter.finish()
    tracks = {name: recorded.index(name) for name in ("opus", "aac")}
    text = render_multivariant(tracks, target_duration_s=4, ended=True)
    assert re.findall(r"\n(\S+/playlist.m3u8)", text) == ["aac/playlist.m3u8", "opus/playlist.m3u8"]
    assert "RESOLUTION" not in text and "AUDIO=" not in text


def test_nothing_recorded_cannot_be_rendered() -> None:
    with pytest.raises(ValueError, match="no media yet"):
        render_multivariant({"video": track()}, target_duration_s=4, ended=False)


def test_playlist_is_rendered_once_per_segment_and_zipped(tmp_path: Path) -> None:
    view = recorded_view(tmp_path)
    first = view.media("video")
    assert view.media("video") is first
    assert gzip.decompress(first.zipped) == first.text
    view.tracks["video"].segments.append(segment(5, 10, 2))
    assert view.media("video") is not first


def recorded_view(directory: Path) -> RecordingView:
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    feed(segmenter, [*h264_units(120), *shifted(h264_units(60), 4 * NS)], opus_units(300))
    segmenter.finish()
    names = ("video", "opus", "aac")
    manifest = Manifest("r", WALL.wall_ns, 4, names)
    return RecordingView(manifest, {name: recorded.index(name) for name in names}, ended=True)
