"""Pictures in spatial layers, as Chromium sent them, are recorded so that decoders show the highest alone.

A capture is a row of access units: length (4 bytes), whether it is a key frame (1 byte), data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.coded_pictures import coded_units, pictures_of
from tests.unit.recording_material import Recorded, feed, open_bytes, placed
from vtp.recording.av1 import OBU_SEQUENCE_HEADER, limit_layers, spatial_layer, split_obus
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.vp9 import join_superframe, split_superframe
from vtp.recording.vp9_header import HeaderReader, hidden

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
VP9 = "vp9_l3t3_key_two_then_three_layers"
AV1 = "av1_l3t3_two_then_three_layers"
SMALL, LARGE = (480, 270), (960, 540)
Pixels = npt.NDArray[Any]


def captured(name: str) -> Iterator[PlainUnit]:
    """The units, 25 a second; AV1's key frames have the size of its sequence, as the depacketizer says it."""
    data, at, number = (CAPTURES / f"{name}.bin").read_bytes(), 0, 0
    while at < len(data):
        length, key = struct.unpack_from(">IB", data, at)
        size = LARGE if key else (0, 0)
        unit = data[at + 5 : at + 5 + length]
        yield PlainUnit(unit, number * 3600, number * NS // 25, bool(key), width=size[0], height=size[1])
        at, number = at + 5 + length, number + 1


def recorded_sizes(recorded: Recorded, codec: str, name: str) -> list[list[tuple[int, int]]]:
    """The sizes of the pictures that FFmpeg's decoder gives out, section by section."""
    segmenter = recorded.segmenter()
    reader = PICTURE_CODECS[f"video/{codec}"].open_reader()
    feed(segmenter, placed(list(captured(name)), reader), [])
    segmenter.finish()
    sizes = []
    for line in recorded.index("video").maps:
        with open_bytes(recorded.media("video", line.map)) as container:
            sizes.append([(frame.width, frame.height) for frame in container.decode(video=0)])
    return sizes


def sequence_header(unit: PlainUnit) -> bytes:
    return next(obu for kind, obu in split_obus(unit.data) if kind == OBU_SEQUENCE_HEADER)


def decoded(decoder: str, samples: list[bytes]) -> list[Pixels]:
    context = av.CodecContext.create(decoder, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    return [frame.to_ndarray() for sample in samples for frame in context.decode(av.Packet(sample))]


def test_of_vp9_layers_one_is_shown_and_more_of_them_are_another_size(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    assert recorded_sizes(recorded, "vp9", VP9) == [[SMALL] * 8, [LARGE] * 4]
    sizes = [(line.width, line.height, line.codecs) for line in recorded.index("video").maps]
    assert sizes == [(*SMALL, "vp09.00.21.08"), (*LARGE, "vp09.00.30.08")]


def test_hiding_the_lower_vp9_layers_changes_no_pixel() -> None:
    units = list(captured(VP9))
    samples = [one.picture.sample for one in pictures_of("vp9", units)]
    as_sent = decoded("libvpx-vp9", [unit.data for unit in units])  # which shows the last layer of each
    for decoder in ("libvpx-vp9", "vp9"):
        shown = decoded(decoder, samples)
        assert len(shown) == len(units)
        assert all(np.array_equal(one, other) for one, other in zip(shown, as_sent, strict=True))


def test_a_lower_vp9_layer_says_that_it_is_not_shown() -> None:
    headers = HeaderReader()
    for one in pictures_of("vp9", list(captured(VP9))):
        shown = [headers.read(frame).shown for frame in split_superframe(one.picture.sample)]
        assert shown == [False] * (len(shown) - 1) + [True]


def test_of_av1_layers_every_picture_is_shown_though_the_upper_one_comes_later(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    assert recorded_sizes(recorded, "av1", AV1) == [[SMALL] * 7, [LARGE] * 2]
    assert len({line.size for line in recorded.index("video").maps}) == 1, "one bit differs"
    layers = [
        max(spatial_layer(obu) for _, obu in split_obus(one.picture.sample))
        for one in pictures_of("av1", list(captured(AV1)))
    ]
    assert layers == [1] * 7 + [2] * 2


def test_av1_sequence_header_is_limited_in_its_first_operating_point_alone() -> None:
    header = sequence_header(next(captured(AV1)))
    assert limit_layers(header, 2) == header
    changed = int.from_bytes(header, "big") ^ int.from_bytes(limit_layers(header, 0), "big")
    assert changed.bit_count() == 2  # the layers 1 and 2
    plain = next(
        obu for kind, obu in split_obus(coded_units("av1", 1)[0].data) if kind == OBU_SEQUENCE_HEADER
    )
    assert limit_layers(plain, 0) == plain


def test_av1_sequence_header_of_megabytes_is_read_no_further_than_needed() -> None:
    """One that says its clock's interval as endless zeros; `uvlc` (section 4.10.3) reads up to a one."""
    before = "0000" + "0" + "1" + "0" * 64 + "1"  # timing_info of an equal interval
    layers = "0011" + "00000001"
    bits = before + "0" * 32 + "0" + "000000" + layers
    payload = int(bits.ljust(160, "0"), 2).to_bytes(20, "big")
    header = bytes([OBU_SEQUENCE_HEADER << 3 | 2, len(payload)]) + payload
    changed = int.from_bytes(header, "big") ^ int.from_bytes(limit_layers(header, 0), "big")
    assert changed.bit_length() == 160 - len(bits) + 12 - 2 and changed.bit_count() == 1
    zeros = bytes([OBU_SEQUENCE_HEADER << 3 | 2, 0x80, 0x80, 0x80, 0x04]) + payload[:9] + bytes(8 << 20)
    assert limit_layers(zeros, 0) == zeros


def test_pictures_of_more_pieces_than_any_encoder_makes_are_refused() -> None:
    many = {"av1": bytes([5 << 3 | 2, 0]) * 9_999, "h264": b"\0\0\1\x41" * 9_999}
    for codec, data in many.items():
        with pytest.raises(ValueError, match="too many"):
            PICTURE_CODECS[f"video/{codec}"].open_reader().read(PlainUnit(data, 0, 0))


def test_superframe_is_taken_apart_and_put_together() -> None:
    for frames in ([b"a" * 3], [b"a" * 3, b"b" * 300], [b"a", b"b" * 70_000, b"c" * 5]):
        assert split_superframe(join_superframe(frames)) == frames
    index = join_superframe([b"a" * 3, b"b" * 300])[-6:]
    with pytest.raises(ValueError, match="names more bytes"):
        split_superframe(b"a" * 3 + index)


@pytest.mark.parametrize("key_frame", [True, False])
def test_vp9_that_shows_nothing_is_refused(key_frame: bool) -> None:
    one_empty_frame = bytes([0xC0, 0, 0xC0])
    whole = coded_units("vp9", 1)[0].data
    hidden_by_itself = hidden(whole, HeaderReader().read(whole))
    for data in (one_empty_frame, whole + one_empty_frame, hidden_by_itself, b""):
        reader = PICTURE_CODECS["video/vp9"].open_reader()
        with pytest.raises(ValueError, match=r"VP9|header ends"):
            reader.read(PlainUnit(data, 0, 0, key_frame))


def test_ten_bit_vp9_is_named_by_its_header() -> None:
    # marker, profile 2, key frame, shown, resilient; sync code; 10 bits, unknown colour; 320 x 180; then 0
    bits = "10010011" + f"{0x498342:024b}" + "00000" + f"{319:016b}{179:016b}" + "0" * 64
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    reader = PICTURE_CODECS["video/vp9"].open_reader()
    parameters = reader.read(PlainUnit(data, 0, 0, True)).parameters
    assert parameters is not None
    section = parameters.section()
    assert (section.codec_string, section.width, section.height) == ("vp09.02.11.10", 320, 180)
    section.close()


def test_nothing_of_a_capture_is_refused_by_a_reader() -> None:
    for codec, name in (("vp9", VP9), ("av1", AV1)):
        units = list(captured(name))
        assert len(pictures_of(codec, units)) == len(units)
