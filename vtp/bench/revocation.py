"""Somebody whose rights are taken at one process while another still knows them: when that one refuses."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError
from vtp.bench.socket_line import CLOSED, CONNECT, DISCONNECT, PATH, next_packet
from vtp.bench.vtp_server import VtpServer

PASSWORD = "chalk and slate seven"
OTHER_PASSWORD = "sponge and board eight"
ADMIN = "head@school.example"
LIMIT_S = 30.0
"""After which a process that still lets somebody in is taken never to refuse them."""
ASK_EVERY_S = 0.02
"""So often the other process is asked, which is how exact `Refusal.refused_ms` is."""
_TEACHERS_ALONE = "/api/v1/invitations"


class Kind(enum.StrEnum):
    """What is revoked."""

    SESSION = "session ended"
    ROLE = "role changed"
    ACCOUNT = "account disabled"
    PASSWORD = "password changed"


@dataclass(frozen=True)
class Refusal:
    """In milliseconds: how long the one process took to answer the revocation (`made_ms`), and from then on
    until the other one had answered the last call that it still let in, and had disconnected.
    """

    kind: Kind
    made_ms: float
    refused_ms: float
    cut_ms: float


class Holder:
    """A teacher signed in at `one`, with a connection of Socket.IO at `other`. Made by `seated`."""

    def __init__(self, one: VtpServer, other: VtpServer, admin: str, kind: Kind) -> None:
        self._one = one
        self._other = other
        self._admin = admin
        self._kind = kind
        self._user_id = ""
        self._token = ""
        self._elsewhere = ""
        self._cut: asyncio.Task[float] | None = None
        self._ways: Mapping[Kind, Callable[[], Awaitable[object]]] = {
            Kind.SESSION: self._sign_out,
            Kind.ROLE: lambda: self._change({"role": "student"}),
            Kind.ACCOUNT: lambda: self._change({"disabled": True}),
            Kind.PASSWORD: self._change_password,
        }

    @classmethod
    @contextlib.asynccontextmanager
    async def seated(
        cls, one: VtpServer, other: VtpServer, admin: str, email: str, kind: Kind
    ) -> AsyncIterator[Holder]:
        """Registers, signs in, connects, for `kind` to be revoked; `admin`: an administrator's token.

        Raises PeerError.
        """
        holder = cls(one, other, admin, kind)
        wish = {"email": email, "password": PASSWORD, "full_name": "A Teacher"}
        holder._user_id = (await one.call("POST", "/api/v1/auth/register", wish))["user_id"]
        await holder._change({"role": "teacher", "approved": True})
        holder._token = await sign_in(one, email)
        if kind is Kind.PASSWORD:
            holder._elsewhere = await sign_in(one, email)
        async with other.websocket(PATH) as line:
            await line.send_str(CONNECT + json.dumps({"token": holder._token}))
            await _until_told(line, CONNECT)
            if await holder._asked() != 200:
                raise PeerError(f"vtp refused {email} before anything was revoked.")
            holder._cut = asyncio.create_task(_until_told(line, DISCONNECT))
            try:
                yield holder
            finally:
                holder._cut.cancel()
                await asyncio.wait([holder._cut])

    async def revoked(self) -> Refusal:
        """Revokes at one process and waits for the other. Raises PeerError if that goes on for LIMIT_S."""
        if self._cut is None or self._cut.done():
            raise PeerError("vtp disconnected somebody before anything was revoked.")
        begun_s = time.monotonic()
        try:
            async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
                made = group.create_task(self._make())
                refused = group.create_task(self._until_refused())
                await asyncio.wait([self._cut])
        except TimeoutError:
            raise PeerError(f"vtp went on for {LIMIT_S:.0f} s after this elsewhere: {self._kind}.") from None
        made_s = made.result()
        after = (max(0.0, 1000 * (found.result() - made_s)) for found in (refused, self._cut))
        return Refusal(self._kind, 1000 * (made_s - begun_s), *after)

    async def _make(self) -> float:
        await self._ways[self._kind]()
        return time.monotonic()

    async def _until_refused(self) -> float:
        """When the last call was answered that was still let in; how long refusals wait does not count."""
        expected, let_in_s = 403 if self._kind is Kind.ROLE else 401, time.monotonic()
        while await self._asked() != expected:
            let_in_s = time.monotonic()
            await asyncio.sleep(ASK_EVERY_S)
        return let_in_s

    async def _asked(self) -> int:
        """The status of what only who still has their right may read."""
        path = _TEACHERS_ALONE if self._kind is Kind.ROLE else "/api/v1/auth/profile"
        return await self._other.status("GET", path, token=self._token)

    async def _sign_out(self) -> Any:
        return await self._one.call("POST", "/api/v1/auth/logout", {}, token=self._token)

    async def _change(self, change: Mapping[str, object]) -> Any:
        return await self._one.call("PATCH", f"/api/v1/users/{self._user_id}", change, token=self._admin)

    async def _change_password(self) -> Any:
        """By the owner on another device, which ends all other sessions."""
        wish = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD, "end_other_sessions": True}
        return await self._one.call("POST", "/api/v1/auth/change-password", wish, token=self._elsewhere)


async def sign_in(server: VtpServer, email: str) -> str:
    """An access token. Raises PeerError."""
    answer = await server.call("POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD})
    return str(answer["access_token"])


async def _until_told(line: aiohttp.ClientWebSocketResponse, kind: str) -> float:
    """Until a packet of this kind, in time.monotonic(); a closed line has been told the last of all."""
    if await next_packet(line, kind) is None and kind != DISCONNECT:
        raise PeerError(CLOSED)
    return time.monotonic()
