"""Random walks of the sending side, each packet compared with what a plain model says the viewer must get."""

import random
import struct
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tests.packet_path import MS, PacketPath, Peer, VideoPublisher, add_viewer, vp8_payload
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
