"""The STUN and TURN servers that clients are told of, TURN with credentials that expire by themselves.

Credentials are coturn's (`use-auth-secret`; draft-uberti-behave-turn-rest-00): the user name says until when
it is good, the password is the HMAC of that name under a secret that only we and the TURN server know. So
nothing is stored and nothing is told to the TURN server.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.settings import MediaSettings


@dataclass(frozen=True)
class TurnCredentials:
    """What one client shows a TURN server."""

    username: str
    password: str = field(repr=False)


def make_turn_credentials(secret: str, name: str, expires_at_s: int) -> TurnCredentials:
    """Credentials good until `expires_at_s` (seconds since 1970); `name` is for the TURN server's log."""
    username = f"{expires_at_s}:{name}"
    digest = hmac.digest(secret.encode(), username.encode(), "sha1")
    return TurnCredentials(username, b64encode(digest).decode())


class IceServers:
    """Names the servers of the settings, with credentials made for the one who asks."""

    def __init__(self, settings: MediaSettings, clock: Callable[[], float] = time.time) -> None:
        self._stun: Sequence[str] = settings.ice_servers
        self._turn: Sequence[str] = settings.turn_urls
        self._secret = settings.turn_secret.get_secret_value()
        self._lifetime_s = settings.turn_lifetime_s
        self._clock = clock

    def describe(self, name: str) -> list[dict[str, Any]]:
        """RTCIceServer dictionaries of WebRTC; `name`: of the transport that the credentials are made for."""
        servers: list[dict[str, Any]] = [{"urls": url} for url in self._stun]
        if self._turn:
            own = self._credentials(name)
            servers += [
                {"urls": url, "username": own.username, "credential": own.password} for url in self._turn
            ]
        return servers

    def links(self, name: str) -> list[str]:
        """The same as values of `Link` headers (RFC 9725 section 4.6)."""
        links = [f'<{url}>; rel="ice-server"' for url in self._stun]
        if self._turn:
            own = self._credentials(name)
            shown = f'username="{own.username}"; credential="{own.password}"; credential-type="password"'
            links += [f'<{url}>; rel="ice-server"; {shown}' for url in self._turn]
        return links

    def _credentials(self, name: str) -> TurnCredentials:
        return make_turn_credentials(self._secret, name, int(self._clock()) + self._lifetime_s)
