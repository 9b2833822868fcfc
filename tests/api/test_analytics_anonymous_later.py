"""What of a course that becomes nobody's waits for the end of a day or for a record store, and goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from tests.api.anonymous_material import DAYS, PUPILS, anonymizer_of, filed, held_school, say
from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_attendance import EIGHT, School
from tests.serving import Api, Person
from vtp.analytics.lrs_store import target_of
from vtp.analytics.tables import (
    analytics_alerts,
    analytics_events,
    analytics_pushes,
    lesson_attendance,
    recording_viewers,
)
from vtp.db import Database
from vtp.ids import new_id
from vtp.rooms.tables import session_participants

STORE = "https://lrs.example/xapi"


@pytest.fixture
async def school(api: Api, teacher: Person) -> School:
    """A class that was held, and two recordings that were watched."""
    return await held_school(api, teacher)


async def count(database: Database, table: object) -> int:
    async with database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


async def test_who_was_in_a_class_of_today_is_counted_before_their_name_goes(
    api: Api, teacher: Person, school: School
) -> None:
    evening, later = EIGHT + timedelta(hours=10), EIGHT + timedelta(days=2)
    anonymizer, usage = anonymizer_of(api, evening), api.server.services.analytics.usage
    anonymizer.after_days, usage.clock = 0, lambda: evening
    assert await anonymizer.close_course(school.course)
    assert await count(anonymizer.database, lesson_attendance) == 0
    there = await count(anonymizer.database, session_participants)
    assert there > 0 and (await anonymizer.left(school.course)).stays == there
    anonymizer.clock = usage.clock = lambda: later
    await anonymizer.look()
    assert await count(anonymizer.database, session_participants) == there, "the day is not counted yet"
    while not await usage.is_counted():
        await usage.roll()
    await anonymizer.look()
    assert (await anonymizer.left(school.course)).stays == 0


async def test_a_course_of_pages_alone_becomes_nobodys(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "pupil")
    assert (await enrol(api, course, pupil)).status == 201
    await say(api, pupil, "of-the-course", {"event_type": "viewed", "course_id": course})
    anonymizer = anonymizer_of(api)
    async with anonymizer.database.transaction() as tx:
        alert = {"rule": "no_access", "severity": "high", "reason": "Away", "status": "open", "note": ""}
        more = {"recommendation": "", "evidence": {}, "created_at": EIGHT, "updated_at": EIGHT}
        whose = {"id": new_id(), "course_id": course, "user_id": pupil.user_id}
        await tx.execute(insert(analytics_alerts).values(**whose, **alert, **more))
    assert list((await anonymizer.due()).courses) == [course]
    assert await anonymizer.run()
    for table in (analytics_events, analytics_alerts):
        assert await count(anonymizer.database, table) == 0
    assert not (await anonymizer.due()).courses, "it is done once"
    async with anonymizer.database.transaction() as tx:
        again = {**whose, **alert, **more, "created_at": anonymizer.clock()}
        await tx.execute(insert(analytics_alerts).values(again))
    anonymizer.clock = lambda: EIGHT + timedelta(days=3 * DAYS)
    assert await anonymizer.run() and await count(anonymizer.database, analytics_alerts) == 0, "and again"


async def test_what_a_record_store_has_not_taken_waits_for_it(
    api: Api, teacher: Person, school: School
) -> None:
    await filed(api, school, teacher)
    now = datetime.now(UTC) + timedelta(minutes=1)
    anonymizer = anonymizer_of(api, now)
    anonymizer.after_days, anonymizer.lrs_url = 0, STORE
    before = await count(anonymizer.database, analytics_events)
    assert await anonymizer.close_course(school.course)
    assert (await anonymizer.left(school.course)).viewers == len(PUPILS)
    assert await count(anonymizer.database, analytics_events) == before - 1, "but for a page of the course"
    async with anonymizer.database.transaction() as tx:
        newest = (await tx.execute(select(func.max(analytics_events.c.id)))).scalar_one()
        store = {"target": target_of(STORE), "position": newest, "claimed_until": now, "claimed_by": new_id()}
        await tx.execute(insert(analytics_pushes).values(**store, statements=1, refused=0))
    await anonymizer.look()
    assert (await anonymizer.left(school.course)).viewers == 0
    for table in (analytics_events, recording_viewers):
        assert await count(anonymizer.database, table) == 0


async def test_a_record_store_that_stays_away_is_not_waited_for_forever(
    api: Api, teacher: Person, school: School
) -> None:
    await filed(api, school, teacher)
    now = datetime.now(UTC) + timedelta(minutes=1)
    anonymizer = anonymizer_of(api, now)
    anonymizer.after_days, anonymizer.lrs_url = 0, STORE
    assert await anonymizer.close_course(school.course)
    anonymizer.clock = lambda: now + timedelta(days=31)
    await anonymizer.look()
    assert await count(anonymizer.database, analytics_events) == 0


async def test_statistics_of_a_course_are_the_same_afterwards(
    api: Api, teacher: Person, school: School
) -> None:
    await filed(api, school, teacher)

    async def told() -> dict[str, Any]:
        answer = await api.call("GET", f"/api/v1/courses/{school.course}/stats", by=teacher)
        return {name: answer.body[name] for name in ("average_engagement", "unique_viewers")}

    before = await told()
    assert before == {"average_engagement": 70.0, "unique_viewers": 4}
    assert await anonymizer_of(api).run()
    assert await told() == before | {"unique_viewers": 3}, "of the recording that most have watched"
