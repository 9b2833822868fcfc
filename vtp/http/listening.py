"""The TCP sockets: bound before anything else starts, so that a taken port is said at once."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass, field

from vtp.errors import StartupError
from vtp.http.client import is_loopback_host

BACKLOG = 1024
_PICK_TRIES = 20


@dataclass(slots=True)
class Listening:
    """The bound sockets of plain HTTP and of TLS (none without TLS)."""

    http: list[socket.socket] = field(default_factory=list)
    https: list[socket.socket] = field(default_factory=list)

    @property
    def http_port(self) -> int:
        """The port that plain HTTP is on; 0 when closed."""
        return _port(self.http)

    @property
    def https_port(self) -> int:
        """The port that TLS is on; 0 without TLS."""
        return _port(self.https)

    def close(self) -> None:
        """Closes what nobody took over."""
        for one in [*self.http, *self.https]:
            one.close()


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Binds `port` on every address of `host` (0: one free port for all of them).

    `setting` is the key that chooses the port, for the sentence. Raises StartupError.
    """
    addresses = _resolve(host, port)
    for attempt in range(_PICK_TRIES):
        try:
            return _bind_all(addresses, port)
        except OSError as error:
            if port == 0 and error.errno == errno.EADDRINUSE and attempt + 1 < _PICK_TRIES:
                continue  # the free port of the first address is taken on the second
            raise _explain(error, host, port, setting) from error
    raise AssertionError("unreachable: the last try raises")


def reaches_beyond_this_machine(host: str) -> bool:
    """Whether a listening address can be reached from elsewhere."""
    return not is_loopback_host(host)


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if host in ("", "*"):
        return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise StartupError(
            f"http.host is {host!r}, which is no address of this machine; set 0.0.0.0 for all of them."
        ) from error
    return list(dict.fromkeys((item[0], str(item[4][0])) for item in found))


def _bind_all(addresses: list[tuple[socket.AddressFamily, str]], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in addresses:
            opened = _open(family, address, port)
            if opened is None:
                continue
            sockets.append(opened)
            port = port or int(opened.getsockname()[1])
    except BaseException:
        for one in sockets:
            one.close()
        raise
    if not sockets:
        raise OSError(errno.EADDRNOTAVAIL, "no such address")
    return sockets


def _open(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    """A listening socket, or None where the machine has no IPv6."""
    try:
        opened = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if family == socket.AF_INET6:
            return None
        raise
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setblocking(False)
        opened.bind((address, port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        if family == socket.AF_INET6 and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return opened


def _explain(error: OSError, host: str, port: int, setting: str) -> StartupError:
    variable = f"VTP_{setting.upper().replace('.', '__')}"
    if error.errno == errno.EADDRINUSE:
        return StartupError(
            f"Port {port} (TCP) is already in use by another program; stop that program, or choose "
            f"another port with {variable}."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return StartupError(
            f"Port {port} (TCP) needs more rights than this user has; choose one above 1023 with {variable}."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return StartupError(
            f"http.host is {host!r}, which is no address of this machine; set 0.0.0.0 for all of them."
        )
    return StartupError(
        f"Port {port} (TCP) on {host} cannot be opened ({error.strerror}); choose another with {variable}."
    )


def _port(sockets: list[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1]) if sockets and sockets[0].fileno() >= 0 else 0
