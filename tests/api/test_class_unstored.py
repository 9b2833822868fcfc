"""Calls of a class that could not be stored: an error that says so, nothing told, good again afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api.class_people import enter, has_been_told, id_of, open_class, refused
from tests.api.socket_clients import Client, School
from vtp.db import Database
from vtp.errors import Unavailable

AWAY = "The database does not answer; try again in a moment."
POLL = {"question": "?", "options": ["a", "b"], "results": "live"}
real = Database.transaction


@asynccontextmanager
async def away(database: Database) -> AsyncIterator[AsyncConnection]:
    """Everything is undone at the end."""
    async with real(database) as tx:
        yield tx
        raise Unavailable(AWAY)


@asynccontextmanager
async def unanswered(database: Database) -> AsyncIterator[AsyncConnection]:
    """The connection is lost after the commit, before its answer."""
    async with real(database) as tx:
        yield tx
    raise Unavailable(AWAY)


async def told(client: Client) -> list[str]:
    """What was pushed since it was asked last."""
    await client.ok("get-participants")
    seen = [event for event, _ in client.pushed]
    client.pushed.clear()
    return seen


async def test_what_was_not_stored_was_told_to_nobody(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, student, other = await open_class(school, "teacher", "student", "student")
    banned = await enter(school, "student")
    await teacher.ok("remove", {"participantId": id_of(banned), "ban": True})
    (ban,) = (await teacher.ok("get-bans"))["bans"]
    said = (await teacher.ok("send-chat", {"text": "Hello"}))["message"]["id"]
    open_poll, closed_poll = [(await teacher.ok("create-poll", POLL))["poll"]["pollId"] for _ in range(2)]
    await teacher.ok("close-poll", {"pollId": closed_poll})
    calls: list[tuple[str, Any]] = [
        ("create-poll", POLL),
        ("vote", {"pollId": open_poll, "choices": [0]}),
        ("close-poll", {"pollId": open_poll}),
        ("share-poll", {"pollId": closed_poll}),
        ("edit-chat", {"messageId": said, "text": "Changed"}),
        ("delete-chat", {"messageId": said}),
        ("clear-chat", {}),
        ("change-settings", {"settings": {"chat": "staff"}}),
        ("remove", {"participantId": id_of(other)}),
        ("remove", {"participantId": id_of(other), "ban": True}),
        ("unban", {"banId": ban["banId"]}),
        ("end-room", {}),
    ]
    for client in (teacher, student, other):
        await told(client)
    monkeypatch.setattr(Database, "transaction", away)
    for event, payload in calls:
        assert (event, await refused(teacher, event, payload)) == (event, "unavailable")
        assert (event, [await told(one) for one in (teacher, student, other)]) == (event, [[], [], []])
    monkeypatch.setattr(Database, "transaction", real)
    for event, payload in calls:
        if event == "remove" and payload.get("ban"):
            continue  # they are gone already
        await teacher.ok(event, payload)


async def test_settings_that_were_stored_unnoticed_hold_when_they_are_said_again(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    call = {"settings": {"chat": "staff"}}
    monkeypatch.setattr(Database, "transaction", unanswered)
    assert await refused(teacher, "change-settings", call) == "unavailable"
    monkeypatch.setattr(Database, "transaction", real)
    assert not has_been_told(student, "settings-changed")
    await teacher.ok("change-settings", call)
    assert (await student.pushes("settings-changed"))["settings"]["chat"] == "staff"
    assert await refused(student, "send-chat", {"text": "Hello"}) == "forbidden"
    await teacher.ok("change-settings", call)
    await teacher.ok("get-participants")
    assert not has_been_told(student, "settings-changed"), "what changes nothing is told to nobody"
