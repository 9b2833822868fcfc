"""Transports of Socket.IO: what is no packet, who does not read or say who it is, and who may open one."""

from __future__ import annotations

import gc
import io
import json

import aiohttp
import engineio
import pytest

from tests.api.socket_clients import School
from vtp.signalling import socket_server


async def test_bytes_are_refused_and_not_kept(school: School) -> None:
    client = await school.connect(await school.api.person("teacher"))
    assert (await client.call("join-room", {"room_id": b"bytes"}))["code"] == "malformed"
    await client.io.eio.send('59999999999-["join-room",{"_placeholder":true,"num":0}]')
    for _ in range(3):
        await client.io.eio.send(b"x" * 100_000)
    assert (await client.call("get-participants"))["code"] == "not_in_a_room", "it is not waiting for bytes"


@pytest.mark.drawn(3)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    "text", ["x", "\u00b2", "9", "", "44{}", "2" + "9" * 200 + "[]", "59-[]", "42[]", b"2[]", b""]
)
async def test_what_is_no_packet_is_passed_over(
    school: School, text: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = await school.connect(await school.api.person("teacher"))
    stranger = engineio.AsyncClient()
    await stranger.connect(school.api.base_url, engineio_path="socket.io")
    for connection in (stranger, client.io.eio):
        await connection.send(text)
    await stranger.send("0{}")
    assert (await client.call("get-participants"))["code"] == "not_in_a_room"
    await stranger.disconnect()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("text", ["", "x", "\u00b2", "b", "b=", "bA", "9", "4" + "[" * 50_000])
async def test_what_is_no_packet_of_the_transport_is_passed_over_too(
    school: School, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of strangers, too, who could fill the log; what followed would not be read any more."""
    person = await school.api.person("teacher")
    url = f"{school.api.base_url}/socket.io/?EIO=4&transport="
    async with aiohttp.ClientSession() as session, session.ws_connect(url + "websocket") as line:
        await line.receive()
        await line.send_str(text)
        await line.send_str("40" + json.dumps({"token": person.access_token}))
        assert (await line.receive_str()).startswith("40")
        opened = await (await session.get(url + "polling")).text()
        polling = f"{url}polling&sid={json.loads(opened[1:])['sid']}"
        assert (await session.post(polling, data=text)).status in (200, 400)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("body", [b"\xff", b"\x1e".join([b"40"] * 20), b"d=", b"6", b"4" * 2_000_001])
async def test_a_body_that_holds_no_packets_ends_its_transport(
    school: School, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{school.api.base_url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session:
        opened = await (await session.get(url)).text()
        url += f"&sid={json.loads(opened[1:])['sid']}"
        for _ in range(2):
            assert (await session.post(url, data=io.BytesIO(body))).status == 400
    assert not [record for record in caplog.records if record.exc_info]


async def test_who_does_not_read_is_disconnected(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """By long polling, without ever asking for what is there."""
    monkeypatch.setattr(socket_server, "MAX_WAITING_BYTES", 50_000)
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    url = f"{school.api.base_url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session:
        opened = await (await session.get(url)).text()
        url += f"&sid={json.loads(opened[1:])['sid']}"
        join = json.dumps(["join-room", {"room_id": room}])
        for message in ("40" + json.dumps({"token": teacher.access_token}), "421" + join):
            assert (await session.post(url, data=message)).status == 200
        people = school.api.server.services.live_rooms.rooms[0].people
        assert len(people) == 1
        for _ in range(40):
            if not people:
                break
            await session.post(url, data='422["get-room-info",{}]')
        assert len(people) == 0
        assert (await session.post(url, data='422["get-room-info",{}]')).status == 400


async def test_who_never_says_who_it_is_is_disconnected(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_server, "CONNECT_WITHIN_S", 0.3)
    client = await school.connect(await school.api.person("teacher"))
    async with aiohttp.ClientSession() as session:
        url = f"{school.api.base_url}/socket.io/?EIO=4&transport="
        polling = await (await session.get(url + "polling")).text()
        async with session.ws_connect(url + "websocket") as silent:
            assert (await silent.receive()).type is aiohttp.WSMsgType.TEXT
            assert (await silent.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
        gone = await session.get(f"{url}polling&sid={json.loads(polling[1:])['sid']}")
        assert gone.status == 400
    assert (await client.call("get-participants"))["code"] == "not_in_a_room", "who has connected stays"


@pytest.mark.parametrize("by_the_server", [True, False])
async def test_a_transport_whose_connection_has_ended_is_closed_though_its_client_holds_on(
    school: School, monkeypatch: pytest.MonkeyPatch, by_the_server: bool
) -> None:
    person = await school.api.person("teacher")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{school.api.base_url}/socket.io/?EIO=4&transport=websocket") as line,
    ):
        await line.receive()
        await line.send_str("40" + json.dumps({"token": person.access_token}))
        assert (await line.receive_str()).startswith("40")
        monkeypatch.setattr(socket_server, "CONNECT_WITHIN_S", 0.3)
        if by_the_server:
            await school.api.call("POST", "/api/v1/auth/logout", {}, by=person)
            assert await line.receive_str() == "41"
        else:
            await line.send_str("41")
        assert (await line.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE


async def test_no_connection_has_windows_for_compression(school: School) -> None:
    """Browsers offer it; a thousand of them would hold 0.1 GB of windows here."""
    url = f"{school.api.base_url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as line:
        assert line.compress == 0


async def test_nothing_is_kept_of_what_a_connection_was_sent(school: School) -> None:
    """The library's writer holds its last packet until there is another: of a full room, 16 KB for each."""
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    room = await school.room(teacher)
    assert (await client.call("join-room", {"room_id": room}))["ok"]
    held = [one for one in gc.get_objects() if isinstance(one, engineio.packet.Packet) and one.encode_cache]
    assert not [one for one in held if "rtpCapabilities" in one.encode_cache]


async def test_foreign_pages_cannot_connect(school: School) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    assert (await school.api.call("GET", path, headers={"Origin": "https://evil.example"})).status == 400
    assert (await school.api.call("GET", path, headers={"Origin": school.api.base_url})).status == 200
