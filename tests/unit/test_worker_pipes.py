"""A producer piped to a second Worker: its viewers there get what those at home get, whatever happens."""

import struct

import pytest

from tests.packet_path import (
    MS,
    PacketPath,
    Peer,
    Rtp,
    SimulcastPublisher,
    VideoPublisher,
    add_viewer,
    vp8_payload,
)
from vtp import _rtp_fast as fast


class TwoWorkers:
    """Two packet paths on one clock: publishers are at `home`, viewers mostly `away`."""

    def __init__(self, **options: int) -> None:
        self.home, self.away = PacketPath(**options), PacketPath(**options)

    def settle(self) -> None:
        """Both threads wake, the one away first."""
        for path in (self.away, self.home, self.away):
            path.worker.advance(path.now_ns)
            path.collect()

    def advance(self, ms: int) -> None:
        for _ in range(ms // 5):
            for path in (self.home, self.away):
                path.now_ns += 5 * MS
            self.settle()

    def outlet(self, producer: int) -> int:
        return self.away.worker.add_outlet(self.home.worker, producer)


@pytest.fixture
def pair() -> TwoWorkers:
    return TwoWorkers()


def requests(publisher: VideoPublisher) -> int:
    return len(publisher.peer.rtcp_of(206, 1))


def payloads(viewer: Peer) -> list[bytes]:
    return [packet.payload for packet in viewer.rtp]


def assert_same(viewer: Peer, other: Peer) -> None:
    """Both viewers got the same packets at the same distances of number and time."""
    assert viewer.rtp and len(viewer.rtp) == len(other.rtp)
    for packet, same in zip(viewer.rtp, other.rtp, strict=True):
        assert packet.payload == same.payload and packet.marker == same.marker
        assert packet.payload_type == same.payload_type and packet.extensions.keys() == same.extensions.keys()
        for mine, theirs, bits in (("sequence", "sequence", 16), ("timestamp", "timestamp", 32)):
            distance = getattr(packet, mine) - getattr(viewer.rtp[0], mine)
            other_distance = getattr(same, theirs) - getattr(other.rtp[0], theirs)
            assert (distance - other_distance) % (1 << bits) == 0


def nack(viewer: Peer, ssrc: int, sequence: int) -> None:
    viewer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, ssrc, sequence, 0))


def test_viewer_away_gets_what_a_viewer_at_home_gets(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    for i in range(400):
        publisher.frame(key=i % 50 == 0, size=200 + 3 * i)
        if i % 3 == 0:
            pair.advance(5)
    pair.settle()
    assert len(away.rtp) == 400
    assert_same(away, at_home)


def test_packets_of_a_batch_are_published_together_after_it(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    sent = [publisher.frame(key=True), publisher.frame(), publisher.frame()]
    assert away.rtp == []
    pair.settle()
    assert payloads(away) == [packet.payload for packet in sent]


def test_newcomer_away_starts_at_once_from_packets_that_came_before_the_pipe(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.frame()
    sent = [publisher.frame(key=True)] + [publisher.frame() for _ in range(9)]
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    sent.append(publisher.frame())
    pair.advance(20)
    assert payloads(away) == [packet.payload for packet in sent]
    assert requests(publisher) == 0


def test_a_backlog_longer_than_one_part_is_copied_whole(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    sent = [publisher.frame(key=True, size=50)] + [publisher.frame(size=50) for _ in range(999)]
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    pair.advance(400)
    assert payloads(away) == [packet.payload for packet in sent]


def test_a_backlog_longer_than_the_usual_ring_is_kept_of_a_self_paced_publisher(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    add_viewer(pair.home, publisher.producer)
    publisher.frame()
    for _ in range(30):
        pair.advance(100)
        publisher.frame()
    assert pair.home.worker.producer_stats(publisher.producer)["self_paced"]
    pair.advance(50)
    publisher.frame(key=True, size=20)
    for _ in range(2_999):
        publisher.frame(size=20)
    outlet = pair.outlet(publisher.producer)
    assert pair.away.worker.producer_stats(outlet)["self_paced"]
    away, _ = add_viewer(pair.away, outlet)
    pair.advance(2_000)
    assert len(away.rtp) == 3_000


def test_sound_starts_with_the_next_packet(pair: TwoWorkers) -> None:
    speaker = pair.home.peer().connect()
    producer = pair.home.worker.add_producer(
        speaker.transport,
        kind="audio",
        mid="0",
        codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
        encodings=[(77, 0, "")],
        extensions={},
        nack=False,
        transport_cc=False,
        remb=False,
    )
    speaker.send(Rtp(111, 1, 960, 77, b"one"))
    listener, _ = add_viewer(pair.away, pair.outlet(producer), kind="audio")
    speaker.send(Rtp(111, 2, 1920, 77, b"two"))
    speaker.send(Rtp(111, 3, 2880, 77, b"three"))
    pair.settle()
    assert payloads(listener) == [b"two", b"three"]


def test_key_frame_requests_away_reach_the_publisher_once(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.frame()
    outlet = pair.outlet(publisher.producer)
    viewers = [add_viewer(pair.away, outlet)[0] for _ in range(5)]
    add_viewer(pair.home, publisher.producer)
    pair.settle()
    for viewer in viewers:
        viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
    pair.settle()
    assert requests(publisher) == 1
    pair.advance(20)
    publisher.frame(key=True)
    pair.settle()
    assert all(len(viewer.rtp) == 1 for viewer in viewers)
    viewers[0].send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
    pair.settle()
    assert requests(publisher) == 1
    pair.advance(550)
    assert requests(publisher) == 2


def test_a_key_frame_that_came_home_meanwhile_is_not_asked_for_again(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.frame()
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    pair.settle()
    for _ in range(20):
        pair.advance(100)
        publisher.frame(key=requests(publisher) > len([p for p in payloads(away) if p[4:6] == b"\x10\x00"]))
        away.send_rtcp(struct.pack("!BBHII20x", 0x81, 201, 7, 1, 5555))
    assert requests(publisher) == 1


def test_what_a_viewer_away_lost_is_sent_again_from_the_ring_there(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    sent = [publisher.frame(key=i == 0) for i in range(10)]
    pair.settle()
    pair.home.worker.remove_producer(publisher.producer)
    nack(away, 5555, away.rtp[4].sequence)
    pair.advance(20)
    again = away.rtp[-1]
    assert again.ssrc == 5556 and again.payload[2:] == sent[4].payload
    assert struct.unpack("!H", again.payload[:2])[0] == away.rtp[4].sequence


def test_a_repaired_packet_comes_late_under_its_own_number(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    lost = publisher.frame(lost=True)
    for _ in range(4):
        publisher.frame()
    pair.advance(10)
    publisher.resend(lost, 1)
    publisher.resend(lost, 2)
    pair.advance(10)
    assert away.rtp[-1].payload == lost.payload
    assert_same(away, at_home)


def test_padding_only_packets_leave_no_hole_away(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    for _ in range(70):
        publisher.peer.send(Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, b"", padding=50))
        publisher.sequence += 1
        publisher.frame()
    pair.settle()
    numbers = [packet.sequence for packet in away.rtp]
    assert numbers == list(range(numbers[0], numbers[0] + 71))
    assert_same(away, at_home)


def test_new_ssrc_of_the_publisher_is_followed_at_its_key_frame(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    publisher.frame()
    pair.advance(600)
    publisher.ssrc, publisher.sequence, publisher.timestamp = 9_999, 40_000, 5
    pair.home.inject(publisher.peer.sender.protect(restarted(publisher)), publisher.peer.address)
    pair.advance(30)
    assert len(away.rtp) == 2
    assert requests(publisher) >= 1
    pair.home.inject(publisher.peer.sender.protect(restarted(publisher, key=True)), publisher.peer.address)
    pair.home.inject(publisher.peer.sender.protect(restarted(publisher)), publisher.peer.address)
    pair.settle()
    assert len(away.rtp) == 4
    assert payloads(away) == payloads(at_home)
    numbers = [packet.sequence for packet in away.rtp]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def restarted(publisher: VideoPublisher, *, key: bool = False) -> bytes:
    """A frame under the new SSRC that names its line."""
    publisher.sequence += 1
    publisher.timestamp += 3000
    payload = vp8_payload(key, publisher.sequence, 90)
    return Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, payload, True, {4: b"0"}).pack()


def test_a_new_ssrc_is_followed_whose_numbers_are_lower_when_the_one_before_only_probed(
    pair: TwoWorkers,
) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.peer.send(Rtp(96, 50_000, 90_000, publisher.ssrc, b"", padding=50))
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    pair.advance(600)
    publisher.ssrc, publisher.sequence = 9_999, 100
    for key in (True, False):
        pair.home.inject(publisher.peer.sender.protect(restarted(publisher, key=key)), publisher.peer.address)
    pair.settle()
    assert len(away.rtp) == 2
    assert_same(away, at_home)


def test_pause_stops_viewers_away_and_resume_starts_them_at_a_key_frame(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    outlet = pair.outlet(publisher.producer)
    away, _ = add_viewer(pair.away, outlet)
    publisher.frame(key=True)
    pair.home.worker.pause_producer(publisher.producer, True)
    pair.settle()
    assert pair.away.worker.producer_stats(outlet)["paused"]
    newcomer, _ = add_viewer(pair.away, outlet)
    publisher.frame(key=True)
    pair.advance(50)
    assert (len(away.rtp), len(newcomer.rtp)) == (1, 0), "who comes in a pause sees nothing from before it"
    pair.home.worker.pause_producer(publisher.producer, False)
    publisher.frame()
    pair.settle()
    assert (len(away.rtp), len(newcomer.rtp)) == (1, 0)
    assert requests(publisher) == 1
    publisher.frame(key=True)
    pair.settle()
    assert (len(away.rtp), len(newcomer.rtp)) == (2, 1)


def test_a_pause_shorter_than_a_wake_still_ends_with_a_key_frame(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    pair.settle()
    publisher.frame()
    pair.home.worker.pause_producer(publisher.producer, True)
    publisher.frame()
    pair.home.worker.pause_producer(publisher.producer, False)
    publisher.frame()
    pair.settle()
    assert len(away.rtp) == 2, "the two from before the pause"
    publisher.frame(key=True)
    pair.settle()
    assert len(away.rtp) == 3


def test_outlet_of_a_paused_producer_is_paused_until_the_resume(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.frame(key=True)
    pair.home.worker.pause_producer(publisher.producer, True)
    outlet = pair.outlet(publisher.producer)
    away, _ = add_viewer(pair.away, outlet)
    pair.advance(50)
    assert away.rtp == []
    pair.home.worker.pause_producer(publisher.producer, False)
    publisher.frame(key=True)
    pair.settle()
    assert len(away.rtp) == 1


def test_codec_switch_of_the_publisher_comes_through(pair: TwoWorkers) -> None:
    sender = pair.home.peer().connect()
    producer = pair.home.worker.add_producer(
        sender.transport,
        kind="video",
        mid="0",
        codecs=[(96, fast.CODEC_VP8, 90_000, -1), (102, fast.CODEC_H264, 90_000, -1)],
        encodings=[(1111, 0, "")],
        extensions={},
        nack=True,
        transport_cc=False,
        remb=False,
    )
    away, _ = add_viewer(pair.away, pair.outlet(producer))
    sender.send(Rtp(96, 1, 0, 1111, vp8_payload(True, 1, 50), True))
    sender.send(Rtp(102, 2, 3000, 1111, bytes([0x67, 0x42, 0xE0, 0x1F, 0x95, 0xA8, 0x14, 0x01, 0x6E]), False))
    sender.send(Rtp(102, 3, 3000, 1111, bytes([0x65]) + bytes(30), True))
    pair.settle()
    assert [packet.payload_type for packet in away.rtp] == [120, 122, 122]


def test_every_encoding_comes_through_and_the_highest_is_shown(pair: TwoWorkers) -> None:
    publisher = SimulcastPublisher(pair.home, "lh")
    publisher.frame("l", key=True)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame("l")
    pair.settle()
    publisher.frame("lh", key=True)
    pair.settle()
    publisher.frame("lh")
    pair.settle()
    assert [packet.payload[-1:] for packet in away.rtp] == [b"l", b"l", b"l", b"h", b"h"]
    assert_same(away, at_home)
    for _ in range(30):
        pair.advance(100)
        publisher.frame("l", key=True)
    assert away.rtp[-1].payload[-1:] == b"l"


def test_sender_reports_are_carried_through(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    report = struct.pack("!BBHIQIII", 0x80, 200, 6, publisher.ssrc, 1000 << 32, 90_000, 0, 0)
    publisher.peer.send_rtcp(report)
    pair.advance(1_100)
    (sent, *_) = away.rtcp_of(200)
    ntp, rtp = struct.unpack("!QI", sent[8:20])
    assert 0 <= (ntp >> 32) - 1000 <= 1
    elapsed = (ntp - (1000 << 32)) / 2**32
    assert abs((rtp - away.rtp[0].timestamp) % 2**32 - elapsed * 90_000) < 10


def test_a_report_from_before_the_pipe_is_known_away(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    publisher.frame(key=True)
    publisher.peer.send_rtcp(struct.pack("!BBHIQIII", 0x80, 200, 6, publisher.ssrc, 5 << 32, 90_000, 0, 0))
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    pair.advance(100)
    assert struct.unpack("!Q", away.rtcp_of(200)[0][8:16])[0] >> 32 == 5


def test_a_full_pipe_drops_and_counts_and_asks_for_a_key_frame(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    at_home, _ = add_viewer(pair.home, publisher.producer)
    away, _ = add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    pair.settle()
    for _ in range(1_000):
        publisher.frame(size=1_100)
    counters = pair.home.worker.counters()
    assert counters["pipe_dropped"] > 400
    assert counters["pipe_packets"] + counters["pipe_dropped"] == 1_001
    pair.settle()
    assert requests(publisher) == 1
    assert len(away.rtp) == counters["pipe_packets"]
    publisher.frame(key=True)
    pair.settle()
    assert away.rtp[-1].payload == at_home.rtp[-1].payload
    assert (away.rtp[-1].sequence - away.rtp[0].sequence) % 65536 == 1_001


def test_nothing_is_written_after_the_outlet_is_gone(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    outlet = pair.outlet(publisher.producer)
    away, consumer = add_viewer(pair.away, outlet)
    publisher.frame(key=True)
    pair.settle()
    pair.away.worker.remove_producer(outlet)
    pair.settle()
    before = pair.home.worker.counters()["pipe_packets"]
    publisher.frame()
    pair.settle()
    assert pair.home.worker.counters()["pipe_packets"] == before
    assert pair.away.worker.counters()["pipes"] == 0
    pair.away.worker.set_consumer_source(consumer, pair.outlet(publisher.producer))
    pair.settle()
    assert len(away.rtp) == 3


def test_producers_end_leaves_a_silent_outlet(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    outlet = pair.outlet(publisher.producer)
    away, _ = add_viewer(pair.away, outlet)
    publisher.frame(key=True)
    publisher.frame()
    pair.home.worker.remove_producer(publisher.producer)
    away.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 5555))
    pair.advance(2_000)
    assert len(away.rtp) == 2, "what was under way still comes"
    pair.away.worker.remove_producer(outlet)
    pair.settle()
    assert pair.home.worker.counters()["producers"] == pair.away.worker.counters()["producers"] == 0


@pytest.mark.parametrize("first", ["home", "away"])
@pytest.mark.parametrize("woken", [False, True])
def test_either_worker_may_close_first(pair: TwoWorkers, first: str, woken: bool) -> None:
    publisher = VideoPublisher(pair.home)
    add_viewer(pair.away, pair.outlet(publisher.producer))
    publisher.frame(key=True)
    if woken:
        pair.settle()
    workers = [pair.home.worker, pair.away.worker]
    if first == "away":
        workers.reverse()
    workers[0].close()
    if first == "away":
        for _ in range(5):
            publisher.frame()
        pair.home.advance(20)
    else:
        pair.away.advance(20)
    workers[1].close()


def test_a_producer_is_not_piped_within_its_worker_nor_into_a_closed_one(pair: TwoWorkers) -> None:
    publisher = VideoPublisher(pair.home)
    with pytest.raises(ValueError, match="its own Worker"):
        pair.home.worker.add_outlet(pair.home.worker, publisher.producer)
    with pytest.raises(ValueError, match="no producer"):
        pair.outlet(12345)
    pair.away.worker.close()
    with pytest.raises(ValueError, match="closed"):
        pair.outlet(publisher.producer)
    pair.home.advance(5)
    publisher.frame(key=True)
    assert pair.home.worker.counters()["pipe_packets"] == 0


def test_viewer_goes_from_a_producer_of_its_own_worker_to_a_piped_one_without_a_break(
    pair: TwoWorkers,
) -> None:
    here, there = VideoPublisher(pair.away), VideoPublisher(pair.home, ssrc=7777)
    viewer, consumer = add_viewer(pair.away, here.producer)
    here.frame(key=True)
    pair.away.worker.set_consumer_source(consumer, pair.outlet(there.producer))
    here.frame()
    there.frame()
    pair.settle()
    assert len(viewer.rtp) == 2
    there.frame(key=True)
    pair.settle()
    here.frame()
    there.frame()
    pair.settle()
    numbers = [packet.sequence for packet in viewer.rtp]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
