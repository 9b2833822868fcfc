"""`hls`: a class that is watched over HTTP: viewers at the live edge, and parts as fast as they are given."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vtp.bench.hls_viewer import HlsViewer
from vtp.bench.http_line import HttpLine
from vtp.bench.peers.connect import PeerError
from vtp.bench.results import Figures, HlsFigures, percentiles
from vtp.bench.scenarios.record import publishing, start_recording, vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import Window
from vtp.bench.vtp_server import VtpServer

TRACKS = ("video", "aac")
PART_BYTES = 25_000
"""Parts nearest to this size are asked for at saturation."""
PARTS_ASKED = 8
CONNECTIONS = 64
JOINS_PER_S = 200
BEGIN_LIMIT_S = 20.0


@dataclass(frozen=True)
class Hls:
    """So many viewers at the edge of a class that is recorded from a clip; vtp only."""

    clip: Path
    viewers: int = 1000
    seconds: float = 20.0

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"viewers": self.viewers}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        return {
            "text": f"A publisher sends {self.clip.name} in a loop; each viewer follows picture and AAC by "
            f"blocking reload and fetches every part; then {CONNECTIONS} connections ask for parts of about "
            f"{PART_BYTES // 1000} KB, one after the other"
        }

    async def measure(self, stage: Stage) -> Figures:
        """One run."""
        server = vtp_server(stage)
        async with publishing(stage, self.clip, 1) as rooms:
            recording = await start_recording(server, rooms[0])
            base = f"/api/v1/recordings/{recording}/stream"
            cookie = await _playable(server, base)
            viewers = [HlsViewer(server.url, base, cookie) for _ in range(self.viewers)]
            window, seconds = await self._watch(server, viewers)
            found = _live_figures(viewers, seconds)
            await server.call("POST", f"/api/v1/recordings/{recording}/stop")
        paths = _parts_near(viewers, base)
        found |= await _saturated(server, paths, cookie, self.seconds / 2)
        return Figures(
            seconds=round(seconds, 3),
            hls=found,
            cores=round(window.server.total_s / window.seconds, 4),
            load={
                "cores": round(window.client.total_s / window.seconds, 4),
                "busiest_thread": round(window.client.busiest_s / window.seconds, 4),
            },
        )

    async def _watch(self, server: VtpServer, viewers: list[HlsViewer]) -> tuple[Any, float]:
        """Everybody comes and plays; measured from then on."""
        async with asyncio.TaskGroup() as group:
            playing = []
            for viewer in viewers:
                playing.append(group.create_task(viewer.run(TRACKS)))
                await asyncio.sleep(1 / JOINS_PER_S)
            await asyncio.sleep(3)
            for viewer in viewers:
                viewer.begin_to_count()
            window = Window(server.pids)
            await asyncio.sleep(self.seconds)
            spent = window.close()
            for task in playing:
                task.cancel()
        return spent, spent.seconds


async def _playable(server: VtpServer, base: str) -> str:
    """Waits until the recording can be played; gives the cookie that opens it. Raises PeerError."""
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < BEGIN_LIMIT_S:
        cookie = await server.admitted(f"{base}/master.m3u8")
        if cookie:
            return cookie
        await asyncio.sleep(0.2)
    raise PeerError(f"A recording could not be followed within {BEGIN_LIMIT_S:.0f} s.")


def _live_figures(viewers: list[HlsViewer], seconds: float) -> HlsFigures:
    """What the viewers met."""
    first: dict[tuple[str, int, int], float] = {}
    arrivals: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    for viewer in viewers:
        for key, at_s in viewer.playlists_s.items():
            arrivals[key].append(at_s)
            first[key] = min(at_s, first.get(key, at_s))
    behind = [1000 * (at_s - first[key]) for key, many in arrivals.items() for at_s in many]
    buffers = [buffer for viewer in viewers for buffer in viewer.buffers.values()]
    return HlsFigures(
        requests_per_s=round(sum(viewer.requests for viewer in viewers) / seconds, 1),
        mbit_per_s=round(8e-6 * sum(viewer.received for viewer in viewers) / seconds, 1),
        stalls=sum(buffer.stalls for buffer in buffers),
        stalled_viewers=sum(any(one.stalls for one in viewer.buffers.values()) for viewer in viewers),
        behind_ms=percentiles(behind),
    )


def _parts_near(viewers: list[HlsViewer], base: str) -> list[str]:
    """Addresses of the parts of the picture whose size is nearest to what is asked for."""
    sizes = {name: size for viewer in viewers for name, size in viewer.part_bytes.items()}
    nearest = sorted(sizes, key=lambda name: abs(sizes[name] - PART_BYTES))[:PARTS_ASKED]
    if not nearest:
        raise PeerError("No viewer has seen a part of the picture.")
    return [f"{base}/{TRACKS[0]}/{name}" for name in nearest]


async def _saturated(server: VtpServer, paths: list[str], cookie: str, seconds: float) -> HlsFigures:
    """Parts as fast as the server gives them, on all connections."""
    lines = [await HttpLine.opened(server.url, cookie) for _ in range(CONNECTIONS)]
    times: list[float] = []
    size = 0
    end_s = time.monotonic() + seconds

    async def ask(line: HttpLine, first: int) -> None:
        nonlocal size
        for path in itertools.islice(itertools.cycle(paths), first, None):
            begun_s = time.monotonic()
            if begun_s >= end_s:
                return
            answer = await line.ask(path)
            if answer.status != 200:
                raise PeerError(f"vtp answered {answer.status} to GET {path}.")
            times.append(1000 * (answer.arrived_s - begun_s))
            size += len(answer.body)

    window = Window(server.pids)
    async with asyncio.TaskGroup() as group:
        for number, line in enumerate(lines):
            group.create_task(ask(line, number % len(paths)))
    spent = window.close()
    for line in lines:
        line.close()
    return HlsFigures(
        part_kb=round(size / max(1, len(times)) / 1000, 1),
        parts_per_s=round(len(times) / spent.seconds, 1),
        part_ms=percentiles(times),
        cpu_us_per_part=round(1e6 * spent.server.total_s / max(1, len(times)), 2),
        client_cores=round(spent.client.total_s / spent.seconds, 3),
    )
