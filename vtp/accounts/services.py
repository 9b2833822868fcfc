"""Server-side programs: how a service shows that it may use `/sfu`, and what it may do there.

A service token is taken there and nowhere else, and no other token is taken there. It stands in the header,
or in the path for clients that send no headers of their own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web

from vtp.accounts.tokens import Tokens
from vtp.errors import Forbidden, NotSignedIn
from vtp.http.client import Client, is_in
from vtp.http.identity import Principal, Role
from vtp.http.keys import CLIENT
from vtp.http.shown_path import SERVICE_TOKEN


class ServiceAuthenticator:
    """The authenticator of `/sfu`. `trusted_addresses`: networks from which no token is needed."""

    def __init__(self, tokens: Tokens, trusted_addresses: Sequence[str], public_url: str = "") -> None:
        self._tokens = tokens
        self._trusted = trusted_addresses
        self._public_host = urlsplit(public_url).hostname or ""

    async def authenticate(self, request: web.Request) -> Principal | None:
        """The service behind a request, None without any credentials.

        Raises NotSignedIn for a token that is not good, Forbidden for a web page at a trusted address.
        """
        token = request.match_info.get(SERVICE_TOKEN) or _bearer(request)
        if token is not None:
            return self.read(token)
        client: Client = request[CLIENT]
        if not is_in(client.address, self._trusted):
            return None
        self._refuse_pages(request, client)
        return _service(f"address {client.address}", f"address:{client.address}", create=True, ends_s=None)

    def read(self, token: str) -> Principal:
        """The principal of a service token. Raises NotSignedIn."""
        claims = self._tokens.read_service(token, datetime.now(UTC))
        ends_s = claims.expires_at.timestamp()
        return _service(claims.name, claims.token_id, create=claims.create, ends_s=ends_s)

    def _refuse_pages(self, request: web.Request, client: Client) -> None:
        """A browser at a trusted address runs pages from anywhere, and DNS rebinding makes them ours."""
        of_browser = "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
        if of_browser or not self._is_plain_host(client.host_name):
            raise Forbidden(
                "Without a token, call by this server's address, by a name without dots, or by "
                "http.public_url, and not from a web page; else use a service token.",
                code="service_token_needed",
            )

    def _is_plain_host(self, name: str) -> bool:
        """A name that nobody outside can point at this server: an address, or one without a domain."""
        name = name.lower()
        if name == self._public_host or "." not in name.strip("[]").replace(":", ""):
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def _bearer(request: web.Request) -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn(
            "The Authorization header must be `Bearer` and a service token.", code="token_invalid"
        )
    return token.strip()


def _service(name: str, token_id: str, *, create: bool, ends_s: float | None) -> Principal:
    """Who may make rooms has a teacher's rights, else an assistant's: permissions say the rest."""
    return Principal(
        user_id=None,
        email="",
        full_name=name,
        role=Role.TEACHER if create else Role.ASSISTANT,
        verified=True,
        room=None,
        publish=None,
        watch=None,
        token_id=token_id,
        session_id=None,
        expires_at_s=ends_s,
    )
