"""How late a server's event loop runs timers, and how long it waited for a processor at that."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.bench.accounting import ThreadTurns, thread_turns
from vtp.bench.results import LoopFigures, Percentiles
from vtp.bench.vtp_server import VtpServer

LATE_S = 0.005
"""More than that is too late. A bound of the server's histogram, so that the share beyond is exact."""

Counts = dict[float, float]
"""By a bucket's upper bound, in seconds: how many looks found the loop no later than that."""


@dataclass(frozen=True)
class LoopLag:
    """Between two looks at the server's histogram, and at its main thread, which is the loop's."""

    server: VtpServer
    counts: Counts
    turns: ThreadTurns

    @classmethod
    async def begin(cls, server: VtpServer) -> LoopLag:
        """From now on."""
        return cls(server, await _counts(server), _turns(server))

    async def figures(self) -> tuple[Percentiles, LoopFigures]:
        """Up to now. Percentiles are upper bounds of buckets."""
        turns = _turns(self.server) - self.turns
        counts = {
            bound: count - self.counts.get(bound, 0.0)
            for bound, count in (await _counts(self.server)).items()
        }
        return delay_percentiles(counts), LoopFigures(
            looks=int(max(counts.values(), default=0.0)),
            late_pct=late_pct(counts),
            busy=round(turns.ran_s / turns.at_s, 4),
            waited=round(turns.waited_s / turns.at_s, 4),
        )


def delay_percentiles(counts: Counts) -> Percentiles:
    """In milliseconds: the upper bound of the bucket that each falls into; None where nobody looked."""
    total = max(counts.values(), default=0.0)
    p50, p95, p99 = (
        next(
            (1000 * bound for bound, count in sorted(counts.items()) if total and count >= share * total),
            None,
        )
        for share in (0.5, 0.95, 0.99)
    )
    return Percentiles(p50=p50, p95=p95, p99=p99)


def late_pct(counts: Counts) -> float:
    """Of 100 looks, those that found the loop later than `LATE_S`; 0 where nobody looked."""
    total = max(counts.values(), default=0.0)
    return round(100 * (total - counts[LATE_S]) / total, 3) if total else 0.0


def _turns(server: VtpServer) -> ThreadTurns:
    return thread_turns(server.pids[0])


async def _counts(server: VtpServer) -> Counts:
    found: Counts = {}
    for line in (await server.text("/metrics")).splitlines():
        if line.startswith("vtp_loop_delay_seconds_bucket"):
            bound, _, count = line.partition('le="')[2].partition('"} ')
            found[float(bound)] = float(count)
    return found
