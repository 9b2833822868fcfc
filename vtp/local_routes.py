"""What this machine's table of routes says of an address."""

from __future__ import annotations

import socket


def has_route(address: tuple[str, int]) -> bool:
    """Whether datagrams to (ip, port) would leave this machine, without any; False for what is no address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)  # sends nothing
    except OSError:
        return False
    return True
