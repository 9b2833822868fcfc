"""A random walk over everything that sending depends on, compared with what was given to be sent.

Viewers read with their own SRTP, which refuses an index that came before: nothing may be encrypted twice.
"""

import random
import struct
from dataclasses import dataclass, field

import pytest

from tests.packet_path import KEY_BYTES, MS, PacketPath, Peer, Rtp, vp8_payload
from vtp import _rtp_fast as fast

OWN = (fast.EXT_MID, fast.EXT_ABS_SEND_TIME, fast.EXT_TRANSPORT_CC)
PASSED = (
    fast.EXT_AUDIO_LEVEL,
    fast.EXT_VIDEO_ORIENTATION,
    fast.EXT_ABS_CAPTURE_TIME,
    fast.EXT_PLAYOUT_DELAY,
    fast.EXT_TOFFSET,
)
DESCRIPTOR = 5
"""Bytes in front of a VP8 payload, in which the packet path rewrites numbers."""
TAG_BYTES = 8
LARGEST_PADDED = 1200
SEEDS = 6


def two_byte_packet(packet: Rtp) -> bytes:
    """With extensions in the two-byte form, which may be empty or longer than 16 bytes."""
    plain = Rtp(
        packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, b"", packet.marker
    ).pack()
    block = b"".join(bytes([i, len(d)]) + d for i, d in packet.extensions.items())
    block += bytes(-len(block) % 4)
    return (
        bytes([plain[0] | 0x10])
        + plain[1:]
        + struct.pack("!HH", 0x1000, len(block) // 4)
        + block
        + packet.payload
    )


@dataclass
class Sent:
    """What a publisher sent, by the tag in its payload."""

    body: bytes
    marker: bool
    passed: dict[int, bytes]
    """By kind."""


@dataclass
class Source:
    peer: Peer
    producer: int
    video: bool
    ssrc: int
    ids: dict[int, int]
    sequence: int
    picture: int = 0
    steady: bool = False
    """It has sent since its numbers jumped."""
    lost: list[bytes] = field(default_factory=list)


@dataclass
class Sink:
    consumer: int
    ssrc: int
    ids: dict[int, int]
    video: bool
    payloads: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Viewer:
    peer: Peer
    sinks: dict[int, Sink] = field(default_factory=dict)
    addresses: set[tuple[str, int]] = field(default_factory=set)
    feedback: int | None = None
    """The last transport-wide number; None where others may have come since, of a consumer that went."""


class Walk:
    """The publishers and viewers of one Worker, and what they did."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.path = PacketPath(
            ring_packets_video=self.dice.choice([64, 256]),
            ring_packets_audio=64,
            gather_ms=self.dice.choice([0, 0, 10]),
            gather_viewers=self.dice.choice([0, 3]),
        )
        self.path.collect = self.look  # type: ignore[method-assign]
        self.sent: dict[bytes, Sent] = {}
        self.sources: list[Source] = []
        self.viewers: list[Viewer] = []
        self.key_frames = self.dice.choice([0.1, 0.02])
        self.next_ssrc = 10_000
        self.read = self.again = self.padded = 0

    def ssrc(self) -> int:
        self.next_ssrc += 2
        return self.next_ssrc

    def ids(self, kinds: tuple[int, ...], last: int) -> dict[int, int]:
        chosen = [kind for kind in kinds if self.dice.random() < 0.7]
        return dict(zip(chosen, self.dice.sample(range(1, last + 1), len(chosen)), strict=True))

    def profile(self) -> int:
        return self.dice.choice(list(KEY_BYTES))

    # ------------------------------------------------------------ who comes and goes

    def add_source(self) -> None:
        peer = self.path.peer(self.profile()).connect()
        for video in (True, False):
            ids, ssrc = self.ids(PASSED, 14), self.ssrc()
            producer = self.path.worker.add_producer(
                peer.transport,
                kind="video" if video else "audio",
                mid=str(int(video)),
                codecs=[(96, fast.CODEC_VP8, 90_000, 97)] if video else [(111, fast.CODEC_OPUS, 48_000, -1)],
                encodings=[(ssrc, ssrc + 1 if video else 0, "")],
                extensions=ids,
                nack=video,
                transport_cc=False,
                remb=False,
            )
            self.sources.append(
                Source(peer, producer, video, ssrc, ids, self.dice.choice([0, 65_500, 30_000]))
            )

    def add_viewer(self) -> None:
        viewer = Viewer(self.path.peer(self.profile()))
        if self.dice.random() < 0.8:
            viewer.peer.connect()
        viewer.addresses.add(viewer.peer.address)
        self.viewers.append(viewer)
        for _ in range(self.dice.randrange(1, 4)):
            self.add_sink(viewer)

    def add_sink(self, viewer: Viewer) -> None:
        ssrc, video = self.ssrc(), self.dice.random() < 0.6
        ids = self.ids(OWN + PASSED, self.dice.choice([14, 14, 255]))
        fitting = [source.producer for source in self.sources if source.video == video]
        consumer = self.path.worker.add_consumer(
            viewer.peer.transport,
            kind="video" if video else "audio",
            mid="m" * self.dice.randrange(17),
            ssrc=ssrc,
            rtx_ssrc=ssrc + 1 if video else 0,
            cname="vtp",
            codecs=[(fast.CODEC_VP8, 120, 121)] if video else [(fast.CODEC_OPUS, 109, -1)],
            extensions=ids,
            producer=self.dice.choice([0, *fitting]),
            paused=self.dice.random() < 0.1,
        )
        viewer.sinks[ssrc] = Sink(consumer, ssrc, ids, video)

    def change_somebody(self) -> None:
        if not self.viewers or not self.sources:
            return
        viewer, source = self.dice.choice(self.viewers), self.dice.choice(self.sources)
        sink = self.dice.choice(list(viewer.sinks.values()) or [None])
        worker, chance = self.path.worker, self.dice.random()
        if chance < 0.1:
            worker.remove_transport(viewer.peer.transport)
            self.viewers.remove(viewer)
        elif chance < 0.2 and sink is not None:
            worker.remove_consumer(sink.consumer)
            self.look()
            del viewer.sinks[sink.ssrc]
            self.add_sink(viewer)
        elif chance < 0.25:
            worker.remove_producer(source.producer)
            self.sources.remove(source)
        elif chance < 0.3:
            source.ssrc, source.sequence, source.steady = self.ssrc(), self.dice.randrange(65536), False
        elif chance < 0.4:
            worker.pause_producer(source.producer, self.dice.random() < 0.5)
        elif chance < 0.5 and sink is not None:
            worker.pause_consumer(sink.consumer, self.dice.random() < 0.5)
        elif chance < 0.7 and sink is not None and sink.video == source.video:
            worker.set_consumer_source(sink.consumer, self.dice.choice([0, *[source.producer] * 4]))
        elif chance < 0.8:
            viewer.peer.address = ("192.0.2.7", 20_000 + self.dice.randrange(40_000))
            self.check(viewer, viewer.peer.address)
        elif chance < 0.85:  # it takes another's address: there may be nobody to send to until the next check
            self.check(viewer, self.dice.choice(self.viewers).peer.address)
        elif chance < 0.9:
            self.add_sink(viewer)
        elif source.steady:
            source.steady = False
            source.sequence += self.dice.choice([3, 300, 9000, 32_700])

    def check(self, viewer: Viewer, address: tuple[str, int]) -> None:
        viewer.addresses.add(address)
        viewer.peer.check(address=address, priority=self.dice.randrange(1, 9))

    # ------------------------------------------------------------ packets

    def packet(self, source: Source) -> bytes:
        dice = self.dice
        tag = struct.pack("!Q", len(self.sent))
        source.steady = True
        source.sequence += 1
        source.picture += 1
        size = (
            dice.choice([dice.randrange(1, 1100), 1050, 1060, 1150])
            if source.video
            else dice.randrange(60, 120)
        )
        body = tag + dice.randbytes(size)
        if dice.random() < 0.02:
            body = tag + dice.randbytes(1300)
        long = dice.random() < 0.1
        passed = {
            kind: dice.randbytes(dice.choice([0, 17, 40]) if long else dice.randrange(1, 17))
            for kind in source.ids
            if dice.random() < (0.3 if source.video else 0.6)
        }
        payload = body
        if source.video:
            payload = vp8_payload(dice.random() < self.key_frames, source.picture, 0) + body
        marker = dice.random() < 0.3
        self.sent[tag] = Sent(payload[DESCRIPTOR:] if source.video else body, marker, passed)
        rtp = Rtp(
            96 if source.video else 111,
            source.sequence,
            source.picture * 3000,
            source.ssrc,
            payload,
            marker,
            {source.ids[kind]: data for kind, data in passed.items()},
            padding=0 if long or dice.random() < 0.9 else dice.randrange(1, 20),
        )
        return source.peer.sender.protect(two_byte_packet(rtp) if long else rtp.pack())

    def send(self) -> None:
        """A batch as a socket held it: from all sources, some packets late and some never."""
        batch = []
        for _ in range(self.dice.choice([1, 3, 10, 100])):
            if not self.sources:
                return
            source = self.dice.choice(self.sources)
            datagram = self.packet(source)
            if self.dice.random() < 0.05:
                source.lost.append(datagram)
                continue
            batch.append((datagram, source.peer.address))
            if source.lost and self.dice.random() < 0.2:
                batch.append((source.lost.pop(), source.peer.address))
        self.path.worker.inject_batch(batch, self.path.now_ns)

    def ask_again(self) -> None:
        for viewer in self.viewers:
            for sink in viewer.sinks.values():
                if sink.payloads and self.dice.random() < 0.3:
                    first = self.dice.choice(list(sink.payloads)[-60:])
                    nack = struct.pack(
                        "!BBHIIHH", 0x81, 205, 3, 1, sink.ssrc, first, self.dice.randrange(65536)
                    )
                    self.path.worker.inject(
                        viewer.peer.sender.protect_rtcp(nack), viewer.peer.address, self.path.now_ns
                    )

    # ------------------------------------------------------------ what must hold

    def look(self) -> None:
        """Reads all that was sent."""
        by_ssrc = {ssrc + rtx: viewer for viewer in self.viewers for ssrc in viewer.sinks for rtx in (0, 1)}
        for message, segment, address in self.path.worker.take_messages():
            datagrams = [
                message[at : at + (segment or len(message))]
                for at in range(0, len(message), segment or len(message))
            ]
            assert segment == 0 or (2 <= len(datagrams) <= 64 and len(message) <= 65_000)
            assert all(len(datagram) == segment for datagram in datagrams[:-1])
            for datagram in datagrams:
                if datagram[0] < 128 or 192 <= datagram[1] <= 223:
                    continue
                viewer = by_ssrc.get(struct.unpack("!I", datagram[8:12])[0])
                if viewer is not None:  # else it went meanwhile
                    assert address in viewer.addresses
                    self.look_at(viewer, datagram)

    def look_at(self, viewer: Viewer, datagram: bytes) -> None:
        plain = viewer.peer.receiver.unprotect(datagram)
        packet = Rtp.unpack(plain)
        if plain[0] & 0x20:
            assert len(plain) <= LARGEST_PADDED
            self.padded += 1
        again = packet.payload_type == 121
        sink = viewer.sinks[packet.ssrc - again]
        payload = packet.payload
        if again:
            assert payload[2:] == sink.payloads[struct.unpack("!H", payload[:2])[0]]
            payload = payload[2:]
            self.again += 1
        else:
            sink.payloads.pop(packet.sequence, None)
            sink.payloads[packet.sequence] = payload
        body = payload[DESCRIPTOR:] if sink.video else payload
        sent = self.find(body)
        assert body == sent.body and packet.marker == sent.marker
        self.look_at_extensions(viewer, sink, packet, sent)
        self.read += 1

    def find(self, body: bytes) -> Sent:
        """VP8's frame header is in front of the tag; that of a key frame has ten bytes."""
        for at in (0, 1, 10):
            sent = self.sent.get(body[at : at + TAG_BYTES])
            if sent is not None and sent.body == body:
                return sent
        raise AssertionError("nobody sent this")

    def look_at_extensions(self, viewer: Viewer, sink: Sink, packet: Rtp, sent: Sent) -> None:
        found = dict(packet.extensions)
        mid = found.pop(sink.ids.get(fast.EXT_MID, 0), b"")
        assert mid.strip(b"m") == b""
        if fast.EXT_ABS_SEND_TIME in sink.ids:
            assert len(found.pop(sink.ids[fast.EXT_ABS_SEND_TIME])) == 3
        if fast.EXT_TRANSPORT_CC in sink.ids:
            number = struct.unpack("!H", found.pop(sink.ids[fast.EXT_TRANSPORT_CC]))[0]
            assert viewer.feedback is None or number == (viewer.feedback + 1) & 0xFFFF
            viewer.feedback = number
        assert found == {sink.ids[kind]: data for kind, data in sent.passed.items() if kind in sink.ids}


def walk(seed: int, steps: int) -> Walk:
    walk = Walk(seed)
    for _ in range(3):
        walk.add_source()
    for _ in range(6):
        walk.add_viewer()
    for step in range(steps):
        walk.send()
        walk.path.now_ns += walk.dice.choice([0, 1, 3, 7, 30, 600]) * MS
        if walk.dice.random() < 0.5:
            walk.path.worker.advance(walk.path.now_ns)
        if walk.dice.random() < 0.3:
            walk.change_somebody()
        if walk.dice.random() < 0.5:
            walk.look()
        if step % 5 == 0:
            walk.ask_again()
        if len(walk.sources) < 4:
            walk.add_source()
        if len(walk.viewers) < 5:
            walk.add_viewer()
    walk.path.worker.close()
    return walk


@pytest.mark.drawn(2)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_comes_and_goes_viewers_read_what_was_sent(seed: int) -> None:
    done = walk(seed, 400)
    print(done.read, done.again, done.padded)
    assert done.read > 2000 and done.again > 20 and done.padded > 20
