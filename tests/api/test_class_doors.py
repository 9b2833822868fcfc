"""Ways around the door of a class: who was kept out, or not let in yet, learns nothing by another one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.class_people import ROOM, id_of, invite, open_class, refused
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import media
from tests.closing import close_room
from tests.serving import Answer, Person
from vtp.ids import new_id
from vtp.rooms.bans import Bans

CHAT, LINKS, BANS = (f"/api/v1/rooms/{ROOM}/{name}" for name in ("chat", "links", "bans"))


async def someone(school: School, role: str = "student") -> Person:
    return await school.api.person(role, f"{new_id()}@x.example")


async def come(school: School, who: Person | str, **more: Any) -> Client:
    client = await school.connect(who)
    await client.join(ROOM, **more)
    return client


async def read_chat(school: School, who: Person | str) -> Answer:
    return await school.api.call("GET", CHAT, by=who)


async def test_who_is_banned_reads_no_chat_over_http(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    account, link = await someone(school), await invite(school)
    bystander = await invite(school)
    for who in (account, link):
        client = await come(school, who)
        assert (await read_chat(school, who)).status == 200
        await teacher.ok("remove", {"participantId": id_of(client), "ban": True})
        await teacher.ok("send-chat", {"text": "They are gone"})
        answer = await read_chat(school, who)
        assert (answer.status, answer.body["code"]) == (403, "banned")
    assert (await read_chat(school, bystander)).status == 200
    await teacher.ok("leave-room")
    close_room(school.api.server.services.live_rooms, (await school.api.open_room(ROOM)).id)
    assert (await read_chat(school, account)).body["code"] == "banned", "after the class too"


async def test_who_is_banned_makes_no_link_to_come_in_by(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    account = await someone(school, "assistant")
    assert (await school.api.call("POST", LINKS, {}, by=account)).status == 201
    client = await come(school, account)
    await teacher.ok("remove", {"participantId": id_of(client), "ban": True})
    answer = await school.api.call("POST", LINKS, {}, by=account)
    assert (answer.status, answer.body["code"]) == (403, "banned")
    assert len((await school.api.call("GET", LINKS, by=account)).body["items"]) == 1


async def test_nobody_bans_their_own_account_by_another_device(school: School) -> None:
    await open_class(school)
    account = await someone(school, "teacher")
    desk, phone = await come(school, account), await come(school, account, role="student")
    call = {"participantId": id_of(phone), "ban": True}
    assert await refused(desk, "remove", call) == "is_yourself"
    assert (await desk.ok("get-bans"))["bans"] == []
    assert (await desk.ok("get-participants"))["count"] == 2


async def test_who_is_staff_no_more_when_it_is_stored_bans_nobody(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, assistant, student = await open_class(school, "teacher", "assistant", "student")
    storing, go_on, check = asyncio.Event(), asyncio.Event(), Bans._check_account

    async def slowly(bans: Bans, *more: Any) -> None:
        storing.set()
        await go_on.wait()
        await check(bans, *more)

    monkeypatch.setattr(Bans, "_check_account", slowly)
    call = {"participantId": id_of(student), "ban": True}
    banning = asyncio.create_task(assistant.call("remove", call))
    await storing.wait()
    await teacher.ok("set-role", {"participantId": id_of(assistant), "role": "student"})
    go_on.set()
    assert (await banning)["code"] == "forbidden"
    assert (await teacher.ok("get-bans"))["bans"] == []
    assert (await teacher.ok("get-participants"))["count"] == 3


@pytest.mark.parametrize("setting", ["lobby", "locked"])
async def test_a_link_in_many_hands_opens_no_chat_before_its_guest_is_in(
    school: School, setting: str
) -> None:
    """One of them is in the class; nothing over HTTP tells that one from those at the door."""
    (teacher,) = await open_class(school, "teacher")
    link, own = await invite(school), await invite(school, name="Ada")
    for who in (link, own):
        await come(school, who)
    await teacher.ok("change-settings", {"settings": {setting: True}})
    await teacher.ok("send-chat", {"text": "Behind closed doors"})
    answer = await read_chat(school, link)
    assert (answer.status, answer.body["code"]) == (403, "not_in_the_class")
    assert (await read_chat(school, own)).status == 200, "a link with a name is one person's"


@pytest.mark.parametrize("face", ["whip", "whep"])
async def test_media_of_an_account_ends_when_its_rights_change(school: School, face: str) -> None:
    (teacher,) = await open_class(school, "teacher")
    admin, account = await someone(school, "admin"), await someone(school, "assistant")
    made = await media(school, face, account)
    assert made.status == 201
    signed_out = await school.api.call("POST", "/api/v1/auth/logout", {}, by=account)
    assert signed_out.status in (200, 204), signed_out
    assert (await teacher.ok("get-participants"))["count"] == 2, "OBS outlives the page it was set up from"
    path = f"/api/v1/users/{account.user_id}"
    changed = await school.api.call("PATCH", path, {"disabled": True}, by=admin)
    assert changed.status == 200, changed
    await teacher.pushes("participant-left")
    assert (await teacher.ok("get-participants"))["count"] == 1


async def test_who_waits_at_one_door_and_is_refused_at_another_goes_on_waiting(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    await school.room(await someone(school, "admin"), "maths", locked=True)
    student = await come(school, await someone(school))
    assert student.joined["waiting"] is True
    assert await refused(student, "join-room", {"room_id": "maths"}) == "room_locked"
    await teacher.ok("admit", {"participantId": id_of(student)})
    assert (await student.pushes("admitted"))["participant_id"] == id_of(student)
    assert (await teacher.ok("get-participants"))["count"] == 2


async def test_to_admit_a_guest_without_a_name_lets_in_no_other(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    link = await invite(school)
    one, other, ada = [await come(school, link, full_name=name) for name in ("", "", "Ada")]
    await teacher.ok("admit", {"participantId": id_of(one)})
    await one.pushes("admitted")
    assert (await teacher.ok("get-participants"))["count"] == 2
    for client in (other, ada):
        await teacher.ok("admit", {"participantId": id_of(client)})
    again = await come(school, link, full_name="Ada")
    assert again.joined["participant_id"] in [
        one["participant_id"] for one in (await teacher.ok("get-participants"))["participants"]
    ]


async def test_a_class_that_is_recorded_is_not_watched_from_outside(school: School) -> None:
    """What grows is the class itself, a few seconds late; once it has ended it is a recording as all are."""
    teacher, _ = await open_class(school, "teacher", "student")
    boss, banned, outside = [await someone(school, role) for role in ("teacher", "student", "student")]
    inside = await someone(school)
    await come(school, inside)
    started = await school.api.call("POST", "/api/v1/recordings/start", {"room_id": ROOM}, by=boss)
    path = f"/api/v1/recordings/{started.body['recording_id']}"
    await teacher.ok("remove", {"participantId": id_of(await come(school, banned)), "ban": True})

    async def words(*people: Person) -> list[str]:
        answers = [await school.api.call("GET", path, by=who) for who in people]
        return [str(one.body.get("code", one.status)) for one in answers]

    assert await words(boss, inside, outside, banned) == ["200", "200", "200", "banned"]
    for setting in ("lobby", "locked"):
        await teacher.ok("change-settings", {"settings": {setting: True}})
        assert await words(boss, inside, outside) == ["200", "200", "not_in_the_class"]
        await teacher.ok("change-settings", {"settings": {setting: False}})
    await teacher.ok("change-settings", {"settings": {"lobby": True}})
    assert (await school.api.call("POST", f"{path}/stop", by=boss)).status == 200
    assert await words(boss, inside, outside, banned) == ["200"] * 4
