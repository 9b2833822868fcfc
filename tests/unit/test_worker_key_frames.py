"""Who waits for a key frame gets one: requests, self-paced publishers, switches, pauses, jumps."""

import struct

import pytest

from tests.packet_path import PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def requests(publisher: VideoPublisher) -> int:
    return len(publisher.peer.rtcp_of(206, 1))


def self_paced(publisher: VideoPublisher) -> bool:
    return bool(publisher.path.worker.producer_stats(publisher.producer)["self_paced"])


def receiver_report(viewer: Peer, ssrc: int) -> None:
    viewer.send_rtcp(struct.pack("!BBHII20x", 0x81, 201, 7, 1, ssrc))


def test_publisher_that_sends_nothing_is_not_taken_for_self_paced(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    add_viewer(path, publisher.producer)
    path.advance(10_000)
    assert not self_paced(publisher)
    assert requests(publisher) <= 4, "and is asked rarely"


def test_self_paced_publisher_that_begins_to_answer_is_asked_as_others_again(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    publisher.run(100)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.run(2_000)
    assert self_paced(publisher)
    for _ in range(3):
        before = requests(publisher)
        while requests(publisher) == before:
            viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
            publisher.run(100)
        publisher.frame(key=True)
    assert not self_paced(publisher)


def test_self_paced_publisher_stays_so_when_a_key_frame_comes_long_after_the_request(
    path: PacketPath,
) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.run(2_000)
    for _ in range(8):
        viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
        publisher.run(4_000)
        publisher.frame(key=True)
    assert self_paced(publisher)


def test_waiting_viewer_is_asked_for_until_a_key_frame_comes_whatever_reports_say(path: PacketPath) -> None:
    first, second = VideoPublisher(path), VideoPublisher(path, ssrc=7777)
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    path.worker.set_consumer_source(consumer, second.producer)
    receiver_report(viewer, 5555)
    path.worker.remove_producer(first.producer)
    second.frame()
    second.run(200)
    assert requests(second) == 1
    second.frame(key=True)
    assert len(viewer.rtp) == 2


def test_viewer_without_the_new_sources_codec_costs_it_no_key_frames(path: PacketPath) -> None:
    first = VideoPublisher(path)
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    peer = path.peer().connect()
    other = path.worker.add_producer(
        peer.transport,
        kind="video",
        mid="0",
        codecs=[(98, fast.CODEC_VP9, 90_000, -1)],
        encodings=[(9999, 0, "")],
        extensions={},
        nack=False,
        transport_cc=False,
        remb=False,
    )
    path.worker.set_consumer_source(consumer, other)
    for i in range(40):
        peer.send(Rtp(98, i, i * 3000, 9999, bytes([0x8C if i else 0x0C, 0x82]) + bytes(40), True))
        path.advance(100)
    assert len(peer.rtcp_of(206, 1)) <= 4
    first.frame()
    assert len(viewer.rtp) == 2, "it stays with the source it can show"


def test_resumed_producer_goes_on_at_a_key_frame_with_no_hole(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    path.worker.pause_producer(publisher.producer, True)
    publisher.run(1_000)
    path.worker.pause_producer(publisher.producer, False)
    path.collect()
    publisher.frame()
    assert len(viewer.rtp) == 1 and requests(publisher) >= 1
    publisher.frame(key=True)
    publisher.frame()
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 1, 2]


def test_what_was_not_wanted_while_paused_is_no_loss(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    publisher.frame(lost=True)
    publisher.frame()
    path.worker.pause_producer(publisher.producer, True)
    before = path.worker.counters()["nacks_sent"]
    publisher.run(3_000)
    path.worker.pause_producer(publisher.producer, False)
    publisher.run(1_000)
    assert path.worker.counters()["nacks_sent"] == before
    assert path.worker.producer_stats(publisher.producer)["streams"][0]["lost"] == 1


def test_paused_producer_is_not_asked_for_key_frames(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    path.worker.pause_producer(publisher.producer, True)
    add_viewer(path, publisher.producer)
    publisher.run(3_000)
    assert requests(publisher) == 0


def test_source_whose_numbers_jump_far_is_shown_without_the_jump(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    publisher.sequence += 30_000
    publisher.frame()
    publisher.frame(key=True)
    publisher.sequence += 30_000
    publisher.frame(key=True)
    publisher.frame()
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 1, 2, 3]


def test_switches_during_replay_leave_no_turn_every_five_milliseconds(path: PacketPath) -> None:
    """`consumer_stats` tells the state; the packet path's timers slow down only when no replay is counted."""
    first, second = VideoPublisher(path), VideoPublisher(path, ssrc=7777)
    first.frame(key=True)
    for _ in range(40):
        first.frame()
    _, consumer = add_viewer(path, first.producer)
    assert path.worker.consumer_stats(consumer)["state"] == "replay"
    path.worker.set_consumer_source(consumer, second.producer)
    second.frame(key=True)
    path.advance(100)
    assert path.worker.consumer_stats(consumer)["state"] == "live"
    assert path.worker.counters()["replaying"] == 0


def h264(nal: int, *, timestamp: int, sequence: int, size: int = 60) -> Rtp:
    return Rtp(102, sequence, timestamp, 1111, bytes([0x60 | nal, 0x80]) + bytes(size), nal == 5)


SPS = bytes.fromhex("6742c01fda014016ec0440000003004000000c03c60ca8")


def test_h264_starts_with_its_parameter_sets_even_when_they_come_late(path: PacketPath) -> None:
    peer = path.peer().connect()
    producer = path.worker.add_producer(
        peer.transport,
        kind="video",
        mid="0",
        codecs=[(102, fast.CODEC_H264, 90_000, -1)],
        encodings=[(1111, 0, "")],
        extensions={},
        nack=True,
        transport_cc=False,
        remb=False,
    )
    viewer, _ = add_viewer(path, producer)
    peer.send(h264(1, timestamp=1, sequence=10))
    late = Rtp(102, 11, 2, 1111, SPS)
    peer.send(h264(5, timestamp=2, sequence=12))
    assert viewer.rtp == []
    peer.send(late)
    assert [packet.payload[0] & 0x1F for packet in viewer.rtp] == [7, 5]


def test_late_padding_is_passed_on_so_that_viewers_see_no_hole(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    padding = Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, b"", padding=50)
    publisher.sequence += 1
    publisher.frame()
    publisher.peer.send(padding)
    publisher.frame()
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 2, 1, 3]
    assert viewer.rtp[2].payload == b""


def test_swallowed_number_that_comes_again_by_rtx_takes_no_other_packets_place(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    lost = publisher.frame(lost=True)
    padding = Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, b"", padding=50)
    publisher.peer.send(padding)
    publisher.sequence += 1
    publisher.resend(padding, 1)
    publisher.frame()
    publisher.resend(lost, 2)
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 2, 1]
    assert viewer.rtp[2].payload == vp8_payload(False, 1, 200)
