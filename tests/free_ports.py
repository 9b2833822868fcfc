"""Ports of loopback for servers that must be told theirs.

They lie below those that the kernel gives to whoever asks for any, and each process of a run has a thousand
of its own: nobody else takes one between its choice and its use.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import re
import socket

from tests.copies import NAME

FIRST = 20_000
OF_EACH = 1_000  # processes: as many as there are below the kernel's own, from 32,768 on
MOST = 12
_places = itertools.count(random.randrange(OF_EACH))


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """One that nobody uses, for TCP or UDP."""
    worker = re.search(r"\d+", os.environ.get(NAME, ""))
    block = FIRST + OF_EACH * (int(worker[0]) % (MOST - 1) + 1 if worker else 0)
    for place in itertools.islice(_places, OF_EACH):
        port = block + place % OF_EACH
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
        return port
    raise AssertionError(f"all ports from {block} on are in use")


def free_ports(count: int) -> list[int]:
    """Several, for TCP."""
    return [free_port() for _ in range(count)]
