"""Runs probes side by side, each within its time; one that hangs or breaks becomes a finding."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vtp.doctor.finding import Finding, State, Topic
from vtp.threads import in_daemon_thread

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at one thing; `run` may take `limit_s` seconds."""

    topic: Topic
    looked_at: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    limit_s: float = 5.0


async def run_probes(probes: Sequence[Probe]) -> list[Finding]:
    """The findings of all, in the order of the probes."""
    found = await asyncio.gather(*map(_run, probes))
    return [finding for findings in found for finding in findings]


async def _run(probe: Probe) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(probe.limit_s):
            return await probe.run()
    except TimeoutError:
        reason = f"This took longer than {probe.limit_s:g} s and was given up."
    except Exception as error:
        logger.debug("The probe of %s failed.", probe.looked_at, exc_info=True)
        reason = f"This could not be looked at: {one_line(error)}."
    return [Finding(probe.topic, probe.looked_at, State.SKIPPED, reason)]


def one_line(error: BaseException) -> str:
    """What an error says, shortly; the name of its kind when it says nothing."""
    said = (getattr(error, "strerror", None) or str(error)).strip().splitlines()
    return (said or [type(error).__name__])[0].rstrip(".")[:200]


async def in_thread(function: Callable[[], T]) -> T:
    """Calls what may block in a thread that nobody waits for at the end, however long a disk hangs."""
    return await in_daemon_thread(function, "vtp doctor")
