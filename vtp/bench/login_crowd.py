"""People with accounts who sign in from addresses of their own, and somebody who tries passwords on them."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError
from vtp.bench.vtp_server import VtpServer

PASSWORD = "chalk and slate seven"
TEACHER = "teacher@school.example"
LOGIN = "/api/v1/auth/login"
_SCHOOL = "203.0.113.7"
"""Where everybody of the school comes from: one address for all."""
_HOMES = ipaddress.ip_network("100.64.0.0/10")


@dataclass
class Visitor:
    """Somebody with a browser, which keeps its cookies."""

    email: str
    address: str = _SCHOOL
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """What a try was answered."""

    status: int
    body: Any
    cookies: dict[str, str]


class LoginCrowd:
    """Made by `opened`, which registers everybody; the server must take this machine for a proxy."""

    def __init__(self, server: VtpServer, http: aiohttp.ClientSession) -> None:
        self._server = server
        self._http = http
        self.victims: list[Visitor] = []
        self.people: list[Visitor] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, server: VtpServer, count: int) -> AsyncIterator[LoginCrowd]:
        """So many who will be attacked, and as many others; all have signed in once on their device."""
        jar = aiohttp.DummyCookieJar()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(cookie_jar=jar, connector=connector) as http:
            crowd = cls(server, http)
            for number in range(count):
                crowd.victims.append(await crowd._register(f"victim{number}@school.example"))
                crowd.people.append(await crowd._register(f"person{number}@school.example"))
            yield crowd

    async def sign_in_teacher(self, room: str) -> str:
        """Makes the teacher and the room; the teacher's access token. Raises PeerError."""
        await self._server.add_account(TEACHER, "teacher", PASSWORD)
        answer = await self.try_login(TEACHER, PASSWORD, _SCHOOL)
        token = str(answer.body["access_token"])
        wish = {"room_id": room, "room_name": room.title()}
        await self._server.call("POST", "/api/v1/signalling/room/create", wish, token=token)
        return token

    async def try_login(self, email: str, password: str, address: str, **cookies: str) -> Tried:
        """One try from an address. Raises PeerError when nothing is answered."""
        headers = {"X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin"}
        body = {"email": email, "password": password}
        try:
            async with self._http.post(
                self._server.url + LOGIN, json=body, headers=headers, cookies=cookies
            ) as response:
                kept = {name: morsel.value for name, morsel in response.cookies.items()}
                return Tried(response.status, await response.json(content_type=None), kept)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise PeerError(f"vtp did not answer a sign-in: {str(error) or 'it took too long'}.") from error

    async def sign_in_at_home(self, number: int, *, mistyped: bool) -> int:
        """One of the people signs in on a device that is new to the account, maybe at the second try; the
        status."""
        email, home = self.people[number % len(self.people)].email, str(_HOMES[number + 1])
        if mistyped and (first := await self.try_login(email, f"{PASSWORD}n", home)).status != 401:
            return first.status
        return (await self.try_login(email, PASSWORD, home)).status

    async def sign_in(self, visitor: Visitor) -> int:
        """Somebody signs in with the browser that they had before; the status."""
        tried = await self.try_login(visitor.email, PASSWORD, visitor.address, **visitor.cookies)
        visitor.cookies |= tried.cookies
        return tried.status

    async def _register(self, email: str) -> Visitor:
        wish = {"email": email, "password": PASSWORD, "full_name": "A Person"}
        await self._server.call("POST", "/api/v1/auth/register", wish)
        visitor = Visitor(email)
        if await self.sign_in(visitor) != 200:
            raise PeerError(f"vtp did not let {email} in.")
        return visitor
