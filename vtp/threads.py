"""Threads whose work can wait: for packets, for requests, for each other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_before = threading.local()
"""Of a patient thread: `niceness` that it began with."""


def be_patient(niceness: int) -> None:
    """Makes the calling thread the last to get a processor; Linux takes a thread's id for `PRIO_PROCESS`.

    SCHED_BATCH besides: when it wakes it interrupts nobody.
    """
    _before.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with contextlib.suppress(OSError):  # already lower, by inheritance
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def be_prompt() -> None:
    """Ends the calling thread's patience, as far as the system allows: somebody waits for its work."""
    niceness = getattr(_before, "niceness", None)
    if niceness is None:
        return
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def go_first(niceness: int) -> bool:
    """Has the calling thread run before ordinary ones, where the system allows it (root, LimitNICE in the
    systemd unit); tells whether it does. Threads and processes that it makes begin as ordinary ones.

    Whoever has started the process with another niceness than 0, or by another policy than SCHED_OTHER, has
    decided otherwise.
    """
    thread_id = threading.get_native_id()
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    if policy != os.SCHED_OTHER or os.getpriority(os.PRIO_PROCESS, thread_id):
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, thread_id, niceness)
    except OSError:
        return False
    try:  # after that: nobody without rights can undo it
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    except OSError:
        os.setpriority(os.PRIO_PROCESS, thread_id, 0)
        return False
    return True


async def in_daemon_thread(function: Callable[[], T], name: str) -> T:
    """Calls what may block in a thread that nobody waits for at the end, however long it hangs."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        failed: Exception | None = None
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - handed to who awaits it
            failed = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
