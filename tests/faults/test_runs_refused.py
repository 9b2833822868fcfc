"""Runs that the kernel refuses: a path too small for them is found and remembered, and nothing is lost."""

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.packet_path import PacketPath, Peer, VideoPublisher, add_viewer
from tests.readable import is_readable
from vtp import _rtp_fast as fast
from vtp.bench.namespace import NamespaceError, private_network

SMALL_MTU = 1000


class SocketPath(PacketPath):
    """The same peers over real sockets on loopback; the Worker is driven by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.worker.close()
        self.worker = fast.Worker([("127.0.0.1", 0)], threaded=False)
        self.server = self.worker.addresses[0]
        self.sockets: dict[tuple[str, int], socket.socket] = {}

    def peer(self, profile: int = fast.PROFILE_AEAD_AES_128_GCM) -> Peer:
        endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        endpoint.bind(("127.0.0.1", 0))
        endpoint.setblocking(False)
        self.sockets[endpoint.getsockname()] = endpoint
        peer = Peer(self, endpoint.getsockname(), profile)
        self.peers.append(peer)
        return peer

    def inject(self, datagram: bytes, address: tuple[str, int]) -> None:
        self.send(address, datagram)
        self.collect()

    def send(self, address: tuple[str, int], *datagrams: bytes) -> None:
        """All of them before the Worker looks."""
        for datagram in datagrams:
            self.sockets[address].sendto(datagram, self.server)
        assert is_readable(self.worker.fileno(), 1)
        self.worker.run_once()

    def collect(self) -> None:
        for peer in self.peers:
            endpoint = self.sockets[peer.address]
            while is_readable(endpoint, 0.02):
                peer.receive(endpoint.recv(2048))

    def close(self) -> None:
        self.worker.close()
        for endpoint in self.sockets.values():
            endpoint.close()


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


def burst(path: SocketPath, publisher: VideoPublisher, sizes: list[int]) -> None:
    """One packet of each size, in one batch."""
    packets: list[bytes] = []
    keep = publisher.peer.send
    publisher.peer.send = lambda packet: packets.append(  # type: ignore[method-assign]
        publisher.peer.sender.protect(packet.pack())
    )
    for size in sizes:
        publisher.frame(size=size)
    publisher.peer.send = keep  # type: ignore[method-assign]
    path.send(publisher.peer.address, *packets)
    path.collect()


def test_a_run_too_large_for_the_path_goes_out_plain_and_the_limit_is_remembered(path: SocketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame()
    before = len(viewer.rtp)

    burst(path, publisher, [1100, 1100, 1100])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 3
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 0)

    burst(path, publisher, [1100, 1100, 1100])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 6
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 0)

    burst(path, publisher, [800, 800, 800])
    counters = path.worker.counters()
    assert len(viewer.rtp) == before + 9
    assert (counters["send_unmerged"], counters["runs_sent"]) == (1, 1)
    assert counters["send_errors"] == counters["send_too_large"] == 0
