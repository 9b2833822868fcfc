"""A provider that says what a test wants: tokens that no honest one would make, and answers out of order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

Change = Callable[[dict[str, Any]], None]
CLIENT_ID = "vtp"


class HostileProvider:
    """Its keys and what it will do next. `more_keys` are in its key set before its own, whatever they are.

    `asked` counts the calls of each address, `secrets` is what clients showed: in the header, in the form.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: dict[str, Any] = {
            "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
            "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
            "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
        }
        self.signer = self.keys["RS256"]
        self.more_keys: list[object] = []
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "rsa"}
        self.change: Change = lambda claims: None
        self.make_token: Callable[[dict[str, Any]], str] = self.sign
        self.metadata_more: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.token_answer: Callable[[], web.Response] | None = None
        self.asked: dict[str, int] = {}
        self.secrets: list[tuple[str | None, object]] = []
        self._codes: dict[str, dict[str, str]] = {}

    def application(self) -> web.Application:
        """Its four addresses."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/jwks", self._jwks),
                web.post("/token", self._token),
                web.get("/userinfo", self._userinfo),
            ]
        )
        return application

    def authorize(self, location: str) -> str:
        """What its page would do: gives a code for a request, as a path and query of the callback."""
        request = dict(parse_qsl(urlsplit(location).query))
        code = _challenge(location)
        self._codes[code] = request
        path = urlsplit(request["redirect_uri"]).path
        return f"{path}?code={code}&state={request['state']}"

    def sign(self, claims: dict[str, Any]) -> str:
        """An honest signature with the present key."""
        algorithms = [self.header["alg"]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # EdDSA by its older name
            return str(jwt.encode(self.header, claims, self.signer, algorithms=algorithms))

    def unsigned(self, claims: dict[str, Any]) -> str:
        """`alg: none`, made by hand, for libraries refuse to."""
        return f"{_part({'alg': 'none', 'kid': 'rsa'})}.{_part(claims)}."

    def signed_with_public_key(self, claims: dict[str, Any]) -> str:
        """HS256 with the public key as the secret: what the attack on careless verifiers looks like."""
        public = self.keys["RS256"].as_pem(private=False)
        signed = f"{_part({'alg': 'HS256', 'kid': 'rsa'})}.{_part(claims)}"
        return f"{signed}.{_text(hmac.digest(public, signed.encode(), 'sha256'))}"

    async def _discovery(self, request: web.Request) -> web.Response:
        self._count("discovery")
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.metadata_more,
        }
        return web.json_response(document)

    async def _jwks(self, request: web.Request) -> web.Response:
        self._count("jwks")
        keys = KeySet(list(self.keys.values())).as_dict(private=False)["keys"]
        return web.json_response({"keys": [*self.more_keys, *keys]})

    async def _token(self, request: web.Request) -> web.Response:
        self._count("token")
        form = await request.post()
        self.secrets.append((request.headers.get("Authorization"), form.get("client_secret")))
        asked = self._codes.pop(str(form["code"]), None)
        if asked is None or _challenge(str(form["code_verifier"])) != asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.token_answer is not None:
            return self.token_answer()
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "mallory",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "mallory@school.example",
            "email_verified": True,
            "name": "Mallory",
        }
        self.change(claims)
        tokens = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.make_token(claims)}
        return web.json_response(tokens)

    async def _userinfo(self, request: web.Request) -> web.Response:
        self._count("userinfo")
        return web.json_response(self.userinfo)

    def _count(self, name: str) -> None:
        self.asked[name] = self.asked.get(name, 0) + 1


@asynccontextmanager
async def hostile_provider() -> AsyncIterator[HostileProvider]:
    """Runs one on a port of its own."""
    provider = HostileProvider()
    runner = web.AppRunner(provider.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield provider
    finally:
        await runner.cleanup()


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _challenge(verifier: str) -> str:
    return _text(hashlib.sha256(verifier.encode()).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
