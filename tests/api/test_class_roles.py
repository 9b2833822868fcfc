"""A role given in class is the account's there: by whatever face and with whatever words it comes again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.class_people import ROOM, has_been_told, id_of, open_class, refused
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import media
from tests.serving import Person, serving
from vtp.ids import new_id


async def someone(school: School, role: str) -> Person:
    return await school.api.person(role, f"{new_id()}@x.example")


async def come(school: School, who: Person | str, **more: Any) -> Client:
    client = await school.connect(who)
    await client.join(ROOM, **more)
    return client


async def role_of(client: Client, participant: Client) -> str:
    """The role that everybody sees."""
    people = (await client.ok("get-participants"))["participants"]
    (role,) = [one["role"] for one in people if one["participant_id"] == id_of(participant)]
    return str(role)


@pytest.mark.parametrize("word", ["assistant", "ta", "student"])
async def test_who_was_made_a_student_stays_one_whatever_they_call_themselves(
    school: School, word: str
) -> None:
    (teacher,) = await open_class(school, "teacher")
    account = await someone(school, "assistant")
    client = await come(school, account)
    await teacher.ok("set-role", {"participantId": id_of(client), "role": "student"})
    await client.ok("leave-room")
    await client.join(ROOM, role=word)
    assert client.joined["may"]["moderate"] is False
    assert await refused(client, "mute-all") == "forbidden"
    assert await role_of(teacher, client) == "student"


async def test_who_entered_below_their_role_loses_it_on_no_device(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    for role in ("teacher", "admin"):
        account = await someone(school, role)
        phone, desk = await come(school, account, role="student"), await come(school, account)
        call = {"participantId": id_of(phone), "role": "student"}
        assert await refused(teacher, "set-role", call) == "above_your_role"
        assert (await role_of(teacher, phone), await role_of(teacher, desk)) == ("student", role)
        await desk.ok("leave-room")
        await teacher.ok("set-role", {**call, "role": "assistant"})  # here they are a student
        await desk.join(ROOM)
        assert (await role_of(teacher, phone), await role_of(teacher, desk)) == ("assistant", role)
        assert desk.joined["may"]["appoint"] is True


async def test_in_open_rooms_nobody_has_an_account_whose_role_could_change(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", open_rooms=True) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        host, guest = await school.connect(""), await school.connect("")
        await host.join("sandbox")
        await guest.join("sandbox", role="student")
        for role in ("assistant", "student"):
            call = {"participantId": id_of(guest), "role": role}
            assert await refused(host, "set-role", call) == "is_a_guest"
        assert await role_of(host, host) == "teacher"
        assert not has_been_told(host, "role-changed")


@pytest.mark.parametrize("face", ["whip", "whep"])
async def test_a_role_given_in_class_holds_by_whip_and_whep(school: School, face: str) -> None:
    (teacher,) = await open_class(school, "teacher", publish="staff")
    account = await someone(school, "assistant")
    client = await come(school, account)
    await teacher.ok("set-role", {"participantId": id_of(client), "role": "student"})
    made = await media(school, face, account)
    if face == "whip":
        assert (made.status, made.body["code"]) == (403, "forbidden")
        return
    assert made.status == 201
    people = (await teacher.ok("get-participants"))["participants"]
    assert [one["role"] for one in people] == ["teacher", "student", "student"]


async def test_whip_sends_what_the_settings_let_its_sender_send(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    student, staff = await someone(school, "student"), await someone(school, "teacher")
    for setting in ("speak", "camera"):
        await teacher.ok("change-settings", {"settings": {setting: "staff"}})
        made = await media(school, "whip", student)
        assert (made.status, made.body["code"]) == (403, "forbidden"), setting
        assert (await teacher.ok("get-participants"))["count"] == 1, setting
        allowed = await media(school, "whip", staff)
        assert allowed.status == 201
        assert (await school.api.call("DELETE", allowed.headers["Location"], by=staff)).status == 200
        await teacher.ok("change-settings", {"settings": {setting: "everyone"}})
    assert (await media(school, "whip", student)).status == 201


@pytest.mark.parametrize("how", ["setting", "role"])
async def test_messages_that_may_not_be_sent_any_more_end_too(school: School, how: str) -> None:
    teacher, student = await open_class(school, "teacher", "student" if how == "setting" else "assistant")
    transport = await student.ok("create-transport", {"direction": "send", "enableSctp": True})
    wish = {"transportId": transport["id"], "sctpStreamParameters": {"streamId": 1}}
    made = await student.ok("produce-data", wish)
    if how == "role":
        await teacher.ok("change-settings", {"settings": {"publish": "staff"}})
        await teacher.ok("set-role", {"participantId": id_of(student), "role": "student"})
    else:
        await teacher.ok("change-settings", {"settings": {"publish": "staff"}})
    assert (await teacher.pushes("data-producer-closed"))["dataProducerId"] == made["id"]
    assert (await student.pushes("data-producer-closed"))["reason"] == "not_allowed"
    (peer,) = [one for one in (await teacher.ok("get-room-info"))["peers"] if one["peerId"] == id_of(student)]
    assert peer["dataProducers"] == []
    assert await refused(student, "produce-data", wish) == "forbidden"


async def test_a_role_given_in_class_holds_over_http(school: School) -> None:
    """Who was made a student does nothing of staff by another face; who was made an assistant does."""
    (teacher,) = await open_class(school, "teacher")
    lowered, raised = await someone(school, "assistant"), await someone(school, "student")
    for who, role in ((lowered, "student"), (raised, "assistant")):
        call = {"participantId": id_of(await come(school, who)), "role": role}
        await teacher.ok("set-role", call)
    room = f"/api/v1/rooms/{ROOM}"
    for method, path, body in (
        ("GET", f"{room}/bans", None),
        ("GET", f"{room}/polls", None),
        ("GET", f"{room}/links", None),
        ("POST", f"{room}/links", {}),
        ("POST", "/api/v1/recordings/start", {"room_id": ROOM}),
    ):
        answer = await school.api.call(method, path, body, by=lowered)
        assert (path, answer.status) == (path, 403)
        answer = await school.api.call(method, path, body, by=raised)
        assert answer.status in (200, 201), (path, answer)
    stop = f"/api/v1/recordings/{answer.body['recording_id']}/stop"
    assert (await school.api.call("POST", stop, by=lowered)).status == 403
    assert (await school.api.call("POST", stop, by=raised)).status == 200
    await teacher.ok("end-room")
    assert (await school.api.call("GET", f"{room}/bans", by=lowered)).status == 200, "until the class ends"
    assert (await school.api.call("GET", f"{room}/bans", by=raised)).status == 403
