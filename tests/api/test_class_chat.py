"""The chat of a class over Socket.IO: who writes what to whom, who reads it, who takes it away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.socket_clients import Client, School
from tests.serving import Person
from vtp.accounts.tables import audit_log
from vtp.ids import new_id
from vtp.rooms.tables import chat_messages

ROOM = "algebra"
PUSHES = ("chat-message", "chat-edited", "chat-deleted", "chat-cleared")


async def enter(school: School, who: str | Person) -> Client:
    """Somebody of a role, or a person, in the room."""
    person = who if isinstance(who, Person) else await school.api.person(who, f"{new_id()}@school.example")
    client = await school.connect(person)
    await client.join(ROOM)
    return client


async def guest(school: School, staff: Person, **wish: Any) -> Client:
    """Somebody who came by a link of their own."""
    answer = await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", wish, by=staff)
    client = await school.connect(answer.body["token"])
    await client.join(ROOM)
    return client


def id_of(client: Client) -> str:
    return str(client.joined["participant_id"])


async def say(client: Client, text: str, **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = (await client.ok("send-chat", {"text": text, **more}))["message"]
    return message


async def refused(client: Client, event: str, payload: Any = None) -> str:
    answer = await client.call(event, payload)
    assert answer["ok"] is False, answer
    return str(answer["code"])


async def texts(client: Client, **wish: Any) -> list[str]:
    """What somebody reads, oldest first; deleted messages are empty."""
    return [one["text"] for one in (await client.ok("get-chat", wish))["messages"]]


async def told(client: Client) -> list[tuple[str, Any]]:
    """What somebody was told of the chat until now, and not asked for yet: event, and text, id or group."""
    await client.ok("get-room-info")
    await client.ok("get-room-info")
    found = [(name, data) for name, data in client.pushed if name in PUSHES]
    client.pushed = [one for one in client.pushed if one[0] not in PUSHES]
    return [(name, _content(data)) for name, data in found]


def _content(data: dict[str, Any]) -> Any:
    if "message" in data:
        return data["message"]["text"]
    return data.get("messageId", data.get("groupId"))


async def move(school: School, client: Client, group: str) -> None:
    live = await school.api.open_room(ROOM)
    live.groups.move(id_of(client), group)


async def events_of_audit(school: School) -> list[str]:
    async with school.api.server.services.database.read() as tx:
        found = await tx.execute(select(audit_log.c.event).order_by(audit_log.c.id))
    return [event for event in found.scalars() if event.startswith("chat_")]


@pytest.fixture
async def staff(school: School) -> Person:
    """The owner of the room, which there is from then on."""
    admin = await school.api.person("admin")
    await school.room(admin)
    return admin


async def test_a_message_reaches_everybody_as_it_was_answered_and_is_kept(
    school: School, staff: Person
) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    message = await say(teacher, "Good morning\nall")
    me = teacher.joined["participants"][0]
    assert {name: message[name] for name in message if name not in ("id", "sentAt")} == {
        "from": {
            "participantId": id_of(teacher),
            "userId": me["user_id"],
            "fullName": "Teacher",
            "role": "teacher",
        },
        "to": None,
        "text": "Good morning\nall",
        "replyTo": None,
        "groupId": None,
        "editedAt": None,
        "deleted": False,
    }
    for client in (teacher, student):
        push = await client.pushes("chat-message")
        assert (push["message"], push["roomId"]) == (message, ROOM)
    late = await enter(school, "student")
    assert await late.ok("get-chat") == {"ok": True, "messages": [message], "more": False}


@pytest.mark.both_databases
async def test_of_many_who_write_at_once_all_see_the_same_order(school: School, staff: Person) -> None:
    people = [await enter(school, role) for role in ("teacher", "assistant", "student", "student")]

    async def write(client: Client, name: str) -> list[str]:
        return [(await say(client, f"{name} {count}"))["id"] for count in range(12)]

    answered = await asyncio.gather(*(write(one, str(at)) for at, one in enumerate(people)))
    kept = (await people[0].ok("get-chat", {"limit": 200}))["messages"]
    ids = [one["id"] for one in kept]
    assert ids == sorted(ids) and len(set(ids)) == 48
    for client, own in zip(people, answered, strict=True):
        assert own == sorted(own)
        assert [(await client.pushes("chat-message"))["message"] for _ in range(48)] == kept
    assert {id_ for own in answered for id_ in own} == set(ids)


async def test_private_messages_reach_the_two_alone_on_all_their_devices(
    school: School, staff: Person
) -> None:
    person = await school.api.person("student")
    teacher, laptop, telephone = [await enter(school, one) for one in ("teacher", person, person)]
    other, admin = await enter(school, "student"), await enter(school, staff)
    message = await say(teacher, "See me later", to=id_of(laptop))
    assert (message["to"]["participantId"], message["to"]["role"]) == (id_of(laptop), "student")
    for client in (teacher, laptop, telephone):
        assert (await client.pushes("chat-message"))["message"] == message
        assert await texts(client) == ["See me later"]
    for client in (other, admin):
        assert await told(client) == [] and await texts(client) == []
        assert await texts(client, search="later") == []
        for event in ("delete-chat", "edit-chat"):
            wish = {"messageId": message["id"], "text": "x"}
            assert await refused(client, event, wish) == "no_such_message"
        assert (
            await refused(client, "send-chat", {"text": "x", "replyTo": message["id"]}) == "no_such_message"
        )
    await say(laptop, "I will", to=id_of(teacher), replyTo=message["id"])
    assert await texts(teacher) == ["See me later", "I will"]


async def test_private_messages_of_guests_end_with_their_stay_unless_the_link_names_them(
    school: School, staff: Person
) -> None:
    teacher = await enter(school, "teacher")
    wishes: list[tuple[dict[str, Any], list[str]]] = [({}, []), ({"name": "Lise Meitner"}, ["Welcome"])]
    for wish, kept in wishes:
        link = (await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", wish, by=staff)).body["token"]
        first, beside = await school.connect(link), await school.connect(link)
        for client in (first, beside):
            await client.join(ROOM)
        await say(teacher, "Welcome", to=id_of(first))
        assert await texts(first) == ["Welcome"]
        assert await texts(beside) == kept
        await first.ok("leave-room")
        await first.join(ROOM)
        assert await texts(first) == kept


async def test_the_room_says_who_writes(school: School, staff: Person) -> None:
    teacher, assistant = await enter(school, "teacher"), await enter(school, "assistant")
    student, other = await enter(school, "student"), await enter(school, "student")
    mine = await say(student, "First")
    await teacher.ok("change-settings", {"settings": {"chat": "staff", "private_chat": "staff"}})
    assert await refused(student, "send-chat", {"text": "x"}) == "forbidden"
    assert await refused(student, "edit-chat", {"messageId": mine["id"], "text": "x"}) == "forbidden"
    assert await refused(student, "send-chat", {"text": "x", "to": id_of(other)}) == "no_private_chat"
    asked = await say(student, "May I?", to=id_of(assistant))
    await student.ok("edit-chat", {"messageId": asked["id"], "text": "May I go?"})
    await say(assistant, "Yes", to=id_of(student))
    await say(assistant, "Second")
    await teacher.ok("change-settings", {"settings": {"private_chat": "nobody"}})
    assert await refused(teacher, "send-chat", {"text": "x", "to": id_of(student)}) == "no_private_chat"
    edit = {"messageId": asked["id"], "text": "x"}
    assert await refused(student, "edit-chat", edit) == "no_private_chat"
    await student.ok("delete-chat", {"messageId": mine["id"]})
    assert await texts(student) == ["", "May I go?", "Yes", "Second"]


async def test_a_role_given_in_class_counts_at_once(school: School, staff: Person) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    message = await say(await enter(school, "student"), "Spam")
    assert await refused(student, "delete-chat", {"messageId": message["id"]}) == "forbidden"
    await teacher.ok("set-role", {"participantId": id_of(student), "role": "assistant"})
    await student.ok("delete-chat", {"messageId": message["id"]})


async def test_replies_are_to_what_the_writer_can_see(school: School, staff: Person) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    asked = await say(student, "Why?")
    answer = await say(teacher, "Because", replyTo=asked["id"].upper())
    assert answer["replyTo"] == asked["id"]
    assert (await student.ok("get-chat"))["messages"] == [asked, answer]
    assert await refused(teacher, "send-chat", {"text": "x", "replyTo": new_id()}) == "no_such_message"
    await school.room(staff, "physics")
    await teacher.ok("leave-room")
    await teacher.join("physics")
    wish = {"text": "x", "replyTo": asked["id"]}
    assert await refused(teacher, "send-chat", wish) == "no_such_message", "not one of another room"


async def test_own_messages_are_edited_and_deleted_and_keep_their_place(
    school: School, staff: Person
) -> None:
    student, other = await enter(school, "student"), await enter(school, "student")
    first, second = await say(student, "Frist"), await say(other, "Second")
    await told(student), await told(other)
    edited = (await student.ok("edit-chat", {"messageId": first["id"], "text": "First"}))["message"]
    assert edited == {**first, "text": "First", "editedAt": edited["editedAt"]}
    assert edited["editedAt"] > first["sentAt"]
    assert (await other.pushes("chat-edited"))["message"] == edited
    await student.ok("edit-chat", {"messageId": first["id"], "text": "First"})
    assert await refused(other, "edit-chat", {"messageId": first["id"], "text": "x"}) == "not_yours"
    assert await refused(other, "delete-chat", {"messageId": first["id"]}) == "forbidden"
    assert await texts(other) == ["First", "Second"]
    reply = await student.ok("delete-chat", {"messageId": first["id"]})
    assert reply == {"ok": True, "messageId": first["id"]}
    push = await other.pushes("chat-deleted")
    assert push["messageId"] == first["id"]
    await student.ok("delete-chat", {"messageId": first["id"]})
    assert await told(other) == [], "what changes nothing is told to nobody"
    kept = (await other.ok("get-chat"))["messages"]
    assert kept == [{**edited, "text": "", "deleted": True}, second]
    assert await texts(other, search="First") == []
    edit = {"messageId": first["id"], "text": "Back"}
    assert await refused(student, "edit-chat", edit) == "message_deleted"
    stored = select(chat_messages.c.text, chat_messages.c.folded).where(chat_messages.c.id == first["id"])
    async with school.api.server.services.database.read() as tx:
        assert (await tx.execute(stored)).one() == ("", "")


async def test_staff_delete_what_others_wrote_but_of_nobody_above_them(school: School, staff: Person) -> None:
    teacher, assistant = await enter(school, "teacher"), await enter(school, "assistant")
    student = await enter(school, "student")
    rude, order = await say(student, "Rude"), await say(teacher, "Order!")
    assert await refused(assistant, "delete-chat", {"messageId": order["id"]}) == "above_your_role"
    await assistant.ok("delete-chat", {"messageId": rude["id"]})
    assert (await student.pushes("chat-deleted"))["messageId"] == rude["id"]
    await teacher.ok("delete-chat", {"messageId": order["id"]})
    assert await texts(student) == ["", ""]
    assert await events_of_audit(school) == ["chat_message_deleted"], "others' only"


async def test_staff_clear_what_was_written_to_all(school: School, staff: Person) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    client_id = new_id()
    sent = await say(student, "One", clientId=client_id)
    await say(student, "Two")
    private = await say(student, "Only you", to=id_of(teacher))
    assert await refused(student, "clear-chat") == "forbidden"
    assert await teacher.ok("clear-chat") == {"ok": True, "groupId": None}
    assert (await student.pushes("chat-cleared"))["groupId"] is None
    assert (await student.ok("get-chat"))["messages"] == [private]
    assert await refused(teacher, "send-chat", {"text": "x", "replyTo": sent["id"]}) == "no_such_message"
    again = await say(student, "One", clientId=client_id)
    assert again == {**sent, "text": "", "deleted": True}, "what was sent once does not come back"
    after = await say(teacher, "Anew")
    assert (await student.ok("get-chat"))["messages"] == [private, after]
    assert await events_of_audit(school) == ["chat_cleared"]


async def test_what_is_written_in_a_group_stays_there(school: School, staff: Person) -> None:
    teacher, one, two = [await enter(school, role) for role in ("teacher", "student", "student")]
    everybody = await say(teacher, "To all")
    for client in (teacher, one, two):
        await told(client)
    await move(school, one, "group-1")
    await move(school, two, "group-2")
    inside = await say(one, "In one")
    assert inside["groupId"] == "group-1"
    assert await told(one) == [("chat-message", "In one")]
    await say(teacher, "In main")
    assert await told(two) == [] and await told(one) == []
    assert await told(teacher) == [("chat-message", "In main")]
    assert await texts(one) == ["To all", "In one", "In main"]
    assert await texts(two) == await texts(teacher) == ["To all", "In main"]
    assert await refused(teacher, "delete-chat", {"messageId": inside["id"]}) == "no_such_message"
    await teacher.ok("delete-chat", {"messageId": everybody["id"]})
    assert await told(two) == [("chat-deleted", everybody["id"])]
    private = await say(two, "Psst", to=id_of(one))
    assert private["groupId"] is None
    await move(school, teacher, "group-1")
    assert await texts(teacher) == ["", "In one", "In main"]
    await teacher.ok("clear-chat")
    assert (await one.pushes("chat-cleared"))["groupId"] == "group-1"
    assert await texts(one) == ["", "In main", "Psst"]
    assert [name for name, _ in await told(two)] == ["chat-message"]


@pytest.mark.both_databases
async def test_pages_and_searches(school: School, staff: Person) -> None:
    student = await enter(school, "student")
    said = ["Übung 1", "100% sure", "ÜBUNG 2", "a_b", "die Straße", "u\u0308bung 3", "back\\slash"]
    for text in said:
        await say(student, text)
    newest = await student.ok("get-chat", {"limit": 3})
    assert [one["text"] for one in newest["messages"]] == said[-3:] and newest["more"] is True
    before = newest["messages"][0]["id"]
    older = await student.ok("get-chat", {"limit": 4, "before": before})
    assert [one["text"] for one in older["messages"]] == said[:4] and older["more"] is False
    assert await texts(student, before=older["messages"][0]["id"]) == []
    for search, found in (
        ("übung", ["Übung 1", "ÜBUNG 2", "u\u0308bung 3"]),
        ("STRASSE", ["die Straße"]),
        ("%", ["100% sure"]),
        ("_", ["a_b"]),
        ("\\", ["back\\slash"]),
        (" sure ", ["100% sure"]),
        ("nowhere", []),
    ):
        assert await texts(student, search=search) == found, search
    assert await texts(student, search="übung", limit=1, before=before) == ["ÜBUNG 2"]


async def test_what_each_may_do(school: School, staff: Person) -> None:
    people = {role: await enter(school, role) for role in ("admin", "teacher", "assistant", "student")}
    people |= {
        "guest": await guest(school, staff),
        "watching guest": await guest(school, staff, publish=False),
        "publishing guest": await guest(school, staff, watch=False),
    }
    student = await enter(school, "student")
    for who, client in people.items():
        target = await say(student, "Hello")
        wish = {"messageId": target["id"], "text": "x"}
        reads, moderates = who != "publishing guest", who in ("admin", "teacher", "assistant")
        assert (await client.call("send-chat", {"text": who}))["ok"] is reads, who
        assert (await client.call("send-chat", {"text": who, "to": id_of(student)}))["ok"] is reads, who
        assert (await client.call("get-chat"))["ok"] is reads, who
        assert (await client.call("edit-chat", wish))["ok"] is False, who
        assert (await client.call("delete-chat", wish))["ok"] is moderates, who
        assert (await client.call("clear-chat"))["ok"] is moderates, who
    blind = people["publishing guest"]
    assert await told(blind) == [], "who only sends is told nothing"
    assert await refused(student, "send-chat", {"text": "x", "to": id_of(blind)}) == "cannot_read_chat"


async def test_after_leaving_nothing_is_written_or_read(school: School, staff: Person) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    message = await say(student, "Bye")
    await student.ok("leave-room")
    for event in ("send-chat", "edit-chat", "delete-chat", "clear-chat", "get-chat"):
        wish = {"text": "x", "messageId": message["id"]}
        assert await refused(student, event, wish) == "not_in_a_room"
    to = {"text": "x", "to": id_of(student)}
    assert await refused(teacher, "send-chat", to) == "no_such_participant"
    assert await texts(teacher) == ["Bye"]
    await student.join(ROOM)
    await student.ok("edit-chat", {"messageId": message["id"], "text": "Back"})
    assert await texts(teacher) == ["Back"], "an account owns what it wrote before"


MALFORMED: list[tuple[str, Any]] = [
    ("send-chat", {}),
    ("send-chat", {"text": ""}),
    ("send-chat", {"text": " \n "}),
    ("send-chat", {"text": "x" * 4001}),
    ("send-chat", {"text": "a\x00"}),
    ("send-chat", '{"text": "a\\ud800"}'),
    ("send-chat", {"text": 7}),
    ("send-chat", {"text": ["x"]}),
    ("send-chat", {"text": "x", "to": "nobody"}),
    ("send-chat", {"text": "x", "to": {"participantId": "nobody"}}),
    ("send-chat", {"text": "x", "replyTo": "nothing"}),
    ("send-chat", {"text": "x", "clientId": "short"}),
    ("send-chat", {"text": "x", "clientId": "sixteen letters\n"}),
    ("send-chat", {"text": "x", "clientId": 12345678901234567}),
    ("edit-chat", {"text": "x"}),
    ("edit-chat", {"text": "x", "messageId": "a\x00"}),
    ("edit-chat", {"text": "x", "messageId": new_id()}),
    ("delete-chat", {}),
    ("delete-chat", {"messageId": None}),
    ("delete-chat", {"messageId": new_id()}),
    ("get-chat", {"limit": 0}),
    ("get-chat", {"limit": 201}),
    ("get-chat", {"limit": True}),
    ("get-chat", {"before": "yesterday"}),
    ("get-chat", {"search": "a\x00b"}),
    ("get-chat", {"search": "x" * 101}),
    ("get-chat", '{"search": "\\udfff"}'),
]


async def test_malformed_calls_change_nothing(school: School, staff: Person) -> None:
    teacher = await enter(school, "teacher")
    before = await say(teacher, "x" * 4000)
    for event, payload in MALFORMED:
        code = await refused(teacher, event, payload)
        assert code in ("invalid", "no_such_message", "no_such_participant"), (event, payload, code)
    assert (await teacher.ok("get-chat"))["messages"] == [before]
    assert [name for name, _ in await told(teacher)] == ["chat-message"]
