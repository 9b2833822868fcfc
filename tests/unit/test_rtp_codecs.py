"""What one payload tells about its frame, for descriptors made by hand and for frames of real encoders."""

import struct
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest

from tests.rtp_packetize import (
    packetize_av1,
    packetize_h264,
    packetize_vp8,
    packetize_vp9,
    split_annex_b,
    write_leb128,
)
from vtp._rtp_fast import (
    CODEC_AV1,
    CODEC_H264,
    CODEC_OPUS,
    CODEC_PCMA,
    CODEC_PCMU,
    CODEC_VP8,
    CODEC_VP9,
    inspect_payload,
    read_h264_size,
)

VP8_KEY = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 640 | 0x4000, 360) + bytes(4)
VP8_DELTA = b"\x11\x02\x00" + bytes(9)


@cache
def two_frames(
    encoder: str, width: int, height: int, options: tuple[tuple[str, str], ...] = ()
) -> list[bytes]:
    """A key frame and the frame after it."""
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.bit_rate = 400_000
    context.options = dict(options)
    packets = []
    for i in range(2):
        noise = np.random.default_rng(i).integers(0, 255, (height, width, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, 30)
        packets += context.encode(frame)
    return [bytes(packet) for packet in packets + context.encode(None)]


def fields(info: Mapping[str, object], *names: str) -> tuple[object, ...]:
    return tuple(info[name] for name in names)


# ------------------------------------------------------------ VP8


def test_a_vp8_key_frame_tells_itself_and_its_size_without_scaling_bits() -> None:
    info = inspect_payload(CODEC_VP8, b"\x10" + VP8_KEY, True)
    assert fields(info, "key_frame", "start_of_frame", "end_of_frame") == (1, 1, 1)
    assert fields(info, "width", "height", "descriptor_len") == (640, 360, 1)
    assert fields(info, "temporal_id", "spatial_id", "has_picture_id", "has_tl0") == (-1, -1, 0, 0)


def test_a_vp8_delta_frame_is_no_key_frame() -> None:
    assert inspect_payload(CODEC_VP8, b"\x10" + VP8_DELTA)["key_frame"] == 0


def test_a_later_part_of_a_vp8_key_frame_is_not_its_start() -> None:
    assert fields(inspect_payload(CODEC_VP8, b"\x00" + VP8_KEY), "key_frame", "start_of_frame") == (0, 0)
    assert fields(inspect_payload(CODEC_VP8, b"\x11" + VP8_KEY), "key_frame", "start_of_frame") == (0, 0)


def test_the_whole_vp8_descriptor_is_read_with_the_places_to_rewrite() -> None:
    payload = b"\xb0\xf0\x91\x23\x07\xb9" + VP8_DELTA  # X, N, S · I L T K · 15-bit id · TL0 · TID 2 Y KEYIDX
    info = inspect_payload(CODEC_VP8, payload)
    assert fields(info, "has_picture_id", "picture_id", "picture_id_len", "picture_id_offset") == (
        1,
        0x1123,
        15,
        2,
    )
    assert fields(info, "has_tl0", "tl0picidx", "tl0_offset") == (1, 7, 4)
    assert fields(info, "temporal_id", "switching_point", "discardable", "descriptor_len") == (2, 1, 1, 6)


def test_a_seven_bit_vp8_picture_id_is_read() -> None:
    info = inspect_payload(CODEC_VP8, b"\x90\x80\x45" + VP8_DELTA)
    assert fields(info, "picture_id", "picture_id_len", "descriptor_len") == (0x45, 7, 3)


def test_vp8_key_index_alone_is_skipped() -> None:
    info = inspect_payload(CODEC_VP8, b"\x90\x10\x05" + VP8_KEY)
    assert fields(info, "descriptor_len", "temporal_id", "key_frame") == (3, -1, 1)


# ------------------------------------------------------------ VP9


def test_a_vp9_key_picture_tells_layers_and_the_size_of_the_top_one() -> None:
    structure = b"\x38" + struct.pack("!HHHH", 320, 180, 640, 360) + b"\x02\x04\x01\x20"
    payload = b"\xaa\x81\x02\x00\x09" + structure + b"\x82frame"  # I L B V · 15-bit id · TID 0 SID 0 · TL0
    info = inspect_payload(CODEC_VP9, payload)
    assert fields(info, "key_frame", "start_of_frame", "end_of_layer") == (1, 1, 0)
    assert fields(info, "width", "height") == (640, 360)
    assert fields(info, "temporal_id", "spatial_id", "has_tl0", "tl0picidx", "tl0_offset") == (0, 0, 1, 9, 4)
    assert payload[info["descriptor_len"] :] == b"\x82frame"


def test_the_upper_layer_of_a_vp9_key_picture_is_no_key_frame() -> None:
    info = inspect_payload(CODEC_VP9, b"\xac\x05\x33\x09frame")
    assert fields(info, "key_frame", "spatial_id", "temporal_id", "inter_layer", "end_of_layer") == (
        0,
        1,
        1,
        1,
        1,
    )
    assert info["switching_point"] == 1


def test_vp9_references_of_flexible_mode_are_skipped() -> None:
    info = inspect_payload(CODEC_VP9, b"\xf8\x05\x20\x03\x05\x06frame")
    assert fields(info, "key_frame", "inter_predicted", "descriptor_len", "has_tl0") == (0, 1, 6, 0)


def test_four_vp9_references_are_malformed() -> None:
    with pytest.raises(ValueError, match="malformed"):
        inspect_payload(CODEC_VP9, b"\xd8\x05\x03\x05\x07\x09frame")


# ------------------------------------------------------------ H.264


def test_h264_key_frames_are_seen_in_every_packet_form() -> None:
    sps, idr = b"\x67\x42\x00\x1e\xff", b"\x65\x88\x80"
    stap = b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in (sps, b"\x68\xce", idr))
    for payload in (sps, idr, stap, b"\x7c\x85\x88\x80"):
        assert fields(inspect_payload(CODEC_H264, payload), "key_frame", "start_of_frame") == (1, 1)
    assert fields(inspect_payload(CODEC_H264, stap), "parameter_sets", "nal_type") == (1, 7)


def test_what_follows_the_start_of_an_idr_picture_is_not_its_start() -> None:
    for payload in (b"\x65\x40\x80", b"\x7c\x05\x88\x80", b"\x7c\x45\x88", b"\x68\xce\x38", b"\x61\x9a\x80"):
        assert inspect_payload(CODEC_H264, payload)["key_frame"] == 0


def test_h264_pictures_that_nothing_refers_to_are_discardable() -> None:
    assert inspect_payload(CODEC_H264, b"\x01\x9a\x80")["discardable"] == 1
    assert inspect_payload(CODEC_H264, b"\x1c\x81\x9a")["discardable"] == 1
    assert inspect_payload(CODEC_H264, b"\x41\x9a\x80")["discardable"] == 0


@pytest.mark.parametrize("width, height", [(320, 180), (1280, 720), (1920, 1080), (426, 240), (128, 96)])
@pytest.mark.parametrize("profile", ["baseline", "high"])
def test_the_size_in_an_sps_of_x264_is_read(width: int, height: int, profile: str) -> None:
    options = (("preset", "ultrafast"), ("tune", "zerolatency"), ("profile", profile))
    units = split_annex_b(two_frames("libx264", width, height, options)[0])
    sps = next(unit for unit in units if unit[0] & 31 == 7)
    assert read_h264_size(sps) == (width, height)


def ue(value: int) -> str:
    """Exp-Golomb, H.264 section 9.1."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def test_emulation_prevention_bytes_in_an_sps_are_left_out() -> None:
    bits = f"{66:08b}" + "0" * 16 + ue(63) + ue(0) + ue(2) + ue(1) + "0" + ue(39) + ue(22) + "1" + "1" + "1"
    bits += ue(0) + ue(1) + ue(0) + ue(4) + "0" + "1"  # cropping; no VUI; stop bit
    bits += "0" * (-len(bits) % 8)
    body = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    assert body[1:4] == b"\0\0\x02"
    assert read_h264_size(b"\x67" + body.replace(b"\0\0\x02", b"\0\0\3\x02")) == (638, 360)


def test_an_sps_cut_anywhere_is_refused_and_never_misread() -> None:
    options = (("preset", "ultrafast"), ("tune", "zerolatency"))
    units = split_annex_b(two_frames("libx264", 1920, 1080, options)[0])
    sps = next(unit for unit in units if unit[0] & 31 == 7)
    for length in range(10):
        with pytest.raises(ValueError):
            read_h264_size(sps[:length])


# ------------------------------------------------------------ AV1


def test_an_av1_packet_with_n_or_a_sequence_header_is_a_key_frame() -> None:
    sequence = two_frames_of_av1()[0]
    payloads = packetize_av1(sequence, key=True)
    info = inspect_payload(CODEC_AV1, payloads[0])
    assert fields(info, "key_frame", "parameter_sets", "start_of_frame") == (1, 1, 1)
    assert fields(info, "width", "height") == (320, 180)
    without_n = bytes([payloads[0][0] & ~8]) + payloads[0][1:]
    assert inspect_payload(CODEC_AV1, without_n)["key_frame"] == 1


def test_later_av1_packets_are_no_key_frames() -> None:
    key, delta = two_frames_of_av1()
    for payload in packetize_av1(key, key=True)[1:] + packetize_av1(delta, key=False):
        assert inspect_payload(CODEC_AV1, payload)["key_frame"] == 0
    assert inspect_payload(CODEC_AV1, packetize_av1(key, key=True)[1])["start_of_frame"] == 0


def test_av1_layers_come_from_the_obu_extension() -> None:
    info = inspect_payload(CODEC_AV1, b"\x10\x34\x48data")
    assert fields(info, "temporal_id", "spatial_id") == (2, 1)


@pytest.mark.parametrize(
    "payload, sentence",
    [
        (b"\x88\x0adata", "malformed"),  # Z and N
        (b"\x00\x09abc", "truncated"),  # an element longer than the packet
        (b"\x20" + write_leb128(3) + b"abc", "truncated"),  # two announced, one there
        (b"\x00\x80\x80\x80\x80\x80\x80\x80\x80\x01", "malformed"),  # leb128 too long
    ],
)
def test_impossible_av1_aggregation_is_refused(payload: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        inspect_payload(CODEC_AV1, payload)


def two_frames_of_av1() -> list[bytes]:
    options = (("preset", "12"), ("svtav1-params", "pred-struct=1:rc=2"))
    return two_frames("libsvtav1", 320, 180, options)


# ------------------------------------------------------------ all


@pytest.mark.parametrize("encoder, codec", [("libvpx", CODEC_VP8), ("libvpx-vp9", CODEC_VP9)])
def test_real_frames_tell_key_and_size(encoder: str, codec: int) -> None:
    options = (("deadline", "realtime"), ("lag-in-frames", "0"))
    key, delta = two_frames(encoder, 426, 240, options)
    if codec == CODEC_VP8:
        first, second = packetize_vp8(key, 1)[0], packetize_vp8(delta, 2)[0]
    else:
        first, second = packetize_vp9(key, 1, key=True)[0], packetize_vp9(delta, 2, key=False)[0]
    assert fields(inspect_payload(codec, first), "key_frame", "width", "height") == (1, 426, 240)
    assert fields(inspect_payload(codec, second), "key_frame", "width", "height") == (0, 0, 0)


def test_real_h264_frames_tell_key_and_size() -> None:
    key, delta = two_frames("libx264", 426, 240, (("preset", "ultrafast"), ("tune", "zerolatency")))
    infos = [inspect_payload(CODEC_H264, payload) for payload in packetize_h264(key)]
    assert (426, 240) in [(info["width"], info["height"]) for info in infos if info["key_frame"]]
    assert not any(inspect_payload(CODEC_H264, payload)["key_frame"] for payload in packetize_h264(delta))


@pytest.mark.parametrize("codec", [CODEC_OPUS, CODEC_PCMU, CODEC_PCMA])
def test_every_audio_packet_is_a_whole_frame(codec: int) -> None:
    info = inspect_payload(codec, b"\xf8")
    assert fields(info, "key_frame", "start_of_frame", "end_of_frame") == (1, 1, 1)


@pytest.mark.parametrize("codec", range(CODEC_OPUS, CODEC_AV1 + 1))
def test_an_empty_payload_is_refused(codec: int) -> None:
    with pytest.raises(ValueError, match="truncated"):
        inspect_payload(codec, b"")


@pytest.mark.parametrize(
    "codec, payload",
    [
        (CODEC_VP8, b"\xb0\xf0\x91\x23\x07\xb9"),
        (CODEC_VP9, b"\xaa\x81\x02\x00\x09\x38" + bytes(8) + b"\x02\x04\x01\x20"),
        (CODEC_H264, b"\x78\x00\x04\x65\x88\x80"),
        (CODEC_H264, b"\x7c\x85"),
        (CODEC_AV1, b"\x00"),
    ],
)
def test_a_descriptor_cut_anywhere_is_refused(codec: int, payload: bytes) -> None:
    for length in range(2, len(payload) + 1):
        with pytest.raises(ValueError):
            inspect_payload(codec, payload[:length])


@pytest.mark.parametrize("codec", [0, 8, -1])
def test_an_unknown_codec_is_refused(codec: int) -> None:
    with pytest.raises(ValueError, match="unknown"):
        inspect_payload(codec, b"data")
