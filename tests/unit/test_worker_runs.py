"""Runs: what leaves for a viewer as one message, evened out by padding, and the gathering window."""

import random
import struct

import pytest

from tests.packet_path import MS, PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

TAG = 16
LARGEST_PADDED = 1200 + TAG


class Burst:
    """A VP8 publisher whose packets come several at a time, and its sound."""

    def __init__(self, path: PacketPath) -> None:
        self.path = path
        self.video = VideoPublisher(path)
        self.audio_sequence = 500
        self.audio = path.worker.add_producer(
            self.video.peer.transport,
            kind="audio",
            mid="1",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(777, 0, "")],
            extensions={},
            nack=False,
            transport_cc=False,
            remb=False,
        )

    def picture(self, size: int, *, key: bool = False) -> bytes:
        """A protected packet whose payload has about `size` bytes."""
        self.video.sequence += 1
        self.video.picture += 1
        payload = vp8_payload(key, self.video.picture, size)
        return self.video.peer.sender.protect(
            Rtp(96, self.video.sequence, self.video.picture * 3000, self.video.ssrc, payload).pack()
        )

    def sound(self, size: int = 80) -> bytes:
        self.audio_sequence += 1
        return self.video.peer.sender.protect(
            Rtp(111, self.audio_sequence, self.audio_sequence * 960, 777, bytes(size)).pack()
        )

    def send(self, *datagrams: bytes) -> None:
        """All of them in one batch, as a socket held them."""
        source = self.video.peer.address
        self.path.worker.inject_batch([(datagram, source) for datagram in datagrams], self.path.now_ns)


def started(path: PacketPath, **kinds: bool) -> tuple[Burst, Peer]:
    """A burst publisher and one viewer that already receives."""
    burst = Burst(path)
    burst.video.frame(key=True)
    viewer, _ = add_viewer(path, burst.video.producer)
    if kinds.get("sound"):
        path.worker.add_consumer(
            viewer.transport,
            kind="audio",
            mid="2",
            ssrc=8888,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(fast.CODEC_OPUS, 109, -1)],
            extensions={fast.EXT_MID: 9, fast.EXT_TRANSPORT_CC: 3, fast.EXT_ABS_SEND_TIME: 2},
            producer=burst.audio,
        )
    path.advance(20)
    burst.send(burst.picture(100), burst.sound())
    path.advance(20)
    viewer.rtp.clear()
    viewer.raw.clear()
    return burst, viewer


def messages_to(path: PacketPath, peer: Peer) -> list[tuple[int, list[int]]]:
    """(segment size or 0, the datagrams' sizes) of each message of media to `peer`, which reads them too."""
    found = []
    for message, segment, address in path.worker.take_messages():
        step = segment or len(message)
        datagrams = [message[at : at + step] for at in range(0, len(message), step)]
        if address == peer.address and datagrams[0][0] >= 128:
            before = len(peer.rtp)
            for datagram in datagrams:
                peer.receive(datagram)
            if len(peer.rtp) > before:
                found.append((segment, [len(datagram) for datagram in datagrams]))
    return found


def transport_numbers(peer: Peer) -> list[int]:
    return [struct.unpack("!H", packet.extensions[3])[0] for packet in peer.rtp]


def assert_cut_as_meant(messages: list[tuple[int, list[int]]]) -> None:
    """What the kernel does not check: equal sizes, and a last one that is not longer."""
    for segment, sizes in messages:
        assert segment == 0 if len(sizes) == 1 else sizes[:-1] == [segment] * (len(sizes) - 1), sizes
        assert sizes[-1] <= (segment or sizes[0])


def test_packets_of_one_batch_leave_as_one_message() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1100), burst.picture(1100), burst.picture(1100))
    (message,) = messages_to(path, viewer)
    assert message == (message[0], [message[0]] * 3)
    assert [len(packet.payload) for packet in viewer.rtp] == [1106] * 3


def test_a_packet_alone_is_no_run() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1100))
    assert [segment for segment, _ in messages_to(path, viewer)] == [0]


def test_sizes_that_differ_are_padded_to_the_largest_and_read_as_sent() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1070), burst.picture(1100), burst.picture(1071), burst.picture(1099))
    ((segment, sizes),) = messages_to(path, viewer)
    assert sizes[:3] == [segment] * 3 and sizes[3] == segment - 1
    assert [len(packet.payload) for packet in viewer.rtp] == [1076, 1106, 1077, 1105]
    assert path.worker.counters()["padding_sent"] == 30 + 29


def test_padding_never_makes_a_packet_longer_than_1200_bytes() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1150), burst.picture(1190))
    assert [len(sizes) for _, sizes in messages_to(path, viewer)] == [1, 1]


def test_large_packets_of_one_size_make_a_run_without_padding() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1190), burst.picture(1190))
    ((segment, sizes),) = messages_to(path, viewer)
    assert sizes == [segment, segment] and segment > LARGEST_PADDED


def test_a_much_shorter_packet_ends_a_run_and_is_not_padded() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(*(burst.picture(size) for size in (1000, 1000, 300, 1000)))
    messages = messages_to(path, viewer)
    assert [len(sizes) for _, sizes in messages] == [3, 1]
    assert path.worker.counters()["padding_sent"] == 0


def test_sound_goes_behind_the_pictures_of_its_batch() -> None:
    path = PacketPath()
    burst, viewer = started(path, sound=True)
    burst.send(burst.picture(1000), burst.sound(), burst.picture(1000))
    ((segment, sizes),) = messages_to(path, viewer)
    assert sizes[:2] == [segment, segment] and sizes[2] < 200
    numbers = transport_numbers(viewer)
    assert numbers == list(range(numbers[0], numbers[0] + 3))


def test_a_run_has_at_most_64_datagrams_and_65000_bytes() -> None:
    path = PacketPath()
    burst, viewer = started(path, sound=True)
    burst.send(*(burst.picture(1000) for _ in range(90)), *(burst.sound() for _ in range(90)))
    messages = messages_to(path, viewer)
    assert_cut_as_meant(messages)
    assert 40 < max(len(sizes) for _, sizes in messages) <= 64
    assert 60_000 < max(sum(sizes) for _, sizes in messages) <= 65_000
    assert len(viewer.rtp) == 180


def test_without_offload_every_packet_goes_alone_and_unpadded() -> None:
    path = PacketPath(merge=False)
    burst, viewer = started(path)
    burst.send(burst.picture(1070), burst.picture(1100))
    assert [segment for segment, _ in messages_to(path, viewer)] == [0, 0]
    assert path.worker.counters()["padding_sent"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_random_batches_arrive_whole_in_order_and_cut_as_meant(seed: int) -> None:
    dice = random.Random(seed)
    path = PacketPath(gather_ms=dice.choice([0, 10]))
    burst, viewer = started(path, sound=True)
    sent: list[int] = []
    received: list[int] = []
    for _ in range(60):
        sizes = [dice.choice([dice.randrange(1, 1190), 1100, 1101]) for _ in range(dice.randrange(1, 30))]
        batch = [burst.picture(size) if size > 150 else burst.sound(size) for size in sizes]
        burst.send(*batch)
        sent += [size + 6 for size in sizes if size > 150]
        path.now_ns += dice.randrange(15) * MS
        path.worker.advance(path.now_ns)
        viewer.rtp.clear()
        assert_cut_as_meant(messages_to(path, viewer))
        numbers = transport_numbers(viewer)
        assert not numbers or numbers == [(numbers[0] + i) % 65536 for i in range(len(numbers))]
        received += [len(packet.payload) for packet in viewer.rtp if packet.ssrc == 5555]
    path.now_ns += 20 * MS
    path.worker.advance(path.now_ns)
    viewer.rtp.clear()
    messages_to(path, viewer)
    received += [len(packet.payload) for packet in viewer.rtp if packet.ssrc == 5555]
    assert received == sent


def test_a_lost_packet_of_a_padded_run_is_resent_without_the_padding() -> None:
    path = PacketPath()
    burst, viewer = started(path)
    burst.send(burst.picture(1070), burst.picture(1100))
    messages_to(path, viewer)
    lost = viewer.rtp[0]
    viewer.rtp.clear()
    viewer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, lost.sequence, 0))
    (resent,) = viewer.rtp
    assert resent.payload == struct.pack("!H", lost.sequence) + lost.payload


# ------------------------------------------------------------ the gathering window


def test_packets_wait_for_the_end_of_the_gathering_window() -> None:
    path = PacketPath(gather_ms=10)
    burst, viewer = started(path)
    burst.send(burst.picture(1000))
    path.now_ns += 4 * MS
    path.worker.advance(path.now_ns)
    burst.send(burst.picture(1000))
    assert messages_to(path, viewer) == []
    path.now_ns += 6 * MS
    path.worker.advance(path.now_ns)
    ((_, sizes),) = messages_to(path, viewer)
    assert len(sizes) == 2


def test_a_room_below_the_gathering_size_waits_for_nothing() -> None:
    path = PacketPath(gather_ms=10, gather_viewers=2)
    burst, viewer = started(path)
    burst.send(burst.picture(1000))
    assert len(messages_to(path, viewer)) == 1


def test_a_viewer_that_leaves_while_its_packets_wait_harms_nobody() -> None:
    path = PacketPath(gather_ms=10)
    burst, viewer = started(path)
    other, _ = add_viewer(path, burst.video.producer, ssrc=6666)
    path.advance(20)
    burst.send(burst.picture(1000))
    path.worker.remove_transport(viewer.transport)
    path.advance(10)
    assert len(messages_to(path, other)) == 0 and other.rtp[-1].payload[-1000:] == bytes(1000)


def test_a_publisher_that_leaves_while_packets_wait_has_them_sent() -> None:
    path = PacketPath(gather_ms=10)
    burst, viewer = started(path)
    burst.send(burst.picture(1000), burst.picture(1000))
    path.worker.remove_producer(burst.video.producer)
    ((_, sizes),) = messages_to(path, viewer)
    assert len(sizes) == 2


def test_a_change_of_source_numbers_what_waits_as_it_was_queued() -> None:
    path = PacketPath(gather_ms=10)
    burst, viewer = started(path)
    other = VideoPublisher(path, first=30_000, ssrc=4444)
    consumer = path.worker.add_consumer(
        viewer.transport,
        kind="video",
        mid="7",
        ssrc=9999,
        rtx_ssrc=0,
        cname="vtp",
        codecs=[(fast.CODEC_VP8, 120, -1)],
        extensions={fast.EXT_TRANSPORT_CC: 3},
        producer=burst.video.producer,
    )
    burst.send(burst.picture(100, key=True))
    path.advance(20)
    viewer.rtp.clear()
    burst.send(burst.picture(900), burst.picture(900))
    path.worker.set_consumer_source(consumer, other.producer)
    other.frame(key=True)
    path.advance(20)
    switched = [packet for packet in viewer.rtp if packet.ssrc == 9999]
    first = switched[0].sequence
    assert [packet.sequence for packet in switched] == [first, first + 1, first + 2]
    assert [len(packet.payload) for packet in switched[:2]] == [906, 906]


# ------------------------------------------------------------ more viewers than a list of waiting ones holds


@pytest.mark.parametrize("gather_ms", [0, 10])
def test_nobody_gets_what_waits_for_another_when_a_list_overflows(gather_ms: int) -> None:
    path = PacketPath(gather_ms=gather_ms)
    burst = Burst(path)
    viewers = [path.peer().connect() for _ in range(4097)]

    def add(viewer: Peer, kind: str, codec: int, ssrc: int, producer: int) -> None:
        path.worker.add_consumer(
            viewer.transport,
            kind=kind,
            mid=kind[0],
            ssrc=ssrc,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(codec, 109, -1)],
            extensions={},
            producer=producer,
        )

    for viewer in viewers:
        add(viewer, "video", fast.CODEC_VP8, 5555, burst.video.producer)
    for viewer in viewers[:70]:
        add(viewer, "audio", fast.CODEC_OPUS, 8888, burst.audio)
    burst.send(burst.picture(10, key=True), burst.sound())
    path.advance(20)
    path.worker.discard_sent()
    for viewer in path.peers:
        viewer.rtp.clear()
    burst.send(burst.picture(20), *(burst.sound(20) for _ in range(60)))
    path.advance(20)
    assert [len(viewer.rtp) for viewer in viewers] == [61] * 70 + [1] * 4027


# ------------------------------------------------------------ numbers that run away while packets wait


@pytest.mark.parametrize("ring", [64, 2048])
@pytest.mark.parametrize("jump", [8192, 4096, 2048, 64])
def test_packets_overwritten_while_they_wait_lead_to_no_number_a_second_time(ring: int, jump: int) -> None:
    path = PacketPath(ring_packets_video=ring)
    burst, viewer = started(path)
    for _ in range(3):  # each is one lap of the 16-bit numbers, in one slot of the ring
        burst.send(burst.picture(500, key=True))
        laps = []
        for _ in range(65536 // jump):
            burst.video.sequence += jump - 1
            laps.append(burst.picture(500))
        burst.send(*laps)
        path.collect()  # the viewer refuses what has the number of another packet
    burst.send(burst.picture(500, key=True), burst.picture(501))
    path.advance(20)
    assert [len(packet.payload) for packet in viewer.rtp[-2:]] == [515, 507]
