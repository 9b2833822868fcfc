"""Micro benchmarks of the packet path without sockets: what a packet costs in user space.

Run with `make bench`. Video packets have 1,150 bytes of payload; figures are for one call as named.
"""

from typing import Any

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

Benchmark = Any
PAYLOAD = 1_150
PROFILES = {
    "gcm128": fast.PROFILE_AEAD_AES_128_GCM,
    "gcm256": fast.PROFILE_AEAD_AES_256_GCM,
    "cm-sha1": fast.PROFILE_AES_CM_128_SHA1_80,
}
KEYS = {"gcm128": (16, 12), "gcm256": (32, 12), "cm-sha1": (16, 14)}


@pytest.mark.parametrize("name", PROFILES)
def test_protect_one_packet(benchmark: Benchmark, name: str) -> None:
    key, salt = KEYS[name]
    session = fast.Srtp(PROFILES[name], bytes(key), bytes(salt), sender=True)
    packets = [Rtp(96, i, i, 1, vp8_payload(False, i, PAYLOAD)).pack() for i in range(1000)]

    def protect() -> None:
        for packet in packets:
            session.protect(packet)

    benchmark.extra_info["packets per round"] = len(packets)
    benchmark.pedantic(protect, rounds=20)


@pytest.mark.parametrize("viewers", [1, 50, 200])
def test_forward_a_frame_to_viewers(benchmark: Benchmark, viewers: int) -> None:
    """Unprotect, ring, rewrite and protect for every viewer; ten packets a round, none sent to the kernel."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    for i in range(viewers):
        add_viewer(path, publisher.producer, ssrc=10_000 + 2 * i)
    path.advance(100)
    frames = iter(
        [
            publisher.peer.sender.protect(
                Rtp(96, 2000 + i, 100_000 + i, publisher.ssrc, vp8_payload(False, i, PAYLOAD)).pack()
            )
            for i in range(4_000)
        ]
    )
    source = publisher.peer.address

    def ready() -> tuple[tuple[list[bytes]], dict[str, Any]]:
        path.worker.discard_sent()
        return ([next(frames) for _ in range(10)],), {}

    def forward(datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            path.worker.inject(datagram, source, path.now_ns)

    benchmark.extra_info["packets forwarded per round"] = 10 * viewers
    benchmark.pedantic(forward, setup=ready, rounds=100)
    assert path.worker.counters()["send_dropped"] == 0


def test_parse_one_header(benchmark: Benchmark) -> None:
    packet = Rtp(96, 1, 1, 1, vp8_payload(False, 1, PAYLOAD), extensions={4: b"0", 5: b"\0\1"}).pack()
    benchmark(fast.parse_rtp, packet)
