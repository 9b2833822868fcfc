"""Every codec's pictures are recorded and read back, frame by frame; codecs change in mid-recording."""

from __future__ import annotations

import itertools
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.coded_pictures import coded_units, pictures_of
from tests.unit.recording_material import Recorded, feed, open_bytes, opus_units, placed, shifted
from vtp.recording import boxes
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.source import PlacedPicture
from vtp.recording.timebase import NS
from vtp.recording.transcoder import Vp8Transcoder
from vtp.recording.units import PlainUnit
from vtp.rooms.program import RECORDABLE, TRANSCODABLE

CODECS = ("h264", "vp9", "av1", "vp8")
COPIED = ("vp9", "av1")
SAMPLE_ENTRY = {"h264": b"avc1", "vp9": b"vp09", "av1": b"av01", "vp8": b"avc1"}


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def numbers(recorded: Recorded, map_number: int = 0) -> list[int]:
    return [number for _, number in recorded.brightness(map_number)]


def shifted_pictures(pictures: list[PlacedPicture], by_ns: int) -> list[PlacedPicture]:
    return [one._replace(time_ns=one.time_ns + by_ns) for one in pictures]


@pytest.mark.drawn(2)
@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_comes_back_in_order_whatever_the_codec(recorded: Recorded, codec: str) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, pictures_of(codec, coded_units(codec, 150)), opus_units(250))
    assert segmenter.finish() == 5 * NS
    pictures = list(recorded.brightness())
    assert [number for _, number in pictures] == [n % 64 for n in range(150)]
    assert [time for time, _ in pictures] == [n * 3000 for n in range(150)]
    assert segmenter.dropped_units == 0
    index = recorded.index("video")
    assert [segment.start for segment in index.segments] == [0, 180_000, 360_000]
    assert all(parts[0].independent for parts in index.parts.values())
    section = (recorded.directory / "video" / "init-0.mp4").read_bytes()
    assert boxes.find(section, *boxes.SAMPLE_ENTRIES, SAMPLE_ENTRY[codec]) is not None


@pytest.mark.parametrize("codec", COPIED)
def test_samples_are_the_encoders_bytes(recorded: Recorded, codec: str) -> None:
    segmenter = recorded.segmenter()
    units = coded_units(codec, 60)
    feed(segmenter, pictures_of(codec, units), opus_units(100))
    segmenter.finish()
    with open_bytes(recorded.media("video", 0)) as container:
        samples = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert samples == [unit.data for unit in units]


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_of_odd_sizes_are_recorded(recorded: Recorded, codec: str) -> None:
    width, height = (322, 182) if codec == "h264" else (321, 181)
    segmenter = recorded.segmenter()
    feed(segmenter, pictures_of(codec, coded_units(codec, 30, width=width, height=height)), opus_units(50))
    segmenter.finish()
    (line,) = recorded.index("video").maps
    # H.264 of this kind has no odd sizes, so that a transcoded picture loses its last row and column.
    assert (line.width, line.height) == ((320, 180) if codec == "vp8" else (width, height))
    with open_bytes(recorded.media("video", 0)) as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {(line.width, line.height)}
    assert len(frames) == 30


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "name"),
    [
        ("vp9", "yuv420p", "vp09.00.11.08"),
        ("vp9", "yuv444p", "vp09.01.11.08"),
        ("av1", "yuv420p", "av01.0.00M.08"),
        ("av1", "yuv420p10le", "av01.0.00M.10"),
    ],
)
def test_codec_string_says_profile_level_and_bit_depth(
    recorded: Recorded, codec: str, pix_fmt: str, name: str
) -> None:
    segmenter = recorded.segmenter()
    units = coded_units(codec, 5, pix_fmt=pix_fmt)
    feed(segmenter, pictures_of(codec, units), [])
    segmenter.finish()
    assert recorded.index("video").maps[0].codecs == name
    with open_bytes(recorded.media("video", 0)) as container:
        assert [frame.format.name for frame in container.decode(video=0)] == [pix_fmt] * 5


@pytest.mark.drawn(2)
@pytest.mark.parametrize(("before", "after"), [*itertools.pairwise(CODECS), ("vp9", "h264")])
def test_codec_that_changes_is_a_discontinuity_of_all_tracks(
    recorded: Recorded, before: str, after: str
) -> None:
    segmenter = recorded.segmenter()
    earlier = pictures_of(before, coded_units(before, 100))
    later = pictures_of(after, [replace(unit, ssrc=2) for unit in coded_units(after, 90)])
    feed(segmenter, [*earlier, *shifted_pictures(later, 100 * NS // 30)], opus_units(316))
    segmenter.finish()
    assert (numbers(recorded, 0), len(numbers(recorded, 1))) == ([n % 64 for n in range(100)], 90)
    changed = [
        [(s.msn, round(s.start / index.timescale, 1)) for s in index.segments if s.discontinuity]
        for index in map(recorded.index, ("video", "opus", "aac"))
    ]
    assert changed[0] == changed[1] == changed[2] == [(2, 3.3)]
    assert [s.map for s in recorded.index("video").segments] == [0, 0, 1, 1]


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", CODECS)
def test_size_that_changes_is_a_discontinuity(recorded: Recorded, codec: str) -> None:
    reader = PICTURE_CODECS[f"video/{codec}"].open_reader()
    units = [
        *coded_units(codec, 60),
        *shifted(coded_units(codec, 60, width=640, height=360), 2 * NS),
        *shifted(coded_units(codec, 60), 4 * NS),
    ]
    segmenter = recorded.segmenter()
    feed(segmenter, placed(units, reader), opus_units(300))
    segmenter.finish()
    index = recorded.index("video")
    assert [(line.width, line.height) for line in index.maps] == [(320, 180), (640, 360), (320, 180)]
    assert [s.msn for s in index.segments if s.discontinuity] == [1, 2]
    assert [len(numbers(recorded, number)) for number in range(3)] == [60, 60, 60]


@pytest.mark.parametrize("codec", ("vp9", "av1", "vp8"))
@pytest.mark.parametrize("damage", ["empty", "noise", "cut"])
def test_key_frame_that_cannot_be_read_is_refused(codec: str, damage: str) -> None:
    unit = coded_units(codec, 1)[0]
    data = {"empty": b"", "noise": b"\xff" * 40, "cut": unit.data[:3]}[damage]
    reader = PICTURE_CODECS[f"video/{codec}"].open_reader()
    with pytest.raises(ValueError, match=r"VP8|VP9|AV1|Invalid data|header ends"):
        reader.read(replace(unit, data=data))


def test_key_frame_of_another_codec_is_refused() -> None:
    for codec, other in itertools.permutations(("vp9", "av1", "vp8"), 2):
        unit: PlainUnit = coded_units(other, 1)[0]
        with pytest.raises(ValueError, match=r"VP8|VP9|AV1|Invalid data"):
            PICTURE_CODECS[f"video/{codec}"].open_reader().read(unit)


def test_transcoded_picture_has_key_frames_where_its_source_has_them() -> None:
    units = coded_units("vp8", 40, gop=13)
    pictures = pictures_of("vp8", units)
    assert [one.picture.key_frame for one in pictures] == [unit.key_frame for unit in units]
    assert sum(unit.key_frame for unit in units) == 4
    assert len({one.picture.parameters for one in pictures if one.picture.key_frame}) == 1


def test_what_a_room_says_is_recordable_is_what_the_recorder_takes() -> None:
    transcoded = {name for name, codec in PICTURE_CODECS.items() if codec.is_transcoded}
    assert (set(PICTURE_CODECS), transcoded) == ({*RECORDABLE["video"], TRANSCODABLE}, {TRANSCODABLE})


@pytest.mark.parametrize("said", [True, False])
def test_vp8_pictures_too_large_to_be_encoded_meanwhile_are_not_decoded(said: bool) -> None:
    """A sender says any size in a hundred bytes; `said`: the depacketizer has read it."""
    whole = coded_units("vp8", 1)[0]
    size = (4112, 2304)
    data = whole.data[:6] + struct.pack("<HH", *size) + whole.data[10:] + bytes(1 << 16)
    width, height = size if said else (0, 0)
    reader = Vp8Transcoder()
    with pytest.raises(ValueError, match="too large" if said else "avcodec_send_packet"):
        reader.read(replace(whole, data=data, width=width, height=height))
    assert reader.read(whole).key_frame
