"""The UDP ports of plain transports: a range of their own, given out in turn."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from vtp.media.ice import Address

_RECEIVE_BUFFER_BYTES = 1_048_576  # a key frame of some megabits that comes at once, several times over


class NoPortsError(RuntimeError):
    """No port can be given out; the text is a sentence."""


@dataclass(slots=True)
class PlainSockets:
    """Bound and not blocking: one for RTP, and one for RTCP unless it comes to the same."""

    media: socket.socket
    reports: socket.socket | None
    announced: Address
    announced_reports: Address | None

    def close(self) -> None:
        """Gives the ports back."""
        self.media.close()
        if self.reports is not None:
            self.reports.close()


class PlainPorts:
    """Of one process. They are given out in turn, so one that was given back rests while others are free.

    Thus late packets of an encoder hardly ever come to somebody else's transport.
    """

    def __init__(self, host: str, ports: range, announced: str = "") -> None:
        self.host = host
        self._ports = ports
        self._announced = announced or host
        self._next = 0

    def open(self, *, pair: bool) -> PlainSockets:
        """One free port, or with `pair` an even one and the next (RFC 3550 section 11).

        Raises NoPortsError.
        """
        if not self._ports:
            raise NoPortsError("This server gives out no ports for plain RTP: its operator sets plain.ports.")
        for step in range(len(self._ports)):
            port = self._ports[(self._next + step) % len(self._ports)]
            if pair and (port % 2 or port + 1 not in self._ports):
                continue
            try:
                found = self._bind(port, pair=pair)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise NoPortsError(
                    f"The port {port} on {self.host} cannot be opened: {error.strerror or error}. "
                    "The operator looks at plain.host and plain.ports."
                ) from error
            self._next = (self._ports.index(port) + 1 + pair) % len(self._ports)
            return found
        raise NoPortsError(
            f"All ports for plain RTP ({self._ports[0]} to {self._ports[-1]}) are taken: "
            "close a transport first."
        )

    def _bind(self, port: int, *, pair: bool) -> PlainSockets:
        with ExitStack() as undo:
            media = undo.enter_context(self._socket(port))
            reports = undo.enter_context(self._socket(port + 1)) if pair else None
            undo.pop_all()
        name = self._announced
        return PlainSockets(media, reports, (name, port), (name, port + 1) if pair else None)

    def _socket(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            made.bind((self.host, port))
        except BaseException:
            made.close()
            raise
        return made
