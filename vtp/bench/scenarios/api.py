"""`api`: what people wait for at the API, at a rate of requests that does not slow down with the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from vtp.bench.accounting import resident_kb
from vtp.bench.postgres import database_settings
from vtp.bench.results import Figures
from vtp.bench.scenarios.api_load import PEOPLE, RECORDINGS, SCHOOL, ApiLoad, ApiTimes
from vtp.bench.scenarios.memory import settled
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.term import Term
from vtp.bench.scenarios.window import Window
from vtp.bench.socket_crowd import crowd

DATABASES = ("sqlite", "postgresql")
ROOMS = 40
TERM = Term()


@dataclass(frozen=True)
class Api:
    """Requests a second over so many connections, on one kind of database; vtp only."""

    rate: float = 200.0
    connections: int = 50
    seconds: float = 10.0
    database: str = "sqlite"
    signalling: int = 1000
    recordings: int = RECORDINGS
    term: Term = TERM
    warm_up_s: float = 2.0
    people: int = PEOPLE
    """Who ask."""
    one_by_one: int = 40
    """How often each operation that is asked for one at a time."""
    memory: bool = True
    """Also wait for memory to settle with everybody on Socket.IO, and read it; takes up to a minute more."""

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"database": self.database, "rate": self.rate, "connections": self.connections}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        shares = ", ".join(f"{share} {name}" for name, share in SCHOOL.items())
        school = (
            f"{self.term.courses} courses, {self.term.enrolments} enrolments, {self.term.people} people, "
        )
        school += f"{self.term.submissions} submissions"
        return {
            "text": f"Of 100 requests {shares} ({self.recordings} recordings; {school}), each due at its "
            "time whatever the answers; register and login one at a time"
        }

    def settings(self) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Where the rows are."""
        return database_settings(self.database)

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        server = vtp_server(stage)
        async with ApiLoad.opened(server, SCHOOL, connections=self.connections) as load:
            await load.prepare(self.recordings, self.term, people=self.people)
            await load.run(self.rate, self.warm_up_s)
            window = Window(server.pids)
            times = await load.run(self.rate, self.seconds)
            spent = window.close()
            singly = ApiTimes()
            for name in ("register", "login"):
                await load.one_at_a_time(name, self.one_by_one, singly)
            saturated = await load.saturate(self.seconds / 2)
        rooms = [f"recorded-{number}" for number in range(min(ROOMS, self.recordings))]
        async with crowd(server, self.signalling, rooms):
            if self.memory and self.signalling:
                await settled(server, time.monotonic())
            connected_kb = resident_kb(server.pids)
        return Figures(
            seconds=round(spent.seconds, 3),
            requests_per_s=round(times.count / spent.seconds, 1),
            saturated_requests_per_s=round(saturated, 1),
            failed=times.failed + singly.failed,
            api={**singly.summary(), **times.summary()},
            signalling=self.signalling,
            connected_mb=round(connected_kb / 1024, 1),
            cores=round(spent.server.total_s / spent.seconds, 4),
            load={
                "cores": round(spent.client.total_s / spent.seconds, 4),
                "busiest_thread": round(spent.client.busiest_s / spent.seconds, 4),
            },
        )
