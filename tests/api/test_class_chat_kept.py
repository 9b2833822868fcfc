"""What is kept of a class's chat: read over HTTP, sent once however often it is tried, never half stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api.socket_clients import Client, School
from tests.api.test_class_chat import ROOM, enter, guest, id_of, move, refused, say, staff, texts, told
from tests.api.test_signalling_resume import Class, cut
from tests.fresh_database import begin_fresh
from tests.postgres import PostgresServer, why_not
from tests.serving import PASSWORD, UNLIMITED, Answer, Person, serving
from vtp.db import Database
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.rooms import chat_store
from vtp.rooms.chat import Chat, Written
from vtp.rooms.tables import chat_messages

__all__ = ["staff"]
PATH = f"/api/v1/rooms/{ROOM}/chat"


async def read(school: School, by: Person | str, query: str = "") -> Answer:
    return await school.api.call("GET", PATH + query, by=by)


def said(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [one["text"] for one in answer.body["items"]]


async def test_the_chat_is_read_over_http_as_it_was_told(school: School, staff: Person) -> None:
    student = await enter(school, "student")
    messages = [await say(student, f"Übung {count}") for count in range(5)]
    await student.ok("leave-room")
    teacher = await school.api.person("teacher")
    first = await read(school, teacher, "?limit=2")
    items = first.body["items"]
    assert [one["id"] for one in items] == [messages[4]["id"], messages[3]["id"]]
    assert {**items[0], "sentAt": ""} == {**messages[4], "sentAt": ""}
    rest = await read(school, teacher, f"?limit=3&cursor={first.body['next_cursor']}")
    assert said(rest) == ["Übung 2", "Übung 1", "Übung 0"] and rest.body["next_cursor"] is None
    assert said(await read(school, teacher, "?search=%C3%BCBUNG%203")) == ["Übung 3"]
    assert (await read(school, teacher, "?search=%00x")).status == 422
    assert (await read(school, teacher, "?cursor=x")).status == 422


async def test_who_reads_what_over_http(school: School, staff: Person) -> None:
    anna, bert = await school.api.person("student", "anna@x.example"), await school.api.person("student")
    teacher = await school.api.person("teacher")
    one, two, third = await enter(school, anna), await enter(school, bert), await enter(school, teacher)
    await say(one, "To all")
    await say(one, "To Bert", to=id_of(two))
    await move(school, one, "group")
    await say(one, "In the group")
    assert said(await read(school, anna)) == ["In the group", "To Bert", "To all"]
    assert said(await read(school, bert)) == ["To Bert", "To all"]
    assert said(await read(school, teacher)) == ["In the group", "To all"], "staff may go into every group"
    for client in (one, two, third):
        await client.ok("leave-room")
    assert said(await read(school, anna)) == ["To Bert", "To all"]
    link = f"/api/v1/rooms/{ROOM}/links"
    watching, blind = [
        (await school.api.call("POST", link, wish, by=staff)).body["token"] for wish in ({}, {"watch": False})
    ]
    assert said(await read(school, watching)) == ["To all"]
    assert (await read(school, blind)).status == 403
    await school.room(staff, "physics")
    other = "/api/v1/rooms/physics/links"
    foreign = (await school.api.call("POST", other, {}, by=staff)).body["token"]
    assert (await read(school, foreign)).status == 403
    assert (await read(school, await school.api.newcomer())).status == 403
    assert (await school.api.call("GET", PATH)).status == 401
    assert (await school.api.call("GET", "/api/v1/rooms/nowhere/chat", by=anna)).status == 404


async def test_a_deleted_room_takes_its_chat_along(school: School, staff: Person) -> None:
    student = await enter(school, "student")
    await school.room(staff, "physics")
    await say(student, "Algebra")
    await student.ok("leave-room")
    await student.join("physics")
    await say(student, "Physics")
    gone = await school.api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={ROOM}", by=staff)
    assert gone.status == 200
    async with school.api.server.services.database.read() as tx:
        assert (await tx.execute(select(chat_messages.c.text))).scalars().all() == ["Physics"]


async def test_a_class_behind_a_lobby_or_a_lock_is_read_from_inside(school: School, staff: Person) -> None:
    inside, outside = await school.api.person("student"), await school.api.person("student", "o@x.example")
    teacher, student = await enter(school, "teacher"), await enter(school, inside)
    await say(student, "Hello")
    for setting in ("lobby", "locked"):
        await teacher.ok("change-settings", {"settings": {setting: True}})
        assert said(await read(school, inside)) == said(await read(school, staff)) == ["Hello"]
        answer = await read(school, outside)
        assert (answer.status, answer.body["code"]) == (403, "not_in_the_class")
        await teacher.ok("change-settings", {"settings": {setting: False}})
        assert said(await read(school, outside)) == ["Hello"]


async def test_guests_of_one_link_read_no_groups_of_each_other(school: School, staff: Person) -> None:
    link = (await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", {}, by=staff)).body["token"]
    inside = await school.connect(link)
    await inside.join(ROOM)
    await move(school, inside, "group")
    await say(inside, "In the group")
    assert said(await read(school, link)) == []


async def test_a_message_is_there_once_however_often_it_is_sent(school: School, staff: Person) -> None:
    person = await school.api.person("student")
    student, other = await enter(school, person), await enter(school, "student")
    wish = {"text": "Hello", "clientId": new_id()}
    calls = [student.call("send-chat", wish), (await enter(school, person)).call("send-chat", wish)]
    first, second = await asyncio.gather(*calls)
    assert first["message"] == second["message"]
    again = await enter(school, person)
    assert (await say(again, "Something else", clientId=wish["clientId"])) == first["message"]
    mine = await say(other, "Hello", clientId=wish["clientId"])
    assert mine["id"] != first["message"]["id"], "others' ids are theirs"
    assert [text for _, text in await told(other)] == ["Hello", "Hello"]
    assert await texts(other) == ["Hello", "Hello"]


async def test_what_was_sent_is_answered_again_when_it_could_not_be_sent_now(
    school: School, staff: Person
) -> None:
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    client_id, private_id = new_id(), new_id()
    sent = await say(student, "Hello", clientId=client_id)
    private = await say(student, "Psst", to=id_of(teacher), clientId=private_id)
    await teacher.ok("change-settings", {"settings": {"chat": "staff"}})
    to = id_of(teacher)
    await teacher.ok("leave-room")
    assert await say(student, "Hello", clientId=client_id) == sent
    assert await say(student, "Psst", to=to, clientId=private_id) == private


@pytest.mark.parametrize("who", ["student", "guest"])
async def test_a_message_is_there_once_over_a_restart(tmp_path: Path, database_url: str, who: str) -> None:
    wish = {"text": "Hello", "clientId": new_id()}
    token, sent = "", []
    for _ in range(2):
        async with serving(tmp_path / "data", database_url) as api, AsyncExitStack() as stack:
            school = School(api, stack)
            if not token:
                owner = await api.person("teacher")
                await school.room(owner)
                await api.person("student")
                link = await api.call("POST", f"/api/v1/rooms/{ROOM}/links", {}, by=owner)
                token = link.body["token"]
            person = token if who == "guest" else await api.sign_in("student@school.example", PASSWORD)
            client = await school.connect(person)
            await client.join(ROOM)
            sent.append((await client.ok("send-chat", wish))["message"])
            assert await texts(client) == ["Hello"]
    assert sent[0] == sent[1]


async def test_who_was_away_for_a_moment_gets_what_was_written(school: School, staff: Person) -> None:
    async with AsyncExitStack() as stack:
        lesson = Class(school.api, stack)
        person = await school.api.person("student")
        client = await lesson.join(person)
        teacher = await enter(school, "teacher")
        await cut(client)
        message = await say(teacher, "Are you there?")
        await teacher.ok("delete-chat", {"messageId": message["id"]})
        client, _ = await lesson.back(person, client)
        assert (await client.pushes("chat-message"))["message"] == message
        assert (await client.pushes("chat-deleted"))["messageId"] == message["id"]


async def test_too_many_messages_are_refused_with_a_time(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"chat_messages_per_10_seconds": 10})
    async with serving(tmp_path / "data", limits=limits) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        owner = await api.person("teacher")
        await school.room(owner)
        teacher, student = await enter(school, owner), await enter(school, "student")
        message = await say(student, "0")
        for count in range(1, 9):
            await say(student, str(count))
        await student.ok("edit-chat", {"messageId": message["id"], "text": "edited"})
        answer = await student.call("send-chat", {"text": "one more"})
        assert (answer["ok"], answer["code"]) == (False, "rate_limited")
        assert 0 < answer["problem"]["retry_after"] <= 11
        await say(teacher, "Others go on")
        assert len(await texts(teacher)) == 10
        await student.ok("delete-chat", {"messageId": message["id"]})
        guests = [await guest(school, owner) for _ in range(2)]
        for one in guests:
            for count in range(10):
                await say(one, str(count))


@asynccontextmanager
async def no_database(url: str, postgres: PostgresServer | None) -> AsyncIterator[None]:
    """While this lasts, nobody else can write."""
    if postgres is not None:
        await asyncio.to_thread(postgres.stop)
        yield
        await asyncio.to_thread(postgres.start)
        return
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.execute("ROLLBACK")
    holder.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_without_its_database_nothing_is_told_and_nothing_kept(tmp_path: Path, kind: str) -> None:
    own: PostgresServer | None = None
    url = f"sqlite:///{begin_fresh(tmp_path)}"
    if kind == "postgresql":
        if why_not():
            pytest.skip(why_not() or "")
        own = PostgresServer()
        own.start()
        url = own.create_database()
    try:
        async with serving(tmp_path / "data", url) as api, AsyncExitStack() as stack:
            school = School(api, stack)
            owner = await api.person("teacher")
            await school.room(owner)
            teacher, student = await enter(school, owner), await enter(school, "student")
            kept = await say(teacher, "Kept")
            wish = {"text": "Lost", "clientId": new_id()}
            calls: list[tuple[Client, str, Any]] = [
                (teacher, "send-chat", wish),
                (student, "send-chat", {"text": "Lost too"}),
            ]
            async with no_database(url, own):
                answers = await asyncio.gather(
                    *(one.io.call(event, what, timeout=20) for one, event, what in calls)
                )
            assert [(one["ok"], one["code"]) for one in answers] == [(False, "unavailable")] * 2
            assert all(one["problem"]["retry_after"] > 0 for one in answers)
            for client in (teacher, student):
                assert [text for _, text in await told(client)] == ["Kept"]
            assert (await teacher.ok("get-chat"))["messages"] == [kept]
            again = await say(teacher, "Lost", clientId=wish["clientId"])
            assert (await student.pushes("chat-message"))["message"] == again
            assert await texts(student) == ["Kept", "Lost"]
    finally:
        if own is not None:
            own.remove()


async def test_what_was_stored_without_our_knowing_is_told_before_what_comes_next(
    school: School, staff: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection to the database is lost after the commit, before its answer."""
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    real = Database.transaction

    @asynccontextmanager
    async def unanswered(database: Database) -> AsyncIterator[AsyncConnection]:
        async with real(database) as tx:
            yield tx
        raise Unavailable("The database does not answer; try again in a moment.")

    client_id = new_id()
    monkeypatch.setattr(Database, "transaction", unanswered)
    assert await refused(teacher, "send-chat", {"text": "Doubtful", "clientId": client_id}) == "unavailable"
    monkeypatch.setattr(Database, "transaction", real)
    assert await told(student) == []
    await say(student, "Next")
    again = await say(teacher, "Doubtful", clientId=client_id)
    for client in (teacher, student):
        assert [text for _, text in await told(client)] == ["Doubtful", "Next"]
        assert await texts(client) == ["Doubtful", "Next"]
    assert again["text"] == "Doubtful"


@dataclass
class Held:
    """The chat of a room while something is being stored: what is written meanwhile waits."""

    go: asyncio.Event
    arrived: asyncio.Semaphore
    transactions: int = 0


@asynccontextmanager
async def held_up(school: School, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Held]:
    made = Held(asyncio.Event(), asyncio.Semaphore(0))
    chat, database = (await school.api.open_room(ROOM)).part(Chat), school.api.server.services.database
    holding, write, transaction = asyncio.Event(), Chat.write, Database.transaction

    async def hold(tx: AsyncConnection) -> Written[None]:
        holding.set()
        await made.go.wait()
        return Written(None, None)

    async def noted(here: Chat, *more: Any) -> Any:
        made.arrived.release()
        return await write(here, *more)

    def counted(here: Database) -> Any:
        made.transactions += 1
        return transaction(here)

    first = asyncio.ensure_future(chat.write(database, hold))
    await holding.wait()
    monkeypatch.setattr(Chat, "write", noted)
    monkeypatch.setattr(Database, "transaction", counted)
    yield made
    made.go.set()
    await first


async def test_rights_are_asked_for_when_it_is_stored_not_when_it_was_sent(
    school: School, staff: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While messages wait for those before them, one writer is sent away and one may not write any more."""
    live = await school.api.open_room(ROOM)
    people = [await enter(school, role) for role in ("student", "student", "teacher")]
    removed, _, teacher = people
    async with held_up(school, monkeypatch) as held:
        calls = [asyncio.ensure_future(one.call("send-chat", {"text": "x"})) for one in people]
        for _ in calls:
            await held.arrived.acquire()
        live.people.remove(live.people.find(id_of(removed)), "Enough.")
        live.change_room(replace(live.room, settings={**live.room.settings, "chat": "staff"}))
    answers = [await one for one in calls]
    assert [one.get("code") for one in answers] == ["not_in_a_room", "forbidden", None]
    assert await told(teacher) == [("chat-message", "x")]
    assert [one["id"] for one in (await teacher.ok("get-chat"))["messages"]] == [answers[2]["message"]["id"]]


async def test_what_is_written_meanwhile_is_stored_at_once(
    school: School, staff: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await enter(school, "student") for _ in range(6)]
    async with held_up(school, monkeypatch) as held:
        calls = [asyncio.ensure_future(say(one, str(at))) for at, one in enumerate(people)]
        for _ in calls:
            await held.arrived.acquire()
    ids = [(await one)["id"] for one in calls]
    assert held.transactions == 1
    assert [one["id"] for one in (await people[0].ok("get-chat"))["messages"]] == sorted(ids)


async def test_a_page_is_as_new_as_what_was_told_before_it(
    school: School, staff: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message is deleted while a page with it is being read: the page, told later, has it deleted."""
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    message = await say(teacher, "Wrong")
    reads: list[int] = []
    real = chat_store.page_of_messages

    async def slow(*arguments: Any, **more: Any) -> Any:
        found = await real(*arguments, **more)
        reads.append(len(reads))
        if len(reads) == 1:
            await teacher.ok("delete-chat", {"messageId": message["id"]})
        return found

    monkeypatch.setattr("vtp.rooms.chat_service.page_of_messages", slow)
    assert await texts(student) == [""]
    assert len(reads) == 2
