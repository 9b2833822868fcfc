"""PostgreSQL away under load, ended or silent: 503 at once, classes go on, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from tests.api.socket_clients import School
from tests.faults.test_faults_database import own_postgres  # noqa: F401
from tests.postgres import PostgresServer
from tests.serving import Api, Person, serving
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher
from vtp.bench.watch_report import report
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import WhipHttp
from vtp.rooms.tables import rooms

pytestmark = pytest.mark.outage
CALLERS = 6
REFUSED_AT_LEAST = 40  # answers 503 that must come while it is away


@dataclass
class Load:
    """Rooms that are made for ever, and what came of it."""

    api: Api
    by: Person
    acknowledged: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    without_advice: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def run(self) -> None:
        while True:
            wish = {"room_id": f"load-{next(self.numbers)}", "room_name": "Load"}
            answer = await self.api.call("POST", "/api/v1/signalling/room/create", wish, by=self.by)
            self.statuses[answer.status] += 1
            if answer.status == 201:
                self.acknowledged.add(answer.body["room_id"])
            elif "Retry-After" not in answer.headers:
                self.without_advice += 1
            self.news.set()
            await asyncio.sleep(0.005)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not reached():
                self.news.clear()
                await self.news.wait()


async def outage(postgres: PostgresServer, folder: Path, how: str, seconds: float) -> None:
    clip = folder / "clip.mkv"
    write_clip(clip, int(seconds) + 4, ClipFormat(320, 180, bitrate_bps=200_000, key_frame_s=1.0))
    url = postgres.create_database()
    async with serving(folder / "data", url) as api, AsyncExitStack() as stack:
        teacher, student = await api.person("teacher"), await api.person("student")
        wish = {"room_id": "physics", "room_name": "Physics"}
        await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)
        school = School(api, stack)
        clients = [await school.connect(teacher), await school.connect(student)]
        for client in clients:
            await client.join("physics")
        load = Load(api, teacher)
        callers = [asyncio.create_task(load.run()) for _ in range(CALLERS)]
        async with ClientDriver() as driver, aiohttp.ClientSession() as session:
            tracks = probe(str(clip), encode=False)
            watcher = Watcher(driver, WhipHttp(session, student.access_token), f"{api.base_url}/whep/physics")
            whip = WhipHttp(session, teacher.access_token)
            publisher = Publisher(driver, whip, f"{api.base_url}/whip/physics", tracks)
            await watcher.join()
            await publisher.open()
            media = asyncio.create_task(publisher.run(MediaSource(str(clip), tracks)))
            await load.until(lambda: load.statuses[201] > 20)
            await asyncio.to_thread(postgres.freeze if how == "silent" else postgres.stop)
            try:
                await asyncio.sleep(seconds)  # what the fault is: so long without a database
                await load.until(lambda: load.statuses[503] > REFUSED_AT_LEAST)
                await clients[1].ok("react", {"reaction": "👍"})
                assert (await clients[0].pushes("reaction"))["reaction"] == "👍"
            finally:
                await asyncio.to_thread(postgres.thaw if how == "silent" else postgres.start)
            stored = load.statuses[201]
            await load.until(lambda: load.statuses[201] > stored + 20)
            publishing = await media
            seen = report([watcher.read()])
            await publisher.close()
            await watcher.leave()
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        assert set(load.statuses) == {201, 503}
        assert load.without_advice == 0
        assert not any(client.gone.is_set() for client in clients)
        assert publishing.failure == ""
        assert seen["total"]["failed"] == seen["total"]["lost"] == seen["total"]["frames_broken"] == 0
        async with api.server.services.database.read() as tx:
            kept = set((await tx.execute(select(rooms.c.id))).scalars())
        assert load.acknowledged <= kept
        assert (await api.call("GET", "/ready")).status == 200


@pytest.mark.parametrize("how", ["ended", "silent"])
async def test_an_outage_under_load_is_told_at_once_and_loses_nothing(
    own_postgres: PostgresServer,  # noqa: F811
    tmp_path: Path,
    how: str,
) -> None:
    await outage(own_postgres, tmp_path, how, 1.0)


@pytest.mark.long
@pytest.mark.parametrize("how", ["ended", "silent"])
async def test_ten_seconds_without_a_database(
    own_postgres: PostgresServer,  # noqa: F811
    tmp_path: Path,
    how: str,
) -> None:
    await outage(own_postgres, tmp_path, how, 10.0)
