"""A room's chat does not grow for ever: the oldest messages go when more are written than are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.api.socket_clients import School
from tests.api.test_class_chat import ROOM, enter, id_of, refused, say, texts
from tests.serving import UNLIMITED, Person, serving
from vtp.rooms import chat as chat_module
from vtp.rooms.tables import chat_messages

KEPT = 4


@pytest.fixture
async def school(tmp_path: Path, database_url: str) -> AsyncIterator[School]:
    """A school that keeps few messages, on each database."""
    limits = UNLIMITED.model_copy(update={"chat_messages_per_room": KEPT})
    async with serving(tmp_path / "data", database_url, limits=limits) as api, AsyncExitStack() as stack:
        yield School(api, stack)


@pytest.fixture
async def owner(school: School) -> Person:
    return await school.api.person("teacher")


async def stored(school: School) -> list[str]:
    async with school.api.server.services.database.read() as tx:
        return list((await tx.execute(select(chat_messages.c.text).order_by(chat_messages.c.id))).scalars())


async def test_the_oldest_messages_of_a_room_go_and_no_others(school: School, owner: Person) -> None:
    await school.room(owner, "maths")
    await school.room(owner)
    elsewhere = await school.connect(owner)
    await elsewhere.join("maths")
    await say(elsewhere, "elsewhere")
    teacher, student = await enter(school, owner), await enter(school, "student")
    first = await say(teacher, "0")
    await say(student, "1", to=id_of(teacher))
    for count in range(2, 6):
        await say(teacher, str(count), **({"replyTo": first["id"]} if count == 3 else {}))
    assert await texts(teacher) == ["2", "3", "4", "5"]
    assert await stored(school) == ["elsewhere", "2", "3", "4", "5"]
    assert await refused(teacher, "edit-chat", {"messageId": first["id"], "text": "x"}) == "no_such_message"
    answer = await school.api.call("GET", f"/api/v1/rooms/{ROOM}/chat", by=owner)
    assert [one["text"] for one in answer.body["items"]] == ["5", "4", "3", "2"]


async def test_it_is_looked_for_the_oldest_now_and_then(
    school: School, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_module, "TRIMS_PER_ROOM", 1)
    await school.room(owner)
    teacher = await enter(school, owner)
    for count in range(2 * KEPT):
        await say(teacher, str(count))
    assert await stored(school) == [str(count) for count in range(1, 2 * KEPT)]
    await say(teacher, "last")
    assert await stored(school) == ["5", "6", "7", "last"]
