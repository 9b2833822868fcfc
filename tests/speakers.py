"""Publishers of sound on a socket-less Worker: each packet of 20 ms says how loud it is."""

from collections.abc import Mapping

from tests.packet_path import PacketPath, Rtp
from vtp import _rtp_fast as fast

LEVEL_ID = 1
QUIET, LOUD = 75, 25  # -dBov


class SoundPublisher:
    """A peer that publishes Opus; `says_level`: whether its packets carry the level of RFC 6464."""

    def __init__(self, path: PacketPath, ssrc: int, *, says_level: bool = True, nack: bool = False) -> None:
        self.path = path
        self.peer = path.peer().connect()
        self.ssrc = ssrc
        self.sequence, self.timestamp = 1000, 48_000
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="audio",
            mid="0",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(ssrc, 0, "")],
            extensions={fast.EXT_AUDIO_LEVEL: LEVEL_ID} if says_level else {},
            nack=nack,
            transport_cc=False,
            remb=False,
        )

    def say(self, level: int | None) -> bytes:
        """The next packet; its payload names it. None: it does not say how loud it is."""
        payload = f"{self.ssrc}:{self.sequence}".encode()
        extensions = {} if level is None else {LEVEL_ID: bytes([0x80 | level])}
        self.peer.send(Rtp(111, self.sequence, self.timestamp, self.ssrc, payload, extensions=extensions))
        self.timestamp += 960
        self.sequence += 1
        return payload


def say_all(path: PacketPath, levels: Mapping[SoundPublisher, int], ms: int) -> None:
    """All of them at their levels for a while."""
    for _ in range(ms // 20):
        path.advance(20)
        for publisher, level in levels.items():
            publisher.say(level)
