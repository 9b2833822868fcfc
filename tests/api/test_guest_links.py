"""Guests by link: who may invite, what a link opens, and that its end ends everything that came by it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import socketio
from aiortc import RTCPeerConnection
from sqlalchemy import select

from tests.serving import Answer, Api, Person, serving
from vtp.accounts.tables import audit_log
from vtp.accounts.tokens import room_claims
from vtp.ids import new_id
from vtp.rooms.tables import guest_links

LINKS = "/api/v1/rooms/physics/links"


async def make_room(api: Api, by: Person, slug: str = "physics", **settings: Any) -> str:
    body = {"room_id": slug, "room_name": slug.title(), "settings": settings}
    answer = await api.call("POST", "/api/v1/signalling/room/create", body, by=by)
    assert answer.status == 201, answer
    return str(answer.body["room_id"])


async def invite(api: Api, by: Person, **wish: Any) -> dict[str, Any]:
    answer = await api.call("POST", LINKS, wish, by=by)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


class Guest:
    """Somebody with a link, on Socket.IO."""

    def __init__(self, io: socketio.AsyncClient) -> None:
        self.io = io
        self.gone = asyncio.Event()
        io.on("disconnect", self._end)

    async def _end(self, reason: str = "") -> None:
        self.gone.set()

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.io.call(event, payload, timeout=30)
        return answer

    async def join(self, **payload: Any) -> dict[str, Any]:
        answer = await self.call("join-room", room_id="physics", **payload)
        assert answer["ok"], answer
        return answer


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def connect(api: Api, token: str, stack: AsyncExitStack) -> Guest:
    guest = Guest(socketio.AsyncClient(reconnection=False))
    await guest.io.connect(api.base_url, auth={"token": token, "answers": "ack"})
    stack.push_async_callback(guest.io.disconnect)
    return guest


async def media(api: Api, face: str, token: str, stack: AsyncExitStack) -> Answer:
    """Asks for a WHIP or WHEP session."""
    connection = RTCPeerConnection()
    stack.push_async_callback(connection.close)
    direction = "sendonly" if face == "whip" else "recvonly"
    for kind in ("audio", "video"):
        connection.addTransceiver(kind, direction=direction)
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp.encode()
    headers = {"Content-Type": "application/sdp"}
    return await api.call("POST", f"/{face}/physics", data=offer, by=token, headers=headers)


async def test_a_link_opens_its_room_and_nothing_else(api: Api, stack: AsyncExitStack) -> None:
    teacher = await api.person("teacher")
    room_id = await make_room(api, teacher)
    await make_room(api, teacher, "maths")
    link = await invite(api, teacher, label="Guest lecture")
    assert link["url"] == f"{api.base_url}/rooms/physics#guest={link['token']}"
    assert (link["room_id"], link["status"], link["publish"], link["watch"]) == (room_id, "good", True, True)
    assert (await api.call("GET", "/api/v1/rooms/physics", by=link["token"])).status == 200
    assert (await api.call("GET", "/api/v1/rooms/maths", by=link["token"])).status == 403
    assert (await api.call("GET", "/api/v1/rooms", by=link["token"])).status == 403
    assert (await api.call("POST", LINKS, {}, by=link["token"])).status == 403
    guest = await connect(api, link["token"], stack)
    joined = await guest.join(full_name="  Lise Meitner ")
    me = joined["participants"][0]
    assert (me["full_name"], me["role"], me["user_id"]) == ("Lise Meitner", "guest", None)
    elsewhere = await (await connect(api, link["token"], stack)).call("join-room", room_id="maths")
    assert (elsewhere["ok"], elsewhere["code"]) == (False, "forbidden")


async def test_what_guests_are_called(api: Api, stack: AsyncExitStack) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    free, named = await invite(api, teacher), await invite(api, teacher, name="Lise Meitner")
    cases: list[tuple[str, dict[str, Any], str]] = [
        (free["token"], {}, "Guest"),
        (free["token"], {"full_name": " "}, "Guest"),
        (free["token"], {"full_name": "Otto"}, "Otto"),
        (named["token"], {"full_name": "Otto"}, "Lise Meitner"),
        (teacher.access_token, {"full_name": "Otto"}, "Teacher"),
    ]
    for token, said, name in cases:
        joined = await (await connect(api, token, stack)).join(**said)
        names = {one["participant_id"]: one["full_name"] for one in joined["participants"]}
        assert (said, names[joined["participant_id"]]) == (said, name)
    for name in ("a\nb", "x" * 201, "\u202eeman", "\u2067eman"):
        guest = await connect(api, free["token"], stack)
        refused = await guest.call("join-room", room_id="physics", full_name=name)
        assert (name, refused["ok"], refused["code"]) == (name, False, "invalid")
    people = api.server.services.live_rooms.rooms[0].people.participants
    assert len(people) == len(cases)


async def test_a_link_grants_what_it_says(api: Api, stack: AsyncExitStack) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher, publish="staff")
    watcher = await invite(api, teacher, publish=False)
    speaker = await invite(api, teacher, watch=False)
    assert (await media(api, "whip", watcher["token"], stack)).status == 403
    assert (await media(api, "whep", watcher["token"], stack)).status == 201
    assert (await media(api, "whep", speaker["token"], stack)).status == 403
    assert (await media(api, "whip", speaker["token"], stack)).status == 201  # staff let them


async def test_revoking_ends_everything_that_came_by_the_link(api: Api, stack: AsyncExitStack) -> None:
    teacher, assistant = await api.person("teacher"), await api.person("assistant")
    await make_room(api, teacher)
    link, other = await invite(api, teacher), await invite(api, teacher)
    guest, stays = await connect(api, link["token"], stack), await connect(api, other["token"], stack)
    await guest.join()
    await stays.join()
    assert (await media(api, "whip", link["token"], stack)).status == 201
    assert (await media(api, "whep", link["token"], stack)).status == 201
    assert (await media(api, "whep", other["token"], stack)).status == 201
    live = api.server.services.live_rooms.rooms[0]
    assert len(live.router.transports) == 3
    revoked = await api.call("DELETE", f"{LINKS}/{link['id']}", by=assistant)
    assert (revoked.status, revoked.body["status"]) == (200, "revoked")
    await asyncio.wait_for(guest.gone.wait(), 20)
    assert len(live.router.transports) == 1
    assert len(live.people) == 2  # who stays, and their viewer
    assert not stays.gone.is_set()
    refused = await api.call("GET", "/api/v1/rooms/physics", by=link["token"])
    assert (refused.status, refused.body["code"]) == (401, "token_revoked")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connect(api, link["token"], stack)
    assert (await api.call("DELETE", f"{LINKS}/{link['id']}", by=teacher)).status == 200
    async with api.server.services.database.read() as tx:
        events = set((await tx.execute(select(audit_log.c.event))).scalars())
        kept = str((await tx.execute(select(guest_links))).all())
    assert {"guest_link_created", "guest_link_revoked"} <= events
    assert link["token"] not in kept


async def test_a_revoked_link_stays_revoked_over_a_restart(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "data", database_url) as api:
        teacher = await api.person("teacher")
        await make_room(api, teacher)
        revoked, good = await invite(api, teacher), await invite(api, teacher)
        await api.call("DELETE", f"{LINKS}/{revoked['id']}", by=teacher)
    async with serving(tmp_path / "data", database_url) as api:
        path = "/api/v1/rooms/physics"
        assert (await api.call("GET", path, by=revoked["token"])).body["code"] == "token_revoked"
        assert (await api.call("GET", path, by=good["token"])).status == 200


async def test_the_end_of_a_links_term_ends_what_goes_on_by_it(
    api: Api, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    link, longer = await invite(api, teacher, expires_in_s=60), await invite(api, teacher)
    guest, stays = await connect(api, link["token"], stack), await connect(api, longer["token"], stack)
    await guest.join()
    await stays.join()
    assert (await media(api, "whip", link["token"], stack)).status == 201
    assert (await media(api, "whep", link["token"], stack)).status == 201
    live = api.server.services.live_rooms.rooms[0]
    guests = api.server.services.accounts.authenticator.guests
    shift_clock(guests, monkeypatch, lambda: time.time() + 61)
    await asyncio.wait_for(guest.gone.wait(), 20)
    assert len(live.router.transports) == 0
    assert [one.role for one in live.people.participants] == ["guest"]
    assert not stays.gone.is_set()


def shift_clock(guests: Any, monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]) -> None:
    """Sets the clock of the terms forward and lets the timer look at it, as it does twice a minute."""
    monkeypatch.setattr(guests, "_clock", clock)
    guests._news.set()


async def test_the_timer_is_set_for_the_next_to_end(api: Api, stack: AsyncExitStack) -> None:
    """With the real clock: a token of two seconds, made as `vtp admin token` makes them."""
    teacher = await api.person("teacher")
    room_id = await make_room(api, teacher)
    now = datetime.now(UTC)
    claims = room_claims(
        room_id, publish=True, watch=True, full_name="Robot", now=now, ttl=timedelta(seconds=2)
    )
    token = api.server.services.accounts.tokens.sign_room(claims, now)
    guest = await connect(api, token, stack)
    await guest.join()
    assert (await media(api, "whep", token, stack)).status == 201
    live = api.server.services.live_rooms.rooms[0]
    await asyncio.wait_for(guest.gone.wait(), 16)
    assert len(live.router.transports) == 0


async def test_staff_invite_and_nobody_else(api: Api) -> None:
    owner = await api.person("teacher")
    await make_room(api, owner)
    for role, status in (("admin", 201), ("assistant", 201), ("student", 403)):
        person = await api.person(role)
        assert (role, (await api.call("POST", LINKS, {}, by=person)).status) == (role, status)
        listed = await api.call("GET", LINKS, by=person)
        assert (role, listed.status) == (role, 200 if status == 201 else 403)
        assert (await api.call("DELETE", f"{LINKS}/{new_id()}", by=person)).status in (403, 404)
    assert (await api.call("POST", LINKS, {}, by=await api.newcomer())).status == 403
    assert (await api.call("POST", LINKS, {})).status == 401
    assert (await api.call("POST", "/api/v1/rooms/nowhere/links", {}, by=owner)).status == 404


async def test_links_are_listed_newest_first_without_their_tokens(api: Api) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    made = [await invite(api, teacher, label=f"Link {number}") for number in range(3)]
    await api.call("DELETE", f"{LINKS}/{made[1]['id']}", by=teacher)
    first = (await api.call("GET", f"{LINKS}?limit=2", by=teacher)).body
    second = (await api.call("GET", f"{LINKS}?cursor={first['next_cursor']}", by=teacher)).body
    listed = first["items"] + second["items"]
    assert [(one["label"], one["status"]) for one in listed] == [
        ("Link 2", "good"),
        ("Link 1", "revoked"),
        ("Link 0", "good"),
    ]
    assert not any("token" in one or "url" in one for one in listed)


MISFITS = [
    ({"expires_in_s": 59}, "/expires_in_s"),
    ({"expires_in_s": 90 * 86_400 + 1}, "/expires_in_s"),
    ({"expires_in_s": "60"}, "/expires_in_s"),
    ({"publish": False, "watch": False}, ""),
    ({"name": ""}, "/name"),
    ({"name": "a\nb"}, "/name"),
    ({"label": "x" * 201}, "/label"),
    ({"role": "teacher"}, "/role"),
]


async def test_a_link_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    for wish, pointer in MISFITS:
        answer = await api.call("POST", LINKS, wish, by=teacher)
        assert (wish, answer.status, answer.pointers) == (wish, 422, [pointer])


async def test_who_may_only_watch_gives_nobody_the_right_to_publish(api: Api) -> None:
    administration = api.server.services.accounts.administration
    await make_room(api, await api.person("admin"))
    await administration.create_user("w@school.example", "a rather long pass phrase", "W", "viewer")
    watcher = await api.sign_in("w@school.example")
    assert (await api.call("POST", LINKS, {}, by=watcher)).status == 403
