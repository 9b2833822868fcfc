"""Reports and bandwidth feedback, read back by aiortc's parsers."""

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpSrPacket

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer
from vtp import _rtp_fast as fast


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def sender_report(ssrc: int, ntp: int, rtp: int) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp, rtp, 0, 0)


def test_publisher_hears_of_loss_and_of_its_report(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    for i in range(100):
        publisher.frame(key=i == 0, lost=i % 10 == 5)
    publisher.peer.send_rtcp(sender_report(publisher.ssrc, 0x1111222233334444, 90_000))
    path.advance(1_100)
    report = RtcpPacket.parse(b"".join(publisher.peer.rtcp_of(201)))[0]
    assert isinstance(report, RtcpRrPacket)
    block = report.reports[0]
    assert block.ssrc == publisher.ssrc and block.packets_lost == 10
    assert block.lsr == 0x22223333 and 60_000 < block.dlsr < 75_000
    assert block.highest_sequence == publisher.sequence - 1


def test_viewer_gets_the_publishers_clock_with_its_own_timestamps(path: PacketPath) -> None:
    first, second = VideoPublisher(path), VideoPublisher(path, ssrc=7777)
    second.timestamp = 1
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    path.worker.set_consumer_source(consumer, second.producer)
    path.advance(100)
    second.peer.send_rtcp(sender_report(second.ssrc, 1000 << 32, second.timestamp))
    at = second.frame(key=True)
    viewer.rtcp.clear()
    path.advance(1_000)
    packets = RtcpPacket.parse(b"".join(viewer.rtcp_of(200)))
    assert isinstance(packets[0], RtcpSrPacket)
    sent = viewer.rtp[-1]
    elapsed = (packets[0].sender_info.ntp_timestamp - (1000 << 32)) / 2**32
    expected = sent.timestamp + (90_000 * elapsed) - (at.timestamp - 1)
    assert abs(packets[0].sender_info.rtp_timestamp - expected) < 10


def test_no_sender_report_for_two_seconds_when_the_publisher_sends_none(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    path.advance(1_900)
    assert viewer.rtcp_of(200) == []
    path.advance(1_200)
    assert viewer.rtcp_of(200)


def feedback_of(publisher: VideoPublisher) -> dict[int, bool]:
    """Transport-wide numbers to received or not (draft-holmer section 3.1, two-bit vector chunks)."""
    statuses: dict[int, bool] = {}
    for packet in publisher.peer.rtcp_of(205, 15):
        base, count = struct.unpack("!HH", packet[12:16])
        at = 20
        for chunk_start in range(0, count, 7):
            (chunk,) = struct.unpack("!H", packet[at : at + 2])
            at += 2
            assert chunk >> 14 == 3
            for i in range(min(7, count - chunk_start)):
                statuses[(base + chunk_start + i) & 0xFFFF] = (chunk >> (12 - 2 * i)) & 3 != 0
    return statuses


def test_switch_of_source_is_followed_by_its_clock_at_once(path: PacketPath) -> None:
    first, second = VideoPublisher(path), VideoPublisher(path, ssrc=7777)
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    for publisher, seconds in ((first, 1000), (second, 5000)):
        publisher.frame()
        publisher.peer.send_rtcp(sender_report(publisher.ssrc, seconds << 32, 90_000))
    path.advance(1_500)
    path.worker.set_consumer_source(consumer, second.producer)
    viewer.rtcp.clear()
    second.frame(key=True)
    path.advance(50)
    reports = viewer.rtcp_of(200)
    assert len(reports) == 1
    assert 5000 <= struct.unpack("!I", reports[0][8:12])[0] <= 5003


def test_what_came_again_by_rtx_is_reported_as_lost_on_the_way(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    for i in range(50):
        lost = publisher.frame(key=i == 0, lost=i % 10 == 5)
        if i % 10 == 5:
            publisher.frame()
            path.advance(20)
            publisher.resend(lost, i)
    path.advance(1_000)
    report = RtcpPacket.parse(b"".join(publisher.peer.rtcp_of(201)))[0]
    assert isinstance(report, RtcpRrPacket)
    assert report.reports[0].packets_lost == 5 and report.reports[0].fraction_lost > 0
    assert path.worker.producer_stats(publisher.producer)["streams"][0]["lost"] == 0


def test_losses_in_front_of_a_feedback_packet_are_told_too(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    path.advance(100)
    publisher.frame(lost=True)
    publisher.frame(lost=True)
    publisher.frame()
    path.advance(100)
    assert feedback_of(publisher) == {0: True, 1: False, 2: False, 3: True}


def test_packet_that_comes_after_its_feedback_is_told_after_all(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    late = publisher.frame(lost=True)
    publisher.frame()
    path.advance(100)
    assert feedback_of(publisher)[1] is False
    publisher.peer.send(late)
    path.advance(100)
    assert feedback_of(publisher) == {0: True, 1: True, 2: True}


def test_feedback_after_a_long_silence_begins_near_what_came(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    path.advance(100)
    publisher.feedback_sequence += 30_000
    publisher.frame()
    publisher.feedback_sequence += 900
    publisher.frame()
    path.advance(100)
    sizes = [struct.unpack("!H", packet[14:16])[0] for packet in publisher.peer.rtcp_of(205, 15)]
    assert sizes and max(sizes) <= 400 and sum(sizes) < 1_000
    assert feedback_of(publisher)[(1 + 30_000) & 0xFFFF] and feedback_of(publisher)[30_902]


def test_probes_without_a_stream_of_ours_are_in_the_feedback(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    probe = struct.pack("!H", publisher.feedback_sequence)
    publisher.peer.send(Rtp(127, 1, 1, 1234, bytes(100), extensions={5: probe}))
    path.advance(100)
    assert feedback_of(publisher) == {0: True, 1: True}


def test_bye_is_told_once(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    for _ in range(5):
        publisher.peer.send_rtcp(struct.pack("!BBHI", 0x81, 203, 1, publisher.ssrc))
    assert path.events(fast.EVENT_BYE) == [(fast.EVENT_BYE, publisher.producer, None)]


@pytest.mark.parametrize("start", [0, 65_500])
def test_transport_wide_feedback_tells_each_number_once(path: PacketPath, start: int) -> None:
    publisher = VideoPublisher(path)
    publisher.feedback_sequence = start
    for i in range(100):
        publisher.frame(key=i == 0, lost=i % 10 == 5)
        path.advance(20)
    path.advance(100)
    expected = {(start + i) & 0xFFFF: i % 10 != 5 for i in range(100)}
    told = feedback_of(publisher)
    assert {number: told.get(number, False) for number in expected} == expected
    total = sum(struct.unpack("!H", packet[14:16])[0] for packet in publisher.peer.rtcp_of(205, 15))
    assert total <= 100


def test_publisher_without_transport_wide_feedback_gets_remb(path: PacketPath) -> None:
    publisher = VideoPublisher(path, transport_cc=False)
    for i in range(50):
        publisher.frame(key=i == 0, size=1000)
        path.advance(40)
    rembs = [p for p in publisher.peer.rtcp_of(206, 15) if p[12:16] == b"REMB"]
    assert rembs and publisher.peer.rtcp_of(205, 15) == []
    exponent, mantissa = rembs[-1][17] >> 2, int.from_bytes(rembs[-1][17:20], "big") & 0x3FFFF
    assert 1_000_000 <= mantissa << exponent <= 6_000_000
    assert struct.unpack("!I", rembs[-1][20:24])[0] == publisher.ssrc


def test_counters_add_up_over_every_kind_of_datagram(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    for datagram in (
        b"",
        b"\x00",
        b"\x50" * 9,
        b"\x16" * 30,
        b"\x80\x60" + bytes(30),
        b"\x80\xc8" + bytes(30),
    ):
        path.inject(datagram, ("198.51.100.9", 9))
    c = path.worker.counters()
    kinds = (
        c["empty_datagrams"]
        + c["unknown_datagrams"]
        + c["dtls_received"]
        + c["rtp_no_tuple"]
        + c["rtp_no_keys"]
    )
    assert (
        kinds + c["rtp_received"] + c["rtcp_received"] + c["stun_requests"] + c["stun_malformed"]
        == (c["datagrams_received"])
    )
