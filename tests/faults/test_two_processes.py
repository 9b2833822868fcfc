"""Two `vtp serve` on one database: what is revoked at one holds at the other, connections included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.api.socket_clients import Client
from tests.server_process import Running, running_server

PASSWORD = "a rather long pass phrase"
SOON_S = 20.0  # for a busy machine; a process looks every second


@contextmanager
def two_servers(tmp_path: Path, database_url: str) -> Iterator[tuple[Running, Running]]:
    """With folders of their own, and the keys in one that they share."""
    shared = {"VTP_DATABASE__URL": database_url, "VTP_SECRETS_DIR": str(tmp_path / "keys")}
    with (
        running_server(tmp_path / "one", settings=shared) as one,
        running_server(tmp_path / "two", settings=shared) as two,
    ):
        yield one, two


class Caller:
    """Calls either server as one person."""

    def __init__(self, session: aiohttp.ClientSession, token: str = "") -> None:
        self._session = session
        self.token = token

    async def call(self, server: Running, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{server.url}/api/v1{path}"
        async with self._session.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def sign_in(self, server: Running, email: str) -> tuple[Caller, dict[str, Any]]:
        body = {"email": email, "password": PASSWORD}
        status, answer = await Caller(self._session).call(server, "POST", "/auth/login", body)
        assert status == 200, answer
        return Caller(self._session, answer["access_token"]), answer

    async def until(self, server: Running, path: str, status: int) -> Any:
        """Asks until that is the answer."""
        async with asyncio.timeout(SOON_S):
            while True:
                found, answer = await self.call(server, "GET", path)
                if found == status:
                    return answer
                await asyncio.sleep(0.05)


class Watching:
    """Somebody's player, with the grant that reading the recording gave it."""

    def __init__(self, session: aiohttp.ClientSession, server: Running, path: str) -> None:
        self._session, self._url = session, f"{server.url}/api/v1{path}"
        self._cookie = ""

    async def by(self, token: str) -> None:
        """Opens it; there is nothing to play yet, which is another answer than a refusal."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.get(self._url, headers=headers) as response:
            assert response.status == 200, await response.text()
            self._cookie = response.headers["Set-Cookie"].partition(";")[0]
        assert await self._status() == 503

    async def until(self, status: int) -> None:
        """Asks until that is the answer."""
        async with asyncio.timeout(SOON_S):
            while await self._status() != status:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _status(self) -> int:
        url, headers = f"{self._url}/stream/master.m3u8", {"Cookie": self._cookie}
        async with self._session.get(url, headers=headers) as response:
            return response.status


@asynccontextmanager
async def connected(server: Running, token: str) -> AsyncIterator[Client]:
    client = Client()
    await client.io.connect(server.url, auth={"token": token, "answers": "ack"})
    try:
        yield client
    finally:
        await client.io.disconnect()


async def until_gone(client: Client) -> None:
    async with asyncio.timeout(SOON_S):
        await client.gone.wait()


async def test_what_one_process_revokes_the_other_refuses(tmp_path: Path, database_url: str) -> None:
    with two_servers(tmp_path, database_url) as (one, two):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            nobody = Caller(session)
            # The start of the second made the link of the first invalid: there is one at a time.
            setup = {"email": "head@school.example", "password": PASSWORD, "full_name": "Head"}
            status, answer = await nobody.call(
                two, "POST", "/auth/setup", {"token": two.setup_token, **setup}
            )
            assert status == 201, answer
            admin, _ = await nobody.sign_in(one, "head@school.example")
            assert (await admin.call(two, "GET", "/auth/profile"))[0] == 200
            person = {"email": "sam@school.example", "password": PASSWORD, "full_name": "Sam"}
            status, sam = await nobody.call(one, "POST", "/auth/register", {**person, "role": "teacher"})
            assert status == 201, sam
            account = f"/users/{sam['user_id']}"
            assert (await admin.call(one, "PATCH", account, {"approved": True}))[0] == 200

            teacher, _ = await nobody.sign_in(two, "sam@school.example")
            status, room = await teacher.call(
                two, "POST", "/signalling/room/create", {"room_id": "physics", "room_name": "Physics"}
            )
            assert status == 201, room

            # A session is ended at one.
            async with connected(two, teacher.token) as client:
                await client.join("physics")
                own, _ = await nobody.sign_in(one, "sam@school.example")
                sessions = (await own.call(one, "GET", "/auth/sessions"))[1]
                listed = next(value for value in sessions.values() if isinstance(value, list))
                other = next(found for found in listed if not found.get("current"))
                ended = other.get("session_id") or other.get("id")
                assert (await own.call(one, "DELETE", f"/auth/sessions/{ended}"))[0] == 204
                await until_gone(client)
            assert (await teacher.until(two, "/auth/profile", 401))["code"] == "session_ended"

            # A guest's link is revoked at one.
            teacher, _ = await nobody.sign_in(two, "sam@school.example")
            status, link = await teacher.call(two, "POST", "/rooms/physics/links", {"label": "x"})
            assert status == 201, link
            guest = Caller(session, link["token"])
            async with connected(two, guest.token) as client:
                await client.join("physics")
                assert (await admin.call(one, "DELETE", f"/rooms/physics/links/{link['id']}"))[0] == 200
                await until_gone(client)
            assert (await guest.until(two, "/rooms/physics", 401))["code"] == "token_revoked"

            # A link to a recording is ended at one, and the recording is hidden there.
            status, begun = await teacher.call(two, "POST", "/recordings/start", {"room_id": "physics"})
            assert status == 201, begun
            path = f"/recordings/{begun['recording_id']}"
            watching = Watching(session, two, path)
            status, link = await teacher.call(one, "POST", f"{path}/share", {})
            assert status == 201, link
            await watching.by(link["token"])
            assert (await admin.call(one, "DELETE", f"{path}/shares/{link['id']}"))[0] == 200
            await watching.until(401)
            await watching.by(teacher.token)
            assert (await admin.call(one, "PATCH", path, {"visibility": "public"}))[0] == 200
            await watching.by("")
            assert (await admin.call(one, "PATCH", path, {"visibility": "staff"}))[0] == 200
            await watching.until(403)
            assert (await teacher.call(two, "POST", f"{path}/stop"))[0] == 200

            # Rights are taken at one, and the account is disabled there.
            async with connected(two, teacher.token) as client:
                await client.join("physics")
                assert (await admin.call(one, "PATCH", account, {"role": "student"}))[0] == 200
                await until_gone(client)
            status, refused = await teacher.call(
                two, "POST", "/signalling/room/create", {"room_id": "maths", "room_name": "Maths"}
            )
            assert status == 403, refused
            assert (await admin.call(one, "PATCH", account, {"disabled": True}))[0] == 200
            await teacher.until(two, "/auth/profile", 401)

            # What is told at one is pushed at two, and listed by who was away.
            status, course = await admin.call(
                one,
                "POST",
                "/courses",
                {"code": "M1", "name": "Maths", "semester": "s", "year": 2026, "status": "active"},
            )
            assert status == 201, course
            at = f"/courses/{course['id']}"
            pupil = {"email": "kim@school.example", "password": PASSWORD, "full_name": "Kim"}
            status, kim = await nobody.call(one, "POST", "/auth/register", pupil)
            assert status == 201, kim
            verified = {"approved": True}
            assert (await admin.call(one, "PATCH", f"/users/{kim['user_id']}", verified))[0] == 200
            student, _ = await nobody.sign_in(two, "kim@school.example")
            assert (await student.call(two, "POST", f"{at}/enroll", {}))[0] == 201
            async with connected(two, student.token) as client:
                assert (await admin.call(one, "POST", f"{at}/announcements", {"title": "Exam"}))[0] == 201
                assert (await client.pushes("news"))["title"] == "Exam"
            assert (await admin.call(one, "POST", f"{at}/announcements", {"title": "Later"}))[0] == 201
            listed = (await student.call(two, "GET", "/notifications"))[1]["items"]
            assert [found["title"] for found in listed] == ["Later", "Exam"]
        assert one.end()[0] == two.end()[0] == 0
