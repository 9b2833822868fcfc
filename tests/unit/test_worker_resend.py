"""What a viewer whose link is narrow is sent again, and what would only make its queue longer."""

import struct

import pytest

from tests.layered import LayerViewer, Vp8Layers
from tests.packet_path import PacketPath, Rtp, add_viewer
from tests.unit.test_worker_bandwidth import Watched, remb

TOP = 127


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def nack(number: int) -> bytes:
    return struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, number & 0xFFFF, 0)


def again(packets: list[Rtp]) -> list[int]:
    """Original numbers of what was sent again, padding of probes left out."""
    return [
        struct.unpack("!H", packet.payload[:2])[0]
        for packet in packets
        if packet.payload_type == 121 and len(packet.payload) > 2
    ]


def paced(path: PacketPath, viewer: LayerViewer, publisher: Vp8Layers) -> None:
    """Has the viewer limited by a REMB that falls below what it is sent."""
    viewer.peer.send_rtcp(remb(4_000_000))
    publisher.run(1_000)
    viewer.peer.send_rtcp(remb(3_000))
    assert path.worker.transport_stats(viewer.peer.transport)["paced"]


def test_of_an_encoding_that_a_limited_viewer_has_left_nothing_is_sent_again(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    peer, consumer = add_viewer(path, publisher.producer)
    viewer = LayerViewer(peer, publisher)
    publisher.run(1_000)
    paced(path, viewer, publisher)
    before = peer.rtp[-1].sequence
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(400)
    assert viewer.shown()[-1] == "l"
    own = peer.rtp[-1].sequence
    peer.send_rtcp(nack(before))
    assert again(peer.rtp) == []
    peer.send_rtcp(nack(own))
    assert again(peer.rtp) == [own]
    assert path.worker.transport_stats(peer.transport)["paced"]


def test_of_an_encoding_that_it_gets_a_limited_viewer_is_sent_lost_packets_again(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    peer, _ = add_viewer(path, publisher.producer)
    publisher.run(1_000)
    before = peer.rtp[-1].sequence
    paced(path, LayerViewer(peer, publisher), publisher)
    peer.send_rtcp(nack(before))
    assert again(peer.rtp) == [before]


def told_late(path: PacketPath, queue_ms: float) -> Watched:
    """A viewer who has told of packets that came `queue_ms` later than the ones before, 75 ms after that."""
    watched = Watched(path)
    numbers = watched.send(30)
    watched.tell(numbers[0], [1_000 + 10 * at for at in range(30)])
    numbers = watched.send(10)
    path.advance(int(queue_ms) + 75)
    watched.tell(numbers[0], [1_300 + queue_ms + 10 * at for at in range(10)])
    return watched


def test_what_waits_in_a_long_queue_is_not_sent_again_before_it_can_have_come(path: PacketPath) -> None:
    watched = told_late(path, 300)
    assert watched.figures["queue_ms"] > 250
    number = watched.viewer.rtp[-1].sequence
    for _ in range(3):
        watched.viewer.send_rtcp(nack(number))
        path.advance(100)
    assert again(watched.viewer.rtp) == [number]
    path.advance(100)
    watched.viewer.send_rtcp(nack(number))
    assert again(watched.viewer.rtp) == [number] * 2


@pytest.mark.parametrize(("queue_ms", "silent_ms"), [(0, 0), (300, 1_100)], ids=["none", "told long ago"])
def test_without_a_queue_that_is_known_of_a_round_trip_is_waited_for_and_no_longer(
    path: PacketPath, queue_ms: int, silent_ms: int
) -> None:
    watched = told_late(path, queue_ms)
    path.advance(silent_ms)
    number = watched.viewer.rtp[-1].sequence
    for _ in range(3):
        watched.viewer.send_rtcp(nack(number))
        path.advance(20)
    assert again(watched.viewer.rtp) == [number] * 3


def test_who_has_room_is_sent_packets_of_before_a_switch_again(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    peer, consumer = add_viewer(path, publisher.producer)
    publisher.run(1_000)
    before = peer.rtp[-1].sequence
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(400)
    peer.send_rtcp(nack(before))
    assert again(peer.rtp) == [before]
