"""Fails a test in which something held up the event loop: no packet waits for it, but every person does."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

CPU_LIMIT_S = 1.0  # processors that others share take twice and three times as long for the same
WALL_LIMIT_S = 10.0  # generous: a busy machine may put the whole process aside
NEVER = 1_000_000  # collections of the middle generation
READ_EVERY = 0.02  # of the limit


class Processor(threading.local):
    """What this thread has taken of one, read now and then: asking takes as long as a callback."""

    read_s = 0.0
    taken_s = 0.0


@contextmanager
def unblocked_loop(cpu_limit_s: float = CPU_LIMIT_S, wall_limit_s: float = WALL_LIMIT_S) -> Iterator[None]:
    """Measures every callback of every asyncio loop within the block.

    Only young garbage is looked for meanwhile: looking through all that the test run itself has piled up
    takes longer than the limit, and no server has it.
    """
    blocked: list[str] = []
    run = asyncio.Handle._run
    processor = Processor()
    now, thread_time = time.perf_counter, time.thread_time
    shortest_s, age_s = min(cpu_limit_s, wall_limit_s), READ_EVERY * cpu_limit_s

    def measured(handle: asyncio.Handle) -> None:
        began_s = now()
        if began_s - processor.read_s > age_s:
            processor.read_s, processor.taken_s = began_s, thread_time()
        run(handle)
        wall_s = now() - began_s
        if wall_s > shortest_s:
            cpu_s = thread_time() - processor.taken_s
            if cpu_s > cpu_limit_s * (1 + READ_EVERY) or wall_s > wall_limit_s:
                blocked.append(f"{handle!r}: {cpu_s:.2f} s of CPU, {wall_s:.2f} s")

    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    asyncio.Handle._run = measured  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]
        gc.set_threshold(young, middle, old)
    assert not blocked, "The event loop was blocked by " + "; ".join(blocked)
