"""A command that starts a replay wakes the media thread: what the command does not send follows at once."""

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.packet_path import VideoPublisher, add_viewer
from tests.readable import is_readable
from tests.socket_path import SocketPath
from vtp import _rtp_fast as fast

STARTS = 15
AT_ONCE = 16
"""Packets that leave within the command; `CATCH_UP_PACKETS`."""
LIMIT_S = 0.012
"""For the next one; the thread of a calm Worker looks at its timers every 25 ms."""


class ThreadedPath(SocketPath):
    """The Worker has a media thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.worker.close()
        self.worker = fast.Worker([("127.0.0.1", 0)])
        self.worker.start()
        self.server = self.worker.addresses[0]

    def send(self, address: tuple[str, int], *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.sockets[address].sendto(datagram, self.server)


@pytest.fixture
def path() -> Iterator[ThreadedPath]:
    path = ThreadedPath()
    yield path
    path.close()


def test_a_replay_that_a_command_starts_goes_on_at_once(path: ThreadedPath) -> None:
    publisher = VideoPublisher(path)
    viewer, consumer = add_viewer(path)
    endpoint = path.sockets[viewer.address]
    waits = []
    for start in range(STARTS):
        publisher.frame(key=True)
        path.burst(publisher, [100] * 30)
        time.sleep(0.03 + 0.0017 * start)
        path.worker.set_consumer_source(consumer, publisher.producer)
        began = time.monotonic()
        for _ in range(AT_ONCE + 1):
            assert is_readable(endpoint, 1)
            endpoint.recv(2048)
        waits.append(time.monotonic() - began)
        path.worker.set_consumer_source(consumer, 0)
        path.collect()
    assert statistics.median(waits) < LIMIT_S
