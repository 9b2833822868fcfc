"""Keeps a thread's scheduling as it was around libraries that change it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ordinary_scheduling() -> Iterator[None]:
    """The calling thread is scheduled as before when the block ends.

    SVT-AV1, opened by root, puts the thread that opens it under SCHED_FIFO at priority 99; all it starts
    afterwards, browsers too, would inherit that and leave the processors to nobody else.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, parameters)
