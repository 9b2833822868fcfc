"""What pages and programs do with courses, for the test that explains every statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from tests.api.callers import MISSING
from tests.api.course_file_material import bring, export
from tests.api.course_material import BASE
from tests.filled import add_rows
from tests.serving import Answer, Api, Person
from vtp.http.pagination import encode_cursor
from vtp.notifications.tables import notifications as rows


def course_reads(course_id: str, teacher: Person, lesson_id: str = "") -> list[str]:
    """What is read of a course, with every filter."""
    course = f"{BASE}/{course_id}"
    cursors = encode_cursor([0, MISSING]), encode_cursor([0, MISSING, 0, MISSING])
    return [
        f"{BASE}?limit=2&mine=true",
        f"{BASE}?cursor={encode_cursor(course_id)}&status=active&semester=fall&year=2026",
        f"{BASE}?q=optics",
        f"{BASE}/my-enrollments?cursor={encode_cursor(course_id)}",
        course,
        f"{course}/stats",
        f"{course}/sections?cursor={cursors[0]}",
        f"{course}/lessons?cursor={cursors[1]}",
        f"{course}/lessons?kind=live&section_id={MISSING}",
        f"{course}/enrollments?cursor={encode_cursor(course_id)}",
        f"{course}/enrollments?status=waiting&role=student",
        f"{course}/enrollments?q=ada",
        *([f"{course}/lessons/{lesson_id}/people?cursor={encode_cursor(course_id)}"] if lesson_id else []),
        f"{course}/invitations",
        f"{course}/permissions?cursor={encode_cursor(course_id)}",
        f"{course}/permissions/{teacher.user_id}",
        f"{course}/recordings?cursor={cursors[0]}",
        f"{course}/announcements?cursor={encode_cursor(course_id)}",
        f"{course}/questions?cursor={encode_cursor(course_id)}&tag=x&kind=single",
        f"{course}/questions?retired=true",
        f"{course}/quizzes?cursor={encode_cursor(course_id)}",
        f"{course}/schedules?cursor={encode_cursor(course_id)}",
        f"/api/v1/calendars?cursor={encode_cursor(course_id)}",
        f"/api/v1/notifications?cursor={encode_cursor(MISSING)}",
        f"/api/v1/notifications?unread=true&cursor={encode_cursor(MISSING)}",
        "/api/v1/notifications/unread",
        f"{course}/materials?cursor={encode_cursor(course_id)}",
        f"{course}/materials?lesson_id={MISSING}",
    ]


async def write_courses(api: Api, course_id: str, admin: Person, teacher: Person) -> None:
    """Calls what changes a course, and who is in it; deletes it at last."""
    course = f"{BASE}/{course_id}"

    async def call(method: str, path: str, body: object = None, by: Person = admin) -> Answer:
        answer = await api.call(method, f"{course}{path}", body, by=by)
        assert answer.status < 300, (method, path, answer)
        return answer

    pupils = [await api.person("student", f"pupil{n}@school.example") for n in range(4)]
    code = (await call("POST", "/invitations", {})).body
    for pupil in pupils[:2]:
        await call("POST", "/enroll", by=pupil)
    await call("POST", "/enroll", {"code": code["code"]}, by=pupils[2])
    await call("GET", "/enrollments")
    await call("DELETE", f"/enroll/{pupils[0].user_id}")
    data = f"email,student_id\n,{pupils[0].user_id}\n{pupils[3].email},\n".encode()
    for dry in ("true", "false"):
        path, kind = f"{course}/enrollments/import?dry_run={dry}", {"Content-Type": "text/csv"}
        assert (await api.call("POST", path, data=data, by=admin, headers=kind)).status == 200
    section = (await call("POST", "/sections", {"title": "x"})).body["id"]
    lesson = (await call("POST", "/lessons", {"title": "x", "kind": "live", "section_id": section})).body[
        "id"
    ]
    await _write_series(api, call, course_id, pupils[1])
    await _write_quizzes(call, pupils[1])
    await api.server.services.quizzes.ending.finish_due()
    news = (await call("POST", "/announcements", {"title": "x"})).body["id"]
    await call("GET", "/lessons", by=pupils[1])
    await call("PUT", "/order", {"lessons": [lesson], "sections": [{"id": section}]})
    await call("PATCH", f"/lessons/{lesson}", {"section_id": section})
    for path in (f"/lessons/{lesson}", f"/sections/{section}", f"/announcements/{news}"):
        await call("PATCH", path, {"title": "y"})
        await call("GET", path, by=pupils[1])
    await read_notifications(api, pupils[1])
    given = {"user_id": teacher.user_id, "role": "ta"}
    await call("POST", "/permissions", given)
    await call("POST", "/permissions", given)
    for shift in (None, 364):
        await call("POST", "/copy", {"semester": "s", "year": 2027, "shift_days": shift})
    brought = await bring(api, await export(api, course_id, admin), admin)
    assert brought.status == 200, brought
    await call("DELETE", f"/permissions/{teacher.user_id}")
    await call("PATCH", "", {"max_students": 9})
    await call("DELETE", f"/invitations/{code['id']}")
    for path in (f"/lessons/{lesson}", f"/sections/{section}", f"/announcements/{news}", ""):
        await call("DELETE", path)


async def _write_series(
    api: Api, call: Callable[..., Awaitable[Answer]], course_id: str, pupil: Person
) -> None:
    """A series, its calendar, and what goes on by itself while a lesson is held."""
    services = api.server.services
    await call("PATCH", "", {"status": "active", "record_lessons": "automatic"})
    first = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"
    wish = {"title": "s", "rule": "FREQ=WEEKLY;COUNT=9", "time_zone": "UTC", "first_start": first}
    series = (await call("POST", "/schedules", {**wish, "duration_minutes": 45})).body["id"]
    await call("GET", f"/schedules/{series}")
    await call("PATCH", f"/schedules/{series}", {"title": "t", "rule": "FREQ=WEEKLY;INTERVAL=2;COUNT=3"})
    await services.courses.schedules.extend()
    found = (await call("GET", "/lessons?kind=live")).body["items"]
    held = next(one for one in found if one["schedule_id"] == series)
    await call("GET", f"/lessons/{held['id']}/people")
    live = await api.open_room(held["room_id"])
    await services.courses.lesson_watch.look()
    live.close()
    await call("PATCH", f"/lessons/{held['id']}", {"cancelled": True})
    await call("DELETE", f"/lessons/{held['id']}")
    for body in ({}, {"course_id": course_id}):
        made = await api.call("POST", "/api/v1/calendars", body, by=pupil)
        url = made.body["url"]
        assert (await api.call("GET", url[url.index("/api/") :])).status == 200
    await api.call("DELETE", f"/api/v1/calendars/{made.body['id']}", by=pupil)
    await call("DELETE", f"/schedules/{series}")
    await services.courses.lesson_rooms.complete()
    await services.courses.lesson_recordings.sweep()
    await services.courses.lesson_recordings.announce(MISSING, ended=True)


async def read_notifications(api: Api, pupil: Person) -> None:
    """What somebody was told, and what becomes of it."""
    listed = (await api.call("GET", "/api/v1/notifications?limit=1", by=pupil)).body["items"]
    for path, body in ((f"/{listed[0]['id']}", {"read": True}), (f"/{listed[0]['id']}", {"read": False})):
        answer = await api.call("PATCH", f"/api/v1/notifications{path}", body, by=pupil)
        assert answer.status == 200, answer
    for wish in ({"up_to": listed[0]["id"]}, {}):
        assert (await api.call("POST", "/api/v1/notifications/read", wish, by=pupil)).status == 200
    choices = "/api/v1/notifications/settings"
    for _ in range(2):
        wish = {"digest_hour": 6, "time_zone": "UTC", "kinds": {"announcement": "none", "removed": None}}
        assert (await api.call("PATCH", choices, wish, by=pupil)).status == 200
    notifications = api.server.services.notifications
    stop = notifications.unsubscribing.address(pupil.user_id, "digest")
    stop = stop[stop.index("/api/") :]
    for method in ("GET", "POST"):
        assert (await api.call(method, stop)).status == 200
    for mail in ("at_once", "daily"):
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(rows).where(rows.c.user_id == pupil.user_id).values(mail=mail))
        await notifications.mailer._write_some()
        assert await notifications.mailer.write_digests() == 0
        await notifications.mailer._write_digests([pupil.user_id], datetime.now(UTC))
    await notifications.service.trim()


async def _write_quizzes(call: Callable[..., Awaitable[Answer]], pupil: Person) -> None:
    """A quiz, taken, graded anew and by hand."""
    wish = {"kind": "numeric", "text": "x", "value": 1, "tags": ["x"]}
    question, other = [(await call("POST", "/questions", wish)).body["id"] for _ in range(2)]
    await call("PATCH", f"/questions/{question}", {"tags": ["y"], "value": 2})
    parts = [{"question_id": question}, {"tag": "x", "count": 2}]
    quiz = {"title": "q", "published": True, "results": "at_once", "parts": parts}
    at = f"/quizzes/{(await call('POST', '/quizzes', quiz)).body['id']}"
    attempt = f"{at}/attempts/{(await call('POST', f'{at}/attempts', by=pupil)).body['id']}"
    await call("PUT", f"{at}/extra-time/{pupil.user_id}", {"minutes": 5})
    await call("PATCH", at, {"time_limit_minutes": 9, "parts": parts})
    await call("PUT", f"{attempt}/answers/{question}", {"answer": {"value": 2}}, by=pupil)
    await call("POST", f"{attempt}/end", by=pupil)
    await call("POST", f"{at}/regrade")
    await call("PUT", f"{attempt}/points/{question}", {"points": 1, "reason": "x"})
    for path in (attempt, at, f"{at}/extra-time", f"{at}/attempts", f"{at}/attempts?user_id={pupil.user_id}"):
        await call("GET", path)
    await call("GET", f"{at}/attempts?cursor={encode_cursor(MISSING)}", by=pupil)
    await call("GET", f"{at}/extra-time?cursor={encode_cursor(MISSING)}")
    await call("GET", "/quiz-results/export")
    await call("DELETE", f"/questions/{other}")
    unused = (await call("POST", "/quizzes", {"title": "q"})).body["id"]
    await call("DELETE", f"/quizzes/{unused}")


async def take_courses(api: Api, person: Person, count: int, first: int) -> None:
    """Somebody in so many more courses."""
    database = api.server.services.database
    async with database.transaction() as tx:
        courses = await add_rows(tx, "courses", count, first, status="active")
        for number, course in enumerate(courses, first):
            mine = {"course_id": course["id"], "user_id": person.user_id, "added_by": None}
            await add_rows(tx, "course_enrollments", 1, number, **mine)


async def fill_course(api: Api, course_id: str, count: int, first: int, **fixed: str) -> None:
    """So many more people in the course, some of them waiting unless `fixed` says what they are."""
    database = api.server.services.database
    async with database.transaction() as tx:
        people = await add_rows(tx, "users", count, first)
        for number, one in enumerate(people, first):
            theirs = {"course_id": course_id, "user_id": one["id"], "added_by": None, **fixed}
            await add_rows(tx, "course_enrollments", 1, number, **theirs)
