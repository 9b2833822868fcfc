"""Bans and lobbies where people come from elsewhere: through a proxy, by a service, without accounts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.class_people import ROOM, id_of, invite, open_class, refused
from tests.api.sfu.material import Service, service_token
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import media
from tests.closing import close_room
from tests.serving import Api, serving
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.rooms.ban_list import BanList
from vtp.rooms.entrance import Entrance
from vtp.rooms.live import LiveRoom
from vtp.settings import SfuSettings


async def come_from(school: School, address: str, token: str, stack: AsyncExitStack) -> Client:
    """Somebody whom a trusted proxy says to call from there."""
    client = Client()
    auth, headers = {"token": token, "answers": "ack"}, {"X-Forwarded-For": address}
    await client.io.connect(school.api.base_url, auth=auth, headers=headers)
    stack.push_async_callback(client.io.disconnect)
    return client


async def test_a_guest_is_banned_where_they_are_and_nowhere_else(tmp_path: Path) -> None:
    async with (
        serving(tmp_path / "data", trusted_proxies=["127.0.0.1"]) as api,
        AsyncExitStack() as stack,
    ):
        school = School(api, stack)
        (teacher,) = await open_class(school, "teacher")
        link = await invite(school)
        one, other = [await come_from(school, at, link, stack) for at in ("192.0.2.1", "192.0.2.2")]
        await one.join(ROOM)
        await other.join(ROOM)
        await teacher.ok("remove", {"participantId": id_of(one), "ban": True})
        assert (await one.pushes("kicked"))["banned"] is True
        assert len((await teacher.ok("get-participants"))["participants"]) == 2
        again = await come_from(school, "192.0.2.1", link, stack)
        assert await refused(again, "join-room", {"room_id": ROOM}) == "banned"
        for address, status in (("192.0.2.1", 403), ("192.0.2.3", 201)):
            answer = await media(school, "whep", link, address)
            assert (address, answer.status) == (address, status)


@pytest.fixture
async def sfu_api(tmp_path: Path, database_url: str) -> Any:
    async with serving(tmp_path / "data", database_url, sfu=SfuSettings(enabled=True)) as running:
        yield running


async def test_services_vouch_for_their_peers_but_not_against_a_ban(sfu_api: Api) -> None:
    async with AsyncExitStack() as stack:
        school, service = School(sfu_api, stack), Service(sfu_api, service_token(sfu_api), ROOM)
        (teacher,) = await open_class(school, "teacher", lobby=True, locked=True)
        account = await sfu_api.person("student")
        await service.join("ada", userId=account.user_id)
        await service.join("bob", userId="bob of the other system")
        assert len((await teacher.ok("get-participants"))["participants"]) == 3
        call = {"participantId": "bob", "ban": True}
        assert await refused(teacher, "remove", call) == "cannot_be_banned"
        await teacher.ok("remove", {"participantId": "bob"})
        await service.join("bob", userId="bob of the other system")
        await teacher.ok("remove", {"participantId": "ada", "ban": True})
        answer = await service.call(
            "POST", f"/rooms/{ROOM}/peers", {"peerId": "x", "userId": account.user_id}
        )
        assert (answer.status, answer.body["code"]) == (403, "banned")
        people = (await teacher.ok("get-participants"))["participants"]
        assert {one["participant_id"] for one in people} == {id_of(teacher), "bob"}


async def test_in_open_rooms_somebody_may_wait_and_be_removed_but_not_banned(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", open_rooms=True) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        host = await school.connect("")
        await host.join("sandbox")
        await host.ok("change-settings", {"settings": {"lobby": True}})
        guest = await school.connect("")
        assert (await guest.join("sandbox", role="student", full_name="Ada"))["waiting"] is True
        await host.ok("admit", {"all": True})
        await guest.pushes("admitted")
        call = {"participantId": id_of(guest)}
        assert await refused(host, "remove", {**call, "ban": True}) == "cannot_be_banned"
        await host.ok("remove", call)
        assert (await guest.pushes("kicked"))["banned"] is False
        assert (await guest.join("sandbox", role="student"))["waiting"] is True


async def test_who_waits_is_told_when_the_server_ends(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with serving(tmp_path / "data") as api:
            school = School(api, stack)
            await open_class(school, "teacher", lobby=True)
            who = await api.person("student", f"{new_id()}@x.example")
            student = await school.connect(who)
            assert (await student.join(ROOM))["waiting"] is True
        told = await student.pushes("room-closed")
        assert told["reason"] == "The server is shutting down."
        assert told["server_ends"] is True


async def test_a_room_that_closes_while_its_bans_are_read_lets_nobody_in(school: School) -> None:
    await school.room(await school.api.person("admin"), ROOM)
    services = school.api.server.services
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(live: LiveRoom) -> None:
        reading.set()
        await go_on.wait()
        live.part(BanList).take(())

    entrance = Entrance(services.live_rooms, slowly)
    room = await services.rooms.find(ROOM)
    entering = asyncio.create_task(entrance.open(room))
    await reading.wait()
    close_room(services.live_rooms, room.id)
    go_on.set()
    with pytest.raises(Unavailable):
        await entering
    assert services.live_rooms.get(room.id) is None
