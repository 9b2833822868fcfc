"""Random and mutated bytes against every parser: an answer or ValueError, never anything else.

Run it on a build with -fsanitize=address to see reads past the end as well.
"""

import random
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtp_packetize import RtpStream, fragment_nal, packetize_av1, packetize_vp8, packetize_vp9
from vtp._rtp_fast import (
    CODEC_AV1,
    CODEC_H264,
    CODEC_OPUS,
    PROFILE_AEAD_AES_128_GCM,
    PROFILE_AEAD_AES_256_GCM,
    PROFILE_AES_CM_128_SHA1_80,
    Depacketizer,
    Srtp,
    check_stun_integrity,
    classify_datagram,
    inspect_payload,
    parse_rtp,
    parse_stun,
    read_h264_size,
    read_red,
    write_stun_error,
    write_stun_request,
    write_stun_success,
)

CODECS = range(CODEC_OPUS, CODEC_AV1 + 1)
COUNT = 20_000
LONG_COUNT = 1_000_000
counts = pytest.mark.parametrize("count", [COUNT, pytest.param(LONG_COUNT, marks=pytest.mark.long)])
datagrams = st.binary(max_size=1500)
fuzzed = settings(deadline=None, database=None)


def answers(parse: Callable[..., object], *arguments: object) -> bool:
    """True for an answer, False for the one allowed exception."""
    try:
        parse(*arguments)
    except ValueError as reason:
        assert str(reason)
        return False
    return True


def mutated(dice: random.Random, data: bytes) -> bytes:
    """Flipped bits, cut, doubled, with a random stretch or extreme values in it."""
    work = bytearray(data)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(work) + 1)
        what = dice.randrange(5)
        if what == 0:
            del work[at:]
        elif what == 1 and at < len(work):
            work[at] ^= 1 << dice.randrange(8)
        elif what == 2:
            work[at : at + dice.randrange(5)] = dice.randbytes(dice.randrange(9))
        elif what == 3 and at < len(work):
            work[at] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
        else:
            work += work[at : at + 40]
    return bytes(work[:2000])


def material() -> dict[str, list[bytes]]:
    """Well-formed inputs to mutate."""
    extended = (
        struct.pack("!BBHIIHH", 0xB1, 96, 7, 8, 9, 10, 0)
        + struct.pack("!HH", 0xBEDE, 2)
        + b"\x12abc\x30Z\0\0"
    )
    two_byte = (
        struct.pack("!BBHII", 0x90, 96, 7, 8, 9) + struct.pack("!HH", 0x1000, 2) + b"\x01\x02ab\x03\x00\0\0"
    )
    check = write_stun_request(bytes(12), b"server:client", b"password", use_candidate=True)
    unchecked = check[:2] + struct.pack("!H", len(check) - 28) + check[4:-8]  # no fingerprint to fail
    av1 = b"\x12\x00\x0a\x0b" + bytes(11) + b"\x32\x90\x03" + bytes(400)
    return {
        "rtp": [extended + b"payload\x03", two_byte + b"payload"],
        "stun": [
            check,
            unchecked,
            write_stun_success(check, bytes(16), 9, b"password"),
            write_stun_error(check, 487),
        ],
        "payload": [
            *packetize_vp8(bytes(900), 77),
            *packetize_vp9(b"\x82\x49\x83\x42" + bytes(900), 5, key=True),
            b"\xaa\x81\x02\x00\x09\x38" + bytes(8) + b"\x02\x04\x01\x20\x82frame",
            b"\x78\x00\x05\x67\x42\x00\x1e\xff\x00\x02\x68\xce\x00\x03\x65\x88\x80",
            *fragment_nal(b"\x65" + bytes(900), 400),
            *packetize_av1(av1, key=True),
            *packetize_av1(av1, key=False, counted=False),
        ],
        "sps": [
            bytes.fromhex("6742c01f8c8d40501e9000f08846a0"),
            bytes.fromhex("6764001facd9405005bb011000000300100000030320f1831960"),
        ],
    }


# ------------------------------------------------------------ any bytes


@fuzzed
@given(datagrams)
def test_any_datagram_has_a_kind(data: bytes) -> None:
    assert classify_datagram(data) in ("stun", "dtls", "rtp", "rtcp", "other")


@fuzzed
@given(datagrams)
def test_any_bytes_are_rtp_or_refused_and_lengths_add_up(data: bytes) -> None:
    if not answers(parse_rtp, data):
        return
    parsed = parse_rtp(data)
    assert parsed["header_len"] + parsed["payload_len"] + parsed["padding"] == len(data)


@fuzzed
@given(datagrams)
def test_any_bytes_are_stun_or_refused(data: bytes) -> None:
    answers(parse_stun, data)
    assert not answers(check_stun_integrity, data, b"password")


@fuzzed
@given(st.sampled_from(list(CODECS)), datagrams, st.booleans())
def test_any_payload_is_inspected_or_refused(codec: int, payload: bytes, marker: bool) -> None:
    if not answers(inspect_payload, codec, payload, marker):
        return
    info = inspect_payload(codec, payload, marker)
    assert 0 <= info["descriptor_len"] < len(payload)


@fuzzed
@given(datagrams)
def test_any_sps_has_a_size_or_none(data: bytes) -> None:
    if answers(read_red, data, 111):
        assert 1 <= read_red(data, 111) <= len(data)
    if answers(read_h264_size, data):
        width, height = read_h264_size(data)
        assert 0 < width <= 16384 and 0 < height <= 32768


@pytest.mark.parametrize(
    "profile, key, salt",
    [
        (PROFILE_AES_CM_128_SHA1_80, 16, 14),
        (PROFILE_AEAD_AES_128_GCM, 16, 12),
        (PROFILE_AEAD_AES_256_GCM, 32, 12),
    ],
)
@fuzzed
@given(datagrams)
def test_no_forgery_is_accepted_as_srtp(profile: int, key: int, salt: int, data: bytes) -> None:
    receiver = Srtp(profile, bytes(key), bytes(range(salt)), sender=False)
    assert not answers(receiver.unprotect, data)
    assert not answers(receiver.unprotect_rtcp, data)
    assert receiver.stream_count == 0


@settings(fuzzed, max_examples=200)
@given(
    st.sampled_from(list(CODECS)),
    st.lists(st.tuples(st.integers(0, 65535), datagrams, st.booleans()), max_size=30),
)
def test_any_packets_leave_the_depacketizer_sound(codec: int, packets: list[tuple[int, bytes, bool]]) -> None:
    sink, stream = Depacketizer(codec, 90_000, 10), RtpStream()
    for now, (sequence, payload, marker) in enumerate(packets):
        stream.sequence = sequence
        sink.push(stream.packet(payload, now // 3, marker=marker), now * 5_000_000)
        sink.poll(now * 5_000_000)
    sink.flush()


# ------------------------------------------------------------ mutated bytes


@counts
def test_mutated_packets_are_parsed_or_refused(count: int) -> None:
    dice, inputs = random.Random(count), material()
    for _ in range(count // 4):
        answers(parse_rtp, mutated(dice, dice.choice(inputs["rtp"])))
        answers(read_h264_size, mutated(dice, dice.choice(inputs["sps"])))
        payload = mutated(dice, dice.choice(inputs["payload"]))
        for codec in CODECS:
            answers(inspect_payload, codec, payload)


@counts
def test_mutated_stun_is_parsed_or_refused_and_never_answered_with_more(count: int) -> None:
    dice, inputs = random.Random(count), material()["stun"]
    for _ in range(count // 4):
        message = mutated(dice, dice.choice(inputs))
        if not answers(parse_stun, message):
            continue
        if answers(write_stun_success, message, bytes(16), 1, b"password"):
            assert len(write_stun_success(message, bytes(16), 1, b"password")) <= len(message)
        if answers(write_stun_error, message, 420, b"password"):
            assert len(write_stun_error(message, 420, b"password")) <= len(message)


@pytest.mark.parametrize("codec", CODECS)
@counts
def test_mutated_streams_leave_the_depacketizer_sound(codec: int, count: int) -> None:
    """Sequence numbers mostly in order, now and then lost, late, or far away; other SSRCs at times."""
    dice, inputs, stream = random.Random(codec * count), material()["payload"], RtpStream()
    sink, now, given_out, bytes_in, bytes_out = Depacketizer(codec, 90_000, 20), 0, 0, 0, 0
    for _ in range(count // 8):
        now += dice.randrange(4_000_000)
        if dice.random() < 0.02:
            stream.sequence += dice.choice([-3, -1, 1, 2, 5, 300, 5000, 40_000])
        if dice.random() < 0.002:
            stream.ssrc = dice.randrange(3)
        payload = dice.choice(inputs)
        payload = payload if dice.random() < 0.6 else mutated(dice, payload)
        bytes_in += len(payload)
        packet = stream.packet(payload, now // 100_000, marker=dice.random() < 0.5)
        sink.push(packet if dice.random() < 0.95 else mutated(dice, packet), now)
        for unit in sink.poll(now):
            given_out += 1
            bytes_out += len(unit.data)
            assert unit.data
    sink.flush()
    if codec in (CODEC_OPUS, CODEC_H264):
        assert given_out
    assert bytes_out <= 8 * bytes_in + 1000 * given_out
