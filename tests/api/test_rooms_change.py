"""Rooms changed while people are in them, and rooms deleted while somebody is entering."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from tests.serving import Api, Person
from vtp.accounts.permissions import Action, Circle
from vtp.accounts.tables import audit_log
from vtp.errors import NotFound
from vtp.rooms.live import RoomEvent, RoomSettingsChanged

ROOM = "/api/v1/rooms/physics"


async def make_room(api: Api, by: Person, **settings: Any) -> str:
    body = {"room_id": "physics", "room_name": "Physics", "settings": settings}
    answer = await api.call("POST", "/api/v1/signalling/room/create", body, by=by)
    assert answer.status == 201, answer
    return str(answer.body["room_id"])


async def test_a_change_takes_what_it_names_and_leaves_the_rest(api: Api) -> None:
    teacher = await api.person("teacher")
    room_id = await make_room(api, teacher, publish="staff")
    renamed = await api.call("PATCH", ROOM, {"name": " Physics II "}, by=teacher)
    assert (renamed.status, renamed.body["name"]) == (200, "Physics II")
    assert renamed.body["settings"]["publish"] == "staff"
    opened = await api.call("PATCH", ROOM, {"settings": {"publish": "everyone"}}, by=teacher)
    assert (opened.body["name"], opened.body["settings"]["publish"]) == ("Physics II", "everyone")
    read = await api.call("GET", ROOM, by=teacher)
    assert (read.body["name"], read.body["settings"]) == ("Physics II", opened.body["settings"])
    same = await api.call("PATCH", ROOM, {}, by=teacher)
    assert (same.status, same.body["name"]) == (200, "Physics II")
    async with api.server.services.database.read() as tx:
        wanted = select(audit_log.c.subject, audit_log.c.details).where(audit_log.c.event == "room_changed")
        noted = (await tx.execute(wanted)).all()
    assert {subject for subject, _ in noted} == {f"room:{room_id}"}
    assert [details["name"] for _, details in noted] == ["Physics II"] * 2  # and not what changes nothing


async def test_a_room_that_people_are_in_has_its_new_settings_at_once(api: Api) -> None:
    teacher, student = await api.person("teacher"), await api.person("student")
    room_id = await make_room(api, teacher)
    services = api.server.services
    live = await services.live_rooms.open(await services.rooms.find(room_id))
    told: list[RoomEvent] = []
    services.live_rooms.add_listener(told.append)
    live.add_listener(told.append)
    names = ("physics", room_id)
    for name in names:
        assert (await services.rooms.find(name)).circle(Action.ROOM_PUBLISH) is Circle.EVERYONE
    await api.call("PATCH", ROOM, {"name": "Optics", "settings": {"publish": "staff"}}, by=teacher)
    for name in names:
        found = await services.rooms.find(name)
        assert (found.circle(Action.ROOM_PUBLISH), found.name) == (Circle.STAFF, "Optics")
    assert (await api.call("GET", ROOM, by=student)).body["may"]["publish"] is False
    assert len(told) == 2
    for event in told:
        assert isinstance(event, RoomSettingsChanged)
        assert (event.room, live.room.name, live.room.settings["publish"]) == (live, "Optics", "staff")


@pytest.mark.both_databases
async def test_changes_at_once_lose_none_of_each_other(api: Api) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    changes: list[dict[str, Any]] = [{"name": "Optics"}, {"settings": {"publish": "staff"}}] * 3
    answers = await asyncio.gather(*(api.call("PATCH", ROOM, one, by=teacher) for one in changes))
    assert {answer.status for answer in answers} == {200}
    room = (await api.call("GET", ROOM, by=teacher)).body
    assert (room["name"], room["settings"]["publish"]) == ("Optics", "staff")


async def test_the_owner_and_admins_change_a_room_and_nobody_else(api: Api) -> None:
    owner = await api.person("teacher")
    await make_room(api, owner)
    others = [await api.person("teacher", "other@school.example")]
    others += [await api.person(role) for role in ("assistant", "student")]
    for person in others:
        answer = await api.call("PATCH", ROOM, {"name": "Mine"}, by=person)
        assert (person.email, answer.status) == (person.email, 403)
        assert (await api.call("GET", ROOM, by=person)).body["may"]["update"] is False
    assert (await api.call("PATCH", ROOM, {"name": "x"}, by=await api.person("admin"))).status == 200
    assert (await api.call("PATCH", "/api/v1/rooms/nowhere", {"name": "x"}, by=owner)).status == 404


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "/name"),
    ({"name": "a\nb"}, "/name"),
    ({"slug": "x"}, "/slug"),
    ({"settings": []}, "/settings"),
    ({"settings": {"publish": "nobody"}}, "/settings/publish"),
    ({"settings": {"publish": None}}, "/settings/publish"),
    ({"settings": {"colour": "red"}}, "/settings/colour"),
]


async def test_a_change_that_does_not_fit_is_refused_by_field_and_changes_nothing(api: Api) -> None:
    teacher = await api.person("teacher")
    await make_room(api, teacher)
    before = (await api.call("GET", ROOM, by=teacher)).body
    for wish, pointer in MISFITS:
        answer = await api.call("PATCH", ROOM, {"name": "New", **wish}, by=teacher)
        assert (wish, answer.status, answer.pointers) == (wish, 422, [pointer])
    assert (await api.call("GET", ROOM, by=teacher)).body == before


async def test_a_room_deleted_while_somebody_enters_is_not_opened_for_them(api: Api) -> None:
    teacher = await api.person("teacher")
    room_id = await make_room(api, teacher)
    services = api.server.services
    found = await services.rooms.find("physics")  # as `join-room` does first
    await api.call("DELETE", "/api/v1/signalling/room/delete?room_id=physics", by=teacher)
    with pytest.raises(NotFound):
        await services.live_rooms.open(found)
    assert services.live_rooms.get(room_id) is None
