"""Where webhooks may go: public addresses only, unless the operator allows others.

Whoever may make a webhook makes this server send requests. The address is looked at when the socket is made,
after names are resolved, so that a name which points elsewhere by then (DNS rebinding) does not help.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from vtp.public_addresses import is_public

MAX_URL_CHARACTERS = 2000


class PrivateAddressError(OSError):
    """This address is not one that webhooks may go to."""


def check_url(url: str, *, allow_private: bool, allowed_hosts: Sequence[str] = ()) -> str:
    """Gives a receiver's URL back, or raises ValueError with a sentence; no `allowed_hosts`: all are."""
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("write a URL of at most 2000 ASCII characters")
    parts = urlsplit(url)
    port = parts.port  # raises ValueError when it is none
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise ValueError("write a URL such as https://lms.example/hooks/vtp")
    if parts.scheme == "http" and not allow_private:
        raise ValueError("take https: what is sent names people; http needs webhooks.allow_private_addresses")
    if parts.username is not None or parts.fragment:
        raise ValueError("leave out names, passwords and fragments: put a token into the path or the query")
    if not allow_private and _is_private_literal(parts.hostname):
        raise ValueError("this address is private: that needs webhooks.allow_private_addresses")
    if allowed_hosts and not any(_is_host_of(parts.hostname, allowed) for allowed in allowed_hosts):
        raise ValueError("webhooks go to the hosts of webhooks.allowed_hosts only; ask an administrator")
    return url


def _is_host_of(host: str, allowed: str) -> bool:
    """`*.school.example` stands for every host below school.example, and not for itself."""
    allowed = allowed.lower()
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def socket_maker(*, allow_private: bool) -> Callable[[Any], socket.socket]:
    """What a connector makes its sockets with: after resolving, before connecting."""

    def make(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if not allow_private and not is_public(address[0]):
            raise PrivateAddressError(
                errno.EACCES, "the receiver's address is private; that needs webhooks.allow_private_addresses"
            )
        return socket.socket(family, kind, protocol)

    return make
