"""A UDP relay in user space that makes loopback a network: both directions go through the link emulator."""

import asyncio
import socket
import time

from vtp.bench._emulator import Link

Address = tuple[str, int]
_KEPT = 65_536  # datagrams remembered per direction; far more than any queue holds


class Relay:
    """Two sockets: what comes in at one leaves at the other, when and if the link in between lets it.

    Whoever talks to `left` reaches `right_peer`, and the other way round. The peer on the left is the first
    that sends, unless it is given.
    """

    def __init__(self, up: Link, down: Link) -> None:
        """`up` is left to right, `down` right to left; both may be changed while it runs (`now_ns()`)."""
        self.up = up
        self.down = down
        self._transports: list[asyncio.DatagramTransport] = []

    @classmethod
    async def open(
        cls,
        left: Address,
        right: Address,
        right_peer: Address,
        *,
        up: Link,
        down: Link,
        left_peer: Address | None = None,
    ) -> "Relay":
        """Binds `left` and `right`. Raises OSError when one is taken."""
        relay = cls(up, down)
        towards_right, towards_left = _Direction(up), _Direction(down)
        towards_right.target, towards_left.target = right_peer, left_peer
        loop = asyncio.get_running_loop()
        for address, incoming, outgoing in (
            (left, towards_right, towards_left),
            (right, towards_left, towards_right),
        ):
            transport, _ = await loop.create_datagram_endpoint(
                lambda incoming=incoming, outgoing=outgoing: _Face(incoming, outgoing),  # type: ignore[misc]
                sock=_bound(address),
            )
            outgoing.transport = transport
            relay._transports.append(transport)
        return relay

    @staticmethod
    def now_ns() -> int:
        """The clock of both links."""
        return time.monotonic_ns()

    def close(self) -> None:
        """Closes both sockets; what is under way is lost."""
        for transport in self._transports:
            transport.close()


class _Direction:
    """One link and the socket it ends at."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._datagrams: list[bytes] = [b""] * _KEPT
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self.target: Address | None = None
        self.transport: asyncio.DatagramTransport | None = None

    def push(self, datagram: bytes) -> None:
        self._datagrams[self._count % _KEPT] = datagram
        self._link.push(time.monotonic_ns(), self._count, len(datagram))
        self._count += 1
        self._run()

    def _run(self) -> None:
        """Sends what has arrived, and comes back when the link says so."""
        now_ns = time.monotonic_ns()
        while (number := self._link.pop(now_ns)) >= 0:
            if self.transport is not None and not self.transport.is_closing() and self.target is not None:
                self.transport.sendto(self._datagrams[number % _KEPT], self.target)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_ns = self._link.next_ns()
        if next_ns >= 0 and self.transport is not None and not self.transport.is_closing():
            delay_s = max(0.0, (next_ns - now_ns) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._run)


class _Face(asyncio.DatagramProtocol):
    def __init__(self, incoming: _Direction, outgoing: _Direction) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self._outgoing.target is None:
            self._outgoing.target = addr
        self._incoming.push(data)


def _bound(address: Address) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        made.setblocking(False)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
