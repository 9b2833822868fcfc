"""`intake`: players say what happens in them while a class runs: what is taken in, and what that does to it.

Windows with and without players take turns, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import aiohttp
from sqlalchemy import insert

from vtp.bench.accounting import cpu_times
from vtp.bench.load import Lecture
from vtp.bench.login_crowd import PASSWORD, TEACHER
from vtp.bench.peers.connect import PeerError
from vtp.bench.postgres import database_settings, postgres_pids
from vtp.bench.results import Figures, IntakeFigures, percentiles
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.term import analyze, approve_everybody, course_row, enrolled_row, filed_row
from vtp.bench.scenarios.window import measure_window
from vtp.bench.vtp_server import VtpServer
from vtp.courses.enrolment_store import count_anew
from vtp.courses.tables import course_enrollments, course_recordings, courses
from vtp.db import Database
from vtp.ids import new_id
from vtp.recording.store import Recording, Status, add_recording

ROOM: Final = "lecture"
EVENTS: Final = "/api/v1/analytics/events"
LENGTH_MS: Final = 2_400_000
KINDS: Final = ("progress", "paused", "resumed", "seeked", "buffering")
PAUSE_S: Final = 1.0


@dataclass(frozen=True)
class Intake:
    """Batches of so many events from so many connections beside a lecture; vtp only. `rate`: events a second,
    0 for as many as are answered."""

    batch: int = 10
    rate: float = 0.0
    connections: int = 50
    people: int = 100
    subscribers: int = 50
    pairs: int = 3
    seconds: float = 10.0
    database: str = "sqlite"

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        rate = {"events_per_s": self.rate} if self.rate else {}
        return {"database": self.database, "events_of_a_batch": self.batch, **rate}

    def load(self) -> dict[str, Any]:
        """In a sentence, with what the publisher sends."""
        asked = f"{self.rate:g} events a second" if self.rate else "as many events as are answered"
        text = (
            f"{asked}, {self.batch} in a batch, by {self.people} students over {self.connections} "
            f"connections, while {self.subscribers} watch a lecture; {self.pairs} windows without and with "
            "them in turn"
        )
        return {**describe_pattern(Lecture()), "text": text}

    def settings(self) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Where the rows are."""
        return database_settings(self.database)

    async def measure(self, stage: Stage) -> Figures:
        """One run: windows without and with players, by turns."""
        server = vtp_server(stage)
        async with Players.opened(server, self) as players:
            publisher, source = await stage.publish(ROOM, Lecture())
            source.start()
            await stage.fill(ROOM, publisher, source, self.subscribers)
            await players.run(PAUSE_S)  # everything is warm
            await _gather_statistics(server.database_url)
            without: list[Figures] = []
            beside: list[Figures] = []
            for _ in range(self.pairs):
                await asyncio.sleep(PAUSE_S)
                without.append(await measure_window(stage, self.seconds))
                players.forget()
                spent_s = _postgres_s(server.database_url)
                running = asyncio.create_task(players.run(self.seconds))
                figures = await measure_window(stage, self.seconds)
                await running
                more_s = (figures["cores"] - without[-1]["cores"]) * figures["seconds"]
                spent_s = _postgres_s(server.database_url) - spent_s
                figures["intake"] = players.figures(figures["seconds"], more_s, spent_s)
                beside.append(figures)
        return _together(without, beside) | Figures(subscribers=self.subscribers)


def _together(without: list[Figures], beside: list[Figures]) -> Figures:
    """Medians over the pairs, and each pair by itself."""
    middle = sorted(beside, key=lambda one: one["intake"]["events_per_s"])[len(beside) // 2]
    added = [
        (b["delay_ms"].get("p99") or 0.0) - (a["delay_ms"].get("p99") or 0.0)
        for a, b in zip(without, beside, strict=True)
    ]
    intake = middle["intake"]
    intake["added_p99_ms"] = round(median(added), 3)
    intake["pairs_p99_ms"] = [
        (a["delay_ms"].get("p99"), b["delay_ms"].get("p99")) for a, b in zip(without, beside, strict=True)
    ]
    quiet = sorted(without, key=lambda one: one["delay_ms"].get("p99") or 0.0)[len(without) // 2]
    return middle | Figures(intake=intake, quiet_delay_ms=quiet["delay_ms"])


@dataclass
class _Player:
    """A page of a student with the recording."""

    user_id: str
    token: str
    session_id: str
    seq: int = 0


@dataclass
class Players:
    """Students whose players say what happens. Made by `opened`."""

    server: VtpServer
    http: aiohttp.ClientSession
    load: Intake
    recording_id: str
    players: list[_Player]
    took_ms: list[float] = field(default_factory=list)
    failed: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, server: VtpServer, load: Intake) -> AsyncIterator[Players]:
        """A course with a recording, and students with accounts. Raises PeerError."""
        await server.add_account(TEACHER, "teacher", PASSWORD)
        teacher = await _sign_in(server, TEACHER)
        wish = {"room_id": "recorded", "room_name": "Recorded"}
        room = await server.call(
            "POST", "/api/v1/signalling/room/create", wish, token=teacher["access_token"]
        )
        emails = [f"player{number}@school.example" for number in range(load.people)]
        for email in emails:
            account = {"email": email, "password": PASSWORD, "full_name": "A Player"}
            await server.call("POST", "/api/v1/auth/register", account)
        await approve_everybody(server.database_url)
        signed_in = [await _sign_in(server, email) for email in emails]
        players = [
            _Player(one["user"]["user_id"], one["access_token"], f"page-{number:08d}")
            for number, one in enumerate(signed_in)
        ]
        students = [one.user_id for one in players]
        recording_id = await _add_course(
            server.database_url, teacher["user"]["user_id"], room["room_id"], students
        )
        connector = aiohttp.TCPConnector(limit=load.connections)
        async with aiohttp.ClientSession(connector=connector) as http:
            yield cls(server, http, load, recording_id, players)

    def forget(self) -> None:
        """Begins to count anew."""
        self.took_ms, self.failed = [], 0

    async def run(self, seconds: float) -> None:
        """All connections at once for so long, each batch as soon as it is due."""
        end_s, began_s = time.monotonic() + seconds, time.monotonic()
        apart_s = self.load.batch / self.load.rate if self.load.rate else 0.0
        numbers, turns = itertools.count(), itertools.cycle(self.players)

        async def one() -> None:
            for player in turns:
                due_s = began_s + next(numbers) * apart_s if apart_s else time.monotonic()
                if max(due_s, time.monotonic()) >= end_s:
                    return
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                await self._send(player, due_s)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.load.connections):
                group.create_task(one())

    async def _send(self, player: _Player, due_s: float) -> None:
        body = self._body(player)
        headers = {"Authorization": f"Bearer {player.token}", "Content-Type": "application/json"}
        async with self.http.post(self.server.url + EVENTS, data=body, headers=headers) as response:
            text = await response.read()
            if response.status != 200:
                self.failed += 1
                if self.failed > self.load.connections:
                    raise PeerError(f"vtp answered {response.status} to events: {text[:200]!r}")
                return
        self.took_ms.append(1000 * (time.monotonic() - due_s))

    def _body(self, player: _Player) -> bytes:
        """The next batch: what a player says in ten seconds, or has kept while nothing answered."""
        player.seq += 1
        at = datetime.now(UTC).isoformat()
        events: list[dict[str, Any]] = []
        for number in range(self.load.batch):
            kind = KINDS[number % len(KINDS)]
            position = (player.seq * 10 + number) % (LENGTH_MS // 1000)
            said = {
                "event_type": kind, "timestamp": at, "recording_id": self.recording_id,
                "position": position, "seq": player.seq,
            }  # fmt: skip
            if kind == "progress":
                began = max(0.0, position - 0.1)
                said["segments"] = [{"start": began, "end": began + 0.1, "rate": 1}]
            events.append(said)
        batch = {
            "session_id": player.session_id, "user_id": player.user_id, "seq": player.seq, "events": events,
        }  # fmt: skip
        return json.dumps(batch).encode()

    def figures(self, seconds: float, cpu_s: float, postgres_s: float) -> IntakeFigures:
        """Of what was answered in a window; `cpu_s`: what the server spent more than in one without, and
        PostgreSQL in all."""
        batches = max(1, len(self.took_ms))
        events = len(self.took_ms) * self.load.batch
        figures = IntakeFigures(
            events_per_s=round(events / seconds, 1),
            batches_per_s=round(len(self.took_ms) / seconds, 1),
            cpu_us_per_event=round(1e6 * cpu_s / max(1, events), 1),
            cpu_us_per_batch=round(1e6 * cpu_s / batches, 1),
            answer_ms=percentiles(self.took_ms),
            failed=self.failed,
        )
        if postgres_s:
            figures["postgres_us_per_batch"] = round(1e6 * postgres_s / batches, 1)
        return figures


def _postgres_s(url: str) -> float:
    """Processor time of its processes so far; 0 where the rows are in SQLite."""
    return cpu_times(postgres_pids(url)).total_s


async def _sign_in(server: VtpServer, email: str) -> Any:
    return await server.call("POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD})


async def _gather_statistics(url: str) -> None:
    database = Database.connect(url, patient=True)
    try:
        await analyze(database)
    finally:
        await database.close()


async def _add_course(url: str, teacher_id: str, room_id: str, students: list[str]) -> str:
    """A course of these students with one recording; gives the recording's id."""
    database = Database.connect(url)
    now, course_id = datetime.now(UTC), new_id()
    began = now - timedelta(hours=1)
    recording = Recording(
        new_id(), room_id, "A lecture", "", teacher_id, Status.READY, "hls", "program",
        began, began, now, now, LENGTH_MS,
    )  # fmt: skip
    try:
        async with database.transaction() as tx:
            await tx.execute(insert(courses), [course_row(course_id, 0, teacher_id, now)])
            rows = [enrolled_row(course_id, one, now) for one in students]
            await tx.execute(insert(course_enrollments), rows)
            await count_anew(tx, [course_id])
            await add_recording(tx, recording)
            await tx.execute(insert(course_recordings), [filed_row(course_id, recording.id, now)])
    finally:
        await database.close()
    return recording.id
