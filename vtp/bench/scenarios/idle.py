"""`idle`: what a server takes that has nothing to do: alone, then with rooms and connected people in them.

Until viewers can pause what they get, a consumer is idle here because its publisher is silent; WHEP gives two
consumers to a transport, so that as many are connected as the consumers need.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from vtp.bench.accounting import resident_kb
from vtp.bench.results import Figures
from vtp.bench.scenarios.stage import JOINS_AT_ONCE, Stage, publisher_media
from vtp.bench.scenarios.window import Window
from vtp.bench.vtp_server import VtpServer

CONSUMERS_PER_VIEWER = 2


@dataclass(frozen=True)
class Idle:
    """So many rooms, transports and consumers; vtp only."""

    rooms: int = 1000
    transports: int = 1000
    consumers: int = 5000
    seconds: float = 10.0
    warm_up_s: float = 3.0

    @property
    def viewers(self) -> int:
        """Transports that receive."""
        return -(-self.consumers // CONSUMERS_PER_VIEWER)

    @property
    def publishers(self) -> int:
        """Transports that could send: the others, at least one."""
        return max(1, self.transports - self.viewers)

    def describe(self) -> dict[str, Any]:
        """What is there and silent."""
        return {
            "rooms": self.rooms,
            "transports": self.viewers + self.publishers,
            "consumers": CONSUMERS_PER_VIEWER * self.viewers,
        }

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        return {"text": "Nobody sends: connected publishers and viewers with ICE consent and reports only"}

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        server = stage.sfu
        assert isinstance(server, VtpServer), "the idle scenario is vtp's own"
        alone_mb = resident_kb(server.pids) / 1024
        for number in range(self.rooms):
            room = {"room_id": f"room-{number}", "room_name": f"Room {number}"}
            await server.call("POST", "/api/v1/signalling/room/create", room)
        await self._connect(stage)
        await asyncio.sleep(self.warm_up_s)
        window = Window(server.pids)
        await asyncio.sleep(self.seconds)
        spent = window.close()
        return Figures(
            seconds=round(spent.seconds, 3),
            start_ms=round(server.start_ms, 1),
            rss_mb=round(alone_mb, 1),
            rss_loaded_mb=round(resident_kb(server.pids) / 1024, 1),
            cpu_share_pct=round(100 * spent.server.total_s / spent.seconds, 3),
            cores=round(spent.server.total_s / spent.seconds, 4),
            load={"cores": round(spent.client.total_s / spent.seconds, 4)},
        )

    async def _connect(self, stage: Stage) -> None:
        """Publishers to rooms of their own, viewers spread over these."""
        limit = asyncio.Semaphore(JOINS_AT_ONCE)
        publishers = [await stage.sfu.publish(_room(n, self.rooms), publisher_media())
                      for n in range(self.publishers)]  # fmt: skip

        async def view(number: int) -> None:
            async with limit:
                which = number % self.publishers
                await stage.sfu.subscribe(_room(which, self.rooms), publishers[which])

        async with asyncio.TaskGroup() as group:
            for number in range(self.viewers):
                group.create_task(view(number))


def _room(number: int, rooms: int) -> str:
    return f"room-{number % max(1, rooms)}"
