"""Sending where lists run full, numbers jump and rings grow: what no ordinary room shows."""

import struct

import pytest

from tests.packet_path import MS, PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

LISTED = 4096
"""Transports with waiting packets that a Worker keeps in a list (LISTED_TRANSPORTS)."""
EVENTS = 1024
"""That wait to be read (EVENT_RING)."""


def frame_of(publisher: VideoPublisher) -> tuple[bytes, tuple[str, int]]:
    """The next frame, protected, and where it comes from."""
    publisher.sequence += 1
    publisher.picture += 1
    packet = Rtp(
        96,
        publisher.sequence,
        publisher.picture * 3000,
        publisher.ssrc,
        vp8_payload(False, publisher.picture, 20),
    )
    return publisher.peer.sender.protect(packet.pack()), publisher.peer.address


def numbers_by_viewer(path: PacketPath) -> dict[tuple[str, int], list[int]]:
    """Sequence numbers of the RTP datagrams that each viewer was sent, unread."""
    found: dict[tuple[str, int], list[int]] = {}
    for datagram, address in path.worker.take_sent():
        if datagram[0] >= 128 and not 192 <= datagram[1] <= 223:
            found.setdefault(address, []).append(struct.unpack("!H", datagram[2:4])[0])
    return found


@pytest.mark.parametrize("gather_ms", [0, 10])
def test_more_viewers_than_a_list_takes_each_get_their_own_packets_once(gather_ms: int) -> None:
    path = PacketPath(gather_ms=gather_ms)
    rooms = [VideoPublisher(path), VideoPublisher(path)]
    viewers: list[Peer] = []
    for publisher in rooms:
        publisher.frame(key=True)
        viewers += [add_viewer(path, publisher.producer)[0] for _ in range(LISTED // 2 + 4)]
    path.advance(40)
    numbers_by_viewer(path)
    batch = [frame_of(rooms[0]), frame_of(rooms[1])] + [frame_of(rooms[0]) for _ in range(4)]
    path.worker.inject_batch(batch, path.now_ns)
    path.now_ns += 20 * MS
    path.worker.advance(path.now_ns)
    sent = numbers_by_viewer(path)
    assert len(sent) == len(viewers)
    for i, viewer in enumerate(viewers):
        numbers = sent[viewer.address]
        assert len(numbers) == (5 if i < len(viewers) // 2 else 1), i
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), i


def assert_each_number_once(viewer: Peer, ssrc: int) -> None:
    """RFC 7714 section 8.1, for runs shorter than 65,536 packets."""
    numbers = [packet.sequence for packet in viewer.rtp if packet.ssrc == ssrc]
    assert len(set(numbers)) == len(numbers)


def test_newcomer_is_not_led_over_a_gap_in_the_ring_that_is_longer_than_a_sequence_number() -> None:
    path = PacketPath(ring_packets_video=65_536)
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, consumer = add_viewer(path, publisher.producer)
    for _ in range(60):
        publisher.frame()
    publisher.frame(key=True)
    publisher.frame()
    publisher.sequence += 32_760
    publisher.peer.send(
        Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, b"", padding=10)
    )  # swallowed: no packet stands where the source's numbers are halfway
    publisher.sequence += 32_740
    publisher.frame()
    path.worker.pause_consumer(consumer, True)
    path.worker.pause_consumer(consumer, False)
    path.advance(20)
    assert_each_number_once(viewer, 5555)
    publisher.frame(key=True)
    assert viewer.rtp[-1].sequence - viewer.rtp[-2].sequence == 1, "it goes on with the next key frame"


def test_a_packet_that_comes_again_after_a_ring_has_grown_is_not_sent_again() -> None:
    path = PacketPath(ring_packets_video=64)
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer)
    while path.worker.producer_stats(publisher.producer)["key_frame_requests"] < 3:  # it answers none
        viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
        publisher.run(200)
    lost = publisher.frame(lost=True)
    late = publisher.peer.sender.protect(lost.pack())
    publisher.frame()
    path.advance(20)
    publisher.resend(lost, 1)
    for _ in range(80):
        publisher.frame()
    assert not path.worker.producer_stats(publisher.producer)["self_paced"]
    while not path.worker.producer_stats(publisher.producer)["self_paced"]:
        viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
        publisher.run(200)
    path.advance(50)
    path.inject(late, publisher.peer.address)
    assert_each_number_once(viewer, 5555)


def test_every_viewer_of_a_large_class_is_told_to_have_started() -> None:
    path = PacketPath()
    publisher = VideoPublisher(path)
    viewers = [add_viewer(path, publisher.producer) for _ in range(EVENTS + 300)]
    path.events()
    publisher.frame(key=True)
    heard = path.events()
    for _ in range(3):
        path.advance(20)
        publisher.frame()
        heard += path.events()
    started = [object_id for kind, object_id, _ in heard if kind == fast.EVENT_CONSUMER_STARTED]
    assert sorted(started) == sorted(consumer for _, consumer in viewers)
    assert fast.EVENT_OVERFLOW not in [kind for kind, _, _ in heard]
