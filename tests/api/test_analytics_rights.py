"""Analytics by every kind of caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.api.callers import MISSING, Endpoint, assert_covers, assert_statuses, everybody, of
from tests.api.course_material import add_lesson, make_course
from tests.api.recording_material import add_finished
from tests.api.test_analytics_reports import watch
from tests.serving import Api, Person

PLACES = ("/api/v1/analytics", "/api/analytics")
#                         nobody new stu view ass tea own adm room elsewhere
ACCOUNTS = of("           401 403 200 200 200 200 200 200 403 403")
OWN = of("                401 403 403 403 403 403 200 200 403 403")
VIEWERS = of("            401 403 200 200 200 200 200 200 200 403")
STAFF = of("              401 403 403 403 403 403 200 200 403 403")
MODERATORS = of("         401 403 403 403 200 200 200 200 403 403")
ADMINS = of("             401 403 403 403 403 403 403 200 403 403")
GONE = of("               401 403 404 404 404 404 404 404 404 404")
NO_STUDENT = of("         401 403 403 403 403 403 404 404 403 403")
BATCH = {
    "session_id": "01890a5d-ac96",
    "seq": 1,
    "events": [{"event_type": "viewed", "timestamp": "2026-03-02T08:00:00Z", "course_id": MISSING}],
}


async def test_every_call_by_every_caller(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    room = await api.call("GET", "/api/v1/rooms/physics", by=owner)
    recording = await add_finished(api, room.body["room_id"], owner, duration_ms=4000)
    course = await make_course(api, owner)
    lesson = await add_lesson(api, course, owner, kind="live", starts_at="2030-03-04T08:00:00Z")
    endpoints = [
        one
        for base in PLACES
        for one in _endpoints(base, owner.user_id, recording) + _classes(base, course, lesson)
    ]
    at = f"/api/v1/recordings/{recording}/analytics"
    endpoints.append(Endpoint("GET", at, VIEWERS, "/api/v1/recordings/{id}/analytics"))
    await assert_statuses(api, endpoints, callers)
    assert_covers(api, "analytics", endpoints)


def _endpoints(base: str, user_id: str, recording: str) -> list[Endpoint]:
    return [
        Endpoint("POST", f"{base}/events", ACCOUNTS, body=BATCH),
        Endpoint(
            "GET",
            f"{base}/metrics/{user_id}/{recording}",
            OWN,
            f"{base}/metrics/{{user_id}}/{{recording_id}}",
        ),
        Endpoint("GET", f"{base}/lecture/{recording}", VIEWERS, f"{base}/lecture/{{recording_id}}"),
        Endpoint("GET", f"{base}/rooms/physics/live", MODERATORS, f"{base}/rooms/{{room}}/live"),
        Endpoint(
            "GET", f"{base}/lecture/{recording}/viewers", OWN, f"{base}/lecture/{{recording_id}}/viewers"
        ),
    ]


def _classes(base: str, course: str, lesson: str) -> list[Endpoint]:
    sheet, rules = "/lessons/{lesson_id}/attendance", "/courses/{course_id}/attendance-rules"
    one, theirs = f"{base}/lessons/{lesson}/attendance", f"{base}/courses/{course}/attendance-rules"
    correction = {"status": "excused", "reason": "ill"}
    return [
        Endpoint("GET", f"{base}/course/{course}", STAFF, base + "/course/{course_id}"),
        *(
            Endpoint("GET", f"{base}/reports/{report}?course_id={course}", STAFF)
            for report in ("attendance", "engagement", "performance", "network")
        ),
        Endpoint("GET", f"{base}/alerts?course_id={course}", STAFF),
        *(
            Endpoint(
                "POST", f"{base}/alerts/{MISSING}/{word}", GONE, f"{base}/alerts/{{alert_id}}/{word}", body={}
            )
            for word in ("resolve", "dismiss")
        ),
        Endpoint("GET", f"{base}/export?course_id={course}", STAFF),
        Endpoint("GET", f"{base}/usage", ADMINS),
        Endpoint("GET", one, STAFF, base + sheet),
        Endpoint("PUT", f"{one}/{MISSING}", NO_STUDENT, base + sheet + "/{user_id}", body=correction),
        Endpoint("GET", theirs, STAFF, base + rules),
        Endpoint("PUT", theirs, STAFF, base + rules, body={}),
    ]


async def test_figures_of_a_recording_filed_nowhere_are_for_who_made_it(api: Api) -> None:
    callers = await everybody(api)
    owner, pupil = callers["owner"], callers["student"]
    assert isinstance(owner, Person) and isinstance(pupil, Person)
    room = await api.call("GET", "/api/v1/rooms/physics", by=owner)
    recording = await add_finished(api, room.body["room_id"], owner, duration_ms=4000)
    await watch(api, pupil, recording, 4)
    path = f"{PLACES[0]}/lecture/{recording}"
    hidden = {}
    for name in ("owner", "admin", "teacher", "assistant", "student", "room"):
        hidden[name] = (await api.call("GET", path, by=callers[name])).body["hidden"]
    assert [name for name, one in hidden.items() if not one] == ["owner", "admin"]
    lectures = api.server.services.analytics.lectures
    lectures.at_least = 1
    lectures._clock = lambda: datetime.now(UTC) + timedelta(days=1)
    assert (await api.call("GET", path, by=pupil)).body["hidden"] is False
    assert (await api.call("GET", path, by=callers["room"])).body["hidden"] is True
