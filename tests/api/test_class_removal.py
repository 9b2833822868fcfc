"""Staff send people away, keep them out and end the class; nobody else does, by no face."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from tests.api.class_people import ROOM, enter, id_of, invite, open_class, refused, send
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import media
from tests.api.test_signalling_resume import cut
from tests.serving import Api, Person
from vtp.accounts.audit import Origin
from vtp.accounts.tables import audit_log, users
from vtp.ids import new_id
from vtp.rooms import ban_store
from vtp.rooms import bans as bans_module
from vtp.rooms.ban_list import BanList
from vtp.rooms.removals import ENDED, REMOVED
from vtp.rooms.tables import room_bans

PATH = f"/api/v1/rooms/{ROOM}/bans"


async def someone(school: School, role: str = "student") -> Person:
    return await school.api.person(role, f"{new_id()}@x.example")


async def come(school: School, who: Person | str, **auth: Any) -> Client:
    client = await school.connect(who, **auth)
    await client.join(ROOM)
    return client


async def join_word(school: School, who: Person | str) -> str:
    """The word that refuses them, or that they are in."""
    answer = await (await school.connect(who)).call("join-room", {"room_id": ROOM})
    return "in" if answer["ok"] else str(answer["code"])


async def people_in(client: Client) -> set[str]:
    return {one["participant_id"] for one in (await client.ok("get-participants"))["participants"]}


async def audited(api: Api, *events: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    wanted = (
        select(audit_log.c.event, audit_log.c.actor_id, audit_log.c.details)
        .where(audit_log.c.event.in_(events))
        .order_by(audit_log.c.id)
    )
    async with api.server.services.database.read() as tx:
        return [(row.event, row.actor_id, row.details) for row in await tx.execute(wanted)]


async def test_who_is_removed_loses_everything_and_may_come_again(school: School) -> None:
    teacher, other = await open_class(school, "teacher", "student")
    who = await someone(school)
    student = await come(school, who)
    await student.ok("create-transport", {"direction": "send"})
    await send(student)
    await teacher.ok("remove", {"participantId": id_of(student), "reason": "Quiet, please."})
    kicked = await student.pushes("kicked")
    assert (kicked["reason"], kicked["banned"]) == ("Quiet, please.", False)
    assert await refused(student, "get-participants") == "not_in_a_room"
    for one in (teacher, other):
        assert (await one.pushes("producer-closed"))["peerId"] == id_of(student)
        assert (await one.pushes("participant-left"))["participant_id"] == id_of(student)
    live = await school.api.open_room(ROOM)
    assert not live.router.transports
    assert await join_word(school, who) == "in"
    ((_, _, details),) = await audited(school.api, "participant_removed")
    assert (details["user_id"], details["reason"]) == (who.user_id, "Quiet, please.")
    await teacher.ok("remove", {"participantId": id_of(other)})
    assert (await other.pushes("kicked"))["reason"] == REMOVED


async def test_who_is_removed_is_gone_by_all_their_ways_in(school: School) -> None:
    teacher, other = await open_class(school, "teacher", "student")
    who = await someone(school)
    laptop, phone = await come(school, who), await come(school, who)
    made = [await media(school, face, who) for face in ("whep", "whip")]
    assert [answer.status for answer in made] == [201, 201]
    await teacher.ok("remove", {"participantId": id_of(laptop), "reason": "Enough."})
    for client in (laptop, phone):
        assert (await client.pushes("kicked"))["reason"] == "Enough."
    assert await people_in(teacher) == {id_of(teacher), id_of(other)}
    for answer in made:
        assert (await school.api.call("DELETE", answer.headers["Location"], by=who)).status == 404
    assert await join_word(school, who) == "in"
    assert (await media(school, "whep", who)).status == 201


async def test_a_guest_is_removed_by_all_their_ways_in_and_nobody_else_of_the_link(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    link, anns = await invite(school), await invite(school, name="Ann")
    bo, again, cy = [await school.connect(link) for _ in range(3)]
    await bo.join(ROOM, full_name="Bo")
    await again.join(ROOM, full_name="Bo")
    await cy.join(ROOM, full_name="Cy")
    ann = await come(school, anns)
    ends = [await media(school, "whep", link), await media(school, "whip", link)]
    stays = await media(school, "whep", anns)
    assert {answer.status for answer in (*ends, stays)} == {201}
    await teacher.ok("remove", {"participantId": id_of(bo)})
    for client in (bo, again):
        assert (await client.pushes("kicked"))["banned"] is False
    for answer in ends:
        assert (await school.api.call("DELETE", answer.headers["Location"], by=link)).status == 404
    assert {id_of(teacher), id_of(cy), id_of(ann)} < await people_in(teacher)
    await teacher.ok("remove", {"participantId": id_of(ann)})
    assert (await school.api.call("DELETE", stays.headers["Location"], by=anns)).status == 404
    assert await people_in(teacher) == {id_of(teacher), id_of(cy)}


async def test_who_is_above_on_another_device_is_not_removed(school: School) -> None:
    (assistant,) = await open_class(school, "assistant")
    who = await someone(school, "teacher")
    as_student, as_teacher = await school.connect(who), await come(school, who)
    await as_student.join(ROOM, role="student")
    assert await refused(assistant, "remove", {"participantId": id_of(as_student)}) == "above_your_role"
    assert {id_of(as_student), id_of(as_teacher)} < await people_in(assistant)


async def test_of_their_own_devices_staff_send_one_away(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school, "teacher")
    laptop, phone = await come(school, who), await come(school, who)
    await laptop.ok("remove", {"participantId": id_of(phone)})
    await phone.pushes("kicked")
    assert await people_in(teacher) == {id_of(teacher), id_of(laptop)}


async def test_a_banned_account_loses_all_its_ways_in_and_stays_out_by_every_face(school: School) -> None:
    teacher, _ = await open_class(school, "teacher", "student")
    who, boss = await someone(school), await someone(school, "teacher")
    laptop, phone = await come(school, who), await come(school, who)
    assert (await media(school, "whep", who)).status == 201
    assert len(await people_in(teacher)) == 5
    await teacher.ok("remove", {"participantId": id_of(phone), "ban": True})
    for client in (laptop, phone):
        told = await client.pushes("kicked")
        assert (told["reason"], told["banned"]) == (REMOVED, True)
    assert len(await people_in(teacher)) == 2
    assert await join_word(school, who) == "banned"
    for face in ("whep", "whip"):
        answer = await media(school, face, who)
        assert (answer.status, answer.body["code"]) == (403, "banned")
    (ban,) = (await teacher.ok("get-bans"))["bans"]
    assert (ban["userId"], ban["linkId"]) == (who.user_id, None)
    await teacher.ok("unban", {"banId": ban["banId"]})
    assert await join_word(school, who) == "in"
    assert (await teacher.ok("get-bans"))["bans"] == []
    events = await audited(school.api, "participant_banned", "ban_lifted")
    assert [event for event, _, _ in events] == ["participant_banned", "ban_lifted"]
    assert {details["user_id"] for _, _, details in events} == {who.user_id}
    assert {details["ban_id"] for _, _, details in events} == {ban["banId"]}
    assert boss.user_id not in {actor for _, actor, _ in events}


async def test_a_ban_outlives_the_class_and_the_servers_memory(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school)
    await teacher.ok("remove", {"participantId": id_of(await come(school, who)), "ban": True})
    await teacher.ok("end-room")
    await teacher.pushes("room-closed")
    assert school.api.server.services.live_rooms.get((await school.api.open_room(ROOM)).id) is not None
    assert await join_word(school, who) == "banned"
    assert (await media(school, "whep", who)).body["code"] == "banned"


async def test_a_guest_is_banned_by_link_and_place(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    link, other_link = await invite(school), await invite(school)
    guest, friend = await come(school, link), await come(school, link)
    bystander = await come(school, other_link)
    await teacher.ok("remove", {"participantId": id_of(guest), "ban": True})
    for one in (guest, friend):  # nothing tells them apart
        assert (await one.pushes("kicked"))["banned"] is True
    assert id_of(bystander) in await people_in(teacher)
    assert await join_word(school, link) == "banned"
    assert await join_word(school, other_link) == "in"
    (ban,) = (await teacher.ok("get-bans"))["bans"]
    assert (ban["userId"], ban["full_name"]) == (None, "Guest")
    assert "127.0.0.1" not in str(ban)
    async with school.api.server.services.database.read() as tx:
        (network,) = (await tx.execute(select(room_bans.c.network))).scalars()
    assert network == "127.0.0.1"


async def test_who_may_send_whom_away(school: School) -> None:
    owner = await someone(school, "teacher")
    await school.room(owner, ROOM)
    roles = ("admin", "teacher", "assistant", "student", "guest")
    by_role = {role: await enter(school, role) for role in roles}
    allowed = {
        "admin": {"admin", "owner", "teacher", "assistant", "student", "guest"},
        "owner": {"teacher", "assistant", "student", "guest"},
        "teacher": {"teacher", "assistant", "student", "guest"},
        "assistant": {"assistant", "student", "guest"},
    }
    callers = {**by_role, "owner": await come(school, owner)}
    for caller, client in callers.items():
        for target in ("admin", "owner", "teacher", "assistant", "student", "guest"):
            other = await come(school, owner) if target == "owner" else await enter(school, target)
            for ban in (False, True):
                call = {"participantId": id_of(other), "ban": ban}
                if target not in allowed.get(caller, ()):
                    word = "above_your_role" if caller in allowed else "forbidden"
                    assert (caller, target, await refused(client, "remove", call)) == (caller, target, word)
                    assert id_of(other) in await people_in(client)
            if target in allowed.get(caller, ()) and (caller, target) != ("admin", "owner"):
                await client.ok("remove", {"participantId": id_of(other), "ban": target != "guest"})
                assert (await other.pushes("kicked"))["banned"] is (target != "guest")
            elif target in allowed.get(caller, ()):
                await client.ok("remove", {"participantId": id_of(other)})
                assert (await other.pushes("kicked"))["banned"] is False
                await callers["owner"].pushes("kicked")
                await callers["owner"].join(ROOM)
            else:
                await other.ok("leave-room")
        for event, payload in (("get-bans", {}), ("unban", {"banId": new_id()}), ("end-room", {})):
            if caller not in allowed:
                assert (caller, event, await refused(client, event, payload)) == (caller, event, "forbidden")
    assert await refused(callers["teacher"], "unban", {"banId": new_id()}) == "no_such_ban"


async def test_nobody_sends_themselves_away(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    for ban in (False, True):
        call = {"participantId": id_of(teacher), "ban": ban}
        assert await refused(teacher, "remove", call) == "is_yourself"


async def test_an_account_above_ones_role_is_not_banned_in_disguise(school: School) -> None:
    (assistant,) = await open_class(school, "assistant")
    boss = await school.connect(await someone(school, "teacher"))
    await boss.join(ROOM, role="student")
    call = {"participantId": id_of(boss), "ban": True}
    assert await refused(assistant, "remove", call) == "above_your_role"
    assert (await assistant.ok("get-bans"))["bans"] == []
    assert len(await people_in(assistant)) == 2
    await assistant.ok("remove", {"participantId": id_of(boss)})  # in the room they are a student


async def test_malformed_calls_and_unknown_people(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    misfits: list[tuple[str, Any, str]] = [
        ("remove", {}, "invalid"),
        ("remove", {"participantId": 5}, "invalid"),
        ("remove", {"participantId": id_of(student), "ban": "yes"}, "invalid"),
        ("remove", {"participantId": id_of(student), "reason": "a\nb"}, "invalid"),
        ("remove", {"participantId": id_of(student), "reason": "x" * 201}, "invalid"),
        ("remove", {"participantId": new_id()}, "no_such_participant"),
        ("unban", {}, "invalid"),
        ("unban", {"banId": "x"}, "invalid"),
        ("unban", {"banId": new_id()}, "no_such_ban"),
        ("end-room", {"reason": "\x00"}, "invalid"),
        ("end-room", {"reason": ["x"]}, "invalid"),
    ]
    for event, payload, word in misfits:
        assert (event, payload, await refused(teacher, event, payload)) == (event, payload, word)
    assert len(await people_in(teacher)) == 2
    await teacher.ok("leave-room")
    for event in ("remove", "get-bans", "unban", "end-room"):
        payload = {"participantId": id_of(student), "banId": new_id()}
        assert await refused(teacher, event, payload) == "not_in_a_room"
    assert not student.pushed or student.pushed[-1][0] == "participant-left"


async def test_who_lost_the_connection_is_removed_for_good(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school)
    student = await come(school, who, resume=True)
    await cut(student)
    await teacher.ok("remove", {"participantId": id_of(student)})
    back = await school.connect(who, resume=True, resume_token=student.joined["resume_token"], seq=0)
    assert (await back.pushes("resume-failed"))["code"] == "nothing_to_resume"


async def test_who_published_by_whip_is_removed_too(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school)
    made = await media(school, "whip", who)
    assert made.status == 201
    joined = await teacher.pushes("participant-joined")
    id_ = joined["participant"]["participant_id"]
    await teacher.ok("remove", {"participantId": id_, "ban": True})
    assert (await teacher.pushes("participant-left"))["participant_id"] == id_
    assert (await school.api.call("DELETE", made.headers["Location"], by=who)).status == 404
    assert (await media(school, "whip", who)).body["code"] == "banned"


@pytest.mark.both_databases
async def test_two_who_ban_the_same_person_at_once_make_one_ban(school: School) -> None:
    teacher, assistant = await open_class(school, "teacher", "assistant")
    who = await someone(school)
    student = await come(school, who)
    call = {"participantId": id_of(student), "ban": True}
    answers = await asyncio.gather(*(one.call("remove", call) for one in (teacher, assistant)))
    assert {answer["ok"] or answer["code"] for answer in answers} <= {True, "no_such_participant"}
    (ban,) = (await teacher.ok("get-bans"))["bans"]
    await assistant.ok("unban", {"banId": ban["banId"]})
    assert await join_word(school, who) == "in"


async def test_a_room_has_so_many_bans_and_no_more(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans_module, "MAX_BANS", 1)
    teacher, one, other = await open_class(school, "teacher", "student", "student")
    await teacher.ok("remove", {"participantId": id_of(one), "ban": True})
    call = {"participantId": id_of(other), "ban": True}
    assert await refused(teacher, "remove", call) == "too_many_bans"
    assert id_of(other) in await people_in(teacher)


async def test_a_ban_made_while_the_bans_are_read_is_not_missed(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room opens anew, its bans are being read; one that is made in that moment holds."""
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school)
    student = await come(school, who)
    services = school.api.server.services
    live = await school.api.open_room(ROOM)
    participant, by = live.people.find(id_of(student)), live.people.find(id_of(teacher))
    live.part(BanList).is_read = False
    read, banned = asyncio.Event(), asyncio.Event()
    original = ban_store.page_of_bans

    async def slowly(*args: Any, **more: Any) -> Any:
        found = await original(*args, **more)
        if not read.is_set():
            read.set()
            await banned.wait()
        return found

    monkeypatch.setattr(bans_module, "page_of_bans", slowly)
    reading = asyncio.create_task(services.bans.read(live))
    await read.wait()
    await services.bans.add(live, by, participant, "", Origin())
    banned.set()
    await reading
    assert live.part(BanList).holds(participant.visitor)


async def test_the_class_ends_for_all(school: School) -> None:
    assistant, student = await open_class(school, "assistant", "student")
    outsider = await someone(school)
    assert (await media(school, "whep", outsider)).status == 201
    live = await school.api.open_room(ROOM)
    answer = await assistant.call("end-room", {"reason": "See you on Friday."})
    assert answer == {"ok": True}
    for client in (assistant, student):
        assert (await client.pushes("room-closed"))["reason"] == "See you on Friday."
        assert await refused(client, "get-participants") == "not_in_a_room"
    assert (live.closed, len(live.router.transports)) == (True, 0)
    await student.join(ROOM)  # the room is there for the next class
    await assistant.join(ROOM)
    await assistant.ok("end-room")
    assert (await student.pushes("room-closed"))["reason"] == ENDED
    noted = await audited(school.api, "room_ended")
    assert [details["reason"] for _, _, details in noted] == ["See you on Friday.", ""]


async def test_a_recording_ends_with_the_class(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    admin = await someone(school, "admin")
    body = {"room_id": ROOM}
    started = await school.api.call("POST", "/api/v1/recordings/start", body, by=admin)
    assert started.status == 201, started
    await teacher.pushes("recording-started")
    await teacher.ok("end-room")
    await teacher.pushes("room-closed")
    async with asyncio.timeout(80):
        await school.api.server.services.recordings.settle()
    path = f"/api/v1/recordings/{started.body['recording_id']}"
    ended = (await school.api.call("GET", path, by=admin)).body
    assert ended["status"] == "failed"  # as every recording to which nobody sent anything
    assert "Nothing was sent" in str(ended)


async def test_bans_over_http(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    staff, admin = await someone(school, "assistant"), await someone(school, "admin")
    people = [await someone(school) for _ in range(3)]
    for who in people:
        call = {"participantId": id_of(await come(school, who)), "ban": True, "reason": "Noise"}
        await teacher.ok("remove", call)
    first = (await school.api.call("GET", f"{PATH}?limit=2", by=staff)).body
    cursor = first["next_cursor"]
    rest = (await school.api.call("GET", f"{PATH}?limit=2&cursor={cursor}", by=staff)).body
    listed = first["items"] + rest["items"]
    assert [ban["user_id"] for ban in listed] == [who.user_id for who in reversed(people)]
    assert rest["next_cursor"] is None
    assert {ban["reason"] for ban in listed} == {"Noise"}
    assert "network" not in listed[0]
    one = f"{PATH}/{listed[0]['id']}"
    for outsider in (people[0], await invite(school)):
        assert (await school.api.call("GET", PATH, by=outsider)).status == 403
        assert (await school.api.call("DELETE", one, by=outsider)).status == 403
    assert (await school.api.call("GET", PATH)).status == 401
    assert (await school.api.call("GET", "/api/v1/rooms/nowhere/bans", by=staff)).status == 404
    lifted = await school.api.call("DELETE", one, by=staff)
    assert (lifted.status, lifted.body) == (200, listed[0])
    assert await join_word(school, people[2]) == "in"
    again = await school.api.call("DELETE", one, by=staff)
    assert (again.status, again.body["code"]) == (404, "no_such_ban")
    await school.room(admin, "maths")
    elsewhere = f"/api/v1/rooms/maths/bans/{listed[1]['id']}"
    assert (await school.api.call("DELETE", elsewhere, by=staff)).status == 404
    assert (await school.api.call("DELETE", f"{PATH}/x", by=staff)).status == 422


async def test_a_banned_teacher_does_not_lift_their_own_ban(school: School) -> None:
    (admin,) = await open_class(school, "admin")
    teacher = await someone(school, "teacher")
    await admin.ok("remove", {"participantId": id_of(await come(school, teacher)), "ban": True})
    (ban,) = (await school.api.call("GET", PATH, by=teacher)).body["items"]
    assert (await school.api.call("DELETE", f"{PATH}/{ban['id']}", by=teacher)).status == 403
    assert await join_word(school, teacher) == "banned"


async def test_a_ban_goes_with_its_account(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who = await someone(school)
    await teacher.ok("remove", {"participantId": id_of(await come(school, who)), "ban": True})
    async with school.api.server.services.database.transaction() as tx:
        await tx.execute(delete(users).where(users.c.id == who.user_id))
        assert (await tx.execute(select(func.count()).select_from(room_bans))).scalar_one() == 0
