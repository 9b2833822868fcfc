"""Who may call the REST service, from where and how often."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import socketio
from sqlalchemy import select

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.sfu.material import UNKNOWN, Service, room_names, service_token, state
from tests.api.socket_clients import School
from tests.serving import UNLIMITED, serving
from vtp.accounts.tables import audit_log
from vtp.accounts.tokens import room_claims
from vtp.settings import SfuSettings

ENDPOINTS = [
    ("GET", "/sfu/rooms"),
    ("GET", "/sfu/rooms/algebra"),
    ("POST", "/sfu/rooms/algebra/peers"),
    ("POST", "/sfu/rooms/algebra/peers/one/leave"),
    ("POST", "/sfu/rooms/algebra/transports"),
    ("POST", "/sfu/rooms/algebra/plain-transports"),
    ("POST", f"/sfu/rooms/algebra/plain-transports/{UNKNOWN}/connect"),
    ("GET", "/sfu/rooms/algebra/peers/one/sdp"),
    ("POST", "/sfu/rooms/algebra/producers"),
    ("POST", "/sfu/rooms/algebra/consumers"),
    ("POST", "/sfu/rooms/algebra/data-producers"),
    ("POST", "/sfu/rooms/algebra/data-consumers"),
    *[
        ("POST", f"/sfu/rooms/algebra/transports/{UNKNOWN}/{verb}")
        for verb in ("connect", "restart-ice", "close")
    ],
    *[("POST", f"/sfu/rooms/algebra/producers/{UNKNOWN}/{verb}") for verb in ("pause", "resume", "close")],
    *[
        ("POST", f"/sfu/rooms/algebra/consumers/{UNKNOWN}/{verb}")
        for verb in ("pause", "resume", "close", "layers", "keyframe")
    ],
    ("POST", f"/sfu/rooms/algebra/data-producers/{UNKNOWN}/close"),
    *[("POST", f"/sfu/rooms/algebra/data-consumers/{UNKNOWN}/{verb}") for verb in ("resume", "close")],
    *[
        ("GET", f"/sfu/rooms/algebra/{kind}/{UNKNOWN}/stats")
        for kind in ("transports", "producers", "consumers")
    ],
]


async def test_no_other_token_opens_any_endpoint(service: Service, school: School) -> None:
    declared = {
        (route.method, str(route.resource.canonical))
        for route in service.api.server.application.router.routes()
        if route.resource is not None and str(route.resource.canonical).startswith("/sfu/rooms")
    } - {("HEAD", path) for path in ("/sfu/rooms", "/sfu/rooms/{room}")}
    assert len({one for one in declared if one[0] != "HEAD"}) == len(ENDPOINTS), "all are in the table"
    people = [await school.api.person(role) for role in ("admin", "teacher", "assistant", "student")]
    room = await school.room(people[1])
    services = school.api.server.services
    now = datetime.now(UTC)
    found = await services.rooms.find(room)
    claims = room_claims(found.id, publish=True, watch=True, full_name="OBS", now=now, ttl=timedelta(hours=1))
    old = service_token(service.api, ttl=timedelta(seconds=1), made=now - timedelta(hours=1))
    wrong: list[Any] = [None, "", "nonsense", "a.b.c", old, services.accounts.tokens.sign_room(claims, now)]
    wrong += [one.access_token for one in people]
    await service.join("one")
    before = state(school.api)
    for method, path in ENDPOINTS:
        for token in wrong:
            answer = await school.api.call(
                method, path, {"peerId": "one", "direction": "send"} if method == "POST" else None, by=token
            )
            assert answer.status == 401, (method, path, token, answer)
            if token and "/" not in token:
                in_path = path.replace("/sfu/", f"/sfu/t/{token}/", 1)
                answer = await school.api.call(method, in_path, {} if method == "POST" else None)
                assert answer.status == 401 and token not in json.dumps(answer.body), (method, in_path)
    assert state(school.api) == before


async def test_a_service_token_opens_nothing_but_sfu(service: Service, school: School) -> None:
    teacher = await school.api.person("teacher")
    await school.room(teacher)
    for method, path in [
        ("GET", "/api/v1/rooms"),
        ("GET", "/api/v1/rooms/algebra"),
        ("GET", "/api/v1/auth/profile"),
        ("GET", "/api/v1/users"),
        ("GET", "/api/v1/recordings"),
        ("GET", "/api/v1/signalling/rooms/stats"),
        ("POST", "/api/v1/recordings/start"),
        ("POST", "/whip/algebra"),
        ("POST", "/whep/algebra"),
        ("DELETE", "/api/v1/signalling/room/delete?room_id=algebra"),
    ]:
        answer = await school.api.call(method, path, by=service.token)
        assert (answer.status, answer.body["code"]) == (401, "wrong_kind_of_token"), path
    client = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(school.api.base_url, auth={"token": service.token})
    await client.disconnect()


async def test_the_service_is_off_unless_it_is_switched_on(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        token = service_token(api)
        for method, path in [*ENDPOINTS, ("GET", "/sfu/health")]:
            answer = await api.call(method, path, {} if method == "POST" else None, by=token)
            assert (answer.status, answer.body["status"]) == (404, 404), path


async def test_a_token_in_the_path_is_taken_and_written_down_nowhere(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    root = f"/sfu/t/{service.token}"
    listed = await service.api.call("GET", f"{root}/rooms")
    assert listed.status == 200 and listed.headers["Cache-Control"] == "no-store"
    assert listed.headers["Referrer-Policy"] == "no-referrer"
    made = await service.api.call("POST", f"{root}/rooms/algebra/peers", {"peerId": "one", "role": "viewer"})
    assert made.status == 200 and made.headers["Cache-Control"] == "no-store"
    refused = await service.api.call(
        "POST", f"{root}/rooms/algebra/transports", {"peerId": "one", "direction": "send"}
    )
    assert refused.status == 403 and refused.body["instance"] == "/sfu/t/[token]/rooms/algebra/transports"
    for path in (
        f"{root}/nothing",
        f"{root}/rooms/none/peers/x/leave",
        f"/sfu//t/{service.token}/rooms",
        f"/sfu/t%2F{service.token}/rooms",
        f"/sfu/{service.token}/rooms",
        f"/{service.token}",
    ):
        missing = await service.api.call("GET", path)
        assert missing.status in (404, 405) and service.token not in json.dumps(missing.body), path
        assert missing.headers["Cache-Control"] == "no-store"
    database = service.api.server.services.database
    async with database.read() as tx:
        rows = [str(dict(row._mapping)) for row in await tx.execute(select(audit_log))]
    assert any("authz_fail" in row for row in rows), "the refusal is in the audit log"
    secret = service.token.rsplit(".", 1)[1]
    assert "[token]" in caplog.text, "requests are logged at this level"
    assert not [line for line in [*rows, caplog.text] if secret in line]


async def test_a_token_may_be_kept_from_making_rooms(service: Service) -> None:
    bound = Service(service.api, service_token(service.api, create=False))
    refused = await bound.call("POST", "/rooms/new-room/peers", {"peerId": "one"})
    assert refused.status == 404
    assert (await service.call("GET", "/rooms/new-room")).status == 404
    await service.join("first")
    await bound.join("second", role="teacher")
    assert [one["role"] for one in (await bound.get())["peers"]] == ["student", "teacher"]


async def test_trusted_addresses_need_no_token_and_web_pages_there_do(tmp_path: Path) -> None:
    async with serving(tmp_path / "one", sfu=SfuSettings(enabled=True)) as api:
        assert (await api.call("GET", "/sfu/rooms")).status == 401, "loopback is not trusted by itself"
    trusted = SfuSettings(enabled=True, trusted_addresses=["127.0.0.0/8"])
    async with serving(tmp_path / "two", sfu=trusted, trusted_proxies=["127.0.0.1"]) as api:
        assert (await api.call("GET", "/sfu/rooms")).status == 200
        made = await api.call("POST", "/sfu/rooms/algebra/peers", {"peerId": "one"})
        assert made.status == 200
        assert (await api.call("GET", "/sfu/rooms", by="nonsense")).status == 401
        outside = {"X-Forwarded-For": "203.0.113.9"}
        assert (await api.call("GET", "/sfu/rooms", headers=outside)).status == 401
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": api.base_url},
            {"Sec-Fetch-Site": "same-origin"},
            {"Host": "evil.example"},
        ):
            answer = await api.call("GET", "/sfu/rooms", headers=headers)
            assert (answer.status, answer.body["code"]) == (403, "service_token_needed"), headers


async def test_open_rooms_do_not_open_the_service(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", open_rooms=True, sfu=SfuSettings(enabled=True)) as api:
        assert (await api.call("GET", "/sfu/rooms")).status == 401
        service = Service(api, service_token(api))
        await service.join("one")
        missing = await service.call("POST", "/rooms/typo/transports", {"peerId": "one", "direction": "send"})
        assert missing.status == 404 and await room_names(api, service) == ["algebra"]


async def test_calls_are_limited_per_token(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sfu_calls_per_10_seconds": 5})
    async with serving(tmp_path / "data", limits=limits, sfu=SfuSettings(enabled=True)) as api:
        first, second = Service(api, service_token(api)), Service(api, service_token(api))
        statuses = [(await first.call("GET", "/rooms")).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert (await second.call("GET", "/rooms")).status == 200


async def test_the_whole_service_is_in_the_openapi_document(service: Service) -> None:
    document = (await service.api.call("GET", "/api/openapi.json")).body
    paths = {path for path in document["paths"] if path.startswith("/sfu/")}
    assert len(paths) == len({path.replace("algebra", "{room}") for _, path in ENDPOINTS}) + 1
    assert document["paths"]["/sfu/rooms/{room}/transports"]["post"]["security"] == [{"bearer": []}]
    assert not [path for path in paths if "service_token" in path]


async def test_a_service_brings_members_alone_into_a_lesson_and_none_with_more_rights(
    service: Service,
) -> None:
    api = service.api
    teacher, outsider = await api.person("teacher"), await student(api, "outsider")
    pupil, watcher = await student(api, "pupil"), await student(api, "watcher")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    given = {"user_id": watcher.user_id, "role": "viewer"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    wish = {"kind": "live", "title": "Lenses"}
    lesson = (await api.call("POST", f"{BASE}/{course}/lessons", wish, by=teacher)).body
    service.room = lesson["room_id"]
    for more, code in (
        ({}, "members_only"),
        ({"role": "guest"}, "members_only"),
        ({"userId": outsider.user_id}, "not_in_course"),
        ({"userId": outsider.user_id, "role": "guest"}, "not_in_course"),
        ({"userId": outsider.user_id, "role": "teacher"}, "not_in_course"),
    ):
        answer = await service.call("POST", f"/rooms/{service.room}/peers", {"peerId": "one", **more})
        assert (answer.status, answer.body["code"]) == (403, code), more
    assert state(api) == [], "the room is not even open"
    for who, role in ((pupil, "teacher"), (watcher, "student")):
        await service.join(who.email, userId=who.user_id, role=role)
    [live] = api.server.services.live_rooms.rooms
    seen = {one.participant_id: one for one in live.people.participants}
    assert {id_: (str(one.role), one.is_producer) for id_, one in seen.items()} == {
        pupil.email: ("student", True),
        watcher.email: ("student", False),
    }
