"""What tests over emulated networks share: whether there can be any here; datagrams and streams."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from vtp.bench._emulator import Flood
from vtp.bench.net import Link, NetworkError, Node, Place

PORT = 5_000
WAIT_S = 5.0


@pytest.fixture(scope="session", autouse=True)
def emulated_networks() -> None:
    """Skips with the system's reason where there are no namespaces or TUN devices."""
    try:
        with Link(1):
            pass
    except NetworkError as error:
        pytest.skip(f"no emulated network here: {error}")


@contextlib.contextmanager
def datagrams(node: Node, port: int = PORT, address: str | None = None) -> Iterator[socket.socket]:
    """A bound UDP socket of the node that does not wait for ever."""
    with node.place.socket((node.address if address is None else address, port)) as made:
        made.settimeout(WAIT_S)
        yield made


def arrives(
    sender: socket.socket, receiver: socket.socket, to: tuple[str, int], within_s: float = WAIT_S
) -> bool:
    """Whether one datagram comes through."""
    receiver.settimeout(within_s)
    sender.sendto(b"are you there", to)
    try:
        return receiver.recvfrom(100)[0] == b"are you there"
    except TimeoutError:
        return False


def flood(
    sender: Node,
    receiver: Node,
    count: int,
    packets_per_s: float,
    size: int = 1172,
    port: int = PORT,
    quiet_s: float = 0.3,
) -> Flood:
    """Sends all of it and waits until nothing more comes for so long."""
    made = Flood(count)
    with datagrams(receiver, port) as sink, datagrams(sender, port + 1000) as source:
        source.connect((receiver.address, port))
        receiving = threading.Thread(target=made.receive, args=(sink.fileno(),))
        receiving.start()
        try:
            made.send(source.fileno(), size, packets_per_s)
            seen = -1
            while made.received != seen:
                seen = made.received
                receiving.join(quiet_s)
        finally:
            made.stop()
            receiving.join()
    return made


def echo_once(place: Place, address: tuple[str, int]) -> threading.Thread:
    """A TCP server that gives one connection back what it says; listens when this returns."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = place.call(socket.create_server, address, family=family)
    listening.settimeout(WAIT_S)

    def serve() -> None:
        with listening, contextlib.suppress(TimeoutError):
            taken, _ = listening.accept()
            with taken:
                taken.settimeout(WAIT_S)
                while data := taken.recv(65_536):
                    taken.sendall(data)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread
