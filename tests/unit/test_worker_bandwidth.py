"""A viewer's feedback is read in every form, held against what was sent, and told to the control plane."""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest

from tests.bottleneck import Bottleneck
from tests.narrow_viewer import TRANSPORT_CC_ID, Lecture, NarrowViewer
from tests.packet_path import MS, PacketPath, Peer, Rtp, VideoPublisher, add_viewer
from tests.viewer_feedback import FORMS, pack_feedback
from vtp import _rtp_fast as fast

LECTURE_BPS = 2.7e6


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def watch(path: PacketPath, bps: float) -> tuple[Lecture, NarrowViewer]:
    """A lecture with one viewer behind a link of `bps`."""
    publisher = VideoPublisher(path)
    peer, _ = add_viewer(path, publisher.producer)
    viewer = NarrowViewer(path, peer, Bottleneck(bps))
    return Lecture(path, publisher, LECTURE_BPS, [viewer]), viewer


def numbers(packets: list[Rtp]) -> list[int]:
    """The transport-wide numbers of packets, continued over their wrap."""
    found: list[int] = []
    for packet in packets:
        number = int.from_bytes(packet.extensions[TRANSPORT_CC_ID])
        found.append(number if not found else found[-1] + ((number - found[-1] + 0x8000) & 0xFFFF) - 0x8000)
    return found


class Watched:
    """A publisher and a viewer that answers as a test tells it to."""

    def __init__(self, path: PacketPath, *, rtx: bool = True, **options: object) -> None:
        self.path = path
        self.publisher = VideoPublisher(path)
        self.viewer, self.consumer = add_viewer(path, self.publisher.producer, rtx=rtx)
        self.count = 0

    def send(self, packets: int, *, ms: int = 10, size: int = 1000) -> list[int]:
        """Sends one packet every `ms`; their transport-wide numbers."""
        before = len(self.viewer.rtp)
        for _ in range(packets):
            self.path.advance(ms)
            self.publisher.frame(key=self.publisher.picture == 0, size=size)
        return numbers(self.viewer.rtp[before:])

    def tell(self, first: int, arrivals_ms: list[float | None], form: str = "pairs") -> None:
        """Feedback from number `first` on, in ms of the viewer's clock."""
        arrivals = [None if at is None else int(at * MS) for at in arrivals_ms]
        self.viewer.send_rtcp(pack_feedback(first, arrivals, count=self.count, form=form))
        self.count += 1

    @property
    def figures(self) -> fast.TransportStats:
        return self.path.worker.transport_stats(self.viewer.transport)

    @property
    def malformed(self) -> int:
        return self.path.worker.counters()["feedback_malformed"]


# ------------------------------------------------------------ reading feedback


@pytest.mark.parametrize("form", FORMS)
def test_feedback_in_every_form_tells_what_arrives(path: PacketPath, form: str) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(10):
        sent = watched.send(20)
        watched.tell(sent[0], [clock + 10 * i for i in range(20)], form)
        clock += 200
    assert watched.malformed == 0
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.01, rel=0.05)


def test_the_same_in_one_packet_of_several_kinds_of_chunks(path: PacketPath) -> None:
    """A run, a vector of one bit, one of two; one lost, one late, one earlier than the one before."""
    watched = Watched(path)
    watched.send(1)
    [first] = watched.send(1)
    watched.send(40)
    chunks = [0x2000 | 15, 0x8000 | 0b11111111011111, 0xC000 | 0b01_10_10_01_01_01_01]
    deltas = struct.pack("!29B", *[40] * 29) + struct.pack("!hhBBBB", 400, -8, 40, 40, 40, 40)
    body = struct.pack("!HHH", *chunks) + deltas
    # 15 + 13 small ones, one of the pairs, then large, negative and four small ones.
    body += bytes(-len(body) % 4)
    head = struct.pack("!BBHIIHH", 0x8F, 205, 4 + len(body) // 4, 7, 1, first, 36) + bytes([0, 0, 9, 0])
    watched.viewer.send_rtcp(head + body)
    assert watched.malformed == 0
    assert watched.figures["acked_bps"] > 0
    assert watched.figures["available_bps"] > 0


def test_losses_are_counted(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(6):
        sent = watched.send(20)
        watched.tell(sent[0], [None if i in (5, 15) else clock + 10 * i for i in range(20)])
        clock += 200
    assert watched.figures["fraction_lost"] == pytest.approx(0.1)


def test_what_feedback_tells_twice_counts_once(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(10):
        sent = watched.send(20)
        for _ in range(3):
            watched.tell(sent[0], [clock + 10 * i for i in range(20)])
        clock += 200
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.01, rel=0.05)


def test_what_was_told_as_lost_and_comes_after_all_is_not_lost(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(6):
        sent = watched.send(20)
        watched.tell(sent[0], [None if 5 <= i < 12 else clock + 10 * i for i in range(20)])
        watched.tell(sent[5], [clock + 195 for _ in range(7)])
        clock += 200
    assert watched.figures["fraction_lost"] < 0.2


def test_the_reference_time_comes_round(path: PacketPath) -> None:
    """24 bits of 64 ms: after 12 days. The wrap is neither a queue nor a pause."""
    watched = Watched(path)
    clock = (1 << 24) * 64 - 1_000.0
    for _ in range(12):
        sent = watched.send(20)
        watched.tell(sent[0], [clock + 10 * i for i in range(20)])
        clock += 200
    assert watched.figures["queue_ms"] < 5
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.01, rel=0.05)


def test_numbers_come_round(path: PacketPath) -> None:
    watched = Watched(path)
    watched.send(2)
    fast.repeat_rewrite(path.worker, watched.consumer, 65_400)
    clock = 5_000.0
    for _ in range(20):
        sent = watched.send(20)
        watched.tell(sent[0] & 0xFFFF, [clock + 10 * i for i in range(20)])
        clock += 200
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.01, rel=0.05)
    assert watched.figures["fraction_lost"] == 0


def test_numbers_that_never_left_are_not_lost(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(6):
        first = watched.send(10)
        fast.repeat_rewrite(path.worker, watched.consumer, 30)
        second = watched.send(10)
        told: list[float | None] = [clock + 10 * i for i in range(10)]
        told += [None] * (second[0] - first[-1] - 1)
        told += [clock + 100 + 10 * i for i in range(10)]
        watched.tell(first[0], told)
        clock += 200
    assert watched.figures["fraction_lost"] == 0


def test_feedback_that_was_lost_itself_is_no_slower_link(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for i in range(30):
        sent = watched.send(20)
        if i % 3 == 1:
            watched.count += 1
        else:
            watched.tell(sent[0], [clock + 10 * i for i in range(20)])
        clock += 200
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.01, rel=0.1)


def test_a_history_too_short_for_the_round_trip_grows(path: PacketPath) -> None:
    watched = Watched(path)
    told: list[tuple[int, float]] = []
    clock = 5_000.0
    for _ in range(100):
        sent = watched.send(20, ms=5)
        told.append((sent[0], clock))
        clock += 100
        if len(told) > 40:  # 800 packets ago
            first, at = told.pop(0)
            watched.tell(first, [at + 5 * i for i in range(20)])
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.005, rel=0.1)


def test_the_round_trip_is_measured(path: PacketPath) -> None:
    watched = Watched(path)
    clock = 5_000.0
    for _ in range(60):
        sent = watched.send(10)
        path.advance(80)
        watched.tell(sent[0], [clock + 10 * i for i in range(10)])
        clock += 180
    assert watched.figures["rtt_ms"] == pytest.approx(80, abs=2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        struct.pack("!HH", 0, 0) + bytes(4),
        struct.pack("!HH", 0, 5) + bytes(4),
        struct.pack("!HH", 0, 7) + bytes(4) + b"\xff\xff\x00\x00",
        struct.pack("!HH", 0, 14) + bytes(4) + b"\xbf\xff\x00\x00",
        struct.pack("!HH", 0, 100) + bytes(4) + b"\x20\x64\x00\x00",
        struct.pack("!HH", 0, 1) + bytes(4) + b"\x60\x01\x00\x00",
        struct.pack("!HH", 0, 1) + bytes(4) + b"\x00\x00\x00\x00",
        struct.pack("!HH", 0, 5000) + bytes(4) + b"\x13\x88\x00\x00",
    ],
    ids=[
        "empty",
        "none",
        "no chunks",
        "symbol 3",
        "cut deltas",
        "cut run",
        "run of 3",
        "run of 0",
        "too many",
    ],
)
def test_malformed_feedback_changes_nothing(path: PacketPath, body: bytes) -> None:
    watched = Watched(path)
    watched.send(10)
    head = struct.pack("!BBHII", 0x8F, 205, 2 + len(body) // 4, 7, 1)
    watched.viewer.send_rtcp(head + body)
    assert watched.malformed == 1
    assert watched.figures["available_bps"] == 0


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_viewer_tells_its_estimate_has_bounds(path: PacketPath, seed: int) -> None:
    """Feedback put together at random, well-formed and not, of numbers that were sent and of others."""
    dice = random.Random(seed)
    watched = Watched(path)
    for _ in range(400):
        sent = watched.send(dice.choice([1, 5]), ms=dice.choice([1, 5, 100]))
        first = dice.choice([sent[0], sent[0] - dice.randrange(300), dice.randrange(65536)])
        told: list[float | None] = [
            None if dice.random() < 0.3 else 10_000 + dice.uniform(-4000, 4000)
            for _ in range(dice.randrange(1, 60))
        ]
        told[0] = 10_000.0
        packet = bytearray(pack_feedback(first, [None if at is None else int(at * MS) for at in told]))
        if dice.random() < 0.5:
            packet[dice.randrange(12, len(packet))] ^= 1 << dice.randrange(8)
        watched.viewer.send_rtcp(bytes(packet))
        figures = watched.figures
        assert 0 <= figures["available_bps"] <= 200e6
        assert 0 <= figures["rtt_ms"] <= 10_000
        assert 0 <= figures["fraction_lost"] <= 1
    path.worker.close()


# ------------------------------------------------------------ what is told


def test_the_control_plane_hears_of_notable_changes_only(path: PacketPath) -> None:
    lecture, viewer = watch(path, 20e6)
    lecture.run(20_000)
    told = [value for _, _, value in path.events(fast.EVENT_BANDWIDTH)]
    assert told and told[-1] == viewer.figures["available_bps"]
    lecture.run(5_000)
    assert path.events(fast.EVENT_BANDWIDTH) == []


def test_rises_are_told_once_a_second_and_falls_at_once(path: PacketPath) -> None:
    lecture, viewer = watch(path, 5e6)
    seen: list[tuple[float, float]] = []
    before = 0.0
    for _ in range(60):
        lecture.run(50)
        for _, _, value in path.events(fast.EVENT_BANDWIDTH):
            assert isinstance(value, int)
            seen.append((path.now_ns, value))
    rises = [at for (_, one), (at, other) in pairwise(seen) if other > one]
    assert all(b - a >= 1000 * MS for a, b in pairwise(rises))
    viewer.link.bps = 0.5e6
    before = seen[-1][1]
    for _ in range(14):
        lecture.run(50)
        if told := path.events(fast.EVENT_BANDWIDTH):
            assert isinstance(told[0][2], int) and told[0][2] < before
            return
    raise AssertionError("Nobody was told that the link has narrowed.")


def test_many_transports_that_change_leave_room_for_other_events(path: PacketPath) -> None:
    """An event of each transport waits at most once."""
    lecture, viewer = watch(path, 20e6)
    for _ in range(10):
        lecture.run(1_000)
        viewer.link.bps = 0.5e6 if viewer.link.bps > 1e6 else 20e6
    assert len(path.events(fast.EVENT_BANDWIDTH)) == 1


def test_nothing_is_told_that_nobody_follows(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    peer = path.peer().connect()
    path.worker.add_consumer(
        peer.transport,
        kind="video",
        mid="1",
        ssrc=5555,
        rtx_ssrc=0,
        cname="vtp",
        codecs=[(fast.CODEC_VP8, 120, -1)],
        extensions={fast.EXT_TRANSPORT_CC: TRANSPORT_CC_ID},
        producer=publisher.producer,
    )
    viewer = NarrowViewer(path, peer, Bottleneck(20e6))
    Lecture(path, publisher, LECTURE_BPS, [viewer]).run(3_000)
    assert viewer.figures["available_bps"] > 0
    assert path.events(fast.EVENT_BANDWIDTH) == []


def remb(bps: int) -> bytes:
    exponent = max(bps.bit_length() - 18, 0)
    value = exponent << 18 | bps >> exponent
    return (
        struct.pack("!BBHII4sB", 0x8F, 206, 5, 1, 0, b"REMB", 1) + value.to_bytes(3) + struct.pack("!I", 5555)
    )


def test_remb_is_the_estimate_of_who_sends_nothing_else(path: PacketPath) -> None:
    watched = Watched(path)
    watched.send(10)
    watched.viewer.send_rtcp(remb(1_500_000))
    assert watched.figures["available_bps"] == pytest.approx(1_500_000, rel=0.001)
    assert [value for _, _, value in path.events(fast.EVENT_BANDWIDTH)] == [watched.figures["available_bps"]]


def test_remb_counts_for_ten_seconds(path: PacketPath) -> None:
    watched = Watched(path)
    watched.viewer.send_rtcp(remb(1_500_000))
    path.advance(10_100)
    assert watched.figures["available_bps"] == 0


def test_feedback_is_worth_more_than_remb(path: PacketPath) -> None:
    watched = Watched(path)
    sent = watched.send(20)
    watched.tell(sent[0], [5_000 + 10 * i for i in range(20)])
    estimate = watched.figures["available_bps"]
    watched.viewer.send_rtcp(remb(123_000))
    assert watched.figures["available_bps"] == estimate


def test_a_publishers_remb_makes_no_viewer_of_it(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.peer.send_rtcp(remb(1_500_000))
    assert path.worker.transport_stats(publisher.peer.transport)["available_bps"] == 0
    assert path.events(fast.EVENT_BANDWIDTH) == []


# ------------------------------------------------------------ probing


def test_a_wish_is_found_out_about_within_a_second(path: PacketPath) -> None:
    lecture, viewer = watch(path, 20e6)
    path.worker.want_bitrate(viewer.peer.transport, 8e6)
    lecture.run(1_000)
    assert viewer.figures["available_bps"] > 7e6
    assert path.worker.counters()["probes_sent"] <= 3


def test_nobody_is_probed_without_a_wish(path: PacketPath) -> None:
    lecture, _ = watch(path, 20e6)
    lecture.run(5_000)
    assert path.worker.counters()["probes_sent"] == 0


def test_a_probe_does_not_find_more_than_the_link_carries(path: PacketPath) -> None:
    lecture, viewer = watch(path, 5e6)
    path.worker.want_bitrate(viewer.peer.transport, 30e6)
    highest = 0
    for _ in range(60):
        lecture.run(100)
        highest = max(highest, viewer.figures["available_bps"])
    assert 3e6 < highest < 5.6e6


def test_probes_that_find_nothing_become_rare(path: PacketPath) -> None:
    lecture, viewer = watch(path, 3e6)
    path.worker.want_bitrate(viewer.peer.transport, 30e6)
    lecture.run(10_000)
    before = path.worker.counters()["probes_sent"]
    lecture.run(20_000)
    assert 3 <= path.worker.counters()["probes_sent"] - before <= 8


def test_a_widened_link_is_found_within_eight_seconds(path: PacketPath) -> None:
    lecture, viewer = watch(path, 5e6)
    path.worker.want_bitrate(viewer.peer.transport, 4.5e6)
    lecture.run(5_000)
    viewer.link.bps = 0.5e6
    lecture.run(15_000)
    assert viewer.figures["available_bps"] < 0.7e6
    viewer.link.bps = 5e6
    lecture.run(8_000)
    assert viewer.figures["available_bps"] > LECTURE_BPS


@pytest.mark.parametrize("queue_ms", [80, 200])
def test_nobody_is_probed_through_a_long_queue(path: PacketPath, queue_ms: int) -> None:
    """A burst into it finds a share of what others are sent, and makes them wait still longer."""
    watched = Watched(path)
    at_ms = 1_000

    def lecture(turns: int, late_ms: float) -> bool:
        """Until a probe is sent, or so many tenths of a second."""
        nonlocal at_ms
        before = path.worker.counters()["probes_sent"]
        for _ in range(turns):
            numbers = watched.send(10)
            watched.tell(numbers[0], [at_ms + late_ms + 10 * i for i in range(10)])
            at_ms += 100
            if path.worker.counters()["probes_sent"] > before:
                return True
        return False

    lecture(10, 0)
    lecture(20, queue_ms)  # what came later than before is no overuse any more
    assert watched.figures["queue_ms"] == pytest.approx(queue_ms, abs=10)
    path.worker.want_bitrate(watched.viewer.transport, 8e6)
    assert lecture(30, queue_ms) == (queue_ms < 100)


def test_padding_is_of_the_rtx_stream_and_nothing_but_padding(path: PacketPath) -> None:
    lecture, viewer = watch(path, 20e6)
    path.worker.want_bitrate(viewer.peer.transport, 8e6)
    lecture.run(1_000)
    padding = [one.packet for one in viewer.arrived if one.packet.ssrc == 5556]
    assert len(padding) > 20
    assert {packet.payload_type for packet in padding} == {121}
    assert {packet.payload for packet in padding} == {b""}
    assert numbers([one.packet for one in viewer.arrived])[-1] - numbers(
        [one.packet for one in viewer.arrived]
    )[0] + 1 == len(viewer.arrived)


def test_without_rtx_only_mediasoup_client_is_sent_padding(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    plain, _ = add_viewer(path, publisher.producer, rtx=False)
    probated, _ = add_viewer(path, publisher.producer, rtx=False, ssrc=6666, probator=True)
    viewers = [NarrowViewer(path, peer, Bottleneck(20e6)) for peer in (plain, probated)]
    for peer in (plain, probated):
        path.worker.want_bitrate(peer.transport, 8e6)
    Lecture(path, publisher, LECTURE_BPS, viewers).run(1_500)
    assert {one.packet.ssrc for one in viewers[0].arrived} == {5555}
    padding = [one.packet for one in viewers[1].arrived if one.packet.ssrc == 1234]
    assert {packet.payload_type for packet in padding} == {127}
    assert {packet.extensions[9] for packet in padding} == {b"probator"}
    assert {packet.payload for packet in padding} == {b""}
    assert viewers[1].figures["available_bps"] > 7e6 > viewers[0].figures["available_bps"]


def test_a_wish_of_an_unknown_transport_or_without_sense_is_refused(path: PacketPath) -> None:
    peer: Peer = path.peer()
    with pytest.raises(ValueError, match="no transport"):
        path.worker.want_bitrate(99, 1e6)
    with pytest.raises(ValueError, match="bit/s"):
        path.worker.want_bitrate(peer.transport, -1)
