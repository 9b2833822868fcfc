"""Who presents and what is pinned over Socket.IO."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.class_people import ROOM, enter, has_been_told, id_of, open_class, refused, send
from tests.api.socket_clients import Client, School
from vtp.rooms.live import LiveRoom

ROLES = ("teacher", "assistant", "student", "guest")
NOBODY = {"participantId": None, "waiting": False}
NOTHING = {"producerId": None, "peerId": None}


async def room_of(school: School) -> LiveRoom:
    return await school.api.open_room(ROOM)


async def presenter(client: Client) -> tuple[str | None, bool]:
    """What somebody is told next of who presents."""
    told = await client.pushes("presenter-changed")
    return told["participantId"], told["waiting"]


async def ready(client: Client) -> None:
    await client.ok("create-transport", {"direction": "send"})


async def test_staff_hand_the_program_over_and_it_comes_back(school: School) -> None:
    teacher, assistant, student, guest = await open_class(school, *ROLES)
    for client in (teacher, student):
        await ready(client)
    own = await send(teacher)
    assert await presenter(guest) == (id_of(teacher), False), "who sends first presents"
    answer = await assistant.ok("set-presenter", {"participantId": id_of(student)})
    assert (answer["participantId"], answer["waiting"]) == (id_of(student), True)
    assert await presenter(guest) == (id_of(student), True)
    program = (await room_of(school)).program
    assert program.producers["video"].id == own
    picture, sound = await send(student), await send(student, "audio")
    assert await presenter(guest) == (id_of(student), False)
    assert {kind: one.id for kind, one in program.producers.items()} == {"video": picture, "audio": sound}
    later = await enter(school, "student")
    assert later.joined["state"]["presenter"] == {"participantId": id_of(student), "waiting": False}
    for producer in (picture, sound):
        await student.ok("close-producer", {"producerId": producer})
    assert await presenter(guest) == (id_of(teacher), False)
    assert program.producers["video"].id == own
    assert {peer["peerId"] for peer in (await guest.ok("get-room-info"))["peers"]} >= {id_of(teacher)}


async def test_after_who_was_chosen_the_next_of_the_staff_who_sends_presents(school: School) -> None:
    teacher, assistant, student = await open_class(school, "teacher", "assistant", "student")
    for client in (teacher, assistant, student):
        await ready(client)
    await send(student)
    await teacher.ok("set-presenter", {"participantId": id_of(student)})
    assert await presenter(assistant) == (id_of(student), False)
    await student.ok("leave-room")
    assert await presenter(assistant) == (None, False)
    await send(assistant)
    assert await presenter(teacher) == (id_of(student), False)
    assert await presenter(teacher) == (None, False)
    assert await presenter(teacher) == (id_of(assistant), False)
    await teacher.ok("set-presenter", {"participantId": id_of(teacher)})
    assert await presenter(teacher) == (id_of(teacher), True)
    await teacher.ok("set-presenter")
    assert await presenter(teacher) == (id_of(assistant), False)


async def test_pins_are_told_to_all_and_end_with_what_is_pinned(school: School) -> None:
    teacher, assistant, student, guest = await open_class(school, *ROLES)
    await ready(student)
    picture = await send(student)
    pinned = {"producerId": picture, "peerId": id_of(student)}
    assert (await assistant.ok("pin", {"producerId": picture}))["peerId"] == id_of(student)
    told = await guest.pushes("pinned")
    assert {name: told[name] for name in pinned} == pinned
    assert (await enter(school, "student")).joined["state"]["pinned"] == pinned
    await student.ok("close-producer", {"producerId": picture})
    told = await guest.pushes("pinned")
    assert {name: told[name] for name in NOTHING} == NOTHING
    again = await send(student)
    await teacher.ok("pin", {"producerId": again})
    assert (await guest.pushes("pinned"))["producerId"] == again
    await teacher.ok("pin", {"producerId": None})
    assert (await guest.pushes("pinned"))["producerId"] is None
    assert await refused(teacher, "pin", {"producerId": picture}) == "no_such_producer"


async def test_students_and_guests_choose_and_pin_nothing(school: School) -> None:
    teacher, assistant, student, guest = await open_class(school, *ROLES)
    for client in (teacher, student):
        await ready(client)
    picture = await send(teacher)
    await teacher.pushes("presenter-changed")
    for client in (student, guest):
        assert await refused(client, "set-presenter", {"participantId": id_of(client)}) == "forbidden"
        assert await refused(client, "set-presenter") == "forbidden"
        assert await refused(client, "pin", {"producerId": picture}) == "forbidden"
        assert await refused(client, "pin") == "forbidden"
    await assistant.ok("raise-hand")
    await teacher.pushes("hands-changed")
    assert not has_been_told(teacher, "presenter-changed") and not has_been_told(teacher, "pinned")


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    ("event", "payload", "code"),
    [
        ("set-presenter", {"participantId": "nobody"}, "no_such_participant"),
        ("set-presenter", {"participantId": 7}, "invalid"),
        ("set-presenter", {"participantId": ""}, "invalid"),
        ("set-presenter", [], "malformed"),
        ("pin", {"producerId": "nothing"}, "no_such_producer"),
        ("pin", {"producerId": ["a"]}, "invalid"),
        ("pin", {"producerId": "x" * 65}, "invalid"),
    ],
)
async def test_malformed_calls_change_nothing(school: School, event: str, payload: Any, code: str) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    assert await refused(teacher, event, payload) == code
    state = (await enter(school, "student")).joined["state"]
    assert (state["presenter"], state["pinned"]) == (NOBODY, NOTHING)
    await teacher.ok("leave-room")
    assert await refused(teacher, event, {}) == "not_in_a_room"
    assert not has_been_told(student, "presenter-changed")
