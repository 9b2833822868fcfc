"""Floods an emulated link, both ways at once, and tells what came through: `vtp bench link`."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, TypedDict

from vtp.bench._emulator import Flood
from vtp.bench.load_figures import Delays
from vtp.bench.net.direction import Direction
from vtp.bench.net.link import Link
from vtp.bench.net.report import ErrorFigures, NetworkFigures, delays

HEADER_BYTES = 28
"""Of IPv4 and UDP: a link's rate counts whole packets."""
PORT = 5_000
LONGEST_DRAIN_S = 30.0


@dataclass(frozen=True)
class Check:
    """What is sent through which link."""

    seed: int
    there: Direction
    back: Direction
    load_bps: float = 50e6
    """Each way, IP headers counted."""
    packet_bytes: int = 1200
    seconds: float = 5.0

    @property
    def packets_per_s(self) -> float:
        return self.load_bps / 8 / self.packet_bytes


class FlowFigures(TypedDict):
    """One direction, as the two programs at its ends saw it."""

    sent: int
    sent_mbit_per_s: float
    received: int
    received_mbit_per_s: float
    loss_pct: float
    duplicated: int
    reordered: int
    delay_ms: dict[str, float | None]
    """From the send call to the kernel's stamp at the receiver: min, p50, p95, p99, max; steps of 1.5 %."""
    beyond_delay_ms: dict[str, float | None]
    """The same less the link's own delay: queueing, jitter, and what the emulator and the kernel add."""
    sent_late: int
    """Packets that the sender itself sent over 2 ms late: the machine was too busy to measure."""


class CheckFigures(TypedDict):
    """The whole of it."""

    scenario: str
    void: str | None
    """Why the run does not count; None when it does."""
    error_ms: ErrorFigures
    there: FlowFigures
    back: FlowFigures
    load: dict[str, Any]
    emulator: NetworkFigures


def run_check(check: Check) -> CheckFigures:
    """Takes `check.seconds` and what the link holds. Raises NetworkError, ValueError."""
    with Link(check.seed, there=check.there, back=check.back) as link:
        floods = asyncio.run(_flood(link, check))
        emulator = link.report()
    return CheckFigures(
        scenario="link",
        void=emulator["void"],
        error_ms=emulator["error_ms"],
        there=_flow(floods[0], check),
        back=_flow(floods[1], check),
        load={
            "packet_bytes": check.packet_bytes,
            "packets_per_s": round(check.packets_per_s, 1),
            "mbit_per_s": check.load_bps / 1e6,
            "seconds": check.seconds,
            "there": check.there.figures(),
            "back": check.back.figures(),
        },
        emulator=emulator,
    )


async def _flood(link: Link, check: Check) -> list[Flood]:
    count = max(1, round(check.packets_per_s * check.seconds))
    there, back = (
        Flood(count, expected_ns=round(direction.delay_ms * 1e6)) for direction in (check.there, check.back)
    )
    ends = [node.place.socket((node.address, PORT)) for node in (link.a, link.b)]
    try:
        for end, far in zip(ends, reversed(ends), strict=True):
            end.connect(far.getsockname())
        receiving = [
            asyncio.create_task(asyncio.to_thread(flood.receive, end.fileno()))
            for flood, end in zip((back, there), ends, strict=True)
        ]
        size = check.packet_bytes - HEADER_BYTES
        await asyncio.gather(
            *(
                asyncio.to_thread(flood.send, end.fileno(), size, check.packets_per_s)
                for flood, end in zip((there, back), ends, strict=True)
            )
        )
        await _until_empty(link)
        for flood in (there, back):
            flood.stop()
        await asyncio.gather(*receiving)
    finally:
        for end in ends:
            end.close()
    return [there, back]


async def _until_empty(link: Link) -> None:
    """Nothing under way, and a moment for what the receivers have not read yet."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_DRAIN_S):
            while link.under_way():  # noqa: ASYNC110 - the mover has no event for it
                await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)


def _flow(flood: Flood, check: Check) -> FlowFigures:
    bits = 8 * check.packet_bytes
    span_s = (flood.last_ns - flood.first_ns) / 1e9
    distinct = flood.received - flood.duplicated
    return FlowFigures(
        sent=flood.sent,
        sent_mbit_per_s=round(check.load_bps / 1e6, 3),
        received=flood.received,
        received_mbit_per_s=round((flood.received - 1) * bits / span_s / 1e6, 3) if span_s > 0 else 0.0,
        loss_pct=round(100 * (flood.sent - distinct) / flood.sent, 4) if flood.sent else 0.0,
        duplicated=flood.duplicated,
        reordered=flood.reordered,
        delay_ms=_percentiles(delays(flood.delays())),
        beyond_delay_ms=_percentiles(delays(flood.beyond())),
        sent_late=flood.late,
    )


def _percentiles(delay: Delays) -> dict[str, float | None]:
    return {
        "min": delay.smallest_us / 1000 if delay.count else None,
        **{f"p{share}": delay.percentile_ms(share / 100) for share in (50, 95, 99)},
        "max": delay.largest_us / 1000 if delay.count else None,
    }
