"""How long recordings are kept, by room and by course, where an administrator has said so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.course_material import enrol, make_course
from tests.api.recording_material import add_finished, make_room
from tests.api.test_recordings_retention import Clock, after, clock_of, row_of, told
from tests.loop_watch import unblocked_loop
from tests.serving import Api, Person, serving
from vtp.recording.store import Status
from vtp.settings import RecordingSettings

COURSES, ROOMS = "/api/v1/courses", "/api/v1/rooms"
RULES = RecordingSettings(keep_days=0, trash_keep_days=30)


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, recording=RULES) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
async def room(api: Api, teacher: Person) -> str:
    return await make_room(api, teacher)


@pytest.fixture
def clock(api: Api) -> Clock:
    return clock_of(api)


async def keep(api: Api, at: str, days: int | None, by: Person) -> Any:
    return await api.call("PUT", f"{at}/recording-retention", {"days": days}, by=by)


async def file_in(api: Api, course: str, recording_id: str, by: Person) -> None:
    wish = {"recording_id": recording_id}
    answer = await api.call("POST", f"{COURSES}/{course}/recordings", wish, by=by)
    assert answer.status == 201, answer


@pytest.mark.both_databases
async def test_a_rooms_recordings_go_when_its_own_time_is_over_though_all_others_stay(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    admin = await api.person("admin")
    short = await add_finished(api, room, teacher)
    stays = await add_finished(api, await make_room(api, teacher, "elsewhere"), teacher)
    answer = await keep(api, f"{ROOMS}/{room}", 30, admin)
    assert (answer.status, answer.body) == (200, {"own_days": 30, "days": 30})
    await after(api, clock, days=24)
    [news] = await told(api, teacher)
    assert news["title"].startswith("“Optics” goes into the trash on")
    await after(api, clock, days=8)
    assert (await row_of(api, short)).status is Status.DELETED
    row = await row_of(api, stays)
    assert (row.status, row.expires_at) == (Status.READY, None)


async def test_a_time_that_is_taken_back_holds_no_more(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    admin = await api.person("admin")
    recording_id = await add_finished(api, room, teacher)
    await keep(api, f"{ROOMS}/{room}", 30, admin)
    await after(api, clock, days=28)
    assert (await row_of(api, recording_id)).warned_at is not None
    assert (await keep(api, f"{ROOMS}/{room}", None, admin)).body == {"own_days": None, "days": None}
    await after(api, clock, days=20)
    row = await row_of(api, recording_id)
    assert (row.status, row.expires_at, row.warned_at) == (Status.READY, None, None)


async def test_what_was_set_for_a_room_that_is_deleted_since_can_still_be_taken_back(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    admin = await api.person("admin")
    recording_id = await add_finished(api, room, teacher)
    await keep(api, f"{ROOMS}/{room}", 30, admin)
    await after(api, clock, days=1)
    deleted = await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={room}", by=teacher)
    assert deleted.status < 300, deleted
    assert (await row_of(api, recording_id)).expires_at is not None
    path = f"{ROOMS}/{room}/recording-retention"
    assert (await api.call("GET", path, by=admin)).body == {"own_days": 30, "days": 30}
    assert (await api.call("GET", path, by=teacher)).status == 404
    assert (await keep(api, f"{ROOMS}/{room}", None, admin)).status == 200
    assert (await keep(api, f"{ROOMS}/{recording_id}", None, admin)).status == 404
    await after(api, clock, days=40)
    row = await row_of(api, recording_id)
    assert (row.status, row.expires_at) == (Status.READY, None)


@pytest.mark.both_databases
async def test_what_is_filed_is_kept_for_the_longest_time_of_its_courses(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    admin = await api.person("admin")
    courses = [await make_course(api, teacher, name=name) for name in ("Mechanics", "Optics", "Archive")]
    await keep(api, f"{ROOMS}/{room}", 10, admin)
    for course, days in zip(courses, (20, 40, 0), strict=True):
        assert (await keep(api, f"{COURSES}/{course}", days, admin)).status == 200
    one, two, always, rooms_own = [await add_finished(api, room, teacher) for _ in range(4)]
    for recording_id, among in ((one, courses[:1]), (two, courses[:2]), (always, courses)):
        for course in among:
            await file_in(api, course, recording_id, teacher)
    await after(api, clock, hours=1)
    for recording_id, days in ((one, 20), (two, 40), (rooms_own, 10)):
        row = await row_of(api, recording_id)
        assert row.expires_at is not None
        assert abs(row.expires_at - clock.at - timedelta(days=days)) < timedelta(hours=2), days
    assert (await row_of(api, always)).expires_at is None
    await keep(api, f"{COURSES}/{courses[1]}", None, admin)  # what its room says, 10 days, is shorter than 20
    await after(api, clock, hours=1)
    row = await row_of(api, two)
    assert row.expires_at is not None
    assert abs(row.expires_at - clock.at - timedelta(days=20)) < timedelta(hours=3)


async def test_administrators_set_it_staff_read_it_and_it_is_in_the_audit_log(
    api: Api, teacher: Person, room: str
) -> None:
    admin, pupil = await api.person("admin"), await api.person("student")
    other = await api.person("teacher", "other@school.example")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    for at, elsewhere in ((f"{COURSES}/{course}", 403), (f"{ROOMS}/{room}", 200)):
        expected = ((teacher, 403, 200), (pupil, 403, 403), (other, 403, elsewhere), (admin, 200, 200))
        for who, sets, reads in expected:
            assert (await keep(api, at, 50, who)).status == sets, (at, who)
            assert (await api.call("GET", f"{at}/recording-retention", by=who)).status == reads, (at, who)
        for wrong in (-1, "many", 36_501, 1.5, True):
            answer = await api.call("PUT", f"{at}/recording-retention", {"days": wrong}, by=admin)
            assert answer.status == 422, answer
    log = (await api.call("GET", "/api/v1/audit?event=recording_term_changed", by=admin)).body["items"]
    assert [one["details"] for one in log] == [{"days": 50}, {"days": 50}]
    assert {one["subject"].partition(":")[0] for one in log} == {"course", "room"}
