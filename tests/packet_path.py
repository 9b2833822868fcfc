"""Drives a socket-less Worker with a fake clock: peers that speak STUN, SRTP and SRTCP in bytes."""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from vtp import _rtp_fast as fast

MS = 1_000_000
KEY_BYTES = {1: (16, 14), 7: (16, 12), 8: (32, 12)}


@dataclass
class Rtp:
    """A plain RTP packet as a peer sees it."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    extensions: dict[int, bytes] = field(default_factory=dict)
    padding: int = 0

    def pack(self) -> bytes:
        out = bytearray(
            struct.pack(
                "!BBHII",
                0x80,
                (self.marker << 7) | self.payload_type,
                self.sequence & 0xFFFF,
                self.timestamp & 0xFFFFFFFF,
                self.ssrc,
            )
        )
        if self.extensions:
            out[0] |= 0x10
            two_byte = any(len(d) > 16 for d in self.extensions.values())
            block = b"".join(
                (bytes([i, len(d)]) if two_byte else bytes([(i << 4) | (len(d) - 1)])) + d
                for i, d in self.extensions.items()
            )
            block += bytes(-len(block) % 4)
            out += struct.pack("!HH", 0x1000 if two_byte else 0xBEDE, len(block) // 4) + block
        out += self.payload
        if self.padding:
            out[0] |= 0x20
            out += bytes(self.padding - 1) + bytes([self.padding])
        return bytes(out)

    @staticmethod
    def unpack(data: bytes) -> "Rtp":
        parsed = fast.parse_rtp(data)
        header = parsed["header_len"]
        assert isinstance(header, int)
        extensions = dict(parsed["extensions"])
        length = int(parsed["payload_len"])
        return Rtp(
            data[1] & 0x7F,
            struct.unpack("!H", data[2:4])[0],
            struct.unpack("!I", data[4:8])[0],
            struct.unpack("!I", data[8:12])[0],
            data[header : header + length],
            bool(data[1] & 0x80),
            extensions,
        )


def split_rtcp(data: bytes) -> list[bytes]:
    """The packets of a compound."""
    packets = []
    while data:
        length = 4 + 4 * struct.unpack("!H", data[2:4])[0]
        packets.append(data[:length])
        data = data[length:]
    return packets


class Peer:
    """One end of a transport: publishes or watches."""

    def __init__(self, path: "PacketPath", address: tuple[str, int], profile: int) -> None:
        self.path = path
        self.address = address
        self.ufrag = os.urandom(4).hex()
        self.password = os.urandom(12).hex()
        self.transport = path.worker.add_transport(self.ufrag, self.password)
        key, salt = KEY_BYTES[profile]
        self.keys = (os.urandom(key), os.urandom(salt), os.urandom(key), os.urandom(salt))
        self.profile = profile
        self.sender = fast.Srtp(profile, self.keys[0], self.keys[1], sender=True)
        self.receiver = fast.Srtp(profile, self.keys[2], self.keys[3], sender=False)
        self.rtp: list[Rtp] = []
        self.rtcp: list[bytes] = []
        self.stun: list[bytes] = []
        self.raw: list[bytes] = []

    def check(
        self,
        *,
        nominate: bool = True,
        address: tuple[str, int] | None = None,
        password: str | None = None,
        controlling: bool = True,
        ufrag: str | None = None,
        priority: int = 1,
    ) -> bytes:
        """Sends a connectivity check and returns it."""
        request = fast.write_stun_request(
            os.urandom(12),
            f"{ufrag or self.ufrag}:peer".encode(),
            (password or self.password).encode(),
            use_candidate=nominate,
            controlling=controlling,
            priority=priority,
        )
        self.path.inject(request, address or self.address)
        return request

    def key(self) -> None:
        """What the DTLS handshake would end in."""
        self.path.worker.set_srtp(self.transport, self.profile, *self.keys)
        self.path.collect()

    def connect(self) -> "Peer":
        self.check()
        self.key()
        return self

    def send(self, packet: Rtp) -> None:
        self.path.inject(self.sender.protect(packet.pack()), self.address)

    def send_rtcp(self, packet: bytes) -> None:
        self.path.inject(self.sender.protect_rtcp(packet), self.address)

    def receive(self, datagram: bytes) -> None:
        self.raw.append(datagram)
        if datagram[0] < 4:
            self.stun.append(datagram)
        elif 192 <= datagram[1] <= 223:
            self.rtcp += split_rtcp(self.receiver.unprotect_rtcp(datagram))
        else:
            self.rtp.append(Rtp.unpack(self.receiver.unprotect(datagram)))

    def rtcp_of(self, kind: int, fmt: int | None = None) -> list[bytes]:
        return [p for p in self.rtcp if p[1] == kind and (fmt is None or p[0] & 0x1F == fmt)]


class PacketPath:
    """A Worker without sockets, its clock and its peers."""

    def __init__(self, **options: int) -> None:
        self.worker = fast.Worker([], **options)  # type: ignore[arg-type]
        self.now_ns = 1_000_000 * MS
        self.peers: list[Peer] = []

    def peer(self, profile: int = fast.PROFILE_AEAD_AES_128_GCM) -> Peer:
        peer = Peer(self, ("192.0.2.1", 10_000 + len(self.peers)), profile)
        self.peers.append(peer)
        return peer

    def inject(self, datagram: bytes, address: tuple[str, int]) -> None:
        self.worker.inject(datagram, address, self.now_ns)
        self.collect()

    def advance(self, ms: float) -> None:
        """Lets time pass in turns of 5 ms, as the media thread would."""
        until = self.now_ns + int(ms * MS)
        while self.now_ns < until:
            self.now_ns = min(self.now_ns + 5 * MS, until)
            self.worker.advance(self.now_ns)
        self.collect()

    def collect(self) -> None:
        by_address = {peer.address: peer for peer in self.peers}
        for datagram, address in self.worker.take_sent():
            if address in by_address:
                by_address[address].receive(datagram)

    def events(self, kind: int | None = None) -> list[tuple[int, int, object]]:
        return [event for event in self.worker.poll_events() if kind is None or event[0] == kind]


VIDEO_SSRC, VIDEO_RTX, AUDIO_SSRC = 1111, 2222, 3333


class VideoPublisher:
    """A peer that publishes VP8 with RTX; every frame is one packet unless told otherwise."""

    def __init__(
        self,
        path: PacketPath,
        *,
        nack: bool = True,
        transport_cc: bool = True,
        remb: bool = True,
        first: int = 1000,
        ssrc: int = VIDEO_SSRC,
    ) -> None:
        self.path = path
        self.peer = path.peer().connect()
        self.ssrc = ssrc
        self.sequence = first
        self.timestamp = 90_000
        self.picture = 0
        self.feedback_sequence = 0
        extensions = {fast.EXT_MID: 4}
        if transport_cc:
            extensions[fast.EXT_TRANSPORT_CC] = 5
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(96, fast.CODEC_VP8, 90_000, 97)],
            encodings=[(ssrc, ssrc + 1111, "")],
            extensions=extensions,
            nack=nack,
            transport_cc=transport_cc,
            remb=remb,
        )

    def frame(self, *, key: bool = False, lost: bool = False, size: int = 200) -> Rtp:
        """The next one-packet frame; `lost`: it is numbered and not sent."""
        packet = Rtp(
            96,
            self.sequence,
            self.timestamp,
            self.ssrc,
            vp8_payload(key, self.picture, size),
            marker=True,
            extensions={5: struct.pack("!H", self.feedback_sequence & 0xFFFF)},
        )
        self.sequence += 1
        self.timestamp += 3000
        self.picture += 1
        self.feedback_sequence += 1
        if not lost:
            self.peer.send(packet)
        return packet

    def run(self, ms: int, *, step_ms: int = 100) -> None:
        """Sends a frame every `step_ms` for `ms`, none of them a key frame."""
        for _ in range(ms // step_ms):
            self.path.advance(step_ms)
            self.frame()

    def resend(self, packet: Rtp, rtx_sequence: int) -> None:
        """The packet again as RTX."""
        self.peer.send(
            Rtp(
                97,
                rtx_sequence,
                packet.timestamp,
                self.ssrc + 1111,
                struct.pack("!H", packet.sequence & 0xFFFF) + packet.payload,
                packet.marker,
            )
        )


class SimulcastPublisher:
    """A peer that sends one VP8 picture in several encodings, told apart by RID in each packet."""

    def __init__(self, path: PacketPath, rids: str = "lmh") -> None:
        self.path = path
        self.peer = path.peer().connect()
        self.rids = rids
        self.ssrcs = {rid: 100 + i for i, rid in enumerate(rids)}
        self.sequences = {rid: 1000 * (i + 1) for i, rid in enumerate(rids)}
        self.timestamp = 0
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(96, fast.CODEC_VP8, 90_000, 97)],
            encodings=[(0, 0, rid) for rid in rids],
            extensions={fast.EXT_MID: 4, fast.EXT_RID: 6},
            nack=True,
            transport_cc=False,
            remb=True,
        )

    def frame(self, rids: str, *, key: bool = False) -> None:
        """The next picture, in these encodings; the payload's last byte names the encoding."""
        self.timestamp += 3000
        for rid in rids:
            payload = vp8_payload(key, self.sequences[rid], 50) + rid.encode()
            extensions = {4: b"0", 6: rid.encode()}
            self.peer.send(
                Rtp(96, self.sequences[rid], self.timestamp, self.ssrcs[rid], payload, True, extensions)
            )
            self.sequences[rid] += 1

    def run(self, ms: int, rids: str) -> None:
        """Sends in these encodings for `ms`."""
        for _ in range(ms // 100):
            self.path.advance(100)
            self.frame(rids)


def vp8_payload(key: bool, picture: int, size: int) -> bytes:
    """RFC 7741: extended descriptor with a 15-bit picture id and TL0PICIDX, then a frame header."""
    descriptor = (
        bytes([0x90, 0xC0]) + struct.pack("!H", 0x8000 | (picture & 0x7FFF)) + bytes([picture & 0xFF])
    )
    if key:
        return descriptor + bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A]) + struct.pack("<HH", 640, 360) + bytes(size)
    return descriptor + bytes([0x11]) + bytes(size)


VIEWER_EXTENSIONS = {fast.EXT_MID: 9, fast.EXT_TRANSPORT_CC: 3, fast.EXT_ABS_SEND_TIME: 2}


def add_viewer(
    path: PacketPath,
    producer: int = 0,
    *,
    ssrc: int = 5555,
    kind: str = "video",
    rtx: bool = True,
    profile: int = fast.PROFILE_AEAD_AES_128_GCM,
    extensions: Mapping[int, int] = VIEWER_EXTENSIONS,
    probator: bool = False,
) -> tuple[Peer, int]:
    """A connected peer with one consumer; its own payload types and extension ids."""
    peer = path.peer(profile).connect()
    codecs = (
        [(fast.CODEC_VP8, 120, 121 if rtx else -1), (fast.CODEC_H264, 122, 123)]
        if kind == "video"
        else [(fast.CODEC_OPUS, 109, -1)]
    )
    consumer = path.worker.add_consumer(
        peer.transport,
        kind=kind,
        mid="1",
        ssrc=ssrc,
        rtx_ssrc=ssrc + 1 if rtx and kind == "video" else 0,
        cname="vtp",
        codecs=codecs,
        extensions=dict(extensions),
        producer=producer,
        probator=probator,
    )
    path.worker.follow_bandwidth(peer.transport)
    path.collect()
    return peer, consumer
