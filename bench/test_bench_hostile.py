"""What viewers' RTCP costs to read, honest and hostile, beside each other: nothing is decrypted here.

An operation is one packet told of where feedback is honest, and one datagram of 2,000 bytes where it is not.
"""

from typing import Any

import pytest

from tests.hostile import flood_of_nacks, flood_of_requests, untold_runs, untold_vectors
from tests.packet_path import PacketPath, Peer, VideoPublisher, add_viewer
from tests.viewer_feedback import pack_feedback
from vtp import _rtp_fast as fast

Benchmark = Any
SSRC = 5555
PACKETS = 40
"""Of one feedback: 100 ms of 4 Mbit/s."""
LOOP = 200
ROUNDS = 50
STEP_NS = 2_500_000


def _watched(packets: int) -> tuple[PacketPath, Peer, int]:
    """A viewer who has been sent so many packets, and the last one's number."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer, ssrc=SSRC)
    path.advance(100)
    for _ in range(packets):
        publisher.frame(size=1_000)
    return path, viewer, viewer.rtp[-1].sequence


@pytest.mark.parametrize("lost", [0, 10], ids=["all came", "a tenth lost"])
@pytest.mark.parametrize("form", ["runs", "bits", "pairs"])
def test_read_honest_feedback(benchmark: Benchmark, form: str, lost: int) -> None:
    """Each packet noted as sent, then told of once."""
    path, viewer, _ = _watched(1)
    told = [None if lost and i % lost == 5 else 10**10 + i * STEP_NS for i in range(PACKETS)]
    arguments = (path.worker, viewer.transport, pack_feedback(0, told, form=form), PACKETS, LOOP)
    assert fast.repeat_read_feedback(*arguments) > 0
    benchmark.extra_info["operations"] = LOOP * PACKETS
    benchmark.pedantic(fast.repeat_read_feedback, arguments, rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.parametrize(
    "compound",
    [
        pytest.param(untold_runs(0), id="runs of 4,096 that did not come"),
        pytest.param(untold_runs(30_000), id="the same far from what was sent"),
        pytest.param(untold_vectors(0), id="vectors that did not come"),
        pytest.param(flood_of_requests(SSRC), id="key frame requests"),
    ],
)
def test_read_a_hostile_datagram(benchmark: Benchmark, compound: bytes) -> None:
    path, viewer, _ = _watched(500)
    arguments = (path.worker, viewer.transport, compound, LOOP)
    assert fast.repeat_receive_compound(*arguments) == 0
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(fast.repeat_receive_compound, arguments, rounds=ROUNDS, warmup_rounds=2)


def test_read_a_flood_of_nacks(benchmark: Benchmark) -> None:
    """8,000 packets asked for in one datagram, within the round trip in which none is sent again."""
    path, viewer, sequence = _watched(512)
    arguments = (path.worker, viewer.transport, flood_of_nacks(SSRC, sequence - 511), LOOP)
    assert fast.repeat_receive_compound(*arguments) == 0
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(fast.repeat_receive_compound, arguments, rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.parametrize("others", ["one host", "many hosts"])
@pytest.mark.parametrize("opened", [0, 1_000, 4_000])
def test_accept_a_connection(benchmark: Benchmark, opened: int, others: str) -> None:
    """And end it again, beside so many that are open already; no kernel is asked."""
    path = PacketPath(tcp_connections=8_192, tcp_connections_per_address=8_192)
    for i in range(opened):
        host = "198.51.100.1" if others == "one host" else f"203.0.{i >> 8}.{i & 255}"
        assert path.worker.open_tcp((host, 1_000 + i), path.now_ns)
    address = ("198.51.100.1", 60_000)

    def accept() -> None:
        for _ in range(LOOP):
            path.worker.close_tcp(path.worker.open_tcp(address, path.now_ns))

    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(accept, rounds=ROUNDS, warmup_rounds=2)
    assert path.worker.counters()["tcp_connections"] == opened
