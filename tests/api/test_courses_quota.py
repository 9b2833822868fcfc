"""What the recordings of a course may take: nothing more is filed, started or recorded when it is used up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from tests.api.course_material import BASE, add_lesson, enrol, make_course
from tests.api.recording_material import make_room
from tests.api.test_recordings_ends import until_ended
from tests.api.test_recordings_quota import add, recording_of_six_seconds, start, until_written, usage
from tests.serving import Answer, Api, Person
from vtp.accounts.tables import audit_log
from vtp.courses.tables import lessons
from vtp.recording import quota

RECORDINGS = "/api/v1/recordings"


async def let_hold(api: Api, course: str, by: Person, count: int | None) -> Answer:
    return await api.call("PUT", f"{BASE}/{course}/recording-quota", {"bytes": count}, by=by)


async def held(api: Api, course: str, by: Person) -> Any:
    answer = await api.call("GET", f"{BASE}/{course}/recording-quota", by=by)
    assert answer.status == 200, answer
    return answer.body


async def file(api: Api, course: str, recording: str, by: Person) -> Answer:
    return await api.call("POST", f"{BASE}/{course}/recordings", {"recording_id": recording}, by=by)


async def hold_in(api: Api, course: str, room: str, by: Person) -> None:
    """A lesson of the course is held in that room."""
    lesson = await add_lesson(api, course, by)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(lessons).where(lessons.c.id == lesson).values(room_id=room))


async def test_what_does_not_fit_into_a_course_is_not_filed(api: Api, teacher: Person) -> None:
    admin, course, room = (
        await api.person("admin"),
        await make_course(api, teacher),
        await make_room(api, teacher),
    )
    small, large = await add(api, room, teacher, 4_000_000), await add(api, room, teacher, 7_000_000)
    assert (await held(api, course, teacher)) == {"used_bytes": 0, "allowed_bytes": None}
    assert (await let_hold(api, course, admin, 10_000_000)).body["allowed_bytes"] == 10_000_000
    assert (await file(api, course, small, teacher)).status == 201
    refused = await file(api, course, large, teacher)
    assert (refused.status, refused.body["code"]) == (409, "quota_exceeded")
    assert refused.body["detail"].startswith(
        "The recordings of this course take 4.0 MB of the 10.0 MB that they may, and this one takes 7.0 MB"
    )
    assert (await let_hold(api, course, admin, None)).body["allowed_bytes"] is None
    assert (await file(api, course, large, teacher)).status == 201
    assert (await held(api, course, teacher))["used_bytes"] == 11_000_000
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(audit_log.select())).mappings().all()
    noted = [row for row in rows if row["event"] == "recording_quota_changed"]
    assert [(row["subject"], row["details"]["bytes"]) for row in noted] == [
        (f"course:{course}", 10_000_000),
        (f"course:{course}", None),
    ]


async def test_a_room_of_a_course_counts_for_it_and_is_bounded_by_it(api: Api, teacher: Person) -> None:
    admin, course, room = (
        await api.person("admin"),
        await make_course(api, teacher),
        await make_room(api, teacher),
    )
    await hold_in(api, course, room, teacher)
    filed = await add(api, room, teacher, 9_500_000)
    elsewhere = await add(api, await make_room(api, teacher, "maths"), teacher, 600_000)
    await let_hold(api, course, admin, 10_000_000)
    assert (await file(api, course, filed, teacher)).status == 201, "it counts already, and once"
    assert (await held(api, course, teacher))["used_bytes"] == 9_500_000
    said = await usage(api, teacher, room)
    assert said["others"] == [
        {"whose": "the course Mechanics", "used_bytes": 9_500_000, "allowed_bytes": 10_000_000}
    ]
    assert said["warning"].startswith("The recordings of the course Mechanics take 9.5 MB")
    assert (await file(api, course, elsewhere, teacher)).status == 409
    await let_hold(api, course, admin, 9_000_000)
    status, body = await start(api, room, teacher)
    assert (status, body["code"]) == (409, "quota_exceeded")
    assert body["detail"].startswith("The recordings of the course Mechanics take 9.5 MB of the 9.0 MB")
    assert (await start(api, "maths", teacher))[0] == 201, "no lesson is held there"


async def test_a_recording_that_grows_over_its_courses_quota_ends_and_says_why(
    api: Api, teacher: Person
) -> None:
    admin, course, room = (
        await api.person("admin"),
        await make_course(api, teacher),
        await make_room(api, teacher),
    )
    await hold_in(api, course, room, teacher)
    await let_hold(api, course, admin, 10_000)
    _, started = await start(api, room, teacher)
    recording_id = started["recording_id"]
    await until_written(await recording_of_six_seconds(api, recording_id))
    await api.server.services.recordings.quotas.look()
    await until_ended(api)
    ended = (await api.call("GET", f"{RECORDINGS}/{recording_id}", by=teacher)).body
    assert (ended["status"], ended["error_code"]) == ("interrupted", "quota_exceeded")
    assert ended["error_message"].startswith("The recordings of the course Mechanics take ")


async def test_what_another_server_records_counts_while_it_grows(
    api: Api, second: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "NOTED_BYTES", 1)
    admin, course, rooms = (
        await api.person("admin"),
        await make_course(api, teacher),
        [await make_room(api, teacher, slug) for slug in ("physics", "maths")],
    )
    for room in rooms:
        await hold_in(api, course, room, teacher)
    await let_hold(api, course, admin, 10_000)
    _, started = await start(api, rooms[0], teacher)
    await until_written(await recording_of_six_seconds(api, started["recording_id"]))
    quotas, theirs = (one.server.services.recordings.quotas for one in (api, second))
    noted = quotas.note_growth
    await noted()
    status, body = await start(second, rooms[1], teacher)
    assert (status, body["code"]) == (409, "quota_exceeded")
    await theirs.note_growth()
    used = (await held(second, course, teacher))["used_bytes"]
    assert used > 10_000
    await quotas.look()
    await until_ended(api)
    await noted()
    ended = (await api.call("GET", f"{RECORDINGS}/{started['recording_id']}", by=teacher)).body
    assert ended["file_size_bytes"] == (await held(second, course, teacher))["used_bytes"] >= used


async def test_administrators_set_it_and_the_courses_staff_read_it(api: Api, teacher: Person) -> None:
    admin, course = await api.person("admin"), await make_course(api, teacher)
    pupil, other = await api.person("student"), await api.person("teacher", "other@school.example")
    assert (await enrol(api, course, pupil)).status == 201
    for who, sets, reads in ((teacher, 403, 200), (pupil, 403, 403), (other, 403, 403), (admin, 200, 200)):
        assert (await let_hold(api, course, who, 5)).status == sets, who
        assert (await api.call("GET", f"{BASE}/{course}/recording-quota", by=who)).status == reads, who
    for wrong in (0, -1, "many", 1 << 61):
        answer = await api.call("PUT", f"{BASE}/{course}/recording-quota", {"bytes": wrong}, by=admin)
        assert answer.status == 422, answer
    assert (await api.call("GET", f"{BASE}/{recording_like()}/recording-quota", by=admin)).status == 404


def recording_like() -> str:
    """An id of nothing."""
    return "01890000-0000-7000-8000-000000000000"
