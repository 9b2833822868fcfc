"""Random walks of the sending side, each packet compared with what a plain model says the viewer must get."""

import random
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tests.packet_path import MS, PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

PROFILES = [fast.PROFILE_AES_CM_128_SHA1_80, fast.PROFILE_AEAD_AES_128_GCM, fast.PROFILE_AEAD_AES_256_GCM]
OWN = {fast.EXT_MID, fast.EXT_ABS_SEND_TIME, fast.EXT_TRANSPORT_CC}
PASSED = [
    fast.EXT_AUDIO_LEVEL,
    fast.EXT_VIDEO_ORIENTATION,
    fast.EXT_ABS_CAPTURE_TIME,
    fast.EXT_PLAYOUT_DELAY,
    fast.EXT_TOFFSET,
    fast.EXT_DEPENDENCY_DESCRIPTOR,
]
AV1_KEY = bytes([0x18, 0x0A, 0x0B, 0x00, 0x00, 0x00, 0x04, 0x3C, 0xFF, 0xBC, 0xFB, 0x11, 0x80])


def pack(
    payload_type: int, sequence: int, ssrc: int, elements: list[tuple[int, bytes]], payload: bytes
) -> bytes:
    """An RTP packet whose header extension has the smallest form that carries the elements (RFC 8285)."""
    out = struct.pack("!BBHII", 0x90, payload_type, sequence & 0xFFFF, sequence * 3000 & 0xFFFFFFFF, ssrc)
    if all(i <= 14 and 1 <= len(data) <= 16 for i, data in elements):
        profile, block = 0xBEDE, b"".join(bytes([i << 4 | len(data) - 1]) + data for i, data in elements)
    else:
        profile, block = 0x1000, b"".join(bytes([i, len(data)]) + data for i, data in elements)
    block += bytes(-len(block) % 4)
    return out + struct.pack("!HH", profile, len(block) // 4) + block + payload


@dataclass
class Watching:
    """A viewer's consumer and what it negotiated."""

    peer: Peer
    ssrc: int
    mid: str
    extensions: dict[int, int]
    expected: list[tuple[dict[int, bytes], bytes]] = field(default_factory=list)


def model(watching: Watching, given: dict[int, bytes], av1: bool) -> dict[int, bytes]:
    """Extensions by kind that a viewer gets; send time and transport-wide number by their length only."""
    found = {}
    for kind in watching.extensions:
        if kind in OWN:
            found[kind] = {fast.EXT_MID: watching.mid.encode()}.get(kind, b"")
        elif kind in given and (av1 or kind != fast.EXT_DEPENDENCY_DESCRIPTOR):
            found[kind] = given[kind]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_every_combination_of_header_extensions_arrives_in_runs_cut_where_they_should_be(seed: int) -> None:
    dice = random.Random(seed)
    path = PacketPath()
    publisher = path.peer(dice.choice(PROFILES)).connect()
    av1 = seed % 2 == 0
    codec = fast.CODEC_AV1 if av1 else fast.CODEC_VP8
    ids = dict(zip(PASSED, dice.sample(range(1, dice.choice([15, 256])), len(PASSED)), strict=True))
    producer = path.worker.add_producer(
        publisher.transport,
        kind="video",
        mid="0",
        codecs=[(96, codec, 90_000, -1)],
        encodings=[(1111, 0, "")],
        extensions=ids,
        nack=False,
        transport_cc=False,
        remb=False,
    )
    viewers = []
    for _ in range(20):
        peer = path.peer(dice.choice(PROFILES)).connect()
        kinds = dice.sample([*OWN, *PASSED], dice.randrange(len(PASSED) + 4))
        numbers = dice.sample(range(1, dice.choice([15, 256])), len(kinds))
        mid = "m" * dice.randrange(1, 17)
        watching = Watching(peer, 5555, mid, dict(zip(kinds, numbers, strict=True)))
        path.worker.add_consumer(
            peer.transport,
            kind="video",
            mid=mid,
            ssrc=5555,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(codec, 120, -1)],
            extensions=watching.extensions,
            producer=producer,
        )
        viewers.append(watching)
    sequence = 70
    for turn in range(40):
        batch = []
        for first in range(dice.randrange(1, 12)):
            sequence += 1
            key = turn == 0 and first == 0
            given = {kind: dice.randbytes(dice.choice([1, 3, 8, 16, 0, 17, 60])) for kind in PASSED}
            given = {kind: data for kind, data in given.items() if dice.random() < 0.4 and not key}
            size = dice.choice([1000, 1001, dice.randrange(1150)])
            body = AV1_KEY if av1 and key else bytes([0x10, 0x32, *bytes(size)]) if av1 else b""
            payload = body or vp8_payload(key, sequence, size)
            elements = [(ids[kind], data) for kind, data in given.items()]
            plain = pack(96, sequence, 1111, elements, payload)
            batch.append((publisher.sender.protect(plain), publisher.address))
            for watching in viewers:
                watching.expected.append((model(watching, given, av1), payload))
        path.worker.inject_batch(batch, path.now_ns)
        path.advance(5)
    for watching in viewers:
        names = {number: kind for kind, number in watching.extensions.items()}
        assert len(watching.peer.rtp) == len(watching.expected)
        for packet, (extensions, payload) in zip(watching.peer.rtp, watching.expected, strict=True):
            got = {names[number]: data for number, data in packet.extensions.items()}
            assert set(got) == set(extensions)
            for kind, data in got.items():
                if kind in (fast.EXT_ABS_SEND_TIME, fast.EXT_TRANSPORT_CC):
                    assert len(data) == (3 if kind == fast.EXT_ABS_SEND_TIME else 2)
                elif kind != fast.EXT_DEPENDENCY_DESCRIPTOR:
                    assert data == extensions[kind]
                else:
                    assert (len(data), data[:1], data[3:]) == (
                        len(extensions[kind]),
                        extensions[kind][:1],
                        extensions[kind][3:],
                    )
            assert packet.payload == payload if av1 else len(packet.payload) == len(payload)


# ------------------------------------------------------------ what is remembered, and for how long


class Av1Publisher:
    """Sends AV1 with dependency descriptors; every frame is one packet."""

    def __init__(self, path: PacketPath, ssrc: int, frame_number: int) -> None:
        self.peer = path.peer().connect()
        self.ssrc = ssrc
        self.sequence = 100
        self.frame_number = frame_number
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(96, fast.CODEC_AV1, 90_000, -1)],
            encodings=[(ssrc, 0, "")],
            extensions={fast.EXT_DEPENDENCY_DESCRIPTOR: 7},
            nack=False,
            transport_cc=False,
            remb=False,
        )

    def frame(self, *, key: bool = False) -> bytes:
        """The next frame, protected."""
        self.sequence += 1
        self.frame_number += 1
        descriptor = struct.pack("!BH", 0xC0, self.frame_number & 0xFFFF)
        payload = AV1_KEY if key else bytes([0x10, 0x32, *bytes(50)])
        return self.peer.sender.protect(pack(96, self.sequence, self.ssrc, [(7, descriptor)], payload))


def test_frame_numbers_go_on_from_the_newest_frame_when_the_last_packet_came_late() -> None:
    path = PacketPath()
    first, second = Av1Publisher(path, 1111, 40_000), Av1Publisher(path, 2222, 9)
    viewer = path.peer().connect()
    consumer = path.worker.add_consumer(
        viewer.transport,
        kind="video",
        mid="1",
        ssrc=5555,
        rtx_ssrc=0,
        cname="vtp",
        codecs=[(fast.CODEC_AV1, 120, -1)],
        extensions={fast.EXT_DEPENDENCY_DESCRIPTOR: 5},
        producer=first.producer,
    )
    path.inject(first.frame(key=True), first.peer.address)
    late = first.frame()
    for packet in (first.frame(), late):
        path.inject(packet, first.peer.address)
    path.worker.set_consumer_source(consumer, second.producer)
    for packet in (second.frame(key=True), second.frame()):
        path.inject(packet, second.peer.address)
    numbers = [struct.unpack("!H", packet.extensions[5][1:])[0] for packet in viewer.rtp]
    assert numbers == [40_001, 40_003, 40_002, 40_004, 40_005]


def test_nothing_from_before_256_changes_of_source_is_resent() -> None:
    path = PacketPath()
    publishers = [VideoPublisher(path), VideoPublisher(path, ssrc=4444)]
    viewer, consumer = add_viewer(path, publishers[0].producer)
    for publisher in publishers:
        publisher.frame(key=True)  # from now on each change has it sent, out of the ring
    old = viewer.rtp[-1].sequence
    for turn in range(256):
        path.worker.set_consumer_source(consumer, publishers[(turn + 1) % 2].producer)
    path.collect()
    assert (viewer.rtp[-1].sequence - old) % 65536 == 256
    viewer.rtp.clear()
    viewer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, old, 0))
    assert viewer.rtp == [] and path.worker.consumer_stats(consumer)["missed"] == 1
    viewer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, (old + 256) % 65536, 0))
    assert len(viewer.rtp) == 1


def test_send_times_go_on_when_the_machine_has_been_up_for_more_than_a_year() -> None:
    path = PacketPath()
    path.now_ns = 2**55 - 50 * MS
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    publisher.run(300)
    times = [int.from_bytes(packet.extensions[2], "big") for packet in viewer.rtp]
    assert [(b - a) % 2**24 for a, b in pairwise(times)] == pytest.approx([26214] * 3, abs=1)


# ------------------------------------------------------------ a whole Worker, everything changing under it


class Walk:
    """Publishers, viewers and commands at random; what viewers get is held against what they got before."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.path = PacketPath(
            gather_ms=dice.choice([0, 0, 7]),
            ring_packets_video=dice.choice([64, 256, 2048]),
            ring_packets_audio=dice.choice([16, 64]),
            gather_viewers=dice.choice([0, 3]),
        )
        self.publishers: list[VideoPublisher] = []
        self.sounds: dict[int, int] = {}
        self.viewers: list[Peer] = []
        self.consumers: dict[int, tuple[Peer, int, str]] = {}
        self.steady = dice.choice([0.97, 0.97, 0.3])
        self.next_ssrc = 10_000
        self.owners: dict[int, Peer] = {}
        self.numbers: dict[tuple[int, int], int] = {}  # (viewer, SSRC): highest extended number
        self.sent: dict[tuple[int, int, int], Rtp] = {}  # (viewer, SSRC, extended number)
        self.feedback: dict[int, int] = {}
        self.resent = self.runs = self.packets = 0
        for _ in range(3):
            self.add_publisher()
        for _ in range(5):
            self.add_viewer()

    def add_publisher(self) -> None:
        publisher = VideoPublisher(self.path, first=self.dice.randrange(100, 65536), ssrc=self.ssrc())
        self.publishers.append(publisher)
        self.sounds[publisher.producer] = self.path.worker.add_producer(
            publisher.peer.transport,
            kind="audio",
            mid="9",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(publisher.ssrc + 2222, 0, "")],
            extensions={fast.EXT_AUDIO_LEVEL: 3},
            nack=False,
            transport_cc=False,
            remb=False,
        )

    def ssrc(self) -> int:
        self.next_ssrc += 10_000
        return self.next_ssrc

    def add_viewer(self) -> None:
        self.viewers.append(self.path.peer(self.dice.choice(PROFILES)).connect())
        for _ in range(self.dice.randrange(1, 4)):
            self.add_consumer(self.viewers[-1])

    def add_consumer(self, viewer: Peer) -> None:
        kind = self.dice.choice(["video", "video", "audio"])
        ssrc = self.ssrc()
        self.owners[ssrc // 10_000] = viewer
        consumer = self.path.worker.add_consumer(
            viewer.transport,
            kind=kind,
            mid="1",
            ssrc=ssrc,
            rtx_ssrc=ssrc + 1 if self.dice.random() < 0.8 else 0,
            cname="vtp",
            codecs=[(fast.CODEC_VP8, 120, 121)] if kind == "video" else [(fast.CODEC_OPUS, 109, 110)],
            extensions={fast.EXT_TRANSPORT_CC: 3, fast.EXT_AUDIO_LEVEL: 20, fast.EXT_MID: 2},
            producer=self.any_source(kind),
        )
        self.consumers[consumer] = (viewer, ssrc, kind)

    def any_source(self, kind: str) -> int:
        if not self.publishers or self.dice.random() < 0.1:
            return 0
        producer = self.dice.choice(self.publishers).producer
        return producer if kind == "video" else self.sounds[producer]

    def burst(self) -> None:
        """One batch of several publishers: pictures, sound, late packets, lone padding, jumping numbers."""
        batch = []
        dice = self.dice
        for _ in range(dice.choice([1, 5, 40, 120])):
            publisher = dice.choice(self.publishers)
            jump = dice.random()
            publisher.sequence += (
                1 if jump < self.steady else dice.choice([2, 5, 64, 2048, 4096, 8192, 8193, 30_000])
            )
            sequence = publisher.sequence - (dice.randrange(1, 70) if dice.random() < 0.1 else 0)
            if dice.random() < 0.3:
                packet = pack(
                    111, sequence, publisher.ssrc + 2222, [(3, b"a")], dice.randbytes(dice.choice([3, 80]))
                )
            else:
                publisher.picture += 1
                size = dice.choice([1000, 1001, 990, dice.randrange(1180)])
                payload = vp8_payload(dice.random() < 0.2, publisher.picture, 0) + dice.randbytes(size)
                packet = pack(96, sequence, publisher.ssrc, [], b"" if dice.random() < 0.03 else payload)
            with suppress(ValueError):  # late by more than the sender itself can count
                batch.append((publisher.peer.sender.protect(packet), publisher.peer.address))
        self.path.worker.inject_batch(batch, self.path.now_ns)

    def act(self) -> None:
        dice, worker = self.dice, self.path.worker
        action = dice.randrange(100)
        consumer = dice.choice(list(self.consumers)) if self.consumers else 0
        if action < 55:
            self.burst()
        elif action < 70:
            self.path.now_ns += dice.choice([1, 5, 20, 300]) * MS
            worker.advance(self.path.now_ns)
        elif action < 78 and consumer:
            worker.set_consumer_source(consumer, self.any_source(self.consumers[consumer][2]))
        elif action < 82 and consumer:
            worker.pause_consumer(consumer, dice.random() < 0.5)
        elif action < 84 and consumer:
            worker.remove_consumer(consumer)
            del self.consumers[consumer]
        elif action < 86:
            self.add_consumer(dice.choice(self.viewers))
        elif action < 88:
            worker.pause_producer(dice.choice(self.publishers).producer, dice.random() < 0.3)
        elif action == 88 and len(self.publishers) > 1:
            gone = self.publishers.pop(dice.randrange(len(self.publishers)))
            worker.remove_producer(gone.producer)
            if dice.random() < 0.5:
                worker.remove_transport(gone.peer.transport)
            self.look()  # a new peer takes what was sent
            self.add_publisher()
        elif action == 89 and len(self.viewers) > 1:
            leaves = self.viewers.pop(dice.randrange(len(self.viewers)))
            worker.remove_transport(leaves.transport)
            self.look()
            self.consumers = {i: entry for i, entry in self.consumers.items() if entry[0] is not leaves}
            self.add_viewer()
        elif action < 92:
            taken = dice.choice(self.viewers)  # another one sends from its address; then it comes back
            worker.inject(self.check_of(dice.choice(self.viewers)), taken.address, self.path.now_ns)
            if dice.random() < 0.5:
                self.burst()
            for viewer in self.viewers:
                worker.inject(self.check_of(viewer), viewer.address, self.path.now_ns)
        elif consumer:
            self.ask_again(*self.consumers[consumer][:2])
        self.look()

    def check_of(self, peer: Peer) -> bytes:
        return fast.write_stun_request(
            self.dice.randbytes(12),
            f"{peer.ufrag}:peer".encode(),
            peer.password.encode(),
            use_candidate=True,
            controlling=True,
            priority=1,
        )

    def ask_again(self, viewer: Peer, ssrc: int) -> None:
        top = self.numbers.get((viewer.transport, ssrc), 0)
        lost = (top - self.dice.choice([self.dice.randrange(20), self.dice.randrange(600)])) & 0xFFFF
        packet = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, ssrc, lost, self.dice.randrange(65536))
        self.path.worker.inject(viewer.sender.protect_rtcp(packet), viewer.address, self.path.now_ns)

    def look(self) -> None:
        for message, segment, _ in self.path.worker.take_messages():
            step = segment or len(message)
            datagrams = [message[at : at + step] for at in range(0, len(message), step)]
            assert len(datagrams) <= 64 and len(message) <= 65_000 and (len(datagrams) == 1) == (segment == 0)
            self.runs += segment > 0
            for datagram in datagrams:
                if datagram[0] >= 128 and not 192 <= datagram[1] <= 223:
                    self.hold_against(datagram)

    def hold_against(self, datagram: bytes) -> None:
        ssrc, number = struct.unpack("!I", datagram[8:12])[0], struct.unpack("!H", datagram[2:4])[0]
        viewer = self.owners[ssrc // 10_000]
        top = self.numbers.setdefault((viewer.transport, ssrc), number)
        number = top + (number - top + 32768) % 65536 - 32768
        self.numbers[viewer.transport, ssrc] = max(top, number)
        assert (viewer.transport, ssrc, number) not in self.sent, "one IV for two packets"
        try:
            plain = viewer.receiver.unprotect(datagram)
        except ValueError as error:
            assert "older than the replay window" in str(error) and top - number >= 1024
            return
        assert not plain[0] & 0x20 or len(plain) <= 1200
        packet = Rtp.unpack(plain)
        self.packets += 1
        self.sent[viewer.transport, ssrc, number] = packet
        (feedback,) = struct.unpack("!H", packet.extensions[3])
        before = self.feedback.setdefault(viewer.transport, (feedback - 1) % 65536)
        assert feedback == (before + 1) % 65536, "reordered after numbering"
        self.feedback[viewer.transport] = feedback
        if packet.payload_type in (121, 110):
            self.resent += 1
            (original,) = struct.unpack("!H", packet.payload[:2])
            top = self.numbers[viewer.transport, ssrc - 1]
            before_it = self.sent[viewer.transport, ssrc - 1, top - (top - original) % 65536]
            assert packet.payload[2:] == before_it.payload
            assert (packet.timestamp, packet.marker) == (before_it.timestamp, before_it.marker)


@pytest.mark.drawn(3)
@pytest.mark.parametrize("seed", [*range(6), None])
def test_whatever_happens_no_number_comes_twice_and_what_is_resent_is_what_was_sent(seed: int | None) -> None:
    seed = random.randrange(2**32) if seed is None else seed
    print("seed", seed)
    walk = Walk(random.Random(seed))
    for _ in range(600):
        walk.act()
    assert walk.packets > 300 and walk.runs > 50
