"""A Worker that has fallen behind with its pipes still lets commands in between."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.packet_path import PacketPath, VideoPublisher, add_viewer
from tests.socket_path import SocketPath

VIEWERS, PACKETS = 20, 400
ROUNDS = 20
"""At most: on a busy machine the thread that asks may not run before the pipe is empty."""
LIMIT_S = 60.0


@pytest.fixture
def away() -> Iterator[SocketPath]:
    path = SocketPath()
    yield path
    path.close()


def test_a_command_does_not_wait_until_a_full_pipe_is_empty(away: SocketPath) -> None:
    home = PacketPath()
    home.now_ns = time.monotonic_ns()
    publisher = VideoPublisher(home)
    outlet = away.worker.add_outlet(home.worker, publisher.producer)
    for _ in range(VIEWERS):
        add_viewer(away, outlet)
        away.peers.clear()
    counts: set[int] = set()
    until = time.monotonic() + LIMIT_S
    total = away.worker.counters()["packets_forwarded"]
    for _ in range(ROUNDS):
        publisher.frame(key=True)
        for _ in range(PACKETS - 1):
            publisher.frame(size=1_100)
        before, total = total, total + VIEWERS * PACKETS

        def drive(total: int = total) -> None:
            while max(counts, default=0) < total and time.monotonic() < until:
                away.worker.run_once()

        thread = threading.Thread(target=drive)
        thread.start()
        while max(counts, default=0) < total and time.monotonic() < until:
            counts.add(away.worker.counters()["packets_forwarded"])
        thread.join()
        assert max(counts) == total
        if any(before < count < total for count in counts):
            return
    pytest.fail("No command was answered while the pipe was being emptied.")
