"""A publisher and its viewers in a process of their own, that send packets when told to.

`python tests/packet_load.py WHIP-URL WHEP-URL VIEWERS` reads lines "PACKETS SECONDS" from its input: so many
packets are sent within so long. It answers with "ready" at the start and "done" when every viewer has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp

from tests.client_pair import access_unit
from vtp.bench.driver import ClientDriver
from vtp.bench.media_encode import Unit
from vtp.bench.media_source import MediaSource, Track
from vtp.bench.publisher import Publisher
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import WhipHttp

PACKET_BYTES = 500
KEY_FRAME_EVERY = 500
ARRIVAL_LIMIT_S = 60.0
ROOT = Path(__file__).resolve().parents[1]


class Bursts:
    """A source of VP8 frames of one packet each, as many as the lines of the input ask for."""

    def __init__(self, viewers: list[Watcher]) -> None:
        self._viewers = viewers
        self._random = random.Random(1)
        self._count = 0
        self._time_s = 0.0

    def request_key_frame(self) -> None:
        """Key frames come by themselves, often enough."""

    def units(self) -> Iterator[Unit]:
        """The frames; blocks while nothing is asked for."""
        yield from self._burst(50, 1.0)
        self._wait_for_viewers()
        print("ready", flush=True)
        for line in sys.stdin:
            count, seconds = line.split()
            yield from self._burst(int(count), float(seconds))
            self._wait_for_viewers()
            print("done", flush=True)

    def _burst(self, count: int, seconds: float) -> Iterator[Unit]:
        for _ in range(count):
            key = self._count % KEY_FRAME_EVERY == 0
            data = access_unit("vp8", self._random, key, PACKET_BYTES)
            yield Unit("video", data, self._time_s, seconds / count, key, 640, 480)
            self._count += 1
            self._time_s += seconds / count

    def _wait_for_viewers(self) -> None:
        """The engine has no event per packet, so that its figures are looked at."""
        limit_s = time.monotonic() + ARRIVAL_LIMIT_S
        while any(packets_of(viewer) < self._count for viewer in self._viewers):
            if time.monotonic() > limit_s:
                raise TimeoutError([packets_of(viewer) for viewer in self._viewers])
            time.sleep(0.02)


def packets_of(viewer: Watcher) -> int:
    """How many different packets of the picture it has."""
    return sum(stream["packets"] for stream in viewer.read().streams if stream["kind"] == "video")


async def run(whip: str, whep: str, count: int) -> None:
    """Joins, then sends until the input ends."""
    async with ClientDriver() as driver, aiohttp.ClientSession() as session:
        http = WhipHttp(session, "alice")
        publisher = Publisher(driver, http, whip, [Track("video", "vp8", True, "", "vp8")])
        viewers = [Watcher(driver, http, whep) for _ in range(count)]
        await publisher.open()
        for viewer in viewers:
            await viewer.join()
        await publisher.run(cast(MediaSource, Bursts(viewers)))


class PacketLoad:
    """The process as the test sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def begin(self, packets: int, seconds: float) -> None:
        """Has so many packets sent; see `wait`."""
        assert self._process.stdin
        self._process.stdin.write(f"{packets} {seconds}\n".encode())
        await self._process.stdin.drain()

    async def wait(self, word: str = "done") -> None:
        """Until every viewer has everything that was sent."""
        assert self._process.stdout
        line = await self._process.stdout.readline()
        assert line.decode().strip() == word, f"the load generator said {line!r}"


@asynccontextmanager
async def packet_load(whip: str, whep: str, viewers: int) -> AsyncIterator[PacketLoad]:
    """A connected publisher with its viewers, ready to send."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.packet_load", whip, whep, str(viewers), cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    load = PacketLoad(process)
    try:
        await load.wait("ready")
        yield load
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
