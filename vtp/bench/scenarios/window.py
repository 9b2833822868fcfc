"""A measuring window: what a server and the load client spent between two moments."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass

from vtp.bench.accounting import CpuTimes, cpu_times
from vtp.bench.load import ProbeFigures, SourceFigures
from vtp.bench.results import Figures, LoadFigures, Percentiles
from vtp.bench.scenarios.stage import Stage


@dataclass(frozen=True)
class Spent:
    """Processor time of both sides within a window of `seconds`."""

    seconds: float
    server: CpuTimes
    client: CpuTimes


class Window:
    """Begins when it is made, ends with `close`."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._server, self._client = cpu_times(pids), cpu_times([os.getpid()])
        self._begun_s = time.monotonic()

    def close(self) -> Spent:
        """What was spent since."""
        seconds = time.monotonic() - self._begun_s
        server, client = cpu_times(self._pids), cpu_times([os.getpid()])
        return Spent(seconds, server - self._server, client - self._client)


def packet_figures(spent: Spent, received: ProbeFigures) -> Figures:
    """CPU per packet, rates, loss and delay; `received` is all probes merged."""
    packets = max(1, received.packets)
    return Figures(
        seconds=round(spent.seconds, 3),
        packets=received.packets,
        packets_per_s=round(received.packets / spent.seconds, 1),
        cpu_us_per_packet=round(1e6 * spent.server.total_s / packets, 4),
        cpu_user_us_per_packet=round(1e6 * spent.server.user_s / packets, 4),
        cpu_system_us_per_packet=round(1e6 * spent.server.system_s / packets, 4),
        media_thread_us_per_packet=round(1e6 * spent.server.busiest_s / packets, 4),
        cores=round(spent.server.total_s / spent.seconds, 4),
        loss_pct=round(received.loss_pct, 4),
        lost=received.lost,
        recovered=received.recovered,
        skipped=received.skipped,
        reordered=received.reordered,
        duplicated=received.duplicated,
        authenticated=received.authenticated,
        authentication_failed=received.authentication_failed,
        untimed=received.untimed,
        delay_ms=delay_percentiles(received),
    )


def outstanding_pct(due: int, received: ProbeFigures) -> float:
    """Of the packets sent in a window, those that had neither come nor left a gap at its end.

    Gaps tell of a loss only when a later packet comes: a server that stands still leaves none.
    """
    return round(100 * max(0, due - received.expected) / due, 4) if due > 0 else 0.0


def delay_percentiles(received: ProbeFigures) -> Percentiles:
    """In milliseconds, over all packets of all viewers."""
    delay = received.delay
    return Percentiles(
        p50=delay.percentile_ms(0.5), p95=delay.percentile_ms(0.95), p99=delay.percentile_ms(0.99)
    )


def load_figures(spent: Spent, received: ProbeFigures, sources: list[SourceFigures]) -> LoadFigures:
    """What the load client itself took."""
    return LoadFigures(
        cpu_us_per_packet=round(1e6 * spent.client.total_s / max(1, received.packets), 4),
        cores=round(spent.client.total_s / spent.seconds, 4),
        busiest_thread=round(spent.client.busiest_s / spent.seconds, 4),
        late_bursts=sum(source.late_bursts for source in sources),
        dropped_here=received.dropped_here,
    )


async def measure_window(stage: Stage, seconds: float) -> Figures:
    """Costs, loss and delay of what runs on the stage for so many seconds."""
    late = sum(one.late_bursts for one in stage.sent())
    stage.restart()
    due = stage.due()
    window = Window(stage.sfu.pids)
    await asyncio.sleep(seconds)
    spent = window.close()
    due = stage.due() - due
    received = stage.received()
    figures = packet_figures(spent, received)
    figures["outstanding_pct"] = outstanding_pct(due, received)
    figures["load"] = load_figures(spent, received, stage.sent())
    figures["load"]["late_bursts"] -= late
    return figures
