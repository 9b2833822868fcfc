"""The benchmark's private network, on the real kernel; skipped where it gives no namespaces."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vtp.bench.namespace import ADDRESS, NamespaceError, private_network


def namespace() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


@pytest.fixture
def inside() -> Iterator[str]:
    network = private_network()
    try:
        address = network.__enter__()
    except NamespaceError as error:
        pytest.skip(str(error))
    try:
        yield address
    finally:
        network.__exit__(None, None, None)


def test_datagrams_reach_the_namespace_s_own_address(inside: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind((inside, 0))
        server.settimeout(20)
        client.sendto(b"here", server.getsockname())
        assert server.recvfrom(100)[0] == b"here"


def test_nothing_outside_can_be_reached(inside: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(OSError, match="unreachable"):
        client.connect(("192.0.2.1", 9))


def test_processes_and_threads_started_inside_live_there(inside: str) -> None:
    command = ["readlink", "/proc/self/ns/net"]
    assert subprocess.check_output(command, text=True).strip() == namespace()
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(namespace()))
    thread.start()
    thread.join()
    assert seen == [namespace()]


def test_the_thread_is_back_outside_afterwards() -> None:
    before, descriptors = namespace(), len(list(Path("/proc/self/fd").iterdir()))
    try:
        with private_network() as address:
            assert address == ADDRESS
            assert namespace() != before
    except NamespaceError as error:
        pytest.skip(str(error))
    assert namespace() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_failure_inside_leads_outside_too() -> None:
    before = namespace()
    try:
        with private_network(), pytest.raises(ZeroDivisionError):
            1 / 0  # noqa: B018
    except NamespaceError as error:
        pytest.skip(str(error))
    assert namespace() == before


def test_an_address_that_is_none_is_refused_with_a_sentence() -> None:
    before = namespace()
    with pytest.raises(NamespaceError, match="namespace"), private_network("nowhere"):
        pytest.fail("there is no such network")
    assert namespace() == before
