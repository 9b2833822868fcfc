"""Who watched before figures became nobody's, and who comes after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

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
from tests.api.personal_material import zipped
from tests.api.recording_material import add_finished, make_room
from tests.api.test_analytics_attendance import BASE, EIGHT, School, counted, stay
from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import users
from vtp.analytics.holdings import HOLDINGS


@pytest.fixture
async def school(api: Api, teacher: Person) -> School:
    """A class that was held, and two recordings that were watched."""
    return await held_school(api, teacher)


async def test_a_person_finds_nothing_of_theirs_there_any_more(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    await anonymizer_of(api).run()
    ada = school.pupils["Adaline"]
    own = await read(api, f"/reports/attendance?course_id={school.course}", ada)
    assert (own["classes"], own["attendance_rate"]) == ([], 0)
    assert (await read(api, f"/course/{school.course}", ada))["mine"] is None
    metrics = await read(api, f"/metrics/{ada.user_id}/{recordings[0]}", ada)
    assert (metrics["watched_seconds"], metrics["sessions"]) == (0, [])
    bundle = await api.call("POST", "/api/v1/auth/export", {"password": PASSWORD}, by=ada)
    data, _ = zipped(bundle.body)
    of_analytics = {one.name for one in HOLDINGS} - {"attendance_corrected_for_others", "alerts_closed"}
    assert not any(data[name] for name in of_analytics), data
    export = await api.call("GET", f"{BASE}/export?course_id={school.course}", by=teacher)
    assert export.status == 200 and ada.user_id not in str(export.body)


async def test_what_comes_late_counts_anew(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    anonymizer = anonymizer_of(api)
    await anonymizer.run()
    closed = await school.sheet()
    later = THEN + timedelta(days=1)
    hours_pass(api, later)
    ada = school.pupils["Adaline"]
    await watch(api, ada, recordings[0], 2, "a-later-page")
    lecture = await read(api, f"/lecture/{recordings[0]}", teacher)
    assert (lecture["unique_viewers"], lecture["total_views"]) == (4, 4), "nobody knows that she was there"
    course = await read(api, f"/course/{school.course}", teacher)
    assert course["total_students"] == 5 and course["anonymized"]["students"] == 4
    engagement = await read(api, f"/reports/engagement?course_id={school.course}", teacher)
    assert [one["student_id"] for one in engagement["student_engagement"]] == [ada.user_id]
    school.clock.minutes = (later - EIGHT) / timedelta(minutes=1)
    at = school.clock.minutes
    await stay(school, {"Teacher": (at, at + 45), "Adaline": (at, at + 45)})
    await counted(school)
    assert await school.sheet() == closed and closed["people"] == [], "a class that is closed stays so"
    path = f"{BASE}/lessons/{school.lesson}/attendance/{ada.user_id}"
    refused = await api.call("PUT", path, {"status": "absent", "reason": "x"}, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "anonymized")
    before = await totals(api, school, recordings, teacher)
    assert await anonymizer_of(api, later + timedelta(days=DAYS + 1)).run()
    assert await totals(api, school, recordings, teacher) == before
    assert await everywhere(api, ada.user_id) <= KEPT_ELSEWHERE.keys()


async def test_who_watches_in_a_course_that_was_closed_once_stays_in_its_figures(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    alone = await add_finished(api, await make_room(api, teacher, "alone"), teacher, duration_ms=4000)
    hours_pass(api, THEN - timedelta(days=10))
    await watch(api, teacher, alone, 4)  # of no course, and from before the closing
    assert await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    await watch(api, school.pupils["Benedikt"], recordings[0], 4, "next-term-1")
    hours_pass(api, THEN + timedelta(days=150))
    await watch(api, school.pupils["Adaline"], recordings[1], 4, "next-term-2")
    other = await make_course(api, teacher, code="OTHER", name="Other")
    before = await totals(api, school, recordings, teacher)
    anonymizer = anonymizer_of(api, THEN + timedelta(days=151))
    assert (await anonymizer.due()).viewers == 1 and await anonymizer.run()
    assert await totals(api, school, recordings, teacher) == before
    lecture = await read(api, f"/lecture/{recordings[0]}/viewers", teacher)
    assert [one["user_id"] for one in lecture["items"]] == [school.pupils["Benedikt"].user_id]
    assert await anonymizer.close_course(other)
    assert await totals(api, school, recordings, teacher) == before, "nor does another course change that"


async def test_who_comes_back_is_not_one_of_enough_people(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    analytics, ada = api.server.services.analytics, school.pupils["Adaline"]
    analytics.reports.at_least, analytics.lectures.at_least = len(PUPILS) + 1, 4
    await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    await watch(api, ada, recordings[0], 2, "again-page-1")
    course = await read(api, f"/course/{school.course}", ada)
    assert (course["total_students"], course["avg_attendance_rate"]) == (None, None), (
        "four, one of them twice"
    )
    assert (await read(api, f"/lecture/{recordings[0]}", ada))["hidden"], "one of three, twice"


async def test_who_begins_as_a_course_is_closed_counts_as_begun_after_it(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = await filed(api, school, teacher)
    intake, anonymizer = api.server.services.analytics.intake, anonymizer_of(api)

    hours_pass(api, THEN - timedelta(seconds=2))
    begin = type(intake._database).transaction

    def transaction(database: Any) -> Any:
        hours_pass(api, THEN + timedelta(seconds=2))  # it waited for the closing
        return begin(database)

    await anonymizer.close_course(school.course)
    monkeypatch.setattr(type(intake._database), "transaction", transaction)
    played: dict[str, Any] = {
        "event_type": "progress",
        "timestamp": THEN.isoformat(),
        "recording_id": recordings[1],
    }
    played |= {"segments": [{"start": 0, "end": 1, "rate": 1}], "position": 1}
    batch = {"session_id": "racing-page", "seq": 0, "events": [played]}
    answer = await api.call("POST", f"{BASE}/events", batch, by=school.pupils["Benedikt"])
    monkeypatch.undo()
    assert answer.body["refused"] == [], answer
    course = await read(api, f"/course/{school.course}", teacher)
    assert course["total_students"] == 5


async def test_who_only_opened_a_page_lately_holds_nobody_up(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [await make_room(api, teacher, name) for name in ("first", "second")]
    first, second = sorted([await add_finished(api, one, teacher, duration_ms=4000) for one in rooms])
    for one in (first, second):
        await watch(api, teacher, one, 4)
    hours_pass(api, THEN - timedelta(days=1))
    await say(api, teacher, "just-opened", {"event_type": "viewed", "recording_id": first})
    monkeypatch.setattr("vtp.analytics.anonymizer.VIEWERS_AT_ONCE", 1)
    anonymizer = anonymizer_of(api)
    assert (await anonymizer.due()).viewers == 1 and await anonymizer.run()
    found = [await read(api, f"/lecture/{one}/viewers", teacher) for one in (first, second)]
    assert [len(one["items"]) for one in found] == [1, 0]


async def test_who_watched_on_after_a_closing_goes_when_all_courses_rest(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    other = await make_course(api, teacher, code="OTHER", name="Other")
    path = f"/api/v1/courses/{other}/recordings"
    assert (await api.call("POST", path, {"recording_id": recordings[0]}, by=teacher)).status == 201
    hours_pass(api, THEN)
    await say(api, teacher, "of-the-other", {"event_type": "viewed", "course_id": other})
    await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    ada = school.pupils["Adaline"]
    await watch(api, ada, recordings[0], 4, "a-later-page")  # which she began before the first closing
    ben = {"event_type": "viewed", "recording_id": recordings[1]}
    await say(api, school.pupils["Benedikt"], "only-opened", ben)
    before = await totals(api, school, recordings, teacher)
    for months in (4, 8):
        await anonymizer_of(api, THEN + timedelta(days=months * 30)).run()
        assert await totals(api, school, recordings, teacher) == before
    assert await everywhere(api, ada.user_id) <= KEPT_ELSEWHERE.keys()
    gone = await everywhere(api, school.pupils["Benedikt"].user_id)
    assert gone <= KEPT_ELSEWHERE.keys(), gone


async def test_an_erased_person_leaves_nothing_by_which_they_could_be_told(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    ada = school.pupils["Adaline"]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == ada.user_id).values(full_name="Adaline"))
    admin = await api.person("admin", "head@school.example")
    assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
    assert not await everywhere(api, ada.email, "Adaline")
    before = await totals(api, school, recordings, teacher)
    assert await anonymizer_of(api).run()
    assert await totals(api, school, recordings, teacher) == before
