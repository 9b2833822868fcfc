"""Threads whose work can wait: for packets, for requests, for each other."""

from __future__ import annotations

import contextlib
import os
import threading


def be_patient(niceness: int) -> None:
    """Makes the calling thread the last to get a processor; Linux takes a thread's id for `PRIO_PROCESS`.

    SCHED_BATCH besides: when it wakes it interrupts nobody.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with contextlib.suppress(OSError):  # already lower, by inheritance
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
