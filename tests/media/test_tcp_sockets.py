"""Peers over TCP by real sockets: accepting, reading, writing to a slow reader, running out of files."""

from __future__ import annotations

import errno
import os
import resource
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readable import is_readable
from tests.tcp_line import framed
from vtp import _rtp_fast as fast

UFRAG, PASSWORD = "ours", "o" * 24
HELLO = bytes([22, 254, 253])


class Server:
    """A Worker that a test drives, and the clients of one transport."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.worker = fast.Worker([(address, 0)], threaded=False, tcp=True)
        self.transport = self.worker.add_transport(UFRAG, PASSWORD)
        self.sockets: list[socket.socket] = []

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        address = self.worker.addresses[0]
        client = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.sockets.append(client)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(20)
        client.connect(address)
        self.turn()
        return client

    def turn(self) -> None:
        """Lets the Worker do what waits."""
        assert is_readable(self.worker.fileno(), 2)
        self.worker.run_once()

    def send(self, client: socket.socket, data: bytes) -> None:
        client.sendall(data)
        self.turn()

    def count(self, name: str) -> int:
        return self.worker.counters()[name]

    def close(self) -> None:
        for client in self.sockets:
            client.close()
        self.worker.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def check(*, controlling: bool = True) -> bytes:
    return fast.write_stun_request(
        os.urandom(12), b"ours:peer", PASSWORD.encode(), controlling=controlling, use_candidate=controlling
    )


def receive_frame(client: socket.socket) -> bytes:
    (length,) = struct.unpack("!H", receive_exactly(client, 2))
    return receive_exactly(client, length)


def receive_exactly(client: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = client.recv(length - len(data))
        assert more, "the connection ended"
        data += more
    return data


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_one_port_number_answers_checks_over_udp_and_tcp(address: str) -> None:
    server = Server(address)
    try:
        client = server.connect()
        server.send(client, framed(check()))
        assert fast.parse_stun(receive_frame(client))["type"] == 0x0101
        [entry] = server.worker.transport_stats(server.transport)["tuples"]
        assert (entry["protocol"], entry["address"]) == ("tcp", client.getsockname()[:2])
        with socket.socket(client.family, socket.SOCK_DGRAM) as other:
            other.settimeout(20)
            other.connect(server.worker.addresses[0])
            other.send(check())
            server.turn()
            assert fast.parse_stun(other.recv(2048))["type"] == 0x0101
    finally:
        server.close()


def test_without_the_option_nobody_listens() -> None:
    worker = fast.Worker([("127.0.0.1", 0)], threaded=False)
    try:
        with socket.socket() as client:
            assert client.connect_ex(worker.addresses[0]) == errno.ECONNREFUSED
    finally:
        worker.close()


def test_taken_port_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use") as raised:
            fast.Worker([other.getsockname()], tcp=True)
    assert raised.value.errno == errno.EADDRINUSE


def test_refused_role_is_told_before_the_connection_ends(server: Server) -> None:
    client = server.connect()
    server.send(client, framed(check(controlling=False)))
    assert fast.parse_stun(receive_frame(client))["type"] == 0x0111
    assert client.recv(1) == b""


def test_stranger_is_hung_up_on(server: Server) -> None:
    client = server.connect()
    server.send(client, b"GET / HTTP/1.1\r\n\r\n")
    assert client.recv(1) == b""
    assert server.count("tcp_connections") == 0


def test_peer_that_hangs_up_is_forgotten(server: Server) -> None:
    client = server.connect()
    server.send(client, framed(check()))
    client.close()
    server.turn()
    assert server.count("tcp_connections") == 0
    assert server.worker.transport_stats(server.transport)["tuples"] == []


def test_slow_reader_gets_whole_frames_in_order_once_it_reads(server: Server) -> None:
    client = server.connect(receive_buffer=4096)
    server.send(client, framed(check()))
    receive_frame(client)
    sent = 0
    while not server.count("tcp_dropped"):
        assert server.worker.send_dtls(server.transport, HELLO + struct.pack("!I", sent) + bytes(1193))
        sent += 1
        assert sent < 5000
    assert sent > 262_144 // 1202
    kept = sent - 1
    data = b""
    while len(data) < kept * 1202:
        if is_readable(client, 0.001):
            data += client.recv(65_536)
        else:
            server.turn()
    frames = [data[at : at + 1202] for at in range(0, len(data), 1202)]
    assert {frame[:5] for frame in frames} == {struct.pack("!H", 1200) + HELLO}
    numbers = [struct.unpack("!I", frame[5:9])[0] for frame in frames]
    assert numbers == list(range(kept))
    assert server.worker.send_dtls(server.transport, HELLO + b"after")
    assert receive_frame(client) == HELLO + b"after"


def test_peer_that_resets_while_much_waits_is_forgotten(server: Server) -> None:
    client = server.connect(receive_buffer=4096)
    server.send(client, framed(check()))
    while not server.count("tcp_dropped"):
        server.worker.send_dtls(server.transport, HELLO + bytes(1200))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.turn()
    assert server.count("tcp_connections") == 0


def test_end_of_the_transport_hangs_up(server: Server) -> None:
    client = server.connect()
    server.send(client, framed(check()))
    receive_frame(client)
    server.worker.remove_transport(server.transport)
    assert client.recv(1) == b""


def test_without_file_descriptors_accepting_rests_and_resumes(server: Server) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = socket.socket()
    server.sockets.append(client)
    client.settimeout(20)
    client.connect(server.worker.addresses[0])
    used = max(int(one.name) for one in Path("/proc/self/fd").iterdir()) + 1
    spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(used)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(used, soft), hard))
    try:
        server.turn()
        refused = server.count("tcp_refused")
        rests = not is_readable(server.worker.fileno(), 0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in spare:
            os.close(one)
    assert refused == 1
    assert rests
    while not server.count("tcp_accepted"):
        is_readable(server.worker.fileno(), 0.05)
        server.worker.run_once()
    server.send(client, framed(check()))
    assert receive_frame(client)
