"""How many connections of Socket.IO one account and one address may have, and how often one may call."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.api.socket_clients import School
from tests.serving import UNLIMITED, serving


@pytest.mark.parametrize("who", ["account", "address"])
async def test_who_has_too_many_connections_gets_no_other(tmp_path: Path, who: str) -> None:
    limits = UNLIMITED.model_copy(update={f"signalling_connections_per_{who}": 2})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        teacher = await api.person("teacher")
        first, _ = await school.connect(teacher), await school.connect(teacher)
        said: list[Any] = []
        third = socketio.AsyncClient(reconnection=False)
        third.on("connect_error", said.append)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await third.connect(api.base_url, auth={"token": teacher.access_token})
        assert said[0]["data"]["code"] == "rate_limited"
        assert f"There are 2 connections of this {who}" in said[0]["message"]
        await first.io.disconnect()
        await school.connect(teacher)


async def test_a_links_guests_are_not_one_account(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"signalling_connections_per_account": 1})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        teacher = await api.person("teacher")
        room = await school.room(teacher)
        wish = {"label": "Parents", "publish": False}
        link = await api.call("POST", f"/api/v1/rooms/{room}/links", wish, by=teacher)
        assert link.status == 201, link
        for _ in range(3):
            await (await school.connect(link.body["token"])).join(room)


async def test_who_calls_too_often_waits(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"signalling_calls_per_10_seconds": 20})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        client = await School(api, stack).connect(await api.person("teacher"))
        for _ in range(20):
            await client.io.emit("get-participants", {})
        answer = await client.call("get-participants")
        assert answer["code"] == "rate_limited" and answer["problem"]["status"] == 429


async def test_who_floods_a_class_with_announcements_waits_on_all_devices(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"signalling_announcements_per_10_seconds": 10})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        teacher, student = await api.person("teacher"), await api.person("student")
        room = await school.room(teacher)
        quiet, one, other = [await school.connect(who) for who in (teacher, student, student)]
        for client in (quiet, one, other):
            await client.join(room)
        for _ in range(4):
            await one.ok("raise-hand")
            await one.ok("lower-hand")
        for client in (one, other):
            answer = await client.call("raise-hand")
            assert answer["code"] == "rate_limited" and answer["problem"]["status"] == 429
            await client.ok("get-participants")
        await quiet.ok("raise-hand")


async def test_each_guest_of_a_link_is_counted_alone(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"signalling_announcements_per_10_seconds": 2})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        teacher = await api.person("teacher")
        room = await school.room(teacher)
        link = await api.call("POST", f"/api/v1/rooms/{room}/links", {}, by=teacher)
        for _ in range(3):
            guest = await school.connect(link.body["token"])
            await guest.join(room)
            await guest.ok("raise-hand")
            assert (await guest.call("lower-hand"))["code"] == "rate_limited"
