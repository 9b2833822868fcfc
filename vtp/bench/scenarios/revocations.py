"""`revocations`: rights are taken at one process; how long until another one on the same database refuses."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vtp.bench.postgres import running_postgres
from vtp.bench.results import Figures, Spread, percentiles
from vtp.bench.revocation import ADMIN, PASSWORD, Holder, Kind, Refusal, sign_in
from vtp.bench.scenarios.api_load import RECORDINGS, STEADY, ApiLoad
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.vtp_server import OPEN, VtpServer

PACE_S = 0.3
"""A revocation every so often on average, at random, so that none keeps step with a process that looks."""
PROMISED_MS = 2000.0
_SEED = 1
_SEATED_AT_ONCE = 2


@dataclass(frozen=True)
class Revocations:
    """So many revocations in turn of all kinds, beside so many requests a second; vtp only."""

    count: int = 100
    database: str = "sqlite"
    rate: float = 0.0

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"database": self.database, "revocations": self.count, "rate": self.rate}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        kinds = ", ".join(Kind)
        return {
            "text": f"In turn {kinds}, at process A, at random moments ({PACE_S:g} s apart on average), each "
            "of somebody with a connection of Socket.IO at process B; requests, as in `api`, at B"
        }

    @contextlib.asynccontextmanager
    async def settings(self) -> AsyncIterator[Mapping[str, str]]:
        """The database and the keys are those of both processes."""
        async with contextlib.AsyncExitStack() as stack:
            shared = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vtp-bench-shared-")))
            url = f"sqlite:///{shared / 'vtp.sqlite3'}"
            if self.database != "sqlite":
                url = await stack.enter_async_context(running_postgres())
            yield {OPEN: "false", "VTP_DATABASE__URL": url, "VTP_SECRETS_DIR": str(shared / "secrets")}

    async def measure(self, stage: Stage) -> Figures:
        """One run: a second process beside the one that has just been started."""
        one = vtp_server(stage)
        async with _beside(one, stage) as other, contextlib.AsyncExitStack() as seats:
            holders = await _seat(one, other, self.count, seats)
            async with _busy(other, self.rate):
                refusals = await _revoke(holders)
        return Figures(
            made_ms=_spreads(refusals, [one.made_ms for one in refusals]),
            refused_ms=_spreads(refusals, [one.refused_ms for one in refusals]),
            cut_ms=_spreads(refusals, [one.cut_ms for one in refusals]),
            late=sum(max(one.refused_ms, one.cut_ms) > PROMISED_MS for one in refusals),
        )


@contextlib.asynccontextmanager
async def _beside(one: VtpServer, stage: Stage) -> AsyncIterator[VtpServer]:
    other = one.beside()
    try:
        await other.start(stage.driver)
        yield other
    finally:
        await other.stop()


async def _seat(
    one: VtpServer, other: VtpServer, count: int, seats: contextlib.AsyncExitStack
) -> list[Holder]:
    """All kinds in turn."""
    await one.add_account(ADMIN, "admin", PASSWORD)
    admin = await sign_in(one, ADMIN)
    limit = asyncio.Semaphore(_SEATED_AT_ONCE)

    async def seat(number: int, kind: Kind) -> Holder:
        async with limit:
            email = f"holder{number}@school.example"
            return await seats.enter_async_context(Holder.seated(one, other, admin, email, kind))

    async with asyncio.TaskGroup() as group:
        kinds = itertools.cycle(Kind)
        taken = [group.create_task(seat(number, next(kinds))) for number in range(count)]
    return [one.result() for one in taken]


@contextlib.asynccontextmanager
async def _busy(server: VtpServer, rate: float) -> AsyncIterator[None]:
    """Requests at a rate as long as the block runs."""
    if not rate:
        yield
        return
    async with ApiLoad.opened(server, STEADY) as load:
        await load.prepare(RECORDINGS)
        running = asyncio.create_task(_for_ever(load, rate))
        try:
            yield
            if running.done():
                running.result()
        finally:
            running.cancel()
            await asyncio.wait([running])


async def _for_ever(load: ApiLoad, rate: float) -> None:
    while True:
        await load.run(rate, 10)


async def _revoke(holders: Sequence[Holder]) -> list[Refusal]:
    moments = random.Random(_SEED)

    async def revoke(holder: Holder, after_s: float) -> Refusal:
        await asyncio.sleep(after_s)
        return await holder.revoked()

    async with asyncio.TaskGroup() as group:
        span_s = PACE_S * len(holders)
        tasks = [group.create_task(revoke(holder, moments.uniform(0, span_s))) for holder in holders]
    return [task.result() for task in tasks]


def _spreads(refusals: Sequence[Refusal], times_ms: Sequence[float]) -> dict[str, Spread]:
    """By what was revoked, and of all."""
    by_kind: dict[str, list[float]] = {"all": list(times_ms)}
    for refusal, time_ms in zip(refusals, times_ms, strict=True):
        by_kind.setdefault(refusal.kind, []).append(time_ms)
    return {name: Spread(**percentiles(found), max=round(max(found), 3)) for name, found in by_kind.items()}
