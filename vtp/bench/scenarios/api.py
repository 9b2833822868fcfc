"""`api`: what people wait for at the API, at a rate of requests that does not slow down with the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vtp.bench.results import Figures
from vtp.bench.scenarios.api_load import MIX, ApiLoad
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import Window


@dataclass(frozen=True)
class Api:
    """Requests a second over so many connections; vtp only."""

    rate: float = 200.0
    connections: int = 50
    seconds: float = 10.0
    warm_up_s: float = 2.0

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"rate": self.rate, "connections": self.connections}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        return {"text": "Of 100 requests " + ", ".join(f"{share} {name}" for name, share in MIX.items())}

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        server = vtp_server(stage)
        load = ApiLoad(server, connections=self.connections)
        await load.prepare()
        await load.run(self.rate, self.warm_up_s)
        window = Window(server.pids)
        times = await load.run(self.rate, self.seconds)
        spent = window.close()
        return Figures(
            seconds=round(spent.seconds, 3),
            requests_per_s=round(times.count / spent.seconds, 1),
            failed=times.failed,
            api=times.summary(),
            cores=round(spent.server.total_s / spent.seconds, 4),
            load={"cores": round(spent.client.total_s / spent.seconds, 4)},
        )
