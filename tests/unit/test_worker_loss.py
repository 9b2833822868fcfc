"""Loss both ways: what we ask a publisher for, and what a viewer gets again."""

import struct

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def asked(publisher: VideoPublisher) -> list[int]:
    """Sequence numbers in all generic NACKs that reached the publisher (RFC 4585 section 6.2.1)."""
    numbers = []
    for packet in publisher.peer.rtcp_of(205, 1):
        for at in range(12, len(packet), 4):
            first, mask = struct.unpack("!HH", packet[at : at + 4])
            numbers += [first] + [(first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return numbers


def nack(viewer_ssrc: int, *numbers: int) -> bytes:
    body = b"".join(struct.pack("!HH", number, 0) for number in numbers)
    return struct.pack("!BBHII", 0x81, 205, 2 + len(body) // 4, 1, viewer_ssrc) + body


def rtx_of(packets: list[Rtp]) -> list[Rtp]:
    return [packet for packet in packets if packet.payload_type == 121]


@pytest.mark.parametrize("first", [1000, 65_533, 65_535])
def test_a_gap_is_asked_for_and_the_recovered_packet_is_forwarded_in_its_place(
    path: PacketPath, first: int
) -> None:
    publisher = VideoPublisher(path, first=first)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    lost = publisher.frame(lost=True)
    publisher.frame()
    path.advance(20)
    assert asked(publisher) == [lost.sequence & 0xFFFF]
    publisher.resend(lost, 1)
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 2, 1]
    assert viewer.rtp[2].payload == lost.payload


def test_reordering_within_ten_milliseconds_is_not_nacked(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    late = publisher.frame(lost=True)
    publisher.frame()
    path.advance(5)
    publisher.peer.send(late)
    path.advance(200)
    assert asked(publisher) == []


def test_late_packet_after_wrap_is_not_nacked(path: PacketPath) -> None:
    publisher = VideoPublisher(path, first=65_534)
    publisher.frame(key=True)
    late = publisher.frame(lost=True)
    publisher.frame()
    publisher.peer.send(late)
    path.advance(200)
    assert asked(publisher) == []


def test_a_packet_that_never_comes_is_asked_ten_times_then_a_key_frame_is(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    lost = publisher.frame(lost=True)
    publisher.frame()
    path.advance(3_000)
    assert asked(publisher) == [lost.sequence] * 10
    assert publisher.peer.rtcp_of(206, 1)


def test_a_publisher_without_nack_is_asked_for_a_key_frame_instead(path: PacketPath) -> None:
    publisher = VideoPublisher(path, nack=False)
    publisher.frame(key=True)
    publisher.frame(lost=True)
    publisher.frame()
    path.advance(100)
    assert asked(publisher) == [] and len(publisher.peer.rtcp_of(206, 1)) == 1


def test_a_viewer_gets_a_packet_again_as_rtx_with_the_same_payload(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    publisher.frame()
    original = viewer.rtp[1]
    viewer.send_rtcp(nack(5555, original.sequence))
    again = rtx_of(viewer.rtp)
    assert len(again) == 1
    assert again[0].ssrc == 5556 and again[0].timestamp == original.timestamp and again[0].marker
    assert again[0].payload == struct.pack("!H", original.sequence) + original.payload


def test_the_same_packet_is_not_sent_again_within_a_round_trip(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, consumer = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    number = viewer.rtp[0].sequence
    viewer.send_rtcp(nack(5555, number, number))
    assert len(rtx_of(viewer.rtp)) == 1
    path.advance(50)
    viewer.send_rtcp(nack(5555, number))
    assert len(rtx_of(viewer.rtp)) == 2
    assert path.worker.consumer_stats(consumer)["nacks"] == 3


def test_an_overwritten_or_unknown_packet_is_a_miss(path: PacketPath) -> None:
    small = PacketPath(ring_packets_video=64)
    publisher = VideoPublisher(small)
    viewer, consumer = add_viewer(small, publisher.producer)
    publisher.frame(key=True)
    for _ in range(70):
        publisher.frame()
    viewer.send_rtcp(nack(5555, viewer.rtp[0].sequence, viewer.rtp[-1].sequence + 1000))
    assert rtx_of(viewer.rtp) == []
    assert small.worker.consumer_stats(consumer)["missed"] == 2


def test_a_viewer_without_rtx_gets_nothing_twice(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer, rtx=False)
    publisher.frame(key=True)
    viewer.send_rtcp(nack(5555, viewer.rtp[0].sequence))
    assert len(viewer.rtp) == 1


def test_a_long_gap_is_not_asked_for_packet_by_packet(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    publisher.sequence += 5_000
    publisher.frame()
    path.advance(100)
    assert asked(publisher) == [] and len(publisher.peer.rtcp_of(206, 1)) == 1
