"""Figures become nobody's after a time: sums stay to the digit, and whose they were is nowhere any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.api.anonymous_material import (
    DAYS,
    KEPT_ELSEWHERE,
    PUPILS,
    THEN,
    anonymizer_of,
    everywhere,
    filed,
    held_school,
    hours_pass,
    read,
    say,
    totals,
    watch,
)
from tests.api.course_material import make_course
from tests.api.recording_material import add_finished, make_room
from tests.api.test_analytics_attendance import BASE, EIGHT, School
from tests.serving import Api, Person
from vtp.accounts.tables import audit_log
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.check import differing_rollups
from vtp.analytics.class_check import differing_classes
from vtp.analytics.past_tables import analytics_anonymizing
from vtp.errors import Conflict
from vtp.ids import new_id
from vtp.recording.store import find_recording
from vtp.rooms.tables import live_sessions, session_participants


@pytest.fixture
async def school(api: Api, teacher: Person) -> School:
    """A class that was held, and two recordings that were watched."""
    return await held_school(api, teacher)


async def test_sums_stay_to_the_digit_and_names_go(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    alone = await add_finished(api, await make_room(api, teacher, "alone"), teacher, duration_ms=4000)
    await watch(api, teacher, alone, 4)
    before = await totals(api, school, [*recordings, alone], teacher)
    assert before["course"]["avg_attendance_rate"] > 0 and before["lectures"][0]["unique_viewers"] == 3
    assert before["lectures"][0]["most_replayed_section"] is None and before["engagement"] > 0
    assert sum(one["absent"] + one["excused"] for one in before["attendance"][2]) > 0
    anonymizer = anonymizer_of(api)
    due = await anonymizer.due()
    assert (list(due.courses), due.viewers) == ([school.course], 1), "those of the course come after it"
    assert await anonymizer.run()
    assert await totals(api, school, [*recordings, alone], teacher) == before
    sheet = await school.sheet()
    assert sheet["people"] == [] and sheet["totals"]["excused"] == 1
    report = await read(api, f"/reports/attendance?course_id={school.course}", teacher)
    assert (report["student_attendance"], report["anonymized"]["students"]) == ([], 4)
    done = await anonymizer.done()
    assert (done.finished_at, done.courses, done.viewers) == (THEN, 1, 6)
    for name in PUPILS:
        person = school.pupils[name]
        tables = await everywhere(api, person.user_id, person.email, name)
        assert "course_enrollments" in tables and tables <= KEPT_ELSEWHERE.keys(), tables
    async with api.server.services.database.read() as tx:
        corrected = select(audit_log.c.details).where(audit_log.c.event == "attendance_corrected")
        [details] = (await tx.execute(corrected)).scalars()
        assert details == {"from": "absent", "to": "excused", "by_rule": False}
        assert [one async for one in differing_rollups(tx)] == []
        assert [one async for one in differing_classes(tx, THEN)] == []
    assert await anonymizer.run() and (await anonymizer.done()).courses == 1, "it is done once"


async def test_a_course_in_which_somebody_still_is_stays_by_name(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    hours_pass(api, EIGHT + timedelta(days=2))
    await watch(api, school.pupils["Benedikt"], recordings[1], 1)
    anonymizer = anonymizer_of(api)
    assert (await anonymizer.due()).courses == [] and await anonymizer.run()
    assert len((await school.sheet())["people"]) == 4
    lecture = await read(api, f"/lecture/{recordings[0]}/viewers", teacher)
    assert len(lecture["items"]) == 3, "of its recordings, too"
    before = await totals(api, school, recordings, teacher)
    anonymizer.after_days = 0
    assert await anonymizer.close_course(school.course)
    assert await totals(api, school, recordings, teacher) == before
    gone = await everywhere(api, school.pupils["Benedikt"].user_id)
    assert gone <= KEPT_ELSEWHERE.keys() | {"analytics_batches"}, gone


async def test_a_course_is_not_closed_while_a_class_goes_on(
    api: Api, teacher: Person, school: School
) -> None:
    anonymizer, before = anonymizer_of(api), await school.sheet()
    async with anonymizer.database.transaction() as tx:
        await tx.execute(update(live_sessions).values(ended_at=None))
    with pytest.raises(Conflict, match="goes on"):
        await anonymizer.close_course(school.course)
    async with anonymizer.database.transaction() as tx:
        await tx.execute(update(live_sessions).values(ended_at=EIGHT + timedelta(minutes=45)))
    assert (await school.sheet())["people"] == before["people"] != []
    assert await anonymizer.close_course(school.course)


async def test_a_recording_waits_for_all_courses_that_it_is_filed_in(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    other = await make_course(api, teacher, code="OTHER", name="Other")
    path = f"/api/v1/courses/{other}/recordings"
    answer = await api.call("POST", path, {"recording_id": recordings[0]}, by=teacher)
    assert answer.status == 201
    hours_pass(api, THEN)
    await say(api, teacher, "of-the-other", {"event_type": "viewed", "course_id": other})
    before = await totals(api, school, recordings, teacher)
    await anonymizer_of(api).run()
    assert await totals(api, school, recordings, teacher) == before
    found = [await read(api, f"/lecture/{one}/viewers", teacher) for one in recordings]
    assert [len(one["items"]) for one in found] == [3, 0]


async def test_a_process_that_is_killed_leaves_the_rest_to_the_next(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = await filed(api, school, teacher)
    before = await totals(api, school, recordings, teacher)
    killed, steps = anonymizer_of(api), 0
    drop, fold = Anonymizer._drop, Anonymizer._fold

    async def release(*_: Any) -> None:
        """A process that is killed says nothing."""

    while True:
        steps += 1
        left = steps

        async def some(make: Any, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return await make(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr("vtp.analytics.anonymizer.ROWS_AT_ONCE", 1)
            patch.setattr("vtp.analytics.anonymizer.VIEWERS_AT_ONCE", 1)
            patch.setattr(Anonymizer, "_drop", lambda *a: some(drop, *a))
            patch.setattr(Anonymizer, "_fold", lambda *a: some(fold, *a))
            patch.setattr(Anonymizer, "_release", release)
            try:
                await killed.run()
            except KeyboardInterrupt:
                assert await totals(api, school, recordings, teacher) == before, f"step {steps}"
            else:
                break
        if steps == 1:
            other = Anonymizer(
                killed.database,
                killed.attendances,
                killed.rollups,
                DAYS,
                killed.usage_is_counted,
                killed.take_back,
                lambda: THEN,
            )
            assert not await other.run(), "one process at a time"
            other.clock = lambda: THEN + timedelta(minutes=11)
            killed = other
    assert steps > 5
    assert await totals(api, school, recordings, teacher) == before
    for name in PUPILS:
        assert await everywhere(api, school.pupils[name].user_id) <= KEPT_ELSEWHERE.keys()


async def test_two_who_add_the_same_viewers_at_once_add_them_once(
    api: Api, teacher: Person, school: School
) -> None:
    """As where one stood still for longer than its claim."""
    recordings = await filed(api, school, teacher)
    before = await totals(api, school, recordings, teacher)
    one = anonymizer_of(api)
    other = replace(one, process_id=new_id())
    everybody = [person.user_id for person in school.pupils.values()]
    for recording_id in recordings:
        async with one.database.read() as tx:
            recording = await find_recording(tx, recording_id)
        assert recording is not None
        await one.rollups.settle(recording_id, recording.duration_ms)
        added = await asyncio.gather(*(by._fold(recording, everybody, THEN) for by in (one, other)))
        assert sorted(added) == [0, 3 if recording_id == recordings[0] else 2]
    assert (await totals(api, school, recordings, teacher))["lectures"] == before["lectures"]


async def test_one_process_does_it_once_at_a_time(api: Api, teacher: Person, school: School) -> None:
    await filed(api, school, teacher)
    anonymizer = anonymizer_of(api)
    assert sorted(await asyncio.gather(anonymizer.run(), anonymizer.run())) == [False, True]
    assert (await anonymizer.done()).viewers == 5


async def test_who_was_there_waits_until_usage_is_counted(api: Api, teacher: Person, school: School) -> None:
    anonymizer = anonymizer_of(api)
    usage = api.server.services.analytics.usage
    usage.clock = lambda: THEN
    await anonymizer.run()

    async def people() -> set[str | None]:
        async with anonymizer.database.read() as tx:
            return set((await tx.execute(select(session_participants.c.user_id))).scalars())

    assert school.pupils["Adaline"].user_id in await people()
    while not await usage.is_counted():
        await usage.roll()
    await anonymizer.run()
    assert await people() == set()


async def test_nothing_happens_unless_it_is_set(api: Api, teacher: Person, school: School) -> None:
    anonymizer = api.server.services.analytics.anonymizer
    anonymizer.clock = lambda: THEN
    await anonymizer.look()
    assert len((await school.sheet())["people"]) == 4
    async with anonymizer.database.read() as tx:
        assert (await tx.execute(select(analytics_anonymizing))).first() is None
    admin = await api.person("admin", "head@school.example")
    told = (await read(api, "/usage?days=1", admin))["anonymizing"]
    assert told == {"after_days": 0, "finished_at": None, "courses": 0, "viewers": 0}
    anonymizer.after_days = DAYS
    await anonymizer.look()
    told = (await read(api, "/usage?days=1", admin))["anonymizing"]
    assert (told["after_days"], told["courses"]) == (DAYS, 1) and told["finished_at"] is not None
    assert (await api.call("GET", f"{BASE}/usage", by=teacher)).status == 403
