"""A publisher whose layers are in one stream (SVC), and a viewer that checks what it can decode."""

import random
import struct
from dataclasses import dataclass, field
from typing import ClassVar

from tests.layered import BODY, CLOCK, MAGIC, PATTERN, SYNC, by_number
from tests.packet_path import PacketPath, Peer, Rtp
from vtp import _rtp_fast as fast


@dataclass
class LayerFrame:
    """One layer's frame of one picture."""

    number: int
    picture: int
    spatial: int
    temporal: int
    key: bool
    """Of a key picture."""
    refers_to: list[int]
    parts: int
    sync: bool
    up: bool
    """No later picture of a higher temporal layer refers to one of such a layer before this."""
    ticks: int
    place: int
    """In the pattern of eight."""
    arrived: set[int] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        return len(self.arrived) == self.parts


class SvcPublisher:
    """Three spatial and three temporal layers in one stream; `key_only`: K-SVC."""

    codec: ClassVar[int]
    layers: ClassVar[int] = 3

    def __init__(
        self,
        path: PacketPath,
        *,
        dice: random.Random | None = None,
        parts: tuple[int, int] = (1, 2),
        key_only: bool = False,
        layers: int = 3,
    ) -> None:
        self.path = path
        self.dice = dice or random.Random(1)
        self.parts = parts
        self.key_only = key_only
        self.count = layers
        self.peer = path.peer().connect()
        self.ssrc = 700
        self.sequence = self.dice.randrange(65536)
        self.timestamp = self.dice.randrange(1 << 32)
        self.picture = self.dice.randrange(1 << 15)
        self.first_picture = self.picture
        self.tl0 = self.dice.randrange(256)
        self.frames: list[LayerFrame] = []
        self.newest: dict[tuple[int, int], int] = {}
        self.position = 0
        self.answered = 0
        self.began_ns = path.now_ns
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(98, self.codec, CLOCK, 99)],
            encodings=[(self.ssrc, self.ssrc + 1, "")],
            extensions=self.extensions(),
            nack=True,
            transport_cc=False,
            remb=True,
        )

    def extensions(self) -> dict[int, int]:
        return {}

    @property
    def ticks(self) -> int:
        return (self.path.now_ns - self.began_ns) * CLOCK // 1_000_000_000

    def wanted(self) -> bool:
        """Whether a key frame has been asked for since the last call."""
        count = len(self.peer.rtcp_of(206, 1))
        asked, self.answered = count > self.answered, count
        return asked

    def encode(
        self, *, key: bool = False, spatial: int | None = None, without: int | None = None
    ) -> list[Rtp]:
        """The packets of the next picture: of `spatial` layers at most; `without` one (not marked)."""
        layers = [i for i in range(self.count if spatial is None else spatial) if i != without or key]
        if key:
            self.position = 0
            self.newest = {}
        temporal = PATTERN[self.position % 8]
        sync = self.position % 8 in SYNC
        if temporal == 0:
            self.tl0 += 1
        packets: list[Rtp] = []
        for layer in layers:
            marked = layer + 1 == (spatial or self.count)
            packets += self.encode_layer(layer, temporal, key=key, sync=sync, marked=marked)
        self.picture += 1
        self.position += 1
        return packets

    def encode_layer(self, spatial: int, temporal: int, *, key: bool, sync: bool, marked: bool) -> list[Rtp]:
        number = len(self.frames)
        refers = []
        if not key:
            temporals = [0] if sync or temporal == 0 else range(temporal + 1)
            refers = [self.newest[spatial, t] for t in temporals if (spatial, t) in self.newest]
        below = bool(self.frames) and self.frames[-1].picture == self.picture
        if below and (key or not self.key_only):
            refers.append(number - 1)
        frame = LayerFrame(
            number,
            self.picture,
            spatial,
            temporal,
            key,
            refers,
            self.dice.randint(*self.parts),
            sync,
            self.position % 8 == 0 or temporal == 2,
            self.ticks,
            self.position % 8,
        )
        self.frames.append(frame)
        self.newest[spatial, temporal] = number
        packets = []
        for part in range(frame.parts):
            body = BODY.pack(MAGIC, spatial, temporal, number, part, frame.parts, frame.ticks)
            body += bytes(self.dice.randrange(20, 60))
            packets.append(
                Rtp(
                    98,
                    self.sequence,
                    self.timestamp + frame.ticks,
                    self.ssrc,
                    self.payload(frame, part, body),
                    marked and part == frame.parts - 1,
                    self.describe(frame, part),
                )
            )
            self.sequence += 1
        return packets

    def payload(self, frame: LayerFrame, part: int, body: bytes) -> bytes:
        raise NotImplementedError

    def describe(self, frame: LayerFrame, part: int) -> dict[int, bytes]:
        return {}

    def arrive(self, packet: Rtp) -> None:
        """Gives the server a packet and books it."""
        _, _, number, part, _, _ = BODY.unpack_from(packet.payload, packet.payload.index(MAGIC))[1:]
        self.frames[number].arrived.add(part)
        self.peer.send(packet)

    def run(
        self, ms: int, *, spatial: int | None = None, without: int | None = None, answers: bool = True
    ) -> None:
        """Sends for `ms`, 25 pictures a second; it answers requests."""
        for _ in range(ms // 40):
            self.path.advance(40)
            key = not self.frames or (answers and self.wanted())
            for packet in self.encode(key=key, spatial=spatial, without=without):
                self.arrive(packet)


class Vp9Svc(SvcPublisher):
    """VP9 in non-flexible mode (RFC 9628)."""

    codec = fast.CODEC_VP9

    def payload(self, frame: LayerFrame, part: int, body: bytes) -> bytes:
        first, last = part == 0, part == frame.parts - 1
        structure = frame.key and frame.spatial == 0 and first
        predicted = not frame.key
        inter_layer = frame.spatial > 0 and frame.number - 1 in frame.refers_to
        flags = 0xA0 | predicted << 6 | first << 3 | last << 2 | structure << 1
        out = bytes([flags]) + struct.pack("!H", 0x8000 | (frame.picture & 0x7FFF))
        out += bytes(
            [frame.temporal << 5 | frame.up << 4 | frame.spatial << 1 | inter_layer, self.tl0 & 0xFF]
        )
        if structure:
            sizes = b"".join(struct.pack("!HH", 160 << i, 90 << i) for i in range(self.count))
            out += bytes([(self.count - 1) << 5 | 0x10]) + sizes
        return out + body


class Bits:
    """Writes bits, the highest first."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, value: int, width: int) -> None:
        self.text += f"{value:0{width}b}" if width else ""

    def pack(self) -> bytes:
        padded = self.text + "0" * (-len(self.text) % 8)
        return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


NOT_PRESENT, SWITCH, REQUIRED = 0, 2, 3
OFFSET = 37
"""Of template ids: as good as any."""
KINDS = [(0, -1), (0, 0), (0, 4), (1, 2), (1, 6), (2, 1), (2, 3)]
"""Templates of a spatial layer: temporal layer and place in the pattern, a key picture being at -1."""


class Av1Svc(SvcPublisher):
    """AV1 with the dependency descriptor (AV1 RTP specification, A.8), a decode target per pair of layers."""

    codec = fast.CODEC_AV1
    descriptor_id = 11

    def extensions(self) -> dict[int, int]:
        return {fast.EXT_DEPENDENCY_DESCRIPTOR: self.descriptor_id}

    def payload(self, frame: LayerFrame, part: int, body: bytes) -> bytes:
        new_sequence = frame.key and frame.spatial == 0 and part == 0
        return bytes([0x10 | new_sequence << 3 | (part > 0) << 7, 6 << 3]) + body

    def describe(self, frame: LayerFrame, part: int) -> dict[int, bytes]:
        return {self.descriptor_id: self.descriptor(frame, part, frame.number)}

    @property
    def targets(self) -> list[tuple[int, int]]:
        return [(spatial, temporal) for spatial in range(self.count) for temporal in range(3)]

    def indication(self, spatial: int, temporal: int, place: int, target: tuple[int, int]) -> int:
        """DTI of a frame in one decode target, A.8.3.2."""
        key = place < 0
        if temporal > target[1] or spatial > target[0]:
            return NOT_PRESENT
        if self.key_only and not key and spatial != target[0]:
            return NOT_PRESENT
        if key:
            return SWITCH
        if spatial != target[0]:
            return REQUIRED
        if place == 0 or temporal == target[1]:
            return SWITCH if place in (0, 1, 2) or temporal == 0 else REQUIRED
        return REQUIRED

    def template(self, frame: LayerFrame) -> int:
        place = -1 if frame.key else frame.place
        kinds = {place: i for i, (_, place) in enumerate(KINDS)} | {5: 6, 7: 6}
        return (OFFSET + frame.spatial * len(KINDS) + kinds[place]) % 64

    def structure(self, bits: Bits) -> None:
        bits.put(OFFSET, 6)
        bits.put(len(self.targets) - 1, 5)
        for spatial in range(self.count):
            for i, (temporal, _) in enumerate(KINDS):
                last = i + 1 == len(KINDS)
                up = not last and KINDS[i + 1][0] > temporal
                bits.put((3 if spatial + 1 == self.count else 2) if last else int(up), 2)
        for spatial in range(self.count):
            for temporal, place in KINDS:
                for target in self.targets:
                    bits.put(self.indication(spatial, temporal, place, target), 2)
        for _ in range(self.count * len(KINDS)):
            bits.put(0, 1)  # references are told frame by frame
        bits.put(0, 3)  # no chains, of at most nine: ns(10)
        bits.put(0, 1)  # no resolutions

    def descriptor(self, frame: LayerFrame, part: int, number: int, mask: int | None = None) -> bytes:
        first, last = part == 0, part == frame.parts - 1
        head = bytes([first << 7 | last << 6 | self.template(frame)]) + struct.pack("!H", number & 0xFFFF)
        if not first and mask is None:
            return head
        structure = frame.key and frame.spatial == 0 and first
        bits = Bits()
        bits.put(structure, 1)
        bits.put(mask is not None, 1)
        bits.put(0, 1)
        bits.put(first, 1)
        bits.put(0, 1)
        if structure:
            self.structure(bits)
        if mask is not None:
            bits.put(mask, len(self.targets))
        if first:
            for other in frame.refers_to:
                apart = frame.number - other
                size = 1 if apart <= 16 else 2
                bits.put(size, 2)
                bits.put(apart - 1, 4 * size)
            bits.put(0, 2)
        return head + bits.pack()


class H264Temporal(Av1Svc):
    """H.264 whose temporal layers only the descriptor tells; `layers` is 1."""

    codec = fast.CODEC_H264

    def payload(self, frame: LayerFrame, part: int, body: bytes) -> bytes:
        if frame.key and part == 0:
            units = [b"\x67\x42\x00\x1e\xff", b"\x68\xce\x38\x80", b"\x65\x88" + body]
            return b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)
        return (b"\x65" if frame.key else b"\x41") + (b"\x08" if part else b"\x88") + body


def add_svc_viewer(path: PacketPath, publisher: SvcPublisher, extensions: dict[int, int]) -> tuple[Peer, int]:
    """A viewer that negotiated VP9, AV1 and H.264."""
    peer = path.peer().connect()
    consumer = path.worker.add_consumer(
        peer.transport,
        kind="video",
        mid="1",
        ssrc=5555,
        rtx_ssrc=5556,
        cname="vtp",
        codecs=[(fast.CODEC_VP9, 120, 121), (fast.CODEC_AV1, 122, 123), (fast.CODEC_H264, 124, 125)],
        extensions=extensions,
        producer=publisher.producer,
    )
    path.collect()
    return peer, consumer


class SvcViewer:
    """Reads what one viewer got, and fails when there is a seam."""

    def __init__(self, peer: Peer, publisher: SvcPublisher) -> None:
        self.peer = peer
        self.publisher = publisher

    def packets(self) -> dict[int, Rtp]:
        """By extended number."""
        return by_number(self.peer)

    def frames(self) -> list[tuple[list[Rtp], LayerFrame]]:
        """Those of which all parts came, one behind the other."""
        found: list[tuple[list[Rtp], LayerFrame]] = []
        group: list[Rtp] = []
        before = -1
        for number, packet in self.packets().items():
            if not packet.payload:
                continue
            _, _, index, part, count, _ = BODY.unpack_from(packet.payload, packet.payload.index(MAGIC))[1:]
            if part == 0 or number != before + 1:
                group = []
            before = number
            if part == len(group):
                group.append(packet)
            if len(group) == count and part == count - 1:
                found.append((group, self.publisher.frames[index]))
                group = []
        return found

    def layers(self, pictures: int = 10) -> set[tuple[int, int]]:
        """(spatial, temporal) of the last pictures' frames."""
        frames = self.frames()
        last = frames[-1][1].picture
        return {(frame.spatial, frame.temporal) for _, frame in frames if last - frame.picture < pictures}

    def holes(self) -> int:
        numbers = list(self.packets())
        return numbers[-1] - numbers[0] + 1 - len(numbers)

    def check(self, *, holes: int = 0, ends: bool = True) -> int:
        """Everything that must hold at the end of a run; how many frames were shown."""
        assert self.holes() <= holes
        frames = self.frames()
        self.check_ends(frames)
        decoded: set[int] = set()
        for at, (group, frame) in enumerate(frames):
            for other in frame.refers_to:
                assert other in decoded or not self.publisher.frames[other].whole, (frame, other)
            decoded.add(frame.number)
            if at:
                step = (group[0].timestamp - frames[at - 1][0][0].timestamp) & 0xFFFFFFFF
                same = frame.picture == frames[at - 1][1].picture
                assert step == 0 if same else 0 < step < 30 * CLOCK
            if ends and at + 1 < len(frames) and frames[at + 1][1].picture == frame.picture:
                assert not group[-1].marker, (frame, "the marker is on the last of a picture")
        return len(frames)

    def check_ends(self, frames: list[tuple[list[Rtp], LayerFrame]]) -> None:
        """Of no picture that the server had as a whole does the end lack: a receiver would wait for it."""
        pictures: dict[int, bool] = {}
        for frame in self.publisher.frames:
            pictures[frame.picture] = pictures.get(frame.picture, True) and frame.whole
        last = {frame.picture: (group, frame) for group, frame in frames}
        for group, frame in list(last.values())[:-1]:
            assert group[-1].marker or not pictures[frame.picture], (frame, "no marker ends its picture")
