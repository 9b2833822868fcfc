"""Waiting to be let in: who waits, who lets them in, and what else can happen meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from aiortc import RTCPeerConnection

from tests.api.class_people import ROOM, enter, has_been_told, id_of, invite, open_class, refused
from tests.api.socket_clients import Client, School
from tests.heard import until
from tests.serving import Answer, Person
from vtp.ids import new_id
from vtp.rooms import live as live_module
from vtp.rooms.lobby import DENIED, Lobby
from vtp.signalling.parts import lobby as lobby_part


async def someone(school: School, role: str = "student") -> Person:
    return await school.api.person(role, f"{new_id()}@x.example")


async def knock(school: School, who: Person | str | None = None, **auth: Any) -> Client:
    """Somebody (a student) who waits."""
    client = await school.connect(who or await someone(school), **auth)
    await client.join(ROOM)
    assert client.joined["waiting"] is True, client.joined
    return client


async def waiting(staff: Client) -> list[str]:
    """Who waits, as the next news of it says."""
    return [one["participantId"] for one in (await staff.pushes("lobby-changed"))["waiting"]]


async def change(staff: Client, **settings: bool) -> None:
    await staff.ok("change-settings", {"settings": settings})


async def media(school: School, face: str, who: Person | str, address: str = "") -> Answer:
    """Asks for a WHIP or WHEP session; `address` is what a proxy says."""
    connection = RTCPeerConnection()
    for kind in ("audio", "video"):
        connection.addTransceiver(kind, direction="sendonly" if face == "whip" else "recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp.encode()
    await connection.close()
    headers = {"Content-Type": "application/sdp", **({"X-Forwarded-For": address} if address else {})}
    return await school.api.call("POST", f"/{face}/{ROOM}", data=offer, by=who, headers=headers)


async def test_who_waits_is_let_in_and_is_a_participant_from_then_on(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    assert teacher.joined["state"]["waiting"] == []
    student = await knock(school)
    assert set(student.joined) == {"ok", "waiting", "participant_id"}
    news = await teacher.pushes("lobby-changed")
    (one,) = news["waiting"]
    assert (one["participantId"], one["role"]) == (id_of(student), "student")
    assert (await teacher.ok("get-participants"))["count"] == 1
    early = await student.call("get-participants")
    assert (early["code"], early["error"]) == (
        "not_in_a_room",
        "Somebody has to let you in first: wait for that.",
    )
    await teacher.ok("admit", {"participantId": id_of(student)})
    assert await waiting(teacher) == []
    joined = await teacher.pushes("participant-joined")
    assert joined["participant"]["participant_id"] == id_of(student)
    assert joined["participant"]["joined_at"] > one["since"]
    admitted = await student.pushes("admitted")
    assert (admitted["participant_id"], admitted["seq"]) == (id_of(student), 0)
    assert (len(admitted["participants"]), admitted["state"]["waiting"]) == (2, [])
    assert admitted["mediasoup"]["rtpCapabilities"]["codecs"]
    await student.ok("create-transport", {"direction": "send"})


async def test_all_who_are_let_in_at_once_learn_of_each_other_in_one_order(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    people = [await knock(school) for _ in range(4)]
    await teacher.ok("admit", {"all": True})
    order = [(await teacher.pushes("participant-joined"))["participant"]["participant_id"] for _ in people]
    assert order == [id_of(one) for one in people]
    for at, one in enumerate(people):
        admitted = await one.pushes("admitted")
        assert [p["participant_id"] for p in admitted["participants"]][1:] == order[: at + 1]
        later = [await one.pushes("participant-joined") for _ in order[at + 1 :]]
        assert [p["participant"]["participant_id"] for p in later] == order[at + 1 :]
        assert [p["seq"] for p in later] == list(range(1, len(later) + 1))
        assert not one.pushed  # and nothing else came, before or after


async def test_an_older_client_is_answered_when_it_is_let_in(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    student = await knock(school, answers="event")
    await waiting(teacher)
    assert not student.pushed
    await teacher.ok("admit", {"all": True})
    joined = await student.pushes("joined-room")
    assert (joined["participant_id"], joined["success"]) == (id_of(student), True)


async def test_who_is_turned_away_may_ask_again_but_not_all_the_time(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    who = await someone(school)
    student = await knock(school, who)
    await teacher.ok("deny", {"participantId": id_of(student), "reason": "Wrong room?"})
    told = await student.pushes("denied")
    assert told == {"roomId": ROOM, "reason": "Wrong room?"}
    assert await refused(student, "get-participants") == "not_in_a_room"
    for _ in range(lobby_part.KNOCKS_OF_ACCOUNT - 1):
        assert (await student.join(ROOM))["waiting"] is True
        await teacher.ok("deny", {"all": True})
        assert (await student.pushes("denied"))["reason"] == DENIED
    answer = await student.call("join-room", {"room_id": ROOM})
    assert answer["code"] == "rate_limited"
    again = await school.connect(who)
    assert await refused(again, "join-room", {"room_id": ROOM}) == "rate_limited"
    assert (await knock(school)).joined["waiting"] is True  # others are not held up by it


async def test_only_staff_let_in_turn_away_and_see_who_waits(school: School) -> None:
    roles = ("admin", "teacher", "assistant", "student", "guest")
    people = dict(zip(roles, await open_class(school, *roles), strict=True))
    await change(people["teacher"], lobby=True)
    for role, client in people.items():
        outsider = await knock(school)
        for event in ("admit", "deny"):
            for payload in ({"participantId": id_of(outsider)}, {"all": True}):
                if role in ("student", "guest"):
                    assert await refused(client, event, payload) == "forbidden"
        if role not in ("student", "guest"):
            await client.ok("admit", {"participantId": id_of(outsider)})
            assert (await outsider.pushes("admitted"))["participant_id"] == id_of(outsider)
            assert has_been_told(client, "lobby-changed")
        else:
            assert not has_been_told(client, "lobby-changed")
            await outsider.ok("leave-room")


@pytest.mark.parametrize("event", ["admit", "deny"])
async def test_calls_that_name_nobody_who_waits(school: School, event: str) -> None:
    teacher, student = await open_class(school, "teacher", "student", lobby=False)
    await change(teacher, lobby=True)
    outsider = await knock(school)
    assert await refused(teacher, event, {"participantId": new_id()}) == "no_such_participant"
    assert await refused(teacher, event, {"participantId": id_of(student)}) == "no_such_participant"
    both = {"participantId": id_of(outsider), "all": True}
    for payload in ({}, both, {"all": False}, {"participantId": 7}, {"participantId": ""}, {"all": "yes"}):
        assert await refused(teacher, event, payload) == "invalid"
    assert await refused(outsider, event, {"all": True}) == "not_in_a_room"
    await teacher.ok("leave-room")
    assert await refused(teacher, event, {"all": True}) == "not_in_a_room"
    assert not has_been_told(outsider, "admitted")
    assert not has_been_told(outsider, "denied")


async def test_a_reason_is_one_line_of_some_length(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    outsider = await knock(school)
    for reason in ("a\nb", "x" * 201, 5):
        payload = {"participantId": id_of(outsider), "reason": reason}
        assert await refused(teacher, "deny", payload) == "invalid"
    await teacher.ok("deny", {"participantId": id_of(outsider), "reason": "x" * 200})
    assert (await outsider.pushes("denied"))["reason"] == "x" * 200


@pytest.mark.parametrize("how", ["leave-room", "disconnect", "another room"])
async def test_who_goes_while_waiting_waits_no_more(school: School, how: str) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    await school.room(await someone(school, "admin"), "maths")
    student = await knock(school)
    assert await waiting(teacher) == [id_of(student)]
    if how == "leave-room":
        assert (await student.ok("leave-room"))["room_id"] == ROOM
    elif how == "disconnect":
        await student.io.disconnect()
    else:
        await student.ok("join-room", {"room_id": "maths"})
    assert await waiting(teacher) == []
    assert await refused(teacher, "admit", {"participantId": id_of(student)}) == "no_such_participant"


async def test_to_ask_again_while_waiting_changes_nothing(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    student = await knock(school)
    first = id_of(student)
    for _ in range(lobby_part.KNOCKS_OF_ACCOUNT + 1):
        assert (await student.join(ROOM))["participant_id"] == first
    assert await waiting(teacher) == [first]
    await teacher.ok("admit", {"all": True})
    assert (await student.pushes("admitted"))["participant_id"] == first
    assert (await student.join(ROOM))["participant_id"] == first  # as for everybody who is in already


async def test_who_was_let_in_comes_back_without_waiting_until_the_room_closes(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    who = await someone(school)
    student = await knock(school, who)
    await teacher.ok("admit", {"all": True})
    await student.pushes("admitted")
    await student.ok("leave-room")
    assert (await student.join(ROOM))["success"] is True
    phone = await school.connect(who)
    assert (await phone.join(ROOM))["success"] is True
    await teacher.ok("end-room")
    await phone.pushes("room-closed")
    assert (await phone.join(ROOM))["waiting"] is True


async def test_a_lobby_that_is_switched_off_lets_everybody_in(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    people = [await knock(school), await knock(school, await invite(school))]
    await change(teacher, lobby=False)
    for one in people:
        assert (await one.pushes("admitted"))["settings"]["lobby"] is False
    assert (await teacher.ok("get-participants"))["count"] == 3


async def test_a_locked_room_lets_in_staff_and_who_was_there(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await change(teacher, locked=True)
    for who in (await someone(school), await invite(school)):
        assert await refused(await school.connect(who), "join-room", {"room_id": ROOM}) == "room_locked"
    for role in ("assistant", "teacher", "admin"):
        await enter(school, role)
    await student.ok("leave-room")
    assert (await student.join(ROOM))["success"] is True
    await teacher.ok("remove", {"participantId": id_of(student)})
    await student.pushes("kicked")
    assert await refused(student, "join-room", {"room_id": ROOM}) == "room_locked"


async def test_a_new_assistant_sees_who_waits(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await change(teacher, lobby=True)
    outsider = await knock(school)
    await teacher.ok("set-role", {"participantId": id_of(student), "role": "assistant"})
    assert await waiting(student) == [id_of(outsider)]
    await student.ok("admit", {"participantId": id_of(outsider)})
    await teacher.ok("set-role", {"participantId": id_of(student), "role": "student"})
    await knock(school)
    assert await waiting(student) == []
    assert await waiting(student) == []  # the second because they are staff no more
    assert not has_been_told(student, "lobby-changed")


async def test_staff_who_come_later_see_who_waits(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_class(school, lobby=True)
    people = [await knock(school)]
    monkeypatch.setattr(live_module, "EMPTY_ROOM_GRACE_S", 0.05)  # too short for who opens a room by knocking
    people.append(await knock(school))
    live = await school.api.open_room(ROOM)
    empty = await school.api.open_room(await school.room(await someone(school, "admin"), "nobody-there"))
    await until(empty.add_listener, lambda: empty.closed)  # whose time began after this one's would have
    assert not live.closed
    teacher = await enter(school, "teacher")
    seen = [one["participantId"] for one in teacher.joined["state"]["waiting"]]
    assert seen == [id_of(one) for one in people]
    await teacher.ok("admit", {"all": True})
    for one in people:
        await one.pushes("admitted")
    for one in [teacher, *people]:
        await one.ok("leave-room")
    await until(live.add_listener, lambda: live.closed, 5)


@pytest.mark.parametrize("how", ["ended", "deleted", "shutdown"])
async def test_who_waits_is_told_that_the_room_is_no_more(school: School, how: str) -> None:
    owner = await someone(school, "admin")
    await school.room(owner, ROOM, lobby=True)
    teacher = await enter(school, "teacher")
    student = await knock(school)
    if how == "ended":
        await teacher.ok("end-room", {"reason": "That is all."})
    elif how == "deleted":
        path = f"/api/v1/signalling/room/delete?room_id={ROOM}"
        assert (await school.api.call("DELETE", path, by=owner)).status == 200
    else:
        school.api.server.services.lobby.close("The server is shutting down.")
    told = await student.pushes("room-closed")
    reasons = {"ended": "That is all.", "deleted": "The room was deleted."}
    assert told == {
        "roomId": ROOM,
        "room_id": ROOM,
        "reason": reasons.get(how, "The server is shutting down."),
        **({"server_ends": True} if how == "shutdown" else {}),
    }
    assert await refused(student, "leave-room") == "not_in_a_room"


async def test_a_link_that_ended_meanwhile_lets_nobody_in(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    admin = await someone(school, "admin")
    link = (await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", {}, by=admin)).body
    guest = await knock(school, link["token"])
    assert await waiting(teacher) == [id_of(guest)]
    await school.api.call("DELETE", f"/api/v1/rooms/{ROOM}/links/{link['id']}", by=admin)
    await guest.gone.wait()
    assert await waiting(teacher) == []


async def test_a_link_whose_term_ends_before_anybody_noticed_lets_nobody_in(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    guest = await knock(school, await invite(school))
    live = await school.api.open_room(ROOM)
    (one,) = live.part(Lobby).waiting
    door = one.caller
    assert isinstance(door, lobby_part._AtDoor)
    seat = door._knock.seat
    seat.principal = replace(seat.principal, expires_at_s=time.time() - 1)
    await teacher.ok("admit", {"all": True})
    assert (await guest.pushes("denied"))["reason"] == lobby_part.EXPIRED
    assert (await teacher.ok("get-participants"))["count"] == 1


async def test_whip_and_whep_cannot_wait(school: School) -> None:
    teacher, inside = await open_class(school, "teacher"), await someone(school)
    client = await school.connect(inside)
    await client.join(ROOM)
    admin = await someone(school, "admin")
    link = await invite(school)
    wish = {"publish": True, "watch": False, "label": "OBS"}
    encoder = (await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", wish, by=admin)).body["token"]
    outsider, staff = await someone(school), await someone(school, "assistant")
    for settings, code in (({"lobby": True}, "not_admitted"), ({"locked": True}, "room_locked")):
        await change(teacher[0], **settings)
        for face in ("whep", "whip"):
            for who in (outsider, link):
                answer = await media(school, face, who)
                assert (answer.status, answer.body["code"]) == (403, code)
        for who in (staff, inside):
            assert (await media(school, "whep", who)).status == 201
    made = await media(school, "whip", encoder)
    assert made.status == 201
    assert (await school.api.call("DELETE", made.headers["Location"], by=encoder)).status == 200
    assert (await media(school, "whip", inside)).status == 201
