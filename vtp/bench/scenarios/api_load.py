"""Requests of the API at a rate, whatever the answers: an open loop, timed from when each was due."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError
from vtp.bench.results import Percentiles, percentiles
from vtp.bench.scenarios.term import Taught, Term, approve_everybody, fill_term
from vtp.bench.vtp_server import VtpServer

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
    """People with accounts, who do what the mix says."""

    def __init__(
        self, server: VtpServer, mix: Mapping[str, int] = MIX, *, connections: int = 50, seed: int = 1
    ) -> None:
        self._server = server
        self._connection_count = connections
        self._connections = asyncio.Semaphore(connections)
        self._random = random.Random(seed)
        self._people: deque[_Person] = deque()
        self._teacher = ""
        self._numbers = itertools.count(1)
        self._operations: dict[str, Callable[[], Awaitable[object]]] = {
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

    async def prepare(self, recordings: int = 0, term: Term | None = None, *, people: int = PEOPLE) -> None:
        """Registers and signs in so many; the teacher makes so many recordings, which are filed in two of a
        term's courses. Raises PeerError."""
        await self._server.add_account(TEACHER, "teacher", PASSWORD)
        self._teacher = (await self._sign_in(TEACHER)).access
        emails = [await self._register() for _ in range(people)]
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
                await self._operations[name]()
        except (PeerError, aiohttp.ClientError, TimeoutError):
            times.failed += 1
            return
        times.by_operation.setdefault(name, []).append(1000 * (time.monotonic() - due_s))

    async def _register(self) -> str:
        email = f"person-{next(self._numbers)}@school.example"
        wish = {"email": email, "password": PASSWORD, "full_name": "A Person"}
        await self._server.call("POST", "/api/v1/auth/register", wish)
        return email

    async def _sign_in(self, email: str) -> _Person:
        found = await self._server.call("POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD})
        return _Person(email, found["access_token"], found["refresh_token"])

    async def _login(self) -> None:
        await self._sign_in(self._next().email)

    async def _refresh(self) -> None:
        """A token is good once: while it is exchanged nobody else has its owner."""
        person = self._people.popleft()
        try:
            body = {"refresh_token": person.refresh}
            found: Any = await self._server.call("POST", "/api/v1/auth/refresh", body)
            person.access, person.refresh = found["access_token"], found["refresh_token"]
        finally:
            self._people.append(person)

    async def _profile(self) -> None:
        await self._server.call("GET", "/api/v1/auth/profile", token=self._next().access)

    async def _recordings(self) -> None:
        await self._call("GET", "/api/v1/recordings")

    async def _list_courses(self) -> None:
        await self._server.call("GET", "/api/v1/courses", token=self._next().access)

    async def _create_course(self) -> None:
        wish = {"code": "NEW", "name": "A new course", "semester": "fall", "year": 2026}
        await self._call("POST", "/api/v1/courses", wish)

    async def _update_course(self) -> None:
        course = self._random.choice(self._taught.courses)
        wish = {"description": f"Changed for the {next(self._numbers)}th time."}
        await self._call("PATCH", f"/api/v1/courses/{course}", wish)

    async def _read_stats(self) -> None:
        course = self._random.choice(self._taught.recorded)
        await self._call("GET", f"/api/v1/courses/{course}/stats")

    async def _list_notifications(self) -> None:
        await self._server.call("GET", "/api/v1/notifications", token=self._next().access)

    async def _list_submissions(self) -> None:
        course, task = self._random.choice(self._taught.assigned)
        await self._call("GET", f"/api/v1/courses/{course}/assignments/{task}/submissions")

    async def _read_book(self) -> None:
        course = self._random.choice(self._taught.courses)
        await self._call("GET", f"/api/v1/courses/{course}/grades")

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        """As the teacher."""
        return await self._server.call(method, path, body, token=self._teacher)

    def _next(self) -> _Person:
        """Everybody in turn."""
        self._people.rotate(-1)
        return self._people[-1]
