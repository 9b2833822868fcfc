"""What leaves together: everything that a socket held, whatever else came in between."""

from collections.abc import Iterator

import pytest

from tests.packet_path import VideoPublisher, add_viewer
from tests.socket_path import SocketPath

RECEIVE_BATCH = 64
"""Datagrams that the Worker takes from the kernel in one call."""


@pytest.fixture
def path() -> Iterator[SocketPath]:
    path = SocketPath()
    yield path
    path.close()


def test_other_datagrams_between_a_bursts_packets_do_not_send_these_singly(path: SocketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame()
    received, counters = len(viewer.rtp), path.worker.counters()
    datagrams = sum(len(peer.raw) for peer in path.peers)

    path.burst(publisher, [1100, 1100, 1100], between=[b"\x80\xc9 not authentic"] * RECEIVE_BATCH)

    found = path.worker.counters()
    assert len(viewer.rtp) == received + 3
    assert found["batches"] - counters["batches"] == 4
    others = sum(len(peer.raw) for peer in path.peers) - datagrams - 3  # reports, as time passes
    assert found["runs_sent"] - counters["runs_sent"] == 1
    assert found["messages_sent"] - counters["messages_sent"] - others == 1
