"""How much a server is used: days that are over stay as they were counted, today goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from tests.api.course_material import make_course, student
from tests.api.recording_material import make_room
from tests.api.test_analytics_reports import file
from tests.serving import Api, Person
from vtp.analytics.usage import Load, Usage, memory_bytes
from vtp.analytics.usage_tables import server_load, usage_days
from vtp.ids import first_id_at, new_id
from vtp.recording.tables import recordings
from vtp.rooms.tables import live_sessions, session_participants

PATH = "/api/v1/analytics/usage"
NOW = datetime(2031, 5, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.person("admin", "admin@school.example")


async def class_at(api: Api, room: str, start: datetime, *stays: tuple[str | None, float, float]) -> None:
    """A class with connections of people, in minutes after its start."""
    session = first_id_at(int(start.timestamp() * 1000))

    def minutes(after: float) -> datetime:
        return start + timedelta(minutes=after)

    async with api.server.services.database.transaction() as tx:
        ended = {"ended_at": minutes(60), "seen_at": minutes(60)}
        await tx.execute(insert(live_sessions).values(id=session, room_id=room, started_at=start, **ended))
        for user_id, joined, left in stays:
            times = {"joined_at": minutes(joined), "left_at": minutes(left)}
            whose = {"user_id": user_id, "full_name": "x", "role": "student", "is_producer": False}
            row = {"id": new_id(), "live_session_id": session, **whose, **times}
            await tx.execute(insert(session_participants).values(row))


async def usage(api: Api, admin: Person, days: int = 3) -> Any:
    answer = await api.call("GET", f"{PATH}?days={days}", by=admin)
    assert answer.status == 200, answer
    return answer.body


async def test_days_are_counted_and_stay_as_they_were(api: Api, admin: Person, teacher: Person) -> None:
    service, database = api.server.services.analytics.usage, api.server.services.database
    service.clock = lambda: NOW
    room = await make_room(api, teacher)
    ada, ben = await student(api, "ada"), await student(api, "ben")
    yesterday = NOW.replace(hour=23, minute=30) - timedelta(days=1)
    stays = ((ada.user_id, 0, 60), (ada.user_id, 10, 20), (ben.user_id, 40, 60), (None, 0, 10))
    await class_at(api, room, yesterday, *stays)  # over midnight
    course = await make_course(api, teacher, name="Optics")
    recording = await file(api, course, teacher, "optics")
    async with database.transaction() as tx:
        this = recordings.c.id == recording
        values = {"started_at": yesterday, "duration_ms": 90_000, "file_size_bytes": 5_000}
        await tx.execute(update(recordings).where(this).values(values))
    found = await usage(api, admin)
    before, day, today = found["days"]
    assert (before["day"], day["day"], today["day"]) == ("2031-05-08", "2031-05-09", "2031-05-10")
    assert (before["classes"], before["people"], before["participant_minutes"]) == (0, 0, 0)
    assert (day["classes"], day["people"], day["participant_minutes"]) == (1, 1, 50)
    assert (day["most_at_once"], day["recording_minutes"], day["recording_bytes"]) == (2, 1.5, 5000)
    assert (today["classes"], today["people"], today["participant_minutes"]) == (0, 2, 50)
    [one] = [one for one in found["courses"] if one["course_id"] == course]
    assert (one["name"], one["recordings"], one["recording_bytes"]) == ("Optics", 1, 5000)
    await service.roll()
    async with database.transaction() as tx:
        await tx.execute(delete(live_sessions))
    kept = (await usage(api, admin))["days"]
    assert kept[1] == day and kept[2]["people"] == 0, "a day that is over stays as it was"
    table = await api.call("GET", f"{PATH}?days=3&format=csv", by=admin)
    assert table.body.splitlines()[2].startswith("2031-05-09,1,1,50.0,2,")


async def test_usage_is_forgotten_after_its_term(api: Api, admin: Person, teacher: Person) -> None:
    service, database = api.server.services.analytics.usage, api.server.services.database
    room = await make_room(api, teacher)
    await class_at(api, room, NOW - timedelta(days=40), (None, 0, 30))
    service.clock, service.keep_days = lambda: NOW, 35
    for _ in range(2):
        await service.roll()
    async with database.read() as tx:
        days = sorted((await tx.execute(select(usage_days.c.day))).scalars())
    assert days[0] == "2031-04-05" and days[-1] == "2031-05-09" and len(days) == 35
    assert [one["day"] for one in (await usage(api, admin, 40))["days"]][-36:-1] == days
    service.keep_days = 10
    await service.roll()
    async with database.read() as tx:
        assert min((await tx.execute(select(usage_days.c.day))).scalars()) == "2031-04-30"


async def test_a_day_is_kept_once_what_began_on_it_has_grown(
    api: Api, admin: Person, teacher: Person
) -> None:
    service, database = api.server.services.analytics.usage, api.server.services.database
    await class_at(api, await make_room(api, teacher), NOW - timedelta(days=1), (None, 0, 30))

    async def days() -> list[str]:
        await service.roll()
        async with database.read() as tx:
            return sorted((await tx.execute(select(usage_days.c.day))).scalars())

    service.clock = lambda: NOW.replace(hour=5)
    assert "2031-05-09" not in await days()
    service.clock = lambda: NOW.replace(hour=6)
    assert "2031-05-09" in await days()


async def test_watching_goes_on_after_any_error(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    service, taken = api.server.services.analytics.usage, asyncio.Event()
    monkeypatch.setattr("vtp.analytics.usage.READ_EVERY_S", 0)
    monkeypatch.setattr("vtp.analytics.usage.STORED_EVERY", 1)
    reads, stored = 0, 0

    def participants() -> int:
        nonlocal reads
        reads += 1
        if reads == 1:
            raise OSError("it could not be read")
        return 1

    async def put(_: Any) -> None:
        nonlocal stored
        stored += 1
        if stored == 1:
            raise ValueError("it could not be stored")
        taken.set()

    monkeypatch.setattr(service, "participants", participants)
    monkeypatch.setattr(Usage, "_put", lambda _, values: put(values))
    watching = asyncio.create_task(service.watch())
    waiting = asyncio.create_task(taken.wait())
    await asyncio.wait({watching, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert taken.is_set() and not watching.done()
    watching.cancel()


def at(minute: float) -> datetime:
    return NOW.replace(minute=0) + timedelta(minutes=minute)


async def put(api: Api, cpu: float, participants: int, *span: datetime | None) -> None:
    """What one process stored of this hour; of before spans were kept without one."""
    values = {
        "readings": 2,
        "cpu_sum": cpu * 2,
        "cpu_most": cpu,
        "load_most": 0.9,
        "memory_most_bytes": 10,
        "participants_most": participants,
        **dict(zip(("first_at", "last_at"), span, strict=True)),
    }
    async with api.server.services.database.transaction() as tx:
        await tx.execute(insert(server_load).values(hour=at(0), process_id=new_id(), **values))


async def test_load_of_several_processes_adds_up(api: Api, admin: Person) -> None:
    service = api.server.services.analytics.usage
    service.clock = lambda: NOW
    load = Load(at(0))
    load.take(0.5, 0.8, 1000, 30, at(-1), at(30))
    load.take(1.5, 0.2, 500, 10, at(30), at(50))
    await service._store(load)
    load.take(1.0, 0.1, 2000, 5, at(50), at(60))
    await service._store(load)
    await put(api, 0.5, 1, at(0), at(60))
    [found] = (await usage(api, admin))["load"]
    assert (found["cpu"], found["cpu_most"], found["machine_load"]) == (1.5, 2.0, 0.9)
    assert (found["memory_bytes"], found["participants"]) == (2010, 31)
    assert memory_bytes() > 10_000_000


async def test_an_hour_in_which_the_server_was_started_again_counts_once(api: Api, admin: Person) -> None:
    api.server.services.analytics.usage.clock = lambda: NOW
    await put(api, 1.0, 30, at(0), at(20))
    await put(api, 0.4, 25, at(30), at(60))  # it was away for ten minutes
    [found] = (await usage(api, admin))["load"]
    assert (found["cpu"], found["cpu_most"]) == (0.64, 1.0), "the mean of the time in which it ran"
    assert (found["memory_bytes"], found["participants"]) == (10, 30)
    await put(api, 0.4, 8, at(50), at(60))  # a second process, beside the second alone
    [found] = (await usage(api, admin))["load"]
    assert (found["cpu"], found["cpu_most"], found["participants"]) == (0.72, 1.0, 33)


async def test_hours_of_before_spans_were_kept_add_up_as_they_did(api: Api, admin: Person) -> None:
    api.server.services.analytics.usage.clock = lambda: NOW
    await put(api, 1.0, 30, None, None)
    await put(api, 0.4, 25, None, None)
    [found] = (await usage(api, admin))["load"]
    assert (found["cpu"], found["participants"]) == (1.4, 55)


async def test_only_of_json_an_entity_tag_is_promised_where_files_are_answered_too(
    api: Api, admin: Person
) -> None:
    document = (await api.call("GET", "/api/openapi.json")).body
    headers = document["paths"][PATH]["get"]["responses"]["200"]["headers"]
    name = headers["ETag"]["$ref"].rsplit("/", 1)[1]
    assert not document["components"]["headers"][name].get("required")
    assert "ETag" in (await api.call("GET", PATH, by=admin)).headers
    assert "ETag" not in (await api.call("GET", f"{PATH}?format=csv", by=admin)).headers
