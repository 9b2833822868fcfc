"""Requests of the API at a rate, whatever the answers: an open loop, timed from when each was due."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from vtp.bench.http_line import Answer, HttpLine
from vtp.bench.peers.connect import PeerError
from vtp.bench.results import Percentiles, percentiles
from vtp.bench.scenarios.term import Taught, Term, approve_everybody, fill_term
from vtp.bench.vtp_server import VtpServer
from vtp.bench.whip_client import HTTP_TIMEOUT_S

PASSWORD = "correct horse battery staple"
PEOPLE = 50
TEACHER = "teacher@school.example"
MIX: Mapping[str, int] = {"register": 2, "login": 5, "refresh": 13, "profile": 40, "recordings": 40}
"""Of every hundred requests, how many do what."""
STEADY: Mapping[str, int] = {"refresh": 20, "profile": 40, "recordings": 40}
"""The same without passwords, whose hashes are slow by intention."""
SCHOOL: Mapping[str, int] = {
    "refresh": 20,
    "profile": 28,
    "recordings": 22,
    "courses": 18,
    "course_update": 4,
    "course_create": 1,
    "course_stats": 2,
    "notifications": 3,
    "submissions": 1,
    "grade_book": 1,
}
"""STEADY with courses: people list them, their teacher makes, changes, counts and grades."""
RECORDINGS = 60
"""More than a page of them."""


@dataclass
class ApiTimes:
    """Milliseconds by operation, from the moment a request was due to its last byte."""

    by_operation: dict[str, list[float]] = field(default_factory=dict)
    failed: int = 0

    def summary(self) -> dict[str, Percentiles]:
        """Percentiles of each operation."""
        return {name: percentiles(times) for name, times in sorted(self.by_operation.items())}

    @property
    def count(self) -> int:
        """Requests that were answered as they should."""
        return sum(map(len, self.by_operation.values()))


@dataclass
class _Person:
    email: str
    access: str
    refresh: str


class ApiLoad:
    """People with accounts, who do what the mix says. Made by `opened`."""

    def __init__(
        self, server: VtpServer, mix: Mapping[str, int] = MIX, *, connections: int = 50, seed: int = 1
    ) -> None:
        self._server = server
        self._connection_count = connections
        self._connections = asyncio.Semaphore(connections)
        self._lines: list[HttpLine] = []  # on which nothing is under way
        self._random = random.Random(seed)
        self._people: deque[_Person] = deque()
        self._teacher = ""
        self._numbers = itertools.count(1)
        self._operations: dict[str, Callable[[], Awaitable[Answer]]] = {
            "register": self._register,
            "login": self._login,
            "refresh": self._refresh,
            "profile": self._profile,
            "recordings": self._recordings,
            "courses": self._list_courses,
            "course_update": self._update_course,
            "course_create": self._create_course,
            "course_stats": self._read_stats,
            "notifications": self._list_notifications,
            "submissions": self._list_submissions,
            "grade_book": self._read_book,
        }
        self._taught = Taught([], [], [])
        self._deck = [name for name, share in mix.items() for _ in range(share)]

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, server: VtpServer, mix: Mapping[str, int] = MIX, *, connections: int = 50
    ) -> AsyncIterator[Self]:
        """With connections of its own, made as they are needed."""
        load = cls(server, mix, connections=connections)
        try:
            yield load
        finally:
            for line in load._lines:
                line.close()

    async def prepare(self, recordings: int = 0, term: Term | None = None, *, people: int = PEOPLE) -> None:
        """Registers and signs in so many; the teacher makes so many recordings, which are filed in two of a
        term's courses. Raises PeerError."""
        await self._server.add_account(TEACHER, "teacher", PASSWORD)
        self._teacher = (await self._sign_in(TEACHER)).access
        emails = [f"person-{next(self._numbers)}@school.example" for _ in range(people)]
        for email in emails:
            await self._register_as(email)
        if term is not None:
            await approve_everybody(self._server.database_url)
        self._people.extend([await self._sign_in(email) for email in emails])
        made = []
        for number in range(recordings):
            room = {"room_id": f"recorded-{number}", "room_name": f"Room {number}"}
            await self._call("POST", "/api/v1/signalling/room/create", room)
            started = await self._call("POST", "/api/v1/recordings/start", {"room_id": room["room_id"]})
            await self._call("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
            made.append(started["recording_id"])
        if term is not None:
            teacher = (await self._call("GET", "/api/v1/auth/profile"))["user_id"]
            half = (len(made) + 1) // 2
            url = self._server.database_url
            self._taught = await fill_term(url, term, teacher, [made[:half], made[half:]])

    async def one_at_a_time(self, name: str, count: int, times: ApiTimes) -> None:
        """An operation so often, each begun when the last was answered."""
        for _ in range(count):
            await self._timed(name, time.monotonic(), times)

    async def saturate(self, seconds: float) -> float:
        """Requests answered a second when all connections always have one under way."""
        times, end_s = ApiTimes(), time.monotonic() + seconds
        workers = asyncio.TaskGroup()

        async def ask(names: list[str]) -> None:
            for name in itertools.cycle(names):
                now_s = time.monotonic()
                if now_s >= end_s:
                    return
                await self._timed(name, now_s, times)

        async with workers:
            for _ in range(self._connection_count):
                workers.create_task(ask(self._names(len(self._deck))))
        return times.count / seconds

    async def run(self, rate: float, seconds: float) -> ApiTimes:
        """So many requests a second for so long, each in a task of its own."""
        times, begun_s = ApiTimes(), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, name in enumerate(self._names(round(rate * seconds))):
                due_s = begun_s + number / rate
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                group.create_task(self._timed(name, due_s, times))
        return times

    def _names(self, count: int) -> list[str]:
        """The mix dealt out: in every hundred each operation as often as it says."""
        names: list[str] = []
        while len(names) < count:
            self._random.shuffle(self._deck)
            names += self._deck
        return names[:count]

    async def _timed(self, name: str, due_s: float, times: ApiTimes) -> None:
        try:
            async with self._connections:
                answer = await self._operations[name]()
        except (PeerError, OSError, TimeoutError):
            times.failed += 1
            return
        times.by_operation.setdefault(name, []).append(1000 * (answer.arrived_s - due_s))

    async def _register(self) -> Answer:
        return await self._register_as(f"person-{next(self._numbers)}@school.example")

    async def _register_as(self, email: str) -> Answer:
        wish = {"email": email, "password": PASSWORD, "full_name": "A Person"}
        return await self._ask("POST", "/api/v1/auth/register", "", wish)

    async def _sign_in(self, email: str) -> _Person:
        found = _content(await self._login_as(email))
        return _Person(email, found["access_token"], found["refresh_token"])

    async def _login_as(self, email: str) -> Answer:
        return await self._ask("POST", "/api/v1/auth/login", "", {"email": email, "password": PASSWORD})

    async def _login(self) -> Answer:
        return await self._login_as(self._next().email)

    async def _refresh(self) -> Answer:
        """A token is good once: while it is exchanged nobody else has its owner."""
        person = self._people.popleft()
        try:
            answer = await self._ask("POST", "/api/v1/auth/refresh", "", {"refresh_token": person.refresh})
            found = _content(answer)
            person.access, person.refresh = found["access_token"], found["refresh_token"]
        finally:
            self._people.append(person)
        return answer

    async def _profile(self) -> Answer:
        return await self._ask("GET", "/api/v1/auth/profile", self._next().access)

    async def _recordings(self) -> Answer:
        return await self._ask("GET", "/api/v1/recordings", self._teacher)

    async def _list_courses(self) -> Answer:
        return await self._ask("GET", "/api/v1/courses", self._next().access)

    async def _create_course(self) -> Answer:
        wish = {"code": "NEW", "name": "A new course", "semester": "fall", "year": 2026}
        return await self._ask("POST", "/api/v1/courses", self._teacher, wish)

    async def _update_course(self) -> Answer:
        course = self._random.choice(self._taught.courses)
        wish = {"description": f"Changed for the {next(self._numbers)}th time."}
        return await self._ask("PATCH", f"/api/v1/courses/{course}", self._teacher, wish)

    async def _read_stats(self) -> Answer:
        course = self._random.choice(self._taught.recorded)
        return await self._ask("GET", f"/api/v1/courses/{course}/stats", self._teacher)

    async def _list_notifications(self) -> Answer:
        return await self._ask("GET", "/api/v1/notifications", self._next().access)

    async def _list_submissions(self) -> Answer:
        course, task = self._random.choice(self._taught.assigned)
        path = f"/api/v1/courses/{course}/assignments/{task}/submissions"
        return await self._ask("GET", path, self._teacher)

    async def _read_book(self) -> Answer:
        course = self._random.choice(self._taught.courses)
        return await self._ask("GET", f"/api/v1/courses/{course}/grades", self._teacher)

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        """As the teacher; gives the answer's JSON."""
        return _content(await self._ask(method, path, self._teacher, body))

    async def _ask(self, method: str, path: str, token: str, body: object = None) -> Answer:
        """One request on a connection that is free, or a new one. Raises PeerError, OSError, TimeoutError."""
        fields = f"Authorization: Bearer {token}\r\n".encode() if token else b""
        line = self._lines.pop() if self._lines else None
        if line is None or not line.is_open:  # a server may close one that nobody uses
            line = await HttpLine.opened(self._server.url)
        data = json.dumps(body).encode() if body is not None else b""
        try:
            async with asyncio.timeout(HTTP_TIMEOUT_S):
                answer = await line.ask(path, method, fields, data)
        except BaseException:
            line.close()
            raise
        self._lines.append(line)
        if answer.status >= 400:
            raise PeerError(f"vtp answered {answer.status} to {method} {path}: {answer.body[:200]!r}")
        return answer

    def _next(self) -> _Person:
        """Everybody in turn."""
        self._people.rotate(-1)
        return self._people[-1]


def _content(answer: Answer) -> Any:
    """The JSON of an answer."""
    is_packed = b"\r\nContent-Encoding: gzip" in answer.head
    return json.loads(gzip.decompress(answer.body) if is_packed else answer.body)
