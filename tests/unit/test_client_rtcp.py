"""RTCP as the client writes it, read back by other parsers: aiortc's, and a plain one of the draft's text."""

import random
import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpRtpfbPacket

from vtp.bench._client import nack_packet, transport_feedback

SENDER, MEDIA = 0xCAFE, 0xBEEF
MS = 1_000_000


def read_feedback(packet: bytes) -> dict[int, int | None]:
    """Sequence number to arrival in 250 us, None for not received (draft-holmer, 3.1)."""
    base, count = struct.unpack("!HH", packet[12:16])
    clock = (int.from_bytes(packet[16:19], "big")) * 256
    symbols, at = read_symbols(packet, count)
    arrivals: dict[int, int | None] = {}
    for i, symbol in enumerate(symbols):
        if symbol == 1:
            clock += packet[at]
            at += 1
        elif symbol == 2:
            clock += struct.unpack("!h", packet[at : at + 2])[0]
            at += 2
        arrivals[(base + i) % 65536] = clock if symbol else None
    assert at <= len(packet) < at + 4
    return arrivals


def read_symbols(packet: bytes, count: int) -> tuple[list[int], int]:
    symbols: list[int] = []
    at = 20
    while len(symbols) < count:
        (chunk,) = struct.unpack("!H", packet[at : at + 2])
        at += 2
        if chunk >> 15 == 0:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif chunk >> 14 == 2:
            symbols += [chunk >> (13 - i) & 1 for i in range(14)]
        else:
            symbols += [chunk >> (12 - 2 * i) & 3 for i in range(7)]
    return symbols[:count], at


def round_trip(arrivals: list[tuple[int, int]]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for packet in transport_feedback(arrivals, SENDER, MEDIA):
        assert struct.unpack("!HII", packet[2:12]) == (len(packet) // 4 - 1, SENDER, MEDIA)
        assert packet[:2] == b"\x8f\xcd"
        found |= read_feedback(packet)
    return found


@pytest.mark.parametrize("first", [0, 1, 127, 128, 32767, 32768, 65534, 65535])
def test_feedback_tells_what_came_when_and_what_did_not(first: int) -> None:
    start = 1_700_000_000_000 * MS
    came = [(i, start + i * 7 * MS // 10) for i in range(40) if i % 5 != 3]
    found = round_trip([((first + i) % 65536, arrival) for i, arrival in came])
    assert [(first + i) % 65536 for i in range(40) if i % 5 == 3] == [
        number for number, arrival in found.items() if arrival is None
    ]
    for i, arrival in came:
        wrapped = arrival // 250_000 % (256 << 24)
        assert found[(first + i) % 65536] == wrapped


def test_feedback_of_packets_that_overtook_each_other_has_negative_steps() -> None:
    start = 64 * MS * 1000
    found = round_trip([(10, start), (12, start + 5 * MS), (11, start + 9 * MS), (13, start + 10 * MS)])
    assert [found[number] for number in (10, 11, 12, 13)] == [
        (start + after * MS) // 250_000 for after in (0, 9, 5, 10)
    ]


def test_a_pause_longer_than_a_step_can_say_starts_a_new_packet() -> None:
    packets = transport_feedback([(1, 64 * MS), (2, 64 * MS + 20_000 * MS)], SENDER, MEDIA)
    assert [list(read_feedback(packet)) for packet in packets] == [[1], [2]]


def test_nothing_received_is_no_packet() -> None:
    assert transport_feedback([], SENDER, MEDIA) == []


def test_many_packets_fit_in_several_datagrams() -> None:
    rng = random.Random(7)
    arrivals = [(i, 64 * MS + i * MS) for i in range(1000) if rng.random() > 0.1]
    packets = transport_feedback(arrivals, SENDER, MEDIA)
    assert all(len(packet) <= 1200 for packet in packets)
    found: dict[int, int | None] = {}
    for packet in packets:
        found |= read_feedback(packet)
    assert {number for number, arrival in found.items() if arrival is not None} == {i for i, _ in arrivals}


@pytest.mark.parametrize(
    "numbers",
    [[5], [5, 6, 21], [5, 22], [65534, 65535, 0, 1], list(range(100, 200)), list(range(0, 3000, 20))],
)
def test_a_nack_names_exactly_the_numbers_asked_for(numbers: list[int]) -> None:
    (packet,) = RtcpPacket.parse(nack_packet(numbers, SENDER, MEDIA))
    assert isinstance(packet, RtcpRtpfbPacket)
    assert (packet.fmt, packet.ssrc, packet.media_ssrc) == (1, SENDER, MEDIA)
    assert [number % 65536 for number in packet.lost] == numbers
