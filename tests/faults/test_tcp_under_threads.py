"""Peers over TCP come, write, stop reading and go while the control plane makes and ends their transports."""

from __future__ import annotations

import os
import random
import socket
import struct
import time
from contextlib import suppress

from tests.readable import is_readable
from tests.tcp_line import framed
from vtp import _rtp_fast as fast

LIMIT_S = 60
COMMANDS = 40_000
PASSWORD = "o" * 24


class Crowd:
    """Transports of one Worker and connections to it, some of which belong together."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.worker = fast.Worker([("127.0.0.1", 0)], tcp=True, tcp_connections_per_address=40)
        self.worker.start()
        self.transports: dict[str, int] = {}
        self.lines: list[socket.socket] = []

    def add_transport(self) -> None:
        name = os.urandom(4).hex()
        self.transports[name] = self.worker.add_transport(name, PASSWORD)
        if len(self.transports) > 12:
            self.end_transport()

    def end_transport(self) -> None:
        if self.transports:
            name = self.chance.choice(list(self.transports))
            self.worker.remove_transport(self.transports.pop(name))

    def connect(self) -> None:
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(self.worker.addresses[0])
        line.setblocking(False)
        self.lines.append(line)
        if len(self.lines) > 30:
            self.hang_up()

    def hang_up(self) -> None:
        if self.lines:
            line = self.lines.pop(self.chance.randrange(len(self.lines)))
            if self.chance.random() < 0.5:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()

    def check(self) -> None:
        """Over any connection, for any transport; in two pieces."""
        if self.lines and self.transports:
            data = framed(self.request(self.chance.choice(list(self.transports))))
            at = self.chance.randrange(len(data))
            line = self.chance.choice(self.lines)
            with suppress(OSError):
                line.send(data[:at])
                line.send(data[at:])

    def request(self, name: str) -> bytes:
        return fast.write_stun_request(
            os.urandom(12), f"{name}:peer".encode(), PASSWORD.encode(), use_candidate=True
        )

    def write_anything(self) -> None:
        if self.lines:
            with suppress(OSError):
                self.chance.choice(self.lines).send(self.chance.randbytes(self.chance.randrange(1, 3000)))

    def read(self) -> None:
        if self.lines:
            with suppress(OSError):
                self.chance.choice(self.lines).recv(100_000)

    def send(self) -> None:
        """Much, to whoever is connected."""
        for transport in self.transports.values():
            for _ in range(20):
                self.worker.send_dtls(transport, b"\x16" + bytes(1199))

    def close(self) -> None:
        for line in self.lines:
            line.close()
        self.worker.close()


def test_connections_and_transports_come_and_go_in_any_order() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    crowd = Crowd(random.Random(seed))
    until = time.monotonic() + LIMIT_S
    steps = [
        crowd.add_transport,
        crowd.connect,
        crowd.check,
        crowd.check,
        crowd.check,
        crowd.read,
        crowd.send,
    ]
    rare = [crowd.end_transport, crowd.hang_up, crowd.write_anything, crowd.worker.poll_events]
    for _ in range(COMMANDS):
        crowd.chance.choice(steps * 2 + rare)()
        assert time.monotonic() < until
    counters = crowd.worker.counters()
    assert counters["tcp_accepted"] > 100 and counters["tcp_dropped"] > 0
    while crowd.lines:
        crowd.hang_up()
    while crowd.worker.counters()["tcp_connections"]:
        time.sleep(0.01)
        assert time.monotonic() < until
    crowd.connect()
    crowd.add_transport()
    crowd.lines[0].send(framed(crowd.request(list(crowd.transports)[-1])))
    assert is_readable(crowd.lines[0], 10), "checks are still answered"
    crowd.close()
