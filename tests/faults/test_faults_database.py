"""The database goes away under a running server, and comes back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.course_material import enrol, make_course
from tests.api.recording_material import fetch
from tests.api.stream_material import start_stream, tune_in, until_listed
from tests.api.test_courses_lessons import live_lesson
from tests.api.test_recordings_class import publisher
from tests.postgres import PostgresServer, why_not
from tests.serving import PASSWORD, Api, serving
from vtp.recording import ends
from vtp.recording import grants as grants_module

LOGIN = {"email": "teacher@school.example", "password": PASSWORD}


pytestmark = pytest.mark.outage


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_without_its_database_the_server_says_so_and_recovers(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    async with serving(tmp_path / "data", own_postgres.create_database()) as api:
        person = await api.person("teacher")
        await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "Physics"}, by=person)
        own_postgres.stop()
        for method, path, body in (
            ("GET", "/api/v1/rooms", None),
            ("GET", "/api/v1/rooms/physics", None),
            ("POST", "/api/v1/signalling/room/create", {"room_name": "Maths"}),
            ("POST", "/api/v1/auth/login", LOGIN),
            ("POST", "/api/v1/auth/refresh", {"refresh_token": person.refresh_token}),
        ):
            answer = await api.call(method, path, body, by=person)
            assert (path, answer.status, answer.body["code"]) == (path, 503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        assert (await api.call("GET", "/health")).status == 200
        assert (await api.call("GET", "/ready")).status == 503
        own_postgres.start()
        assert (await api.call("GET", "/ready")).status == 200
        assert (await api.call("GET", "/api/v1/rooms", by=person)).status == 200
        renewed = await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": person.refresh_token})
        assert renewed.status == 200


async def test_calls_in_flight_when_the_database_dies_are_503_and_never_500(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    async with serving(tmp_path / "data", own_postgres.create_database()) as api:
        person = await api.person("teacher")
        statuses: asyncio.Queue[int] = asyncio.Queue()

        async def keep_calling() -> None:
            while True:
                statuses.put_nowait(await _create(api, person.access_token))

        callers = [asyncio.create_task(keep_calling()) for _ in range(6)]
        before = [await statuses.get() for _ in range(20)]
        await asyncio.to_thread(own_postgres.stop)
        during = [statuses.get_nowait() for _ in range(statuses.qsize())]
        after = [await statuses.get() for _ in range(20)]
        for task in callers:
            task.cancel()
        await asyncio.wait(callers)
        assert set(before) == {201}
        assert set(during) <= {201, 503}
        assert set(after[-6:]) == {503}
        own_postgres.start()
        assert await _create(api, person.access_token) == 201


async def test_recording_that_ends_while_the_database_is_away_is_kept_when_it_is_back(
    own_postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "SAVE_AGAIN_S", 0.1)
    async with serving(tmp_path / "data", own_postgres.create_database()) as api:
        person = await api.person("teacher")
        room = await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "Physics"}, by=person)
        wish = {"room_id": room.body["room_id"]}
        started = await api.call("POST", "/api/v1/recordings/start", wish, by=person)
        await asyncio.to_thread(own_postgres.stop)
        live = api.server.services.live_rooms.get(room.body["room_id"])
        assert live is not None
        live.close()
        while live.recording:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_postgres.start)
        path = f"/api/v1/recordings/{started.body['recording_id']}"
        async with asyncio.timeout(80):
            while (await api.call("GET", path, by=person)).body["status"] == "recording":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        answer = await api.call("GET", path, by=person)
        assert answer.body["status"] == "failed" and "Nothing was sent" in answer.body["error_message"]


async def test_who_watches_a_lesson_goes_on_by_a_worn_grant_while_the_database_is_away(
    own_postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path / "data", own_postgres.create_database()) as api:
        teacher, student = await api.person("teacher"), await api.person("student")
        course = await make_course(api, teacher)
        assert (await enrol(api, course, student)).status == 201
        room = (await live_lesson(api, course, teacher))["room_id"]
        await start_stream(api, teacher, room_id=room)
        async with publisher(api, teacher) as browser:
            await browser.publish(f"/whip/{room}", codec="video/H264")
            player = await tune_in(api, student, room)
            await until_listed(player, 1)
            monkeypatch.setattr(grants_module, "TTL_S", 24 * 3600)  # theirs has less than half of it left
            headers = {"Cookie": player.cookie, **student.headers}
            await asyncio.to_thread(own_postgres.stop)
            away = await fetch(api, f"/live/{room}/master.m3u8", **headers)
            assert (away.status, away.headers.get("Set-Cookie")) == (200, None), away
            assert (await player.get("video/playlist.m3u8")).status == 200
            await asyncio.to_thread(own_postgres.start)
            back = await fetch(api, f"/live/{room}/master.m3u8", **headers)
            assert back.status == 200 and back.headers["Set-Cookie"].startswith("vtp_media="), back


async def _create(api: Api, token: str) -> int:
    return (await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "x"}, by=token)).status
