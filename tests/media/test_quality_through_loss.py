"""Somebody's network loses packets or ends, and the server says so of them and of nobody else."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.media.test_loss_through_server import SERVER, impair, open_ends, relay_to_server, through_relay
from tests.media_server import MediaServer, running_server
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.rooms.link_quality import Quality, Reason, Verdict
from vtp.rooms.qualities import Qualities

SECONDS = 8
LOOK_S = 0.5
"""Oftener than in a class, so that readings that agree come soon."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quality") / "clip.mkv"
    write_clip(path, SECONDS, ClipFormat(640, 360, 25, bitrate_bps=2_000_000))
    return path


async def look_until(server: MediaServer, enough: Callable[[list[Verdict]], bool]) -> list[Verdict]:
    """What is said of those whose connection is not good, once it is enough."""
    qualities = server.room().part(Qualities)
    async with asyncio.timeout(60):
        while not enough(list(qualities.bad.values())):
            await asyncio.sleep(LOOK_S)  # what the rounds of a class do
            qualities.look()
    return list(qualities.bad.values())


async def test_a_viewer_whose_link_loses_and_then_ends(clip: Path) -> None:
    async with (
        running_server(udp_port=SERVER[1]) as server,
        relay_to_server() as relay,
        ClientDriver(reroute=through_relay) as far,
        ClientDriver() as near,
        aiohttp.ClientSession() as session,
    ):
        publisher, lossy, clean = open_ends(server, session, far, near, clip)
        await asyncio.gather(lossy.join(), clean.join(), publisher.open())
        impair(relay, loss=0.15)
        sending = asyncio.create_task(publisher.run(MediaSource(str(clip), probe(str(clip)))))
        [found] = await look_until(server, bool)
        assert found.quality in (Quality.FAIR, Quality.POOR)
        assert found.reason in (Reason.LOSS_RECEIVING, Reason.NARROW)
        impair(relay, loss=1.0)
        silent = Verdict(Quality.LOST, Reason.SILENT)
        assert await look_until(server, lambda bad: silent in bad) == [silent]
        sending.cancel()
        impair(relay, loss=0.0)
        await asyncio.gather(lossy.leave(), clean.leave(), publisher.close())


async def test_a_publisher_whose_link_loses(clip: Path) -> None:
    async with (
        running_server(udp_port=SERVER[1]) as server,
        relay_to_server() as relay,
        ClientDriver(reroute=through_relay) as far,
        ClientDriver() as near,
        aiohttp.ClientSession() as session,
    ):
        publisher, *viewers = open_ends(server, session, near, far, clip)
        await asyncio.gather(*(one.join() for one in viewers[:1]), publisher.open())
        impair(relay, loss=0.15)
        sending = asyncio.create_task(publisher.run(MediaSource(str(clip), probe(str(clip)))))
        [found] = await look_until(server, bool)
        assert found.reason is Reason.LOSS_SENDING
        sending.cancel()
        impair(relay, loss=0.0)
        await asyncio.gather(viewers[0].leave(), publisher.close())
