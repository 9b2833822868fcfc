"""What servers within tests say is held against what they declare: here it is made not to fit."""

from contextlib import AsyncExitStack
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.api.socket_clients import School
from tests.serving import Api, serving
from tests.wire_types import faults_of
from vtp.faces import build_features, build_sockets
from vtp.signalling import shapes

DOCS = Path(__file__).resolve().parents[2] / "docs"


async def meet(data_dir: Path) -> None:
    """Two meet in a room, and one of them calls what is not there."""
    async with serving(data_dir) as api, AsyncExitStack() as stack:
        school = School(api, stack)
        teacher = await api.person("teacher")
        room = await school.room(teacher)
        first, second = [await school.connect(teacher) for _ in range(2)]
        await first.join(room)
        await second.join(room)
        await first.pushes("participant-joined")
        await second.ok("get-room-info")
        assert not (await second.call("pause-producer", {"producerId": "x"}))["ok"]


async def test_what_fits_passes(tmp_path: Path) -> None:
    await meet(tmp_path / "data")


async def test_a_push_with_a_member_too_many_fails(tmp_path: Path) -> None:
    with (
        patch.dict(shapes.ROOM_PUSHES, {"participant-joined": shapes.Nothing}),
        pytest.raises(AssertionError, match="the push 'participant-joined': participant: Extra inputs"),
    ):
        await meet(tmp_path / "data")


async def test_a_push_that_nobody_declares_fails(tmp_path: Path) -> None:
    with (
        patch.dict(shapes.ROOM_PUSHES) as pushes,
        pytest.raises(AssertionError, match="the push 'participant-joined': it is not among the pushes"),
    ):
        del pushes["participant-joined"]
        await meet(tmp_path / "data")


async def test_an_event_outside_of_rooms_is_held_against_its_type_too(tmp_path: Path) -> None:
    with (
        patch.dict(shapes.CONNECTION_EVENTS) as events,
        pytest.raises(AssertionError, match="the event 'error': it is not among the events"),
    ):
        del events["error"]
        async with serving(tmp_path / "data") as api, AsyncExitStack() as stack:
            client = await School(api, stack).connect(await api.person("teacher"), answers="events")
            await client.call("leave-room")
            await client.pushes("error")


async def test_a_nested_member_that_is_missing_fails(tmp_path: Path) -> None:
    with (
        patch("vtp.signalling.calls.describe", lambda person: {"participant_id": person.participant_id}),
        pytest.raises(AssertionError, match=r"the answer to 'join-room': Joined.participants.0.full_name"),
    ):
        await meet(tmp_path / "data")


async def test_a_word_that_the_page_does_not_list_fails(tmp_path: Path) -> None:
    with (
        patch("tests.wire_types._words", lambda: frozenset({"forbidden"})),
        pytest.raises(AssertionError, match="does not list 'no_such_producer'"),
    ):
        await meet(tmp_path / "data")


def test_types_are_not_converted() -> None:
    assert faults_of("it", shapes.Waiting, {"waiting": True, "participant_id": "a"}) == []
    assert faults_of("it", shapes.Waiting, {"waiting": True, "participant_id": 7}) == [
        "it: participant_id: Input should be a valid string"
    ]


async def test_the_pages_of_the_protocol_name_every_event(api: Api) -> None:
    protocol = build_sockets(api.server.services).protocol
    pages = "\n".join(page.read_text() for page in DOCS.glob("*protocol.md"))
    events = {*protocol.calls, *protocol.pushes, *protocol.connection_events}
    assert sorted(event for event in events if f"`{event}`" not in pages) == []


async def test_no_two_parts_claim_one_name(api: Api) -> None:
    features = build_features(api.server.services)
    for names in (
        [name for one in features for name in one.table()],
        [name for one in features for name in one.pushes] + list(shapes.ROOM_PUSHES),
        [name for one in features for name in one.states],
    ):
        assert len(names) == len(set(names)), sorted(names)
