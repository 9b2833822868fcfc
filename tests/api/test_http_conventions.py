"""What holds for every route of the whole server, walked: lists, entity tags, caching, methods, bodies."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.api.assignment_material import assign
from tests.api.callers import MISSING
from tests.api.course_material import BASE, SERIES, WISH, add_lesson, add_section, enrol, make_course
from tests.api.coursework_material import add_material
from tests.api.quiz_material import add_question, make_quiz
from tests.api.recording_material import add_finished
from tests.serving import Answer, Api, Person, serving
from vtp.db.tables import idempotency_keys
from vtp.errors import Unavailable
from vtp.faces import build_tables
from vtp.http.idempotency import IdempotencyStore
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Route
from vtp.settings import SfuSettings

SNAPSHOTS = {
    "/api/v1/server/settings": "the settings, which the program has",
    "/api/v1/streaming/rooms/{room}/participants": "who is there at this moment, in an older client's words",
    "/api/v1/rooms/{room}/connections": "who is there at this moment, all of them",
    "/api/v1/signalling/rooms/stats": "who is there at this moment, in an older client's words",
    "/api/v1/signalling/room/stats": "who is in one room at this moment",
    "/sfu/rooms": "the rooms that are open at this moment",
    "/api/v1/auth/oidc": "the providers in the settings",
    "/api/v1/auth/identities": "one per provider in the settings",
    "/api/v1/recordings/{id}/captions": "one per language, of which there are few",
    "/api/v1/home": "the first of several lists, of which the courses have the rest",
    "/api/v1/notifications/settings": "the kinds of news, which the program has",
    "/api/v1/audit/events": "the names of events, which the program has",
    "/api/v1/jobs": "two at most of each recording that is named",
    "/api/v1/recordings/usage": "a summary: the rooms that are fullest, a hundred at most",
}
"""Reads that give several things and are no lists that grow."""
NOT_REPEATED = {
    "/whip/{room}": "a media session (RFC 9725), which ends within seconds of its client",
    "/whep/{room}": "a media session, which ends within seconds of its client",
    "/api/v1/connection-checks": "ends by itself after 20 s",
    "/api/v1/courses/{id}/materials/{material_id}/versions": "a file, which is not read twice to compare it",
    "/api/v1/courses/{id}/assignments/{assignment_id}/submissions/{submission_id}/files": "likewise",
    "/api/v1/courses/{id}/assignments/{assignment_id}/grades/{student_id}/files": "likewise",
    "/api/v1/auth/setup": "its token is good once, and its answer is a session",
    "/api/v1/auth/accept-invitation": "its token is good once, and its answer is a session",
}
"""POSTs that create and take no Idempotency-Key."""
OF_STUDENTS = {
    f"{BASE}/{{id}}/assignments/{{assignment_id}}/submissions/{{submission_id}}{ending}"
    for ending in ("", "/hand-in")
}
"""Whose drafts no administrator writes: `test_coursework_assignments` has them with an old `If-Match`."""
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}


def declared(api: Api) -> list[Route]:
    return [route for table in build_tables(api.server.services) for route in table.routes]


def filled(route: Route, names: Mapping[str, str]) -> str:
    """The path with things that exist, and `MISSING` where a name stands for nothing known."""
    return re.sub(r"\{(\w+)(?::[^{}]*)?\}", lambda match: names.get(match[1], MISSING), route.path)


@pytest.fixture
async def api(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Api]:
    """On one database: none of this hangs on which."""
    file = tmp_path / "vtp.sqlite3"
    shutil.copy(migrated_sqlite, file)
    async with serving(tmp_path / "data", f"sqlite:///{file}") as running:
        yield running


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.person("admin")


def bodies(api: Api) -> Iterator[Route]:
    """Routes that take JSON, once per address."""
    for route in declared(api):
        if route.body is not None and route.access is not Access.SERVICE:
            yield route


async def test_every_list_has_pages(api: Api) -> None:
    for route in declared(api):
        fields = route.reply.model_fields if route.reply is not None else {}
        lists = {name for name, info in fields.items() if str(info.annotation).startswith("list[")}
        if route.method != "GET" or not lists & {"items", "rooms", "recordings", "participants"}:
            continue
        if route.path in SNAPSHOTS:
            continue
        assert route.query is not None and issubclass(route.query, PageQuery), route.path
        assert {"items", "next_cursor"} <= set(fields), route.path


async def test_a_page_names_the_next_one_in_its_body_and_in_a_link(api: Api, admin: Person) -> None:
    for number in range(3):
        await api.person("student", f"student{number}@school.example")
    seen, path = [], "/api/v1/users?limit=2&search=school"
    while path:
        page = await api.call("GET", path, by=admin)
        seen += [user["user_id"] for user in page.body["items"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', page.headers.get("Link", ""))
        assert (link is None) == (page.body["next_cursor"] is None)
        path = link[1] if link else ""
        assert not path or ("search=school" in path and "limit=2" in path)
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.both_databases
async def test_sessions_come_in_pages_too(api: Api) -> None:
    await api.person("student")
    people = [await api.sign_in("student@school.example") for _ in range(2)]
    seen, cursor = [], ""
    for _ in range(3):
        page = await api.call("GET", f"/api/v1/auth/sessions?limit=1{cursor}", by=people[0])
        seen += [session["session_id"] for session in page.body["items"]]
        cursor = f"&cursor={page.body['next_cursor']}"
    assert page.body["next_cursor"] is None
    assert len(set(seen)) == 3
    assert seen == sorted(seen, reverse=True)


async def test_every_call_that_creates_takes_an_idempotency_key(api: Api) -> None:
    creating = [route for route in declared(api) if route.method == "POST" and route.status == 201]
    assert {route.path for route in creating if not route.idempotent} <= set(NOT_REPEATED)
    assert len(creating) > 5


async def test_a_secret_is_answered_again_and_kept_in_the_clear_nowhere(api: Api, admin: Person) -> None:
    wish = {"url": "https://hooks.example/vtp", "events": ["*"]}
    key = {"Idempotency-Key": "of-a-hook"}
    first, again = [await api.call("POST", "/api/v1/webhooks", wish, by=admin, headers=key) for _ in range(2)]
    assert first.status == again.status == 201
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Cache-Control"] == "no-store"
    assert len((await api.call("GET", "/api/v1/webhooks", by=admin)).body["items"]) == 1
    async with api.server.services.database.read() as tx:
        row = (await tx.execute(idempotency_keys.select())).one()
    assert first.body["secret"] not in str(row)


async def test_every_read_has_an_entity_tag_and_is_not_read_twice(api: Api, admin: Person) -> None:
    names = await things(api, admin)
    for route in declared(api):
        if route.method != "GET" or route.reply is None or route.access is Access.SERVICE:
            continue
        path = with_query(route, names)
        first = await api.call("GET", path, by=admin)
        if first.status != 200:
            assert first.status in (403, 404, 409), (path, first)
            continue
        assert re.fullmatch(r'"[^"]+"', first.headers["ETag"]), path
        again = await api.call("GET", path, by=admin, headers={"If-None-Match": first.headers["ETag"]})
        if again.headers["ETag"] == first.headers["ETag"]:  # some tell the time
            assert (again.status, again.body) == (304, ""), path
        assert (await api.call("GET", path, by=admin, headers={"If-None-Match": '"other"'})).status == 200


async def test_nothing_that_somebody_was_answered_is_kept_by_a_browser(api: Api, admin: Person) -> None:
    names = await things(api, admin)
    for route in declared(api):
        if route.access is Access.SERVICE or route.hidden:
            continue
        answer = await api.call(route.method, with_query(route, names), by=admin)
        public = route.access is Access.PUBLIC and route.method == "GET" and answer.status < 400
        wanted = ("no-cache", "no-store") if public else ("no-store",)
        assert answer.headers["Cache-Control"] in wanted, f"{route.method} {route.path}"


async def test_every_change_that_takes_if_match_refuses_what_is_stale(api: Api, admin: Person) -> None:
    names = await things(api, admin)
    hook = await api.call("POST", "/api/v1/webhooks", {"url": "https://hooks.example/vtp"}, by=admin)
    guarded = [route for route in declared(api) if route.if_match]
    assert {route.path for route in guarded} >= OF_STUDENTS
    for route in guarded:
        if route.path in OF_STUDENTS:
            continue
        known = {"id": hook.body["id"]} if "webhooks" in route.path else {}
        if route.path.startswith(BASE):
            known = {"id": names["course"]}
        body = WISH if route.method == "PUT" and route.path.startswith(BASE) else {}
        path = filled(route, names | known)
        if path.endswith("/groups"):
            body = {"groups": []}
        stale = await api.call(route.method, path, body, by=admin, headers={"If-Match": '"stale"'})
        assert (stale.status, stale.body["code"]) == (412, "precondition_failed"), path
        tag = (await api.call("GET", path, by=admin)).headers["ETag"]
        weak = await api.call(route.method, path, body, by=admin, headers={"If-Match": f"W/{tag}"})
        assert weak.status == 412, path
        fresh = await api.call(route.method, path, body, by=admin, headers={"If-Match": f'"a", {tag}'})
        assert fresh.status == 200, fresh
    assert {route.path for route in guarded} - OF_STUDENTS == {
        "/api/v1/auth/profile",
        "/api/v1/users/{user_id}",
        "/api/v1/webhooks/{id}",
        "/api/v1/recordings/{id}",
        BASE + "/{id}",
        BASE + "/{id}/sections/{section_id}",
        BASE + "/{id}/lessons/{lesson_id}",
        BASE + "/{id}/announcements/{announcement_id}",
        BASE + "/{id}/schedules/{schedule_id}",
        BASE + "/{id}/materials/{material_id}",
        BASE + "/{id}/assignments/{assignment_id}",
        BASE + "/{id}/assignments/{assignment_id}/groups",
        BASE + "/{id}/assignments/{assignment_id}/grades/{student_id}",
        BASE + "/{id}/questions/{question_id}",
        BASE + "/{id}/quizzes/{quiz_id}",
        *(f"/api{version}/analytics/courses/{{course_id}}/attendance-rules" for version in ("", "/v1")),
    }


async def test_every_address_names_its_methods(api: Api) -> None:
    allowed: dict[str, set[str]] = {}
    for route in declared(api):
        allowed.setdefault(filled(route, {}), {"OPTIONS"}).add(route.method)
        if route.method == "GET":
            allowed[filled(route, {})].add("HEAD")
    for path, methods in allowed.items():
        options = await api.call("OPTIONS", path)
        named = set(options.headers["Allow"].split(", "))
        assert options.status == 204, path
        assert methods <= named, path  # `start` could be a recording's id too
        other = await api.call(min(METHODS - named), path)
        assert (other.status, other.body["code"]) == (405, "method_not_allowed"), path
        assert set(other.headers["Allow"].split(", ")) == named, path


async def test_head_answers_as_get_does_without_a_body(api: Api, admin: Person) -> None:
    names = await things(api, admin)
    for route in declared(api):
        if route.method == "GET" and route.reply is not None and route.access is not Access.SERVICE:
            head = await api.call("HEAD", with_query(route, names), by=admin)
            get = await api.call("GET", with_query(route, names), by=admin)
            assert (head.status, head.headers["Content-Type"]) == (
                get.status,
                get.headers["Content-Type"],
            ), route.path


async def test_every_body_is_of_the_kind_and_the_size_that_is_taken(api: Api, admin: Person) -> None:
    for route in bodies(api):
        path = filled(route, {})

        async def send(data: bytes, kind: str, route: Route = route, path: str = path) -> Answer:
            return await api.call(route.method, path, data=data, by=admin, headers={"Content-Type": kind})

        name = f"{route.method} {path}"
        assert (await send(b"{}", "text/plain")).status == 415, name
        assert (await send(b"{", "application/json")).status == 400, name
        assert (await send(b"[]", "application/json")).status == 422, name
        limit = route.max_body_bytes or api.server.services.settings.http.max_body_bytes
        large = await send(b" " * (limit + 1), "application/json")
        assert (large.status, large.body["code"]) == (413, "too_large"), name


async def test_all_faults_of_a_body_come_at_once(api: Api) -> None:
    wish = {"email": "nobody", "password": 3, "full_name": ""}
    answer = await api.call("POST", "/api/v1/auth/register", wish)
    assert answer.status == 422
    assert set(answer.pointers) == {"/email", "/password", "/full_name"}


@pytest.mark.drawn(2)
@pytest.mark.parametrize("given", ["a b", "a\tb", "é", "x" * 129, "<script>", "a,b"])
async def test_a_request_id_that_is_none_is_replaced(api: Api, given: str) -> None:
    answer = await api.call("GET", "/health", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] != given
    assert re.fullmatch(r"[A-Za-z0-9-]{36}", answer.headers["X-Request-ID"])


async def test_a_request_id_comes_back_in_header_and_problem(api: Api) -> None:
    answer = await api.call("GET", "/api/v1/users", headers={"X-Request-ID": "trace:7.a_b-c"})
    assert answer.headers["X-Request-ID"] == answer.body["request_id"] == "trace:7.a_b-c"


async def test_signing_out_clears_the_site_and_no_other(api: Api) -> None:
    answer = await api.call("POST", "/api/v1/auth/logout", by=await api.person("student"))
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


async def test_a_service_is_answered_alike(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("data")
    async with serving(data, sfu=SfuSettings(enabled=True, trusted_addresses=["127.0.0.1"])) as api:
        for path in ("/sfu/health", "/sfu/rooms"):
            answer = await api.call("GET", path)
            assert (answer.status, answer.headers["ETag"][0]) == (200, '"'), path
            assert answer.headers["Cache-Control"] in ("no-store", "no-cache"), path


async def things(api: Api, admin: Person) -> dict[str, str]:
    """One of everything that a path may name."""
    wish = {"room_id": "physics", "room_name": "Physics"}
    made = await api.call("POST", "/api/v1/signalling/room/create", wish, by=admin)
    room = made.body["room_id"]
    course = await make_course(api, admin)
    told = await api.call("POST", f"{BASE}/{course}/announcements", {"title": "x"}, by=admin)
    series = await api.call("POST", f"{BASE}/{course}/schedules", SERIES, by=admin)
    return {
        "room": room,
        "user_id": admin.user_id,
        "id": await add_finished(api, room, admin),
        "course": course,
        "course_id": course,
        "section_id": await add_section(api, course, admin),
        "lesson_id": await add_lesson(api, course, admin),
        "announcement_id": told.body["id"],
        "schedule_id": series.body["id"],
        "student_id": await _enrolled(api, course, admin),
        "material_id": await add_material(api, course, admin),
        "assignment_id": (await assign(api, course, admin, for_groups=True)).rpartition("/")[2],
        "question_id": await add_question(api, course, admin),
        "quiz_id": await make_quiz(api, course, admin, []),
    }


async def _enrolled(api: Api, course: str, by: Person) -> str:
    pupil = await api.person("student", "enrolled@school.example")
    assert (await enrol(api, course, by, student_id=pupil.user_id)).status == 201
    return pupil.user_id


def with_query(route: Route, names: Mapping[str, str]) -> str:
    if route.path.startswith(BASE):
        names = {**names, "id": names["course"]}
    fields = route.query.model_fields if route.query is not None else {}
    known = {"room_id": names["room"], "course_id": names["course"], "recording_ids": names["id"]}
    needed = {name: id_ for name, id_ in known.items() if name in fields and fields[name].is_required()}
    return filled(route, names) + (f"?{urlencode(needed)}" if needed else "")


async def test_what_was_made_is_answered_though_its_answer_cannot_be_kept(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or whoever repeats the call once the key is free would make it twice."""

    async def lost(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(IdempotencyStore, "finish", lost)
    teacher = await api.person("teacher")
    wish = {"room_id": "kept", "room_name": "Kept"}
    made = await api.call(
        "POST", "/api/v1/signalling/room/create", wish, by=teacher, headers={"Idempotency-Key": "k"}
    )
    assert made.status == 201
