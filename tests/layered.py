"""Publishers of pictures in layers, and a viewer that fails at a seam and at what cannot be decoded."""

import itertools
import random
import struct
from dataclasses import dataclass, field

from tests.packet_path import MS, PacketPath, Peer, Rtp
from vtp import _rtp_fast as fast

CLOCK = 90_000
PATTERN = [0, 2, 1, 2, 0, 2, 1, 2]
"""Temporal layers of eight frames, as libwebrtc has them for three."""
SYNC = {1, 2}
"""Frames of the eight that refer to the lowest layer only."""
BODY = struct.Struct("!4sBBIBBI")
MAGIC = b"LAYR"


@dataclass(frozen=True)
class Part:
    """What a packet's body says: which part of which frame of which encoding it is."""

    encoding: int
    temporal: int
    frame: int
    index: int
    count: int
    picture_time: int
    """In ticks since the publisher began, the same in all encodings."""

    def pack(self) -> bytes:
        return BODY.pack(
            MAGIC, self.encoding, self.temporal, self.frame, self.index, self.count, self.picture_time
        )

    @staticmethod
    def find(payload: bytes) -> "Part":
        at = payload.index(MAGIC)
        return Part(*BODY.unpack_from(payload, at)[1:])


@dataclass
class Frame:
    """One encoded frame as its publisher knows it."""

    key: bool
    temporal: int
    refers_to: list[int]
    parts: int
    arrived: set[int] = field(default_factory=set)
    first_at: int = 0
    """How many packets the publisher had given the server when it had the first of this frame,"""
    whole_at: int | None = None
    """and when it had all."""


@dataclass
class Encoding:
    """One encoding's numbers, and the frames that later ones may refer to."""

    ssrc: int
    rid: str
    size: tuple[int, int]
    sequence: int
    timestamp: int
    picture: int
    tl0: int
    position: int = 0
    frames: list[Frame] = field(default_factory=list)
    newest: dict[int, int] = field(default_factory=dict)
    """By temporal layer."""


def vp8_descriptor(encoding: Encoding, first: bool, temporal: int, sync: bool) -> bytes:
    """RFC 7741 section 4.2 with I, L and T."""
    return (
        bytes([0x90 if first else 0x80, 0xE0])
        + struct.pack("!H", 0x8000 | (encoding.picture & 0x7FFF))
        + bytes([encoding.tl0 & 0xFF, (temporal << 6) | (sync << 5)])
    )


class Vp8Layers:
    """A peer that sends VP8 in several encodings of three temporal layers, with sender reports."""

    codec = fast.CODEC_VP8

    def __init__(
        self,
        path: PacketPath,
        *,
        rids: str = "lmh",
        dice: random.Random | None = None,
        reports: bool = True,
        parts: tuple[int, int] = (1, 1),
    ) -> None:
        self.path = path
        self.dice = dice or random.Random(1)
        self.peer = path.peer().connect()
        self.parts = parts
        self.began_ns = path.now_ns
        self.encodings = [
            Encoding(
                100 + i,
                rid,
                (160 << i, 90 << i),
                self.dice.randrange(65536),
                self.dice.randrange(1 << 32),
                self.dice.randrange(1 << 15),
                self.dice.randrange(256),
            )
            for i, rid in enumerate(rids)
        ]
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(96, self.codec, CLOCK, 97)],
            encodings=[(0, 0, encoding.rid) for encoding in self.encodings],
            extensions={fast.EXT_MID: 4, fast.EXT_RID: 6},
            nack=True,
            transport_cc=False,
            remb=True,
        )
        self.reports = reports
        self.clock_errors = [0] * len(rids)
        """Seconds that the reports of each encoding are wrong by."""
        self.next_report_ns = path.now_ns
        self.answered = 0
        self.step = 0
        self.shot_ns = 0
        self.arrivals = 0

    @property
    def ticks(self) -> int:
        """Since it began."""
        return (self.path.now_ns - self.began_ns) * CLOCK // 1_000_000_000

    def encode(self, encoding: Encoding, *, key: bool, step: int) -> list[Rtp]:
        """The packets of one frame."""
        index = self.encodings.index(encoding)
        if key:
            encoding.position = 0
        temporal = PATTERN[encoding.position % 8]
        sync = encoding.position % 8 in SYNC
        if encoding.position < 8:
            sync = sync and temporal > 0
        refers = [] if key else self.references(encoding, temporal, sync)
        count = self.dice.randint(*self.parts) + (key and self.codec == fast.CODEC_H264)
        frame = Frame(key, temporal, refers, count)
        number = len(encoding.frames)
        encoding.frames.append(frame)
        encoding.newest[temporal] = number
        if key:
            encoding.newest = {0: number}
        if temporal == 0:
            encoding.tl0 += 1
        packets = []
        for part in range(count):
            body = Part(index, temporal, number, part, count, self.ticks).pack()
            payload = self.payload(encoding, frame, part, sync, body + bytes(self.dice.randrange(20, 60)))
            packets.append(
                Rtp(
                    96,
                    encoding.sequence,
                    encoding.timestamp + self.ticks,
                    encoding.ssrc,
                    payload,
                    part == count - 1,
                    {4: b"0", 6: encoding.rid.encode()},
                )
            )
            encoding.sequence += 1
        encoding.picture += 1
        encoding.position += 1
        return packets

    def payload(self, encoding: Encoding, frame: Frame, part: int, sync: bool, body: bytes) -> bytes:
        """One packet's."""
        head = b"\x00"
        if part == 0:
            head = b"\x11"
            if frame.key:
                head = b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", *encoding.size)
        return vp8_descriptor(encoding, part == 0, frame.temporal, sync) + head + body

    @staticmethod
    def references(encoding: Encoding, temporal: int, sync: bool) -> list[int]:
        layers = [0] if sync or temporal == 0 else range(temporal + 1)
        return [encoding.newest[layer] for layer in layers if layer in encoding.newest]

    def arrive(self, packet: Rtp) -> None:
        """Gives the server a packet and books it."""
        part = Part.find(packet.payload)
        frame = self.encodings[part.encoding].frames[part.frame]
        frame.arrived.add(part.index)
        self.arrivals += 1
        frame.first_at = frame.first_at or self.arrivals
        if len(frame.arrived) == frame.parts:
            frame.whole_at = self.arrivals
        self.peer.send(packet)

    def frame(self, rids: str = "lmh", *, key: str = "") -> None:
        """The next picture, in the encodings `rids`, those of `key` as key frames."""
        if self.path.now_ns == self.shot_ns:
            self.path.advance(40)
        self.shot_ns = self.path.now_ns
        self.report()
        for encoding in self.encodings:
            if encoding.rid in rids:
                first = not encoding.frames
                for packet in self.encode(encoding, key=first or encoding.rid in key, step=self.step):
                    self.arrive(packet)
        self.step += 1

    def report(self) -> None:
        """Sender reports once a second, of one clock."""
        if not self.reports or self.path.now_ns < self.next_report_ns:
            return
        self.next_report_ns = self.path.now_ns + 1000 * MS
        ntp = (3_900_000_000 << 32) + (self.path.now_ns << 32) // 1_000_000_000
        for encoding, error in zip(self.encodings, self.clock_errors, strict=True):
            if encoding.frames:
                time = (encoding.timestamp + self.ticks) & 0xFFFFFFFF
                told = ntp + (error << 32)
                self.peer.send_rtcp(struct.pack("!BBHIQIII", 0x80, 200, 6, encoding.ssrc, told, time, 1, 1))

    def wanted(self) -> str:
        """The encodings that key frames have been asked of since the last call."""
        requests = self.peer.rtcp_of(206, 1)[self.answered :]
        self.answered += len(requests)
        asked = {struct.unpack("!I", request[8:12])[0] for request in requests}
        return "".join(encoding.rid for encoding in self.encodings if encoding.ssrc in asked)

    def run(self, ms: int, rids: str = "lmh", *, step_ms: int = 40, answers: bool = True) -> None:
        """Sends for `ms`; it answers each request with a key frame in its next picture."""
        for _ in range(ms // step_ms):
            self.path.advance(step_ms)
            self.frame(rids, key=self.wanted() if answers else "")


class H264Layers(Vp8Layers):
    """The same in H.264, whose packets tell no temporal layers; parameter sets have a packet of their own."""

    codec = fast.CODEC_H264

    def payload(self, encoding: Encoding, frame: Frame, part: int, sync: bool, body: bytes) -> bytes:
        if frame.key and part == 0:
            units = [b"\x67\x42\x00\x1e\xff", b"\x68\xce\x38\x80", b"\x06" + body]
            return b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)
        first_slice = part == frame.key
        return (b"\x65" if frame.key else b"\x41") + (b"\x88" if first_slice else b"\x08") + body


def by_number(peer: Peer) -> dict[int, Rtp]:
    """What a viewer got, but resends on their own stream, in the order of its extended numbers."""
    own: dict[int, Rtp] = {}
    highest = None
    for packet in peer.rtp:
        if packet.payload_type in (121, 123, 125):
            continue
        highest = packet.sequence if highest is None else highest
        number = highest + ((packet.sequence - highest + 0x8000) & 0xFFFF) - 0x8000
        assert number not in own, "a number was used twice"
        own[number] = packet
        highest = max(highest, number)
    return dict(sorted(own.items()))


class LayerViewer:
    """Reads what one viewer got, and fails when there is a seam."""

    def __init__(self, peer: Peer, publisher: Vp8Layers) -> None:
        self.peer = peer
        self.publisher = publisher

    def parts(self) -> list[tuple[Rtp, Part]]:
        return [(packet, Part.find(packet.payload)) for packet in self.packets() if packet.payload]

    def packets(self) -> list[Rtp]:
        """In the order of their numbers, resends in their places."""
        own = by_number(self.peer)
        self.numbers = list(own)
        return list(own.values())

    def shown(self) -> str:
        """The encodings in order, without repeats."""
        rids = [self.publisher.encodings[part.encoding].rid for _, part in self.parts()]
        return "".join(rid for i, rid in enumerate(rids) if i == 0 or rids[i - 1] != rid)

    def temporals(self, since: int = 0) -> set[int]:
        return {part.temporal for _, part in self.parts()[since:]}

    def holes(self) -> int:
        """Numbers that were never sent."""
        self.packets()
        return self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers)

    def check(self, *, holes: int = 0) -> int:
        """Everything that must hold at the end of a run; how many frames were shown."""
        packets = self.packets()
        assert self.holes() <= holes, (self.holes(), self.numbers)
        self.check_starts()
        frames = self.whole_frames(packets)
        self.check_times(frames)
        if self.publisher.codec == fast.CODEC_VP8:
            self.check_picture_ids(frames)
        self.check_references(frames)
        return len(frames)

    def check_starts(self) -> None:
        """Another encoding begins with the first packet of a key frame."""
        encoding = -1
        for _, part in self.parts():
            if part.encoding != encoding:
                assert self.publisher.encodings[part.encoding].frames[part.frame].key and part.index == 0
                encoding = part.encoding

    def whole_frames(self, packets: list[Rtp]) -> list[tuple[list[Rtp], Part]]:
        """Frames of which all parts came, one behind the other."""
        frames: list[tuple[list[Rtp], Part]] = []
        group: list[Rtp] = []
        for i, packet in enumerate(packets):
            if not packet.payload:
                continue
            part = Part.find(packet.payload)
            if part.index == 0 or (group and self.numbers[i] != self.numbers[i - 1] + 1):
                group = []
            if part.index == len(group):
                group.append(packet)
            if len(group) == part.count and part.index == part.count - 1:
                assert packet.marker and not any(other.marker for other in group[:-1])
                assert len({other.timestamp for other in group}) == 1
                frames.append((group, part))
                group = []
        return frames

    def check_times(self, frames: list[tuple[list[Rtp], Part]]) -> None:
        for (before, _), (after, part) in itertools.pairwise(frames):
            step = (after[0].timestamp - before[0].timestamp) & 0xFFFFFFFF
            assert 0 < step < 30 * CLOCK, (before[0].timestamp, after[0].timestamp, part)

    def check_picture_ids(self, frames: list[tuple[list[Rtp], Part]]) -> None:
        last: tuple[int, int] | None = None
        for group, part in frames:
            ids = {(packet.payload[2:4], packet.payload[4]) for packet in group}
            assert len(ids) == 1
            picture, tl0 = struct.unpack("!H", group[0].payload[2:4])[0] & 0x7FFF, group[0].payload[4]
            if last is not None:
                assert 0 < (picture - last[0]) & 0x7FFF < 0x4000, "picture ids go up"
                assert (tl0 - last[1]) & 0xFF < 0x80, "TL0PICIDX never goes back"
                if part.temporal == 0:
                    assert (tl0 - last[1]) & 0xFF > 0
            last = picture, tl0

    def check_references(self, frames: list[tuple[list[Rtp], Part]]) -> None:
        """What a frame refers to was shown since the last key frame, or came to the server too late."""
        encodings = self.publisher.encodings
        decoded: set[int] = set()
        encoding = -1
        for at, (_, part) in enumerate(frames):
            frame = encodings[part.encoding].frames[part.frame]
            if frame.key:
                decoded, encoding = set(), part.encoding
            if part.encoding != encoding:  # the key frame that it began with never was whole
                decoded, encoding = set(), part.encoding
            for other in frame.refers_to:
                whole_at = encodings[part.encoding].frames[other].whole_at
                assert other in decoded or whole_at is None or whole_at > self.left_at(frames, at), (
                    part,
                    other,
                )
            decoded.add(part.frame)

    def left_at(self, frames: list[tuple[list[Rtp], Part]], at: int) -> int:
        """How much the server had when the viewer got its next key frame after frame `at`."""
        last = frames[at][1]
        parts = [part for _, part in self.parts()]
        for part in parts[parts.index(last) + 1 :]:
            frame = self.publisher.encodings[part.encoding].frames[part.frame]
            if part.encoding != last.encoding or (frame.key and part.frame != last.frame):
                return frame.first_at
        return self.publisher.arrivals
