"""What a limited viewer is sent when, and that nobody else notices."""

from __future__ import annotations

import struct

import pytest

from tests.bottleneck import Bottleneck
from tests.narrow_viewer import Lecture, NarrowViewer
from tests.packet_path import AUDIO_SSRC, MS, PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from tests.unit.test_worker_bandwidth import remb
from vtp import _rtp_fast as fast

LECTURE_BPS = 2.7e6


class Class:
    """A lecture with sound, watched over links of these rates."""

    def __init__(self, path: PacketPath, *rates: float, key_packets: int = 10) -> None:
        self.path = path
        self.publisher = VideoPublisher(path)
        self.sound = path.worker.add_producer(
            self.publisher.peer.transport,
            kind="audio",
            mid="9",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(AUDIO_SSRC, 0, "")],
            extensions={},
            nack=False,
            transport_cc=False,
            remb=False,
        )
        self.viewers: list[NarrowViewer] = []
        self.consumers: list[int] = []
        for i, rate in enumerate(rates):
            peer, consumer = add_viewer(path, self.publisher.producer, ssrc=5000 + 10 * i)
            path.worker.add_consumer(
                peer.transport,
                kind="audio",
                mid="2",
                ssrc=9000 + i,
                rtx_ssrc=0,
                cname="vtp",
                codecs=[(fast.CODEC_OPUS, 109, -1)],
                extensions={},
                producer=self.sound,
            )
            self.consumers.append(consumer)
            self.viewers.append(NarrowViewer(path, peer, Bottleneck(rate)))
        self.lecture = Lecture(path, self.publisher, LECTURE_BPS, self.viewers, audio=1)

    def state(self, viewer: int = 0) -> str:
        return self.path.worker.consumer_stats(self.consumers[viewer])["state"]

    @property
    def overflows(self) -> int:
        return self.path.worker.counters()["pacer_overflows"]


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def limited(path: PacketPath, bps: float = 1.3e6) -> Class:
    """A viewer whose link has become too narrow a while ago."""
    room = Class(path, 20e6)
    room.lecture.run(3_000)
    room.viewers[0].link.bps = bps
    room.lecture.run(1_000)
    assert room.viewers[0].figures["paced"]
    return room


def test_a_viewer_with_room_is_never_paced(path: PacketPath) -> None:
    room = Class(path, 20e6)
    for _ in range(40):
        room.lecture.run(250)
        assert not room.viewers[0].figures["paced"]
    assert room.viewers[0].lost == 0


def test_an_estimate_that_has_only_not_grown_yet_limits_nobody(path: PacketPath) -> None:
    """The first one is 1 Mbit/s; nothing has shown that the link carries no more."""
    room = Class(path, 20e6)
    for _ in range(20):
        room.lecture.run(50)
        assert not room.viewers[0].figures["paced"]


def test_a_limited_viewer_is_sent_two_and_a_half_times_its_estimate(path: PacketPath) -> None:
    """Key frames of 60 packets come in one burst; they leave at that rate."""
    room = limited(path)
    viewer = room.viewers[0]
    for _ in range(400):
        figures = viewer.figures
        before = path.worker.transport_stats(viewer.peer.transport)["bytes_sent"]
        room.lecture.run(25)
        sent = path.worker.transport_stats(viewer.peer.transport)["bytes_sent"] - before
        if figures["paced"] and viewer.figures["paced"] and not figures["probing"]:
            rate = 2.5 * max(figures["available_bps"], viewer.figures["available_bps"], 300e3)
            assert sent * 8 / 0.025 <= rate * 1.1 + 11 * 1200 * 8 / 0.025


def test_ten_packets_leave_at_once(path: PacketPath) -> None:
    room = limited(path)
    viewer = room.viewers[0]
    path.advance(500)  # the bucket is full, and the publisher silent
    for one in (viewer,):
        one.turn()
    if room.state() != "live":
        path.advance(2_000)
        for _ in range(3):
            room.publisher.frame(key=True, size=1000)
        path.advance(500)
    before = viewer.sent
    for _ in range(30):
        room.publisher.frame(size=1090)
    burst = viewer.sent - before
    assert 10 <= burst <= 12
    path.advance(5)
    assert viewer.sent - before < 16


def test_what_waits_is_sent_in_order_and_without_holes(path: PacketPath) -> None:
    room = limited(path)
    room.lecture.run(10_000)
    viewer = room.viewers[0]
    own = sorted((one for one in viewer.arrived if one.packet.ssrc == 5000), key=lambda one: one.at_ns)
    sequences = [one.packet.sequence for one in own]
    assert len(set(sequences)) == len(sequences)
    assert sequences == sorted(sequences)
    sent = viewer.path.worker.consumer_stats(room.consumers[0])["packets"]
    assert sequences[-1] - sequences[0] + 1 <= sent


def test_sound_never_waits(path: PacketPath) -> None:
    room = limited(path)
    viewer = room.viewers[0]
    start, packets = path.now_ns, room.lecture.audio_sequence
    viewer.link.queue_ms = 10_000
    sounds = viewer.sent
    before = len([one for one in viewer.underway + viewer.arrived if one.packet.ssrc == 9000])
    room.lecture.run(5_000)
    after = len([one for one in viewer.underway + viewer.arrived if one.packet.ssrc == 9000])
    assert path.now_ns - start == 5_000 * MS and sounds < viewer.sent
    assert after - before == room.lecture.audio_sequence - packets


def test_who_falls_too_far_behind_goes_on_at_a_key_frame(path: PacketPath) -> None:
    room = limited(path, 0.5e6)
    keys = room.lecture.keys
    longest = 0.0
    for _ in range(400):
        room.lecture.run(10)
        longest = max(longest, room.viewers[0].figures["waiting_ms"])
    assert room.overflows > 0
    assert room.lecture.keys > keys
    assert longest <= 620
    sequences = [one.packet.sequence for one in room.viewers[0].arrived if one.packet.ssrc == 5000]
    assert sequences == sorted(set(sequences))


def test_the_rest_after_falling_behind_grows(path: PacketPath) -> None:
    """A link that carries nothing like it costs the publisher few key frames."""
    room = limited(path, 0.4e6)
    room.lecture.run(20_000)
    before = room.lecture.keys
    room.lecture.run(20_000)
    assert room.lecture.keys - before <= 8


def test_others_notice_nothing(path: PacketPath) -> None:
    room = Class(path, 20e6, 20e6)
    room.lecture.run(3_000)
    room.viewers[0].link.bps = 0.5e6
    good = room.viewers[1]
    before, sent = len(good.arrived), good.sent
    room.lecture.run(10_000)
    assert room.viewers[0].figures["paced"]
    assert good.lost == 0 and not good.figures["paced"]
    pictures = [one for one in good.arrived[before:] if one.packet.ssrc == 5010]
    assert len(pictures) >= 2_980  # of 3,000
    assert good.sent > sent


def test_without_feedback_for_a_second_the_pacer_lets_go(path: PacketPath) -> None:
    room = limited(path)
    room.viewers[0].answers = False
    room.lecture.run(1_200)
    assert not room.viewers[0].figures["paced"]


def test_when_the_link_widens_pacing_ends(path: PacketPath) -> None:
    room = limited(path)
    room.viewers[0].link.bps = 20e6
    room.lecture.run(8_000)
    assert not room.viewers[0].figures["paced"]
    assert room.state() == "live"


def test_a_wrong_low_estimate_starves_nobody(path: PacketPath) -> None:
    """A moment of bad luck on a good link; soon it is sent all again."""
    room = Class(path, 20e6)
    viewer = room.viewers[0]
    room.lecture.run(3_000)
    viewer.link.bps = 0.2e6
    room.lecture.run(2_000)
    viewer.link.bps = 20e6
    room.lecture.run(5_000)
    start = path.now_ns
    room.lecture.run(3_000)
    assert viewer.rate_bps(start) > 0.95 * LECTURE_BPS


def test_a_newcomer_behind_a_narrow_link_catches_up_through_the_pacer(path: PacketPath) -> None:
    """A second picture for a viewer who is limited already: its ring is not poured out at once."""
    room = limited(path)
    viewer = room.viewers[0]
    second = VideoPublisher(path, ssrc=7777)
    path.worker.add_consumer(
        viewer.peer.transport,
        kind="video",
        mid="5",
        ssrc=8000,
        rtx_ssrc=0,
        cname="vtp",
        codecs=[(fast.CODEC_VP8, 120, -1)],
        extensions={fast.EXT_TRANSPORT_CC: 3},
        producer=0,
    )
    second.frame(key=True, size=1000)
    for _ in range(60):
        second.frame(size=1000)
    before = viewer.sent
    consumers = path.worker.counters()["consumers"]
    assert consumers == 3
    path.worker.set_consumer_source(
        max(
            room.consumers[0],
            path.worker.add_consumer(
                viewer.peer.transport,
                kind="video",
                mid="6",
                ssrc=8100,
                rtx_ssrc=0,
                cname="vtp",
                codecs=[(fast.CODEC_VP8, 120, -1)],
                extensions={fast.EXT_TRANSPORT_CC: 3},
            ),
        ),
        second.producer,
    )
    path.collect()
    assert viewer.sent - before <= 12
    path.advance(5)
    assert viewer.sent - before <= 20


def test_a_remb_that_fell_limits_too(path: PacketPath) -> None:
    room = Class(path, 20e6)
    viewer = room.viewers[0]
    viewer.answers = False
    viewer.peer.send_rtcp(remb(4_000_000))
    room.lecture.run(2_000)
    assert not viewer.figures["paced"]
    viewer.peer.send_rtcp(remb(1_000_000))
    room.lecture.run(200)
    assert viewer.figures["paced"]
    room.lecture.run(3_500)
    assert not viewer.figures["paced"]


def test_a_remb_that_has_only_not_grown_yet_limits_nobody(path: PacketPath) -> None:
    room = Class(path, 20e6)
    viewer = room.viewers[0]
    viewer.answers = False
    for bps in (300_000, 400_000, 500_000):
        viewer.peer.send_rtcp(remb(bps))
        room.lecture.run(1_000)
        assert not viewer.figures["paced"]


@pytest.mark.parametrize("act", ["consumer", "transport", "producer", "pause", "source"])
def test_whoever_goes_while_packets_wait_leaves_nothing_behind(path: PacketPath, act: str) -> None:
    room = limited(path, 0.8e6)
    for _ in range(200):
        room.lecture.run(5)
        if room.state() == "replay":
            break
    assert room.state() == "replay"
    worker, viewer = path.worker, room.viewers[0]
    if act == "consumer":
        worker.remove_consumer(room.consumers[0])
    elif act == "transport":
        worker.remove_transport(viewer.peer.transport)
    elif act == "producer":
        worker.remove_producer(room.publisher.producer)
    elif act == "pause":
        worker.pause_consumer(room.consumers[0], True)
    else:
        worker.set_consumer_source(room.consumers[0], 0)
    path.advance(100)
    assert worker.counters()["replaying"] == 0
    worker.close()


class LargeKeyFrames:
    """A publisher of one encoding with key frames of `key_packets` packets, and a viewer who tells REMB."""

    def __init__(self, path: PacketPath, *, key_packets: int, period_ms: int = 0) -> None:
        self.path = path
        self.publisher = VideoPublisher(path)
        self.viewer, self.consumer = add_viewer(path, self.publisher.producer, extensions={})
        self.key_packets = key_packets
        self.period_ms = period_ms
        self.asked = 0
        self.keys = 0
        self.ms = 0
        self.waiting: list[Rtp] = []

    def picture(self, key: bool, packets: int) -> None:
        """Puts one picture at the end of what the publisher still has to send."""
        publisher = self.publisher
        for i in range(packets):
            payload = vp8_payload(key and i == 0, publisher.picture, 1_090)
            if i:
                payload = bytes([0x80]) + payload[1:]  # not the start of a partition
            marker = i == packets - 1
            self.waiting.append(
                Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, payload, marker)
            )
            publisher.sequence += 1
        publisher.timestamp += 9_000
        publisher.picture += 1

    def run(self, ms: int, bps: int) -> None:
        for _ in range(ms // 5):
            self.path.advance(5)
            self.ms += 5
            if self.ms % 500 == 0:
                self.viewer.send_rtcp(remb(bps))
            if self.ms % 100 == 0:
                block = struct.pack("!IIIIII", 5555, 0, 65_536 + self.ms, 10, 0, 0)
                self.viewer.send_rtcp(struct.pack("!BBHI", 0x81, 201, 7, 1) + block)
                asked = len(self.publisher.peer.rtcp_of(206, 1))
                due = self.period_ms and self.ms % self.period_ms == 0
                key = asked > self.asked or self.keys == 0 or bool(due)
                self.asked = asked
                self.keys += key
                self.picture(key, self.key_packets if key else 6)
            for packet in self.waiting[:10]:
                self.publisher.peer.send(packet)
            del self.waiting[:10]

    def whole_key_frames(self, since: int) -> int:
        """Of those that came after the first `since` packets."""
        sizes: dict[int, int] = {}
        for packet in self.viewer.rtp[since:]:
            sizes[packet.timestamp] = sizes.get(packet.timestamp, 0) + 1
        return sum(size == self.key_packets for size in sizes.values())


@pytest.mark.parametrize(("key_packets", "period_ms"), [(100, 0), (250, 0), (100, 1_000)])
def test_a_key_frame_that_takes_longer_than_the_bound_is_sent_to_its_end(
    path: PacketPath, key_packets: int, period_ms: int
) -> None:
    """At 750 kbit/s 100 packets take 1.2 s, twice what a viewer may be behind; the next would be as large."""
    room = LargeKeyFrames(path, key_packets=key_packets, period_ms=period_ms)
    room.run(3_000, 4_000_000)
    assert path.worker.transport_stats(room.viewer.transport)["paced"] is False
    room.run(2_000, 300_000)
    assert path.worker.transport_stats(room.viewer.transport)["paced"] is True
    before = len(room.viewer.rtp)
    room.keys = 0  # the next picture is a key frame
    room.run(20_000, 300_000)
    assert path.worker.transport_stats(room.viewer.transport)["paced"] is True
    assert room.whole_key_frames(before) >= 1
    numbers = [one.sequence for one in room.viewer.rtp]
    assert numbers == sorted(set(numbers))


def test_what_a_large_key_frame_took_is_made_up_for(path: PacketPath) -> None:
    """The pictures after it fit the link, so none is given up: the viewer sees all, soon without delay."""
    room = LargeKeyFrames(path, key_packets=120)
    room.run(3_000, 4_000_000)
    room.run(2_000, 300_000)
    path.worker.pause_consumer(room.consumer, True)
    room.run(500, 300_000)
    before, overflows = len(room.viewer.rtp), path.worker.counters()["pacer_overflows"]
    path.worker.pause_consumer(room.consumer, False)
    room.run(12_000, 300_000)
    assert room.whole_key_frames(before) >= 1
    assert path.worker.counters()["pacer_overflows"] == overflows
    assert path.worker.transport_stats(room.viewer.transport)["waiting_ms"] < 600
