"""The challenges in flight: who validates our names finds the proofs here, on either port."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from vtp.http.acme.alpn import AlpnDoor, make_proof
from vtp.http.acme.wish import TLS_ALPN
from vtp.http.middleware import Handler, Middleware

HTTP_PATH = "/.well-known/acme-challenge/"  # RFC 8555 section 8.3


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that `name` leads to this server."""

    name: str
    kind: str
    token: str
    key_authorization: str


class Challenges:
    """Shows proofs while an order needs them; there is none at any other time."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._door = AlpnDoor(context)
        self._tokens: dict[str, str] = {}

    @property
    def tokens(self) -> Mapping[str, str]:
        """HTTP-01's key authorizations by their tokens."""
        return self._tokens

    @asynccontextmanager
    async def shown(self, proofs: Sequence[Proof]) -> AsyncIterator[None]:
        """Shows these for as long as the context is open."""
        now = dt.datetime.now(dt.UTC)
        try:
            for proof in proofs:
                if proof.kind == TLS_ALPN:
                    made = await asyncio.to_thread(make_proof, proof.name, proof.key_authorization, now)
                    self._door.open(proof.name, made)
                else:
                    self._tokens[proof.token] = proof.key_authorization
            yield
        finally:
            for proof in proofs:
                self._tokens.pop(proof.token, None)
                self._door.close(proof.name)


def answer_challenges(tokens: Mapping[str, str]) -> Middleware:
    """HTTP-01 (RFC 8555 section 8.3): answers for tokens in flight; every other path goes its usual way."""

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET" and request.path.startswith(HTTP_PATH):
            found = tokens.get(request.path.removeprefix(HTTP_PATH))
            if found is not None:
                return web.Response(body=found.encode("ascii"), content_type="application/octet-stream")
        return await handler(request)

    return handle
