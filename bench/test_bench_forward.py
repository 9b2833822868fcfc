"""Forwarding without sockets: what a packet costs in user space, datagram in, viewers' messages out.

An operation is one packet to one viewer. Payloads have 1,150 bytes; nothing is given to the kernel.
"""

from typing import Any

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload

Benchmark = Any
PAYLOAD = 1_150
BURST = 3
"""Packets of a frame that are at hand together, as Chromium paces them."""
ROUNDS = 100


@pytest.mark.parametrize("at_hand", [1, BURST, 10])
@pytest.mark.parametrize("viewers", [1, 50, 200])
def test_forward_to_viewers(benchmark: Benchmark, viewers: int, at_hand: int) -> None:
    """Unprotect, ring, rewrite, pad, protect for every viewer, one message for each."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    for i in range(viewers):
        add_viewer(path, publisher.producer, ssrc=10_000 + 2 * i)
    path.advance(100)
    source = publisher.peer.address
    packets = iter(
        [
            publisher.peer.sender.protect(
                Rtp(96, 2000 + i, 100_000 + i, publisher.ssrc, vp8_payload(False, i, PAYLOAD)).pack()
            )
            for i in range(ROUNDS * at_hand)
        ]
    )

    def ready() -> tuple[tuple[list[tuple[bytes, tuple[str, int]]]], dict[str, Any]]:
        path.worker.discard_sent()
        return ([(next(packets), source) for _ in range(at_hand)],), {}

    def forward(datagrams: list[tuple[bytes, tuple[str, int]]]) -> None:
        path.worker.inject_batch(datagrams, path.now_ns)

    before = path.worker.counters()["packets_forwarded"]
    benchmark.extra_info["operations"] = at_hand * viewers
    benchmark.pedantic(forward, setup=ready, rounds=ROUNDS)
    counters = path.worker.counters()
    assert counters["packets_forwarded"] - before == ROUNDS * at_hand * viewers
    assert counters["send_dropped"] == 0
