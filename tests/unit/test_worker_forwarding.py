"""Forwarding in the packet path: rewriting, start, switch, pause, padding, and the uniqueness of every IV."""

import random
import struct

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer
from vtp import _rtp_fast as fast

ALL_PROFILES = [fast.PROFILE_AES_CM_128_SHA1_80, fast.PROFILE_AEAD_AES_128_GCM, fast.PROFILE_AEAD_AES_256_GCM]


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def assert_continuous(packets: list[Rtp]) -> None:
    assert packets
    numbers = [packet.sequence for packet in packets]
    assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(len(numbers))]


@pytest.mark.parametrize("profile", ALL_PROFILES)
def test_viewer_gets_its_own_payload_type_ssrc_mid_and_numbers(path: PacketPath, profile: int) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer, profile=profile)
    sent = [publisher.frame(key=True), publisher.frame(), publisher.frame()]
    assert_continuous(viewer.rtp)
    for original, packet in zip(sent, viewer.rtp, strict=True):
        assert (packet.payload_type, packet.ssrc, packet.marker) == (120, 5555, True)
        assert packet.payload == original.payload
        assert packet.extensions[9] == b"1"
        assert packet.timestamp - viewer.rtp[0].timestamp == original.timestamp - sent[0].timestamp
    assert viewer.rtp[0].sequence < 2**15
    assert [struct.unpack("!H", p.extensions[3])[0] for p in viewer.rtp] == [1, 2, 3]


def test_viewer_starts_at_a_key_frame_and_asks_for_it(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame()
    assert viewer.rtp == []
    assert len(publisher.peer.rtcp_of(206, 1)) == 1
    publisher.frame(key=True)
    publisher.frame()
    assert len(viewer.rtp) == 2


def test_newcomer_starts_from_the_ring_when_the_key_frame_is_recent(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    sent = [publisher.frame(key=True), publisher.frame(), publisher.frame()]
    viewer, _ = add_viewer(path, publisher.producer)
    assert [packet.payload for packet in viewer.rtp] == [packet.payload for packet in sent]


def key_frame_requests(publisher: VideoPublisher) -> int:
    return len(publisher.peer.rtcp_of(206, 1))


def test_newcomer_from_the_ring_asks_for_no_key_frame_once_its_feedback_came(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer)
    assert len(viewer.rtp) == 1
    path.advance(250)
    feedback = struct.pack("!BBHIIHHI", 0x8F, 205, 5, 1, 5555, 1, 1, 0) + struct.pack("!HBB", 0x2001, 4, 0)
    viewer.send_rtcp(feedback)
    path.advance(5_000)
    assert key_frame_requests(publisher) == 0


def test_newcomer_from_the_ring_that_reports_nothing_asks_three_times(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    add_viewer(path, publisher.producer)
    asked: list[int] = []
    for _ in range(40):
        path.advance(100)
        publisher.frame(key=key_frame_requests(publisher) > len(asked))
        asked += [path.now_ns] * (key_frame_requests(publisher) - len(asked))
    after_ms = [round((at - asked[0]) / 1e6) for at in asked]
    assert len(asked) == 3
    assert after_ms[1] in range(600, 901) and after_ms[2] in range(2_600, 2_901)


def test_long_backlog_comes_in_turns_and_in_order(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    sent = [publisher.frame(key=True)] + [publisher.frame() for _ in range(99)]
    viewer, _ = add_viewer(path, publisher.producer)
    assert 0 < len(viewer.rtp) < 100
    path.advance(20)
    sent.append(publisher.frame())
    path.advance(60)
    assert [packet.payload for packet in viewer.rtp] == [packet.payload for packet in sent]
    assert_continuous(viewer.rtp)


def test_padding_only_packets_are_swallowed_and_their_numbers_closed_up(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    for _ in range(70):
        publisher.peer.send(Rtp(96, publisher.sequence, publisher.timestamp, publisher.ssrc, b"", padding=50))
        publisher.sequence += 1
        publisher.frame()
    assert len(viewer.rtp) == 71
    assert_continuous(viewer.rtp)


@pytest.mark.parametrize("first", [0, 1, 127, 128, 32767, 32768, 65534, 65535])
def test_sequence_goes_on_over_every_wrap(path: PacketPath, first: int) -> None:
    publisher = VideoPublisher(path, first=first)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    for _ in range(5):
        publisher.frame()
    assert_continuous(viewer.rtp)


def test_reordered_packets_keep_their_numbers(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    late = publisher.frame(lost=True)
    publisher.frame()
    publisher.peer.send(late)
    publisher.peer.send(late)
    assert [packet.sequence - viewer.rtp[0].sequence for packet in viewer.rtp] == [0, 2, 1]


def test_switch_of_source_goes_on_in_sequence_time_and_picture_ids(path: PacketPath) -> None:
    first = VideoPublisher(path)
    second = VideoPublisher(path, first=40_000, ssrc=7777)
    second.timestamp, second.picture = 5, 9_000
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    first.frame()
    second.frame()
    path.worker.set_consumer_source(consumer, second.producer)
    path.collect()
    first.frame()
    path.advance(40)
    second.frame(key=True)
    first.frame()
    second.frame()
    assert_continuous(viewer.rtp)
    assert len(viewer.rtp) == 5
    steps = [b.timestamp - a.timestamp for a, b in zip(viewer.rtp, viewer.rtp[1:], strict=False)]
    assert steps == [3000, 3000, 3600, 3000], "40 ms passed at the switch"
    ids = [struct.unpack("!H", packet.payload[2:4])[0] & 0x7FFF for packet in viewer.rtp]
    assert ids == [ids[0] + i for i in range(5)]


def test_source_that_ends_leaves_the_viewer_waiting_for_the_next(path: PacketPath) -> None:
    first = VideoPublisher(path)
    viewer, consumer = add_viewer(path, first.producer)
    first.frame(key=True)
    path.worker.remove_producer(first.producer)
    second = VideoPublisher(path, ssrc=7777)
    path.worker.set_consumer_source(consumer, second.producer)
    second.frame(key=True)
    assert_continuous(viewer.rtp)
    assert len(viewer.rtp) == 2


def test_paused_viewer_gets_nothing_and_resumes_at_a_key_frame(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, consumer = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    path.worker.pause_consumer(consumer, True)
    path.advance(3000)
    publisher.frame()
    assert len(viewer.rtp) == 1
    path.worker.pause_consumer(consumer, False)
    publisher.frame()
    assert len(viewer.rtp) == 1
    publisher.frame(key=True)
    assert_continuous(viewer.rtp)
    assert len(viewer.rtp) == 2


def test_key_frame_requests_of_many_viewers_reach_the_publisher_twice_a_second(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewers = [add_viewer(path, publisher.producer, ssrc=6000 + 2 * i)[0] for i in range(20)]
    before = len(publisher.peer.rtcp_of(206, 1))
    for turn in range(100):
        for viewer in viewers[:10]:
            viewer.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, 6000 + 2 * viewers.index(viewer)))
        path.advance(50)
        if turn % 3 == 0:
            publisher.frame(key=True)
    assert 9 <= len(publisher.peer.rtcp_of(206, 1)) - before <= 11


def test_publisher_that_answers_no_request_is_asked_rarely(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame()
    add_viewer(path, publisher.producer)
    publisher.run(2_000)
    assert path.events(fast.EVENT_PRODUCER_SELF_PACED) == [
        (fast.EVENT_PRODUCER_SELF_PACED, publisher.producer, None)
    ]
    before = len(publisher.peer.rtcp_of(206, 1))
    publisher.run(20_000)
    assert 3 <= len(publisher.peer.rtcp_of(206, 1)) - before <= 5


def test_newcomer_begins_with_the_old_key_frame_once_the_publisher_is_known_to_answer_none(
    path: PacketPath,
) -> None:
    publisher = VideoPublisher(path)
    sent = [publisher.frame(key=True)]
    path.advance(3_000)
    sent.append(publisher.frame())
    viewer, _ = add_viewer(path, publisher.producer)
    for _ in range(14):
        path.advance(100)
        sent.append(publisher.frame())
    assert viewer.rtp == []
    path.advance(200)
    assert [packet.payload for packet in viewer.rtp] == [packet.payload for packet in sent]
    sent.append(publisher.frame())
    assert [packet.payload for packet in viewer.rtp] == [packet.payload for packet in sent]


def test_ssrc_is_never_given_out_twice_under_the_same_keys(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, consumer = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    path.worker.remove_consumer(consumer)
    with pytest.raises(ValueError, match="cannot be used again"):
        path.worker.add_consumer(
            viewer.transport,
            kind="video",
            mid="2",
            ssrc=5555,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(fast.CODEC_VP8, 120, -1)],
            extensions={},
        )


def test_no_key_ssrc_and_index_is_ever_encrypted_twice_with_different_bytes() -> None:
    """A fuzzed run: loss, reordering, duplicates, NACKs, pauses and switches (RFC 7714 section 8.1)."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    path = PacketPath(ring_packets_video=64)
    publishers = [VideoPublisher(path, first=65_500), VideoPublisher(path, first=65_000, ssrc=7777)]
    viewer, consumer = add_viewer(path, publishers[0].producer)
    held: list[tuple[VideoPublisher, Rtp]] = []
    resent = 0
    for _ in range(6000):
        publisher = rng.choice(publishers)
        packet = publisher.frame(key=rng.random() < 0.1, lost=rng.random() < 0.2)
        held.append((publisher, packet))
        if rng.random() < 0.3:
            owner, late = rng.choice(held[-20:])
            if rng.random() < 0.5:
                owner.peer.send(late)
            else:
                resent += 1
                owner.resend(late, resent)
        if viewer.rtp and rng.random() < 0.3:
            lost = (viewer.rtp[-1].sequence - rng.randrange(600)) & 0xFFFF
            viewer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, lost, rng.randrange(65536)))
        if rng.random() < 0.02:
            path.worker.set_consumer_source(consumer, rng.choice(publishers).producer)
        if rng.random() < 0.01:
            path.worker.pause_consumer(consumer, rng.random() < 0.2)
        if rng.random() < 0.05:
            path.advance(rng.choice([5, 30, 200]))
    seen: dict[tuple[int, int], bytes] = {}
    highest: dict[int, int] = {}
    for datagram in viewer.raw:
        if datagram[0] < 4 or 192 <= datagram[1] <= 223:
            continue
        ssrc, sequence = struct.unpack("!I", datagram[8:12])[0], struct.unpack("!H", datagram[2:4])[0]
        top = highest.setdefault(ssrc, sequence)
        index = top + ((sequence - top + 32768) % 65536 - 32768)
        highest[ssrc] = max(top, index)
        assert seen.setdefault((ssrc, index), datagram) == datagram
    assert len(seen) > 1000 and len({ssrc for ssrc, _ in seen}) == 2
