"""What each duty of a packet costs by itself, without sockets: numbering, send times, padding, feedback.

An operation is one packet to one viewer, or one RTCP packet of a viewer. There are 200 viewers, so that
caches are as cold as in a class; compare the rows with each other.
"""

import struct
from collections.abc import Mapping
from typing import Any

import pytest

from tests.packet_path import PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

Benchmark = Any
VIEWERS = 200
ROUNDS = 200
EVEN = (1_150, 1_150, 1_150)
UNEVEN = (1_100, 1_150, 1_200)
"""Payload bytes before their headers: the lecture's spread within a burst, 4 % of it padding."""
MID = {fast.EXT_MID: 9}
NUMBERED = MID | {fast.EXT_TRANSPORT_CC: 3}
TIMED = MID | {fast.EXT_ABS_SEND_TIME: 2}
FEEDBACK_PACKETS = 30
"""Of one report: 100 ms of a lecture."""


def watched(extensions: Mapping[int, int]) -> tuple[PacketPath, VideoPublisher, list[Peer]]:
    """A publisher with all viewers joined."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewers = [
        add_viewer(path, publisher.producer, ssrc=10_000 + 2 * i, extensions=extensions)[0]
        for i in range(VIEWERS)
    ]
    path.advance(100)
    path.worker.discard_sent()
    return path, publisher, viewers


@pytest.mark.parametrize(
    ("extensions", "payloads"),
    [
        pytest.param(MID, EVEN, id="MID alone"),
        pytest.param(NUMBERED, EVEN, id="and transport-wide numbers"),
        pytest.param(TIMED, EVEN, id="and abs-send-time"),
        pytest.param(NUMBERED | TIMED, EVEN, id="and both"),
        pytest.param(NUMBERED | TIMED, UNEVEN, id="and both and padding"),
    ],
)
def test_forward_with_duties(
    benchmark: Benchmark, extensions: Mapping[int, int], payloads: tuple[int, ...]
) -> None:
    """A burst of three packets to each viewer."""
    path, publisher, _ = watched(extensions)
    packets = iter(
        [
            publisher.peer.sender.protect(
                Rtp(96, 2000 + i, 100_000 + i, publisher.ssrc, vp8_payload(False, i, payloads[i % 3])).pack()
            )
            for i in range(ROUNDS * len(payloads))
        ]
    )

    def ready() -> tuple[tuple[list[tuple[bytes, tuple[str, int]]]], dict[str, Any]]:
        path.worker.discard_sent()
        return ([(next(packets), publisher.peer.address) for _ in payloads],), {}

    def forward(datagrams: list[tuple[bytes, tuple[str, int]]]) -> None:
        path.worker.inject_batch(datagrams, path.now_ns)

    before = path.worker.counters()
    benchmark.extra_info["operations"] = len(payloads) * VIEWERS
    benchmark.pedantic(forward, setup=ready, rounds=ROUNDS)
    found = path.worker.counters()
    assert found["packets_forwarded"] - before["packets_forwarded"] == ROUNDS * len(payloads) * VIEWERS
    assert (found["padding_sent"] > 0) is (payloads == UNEVEN)


def transport_feedback(viewer: Peer, sequence: int) -> bytes:
    """Of packets that came 3 ms apart, all of them: one run-length chunk of small deltas of 250 µs."""
    body = struct.pack("!IIHHI", 1, 5555, sequence & 0xFFFF, FEEDBACK_PACKETS, 1 << 8)
    body += struct.pack("!H", 0x2000 | FEEDBACK_PACKETS) + bytes([12]) * FEEDBACK_PACKETS
    body += bytes(-len(body) % 4)
    return viewer.sender.protect_rtcp(struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body)


def receiver_report(viewer: Peer, sequence: int) -> bytes:
    """One block (RFC 3550 section 6.4.2)."""
    block = struct.pack("!IIIIII", 5555, 0, 65536 + sequence, 10, 0, 0)
    return viewer.sender.protect_rtcp(struct.pack("!BBHI", 0x81, 201, 7, 1) + block)


@pytest.mark.parametrize("report", [transport_feedback, receiver_report])
def test_read_what_a_viewer_tells(benchmark: Benchmark, report: Any) -> None:
    """One from each viewer: unprotected, walked, noted."""
    path, _, viewers = watched(NUMBERED | TIMED)
    rounds = iter([[(report(one, i), one.address) for one in viewers] for i in range(ROUNDS)])

    def ready() -> tuple[tuple[list[tuple[bytes, tuple[str, int]]]], dict[str, Any]]:
        path.worker.discard_sent()
        return (next(rounds),), {}

    def receive(datagrams: list[tuple[bytes, tuple[str, int]]]) -> None:
        path.worker.inject_batch(datagrams, path.now_ns)

    before = path.worker.counters()["rtcp_received"]
    benchmark.extra_info["operations"] = VIEWERS
    benchmark.pedantic(receive, setup=ready, rounds=ROUNDS)
    assert path.worker.counters()["rtcp_received"] - before == ROUNDS * VIEWERS
