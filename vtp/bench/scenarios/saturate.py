"""`forward --saturate`: lectures are added until the server gives way or the load client can no more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.bench.load import Lecture
from vtp.bench.results import Figures, SaturationFigures
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.runner import SERVER_ERRORS, server_error
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import measure_window

LOSS_LIMIT_PCT = 0.1
DELAY_LIMIT_MS = 100.0
"""Of the 99th percentile: beyond it packets stand in a queue that fills, and are lost a little later."""
BEHIND_LIMIT_PCT = 1.0
BUSY = 0.9
"""Share of a core from which on a thread is called busy."""
MAX_LECTURES = 24


@dataclass(frozen=True)
class Saturate:
    """Lectures of so many subscribers each, one more at every step; near the end of a core smaller ones."""

    subscribers: int
    seconds: float = 5.0
    warm_up_s: float = 1.0
    pattern: Lecture = field(default_factory=Lecture)

    def describe(self) -> dict[str, Any]:
        """The size of one lecture."""
        return {"subscribers": self.subscribers}

    def load(self) -> dict[str, Any]:
        """What each publisher sends."""
        return describe_pattern(self.pattern)

    async def measure(self, stage: Stage) -> Figures:
        """The figures of the highest step that the server kept up with, and under "saturation" the climb."""
        clean: Figures | None = None
        steps: list[dict[str, Any]] = []
        limit = f"{MAX_LECTURES} lectures did not saturate it."
        size = joined = 0
        for number in range(1, MAX_LECTURES + 1):
            size = self._next_size(steps, size)
            refusal = await self._add_lecture(stage, number, size, first=not steps)
            if refusal:
                limit = refusal
                break
            figures = await measure_window(stage, self.seconds)
            joined += size
            figures["subscribers"] = joined
            steps.append(_step(figures))
            failing = overload(figures)
            if not failing or clean is None:
                clean = figures
            stopped = failing or _client_limit(figures)
            if stopped:
                limit = stopped
                break
        assert clean is not None
        clean["saturation"] = conclude(clean, steps, limit)
        return clean

    def _next_size(self, steps: Sequence[dict[str, Any]], last: int) -> int:
        """A quarter once a whole lecture more would take the core to its end: small steps find the end."""
        if not steps:
            return self.subscribers
        whole = steps[-1]["cores"] * self.subscribers / steps[-1]["subscribers"]
        return (
            last
            if last < self.subscribers or steps[-1]["cores"] + whole < BUSY
            else max(1, self.subscribers // 4)
        )

    async def _add_lecture(self, stage: Stage, number: int, size: int, *, first: bool) -> str:
        """Why it could not be added beside the others, in a sentence; "" when it was.

        Raises what the server raises when it does not take the first one.
        """
        failure: Exception | None = None
        try:
            # Not in this task: a task group that failed leaves its task half cancelled (Python before 3.13).
            await asyncio.create_task(self._fill_lecture(stage, number, size))
        except* SERVER_ERRORS as errors:
            if first:
                raise
            failure = server_error(errors)
        return f"lecture {number} could not be joined beside the others. {failure}" if failure else ""

    async def _fill_lecture(self, stage: Stage, number: int, size: int) -> None:
        room = f"lecture-{number}"
        publisher, source = await stage.publish(room, self.pattern, seed=number)
        source.start()
        await stage.fill(room, publisher, source, size)
        await asyncio.sleep(self.warm_up_s)


def _step(figures: Figures) -> dict[str, Any]:
    keys = ("subscribers", "packets_per_s", "loss_pct", "cores", "cpu_us_per_packet", "delay_ms", "load")
    return {key: figures[key] for key in keys}  # type: ignore[literal-required]


def overload(figures: Figures) -> str:
    """How the server did not keep up, in a sentence; "" when it did."""
    if figures["load"]["dropped_here"]:
        return ""
    if figures["loss_pct"] > LOSS_LIMIT_PCT:
        return f"the server lost {figures['loss_pct']:.2f} % of the packets."
    delay_ms = figures["delay_ms"]["p99"]
    if delay_ms is not None and delay_ms > DELAY_LIMIT_MS:
        return f"the server kept packets waiting (p99 {delay_ms:.0f} ms)."
    behind_pct = figures.get("outstanding_pct", 0.0)
    if behind_pct > BEHIND_LIMIT_PCT and figures["load"]["busiest_thread"] < BUSY:
        return f"the server fell behind ({behind_pct:.1f} % of the packets had not come at the end)."
    return ""


def _client_limit(figures: Figures) -> str:
    """Why the load client is what would be measured from here on; "" when it is not."""
    load = figures["load"]
    if load["dropped_here"]:
        return "the load client's own sockets overflowed first."
    if load["busiest_thread"] >= BUSY:
        return f"the load client's thread was busy ({load['busiest_thread']:.0%}) first."
    return ""


def conclude(clean: Figures, steps: list[dict[str, Any]], limit: str) -> SaturationFigures:
    """What one core forwards: measured where the server used one up, else derived from CPU per packet."""
    measured = clean["cores"] >= BUSY
    rate = clean["packets_per_s"] / clean["cores"] if measured else 1e6 / clean["cpu_us_per_packet"]
    return SaturationFigures(
        packets_per_s_per_core=round(rate),
        how="measured" if measured else "derived",
        limit=limit,
        steps=steps,
    )
