"""RTP headers as RFC 3550 and RFC 8285 lay them out, and the first look at a datagram (RFC 7983)."""

import struct

import pytest

from vtp._rtp_fast import classify_datagram, parse_rtp

SSRC = 0xDEADBEEF


def packet(
    payload: bytes = b"media",
    *,
    csrcs: tuple[int, ...] = (),
    profile: int | None = None,
    extension: bytes = b"",
    padding: int = 0,
    marker: bool = False,
) -> bytes:
    """One RTP packet with the parts asked for."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if profile is not None else 0) | len(csrcs)
    head = struct.pack("!BBHII", first, 0x80 * marker | 96, 65535, 0x12345678, SSRC)
    head += b"".join(struct.pack("!I", csrc) for csrc in csrcs)
    if profile is not None:
        extension += bytes(-len(extension) % 4)
        head += struct.pack("!HH", profile, len(extension) // 4) + extension
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return head + payload + tail


def test_a_plain_packet_gives_its_fields() -> None:
    parsed = parse_rtp(packet(marker=True))
    assert parsed["sequence"] == 65535
    assert parsed["timestamp"] == 0x12345678
    assert parsed["ssrc"] == SSRC
    assert parsed["payload_type"] == 96
    assert parsed["marker"] is True
    assert (parsed["header_len"], parsed["payload_len"], parsed["padding"]) == (12, 5, 0)


def test_csrcs_are_read_and_belong_to_the_header() -> None:
    parsed = parse_rtp(packet(csrcs=(1, 2, 3)))
    assert parsed["csrcs"] == [1, 2, 3]
    assert parsed["header_len"] == 24


def test_one_byte_extensions_are_found_and_padding_bytes_skipped() -> None:
    parsed = parse_rtp(packet(profile=0xBEDE, extension=b"\x12abc\x00\x00\x30Z"))
    assert parsed["extensions"] == [(1, b"abc"), (3, b"Z")]
    assert parsed["payload_len"] == 5


def test_two_byte_extensions_are_found_with_empty_and_long_elements() -> None:
    extension = b"\x01\x00" + b"\x00" + b"\xf0\x14" + bytes(range(20))
    parsed = parse_rtp(packet(profile=0x1005, extension=extension))
    assert parsed["two_byte_extensions"]
    assert parsed["extensions"] == [(1, b""), (0xF0, bytes(range(20)))]


def test_one_byte_id_15_ends_the_list() -> None:
    parsed = parse_rtp(packet(profile=0xBEDE, extension=b"\x10A\xf0B\x20C"))
    assert parsed["extensions"] == [(1, b"A")]


def test_one_byte_id_0_with_a_length_ends_the_list() -> None:
    parsed = parse_rtp(packet(profile=0xBEDE, extension=b"\x10A\x03xxxx\x20C"))
    assert parsed["extensions"] == [(1, b"A")]


@pytest.mark.parametrize("profile, extension", [(0xBEDE, b"\x10A\x2fBC"), (0x1000, b"\x01\x01A\x02\x09")])
def test_an_element_that_runs_past_the_block_ends_the_list(profile: int, extension: bytes) -> None:
    parsed = parse_rtp(packet(profile=profile, extension=extension))
    assert parsed["extensions"] == [(1, b"A")]
    assert parsed["payload_len"] == 5


def test_unknown_extension_profiles_are_skipped_whole() -> None:
    parsed = parse_rtp(packet(profile=0xABCD, extension=b"whatever"))
    assert parsed["extensions"] == []
    assert parsed["header_len"] == 12 + 4 + 8


def test_more_than_sixteen_elements_are_not_looked_at() -> None:
    parsed = parse_rtp(packet(profile=0xBEDE, extension=b"\x10A" * 20))
    assert len(parsed["extensions"]) == 16
    assert parsed["payload_len"] == 5


def test_padding_is_taken_off_the_payload() -> None:
    parsed = parse_rtp(packet(padding=7))
    assert (parsed["payload_len"], parsed["padding"]) == (5, 7)


def test_padding_only_packets_have_no_payload() -> None:
    parsed = parse_rtp(packet(b"", padding=255))
    assert (parsed["payload_len"], parsed["padding"]) == (0, 255)


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"", "shorter"),
        (packet()[:11], "shorter"),
        (b"\x40" + packet()[1:], "version"),
        (packet(b"", csrcs=(1, 2))[:19], "CSRC"),
        (packet(b"", profile=0xBEDE)[:15], "extension"),
        (packet(b"", profile=0xBEDE, extension=bytes(8))[:-1], "extension"),
        (bytes([0xA0]) + packet(b"\x00")[1:], "padding"),
        (bytes([0xA0]) + packet(b"ab\x04")[1:], "padding"),
        (bytes([0xA0]) + packet(b"")[1:], "padding"),
        (packet(bytes(65536)), "longer"),
    ],
)
def test_what_is_not_rtp_is_refused_with_a_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_rtp(data)


@pytest.mark.parametrize(
    "head, kind",
    [
        (b"", "other"),
        (b"\x00\x01", "stun"),
        (b"\x03", "stun"),
        (b"\x04", "other"),
        (b"\x10", "other"),  # ZRTP
        (b"\x13", "other"),
        (b"\x14\xfe", "dtls"),
        (b"\x3f", "dtls"),
        (b"\x40", "other"),  # TURN channels
        (b"\x7f", "other"),
        (b"\x80", "rtp"),
        (b"\x80\x60", "rtp"),
        (b"\x80\xbf", "rtp"),
        (b"\x80\xc0", "rtcp"),
        (b"\x80\xdf", "rtcp"),
        (b"\x80\xe0", "rtp"),
        (b"\xbf\xc8", "rtcp"),
        (b"\xc0", "other"),
    ],
)
def test_the_first_bytes_say_what_a_datagram_is(head: bytes, kind: str) -> None:
    assert classify_datagram(head) == kind
