"""What a course counts as a completed recording, wherever that is told."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from tests.api.course_file_material import bring, export, parts_of
from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_reports import BASE, file, get, watch
from tests.serving import Api, Person
from vtp.accounts.tables import audit_log
from vtp.course_files.manifest import MANIFEST

RATIO = "completion_ratio"


async def put(api: Api, course: str, by: Person, **wish: Any) -> None:
    answer = await api.call("PUT", f"{BASE}/courses/{course}/attendance-rules", wish, by=by)
    assert answer.status == 200, answer


async def told(api: Api, course: str, recording: str, teacher: Person, pupil: Person) -> list[Any]:
    """Whether somebody has completed a recording, in each place that says so."""
    engagement = (await get(api, f"/reports/engagement?course_id={course}", teacher)).body
    performance = (await get(api, f"/reports/performance?course_id={course}", teacher)).body
    [viewer] = (await get(api, f"/lecture/{recording}/viewers", teacher)).body["items"]
    metrics = (await get(api, f"/metrics/{pupil.user_id}/{recording}", teacher)).body
    lecture = (await get(api, f"/lecture/{recording}", teacher)).body
    path = "/api/v1/recordings"
    own = (await api.call("GET", f"{path}/{recording}/progress", by=pupil)).body
    listed = (await api.call("GET", path, by=pupil)).body["items"]
    [mine] = [one["progress"] for one in listed if one["id"] == recording]
    assert len({viewer["completed_at"], metrics["completed_at"], own["completed_at"]}) == 1
    return [
        engagement["student_engagement"][0]["recordings_completed"],
        performance["lectures"][0]["completed"],
        int(viewer["completed_at"] is not None),
        int(lecture["completion_rate"]) // 100,
        int(own["completed"]),
        int(mine["completed"]),
        lecture[RATIO],
    ]


async def test_a_course_says_from_how_much_on_a_recording_is_complete(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "pupil")
    assert (await enrol(api, course, pupil)).status == 201
    recording = await file(api, course, teacher, "optics")
    await watch(api, pupil, recording, 3)  # of four seconds
    assert await told(api, course, recording, teacher, pupil) == [0] * 6 + [0.9]
    await put(api, course, teacher, **{RATIO: 0.75})
    assert await told(api, course, recording, teacher, pupil) == [1] * 6 + [0.75], "what was before, too"
    await put(api, course, teacher, **{RATIO: 0.8})
    assert await told(api, course, recording, teacher, pupil) == [0] * 6 + [0.8]
    other = await make_course(api, teacher, code="PH2")
    filed = await api.call(
        "POST", f"/api/v1/courses/{other}/recordings", {"recording_id": recording}, by=teacher
    )
    assert filed.status == 201
    await put(api, other, teacher, **{RATIO: 0.5})
    assert await told(api, course, recording, teacher, pupil) == [0] * 2 + [1] * 4 + [0.5], (
        "a report by its own course, all else by the course that asks for least"
    )
    async with api.server.services.database.read() as tx:
        noted = audit_log.c.event == "attendance_rules_changed", audit_log.c.subject == f"course:{course}"
        entries = (await tx.execute(select(audit_log.c.details).where(*noted))).scalars().all()
    assert [one["complete_from"] for one in entries] == [{"from": 900, "to": 750}, {"from": 750, "to": 800}]


async def test_other_shares_than_steps_of_a_twentieth_are_refused(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    path = f"{BASE}/courses/{course}/attendance-rules"
    for odd in (0.45, 0.87, 1.05, None, "most"):
        answer = await api.call("PUT", path, {RATIO: odd}, by=teacher)
        assert answer.status == 422, odd
    assert (await api.call("GET", path, by=teacher)).body[RATIO] == 0.9
    for step in range(10, 21):
        await put(api, course, teacher, **{RATIO: step / 20})
        assert (await api.call("GET", path, by=teacher)).body[RATIO] == step / 20


async def test_rules_go_into_copies_and_files_of_courses(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    plain = parts_of(await export(api, course, teacher))
    assert "contents/attendance.jsonl" not in plain
    await put(api, course, teacher, late_after_minutes=20, credit_days=7, **{RATIO: 0.6})
    rules = (await get(api, f"/courses/{course}/attendance-rules", teacher)).body
    term = {"semester": "spring", "year": 2027}
    copy = await api.call("POST", f"/api/v1/courses/{course}/copy", term, by=teacher)
    assert (copy.status, copy.body["carried"]) == (201, {"attendance": 1})
    data = await export(api, course, teacher)
    assert json.loads(parts_of(data)[MANIFEST])["format"] == 3, "servers of before would not know it"
    brought = await bring(api, data, teacher)
    assert brought.status == 200, brought
    for made in (copy.body["id"], brought.body["id"]):
        assert (await get(api, f"/courses/{made}/attendance-rules", teacher)).body == rules
