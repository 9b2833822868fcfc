"""Batches that come at the same time are stored together, and each is answered with what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import func, select

from tests.api.course_material import student
from tests.api.recording_material import add_finished, make_room
from tests.serving import Answer, Api, Person
from vtp.analytics.check import differing_rollups
from vtp.analytics.tables import analytics_batches, analytics_events, playback_sessions
from vtp.ids import new_id

pytestmark = pytest.mark.both_databases
PEOPLE, BATCHES = 5, 4


async def send(api: Api, by: Person, recording: str, seq: int, *, page: str = "page-0001") -> Answer:
    """Two events, one of which has played something."""
    at = "2026-03-02T08:00:00Z"
    segments = [{"start": seq * 0.5, "end": seq * 0.5 + 0.5, "rate": 1}]
    events = [
        {"event_type": "progress", "timestamp": at, "recording_id": recording, "segments": segments},
        {"event_type": "paused", "timestamp": at, "recording_id": recording, "position": seq * 0.5 + 0.5},
    ]
    wish = {"session_id": page, "seq": seq, "events": events}
    return await api.call("POST", "/api/v1/analytics/events", wish, by=by)


@pytest.fixture
async def recording(api: Api, teacher: Person) -> str:
    room = await make_room(api, teacher)
    return await add_finished(api, room, teacher, duration_ms=600_000)


async def test_what_many_people_send_at_once_comes_to_what_each_of_them_sent(
    api: Api, recording: str
) -> None:
    pupils = [await student(api, f"pupil{number}") for number in range(PEOPLE)]

    async def watch(pupil: Person) -> list[Answer]:
        return [await send(api, pupil, recording, seq) for seq in range(BATCHES)]

    for answers in await asyncio.gather(*map(watch, pupils)):
        taken = {"accepted": 2, "repeated": False, "refused": []}
        assert [(one.status, one.body) for one in answers] == [(200, taken)] * BATCHES
    database = api.server.services.database
    async with database.read() as tx:
        c = playback_sessions.c
        pages = (await tx.execute(select(c.user_id, c.pauses, c.watch_time_ms))).all()
        assert sorted(pages) == sorted((one.user_id, BATCHES, BATCHES * 500) for one in pupils)
        logged = select(func.count()).select_from(analytics_events)
        assert (await tx.execute(logged)).scalar_one() == PEOPLE * BATCHES * 2
        assert [one async for one in differing_rollups(tx)] == []


async def test_one_batch_that_comes_many_times_at_once_counts_once(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    answers = await asyncio.gather(*(send(api, pupil, recording, 7) for _ in range(8)))
    assert Counter(one.body["repeated"] for one in answers) == {True: 7, False: 1}
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(playback_sessions.c.pauses))).scalars().all() == [1]
        assert len((await tx.execute(select(analytics_batches.c.seq))).all()) == 1
        assert [one async for one in differing_rollups(tx)] == []


async def test_pages_of_one_person_that_speak_at_once_lose_nothing(api: Api, recording: str) -> None:
    """Rows of progress and of passes are one for all of them."""
    pupil = await student(api, "pupil")
    pages = [f"page-{new_id()}" for _ in range(6)]
    answers = await asyncio.gather(
        *(send(api, pupil, recording, number, page=page) for number, page in enumerate(pages))
    )
    assert sum(one.body["accepted"] for one in answers) == 2 * len(pages)
    path = f"/api/v1/analytics/metrics/{pupil.user_id}/{recording}"
    found = (await api.call("GET", path, by=pupil)).body
    refused = sum(len(one.body["refused"]) for one in answers)
    assert found["watched_seconds"] == 0.5 * (len(pages) - refused)
    assert sum(one["pause_count"] for one in found["sessions"]) == len(pages)
    async with api.server.services.database.read() as tx:
        assert [one async for one in differing_rollups(tx)] == []


async def test_who_names_what_is_not_there_keeps_nobody_else_from_being_heard(
    api: Api, recording: str
) -> None:
    pupil, other = await student(api, "pupil"), await student(api, "other")
    answers = await asyncio.gather(
        send(api, pupil, recording, 0), send(api, other, new_id(), 0), send(api, other, recording, 1)
    )
    assert [one.body["accepted"] for one in answers] == [2, 0, 2]
    assert {one["reason"] for one in answers[1].body["refused"]} == {"no_such_recording"}
