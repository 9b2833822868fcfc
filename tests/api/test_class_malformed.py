"""Right payloads made wrong in one place, for every event: answered with a problem, nothing has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from scripts.protocol_types import read_protocol
from tests.api.classroom import ROOM, Classroom
from tests.api.socket_clients import Client, School
from tests.api.test_class_rights import ROWS
from tests.serving import Api
from vtp.db.metadata import metadata

DESTRUCTIVE = {"leave-room", "end-room", "clear-chat", "mute-all", "lower-all-hands", "close-breakouts"}
"""They take no payload that matters: whatever is sent, they do what they are for."""
OF_EACH_JOIN = ("seq", "resume_token", "mediasoup", "open_for_ms")
"""What differs from one join to the next."""
KEPT = {"rooms", "room_bans", "chat_messages", "polls", "poll_votes"}
UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"

Path = tuple[str | int, ...]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


WRONG: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, 0, -1, 2**70, 1e308, "", [], {}, [[]], {"": None}, UNKNOWN, "\x00", "\u202e", "é" * 70]
    ),
    st.sampled_from([{"x": "y" * 1_000_000}, "x" * 1_000_000, nested(900)]),
    st.text(max_size=80),
    st.lists(st.integers(), max_size=3),
)


def places(value: Any, at: Path = ()) -> list[Path]:
    """Every place in a payload that can be another."""
    if isinstance(value, Mapping):
        inner: Sequence[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        inner = []
    return [*([at] if at else []), *(place for name, one in inner for place in places(one, (*at, name)))]


def changed(value: Any, place: Path, wrong: Any, *, leave_out: bool) -> Any:
    """The payload with something else at a place, or nothing."""
    name, *rest = place
    copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
    if rest:
        copy[name] = changed(copy[name], tuple(rest), wrong, leave_out=leave_out)
    elif leave_out:
        del copy[name]
    else:
        copy[name] = wrong
    return copy


async def state(room: Classroom) -> Any:
    """All that a member can see of the room and of what it keeps."""
    teacher = room.teacher
    joined = await teacher.join(ROOM)
    told = {name: one for name, one in joined.items() if name not in OF_EACH_JOIN}
    return [told, (await teacher.ok("get-room-info"))["peers"], await stored(room.school.api)]


async def stored(api: Api) -> dict[str, list[str]]:
    """All rows of what rooms keep."""
    async with api.server.services.database.read() as tx:
        return {
            table.name: sorted(str(row) for row in await tx.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name in KEPT
        }


async def check(room: Classroom, by: Client, event: str, payload: Any) -> None:
    """What is refused is answered with a problem, and has changed nothing."""
    before = await state(room)
    answer = await by.call(event, payload)
    if answer["ok"]:
        return  # what was changed does not matter to this call
    assert answer["error"].strip() and answer["code"], answer
    assert answer["code"] != "internal_server_error", (event, answer)
    assert answer["problem"]["status"] < 500, (event, answer)
    assert await state(room) == before, (event, answer)


@pytest.mark.parametrize("examples", [50, pytest.param(300, marks=pytest.mark.long)])
async def test_whatever_is_wrong_in_a_payload_is_answered_and_changes_nothing(
    school: School, examples: int
) -> None:
    room = await Classroom.open(school)
    by = room.people["teacher"]
    rows = [one for one in ROWS if one.event not in DESTRUCTIVE]
    payloads = {}
    for number, one in enumerate(rows):
        payloads[number] = one.event, await one.build(room, by)
        await room.close_lobby()
    loop = asyncio.get_running_loop()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def drive(data: st.DataObject) -> None:
        event, payload = payloads[data.draw(st.integers(0, len(rows) - 1))]
        wrong = data.draw(WRONG)
        sent: Any = wrong
        keeps_its_form = data.draw(st.integers(0, 9)) > 0
        if payload and keeps_its_form:
            place = data.draw(st.sampled_from(places(payload)))
            sent = changed(payload, place, wrong, leave_out=data.draw(st.booleans()))
        if data.draw(st.integers(0, 4)) == 0:
            sent = json.dumps(sent)
        asyncio.run_coroutine_threadsafe(check(room, by, event, sent), loop).result(30)

    await asyncio.to_thread(drive)


async def test_every_event_is_tried(school: School) -> None:
    tried = {one.event for one in ROWS}
    assert tried == set((await read_protocol()).calls) and tried > DESTRUCTIVE
