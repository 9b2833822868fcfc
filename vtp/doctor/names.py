"""Host names and ports as people write them, and their addresses."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from vtp.doctor.probes import in_thread
from vtp.media.ice import Address

STUN_PORT = 3478


def read_server(text: str, default_port: int = STUN_PORT) -> Address:
    """Reads `stun:host:port`, `host:port` or `host`. Raises ValueError with a sentence."""
    rest = text.strip()
    for scheme in ("stuns:", "stun:", "turns:", "turn:"):
        rest = rest.removeprefix(scheme)
    rest = rest.partition("?")[0]
    host, colon, port = rest.rpartition(":")
    if not colon or (rest.count(":") > 1 and not host.endswith("]")):
        host, port = rest, ""
    if not host.strip("[]") or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"{text!r} is no server; write host:port, such as stun.example:3478.")
    return host.strip("[]"), int(port) if port else default_port


async def resolve(host: str, port: int, kind: int = socket.SOCK_DGRAM) -> Sequence[Address]:
    """The addresses of a name, IPv4 first. Raises OSError."""
    found = await in_thread(lambda: socket.getaddrinfo(host, port, type=kind))
    addresses = dict.fromkeys((str(item[4][0]), port) for item in found)
    return sorted(addresses, key=lambda address: ":" in address[0])
