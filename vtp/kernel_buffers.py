"""How large a socket buffer the kernel really gives to this process."""

from __future__ import annotations

import socket

_RECEIVE = (socket.SO_RCVBUF, 33)  # 33, 32: SO_RCVBUFFORCE, SO_SNDBUFFORCE, which only root may use
_SEND = (socket.SO_SNDBUF, 32)


def granted_buffers(receive_bytes: int, send_bytes: int) -> tuple[int, int]:
    """What a UDP socket gets of what is asked, as the media sockets ask for it. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return _granted(probe, _RECEIVE, receive_bytes), _granted(probe, _SEND, send_bytes)


def _granted(probe: socket.socket, options: tuple[int, int], wanted: int) -> int:
    plain, forced = options
    try:
        probe.setsockopt(socket.SOL_SOCKET, forced, wanted)
    except PermissionError:
        probe.setsockopt(socket.SOL_SOCKET, plain, wanted)
    return (
        probe.getsockopt(socket.SOL_SOCKET, plain) // 2
    )  # the kernel doubles what it is asked for, socket(7)
