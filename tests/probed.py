"""A source, a server that renumbers, and a probe, without sockets or clocks."""

import struct
from typing import Any

from vtp._rtp_fast import PROFILE_AEAD_AES_128_GCM, Srtp
from vtp.bench._client import ProbeBench

KEY, SALT = bytes(range(16)), bytes(range(12))
SSRC, RTX_SSRC = 0xAAAA0001, 0xAAAA0002
MS = 1_000_000
SENT_NS = 1_700_000_000_000 * MS
FRAME_PACKETS, TICKS = 10, 3600


class Renumbered:
    """Packet `n` of the source reaches the probe under another number and timestamp."""

    def __init__(
        self,
        *,
        shift: int = 5000,
        first: int = 100,
        ssrc: int = SSRC,
        rtx_ssrc: int = RTX_SSRC,
        beside: "Renumbered | None" = None,
        **probe: Any,
    ) -> None:
        """`shift` is what the server adds to a number; `first` the source's number of packet 0.

        `beside` another stream, which came first, it is one more of the same probe.
        """
        self.shift = shift
        self.first = first
        self.ssrc, self.rtx_ssrc = ssrc, rtx_ssrc
        self._rtx_sequence = 0
        self._index = 0
        if beside is None:
            self.probe = ProbeBench(KEY, SALT, ssrc=ssrc, rtx_ssrc=rtx_ssrc, **probe)
            self._server = Srtp(PROFILE_AEAD_AES_128_GCM, KEY, SALT, sender=True)
        else:
            self.probe, self._server = beside.probe, beside._server
            self.probe.add_stream(ssrc=ssrc, rtx_ssrc=rtx_ssrc, **probe)
            self._index = len(self.probe.streams()) - 1

    def sent_ns(self, n: int) -> int:
        """The source sends a packet every 4 ms."""
        return SENT_NS + n * 4 * MS

    def send(self, *numbers: int) -> None:
        """The source sends these."""
        for n in numbers:
            self.probe.send(self.first + n, self.sent_ns(n), n // FRAME_PACKETS * TICKS, self._index)

    def packet(self, n: int, *, payload: bytes | None = None, key: bool = True) -> bytes:
        """What the server makes of packet n."""
        number = self.first + n + self.shift
        body = self.probe.payload(self.first + n, 900, key, self._index) if payload is None else payload
        return self._server.protect(rtp(self.ssrc, 96, number, n // FRAME_PACKETS * TICKS + 777, body))

    def deliver(self, packet: bytes, n: int, delay_us: int = 500) -> None:
        """A packet arrives so long after the source sent packet n."""
        arrival_ns = self.sent_ns(n) + delay_us * 1000
        self.probe.receive(packet, arrival_ns, arrival_ns)

    def pass_on(self, *numbers: int, delay_us: int = 500) -> None:
        """Sent, forwarded, received."""
        for n in numbers:
            self.send(n)
            self.deliver(self.packet(n), n, delay_us)

    def resend(self, n: int, delay_us: int = 30_000) -> None:
        """Packet n comes again as RTX."""
        number = (self.first + n + self.shift) & 0xFFFF
        body = struct.pack("!H", number) + self.probe.payload(self.first + n, 900, stream=self._index)
        self._rtx_sequence += 1
        packet = rtp(self.rtx_ssrc, 97, self._rtx_sequence, n // FRAME_PACKETS * TICKS + 777, body)
        self.deliver(self._server.protect(packet), n, delay_us)

    def figures(self) -> dict[str, Any]:
        """Of the whole probe."""
        return self.probe.figures()

    def own(self) -> dict[str, Any]:
        """Of this stream alone."""
        return self.probe.streams()[self._index]


def rtp(ssrc: int, payload_type: int, sequence: int, timestamp: int, payload: bytes) -> bytes:
    header = struct.pack("!BBHII", 0x80, payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return header + payload
