"""Rooms over HTTP: made, named, listed, looked into, deleted; by id and by slug."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from tests.closing import close_room
from tests.serving import Api, principal_of, serving
from vtp.accounts.tables import audit_log
from vtp.errors import NotFound
from vtp.http.identity import Role
from vtp.ids import new_id
from vtp.rooms.participants import APP_DATA_KEY, join
from vtp.rooms.schemas import Rights
from vtp.rooms.tables import rooms

CREATE, DELETE = "/api/v1/signalling/room/create", "/api/v1/signalling/room/delete"
STATS, ALL_STATS = "/api/v1/signalling/room/stats", "/api/v1/signalling/rooms/stats"
SCRIPTS = [("Physique générale 1", "physique-generale-1"), ("  A  B  ", "a-b"), ("x" * 200, "x" * 40)]


async def test_a_room_has_an_id_of_ours_and_the_slug_asked_for(api: Api) -> None:
    teacher = await api.person("teacher")
    answer = await api.call("POST", CREATE, {"room_id": "physics_1", "room_name": "Physics"}, by=teacher)
    assert answer.status == 201
    room = answer.body
    assert uuid.UUID(room["room_id"]).version == 7
    assert (room["slug"], room["name"], room["room_name"]) == ("physics_1", "Physics", "Physics")
    assert room["owner_id"] == teacher.user_id
    assert (room["live"], room["recording"], room["participant_count"]) == (False, False, 0)
    assert room["may"] == dict.fromkeys(Rights.model_fields, True)
    assert answer.headers["Location"] == f"/api/v1/rooms/{room['room_id']}"


async def test_a_room_without_a_slug_gets_one_from_its_name(api: Api) -> None:
    teacher = await api.person("teacher")
    for name, slug in SCRIPTS:
        first = await api.call("POST", CREATE, {"room_name": name}, by=teacher)
        assert first.body["slug"] == slug
        second = await api.call("POST", CREATE, {"room_name": name}, by=teacher)
        assert second.status == 201
        assert second.body["slug"].startswith(f"{slug}-")


async def test_a_name_without_latin_letters_still_gives_a_slug(api: Api) -> None:
    teacher = await api.person("teacher")
    answer = await api.call("POST", CREATE, {"room_name": "物理学"}, by=teacher)
    assert answer.status == 201
    assert answer.body["slug"].isalnum()


async def test_a_room_answers_to_its_id_and_its_slug(api: Api) -> None:
    teacher, student = await api.person("teacher"), await api.person("student")
    room = (await api.call("POST", CREATE, {"room_name": "Physics"}, by=teacher)).body
    for name in (room["room_id"], room["room_id"].upper(), "physics"):
        found = await api.call("GET", f"/api/v1/rooms/{name}", by=student)
        assert (found.status, found.body["room_id"]) == (200, room["room_id"])
        stats = await api.call("GET", f"{STATS}?room_id={name}", by=student)
        assert stats.body == {
            "room_id": room["room_id"],
            "slug": "physics",
            "participant_count": 0,
            "producer_count": 0,
            "participants": [],
        }


IMPOSSIBLE = ["a b", "a%2Fb", "%00", "é", "x" * 65, "..%2f..%2fetc", "a;b"]


async def test_a_name_that_no_room_can_have_is_422(api: Api) -> None:
    teacher = await api.person("teacher")
    for name in IMPOSSIBLE:
        assert (name, (await api.call("GET", f"/api/v1/rooms/{name}", by=teacher)).status) == (name, 422)
        assert (name, (await api.call("GET", f"{STATS}?room_id={name}", by=teacher)).status) == (name, 422)
        assert (name, (await api.call("DELETE", f"{DELETE}?room_id={name}", by=teacher)).status) == (
            name,
            422,
        )


ABSENT = ["missing", "01890a5d-ac96-774b-bcce-b302099a8057"]


async def test_a_room_that_does_not_exist_is_404(api: Api) -> None:
    teacher = await api.person("teacher")
    for name in ABSENT:
        assert (await api.call("GET", f"/api/v1/rooms/{name}", by=teacher)).status == 404
        assert (await api.call("GET", f"{STATS}?room_id={name}", by=teacher)).status == 404
        assert (await api.call("DELETE", f"{DELETE}?room_id={name}", by=teacher)).status == 404


MISFITS = [
    ({}, "/room_name"),
    ({"room_name": ""}, "/room_name"),
    ({"room_name": "x" * 201}, "/room_name"),
    ({"room_name": "a\u0000b"}, "/room_name"),
    ({"room_name": 7}, "/room_name"),
    ({"room_name": "x", "room_id": "a b"}, "/room_id"),
    ({"room_name": "x", "room_id": ""}, "/room_id"),
    ({"room_name": "x", "room_id": "01890a5d-ac96-774b-bcce-b302099a8057"}, "/room_id"),
    ({"room_name": "x", "room_id": 5}, "/room_id"),
    ({"room_name": "x", "settings": {"publish": "nobody"}}, "/settings/publish"),
    ({"room_name": "x", "settings": {"colour": "red"}}, "/settings/colour"),
    ({"room_name": "x", "settings": []}, "/settings"),
]


async def test_a_room_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    teacher = await api.person("teacher")
    for wish, pointer in MISFITS:
        answer = await api.call("POST", CREATE, wish, by=teacher)
        assert (wish, answer.status, answer.pointers) == (wish, 422, [pointer])


@pytest.mark.both_databases
async def test_of_two_who_take_one_slug_at_once_one_gets_it(api: Api) -> None:
    teacher = await api.person("teacher")
    wish = {"room_id": "physics", "room_name": "Physics"}
    answers = await asyncio.gather(*(api.call("POST", CREATE, wish, by=teacher) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_repeated_creation_with_its_key_gives_the_same_room(api: Api) -> None:
    teacher = await api.person("teacher")
    key = {"Idempotency-Key": "one"}
    wish = {"room_name": "Physics"}
    first, second = [await api.call("POST", CREATE, wish, by=teacher, headers=key) for _ in range(2)]
    assert first.body["room_id"] == second.body["room_id"]
    other = await api.call("POST", CREATE, {"room_name": "Maths"}, by=teacher, headers=key)
    assert other.status == 422


async def test_a_deleted_room_is_gone_and_its_slug_is_free(api: Api) -> None:
    teacher = await api.person("teacher")
    wish = {"room_id": "physics", "room_name": "Physics"}
    room = (await api.call("POST", CREATE, wish, by=teacher)).body
    answer = await api.call("DELETE", f"{DELETE}?room_id=physics", by=teacher)
    assert (answer.status, answer.body["room_id"], answer.body["status"]) == (200, room["room_id"], "deleted")
    assert (await api.call("GET", f"/api/v1/rooms/{room['room_id']}", by=teacher)).status == 404
    assert (await api.call("DELETE", f"{DELETE}?room_id={room['room_id']}", by=teacher)).status == 404
    assert (await api.call("POST", CREATE, wish, by=teacher)).status == 201
    async with api.server.services.database.read() as tx:
        events = (await tx.execute(select(audit_log.c.event, audit_log.c.subject))).all()
    assert ("room_created", f"room:{room['room_id']}") in events
    assert ("room_deleted", f"room:{room['room_id']}") in events


async def test_teachers_delete_their_own_rooms_and_admins_any(api: Api) -> None:
    owner, other = await api.person("teacher"), await api.person("teacher", "other@school.example")
    admin = await api.person("admin")
    await api.call("POST", CREATE, {"room_name": "Physics"}, by=owner)
    seen = await api.call("GET", "/api/v1/rooms/physics", by=other)
    assert seen.body["may"]["delete"] is False
    assert (await api.call("DELETE", f"{DELETE}?room_id=physics", by=other)).status == 403
    assert (await api.call("DELETE", f"{DELETE}?room_id=physics", by=admin)).status == 200


@pytest.mark.both_databases
async def test_rooms_are_listed_newest_first_in_pages(api: Api) -> None:
    teacher = await api.person("teacher")
    for number in range(5):
        await api.call("POST", CREATE, {"room_name": f"Room {number}"}, by=teacher)
    await api.call("DELETE", f"{DELETE}?room_id=room-3", by=teacher)
    first = await api.call("GET", "/api/v1/rooms?limit=2", by=teacher)
    assert [room["slug"] for room in first.body["items"]] == ["room-4", "room-2"]
    second = await api.call("GET", f"/api/v1/rooms?limit=2&cursor={first.body['next_cursor']}", by=teacher)
    assert [room["slug"] for room in second.body["items"]] == ["room-1", "room-0"]
    assert second.body["next_cursor"] is None


async def test_a_list_that_has_not_changed_is_304(api: Api) -> None:
    teacher = await api.person("teacher")
    tag = (await api.call("GET", "/api/v1/rooms", by=teacher)).headers["ETag"]
    again = await api.call("GET", "/api/v1/rooms", by=teacher, headers={"If-None-Match": tag})
    assert again.status == 304


@pytest.mark.both_databases
async def test_a_list_of_many_rooms_is_quick(api: Api) -> None:
    teacher = await api.person("teacher")
    now = datetime.now(UTC)
    many = [
        {
            "id": new_id(),
            "slug": f"r{number}",
            "name": "x",
            "settings": {},
            "created_at": now,
            "updated_at": now,
        }
        for number in range(5000)
    ]
    async with api.server.services.database.transaction() as tx:
        for start in range(0, len(many), 500):  # in pieces: the test shares the loop that it watches
            await tx.execute(insert(rooms), many[start : start + 500])
    answer = await api.call("GET", "/api/v1/rooms?limit=200", by=teacher)
    assert len(answer.body["items"]) == 200


async def test_who_is_in_a_room_is_told_to_who_may_enter(api: Api) -> None:
    teacher, student = await api.person("teacher"), await api.person("student")
    room = (await api.call("POST", CREATE, {"room_name": "Physics"}, by=teacher)).body
    live = await api.open_room(room["room_id"])
    joined = join(principal_of(Role.TEACHER, "Ada", teacher.user_id), is_producer=True)
    live.router.create_transport({APP_DATA_KEY: joined})
    stats = (await api.call("GET", f"{STATS}?room_id=physics", by=student)).body
    assert (stats["participant_count"], stats["producer_count"]) == (1, 0)
    person = stats["participants"][0]
    assert person.keys() == {
        "participant_id",
        "peerId",
        "user_id",
        "full_name",
        "role",
        "is_producer",
        "joined_at",
    }
    assert person["peerId"] == person["participant_id"] == joined.participant_id
    everywhere = (await api.call("GET", ALL_STATS, by=student)).body
    assert (everywhere["total_rooms"], everywhere["total_participants"]) == (1, 1)
    assert everywhere["rooms"] == [stats]
    listed = (await api.call("GET", "/api/v1/rooms", by=student)).body["items"]
    assert listed[0]["participant_count"] == 1
    await api.call("DELETE", f"{DELETE}?room_id=physics", by=teacher)
    assert live.closed
    assert (await api.call("GET", ALL_STATS, by=student)).body["rooms"] == []


async def test_anybody_may_ask_whether_signalling_answers(api: Api) -> None:
    answer = await api.call("GET", "/api/v1/signalling/health")
    assert (answer.status, answer.body["status"], answer.body["rooms"]) == (200, "ok", 0)


async def test_with_open_rooms_anybody_here_makes_and_deletes_rooms(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", open_rooms=True) as api:
        room = (await api.call("POST", CREATE, {"room_id": "demo", "room_name": "Demo"})).body
        assert room["owner_id"] is None
        assert room["may"]["publish"] and room["may"]["record"]
        assert (await api.call("DELETE", f"{DELETE}?room_id=demo")).status == 200


async def test_with_open_rooms_a_room_comes_to_be_by_being_entered(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", open_rooms=True) as api:
        service = api.server.services.rooms
        found = await asyncio.gather(*(service.find("lecture") for _ in range(4)))
        assert len({room.id for room in found}) == 1
        assert (await api.call("GET", "/api/v1/rooms/other")).status == 404


async def test_without_open_rooms_a_room_must_have_been_made(api: Api) -> None:
    teacher = await api.person("teacher")
    with pytest.raises(NotFound):
        await api.server.services.rooms.find("nowhere")
    assert (await api.call("GET", "/api/v1/rooms", by=teacher)).body["items"] == []


async def test_a_room_that_is_open_is_entered_without_a_query(api: Api) -> None:
    teacher = await api.person("teacher")
    room_id = (
        await api.call("POST", CREATE, {"room_id": "physics", "room_name": "Physics"}, by=teacher)
    ).body["room_id"]
    services = api.server.services
    await api.open_room(room_id)
    names = ("physics", room_id, room_id.upper())
    assert [(await services.rooms.find(name)).id for name in names] == [room_id] * 3
    async with services.database.transaction() as tx:
        await tx.execute(delete(rooms))
    assert [(await services.rooms.find(name)).id for name in names] == [room_id] * 3
    close_room(services.live_rooms, room_id)
    for name in names:
        with pytest.raises(NotFound):
            await services.rooms.find(name)


async def test_a_deleted_room_that_was_open_is_entered_no_more(api: Api) -> None:
    teacher = await api.person("teacher")
    for _ in range(2):  # the second has the slug of the first
        body = {"room_id": "physics", "room_name": "Physics"}
        room_id = (await api.call("POST", CREATE, body, by=teacher)).body["room_id"]
        await api.open_room(room_id)
        assert (await api.server.services.rooms.find("physics")).id == room_id
        assert (await api.server.services.rooms.find("physics")).id == room_id
        await api.call("DELETE", f"{DELETE}?room_id=physics", by=teacher)
        with pytest.raises(NotFound):
            await api.server.services.rooms.find("physics")
