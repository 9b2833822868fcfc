"""The Depacketizer on real encoded frames: whole units or none, in order, whatever the network does."""

import random
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest

from tests.rtp_packetize import (
    RtpStream,
    packetize_av1,
    packetize_h264,
    packetize_vp8,
    packetize_vp9,
    split_annex_b,
    split_obus,
    without_delimiter,
)
from vtp._rtp_fast import CODEC_AV1, CODEC_H264, CODEC_OPUS, CODEC_VP8, CODEC_VP9, AccessUnit, Depacketizer

MS = 1_000_000
WIDTH, HEIGHT = 320, 192
FRAMES = 24
KEY_EVERY = 8
TICKS = 3000  # of 90 kHz per frame


@dataclass(frozen=True)
class Format:
    """How one codec is encoded, packetized, written back and decoded."""

    codec: int
    encoder: str
    decoder: str
    options: tuple[tuple[str, str], ...]
    packetize: Callable[[bytes, int, bool], list[bytes]]
    expected: Callable[[bytes], bytes]


def with_long_start_codes(data: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in split_annex_b(data))


FORMATS = {
    "vp8": Format(
        CODEC_VP8,
        "libvpx",
        "vp8",
        (("deadline", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")),
        lambda data, i, key: packetize_vp8(data, i),
        lambda data: data,
    ),
    "vp9": Format(
        CODEC_VP9,
        "libvpx-vp9",
        "vp9",
        (("deadline", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")),
        lambda data, i, key: packetize_vp9(data, i, key=key),
        lambda data: data,
    ),
    "h264": Format(
        CODEC_H264,
        "libx264",
        "h264",
        (("preset", "ultrafast"), ("tune", "zerolatency"), ("x264-params", "slices=3:scenecut=0")),
        lambda data, i, key: packetize_h264(data),
        with_long_start_codes,
    ),
    "av1": Format(
        CODEC_AV1,
        "libsvtav1",
        "libdav1d",
        (("preset", "12"), ("svtav1-params", "pred-struct=1:rc=2:lookahead=0:scd=0")),
        lambda data, i, key: packetize_av1(data, key=key, counted=i % 2 == 0),
        without_delimiter,
    ),
}
SMALL_PACKETS: dict[str, Callable[[bytes, int, bool], list[bytes]]] = {
    "vp8": lambda data, i, key: packetize_vp8(data, i, size=25),
    "av1": lambda data, i, key: packetize_av1(data, key=key, size=24),
}
"""Where a frame would else be one packet."""
every_format = pytest.mark.parametrize("name", FORMATS)


@cache
def encoded(name: str) -> tuple[tuple[bytes, bool], ...]:
    """FRAMES encoded pictures of a moving pattern, with a key frame every KEY_EVERY; (data, key)."""
    fmt = FORMATS[name]
    context = av.CodecContext.create(fmt.encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.bit_rate, context.gop_size = 600_000, KEY_EVERY
    context.options = dict(fmt.options)
    noise = np.random.default_rng(5).integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    packets = []
    for i in range(FRAMES):
        picture = np.roll(noise, 3 * i, axis=1)
        picture[:, 8 * i : 8 * i + 40] += np.uint8(120)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, 30)
        packets += context.encode(frame)
    packets += context.encode(None)
    return tuple((bytes(packet), packet.is_keyframe) for packet in packets)


def decoded(name: str, units: Iterable[bytes]) -> list[bytes]:
    """The pictures, as raw planes."""
    context = av.CodecContext.create(FORMATS[name].decoder, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    pictures = []
    for data in [*units, None]:
        for frame in context.decode(av.Packet(data) if data is not None else None):
            pictures.append(frame.to_ndarray().tobytes())
    return pictures


@dataclass
class Packet:
    """One RTP packet and the number of the frame it belongs to."""

    data: bytes
    frame: int


def packetized(name: str, *, sequence: int = 100, timestamp: int = 1000) -> list[Packet]:
    fmt, stream = FORMATS[name], RtpStream(sequence=sequence)
    return [
        Packet(packet, i)
        for i, (data, key) in enumerate(encoded(name))
        for packet in stream.packets(fmt.packetize(data, i, key), timestamp + TICKS * i)
    ]


def expected(name: str) -> list[bytes]:
    return [FORMATS[name].expected(data) for data, _ in encoded(name)]


def depacketizer(name: str, reorder_ms: int = 100) -> Depacketizer:
    return Depacketizer(FORMATS[name].codec, 90_000, reorder_ms)


def run(
    sink: Depacketizer, packets: Iterable[bytes], *, every_ns: int = MS, start_ns: int = 0
) -> list[AccessUnit]:
    """Push packets one every_ns apart, then let time pass until nothing is waited for."""
    units, now = [], start_ns
    for packet in packets:
        now += every_ns
        sink.push(packet, now)
        units += sink.poll(now)
    return units + sink.poll(now + 10_000 * MS)


def assert_whole(name: str, units: list[AccessUnit], frames: Iterable[int], timestamp: int = 1000) -> None:
    """Exactly these frames came out, byte for byte, with their timestamps."""
    frames = list(frames)
    assert [unit.rtp_timestamp for unit in units] == [timestamp + TICKS * i for i in frames]
    assert [unit.data for unit in units] == [expected(name)[i] for i in frames]


# ------------------------------------------------------------ every video format


@every_format
def test_the_material_has_fragmented_frames_and_several_key_frames(name: str) -> None:
    assert [i for i, (_, key) in enumerate(encoded(name)) if key] == list(range(0, FRAMES, KEY_EVERY))
    assert len(packetized(name)) > 2 * FRAMES


@every_format
def test_packets_in_order_give_every_frame_and_decode_bit_identically(name: str) -> None:
    units = run(depacketizer(name), [packet.data for packet in packetized(name)])
    assert_whole(name, units, range(FRAMES))
    assert [unit.key_frame for unit in units] == [key for _, key in encoded(name)]
    assert not any(unit.after_gap for unit in units)
    assert decoded(name, [unit.data for unit in units]) == decoded(name, [data for data, _ in encoded(name)])


@every_format
def test_key_frames_tell_their_size(name: str) -> None:
    units = run(depacketizer(name), [packet.data for packet in packetized(name)])
    assert {(unit.width, unit.height) for unit in units if unit.key_frame} == {(WIDTH, HEIGHT)}
    assert {(unit.width, unit.height) for unit in units if not unit.key_frame} == {(0, 0)}


@every_format
@pytest.mark.parametrize("seed", range(5))
def test_shuffled_packets_across_both_wraps_give_every_frame(name: str, seed: int) -> None:
    dice = random.Random(seed)
    timestamp = 2**32 - 10 * TICKS
    packets = packetized(name, sequence=65536 - 40, timestamp=timestamp)
    order = sorted(range(len(packets)), key=lambda i: i + dice.randrange(12))
    sink = depacketizer(name)
    units = run(sink, [packets[i].data for i in order])
    assert_whole(name, units, range(FRAMES), timestamp)
    assert not any(unit.after_gap for unit in units)
    assert (sink.lost_packets, sink.dropped_units) == (0, 0)


@every_format
def test_a_finished_frame_is_given_out_with_its_last_packet(name: str) -> None:
    sink, packets = depacketizer(name), packetized(name)
    for now, packet in enumerate(p for p in packets if p.frame == 0):
        assert sink.poll(now) == []
        sink.push(packet.data, now)
    [unit] = sink.poll(20)
    assert unit.arrival_ns == 0


@every_format
def test_a_lost_packet_drops_everything_up_to_the_next_key_frame(name: str) -> None:
    packets = packetized(name)
    lost = next(i for i, packet in enumerate(packets) if packet.frame == 3)
    sink = depacketizer(name)
    units = run(sink, [packet.data for i, packet in enumerate(packets) if i != lost])
    assert_whole(name, units, [0, 1, 2, *range(KEY_EVERY, FRAMES)])
    assert [unit.rtp_timestamp for unit in units if unit.after_gap] == [1000 + TICKS * KEY_EVERY]
    assert sink.lost_packets == 1
    assert not sink.needs_key_frame


@every_format
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_key_frame_with_a_hole_is_not_given_out(name: str, which: int) -> None:
    packets = packetized(name)
    lost = [packet for packet in packets if packet.frame == KEY_EVERY][which]
    units = run(depacketizer(name), [packet.data for packet in packets if packet is not lost])
    assert_whole(name, units, [*range(KEY_EVERY), *range(2 * KEY_EVERY, FRAMES)])
    assert decoded(name, [unit.data for unit in units])


@every_format
def test_a_frame_lost_whole_is_a_hole_too(name: str) -> None:
    packets = packetized(name)
    units = run(depacketizer(name), [packet.data for packet in packets if packet.frame != 5])
    assert_whole(name, units, [*range(5), *range(KEY_EVERY, FRAMES)])


@every_format
def test_a_key_frame_is_asked_for_while_waiting(name: str) -> None:
    packets = packetized(name)
    lost = next(i for i, packet in enumerate(packets) if packet.frame == 2)
    sink = depacketizer(name, reorder_ms=50)
    assert not sink.needs_key_frame
    for now, packet in enumerate(packets[: lost + 3]):
        if now != lost:
            sink.push(packet.data, now * MS)
    sink.poll((lost + 50) * MS)
    assert not sink.needs_key_frame
    sink.poll((lost + 51) * MS)
    assert sink.needs_key_frame


@every_format
def test_a_packet_that_comes_within_the_reorder_time_is_no_loss(name: str) -> None:
    packets = packetized(name)
    late = next(i for i, packet in enumerate(packets) if packet.frame == 4)
    order = [*packets[:late], *packets[late + 1 : late + 20], packets[late], *packets[late + 20 :]]
    sink = depacketizer(name, reorder_ms=20)
    assert_whole(name, run(sink, [packet.data for packet in order]), range(FRAMES))
    assert sink.lost_packets == 0


@every_format
def test_a_packet_that_comes_after_the_reorder_time_is_too_late(name: str) -> None:
    packets = packetized(name)
    late = next(i for i, packet in enumerate(packets) if packet.frame == 4)
    order = [*packets[:late], *packets[late + 1 : late + 22], packets[late], *packets[late + 22 :]]
    sink = depacketizer(name, reorder_ms=20)
    units = run(sink, [packet.data for packet in order])
    assert_whole(name, units, [*range(4), *range(KEY_EVERY, FRAMES)])
    assert (sink.lost_packets, sink.late_packets) == (1, 1)


@every_format
def test_duplicates_change_nothing(name: str) -> None:
    packets = [packet.data for packet in packetized(name) for _ in range(2)]
    sink = depacketizer(name)
    assert_whole(name, run(sink, packets), range(FRAMES))
    assert sink.late_packets == len(packets) // 2


@every_format
def test_a_late_joiner_begins_with_the_first_key_frame(name: str) -> None:
    packets = [packet.data for packet in packetized(name) if packet.frame >= 3]
    sink = depacketizer(name)
    units = run(sink, packets)
    assert_whole(name, units, range(KEY_EVERY, FRAMES))
    assert not units[0].after_gap
    assert sink.lost_packets == 0


@every_format
def test_the_first_packets_may_be_out_of_order(name: str) -> None:
    packets = [packet.data for packet in packetized(name)]
    packets[0], packets[1] = packets[1], packets[0]
    sink = depacketizer(name)
    sink.push(packets[0], 0)
    assert sink.poll(0) == []
    for packet in packets[1:]:
        sink.push(packet, 0)
    assert_whole(name, sink.poll(0), range(FRAMES))
    assert sink.lost_packets == 0


@every_format
def test_each_hole_is_waited_for_from_when_it_was_seen(name: str) -> None:
    packets = [packet.data for packet in packetized(name)]
    sink = depacketizer(name, reorder_ms=100)
    for i, now_ms in ((0, 0), (2, 0), (4, 50), (1, 60), (5, 100), (6, 149), (3, 149)):
        sink.push(packets[i], now_ms * MS)
    units = sink.poll(149 * MS) + run(sink, packets[7:], start_ns=150 * MS)
    assert_whole(name, units, range(FRAMES))
    assert sink.lost_packets == 0


@every_format
def test_padding_only_packets_are_no_frames_and_no_holes(name: str) -> None:
    stream, packets = RtpStream(), []
    for i, (data, key) in enumerate(encoded(name)):
        packets += stream.packets(FORMATS[name].packetize(data, i, key), 1000 + TICKS * i)
        packets.append(stream.packet(b"", 1000 + TICKS * i, padding=200))
    assert_whole(name, run(depacketizer(name), packets), range(FRAMES))


@every_format
@pytest.mark.parametrize("kept", ["begin", "middle"])
def test_a_frame_whose_rest_was_never_sent_is_dropped_though_no_number_is_missing(
    name: str, kept: str
) -> None:
    """Chromium empties its queue of packets, which are not numbered yet, when it sends a key frame."""
    fmt, stream, packets = FORMATS[name], RtpStream(), []
    for i, (data, key) in enumerate(encoded(name)):
        payloads = fmt.packetize(data, i, key)
        if i == KEY_EVERY - 1:
            payloads = SMALL_PACKETS.get(name, fmt.packetize)(data, i, key)
            assert len(payloads) > 2
            payloads = payloads[: 1 if kept == "begin" else -1]
            packets += [stream.packet(payload, 1000 + TICKS * i) for payload in payloads]
        else:
            packets += stream.packets(payloads, 1000 + TICKS * i)
    sink = depacketizer(name)
    units = run(sink, packets)
    assert_whole(name, units, [*range(KEY_EVERY - 1), *range(KEY_EVERY, FRAMES)])
    assert (sink.lost_packets, sink.dropped_units) == (0, 1)
    assert units[KEY_EVERY - 1].after_gap


@every_format
def test_frames_without_marker_end_with_the_next_timestamp(name: str) -> None:
    packets = [bytearray(packet.data) for packet in packetized(name)]
    for packet in packets:
        packet[1] &= 0x7F
    assert_whole(name, run(depacketizer(name), [bytes(packet) for packet in packets]), range(FRAMES - 1))


@every_format
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_lost_only_whole_frames_come_out_and_each_gap_ends_with_a_key_frame(
    name: str, seed: int
) -> None:
    dice = random.Random(seed)
    packets = packetized(name, sequence=65500)
    kept = [packet for packet in packets if dice.random() > 0.04]
    order = sorted(range(len(kept)), key=lambda i: i + dice.randrange(6))
    units = run(depacketizer(name, reorder_ms=10), [kept[i].data for i in order])
    numbers = [(unit.rtp_timestamp - 1000) // TICKS for unit in units]
    assert_whole(name, units, numbers)
    for before, number, unit in zip([None, *numbers], numbers, units, strict=False):
        follows = before is not None and number == before + 1
        assert unit.key_frame or follows
        assert follows or unit.after_gap or before is None


@every_format
def test_a_new_ssrc_is_a_new_beginning(name: str) -> None:
    first = packetized(name)
    again, stream = [], RtpStream(ssrc=99, sequence=7)
    for i, (data, key) in enumerate(encoded(name)):
        again += stream.packets(FORMATS[name].packetize(data, i, key), 5 + TICKS * i)
    straggler = first.pop()
    sink = depacketizer(name)
    units = run(sink, [*(packet.data for packet in first), *again[:3], straggler.data, *again[3:]])
    assert_whole(name, units[: FRAMES - 1], range(FRAMES - 1))
    assert_whole(name, units[FRAMES - 1 :], range(FRAMES), timestamp=5)
    assert [unit.ssrc for unit in units] == [0x11223344] * (FRAMES - 1) + [99] * FRAMES
    assert [i for i, unit in enumerate(units) if unit.after_gap] == [FRAMES - 1]


@every_format
def test_a_sender_that_starts_over_far_behind_is_followed_after_two_packets(name: str) -> None:
    packets = [packet.data for packet in packetized(name, sequence=30_000)]
    again = [packet.data for packet in packetized(name, sequence=9, timestamp=77)]
    units = run(depacketizer(name), packets + again)
    assert_whole(name, units[:FRAMES], range(FRAMES))
    assert_whole(name, units[FRAMES:], range(KEY_EVERY, FRAMES), timestamp=77)
    assert units[FRAMES].after_gap


@every_format
def test_a_long_outage_is_one_gap(name: str) -> None:
    packets = [packet.data for packet in packetized(name)]
    again = [
        packet.data for packet in packetized(name, sequence=100 + 20_000, timestamp=1000 + TICKS * FRAMES)
    ]
    sink = depacketizer(name)
    units = run(sink, packets + again)
    assert_whole(name, units[:FRAMES], range(FRAMES))
    assert len(units) == 2 * FRAMES
    assert [i for i, unit in enumerate(units) if unit.after_gap] == [FRAMES]
    assert sink.lost_packets == 20_000 - len(packets)


@every_format
def test_a_burst_longer_than_the_ring_needs_no_poll_in_between(name: str) -> None:
    stream, sink = RtpStream(), depacketizer(name)
    pushed = 0
    while stream.sequence < 6000:
        for i, (data, key) in enumerate(encoded(name)):
            for packet in stream.packets(FORMATS[name].packetize(data, i, key), TICKS * pushed):
                sink.push(packet, 0)
            pushed += 1
    units = sink.poll(0)
    assert len(units) == pushed
    assert sink.dropped_units == 0


@every_format
def test_flush_gives_what_waits_and_drops_what_is_unfinished(name: str) -> None:
    packets = packetized(name)
    sink = depacketizer(name)
    for packet in packets[:-1]:
        sink.push(packet.data, 0)
    assert_whole(name, sink.flush(), range(FRAMES - 1))


# ------------------------------------------------------------ H.264


def h264_frames() -> list[list[bytes]]:
    """The NAL units of each frame."""
    return [split_annex_b(data) for data, _ in encoded("h264")]


def annex_b(units: list[bytes]) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def kinds(data: bytes) -> list[int]:
    return [unit[0] & 31 for unit in split_annex_b(data)]


def h264_packets(frames: list[list[bytes]], *, single: bool = False) -> list[list[bytes]]:
    """Per frame its RTP packets; single: no STAP-A."""
    stream = RtpStream()
    return [
        stream.packets(
            [payload for unit in units for payload in packetize_h264(annex_b([unit]))]
            if single
            else packetize_h264(annex_b(units)),
            TICKS * i,
        )
        for i, units in enumerate(frames)
    ]


def flat(frames: list[list[bytes]]) -> list[bytes]:
    return [packet for frame in frames for packet in frame]


def test_remembered_sps_and_pps_go_before_an_idr_that_has_none() -> None:
    frames = h264_frames()
    sps, pps = (next(unit for unit in frames[0] if unit[0] & 31 == kind) for kind in (7, 8))
    bare = [[unit for unit in units if unit[0] & 31 in (1, 5)] for units in frames]
    units = run(depacketizer("h264"), flat(h264_packets([frames[0], *bare[1:]])))
    assert len(units) == FRAMES
    assert units[KEY_EVERY].data == annex_b([sps, pps, *bare[KEY_EVERY]])
    assert (units[KEY_EVERY].width, units[KEY_EVERY].height) == (WIDTH, HEIGHT)
    assert decoded("h264", [unit.data for unit in units]) == decoded("h264", [d for d, _ in encoded("h264")])


def test_parameter_sets_go_behind_the_access_unit_delimiter() -> None:
    frames = h264_frames()
    delimiter = b"\x09\xf0"
    slices = [unit for unit in frames[KEY_EVERY] if unit[0] & 31 == 5]
    units = run(depacketizer("h264"), flat(h264_packets([*frames[:KEY_EVERY], [delimiter, *slices]])))
    assert kinds(units[-1].data) == [9, 7, 8] + [5] * len(slices)


def test_a_missing_pps_goes_behind_the_sps_that_came() -> None:
    frames = h264_frames()
    part = [unit for unit in frames[KEY_EVERY] if unit[0] & 31 in (5, 7)]
    units = run(depacketizer("h264"), flat(h264_packets([*frames[:KEY_EVERY], part])))
    assert kinds(units[-1].data)[:3] == [7, 8, 5]


def test_an_idr_without_any_parameter_sets_is_not_given_out() -> None:
    bare = [[unit for unit in units if unit[0] & 31 in (1, 5)] for units in h264_frames()]
    sink = depacketizer("h264")
    assert run(sink, flat(h264_packets(bare))) == []
    assert sink.needs_key_frame


def test_an_idr_whose_own_sps_was_lost_is_not_decoded_with_the_old_one() -> None:
    packets = h264_packets(h264_frames(), single=True)
    assert packets[KEY_EVERY][0][12] & 31 in (6, 7, 8)
    first_slice = next(i for i, packet in enumerate(packets[KEY_EVERY]) if packet[12] & 31 in (28, 5))
    packets[KEY_EVERY] = packets[KEY_EVERY][first_slice:]
    units = run(depacketizer("h264"), flat(packets))
    assert_whole("h264", units, [*range(KEY_EVERY), *range(2 * KEY_EVERY, FRAMES)], timestamp=0)


def test_parameter_sets_with_a_marker_of_their_own_join_their_picture() -> None:
    packets = h264_packets(h264_frames(), single=True)
    for frame in packets:
        for i, packet in enumerate(frame):
            if packet[12] & 31 in (6, 7, 8):
                frame[i] = packet[:1] + bytes([packet[1] | 0x80]) + packet[2:]
    assert_whole("h264", run(depacketizer("h264"), flat(packets)), range(FRAMES), timestamp=0)


def test_a_fragment_without_its_end_is_a_hole() -> None:
    stream = RtpStream()
    frames = [packetize_h264(data) for data, _ in encoded("h264")]
    last = frames[KEY_EVERY][-1]
    assert last[0] & 31 == 28 and last[1] & 0x40
    frames[KEY_EVERY][-1] = last[:1] + bytes([last[1] & ~0x40]) + last[2:]
    packets = [packet for i, frame in enumerate(frames) for packet in stream.packets(frame, 1000 + TICKS * i)]
    units = run(depacketizer("h264"), packets)
    assert_whole("h264", units, [*range(KEY_EVERY), *range(2 * KEY_EVERY, FRAMES)])


def test_parameter_sets_of_another_ssrc_are_not_used() -> None:
    frames = h264_frames()
    bare = [[unit for unit in units if unit[0] & 31 in (1, 5)] for units in frames]
    other = RtpStream(ssrc=99)
    packets = flat(h264_packets(frames))
    for i, units in enumerate(bare):
        packets += other.packets(packetize_h264(annex_b(units)), TICKS * i)
    assert {unit.ssrc for unit in run(depacketizer("h264"), packets)} == {0x11223344}


def test_a_fragment_without_its_start_is_a_hole() -> None:
    stream = RtpStream()
    frames = [packetize_h264(data) for data, _ in encoded("h264")]
    packets = [packet for i, frame in enumerate(frames) for packet in stream.packets(frame, TICKS * i)]
    fragments = [i for i, packet in enumerate(packets) if packet[12] & 31 == 28]
    at = next(i for i in fragments if i > len(frames[0]) and packets[i][13] & 0x80)
    packets[at] = packets[at][:13] + bytes([packets[at][13] & 0x7F]) + packets[at][14:]
    units = run(depacketizer("h264"), packets)
    assert 0 < len(units) < FRAMES


# ------------------------------------------------------------ VP9 and AV1


def test_spatial_layers_of_one_picture_become_a_superframe_with_index() -> None:
    layers = [b"\x82" + bytes(299), b"\x86" + bytes(700)]
    stream, payloads = RtpStream(), []
    for spatial, layer in enumerate(layers):
        halves = [layer[:150], layer[150:]]
        for i, half in enumerate(halves):
            flags = 0x80 | 0x20 | (0x08 if i == 0 else 0) | (0x04 if i == 1 else 0)
            payloads.append(struct.pack("!BBBB", flags, 5, spatial << 1 | (spatial > 0), 0) + half)
    [unit] = run(depacketizer("vp9"), stream.packets(payloads, 0))
    marker = bytes([0xC0 | 1 << 3 | 1])
    assert unit.data == b"".join(layers) + marker + struct.pack("<HH", 300, 701) + marker
    assert unit.key_frame


def with_size(header: bytes, payload: bytes) -> bytes:
    """The OBU with a size field of three bytes: not the shortest form."""
    size = len(payload)
    return (
        bytes([header[0] | 2])
        + header[1:]
        + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
        + payload
    )


def test_a_remembered_sequence_header_goes_before_an_av1_key_frame_that_has_none() -> None:
    def without_sequence_header(data: bytes) -> bytes:
        obus = [obu for obu in split_obus(data) if obu[0] not in (1, 2)]
        return b"".join(with_size(header, payload) for _, header, payload in obus)

    stream, packets = RtpStream(), []
    for i, (data, key) in enumerate(encoded("av1")):
        data = without_sequence_header(data) if i else data
        packets += stream.packets(packetize_av1(data, key=key), 1000 + TICKS * i)
    assert_whole("av1", run(depacketizer("av1"), packets), range(FRAMES))


def test_obus_with_size_fields_and_delimiters_are_rewritten_alike() -> None:
    """FFmpeg and others send OBUs as they are in the file, size fields included."""
    stream, packets = RtpStream(), []
    for i, (data, key) in enumerate(encoded("av1")):
        obus = [with_size(header, payload) for _, header, payload in split_obus(data)]
        payloads = [bytes([0x10 | (8 if key and n == 0 else 0)]) + obu for n, obu in enumerate(obus)]
        packets += stream.packets(payloads, 1000 + TICKS * i)
    assert_whole("av1", run(depacketizer("av1"), packets), range(FRAMES))


@pytest.mark.parametrize("flag", [0x80, 0x40])
def test_an_obu_fragment_without_its_other_half_is_a_hole(flag: int) -> None:
    """Z where nothing began, or Y at the end of the unit."""
    stream, packets = RtpStream(), []
    for i, (data, key) in enumerate(encoded("av1")):
        payloads = packetize_av1(data, key=key)
        if i == 3:
            payloads = payloads[:1] if len(payloads) == 1 else packetize_av1(data, key=key, size=60_000)
            payloads[0] = bytes([payloads[0][0] ^ flag]) + payloads[0][1:]
        packets += stream.packets(payloads, 1000 + TICKS * i)
    units = run(depacketizer("av1"), packets)
    assert_whole("av1", units, [0, 1, 2, *range(KEY_EVERY, FRAMES)])


# ------------------------------------------------------------ audio


@cache
def opus_packets() -> tuple[bytes, ...]:
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "mono", "s16"
    context.time_base = Fraction(1, 48_000)
    out = []
    for i in range(50):
        samples = (8000 * np.sin(np.arange(960 * i, 960 * (i + 1)) / 20)).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 960 * i, Fraction(1, 48_000)
        out += [bytes(packet) for packet in context.encode(frame)]
    return tuple(out)


def opus_stream(sequence: int = 65530, timestamp: int = 2**32 - 9600) -> list[bytes]:
    stream = RtpStream(sequence=sequence, payload_type=111)
    return [stream.packet(data, timestamp + 960 * i) for i, data in enumerate(opus_packets())]


def opus_samples(packets: Iterable[bytes]) -> bytes:
    context = av.CodecContext.create("libopus", "r")
    return b"".join(
        frame.to_ndarray().tobytes() for data in packets for frame in context.decode(av.Packet(data))
    )


def test_opus_packets_come_out_in_order_and_decode_bit_identically() -> None:
    packets = opus_stream()
    packets[5], packets[6] = packets[6], packets[5]
    units = run(Depacketizer(CODEC_OPUS, 48_000, 100), packets)
    assert [unit.rtp_timestamp for unit in units] == [2**32 - 9600 + 960 * i for i in range(len(packets))]
    assert all(unit.key_frame for unit in units)
    assert opus_samples(unit.data for unit in units) == opus_samples(opus_packets())


def test_lost_audio_is_reported_and_the_rest_goes_on() -> None:
    packets = opus_stream()
    del packets[10:13]
    sink = Depacketizer(CODEC_OPUS, 48_000, 60)
    units = run(sink, packets, every_ns=20 * MS)
    assert len(units) == len(packets)
    assert [i for i, unit in enumerate(units) if unit.after_gap] == [10]
    assert sink.lost_packets == 3
    assert not sink.needs_key_frame


def test_a_pause_without_lost_packets_is_no_gap() -> None:
    """Opus DTX: the timestamp jumps, the sequence does not."""
    stream = RtpStream()
    packets = [stream.packet(data, 960 * i * (1 + 49 * (i > 9))) for i, data in enumerate(opus_packets())]
    assert not any(unit.after_gap for unit in run(Depacketizer(CODEC_OPUS, 48_000, 60), packets))


def test_packets_of_another_payload_type_are_left_out_without_a_gap() -> None:
    stream, packets = RtpStream(payload_type=111), []
    for i, data in enumerate(opus_packets()):
        stream.payload_type = 111
        packets.append(stream.packet(data, 960 * i))
        stream.payload_type = 13  # comfort noise
        packets.append(stream.packet(b"\x40", 960 * i))
    units = run(Depacketizer(CODEC_OPUS, 48_000, 60, payload_type=111), packets)
    assert tuple(unit.data for unit in units) == opus_packets()
    assert not any(unit.after_gap for unit in units)


# ------------------------------------------------------------ arguments


@pytest.mark.parametrize("arguments", [(0, 90_000, 100), (99, 90_000, 100), (4, 0, 100), (4, 90_000, -1)])
def test_impossible_arguments_are_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        Depacketizer(*arguments)


def test_what_is_not_rtp_is_counted_and_ignored() -> None:
    sink = Depacketizer(CODEC_VP8, 90_000, 100)
    assert sink.push(b"no", 0) == -1
    assert sink.malformed_packets == 1
    assert sink.poll(10_000 * MS) == []
