"""SIGKILL with messages on their way: each comes at least once, by the same id, after the next start."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.receiver import receiving
from tests.server_process import Running, running_server

SETTINGS = {"VTP_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES": "true", "VTP_WEBHOOKS__RETRY_DELAYS_S": "0.2,0.2,0.2"}
ROOMS = 5


class Caller:
    """The first administrator, over one server after the other."""

    def __init__(self, server: Running, token: str = "") -> None:
        self.server = server
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """A call that must succeed."""
        url = self.server.url + path
        async with (
            aiohttp.ClientSession(headers=self.headers) as session,
            session.request(method, url, json=body) as response,
        ):
            assert response.status < 300, await response.text()
            return await response.json()

    @classmethod
    async def sign_up(cls, server: Running) -> Caller:
        """With the printed setup link."""
        person = {"email": "a@school.example", "password": "a rather long pass phrase", "full_name": "Ada"}
        body = {"token": server.setup_token, **person}
        await cls(server).call("POST", "/api/v1/auth/setup", body)
        return await cls.sign_in(server)

    @classmethod
    async def sign_in(cls, server: Running) -> Caller:
        """As the same person."""
        body = {"email": "a@school.example", "password": "a rather long pass phrase"}
        answer = await cls(server).call("POST", "/api/v1/auth/login", body)
        return cls(server, answer["access_token"])

    async def until_pending(self, hook_id: str, count: int) -> None:
        """Waits until so many messages are on their way."""
        path = f"/api/v1/webhooks/{hook_id}/deliveries?status=pending"
        async with asyncio.timeout(40):
            while len((await self.call("GET", path))["items"]) != count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@pytest.mark.drawn(1)
async def test_what_was_on_its_way_when_killed_is_sent_after_the_next_start(
    tmp_path: Path, database_url: str
) -> None:
    settings = SETTINGS | {"VTP_DATABASE__URL": database_url}
    async with receiving() as receiver:
        receiver.hold.clear()  # the first message is never answered, so all of them wait
        with running_server(tmp_path / "data", settings=settings) as server:
            ada = await Caller.sign_up(server)
            wish = {"url": receiver.url(), "events": ["room.created"]}
            hook = await ada.call("POST", "/api/v1/webhooks", wish)
            for number in range(ROOMS):
                await ada.call("POST", "/api/v1/signalling/room/create", {"room_name": f"Room {number}"})
            await receiver.wait(1)
            await ada.until_pending(hook["id"], ROOMS)
            server.end(signal.SIGKILL)
        receiver.hold.set()
        with running_server(tmp_path / "data", settings=settings) as server:
            got = await receiver.wait(ROOMS + 1)
            await (await Caller.sign_in(server)).until_pending(hook["id"], 0)
            assert server.end()[0] == 0
    assert got[0].id == got[1].id and got[0].body == got[1].body
    assert [one.message["data"]["room"]["name"] for one in got[1:]] == [f"Room {n}" for n in range(ROOMS)]
    assert len({one.id for one in got}) == ROOMS
    for one in got:
        one.verify(hook["secret"])
