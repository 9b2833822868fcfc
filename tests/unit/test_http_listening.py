"""The TCP sockets: every address of a host on one port, and sentences for what cannot be bound."""

from __future__ import annotations

import socket

import pytest

from vtp.errors import StartupError
from vtp.http.listening import Listening, bind, reaches_beyond_this_machine


def ports(sockets: list[socket.socket]) -> set[int]:
    found = {one.getsockname()[1] for one in sockets}
    Listening(http=sockets).close()
    return found


def test_port_zero_is_one_free_port_on_every_address() -> None:
    for host in ("localhost", "", "127.0.0.1", "0.0.0.0"):
        found = ports(bind(host, 0, "http.port"))
        assert len(found) == 1
        assert found != {0}


def test_taken_port_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartupError, match=rf"Port {port} \(TCP\) is already in use.*VTP_HTTP__TLS_PORT"):
            bind("127.0.0.1", port, "http.tls_port")


@pytest.mark.parametrize("host", ["192.0.2.77", "no-such-host.invalid", "a..b"])
def test_host_that_is_not_of_this_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(StartupError, match="is no address of this machine"):
        bind(host, 0, "http.port")


def test_loopback_reaches_nobody_else() -> None:
    assert not reaches_beyond_this_machine("127.0.0.1")
    assert not reaches_beyond_this_machine("localhost")
    assert reaches_beyond_this_machine("0.0.0.0")
    assert reaches_beyond_this_machine("")
