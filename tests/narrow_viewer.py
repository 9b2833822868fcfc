"""A viewer of a socket-less Worker behind a narrow link, who tells the Worker when its packets arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bottleneck import Bottleneck
from tests.packet_path import AUDIO_SSRC, MS, PacketPath, Peer, Rtp, VideoPublisher
from tests.viewer_feedback import pack_feedback
from vtp import _rtp_fast as fast

TRANSPORT_CC_ID = 3
"""Of `VIEWER_EXTENSIONS`."""
CLOCK_NS = 77_000 * MS
"""What the viewer's clock is ahead."""


@dataclass
class Arrival:
    packet: Rtp
    at_ns: int
    size: int


@dataclass
class NarrowViewer:
    """Takes the place of `peer`'s own reception: what arrives is in `arrived`, what was lost is counted."""

    path: PacketPath
    peer: Peer
    link: Bottleneck
    feedback_ms: int = 50
    answers: bool = True
    """Whether it sends feedback at all."""
    arrived: list[Arrival] = field(default_factory=list)
    underway: list[Arrival] = field(default_factory=list)
    sent: int = 0
    lost: int = 0
    numbers: dict[int, int] = field(default_factory=dict)
    """Arrivals by transport-wide number, not yet told of."""
    highest: int = -1
    next_number: int = -1
    count: int = 0
    due_ns: int = 0

    def __post_init__(self) -> None:
        self.peer.receive = self.receive  # type: ignore[method-assign]

    def receive(self, datagram: bytes) -> None:
        if datagram[0] < 4 or 192 <= datagram[1] <= 223:
            Peer.receive(self.peer, datagram)
            return
        self.sent += 1
        packet = Rtp.unpack(self.peer.receiver.unprotect(datagram))
        at = self.link.push(self.path.now_ns, len(datagram))
        if at is None:
            self.lost += 1
            return
        self.underway.append(Arrival(packet, at, len(datagram)))

    def turn(self) -> None:
        """What has arrived by now is taken in; feedback goes out when it is due."""
        now = self.path.now_ns
        self.underway.sort(key=lambda one: one.at_ns)
        while self.underway and self.underway[0].at_ns <= now:
            one = self.underway.pop(0)
            self.arrived.append(one)
            if TRANSPORT_CC_ID in one.packet.extensions:
                number = int.from_bytes(one.packet.extensions[TRANSPORT_CC_ID])
                if self.next_number < 0:
                    self.next_number = self.highest = number
                number = self.highest + ((number - self.highest + 0x8000) & 0xFFFF) - 0x8000
                self.highest = max(self.highest, number)
                self.numbers[number] = one.at_ns + CLOCK_NS
        if self.answers and self.numbers and now >= self.due_ns:
            self.due_ns = now + self.feedback_ms * MS
            told = [self.numbers.get(i) for i in range(self.next_number, self.highest + 1)]
            if any(told):
                self.peer.send_rtcp(pack_feedback(self.next_number, told, count=self.count))
                self.count += 1
            self.next_number = self.highest + 1
            self.numbers.clear()

    @property
    def figures(self) -> fast.TransportStats:
        return self.path.worker.transport_stats(self.peer.transport)

    def rate_bps(self, since_ns: int) -> float:
        """What has arrived since."""
        return (
            sum(one.size for one in self.arrived if one.at_ns >= since_ns)
            * 8e9
            / (self.path.now_ns - since_ns)
        )


@dataclass
class Lecture:
    """A publisher's picture at a steady rate, and sound; a key frame when one is asked for."""

    path: PacketPath
    publisher: VideoPublisher
    bps: float
    viewers: list[NarrowViewer]
    key_packets: int = 10
    frame_ms: int = 40
    credit: float = 0
    frame_due_ns: int = 0
    asked: int = 0
    keys: int = 0
    waiting: list[int] = field(default_factory=list)
    """Sizes of this frame's packets, which leave in bursts of three, 5 ms apart."""
    audio: int = 0
    audio_sequence: int = 1

    def run(self, ms: int) -> None:
        until = self.path.now_ns + ms * MS
        while self.path.now_ns < until:
            self.path.advance(5)
            self.publish()
            for viewer in self.viewers:
                viewer.turn()

    def publish(self) -> None:
        now = self.path.now_ns
        if now >= self.frame_due_ns:
            self.frame_due_ns = now + self.frame_ms * MS
            asked = len(self.publisher.peer.rtcp_of(206, 1))
            key = asked > self.asked or self.keys == 0
            self.asked = asked
            self.keys += key
            self.waiting += [1] * key + [0] * (round(self.bps * self.frame_ms / 8e3 / 1100) - key)
        for first in self.waiting[:3]:
            self.publisher.frame(key=bool(first), size=1090)
        del self.waiting[:3]
        if self.audio and now // MS % 20 == 0:
            self.audio_sequence += 1
            self.publisher.peer.send(
                Rtp(111, self.audio_sequence, self.audio_sequence * 960, AUDIO_SSRC, bytes(100))
            )
