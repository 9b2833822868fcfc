"""Loss between the server and either end, through the link emulator: repaired, and nobody else notices."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.client_pair import free_addresses
from tests.media_server import MediaServer, running_server
from vtp.bench._emulator import Link
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher
from vtp.bench.relay import Relay
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import WhipHttp

SERVER, LEFT, RIGHT = free_addresses(3)
SEED = 65
SECONDS, FPS = 4, 25


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loss") / "clip.mkv"
    write_clip(path, SECONDS, ClipFormat(640, 360, FPS, bitrate_bps=2_000_000))
    return path


@contextlib.asynccontextmanager
async def relay_to_server() -> AsyncIterator[Relay]:
    """25 ms each way; loss is switched on by the test."""
    relay = await Relay.open(
        LEFT, RIGHT, SERVER, up=Link(SEED, delay_ms=25), down=Link(SEED + 1, delay_ms=25)
    )
    try:
        yield relay
    finally:
        relay.close()


def impair(relay: Relay, **figures: Any) -> None:
    """Both directions at once."""
    relay.up.configure(relay.now_ns(), **figures)
    relay.down.configure(relay.now_ns(), **figures)


def through_relay(_: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [LEFT]


def video_of(watcher: Watcher) -> dict[str, Any]:
    return next(stream for stream in watcher.read().streams if stream["kind"] == "video")


async def until_settled(watcher: Watcher) -> dict[str, Any]:
    """The video's figures when no hole is waited for any more."""
    async with asyncio.timeout(40):
        while video_of(watcher)["waiting"]:  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(0.05)
    return video_of(watcher)


def open_ends(
    server: MediaServer, session: aiohttp.ClientSession, far: ClientDriver, near: ClientDriver, clip: Path
) -> tuple[Publisher, Watcher, Watcher]:
    """A publisher and a viewer whose drivers are given, and one more viewer on the near side."""
    whip, whep = f"{server.url}/whip/physics", f"{server.url}/whep/physics"
    publisher = Publisher(near, WhipHttp(session, "alice"), whip, probe(str(clip)))
    return (
        publisher,
        Watcher(far, WhipHttp(session, "watcher-1"), whep),
        Watcher(near, WhipHttp(session, "watcher-2"), whep),
    )


async def test_a_viewer_behind_a_lossy_link_sees_every_frame_and_the_others_notice_nothing(
    clip: Path,
) -> None:
    async with (
        running_server(udp_port=SERVER[1]) as server,
        relay_to_server() as relay,
        ClientDriver(reroute=through_relay) as far,
        ClientDriver() as near,
        aiohttp.ClientSession() as session,
    ):
        publisher, lossy, clean = open_ends(server, session, far, near, clip)
        await asyncio.gather(lossy.join(), clean.join(), publisher.open())
        impair(relay, loss=0.05)
        await publisher.run(MediaSource(str(clip), probe(str(clip))))
        repaired, untouched = await until_settled(lossy), video_of(clean)
        lost_by_link = relay.down.lost
        impair(relay, loss=0.0)
        await asyncio.gather(lossy.leave(), clean.leave(), publisher.close())
    assert lost_by_link > 10
    assert repaired["recovered"] > 0
    assert repaired["lost"] == 0
    assert repaired["frames"] == SECONDS * FPS
    assert untouched["frames"] == SECONDS * FPS
    assert untouched["missing"] == untouched["duplicates"] == 0


async def test_loss_on_the_publishers_link_is_repaired_before_viewers_see_it(clip: Path) -> None:
    async with (
        running_server(udp_port=SERVER[1]) as server,
        relay_to_server() as relay,
        ClientDriver(reroute=through_relay) as far,
        ClientDriver() as near,
        aiohttp.ClientSession() as session,
    ):
        publisher, _, _ = open_ends(server, session, near, far, clip)
        viewer = Watcher(near, WhipHttp(session, "watcher-1"), f"{server.url}/whep/physics")
        await asyncio.gather(viewer.join(), publisher.open())
        impair(relay, loss=0.05)
        publishing = await publisher.run(MediaSource(str(clip), probe(str(clip))))
        seen = await until_settled(viewer)
        lost_by_link = relay.up.lost
        impair(relay, loss=0.0)
        await asyncio.gather(viewer.leave(), publisher.close())
    video = next(stream for stream in publishing.streams if stream["kind"] == "video")
    assert lost_by_link > 10
    assert video["nacks"] > 0
    assert video["resent"] > 0
    assert seen["frames"] == SECONDS * FPS
    assert seen["lost"] == 0
