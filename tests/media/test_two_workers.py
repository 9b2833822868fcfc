"""One room on two media threads, through real sockets: viewers on both see every frame."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.media_server import MediaServer, client, running_server
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher
from vtp.bench.watch_report import report
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import WhipHttp

SECONDS = 3
VIEWERS = 6
AT_ONCE = 1e-9
"""A threshold that every worker is above, so that newcomers go to the worker with the fewest transports."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    write_clip(path, SECONDS, ClipFormat(320, 180, bitrate_bps=300_000, key_frame_s=1.0))
    return path


def watchers(server: MediaServer, driver: ClientDriver, session: aiohttp.ClientSession) -> list[Watcher]:
    return [
        Watcher(driver, WhipHttp(session, f"watcher-{i}"), f"{server.url}/whep/physics")
        for i in range(VIEWERS)
    ]


@pytest.mark.parametrize("threads", [0, 1])
async def test_viewers_on_both_workers_see_every_frame(clip: Path, threads: int) -> None:
    tracks = probe(str(clip))
    async with (
        running_server(threads, workers=2, room_spill=AT_ONCE) as server,
        ClientDriver() as driver,
        aiohttp.ClientSession() as session,
    ):
        joined = watchers(server, driver, session)
        await asyncio.gather(*(watcher.join() for watcher in joined))
        publisher = Publisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", tracks)
        await publisher.open()
        assert sorted(len(worker.transports) for worker in server.plane.workers) in ([3, 4], [2, 5])
        assert server.plane.metrics()["pipes"] == 2
        await publisher.run(MediaSource(str(clip), tracks))
        found = report([watcher.read() for watcher in joined])
        counters = server.plane.metrics()
        await publisher.close()
        assert server.plane.metrics()["pipes"] == 0
        await asyncio.gather(*(watcher.leave() for watcher in joined))
    assert found["total"]["failed"] == found["total"]["lost"] == found["total"]["frames_broken"] == 0
    assert counters["pipe_packets"] > SECONDS * 75 and counters["pipe_dropped"] == 0
    for row in found["clients"]:
        kinds = {stream["kind"]: stream for stream in row["streams"]}
        assert kinds["video"]["frames"] == SECONDS * 25
        assert kinds["audio"]["frames"] >= SECONDS * 50 - 1


async def test_the_media_thread_tells_its_cpu_time_while_it_runs(clip: Path) -> None:
    tracks = probe(str(clip))
    async with running_server() as server, ClientDriver() as driver, aiohttp.ClientSession() as session:
        (worker,) = server.plane.workers
        before_s = worker.core.cpu_s()
        publisher = Publisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", tracks)
        await publisher.open()
        await publisher.run(MediaSource(str(clip), tracks))
        after_s = worker.core.cpu_s()
        await publisher.close()
        assert before_s is not None and after_s is not None and before_s < after_s < before_s + SECONDS
        assert 0 < worker.load < 1
    assert worker.core.cpu_s() is None


async def test_a_newcomer_on_the_other_worker_gets_a_picture_from_a_live_encoder() -> None:
    async with (
        asyncio.timeout(30),
        running_server(workers=2, room_spill=AT_ONCE) as server,
        client(server, "alice") as alice,
        client(server, "watcher-bob") as bob,
    ):
        await alice.publish()
        await bob.watch()
        assert len(server.room().router.workers) == 2
        numbers = await bob.see(20)
    assert len(set(numbers)) > 10
