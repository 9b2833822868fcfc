"""`record`: what recording adds to a server, what that does to a lecture beside, and how soon it plays.

Windows without and with recordings take turns, so that what else the machine does falls on both alike: the
same publishers send, and the same viewers watch, in all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urljoin

from vtp.bench.load import Lecture
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.peers.connect import PeerError
from vtp.bench.publisher import Publisher
from vtp.bench.results import Figures, RecordingFigures
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import Window, measure_window
from vtp.bench.vtp_server import VtpServer

ROOM = "lecture"
PLAYABLE_LIMIT_S = 10.0
SPARE_THREADS = 6
_FIRST_KEY_FRAME_S = 2.0
_PAUSE_S = 1.0


@dataclass(frozen=True)
class Record:
    """Pairs of picture and Opus from a clip, sent in real time and recorded; vtp only. `subscribers` watch a
    lecture beside; `turns` are windows without and with recordings, of `seconds` each.
    """

    clip: Path
    pairs: int = 4
    seconds: float = 10.0
    turns: int = 2
    subscribers: int = 0
    pattern: Lecture = field(default_factory=Lecture)

    def describe(self) -> dict[str, Any]:
        """How many are recorded at once."""
        return {"recordings": self.pairs, **({"subscribers": self.subscribers} if self.subscribers else {})}

    def load(self) -> dict[str, Any]:
        """In a sentence, with what the lecture's publisher sends."""
        text = f"each publisher sends {self.clip.name} in a loop; {self.turns} windows without and with "
        text += "recordings in turn"
        if not self.subscribers:
            return {"text": text}
        return {**describe_pattern(self.pattern), "text": f"{text}, while {self.subscribers} watch a lecture"}

    async def measure(self, stage: Stage) -> Figures:
        """One run: the same publishers without and with recordings, by turns."""
        server = vtp_server(stage)
        if self.subscribers:
            publisher, source = await stage.publish(ROOM, self.pattern)
            source.start()
            await stage.fill(ROOM, publisher, source, self.subscribers)
        without: list[Figures] = []
        recorded: list[Figures] = []
        playable_ms: list[float] = []
        async with publishing(stage, self.clip, self.pairs) as rooms:
            await asyncio.sleep(_FIRST_KEY_FRAME_S)
            for _ in range(self.turns):
                await asyncio.sleep(_PAUSE_S)  # what comes after *Stop* is over
                without.append(await self._window(stage))
                started = [await start_recording(server, room) for room in rooms]
                await asyncio.sleep(_FIRST_KEY_FRAME_S)
                recorded.append(await self._window(stage))
                playable_ms += [await stop_to_playable_ms(server, one) for one in started]
        return self._together(without, recorded) | Figures(stop_to_playable_ms=round(max(playable_ms), 1))

    async def _window(self, stage: Stage) -> Figures:
        """What the server spends, and how late the lecture is where anybody watches one."""
        if stage.probes:
            return await measure_window(stage, self.seconds)
        window = Window(stage.sfu.pids)
        await asyncio.sleep(self.seconds)
        spent = window.close()
        return Figures(
            seconds=round(spent.seconds, 3),
            cores=round(spent.server.total_s / spent.seconds, 4),
            load={"cores": round(spent.client.total_s / spent.seconds, 4)},
        )

    def _together(self, without: list[Figures], recorded: list[Figures]) -> Figures:
        """Medians over the turns; of a lecture the turn with the middle p99."""
        turns = list(zip(without, recorded, strict=True))
        added = [100 * (b["cores"] - a["cores"]) / self.pairs for a, b in turns]
        whole, quiet = (sorted(some, key=_p99)[len(some) // 2] for some in (recorded, without))
        figures = RecordingFigures(
            quiet_cores=round(median(one["cores"] for one in without), 4),
            turns_added_pct=[round(one, 3) for one in added],
        )
        if self.subscribers:
            figures["added_p99_ms"] = round(median(_p99(b) - _p99(a) for a, b in turns), 3)
            figures["turns_p99_ms"] = [(_p99(a), _p99(b)) for a, b in turns]
            whole = whole | Figures(subscribers=self.subscribers, quiet_delay_ms=quiet["delay_ms"])
        else:
            figures["whole_cpu_pct"] = round(100 * median(one["cores"] for one in recorded) / self.pairs, 3)
        cores = round(median(one["cores"] for one in recorded), 4)
        added_pct = round(median(added), 3)
        return whole | Figures(recording=figures, cpu_pct_per_recording=added_pct, cores=cores)


def _p99(figures: Figures) -> float:
    """Milliseconds; 0 where nobody watches."""
    return figures.get("delay_ms", {}).get("p99") or 0.0


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
    while True:
        found = await server.call("GET", f"/api/v1/recordings/{recording}")
        if found["playback_url"] and await _is_playable(server, found["playback_url"]):
            return 1000 * (time.monotonic() - begun_s)
        if time.monotonic() - begun_s > PLAYABLE_LIMIT_S:
            break
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
