"""What the API asks the database: an index on every path, and no question per row."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint, text

from tests.api.callers import MISSING
from tests.api.course_material import BASE as COURSES
from tests.api.course_material import make_course
from tests.api.course_statements import course_reads, fill_course, take_courses, write_courses
from tests.api.coursework_statements import write_coursework
from tests.explained import scans_in
from tests.filled import add_rows, fill
from tests.serving import PASSWORD, Api, Person, serving
from tests.statements import hearing
from vtp.coursework.grade_store import page_of_pupils
from vtp.db import Database
from vtp.db.dump import reflect
from vtp.db.urls import Dialect
from vtp.faces import build_tables
from vtp.http.pagination import encode_cursor
from vtp.ids import new_id

pytestmark = pytest.mark.both_databases

# Statements that read a whole table, and why they may.
EXEMPT = {
    r"FROM users.*(?i:LIKE)": "search within names and addresses: no index of ours finds a substring",
    r"FROM courses.*(?i:LIKE)": "search within codes, names and descriptions of courses",
    r"FROM course_enrollments JOIN users.*(?i:LIKE)": "search within the names of who takes part",
    r"FROM recordings.*(?i:LIKE)": "search within titles and descriptions",
    r"SELECT count\(\*\) AS count_1\s+FROM recordings": "the older contract answers the total of a list",
    r"FROM webhooks": "at most 1,000 of them",
    r"count\(\*\).*FROM webhook_deliveries": "at the start and once a minute, by an index",
    r"webhook_deliveries.*(?i:LIKE)": "who is named in them, for export and erasure: days of rows (0064)",
    r"idempotency_keys.*(?i:LIKE)": "the same: a day of rows",
    r"DELETE FROM idempotency_keys.*people IS NULL": "at an erasure: a day of rows",
    r"DELETE FROM setup_tokens": "a few rows, at the start",
    r"FROM alembic_version": "one row",
    r"FROM course_recordings JOIN courses.*GROUP BY": "what each course has, for administrators: all of them",
    r"FROM mails\s+WHERE mails.failed_at IS NOT NULL": "for administrators: days of rows",
    r"FROM course_totals\s+LIMIT": "each hour: whether a course has become nobody's",
    r"lesson_classes\.totals IS NOT NULL": "each hour, where one has: its classes",
    r"SELECT poll_votes\.poll_id": "the same: who voted in them",
    r"FROM analytics_alerts JOIN course_totals": "the same: alerts about its students",
    r"UPDATE analytics_anonymizing": "one row",
    r"UPDATE recordings SET expires_at.*IS NOT NULL": "each hour, where recordings are kept for any time",
    r"SELECT recording_terms.room_id\s+FROM recording_terms\s+LIMIT": "each hour: whether there is one",
    r"FROM recording_captions\s+WHERE recording_captions.language LIKE": "each hour: those that were deleted",
    r"SELECT courses.id\s+FROM courses\s+WHERE courses.status": "each hour all that run are looked at",
}
ROOM = "physics"


@dataclass
class Pupils:
    """Who calls, and what there is to ask for."""

    admin: Person
    teacher: Person
    room_id: str
    hook_id: str = ""
    course_id: str = ""


async def prepared(api: Api) -> Pupils:
    admin, teacher = await api.person("admin"), await api.person("teacher")
    wish = {"room_id": ROOM, "room_name": "Physics"}
    room = await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)
    hook = await api.call("POST", "/api/v1/webhooks", {"url": "https://a.example/h", "events": []}, by=admin)
    assert hook.status in (201, 422), hook
    if hook.status == 422:
        asked = {"url": "https://a.example/h", "events": ["room.created"]}
        hook = await api.call("POST", "/api/v1/webhooks", asked, by=admin)
    course = await make_course(api, teacher, max_students=2)
    return Pupils(admin, teacher, room.body["room_id"], hook.body["id"], course)


def all_reads(api: Api, who: Pupils) -> list[str]:
    """What pages and programs read, and every route that reads at all."""
    room = f"/api/v1/rooms/{ROOM}"
    hook = f"/api/v1/webhooks/{who.hook_id}"
    return [
        "/api/v1/rooms?limit=2",
        f"/api/v1/rooms?cursor={encode_cursor(who.room_id)}",
        room,
        f"/api/v1/rooms/{who.room_id}",
        f"{room}/links",
        f"{room}/bans",
        f"{room}/polls",
        f"{room}/chat",
        f"{room}/chat?search=hello",
        f"{room}/connections",
        "/api/v1/signalling/rooms/stats",
        f"/api/v1/signalling/room/stats?room_id={ROOM}",
        "/api/v1/recordings",
        f"/api/v1/recordings?room_id={ROOM}&status=ready",
        "/api/v1/recordings?search=optics",
        "/api/v1/recordings?status=deleted",
        f"/api/v1/recordings/{new_id()}",
        "/api/v1/users?limit=2",
        "/api/v1/users?pending=true",
        "/api/v1/users?search=ada",
        f"/api/v1/users/{who.teacher.user_id}",
        "/api/v1/auth/profile",
        "/api/v1/auth/sessions",
        "/api/v1/webhooks",
        hook,
        f"{hook}/deliveries",
        f"{hook}/deliveries?status=pending",
        *course_reads(who.course_id, who.teacher),
        *_declared_reads(api, who),
    ]


async def visit_everything(api: Api, who: Pupils) -> None:
    """Calls what reads and writes, the way pages and programs do."""
    room = f"/api/v1/rooms/{ROOM}"
    hook = f"/api/v1/webhooks/{who.hook_id}"
    for path in all_reads(api, who):
        for by in (who.admin, who.teacher) if path.startswith(COURSES) else (who.admin,):
            answer = await api.call("GET", path, by=by)
            assert answer.status < 500, (path, answer)
    link = await api.call("POST", f"{room}/links", {"label": "x"}, by=who.teacher)
    writes: list[tuple[str, str, object]] = [
        ("DELETE", f"{room}/links/{link.body.get('id', new_id())}", None),
        ("DELETE", f"{room}/bans/{new_id()}", None),
        ("PATCH", room, {"name": "Optics"}),
        ("PATCH", f"/api/v1/users/{who.teacher.user_id}", {"approved": True, "role": "assistant"}),
        ("PATCH", "/api/v1/auth/profile", {"full_name": "Ada"}),
        ("PATCH", hook, {"description": "x"}),
        ("POST", f"{hook}/rotate-secret", None),
        ("POST", f"{hook}/test", None),
        ("DELETE", f"/api/v1/recordings/{new_id()}", None),
        ("POST", "/api/v1/auth/refresh", {"refresh_token": who.teacher.refresh_token}),
        ("POST", "/api/v1/auth/login", {"email": who.admin.email, "password": PASSWORD}),
        ("DELETE", f"/api/v1/auth/sessions/{new_id()}", None),
        ("DELETE", hook, None),
        ("DELETE", room, None),
    ]
    for method, path, body in writes:
        key = {"Idempotency-Key": new_id()} if method == "POST" else None
        answer = await api.call(method, path, body, by=who.admin, headers=key)
        assert answer.status < 500, (method, path, answer)
    await write_coursework(api, who.course_id, who.admin, who.teacher)
    await write_courses(api, who.course_id, who.admin, who.teacher)
    services = api.server.services
    await services.personal.upkeep.once()
    await services.accounts.revocations.look()
    await services.deliveries.clean_up()
    await services.retention.sweep()


def _declared_reads(api: Api, who: Pupils) -> list[str]:
    """Every route that reads, whoever has added it."""
    known = {"room": ROOM, "user_id": who.teacher.user_id}
    routes = [route for table in build_tables(api.server.services) for route in table.routes]
    return [
        re.sub(r"{(\w+)[^}]*}", lambda name: known.get(name[1], MISSING), route.path)
        for route in routes
        if route.method == "GET" and route.path.startswith("/api/v1")
    ]


async def test_no_statement_reads_a_table_from_end_to_end(database_url: str, tmp_path: Path) -> None:
    database = await Database.open(database_url)
    async with database.transaction() as tx:
        await fill(tx, 40)
        await tx.execute(text("DELETE FROM webhooks"))  # or the server would send to them
    await database.close()
    with hearing() as heard:
        async with serving(tmp_path / "data", database_url) as api:
            who = await prepared(api)
            await visit_everything(api, who)
    asked = set(heard.texts())
    statements = {one: parameters for one, parameters in heard.statements if one in asked}
    assert len(statements) > 60, "fewer statements than the API has"
    scans = await scans_in(database_url, statements)
    bad = [
        f"{plan}: {text}"
        for text, plan in scans
        if not any(re.search(pattern, text, re.DOTALL) for pattern in EXEMPT)
    ]
    assert not bad, "\n\n".join(bad)


Add = Callable[[Api, Pupils, int, int], Awaitable[None]]


def rows_of(table: str, **names: str) -> Add:
    """Rows of a table that belong to the caller; `names` says which column holds what."""

    async def add(api: Api, who: Pupils, count: int, first: int) -> None:
        fixed = {column: getattr(who, name) for column, name in names.items()}
        more: dict[str, Any] = {"deleted_at": None} if table in ("rooms", "chat_messages") else {}
        if table == "chat_messages":
            more |= {"to_person": None, "cleared": False, "group_id": ""}
        if table == "recordings":
            more = {"status": "ready", "deleted_at": None}
        if table == "courses":
            more = {"status": "active", "listed": True}
        if table == "quiz_questions":
            more = {"retired_at": None}
        if table == "sessions":
            at = datetime.now(UTC) + timedelta(days=1)
            if api.server.services.database.url.dialect is Dialect.SQLITE:
                at = at.replace(tzinfo=None)
            more = {"idle_expires_at": at, "expires_at": at, "revoked_at": None}
        async with api.server.services.database.transaction() as tx:
            await add_rows(tx, table, count, first, **fixed, **more)

    return add


async def open_rooms(api: Api, who: Pupils, count: int, first: int) -> None:
    for number in range(first, first + count):
        wish = {"room_id": f"live-{number}", "room_name": "Live"}
        await api.call("POST", "/api/v1/signalling/room/create", wish, by=who.teacher)
        await api.open_room(f"live-{number}")


async def courses_taken(api: Api, who: Pupils, count: int, first: int) -> None:
    await take_courses(api, who.admin, count, first)


async def people_enrolled(api: Api, who: Pupils, count: int, first: int) -> None:
    await fill_course(api, who.course_id, count, first)


async def people_graded(api: Api, who: Pupils, count: int, first: int) -> None:
    """Students and assignments, each with a grade and what was handed in."""
    await fill_course(api, who.course_id, count, first, role="student", status="active")
    async with api.server.services.database.transaction() as tx:
        tasks = await add_rows(tx, "assignments", count, first, course_id=who.course_id, lesson_id=None)
        people = await page_of_pupils(tx, who.course_id, limit=count, after=None)
        for number, (task, pupil) in enumerate(zip(tasks, people, strict=True), first):
            its = {"assignment_id": task["id"], "user_id": pupil.user_id}
            await add_rows(tx, "submissions", 1, number, **its, owner=pupil.user_id, group_id=None)
            await add_rows(tx, "grades", 1, number, **its, submission_id=None, graded_by=None)


LISTS: dict[str, tuple[str, Add]] = {
    "rooms": ("/api/v1/rooms?limit=200", rows_of("rooms")),
    "live rooms": ("/api/v1/signalling/rooms/stats", open_rooms),
    "recordings": ("/api/v1/recordings?limit=200", rows_of("recordings", room_id="room_id")),
    "users": ("/api/v1/users?limit=200", rows_of("users")),
    "sessions": ("/api/v1/auth/sessions", rows_of("sessions", user_id="admin_id")),
    "links": (f"/api/v1/rooms/{ROOM}/links", rows_of("guest_links", room_id="room_id")),
    "webhooks": ("/api/v1/webhooks?limit=200", rows_of("webhooks")),
    "deliveries": ("/api/v1/webhooks/HOOK/deliveries", rows_of("webhook_deliveries", webhook_id="hook_id")),
    "chats": (f"/api/v1/rooms/{ROOM}/chat", rows_of("chat_messages", room_id="room_id")),
    "polls": (f"/api/v1/rooms/{ROOM}/polls", rows_of("polls", room_id="room_id")),
    "courses": ("/api/v1/courses?limit=200", rows_of("courses")),
    "courses of one": ("/api/v1/courses/my-enrollments", courses_taken),
    "enrolments": ("/api/v1/courses/COURSE/enrollments", people_enrolled),
    "sections": ("/api/v1/courses/COURSE/sections", rows_of("course_sections", course_id="course_id")),
    "lessons": (
        "/api/v1/courses/COURSE/lessons",
        rows_of("lessons", course_id="course_id", section_id="nobody"),
    ),
    "codes": ("/api/v1/courses/COURSE/invitations", rows_of("course_invitations", course_id="course_id")),
    "announcements": (
        "/api/v1/courses/COURSE/announcements",
        rows_of("course_announcements", course_id="course_id"),
    ),
    "materials": ("/api/v1/courses/COURSE/materials", rows_of("materials", course_id="course_id")),
    "assignments": ("/api/v1/courses/COURSE/assignments", rows_of("assignments", course_id="course_id")),
    "grade book": ("/api/v1/courses/COURSE/grades", people_graded),
    "questions": ("/api/v1/courses/COURSE/questions", rows_of("quiz_questions", course_id="course_id")),
    "quizzes": ("/api/v1/courses/COURSE/quizzes", rows_of("quizzes", course_id="course_id")),
    "bans": (f"/api/v1/rooms/{ROOM}/bans", rows_of("room_bans", room_id="room_id", user_id="nobody")),
}


@pytest.mark.both_databases
async def test_a_list_asks_as_much_for_many_rows_as_for_few(api: Api) -> None:
    who = await prepared(api)
    who.__dict__ |= {"admin_id": who.admin.user_id, "nobody": None}
    asked = {
        name: await asked_for_few_and_for_many(api, who, *LISTS[name], first=20 * place)
        for place, name in enumerate(LISTS)
    }
    more = {name: texts for name, texts in asked.items() if not len(texts[0]) == len(texts[1]) > 0}
    assert not more, more


async def asked_for_few_and_for_many(
    api: Api, who: Pupils, path: str, add: Add, first: int
) -> list[list[str]]:
    """The statements of a call for a list, with two rows more in it and with eleven more than that."""
    path = path.replace("HOOK", who.hook_id).replace("COURSE", who.course_id)
    asked, lengths = [], []
    for count, number in ((2, first), (11, first + 2)):
        await add(api, who, count, number)
        with hearing() as heard:
            answer = await api.call("GET", path, by=who.admin)
        assert answer.status == 200, answer
        lengths.append(len(next(value for value in answer.body.values() if isinstance(value, list))))
        asked.append(heard.of_calls)
    assert lengths[1] >= lengths[0] + 11, (path, lengths)
    return asked


async def test_every_column_that_names_another_row_has_an_index(database: Database) -> None:
    """Or deleting one row would read all those that might name it."""
    async with database.read() as tx:
        tables = await reflect(tx)
    for table in tables:
        leading = {next(iter(index.columns)).name for index in table.indexes}
        leading |= {next(iter(table.primary_key.columns)).name}
        unique = (c for c in table.constraints if isinstance(c, UniqueConstraint))
        leading |= {next(iter(one.columns)).name for one in unique}
        for key in table.foreign_key_constraints:
            assert key.column_keys[0] in leading, f"{table.name}.{key.column_keys[0]}"
