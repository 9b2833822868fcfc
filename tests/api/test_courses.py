"""Courses: made, found, changed by two at once, copied, counted, deleted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.api.course_material import (
    BASE,
    WISH,
    add_lesson,
    add_section,
    enrol,
    make_course,
    read,
    student,
)
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person
from vtp.accounts.tables import audit_log
from vtp.courses.tables import course_recordings, courses
from vtp.ids import new_id
from vtp.recording.tables import recording_access_log, recording_progress, recordings


async def test_a_course_has_the_fields_that_existing_clients_read(api: Api, teacher: Person) -> None:
    key = {"Idempotency-Key": "k"}
    made = await api.call("POST", BASE, {**WISH, "max_students": 30}, by=teacher, headers=key)
    assert made.status == 201
    assert made.headers["Location"] == f"{BASE}/{made.body['id']}"
    told = {name: made.body[name] for name in ("code", "name", "semester", "year", "max_students")}
    assert told == {**WISH, "max_students": 30}
    assert (made.body["status"], made.body["instructor_id"]) == ("draft", teacher.user_id)
    assert (made.body["enrolled_count"], made.body["recording_count"]) == (0, 0)
    assert (made.body["description"], made.body["department"]) == ("", "")
    assert {"created_at", "updated_at"} <= made.body.keys()
    assert made.body["may"] == ["view", "teach", "enrol", "update", "appoint", "delete"]
    again = await api.call("POST", BASE, {**WISH, "max_students": 30}, by=teacher, headers=key)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (made.body, "true")
    assert (await read(api, made.body["id"], teacher)) == made.body


async def test_every_fault_of_a_course_is_told_at_once(api: Api, teacher: Person) -> None:
    wrong = {
        "code": "",
        "name": "x" * 256,
        "semester": " ",
        "year": 1999,
        "status": "open",
        "max_students": 0,
    }
    answer = await api.call("POST", BASE, wrong, by=teacher)
    assert answer.status == 422
    assert set(answer.pointers) == {"/code", "/name", "/semester", "/year", "/status", "/max_students"}
    missing = await api.call("POST", BASE, {}, by=teacher)
    assert set(missing.pointers) == {"/code", "/name", "/semester", "/year"}
    pupil = await api.person("student")
    for wanted in (new_id(), pupil.user_id):
        other = await api.call("POST", BASE, {**WISH, "instructor_id": wanted}, by=teacher)
        assert (other.status, other.pointers) == (422, ["/instructor_id"])
    for path in (f"{BASE}/nothing", f"{BASE}/nothing/stats", f"{BASE}/{new_id()[:-1]}"):
        assert (await api.call("GET", path, by=teacher)).pointers == ["/path/id"], path
    assert (await api.call("GET", f"{BASE}/{new_id()}", by=teacher)).body["code"] == "no_such_course"


async def test_lists_have_what_somebody_may_know_of_and_find_it(api: Api, teacher: Person) -> None:
    admin, pupil = await api.person("admin"), await api.person("student")
    colleague = await api.person("teacher", "colleague@school.example")
    drafted = await make_course(api, teacher, status="draft", name="Optics", code="PHY-102")
    unlisted = await make_course(api, teacher, listed=False, department="Chemistry", year=2027)
    put_away = await make_course(api, teacher, status="archived")
    catalogued = await make_course(api, teacher, description="Übung macht den Meister", semester="spring")
    other = await make_course(api, colleague)

    async def ids(by: Person, query: str = "") -> list[str]:
        answer = await api.call("GET", f"{BASE}?{query}", by=by)
        assert answer.status == 200, answer
        return [one["id"] for one in answer.body["items"]]

    everything = [other, catalogued, put_away, unlisted, drafted]
    assert await ids(admin) == everything
    assert await ids(teacher) == everything
    assert await ids(teacher, "mine=true") == everything[1:]
    assert await ids(colleague) == await ids(pupil) == [other, catalogued]
    assert await ids(pupil, "mine=true") == []
    for one in (drafted, unlisted, put_away):
        assert (await api.call("GET", f"{BASE}/{one}", by=pupil)).status == 403
        added = await api.call("POST", f"{BASE}/{one}/enroll", {"student_id": pupil.user_id}, by=teacher)
        assert added.status == (409 if one == put_away else 201), added
    assert await ids(pupil) == [other, catalogued, unlisted]
    assert await ids(pupil, "mine=true") == [unlisted]
    assert await ids(teacher, "q=%C3%BCBUNG") == [catalogued]
    assert await ids(teacher, "q=phy-102") == await ids(teacher, "status=draft") == [drafted]
    assert await ids(teacher, "year=2027&department=Chemistry") == [unlisted]
    assert await ids(teacher, f"instructor_id={colleague.user_id}") == [other]
    assert await ids(teacher, "semester=spring") == [catalogued]
    assert (await api.call("GET", f"{BASE}?status=open", by=teacher)).pointers == ["/query/status"]
    seen: list[str] = []
    page = await api.call("GET", f"{BASE}?limit=2", by=teacher)
    while page.body["next_cursor"]:
        seen += [one["id"] for one in page.body["items"]]
        page = await api.call("GET", f"{BASE}?limit=2&cursor={page.body['next_cursor']}", by=teacher)
    assert [*seen, *(one["id"] for one in page.body["items"])] == everything


@pytest.mark.both_databases
async def test_of_two_who_edit_at_once_one_is_told_that_it_has_changed(api: Api, teacher: Person) -> None:
    """And who only has enrolled meanwhile makes nobody's change void."""
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    before = await api.call("GET", at, by=teacher)
    tag = {"If-Match": before.headers["ETag"]}
    assert (await enrol(api, course, await api.person("student"))).status == 201
    met = await api.call("GET", at, by=teacher)
    assert met.body["enrolled_count"] == 1
    assert met.headers["ETag"] != before.headers["ETag"]
    unread = await api.call("GET", at, by=teacher, headers={"If-None-Match": before.headers["ETag"]})
    assert unread.status == 200
    same = await api.call("GET", at, by=teacher, headers={"If-None-Match": met.headers["ETag"]})
    assert same.status == 304
    changes = ({"name": "Optics"}, {"description": "Light"})
    both = await asyncio.gather(*(api.call("PATCH", at, one, by=teacher, headers=tag) for one in changes))
    assert sorted(one.status for one in both) == [200, 412]
    [won] = [one for one in both if one.status == 200]
    assert (await read(api, course, teacher)) == won.body
    fresh = await api.call("PATCH", at, {"year": 2027}, by=teacher, headers={"If-Match": won.headers["ETag"]})
    assert (fresh.status, fresh.body["year"]) == (200, 2027)
    assert (await api.call("PATCH", at, {"year": 2028}, by=teacher)).status == 200, "it is never required"


async def test_a_change_of_all_resets_what_it_leaves_out(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, description="Light", max_students=3, listed=False)
    at = f"{BASE}/{course}"
    short = await api.call("PUT", at, {"name": "Optics"}, by=teacher)
    assert set(short.pointers) == {"/code", "/semester", "/year"}
    put = await api.call("PUT", at, {**WISH, "name": "Optics"}, by=teacher)
    names = ("name", "description", "max_students", "listed", "status", "instructor_id")
    assert [put.body[name] for name in names] == ["Optics", "", None, True, "active", teacher.user_id]
    whole = (await api.call("PUT", at, put.body, by=teacher)).body
    assert {**whole, "updated_at": 0} == {**put.body, "updated_at": 0}, "as it was read"
    null = await api.call("PATCH", at, {"name": None, "max_students": None}, by=teacher)
    assert (null.status, null.pointers) == (422, ["/name"])


async def test_a_course_is_given_away_by_who_owns_it_alone(api: Api, teacher: Person) -> None:
    colleague = await api.person("teacher", "colleague@school.example")
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    role = {"user_id": colleague.user_id, "role": "instructor"}
    assert (await api.call("POST", f"{at}/permissions", role, by=teacher)).status == 201
    mine = {"instructor_id": colleague.user_id}
    assert (await api.call("PATCH", at, mine, by=colleague)).status == 403
    assert (await api.call("DELETE", at, by=colleague)).status == 403
    given = await api.call("PATCH", at, mine, by=teacher)
    assert (given.status, given.body["instructor_id"], given.body["role"]) == (
        200,
        colleague.user_id,
        "teacher",
    )
    assert "delete" not in given.body["may"], "whose it was teaches in it still"
    assert (await api.call("DELETE", at, by=teacher)).status == 403
    assert (await api.call("DELETE", at, by=colleague)).body["status"] == "deleted"
    assert (await api.call("GET", at, by=teacher)).status == 404
    for_other = await make_course(api, teacher, instructor_id=colleague.user_id)
    assert (await read(api, for_other, teacher))["role"] == "teacher"
    async with api.server.services.database.read() as tx:
        events = select(audit_log.c.event).where(audit_log.c.subject == f"course:{course}")
        told = set((await tx.execute(events)).scalars())
    assert told == {"course_created", "course_role_given", "course_changed", "course_deleted"}


async def test_an_archived_course_changes_no_more_until_it_is_taken_out_again(
    api: Api, teacher: Person
) -> None:
    pupil = await api.person("student")
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    at = f"{BASE}/{course}"
    done = await api.call("PATCH", at, {"status": "completed"}, by=teacher)
    assert done.status == 200
    assert (await read(api, course, pupil))["status"] == "completed"
    late = await enrol(api, course, await student(api, "late"))
    assert late.status == 403, "who is outside does not see it any more"
    assert (await api.call("PATCH", at, {"status": "archived"}, by=teacher)).status == 200
    assert (await api.call("GET", at, by=pupil)).status == 403
    assert (await read(api, course, teacher))["status"] == "archived"
    for method, path, body in (
        ("PATCH", at, {"name": "Optics"}),
        ("POST", f"{at}/lessons", {"kind": "live", "title": "One"}),
        ("POST", f"{at}/enroll", {"student_id": pupil.user_id}),
        ("POST", f"{at}/invitations", {}),
    ):
        refused = await api.call(method, path, body, by=teacher)
        assert (refused.status, refused.body["code"]) == (409, "course_archived"), path
    assert (await api.call("PATCH", at, {"status": "active"}, by=teacher)).status == 200
    assert (await read(api, course, pupil))["status"] == "active"


async def test_a_copy_has_what_is_taught_without_people_and_dates(api: Api, teacher: Person) -> None:
    colleague, helper = await api.person("teacher", "c@school.example"), await student(api, "helper")
    course = await make_course(api, teacher, description="Light")
    at = f"{BASE}/{course}"
    for who, role in ((colleague, "teacher"), (helper, "ta")):
        given = await api.call(
            "POST", f"{at}/permissions", {"user_id": who.user_id, "role": role}, by=teacher
        )
        assert given.status == 201
    await enrol(api, course, await api.person("student"))
    section = await add_section(api, course, teacher, title="Lenses")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await add_lesson(api, course, teacher, title="Dated", section_id=section, release_at=tomorrow)
    await add_lesson(api, course, teacher, title="Loose")
    await add_lesson(api, course, teacher, title="Class", kind="live", starts_at=tomorrow, section_id=section)
    term = {"semester": "spring", "year": 2027}
    made = await api.call("POST", f"{at}/copy", term, by=colleague)
    assert made.status == 201
    copy = made.body
    assert (copy["status"], copy["instructor_id"], copy["year"]) == ("draft", colleague.user_id, 2027)
    assert (copy["description"], copy["enrolled_count"]) == ("Light", 0)
    listed = await api.call("GET", f"{BASE}/{copy['id']}/lessons", by=colleague)
    items = [
        (one["title"], one["published"], one["starts_at"], one["section_id"] is None)
        for one in listed.body["items"]
    ]
    assert items == [("Loose", True, None, True), ("Dated", False, None, False), ("Class", True, None, False)]
    assert {one["section_id"] for one in listed.body["items"]} & {section} == set()
    for who, role in ((teacher, "teacher"), (helper, "assistant")):
        assert (await read(api, copy["id"], who))["role"] == role
    alone = await api.call("POST", f"{at}/copy", {**term, "staff": False, "name": "New"}, by=colleague)
    assert (await api.call("GET", f"{BASE}/{alone.body['id']}", by=teacher)).status == 403
    assert (await api.call("POST", f"{at}/copy", term, by=helper)).status == 403


async def test_statistics_tell_how_recordings_of_a_course_are_watched(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}/stats"
    empty = await api.call("GET", at, by=teacher)
    assert empty.body == {
        "course_id": course,
        "course_name": "Mechanics",
        "total_students": 0,
        "total_recordings": 0,
        "published_recordings": 0,
        "unique_viewers": 0,
        "total_views": 0,
        "last_accessed": None,
        "average_engagement": 0.0,
    }
    pupils = [await student(api, name) for name in ("ann", "ben")]
    for one in pupils:
        await enrol(api, course, one)
    room = await make_room(api, teacher)
    filed = [await add_finished(api, room, teacher) for _ in range(3)]
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    watched = {"pieces": [], "watch_time_ms": 0, "position_ms": 0, "sittings": {}, "reached": []}
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).where(recordings.c.id == filed[0]).values(duration_ms=4000))
        for number, recording in enumerate(filed):
            row = {"course_id": course, "recording_id": recording, "lecture_title": ""}
            await tx.execute(insert(course_recordings).values(**row, sequence_order=number, added_at=now))
        for one, watched_ms in zip(pupils, (1000, 9000), strict=True):
            row = {"user_id": one.user_id, "recording_id": filed[0]}
            more = {**watched, "watched_ms": watched_ms, "started_at": now, "updated_at": now}
            await tx.execute(insert(recording_progress).values(**row, **more))
        for action in ("opened", "opened", "downloaded"):
            entry = {"id": new_id(), "recording_id": filed[0], "at": now, "action": action}
            await tx.execute(insert(recording_access_log).values(**entry))
    await api.call("PATCH", f"/api/v1/recordings/{filed[1]}", {"visibility": "staff"}, by=teacher)
    await api.call("DELETE", f"/api/v1/recordings/{filed[2]}", by=teacher)
    stats = (await api.call("GET", at, by=teacher)).body
    assert stats.pop("average_engagement") == 62.5, "a quarter, and all of it"
    assert stats.pop("last_accessed").startswith("2026-03-01T12:00:00")
    assert stats == {
        "course_id": course,
        "course_name": "Mechanics",
        "total_students": 2,
        "total_recordings": 2,
        "published_recordings": 1,
        "unique_viewers": 2,
        "total_views": 2,
    }
    assert (await read(api, course, teacher))["recording_count"] == 3
    assert (await api.call("GET", at, by=pupils[0])).status == 403


async def test_deleting_a_course_leaves_its_recordings(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    recording = await add_finished(api, await make_room(api, teacher), teacher)
    now = datetime.now(UTC)
    async with api.server.services.database.transaction() as tx:
        row = {"course_id": course, "recording_id": recording, "lecture_title": "", "sequence_order": 0}
        await tx.execute(insert(course_recordings).values(**row, added_at=now))
    await add_lesson(api, course, teacher, section_id=await add_section(api, course, teacher))
    gone = await api.call("DELETE", f"{BASE}/{course}", by=teacher)
    assert (gone.status, gone.body["id"], gone.body["status"]) == (200, course, "deleted")
    assert (await api.call("GET", f"/api/v1/recordings/{recording}", by=teacher)).status == 200
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(courses.c.id))).first() is None
        assert (await tx.execute(select(course_recordings.c.course_id))).first() is None
