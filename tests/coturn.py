"""A real coturn, as STUN server with a second address (RFC 5780) and as TURN server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECRET = "a secret of the test"
START_LIMIT_S = 30.0


@dataclass(frozen=True)
class Coturn:
    """Where it listens: two addresses, the same two ports on each."""

    address: str
    port: int

    @property
    def stun(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def turn(self) -> str:
        return f"turn:{self.stun}"


@contextmanager
def running_coturn(
    folder: Path,
    addresses: Sequence[str] = ("127.0.0.1", "127.0.0.2"),
    options: Sequence[str] = ("--allow-loopback-peers",),
) -> Iterator[Coturn]:
    """Starts it; skips the test with the reason where it is not installed. `options`: whom it relays to."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("coturn is not installed (scripts/setup.sh test installs it)")
    port, alternative = _free_ports(addresses[0])
    process = subprocess.Popen(
        [
            program,
            "-n",
            *(f"--listening-ip={address}" for address in addresses),
            f"--listening-port={port}",
            f"--alt-listening-port={alternative}",
            f"--relay-ip={addresses[0]}",
            "--use-auth-secret",
            f"--static-auth-secret={SECRET}",
            "--realm=school.example",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
            *options,
            "--log-file=stdout",
            f"--pidfile={folder / 'turnserver.pid'}",
            f"--userdb={folder / 'turndb'}",
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for((addresses[0], port), process)
        yield Coturn(addresses[0], port)
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(address: str) -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind((address, 0))
        other.bind((address, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_for(address: tuple[str, int], process: subprocess.Popen[bytes]) -> None:
    """Until it takes connections: it has no other sign."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(address, 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("coturn did not start")
