"""A peer over TCP for a socket-less Worker: its connection, its frames, a reader as slow as a test wants."""

import os
import struct

from tests.packet_path import PacketPath, Peer, Rtp
from vtp import _rtp_fast as fast


def framed(*packets: bytes) -> bytes:
    """RFC 4571: each packet behind its length."""
    return b"".join(struct.pack("!H", len(packet)) + packet for packet in packets)


class Line:
    """One connection. `reads` is False while its other end takes nothing."""

    def __init__(self, path: PacketPath, address: tuple[str, int] = ("198.51.100.7", 50_000)) -> None:
        self.path = path
        self.address = address
        self.socket = path.worker.open_tcp(address, path.now_ns)
        self.reads = True
        self._begun = b""

    @property
    def is_open(self) -> bool:
        """Whether there was and is such a connection."""
        try:
            self.path.worker.take_tcp(self.socket, 0)
        except ValueError:
            return False
        return True

    def send(self, data: bytes) -> None:
        self.path.worker.inject_tcp(self.socket, data, self.path.now_ns)

    def close(self) -> None:
        self.path.worker.close_tcp(self.socket)

    def take(self, most: int = 1_000_000) -> list[bytes]:
        """The whole packets among the next `most` bytes that wait for this end."""
        self._begun += self.path.worker.take_tcp(self.socket, most)
        packets = []
        while len(self._begun) >= 2:
            (length,) = struct.unpack("!H", self._begun[:2])
            if len(self._begun) < 2 + length:
                break
            packets.append(self._begun[2 : 2 + length])
            self._begun = self._begun[2 + length :]
        return packets


class LinePath(PacketPath):
    """The same Worker and clock, for the one peer that comes over `line`."""

    def __init__(self, path: PacketPath, line: Line) -> None:
        self.path = path
        self.line = line
        self.worker = path.worker
        self.peers = []

    @property
    def now_ns(self) -> int:  # type: ignore[override]  # the clock is one for all
        return self.path.now_ns

    def peer(self, profile: int = fast.PROFILE_AEAD_AES_128_GCM) -> Peer:
        self.peers = [Peer(self, self.line.address, profile)]
        return self.peers[0]

    def inject(self, datagram: bytes, address: tuple[str, int]) -> None:
        self.line.send(framed(datagram))
        self.collect()

    def collect(self) -> None:
        if self.line.reads and self.line.is_open:
            for packet in self.line.take():
                self.peers[0].receive(packet)


def check_of(peer: Peer, password: str | None = None) -> bytes:
    """A check of a peer that nominates, to be sent by whatever way."""
    return fast.write_stun_request(
        os.urandom(12),
        f"{peer.ufrag}:peer".encode(),
        (password or peer.password).encode(),
        use_candidate=True,
    )


def publish_sound(path: PacketPath, peer: Peer) -> int:
    """A producer of what `sound` makes."""
    return path.worker.add_producer(
        peer.transport,
        kind="audio",
        mid="0",
        codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
        encodings=[(3333, 0, "")],
        extensions={},
        nack=False,
        transport_cc=False,
        remb=False,
    )


def sound(number: int) -> Rtp:
    """One packet of Opus."""
    return Rtp(111, number, number * 960, 3333, bytes([number & 0xFF]) * 80)
