"""`record`: what recording a class costs beside forwarding nothing, and how soon it can be played."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from vtp.bench.media_source import MediaSource, probe
from vtp.bench.peers.connect import PeerError
from vtp.bench.publisher import Publisher
from vtp.bench.results import Figures
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import Window
from vtp.bench.vtp_server import VtpServer

PLAYABLE_LIMIT_S = 10.0
SPARE_THREADS = 6
_FIRST_KEY_FRAME_S = 2.0


@dataclass(frozen=True)
class Record:
    """Pairs of picture and Opus from a clip, sent in real time and recorded; vtp only."""

    clip: Path
    pairs: int = 4
    seconds: float = 10.0

    def describe(self) -> dict[str, Any]:
        """How many are recorded at once."""
        return {"recordings": self.pairs}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        return {"text": f"Each publisher sends {self.clip.name} in a loop"}

    async def measure(self, stage: Stage) -> Figures:
        """One run: the same publishers first without, then with recordings."""
        server = vtp_server(stage)
        async with publishing(stage, self.clip, self.pairs) as rooms:
            await asyncio.sleep(_FIRST_KEY_FRAME_S)
            window = Window(server.pids)
            await asyncio.sleep(self.seconds)
            without = window.close()
            started = [await start_recording(server, room) for room in rooms]
            await asyncio.sleep(_FIRST_KEY_FRAME_S)
            window = Window(server.pids)
            await asyncio.sleep(self.seconds)
            recording = window.close()
            playable_ms = [await stop_to_playable_ms(server, one) for one in started]
        more = recording.server.total_s / recording.seconds - without.server.total_s / without.seconds
        return Figures(
            seconds=round(recording.seconds, 3),
            cpu_pct_per_recording=round(100 * more / self.pairs, 3),
            cores=round(recording.server.total_s / recording.seconds, 4),
            stop_to_playable_ms=round(max(playable_ms), 1),
            load={"cores": round(recording.client.total_s / recording.seconds, 4)},
        )


def vtp_server(stage: Stage) -> VtpServer:
    """The stage's server. Raises TypeError for a peer, which has no API of ours."""
    if not isinstance(stage.sfu, VtpServer):
        raise TypeError(f"{stage.sfu.name} has no API of vtp's.")
    return stage.sfu


@contextlib.asynccontextmanager
async def publishing(stage: Stage, clip: Path, count: int) -> AsyncIterator[list[str]]:
    """So many publishers of the clip, each in a room of its own, whose names it gives."""
    server = vtp_server(stage)
    tracks = await asyncio.to_thread(probe, str(clip))
    threads = ThreadPoolExecutor(count + SPARE_THREADS)  # each source reads its file in one all the time
    asyncio.get_running_loop().set_default_executor(threads)
    rooms = [f"recorded-{number}" for number in range(count)]
    publishers = [
        Publisher(stage.driver, server.whip(), f"{server.url}/whip/{room}", tracks) for room in rooms
    ]
    async with asyncio.TaskGroup() as group:
        try:
            for publisher in publishers:
                await publisher.open()
                group.create_task(publisher.run(MediaSource(str(clip), tracks, loop=True)))
            yield rooms
        finally:
            for publisher in publishers:
                publisher.stop()
    for publisher in publishers:
        await publisher.close()


async def start_recording(server: VtpServer, room: str) -> str:
    """The recording's id. Raises PeerError."""
    started = await server.call("POST", "/api/v1/recordings/start", {"room_id": room})
    return str(started["recording_id"])


async def stop_to_playable_ms(server: VtpServer, recording: str) -> float:
    """From sending Stop until a player has a playlist that names all segments. Raises PeerError."""
    begun_s = time.monotonic()
    await server.call("POST", f"/api/v1/recordings/{recording}/stop")
    while time.monotonic() - begun_s < PLAYABLE_LIMIT_S:
        found = await server.call("GET", f"/api/v1/recordings/{recording}")
        if found["playback_url"] and await _is_playable(server, found["playback_url"]):
            return 1000 * (time.monotonic() - begun_s)
        await asyncio.sleep(0.01)
    raise PeerError(
        f"A stopped recording could not be played within {PLAYABLE_LIMIT_S:.0f} s: it is {found['status']}, "
        f"{found['error_message'] or 'without a reason'}."
    )


async def _is_playable(server: VtpServer, url: str) -> bool:
    """Whether a player is given the playlists, and in that of the first picture all segments."""
    playlists = [line for line in (await server.text(url)).splitlines() if line and not line.startswith("#")]
    if not playlists:
        return False
    picture = await server.text(urljoin(url, playlists[0]))
    return "#EXTINF" in picture and "#EXT-X-ENDLIST" in picture
