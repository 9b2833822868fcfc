"""Which key frame a thumbnail shows, and that no picture takes more memory than we give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.coded_pictures import coded_units, pictures_of
from tests.unit.recording_material import Recorded, feed, opus_units
from vtp.recording import thumbnail_picture
from vtp.recording.index import (
    EndLine,
    MapLine,
    OpenLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    segment_name,
)
from vtp.recording.thumbnail_picture import decode, find_key_frame, picture_errors

SECOND = 90_000


def part(msn: int, number: int, start_s: float, *, independent: bool = False) -> PartLine:
    start = round(start_s * SECOND)
    return PartLine(msn, number, number * 900, 900, start, SECOND // 3, 10, independent, 0, 1)


@pytest.fixture
def index() -> TrackIndex:
    """Two seconds of picture, two of nothing, then a segment with a key frame within it, that grows."""
    index = TrackIndex("video", SECOND)
    for line in (
        MapLine(0, "init-0.mp4", 700, "avc1.42c01f", 640, 360),
        OpenLine(0, 0, False),
        part(0, 0, 0.0, independent=True),
        part(0, 1, 1.0),
        SegmentLine(0, 0, 2 * SECOND, 1800, 20, 0, False, False),
        OpenLine(1, 2 * SECOND, False),
        SegmentLine(1, 2 * SECOND, 2 * SECOND, 0, 0, 0, False, True),
        OpenLine(2, 4 * SECOND, True),
        part(2, 0, 4.0, independent=True),
        part(2, 1, 4.4, independent=True),
        part(2, 2, 4.7),
    ):
        index.add(line)
    return index


def test_a_key_frame_of_the_segment_that_grows_is_found(index: TrackIndex) -> None:
    assert found(index, 0.0, 1.99, 2.0, 3.99) == [(0, 0)] * 4
    assert found(index, 4.0, 4.3, 4.4, 9.0) == [(2, 0), (2, 0), (2, 900), (2, 900)]


def test_gaps_at_the_end_are_looked_over(index: TrackIndex) -> None:
    for line in (
        SegmentLine(2, 4 * SECOND, 2 * SECOND, 2700, 30, 0, True, False),
        OpenLine(3, 6 * SECOND, False),
        SegmentLine(3, 6 * SECOND, 2 * SECOND, 0, 0, 0, False, True),
        OpenLine(4, 8 * SECOND, False),
    ):
        index.add(line)
    assert found(index, 7.0, 9.0) == [(2, 900)] * 2
    index.add(EndLine())
    assert found(index, 3.0, 9.0) == [(0, 0), (2, 900)]


def test_there_is_none_before_there_is_a_picture() -> None:
    index = TrackIndex("video", SECOND)
    assert find_key_frame(index, 5.0) is None
    index.add(OpenLine(0, 0, False))
    assert find_key_frame(index, 5.0) is None


def found(index: TrackIndex, *times: float) -> list[tuple[int, int] | None]:
    places = [find_key_frame(index, at_s) for at_s in times]
    return [None if place is None else (place.msn, place.offset) for place in places]


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_a_picture_larger_than_its_section_says_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    feed(segmenter, pictures_of(codec, coded_units(codec, 5)), opus_units(10))
    segmenter.finish()
    place = find_key_frame(recorded.index("video"), 0.0)
    assert place is not None and not place.is_too_large
    section = (tmp_path / "video" / place.section).read_bytes()
    segment = (tmp_path / "video" / segment_name(place.msn)).read_bytes()
    fragment = section + segment[place.offset : place.offset + place.size]
    assert decode(fragment).width == place.width and place.section_size == len(section)
    monkeypatch.setattr(thumbnail_picture, "MOST_PIXELS", place.width * place.height - 1)
    assert place.is_too_large and not replace(place, width=16).is_too_large
    with pytest.raises(picture_errors()):
        decode(fragment)
