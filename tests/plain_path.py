"""A plain transport of the packet path whose clock and sockets are the test's."""

from __future__ import annotations

import struct

from vtp import _rtp_fast

SECOND = 1_000_000_000
ENCODER = ("192.0.2.7", 5004)
RESTARTED = ("192.0.2.7", 6004)
STRANGER = ("198.51.100.9", 5004)
PLAYER = ("192.0.2.8", 7000)
AUDIO = 97


def rtp(sequence: int, ssrc: int = 1, payload_type: int = AUDIO) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, sequence, sequence * 960, ssrc) + b"sound"


def sender_report(ssrc: int = 1) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, 1 << 40, 960, 1, 5)


class Path:
    """A Worker whose clock and sockets are the test's, with an encoder's transport."""

    def __init__(self, *, pair: bool = False, learns: bool = True, encrypted: bool = False) -> None:
        self.core = _rtp_fast.Worker([], threaded=False)
        self.now_ns = SECOND
        self.id = self.core.add_plain_transport(-1, -2 if pair else -1, learns=learns, encrypted=encrypted)
        self.producer = self.core.add_producer(
            self.id,
            kind="audio",
            mid="",
            codecs=[(AUDIO, _rtp_fast.CODEC_OPUS, 48000, -1)],
            encodings=[(0, 0, "")],
            extensions={},
            nack=False,
            transport_cc=False,
            remb=False,
        )

    def give(self, datagram: bytes, address: tuple[str, int] = ENCODER, *, reports: bool = False) -> None:
        self.core.inject_plain(self.id, datagram, address, self.now_ns, reports=reports)

    def later(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)

    @property
    def taken(self) -> int:
        return self.core.producer_stats(self.producer)["streams"][0]["packets"]

    @property
    def tuples(self) -> list[tuple[str, int]]:
        return [one["address"] for one in self.core.transport_stats(self.id)["tuples"]]

    def events(self) -> list[tuple[int, object]]:
        return [(kind, value) for kind, id_, value in self.core.poll_events() if id_ == self.id]

    def sent(self, seconds: float) -> list[tuple[bytes, tuple[str, int]]]:
        """What leaves within so much time, in turns of 25 ms."""
        for _ in range(int(seconds * 40)):
            self.now_ns += SECOND // 40
            self.core.advance(self.now_ns)
        return self.core.take_sent()

    def play(self, *, pair: bool = False) -> int:
        """A second transport, to whose peer the sound goes."""
        viewer = self.core.add_plain_transport(-1, -2 if pair else -1, learns=False, encrypted=False)
        self.core.add_consumer(
            viewer,
            kind="audio",
            mid="",
            ssrc=9,
            rtx_ssrc=0,
            cname="c",
            codecs=[(_rtp_fast.CODEC_OPUS, 100, -1)],
            extensions={},
            producer=self.producer,
        )
        return viewer
