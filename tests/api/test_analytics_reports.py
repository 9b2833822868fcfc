"""Reports of a course are made of what happened in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from tests.api.course_material import enrol, make_course, student
from tests.api.recording_material import add_finished, make_room
from tests.api.test_analytics_attendance import make_school
from tests.serving import Answer, Api, Person
from vtp.courses.tables import course_enrollments
from vtp.recording.tables import recording_progress
from vtp.rooms.hands import Hands

BASE = "/api/v1/analytics"


async def get(api: Api, path: str, by: Person) -> Answer:
    return await api.call("GET", f"{BASE}{path}", by=by)


async def file(api: Api, course: str, teacher: Person, slug: str) -> str:
    """A published recording of 4 s in the course."""
    recording = await add_finished(
        api, await make_room(api, teacher, slug), teacher, title=slug, duration_ms=4000
    )
    path = f"/api/v1/courses/{course}/recordings"
    assert (await api.call("POST", path, {"recording_id": recording}, by=teacher)).status == 201
    assert (await api.call("POST", f"{path}/{recording}/publish", by=teacher)).status == 200
    return recording


async def watch(api: Api, by: Person, recording: str, seconds: float) -> None:
    """Watches its beginning, as fast as the clock allows."""
    report = {"session_id": "a-page-of-mine", "seq": 0, "position": seconds}
    played = {"segments": [{"start": 0, "end": seconds, "rate": 2}]}
    path = f"/api/v1/recordings/{recording}/progress"
    answer = await api.call("POST", path, report | played, by=by)
    assert (answer.status, answer.body["refused"]) == (200, []), answer


async def test_a_course_without_anything_answers_with_zeros(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    found = (await get(api, f"/course/{course}", teacher)).body
    assert (found["total_students"], found["total_lectures"], found["course_engagement_score"]) == (0, 0, 0)
    for report in ("attendance", "engagement", "performance", "network"):
        answer = await get(api, f"/reports/{report}?course_id={course}", teacher)
        assert (answer.status, answer.body["course_id"]) == (200, course)
        table = await get(api, f"/reports/{report}?course_id={course}&format=csv", teacher)
        assert (table.status, len(table.body.splitlines())) == (200, 1)
    odd = await get(api, "/reports/engagement?course_id=physics&format=doc", teacher)
    assert (odd.status, sorted(odd.pointers)) == (422, ["/query/course_id", "/query/format"])


async def test_reports_say_who_watches_what(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    recordings = [await file(api, course, teacher, f"optics-{number}") for number in range(4)]
    ada, ben = await student(api, "ada"), await student(api, "ben")
    for pupil in (ada, ben):
        assert (await enrol(api, course, pupil)).status == 201
    async with api.server.services.database.transaction() as tx:  # before the recordings were made
        at = datetime.now(UTC) - timedelta(days=30)
        await tx.execute(update(course_enrollments).values(enrolled_at=at))
    for recording in recordings:
        await watch(api, ada, recording, 4)
    await watch(api, ben, recordings[0], 1)
    await _engagement(api, course, teacher, ada, ben)
    performance = (await get(api, f"/reports/performance?course_id={course}", teacher)).body
    first, second = performance["lectures"][:2]
    assert (first["viewers"], first["completion"], first["performance_rating"]) == (2, 62.5, "good")
    assert (second["viewers"], second["completion"], second["performance_rating"]) == (1, 50, "average")
    assert performance["overall_score"] == 53.1 and len(performance["struggle_lectures"]) == 3
    assert performance["top_lectures"][0]["title"] == "optics-0"
    whole = (await get(api, f"/course/{course}", teacher)).body
    assert (whole["total_view_sessions"], whole["average_completion"]) == (5, 53.1)
    assert whole["total_watch_time_seconds"] == 8.5
    assert (whole["mine"], whole["averages_from"], whole["log_kept_days"]) == (None, 5, 400)
    assert whole["is_pushed"] is False
    hidden = (await get(api, f"/course/{course}", ada)).body
    assert hidden["hidden"] is True and hidden["average_completion"] is None
    mine = hidden["mine"]
    assert (mine["figures"]["student_id"], mine["figures"]["watch_time_seconds"]) == (ada.user_id, 8)
    assert [one["completion_percentage"] for one in mine["recordings"]] == [100] * 4
    await _viewers(api, recordings[0], teacher, ada, ben)
    assert (await get(api, f"/reports/engagement?course_id={course}", ada)).status == 403


async def _viewers(api: Api, recording: str, teacher: Person, ada: Person, ben: Person) -> None:
    path = f"/lecture/{recording}/viewers"
    first = (await get(api, f"{path}?limit=1", teacher)).body
    rest = (await get(api, f"{path}?limit=1&cursor={first['next_cursor']}", teacher)).body
    found = {one["user_id"]: one for one in first["items"] + rest["items"]}
    hers, his = found[ada.user_id], found[ben.user_id]
    assert (hers["completion_percentage"], hers["sessions_count"], rest["next_cursor"]) == (100, 1, None)
    assert (his["watched_seconds"], his["completed_at"], his["email"]) == (1, None, ben.email)
    assert (await get(api, path, ada)).status == 403
    admin = await api.person("admin")
    await watch(api, admin, recording, 2)
    named = [{one["user_id"] for one in (await get(api, path, by)).body["items"]} for by in (teacher, admin)]
    assert named == [{ada.user_id, ben.user_id}, {ada.user_id, ben.user_id, admin.user_id}]


async def _engagement(api: Api, course: str, teacher: Person, ada: Person, ben: Person) -> None:
    found = (await get(api, f"/reports/engagement?course_id={course}", teacher)).body
    rows: dict[str, Any] = {row["student_id"]: row for row in found["student_engagement"]}
    hers, his = rows[ada.user_id], rows[ben.user_id]
    assert (hers["average_completion"], hers["engagement_score"], hers["recordings_completed"]) == (
        100,
        100,
        4,
    )
    assert (his["average_completion"], his["attendance_rate"]) == (6.2, None)
    assert hers["trend_last_week"] == "increasing" and found["avg_engagement_score"] == 53.1
    [risk] = found["risk_students"]
    assert (risk["student_id"], risk["risk_level"]) == (ben.user_id, "low")
    assert risk["rules"] == ["recordings_not_watched"] and "to 0 % at most" in risk["reason"]


async def test_who_was_not_seen_for_two_weeks_may_need_help(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    recording = await file(api, course, teacher, "optics")
    ada = await student(api, "ada")
    await enrol(api, course, ada)
    await watch(api, ada, recording, 4)
    reports = api.server.services.analytics.reports
    clock = reports._clock
    reports._clock = lambda: clock() + timedelta(days=15)
    found = (await get(api, f"/reports/engagement?course_id={course}", teacher)).body
    assert [(one["risk_level"], one["rules"]) for one in found["risk_students"]] == [("high", ["no_access"])]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recording_progress).values(updated_at=clock() + timedelta(days=10)))
    found = (await get(api, f"/reports/engagement?course_id={course}", teacher)).body
    assert found["risk_students"] == []


async def test_nobodys_figures_are_the_difference_of_what_students_are_told(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    first, second = [await file(api, course, teacher, slug) for slug in ("optics-a", "optics-b")]
    pupils = [await student(api, name) for name in ("ada", "ben", "cat", "dan", "eva", "fay")]
    for number, pupil in enumerate(pupils):
        assert (await enrol(api, course, pupil)).status == 201
        await watch(api, pupil, first, 1 + number / 10)
    ada, ben = pupils[:2]
    await watch(api, ben, second, 2.7)  # who is the only one

    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await get(api, f"/course/{course}", ada)).body
        return {key: value for key, value in found.items() if key != "mine"}

    before = await told()
    assert before["hidden"] is False and before["total_students"] == 6
    assert (before["average_completion"], before["course_engagement_score"]) == (20, 20)
    for name in ("total_watch_time_seconds", "total_view_sessions", "attending_students"):
        assert before[name] is None, name
    assert before["avg_attendance_rate"] is None, "nobody has a class"
    assert (await get(api, f"/lecture/{second}", ada)).body["hidden"] is True
    whole = (await get(api, f"/course/{course}", teacher)).body
    assert (whole["average_completion"], whole["total_view_sessions"]) == (21.2, 7)
    left = await api.call("DELETE", f"/api/v1/courses/{course}/enroll/{ben.user_id}", by=teacher)
    assert left.status in (200, 204), left
    assert await told() == before, "as it was when it was first asked for that day"
    reports = api.server.services.analytics.reports
    clock = reports._clock
    reports._clock = lambda: clock() + timedelta(days=1)
    after = await told()
    assert (after["total_students"], after["average_completion"]) == (5, 20)


async def test_the_share_of_the_most_that_anybody_did_is_for_staff(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    live = await school.open()
    people = {name: school.participant(name) for name in ("Teacher", "Ada", "Ben")}
    for one in people.values():
        live.people.hold(one)
    for minutes, name in ((1, "Ada"), (2, "Ben"), (3, "Ben"), (4, "Ben")):
        school.clock.minutes = minutes
        live.part(Hands).put_up(people[name])
        live.part(Hands).take_down(people[name].participant_id)
    school.clock.minutes = 40
    live.close()
    await school.presence.flush()
    for at_least in (5, 2):
        api.server.services.analytics.reports.at_least = at_least
        found = (await get(api, f"/course/{school.course}", school.pupils["Ada"])).body["mine"]["figures"]
        assert (found["hands"], found["activity_score"]) == (1, None)
    report = (await get(api, f"/reports/engagement?course_id={school.course}", teacher)).body
    scores = {one["student_name"]: one["activity_score"] for one in report["student_engagement"]}
    assert scores["Ada"] == 0.67 and scores["Ben"] == 2
