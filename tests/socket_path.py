"""The packet path over real sockets on loopback, with the Worker driven by hand."""

import socket
from collections.abc import Sequence

from tests.packet_path import PacketPath, Peer, VideoPublisher
from tests.readable import is_readable
from vtp import _rtp_fast as fast


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

    def burst(self, publisher: VideoPublisher, sizes: list[int], between: Sequence[bytes] = ()) -> None:
        """One packet of each size, with the datagrams of `between` before each, in one batch."""
        packets: list[bytes] = []
        keep = publisher.peer.send
        publisher.peer.send = lambda packet: packets.extend(  # type: ignore[method-assign]
            (*between, publisher.peer.sender.protect(packet.pack()))
        )
        for size in sizes:
            publisher.frame(size=size)
        publisher.peer.send = keep  # type: ignore[method-assign]
        self.send(publisher.peer.address, *packets)
        self.collect()

    def collect(self) -> None:
        for peer in self.peers:
            endpoint = self.sockets[peer.address]
            while is_readable(endpoint, 0.02):
                peer.receive(endpoint.recv(2048))

    def close(self) -> None:
        self.worker.close()
        for endpoint in self.sockets.values():
            endpoint.close()
