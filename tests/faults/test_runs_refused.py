"""Runs that the kernel refuses: a path too small for them is found and remembered, and nothing is lost."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.packet_path import VideoPublisher, add_viewer
from tests.socket_path import SocketPath
from vtp.bench.namespace import NamespaceError, private_network

SMALL_MTU = 1000


@pytest.fixture
def path() -> Iterator[SocketPath]:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network namespace of its own")
    try:
        with private_network():
            subprocess.run(["ip", "link", "set", "lo", "mtu", str(SMALL_MTU)], check=True)
            path = SocketPath()
            try:
                yield path
            finally:
                path.close()
    except NamespaceError as error:
        pytest.skip(str(error))


def test_a_run_too_large_for_the_path_goes_out_plain_and_the_limit_is_remembered(path: SocketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame()
    before = len(viewer.rtp)

    path.burst(publisher, [1100, 1100, 1100])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 3
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 0)

    path.burst(publisher, [1100, 1100, 1100])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 6
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 0)

    path.burst(publisher, [800, 800, 800])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 9
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 1)
    assert counters["send_errors"] == counters["send_too_large"] == 0
