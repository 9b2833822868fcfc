"""`vtp publish --simulcast` through a real server: sizes, key frames on request, switches without a gap."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.media_server import MediaServer, running_server
from tests.server_process import command
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.simulcast_clip import Clip, LayerFormat, encode_clip
from vtp.bench.simulcast_publisher import LayersSent, SimulcastPublisher
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import WhipHttp
from vtp.media.consumer import Consumer
from vtp.media.router import RouterEvent, TransportMade
from vtp.media.transport import WebRtcTransport

FORMATS = [LayerFormat("l", 90, 60_000), LayerFormat("m", 180, 150_000), LayerFormat("h", 360, 400_000)]
SIZES = [(160, 90), (320, 180), (640, 360)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulcast") / "lecture.mkv"
    write_clip(path, 2.0, ClipFormat(640, 360))
    return path


class Stage:
    """A room with one who sends a clip in layers, and one who watches."""

    def __init__(self, server: MediaServer, publisher: SimulcastPublisher, watcher: Watcher) -> None:
        self.server = server
        self.publisher = publisher
        self.watcher = watcher
        self.transports: list[WebRtcTransport] = []

    def follow(self, event: RouterEvent) -> None:
        if isinstance(event, TransportMade) and isinstance(event.transport, WebRtcTransport):
            self.transports.append(event.transport)

    def consumer(self) -> Consumer:
        """The watcher's picture."""
        consumers = [one for transport in self.transports for one in transport.consumers.values()]
        (picture,) = [one for one in consumers if one.kind == "video"]
        return picture

    def streams(self) -> list[dict[str, Any]]:
        """The producer's encodings as the server sees them."""
        (producer,) = [p for p in self.server.room().program.producers.values() if p.kind == "video"]
        found: list[dict[str, Any]] = producer.stats()["streams"]
        return found

    def seen(self) -> dict[str, Any]:
        return self.watcher.picture() or {"frames": 0}


@contextlib.asynccontextmanager
async def sending(clip: Clip) -> AsyncIterator[Stage]:
    async with (
        running_server() as server,
        ClientDriver() as driver,
        aiohttp.ClientSession() as session,
        asyncio.timeout(30),
    ):
        publisher = SimulcastPublisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", clip)
        watcher = Watcher(driver, WhipHttp(session, "watcher"), f"{server.url}/whep/physics")
        stage = Stage(server, publisher, watcher)
        room = await server.live_rooms.open(server.rooms.rooms["physics"])
        room.router.add_listener(stage.follow)
        await publisher.open()
        running = asyncio.create_task(publisher.run(loop=True))
        await watcher.join()
        try:
            yield stage
        finally:
            publisher.stop()
            await running
            await publisher.close()
            await watcher.leave()


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - counters of media threads tell nobody
        await asyncio.sleep(0.02)


async def until_shown(stage: Stage, layer: int) -> None:
    """The server says that the viewer gets it, and more frames have come since."""

    def is_there() -> bool:
        current = stage.consumer().current_layers
        return current is not None and current.spatial == layer

    await until(is_there)
    before = stage.seen()["frames"]
    await until(lambda: stage.seen()["frames"] >= before + 5)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_viewer_goes_through_the_layers_and_every_switch_has_its_key_frame(
    source: Path, codec: str
) -> None:
    clip = encode_clip(str(source), codec, FORMATS)
    async with sending(clip) as stage:
        await until_shown(stage, 2)
        asked = dict(stage.publisher.sent.key_frame_requests)
        for layer in (0, 2, 1):
            stage.consumer().prefer_layers(layer)
            await until_shown(stage, layer)
        now = stage.publisher.sent.key_frame_requests
        streams = {stream["rid"]: stream for stream in stage.streams()}
        seen = stage.seen()
    assert [(streams[rid]["width"], streams[rid]["height"]) for rid in "lmh"] == SIZES
    # Who switches again within half a second may meet the next key frame before the server asks for one.
    assert now.get("l", 0) > asked.get("l", 0), (asked, now)
    assert (seen["frames_undecodable"], seen["frames_broken"], seen["lost"], seen["plis"]) == (0, 0, 0, 0)
    assert seen["shown_longest_freeze_ns"] < 300_000_000


async def test_the_command_tells_what_it_sends_and_ends_on_ctrl_c(source: Path) -> None:
    async with running_server() as server:
        words = [
            "publish", str(source), "--to", f"{server.url}/whip/physics", "--token", "alice", "--loop",
            "--simulcast", "--codec", "h264", "--layers", "90:60,180:150",
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(*command(*words), stdout=PIPE, stderr=PIPE)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 80)
        assert line.startswith(b"Publishing ") and b"h264: 160x90 " in line and b", 320x180 " in line
        (producer,) = [p for p in server.room().program.producers.values() if p.kind == "video"]
        await until(lambda: sum(stream["packets"] > 20 for stream in producer.stats()["streams"]) == 2)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 80)
        assert (process.returncode, err) == (0, b"")
        assert server.room().program.producers == {}


async def test_a_clip_that_is_played_once_ends_by_itself_with_figures(source: Path) -> None:
    clip = encode_clip(str(source), "vp8", FORMATS[:2])
    async with running_server() as server, ClientDriver() as driver, aiohttp.ClientSession() as session:
        publisher = SimulcastPublisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", clip)
        await publisher.open()
        sent: LayersSent = await asyncio.wait_for(publisher.run(loop=False), 40)
        await publisher.close()
    pictures = [stream for stream in sent.streams if stream["kind"] == "video"]
    assert [stream["units"] for stream in pictures] == [50, 50]
    assert sent.failure == "" and sent.paused_s == {}
    json.dumps(sent.streams)
