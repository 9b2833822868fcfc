"""How a process that serves ends: as a signal asks, in time, whatever hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

SAME_WISH_S = 1.0
STOP_LIMIT_S = 4.8  # SIGTERM ends the process within 5 s, whatever hangs


class Ending:
    """How the process ends: a first signal cancels the task, one a second or more later ends it at once.

    Not sooner, because tools such as timeout(1) signal the process and then its group: the same wish twice.
    Whatever hangs, STOP_LIMIT_S after the beginning of the end it is over.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begun_s: float | None = None
        self._watchdog = threading.Timer(
            STOP_LIMIT_S, _give_up, ["Closing took too long; the process ends now."]
        )
        self._watchdog.daemon = True  # a thread, because a hung loop runs no timers
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # SIGHUP: the terminal was closed
            self._loop.add_signal_handler(number, self._hear)

    def begin(self) -> None:
        """Starts the clock of the end, unless a signal has already."""
        if self._begun_s is None:
            self._begun_s = self._loop.time()
            self._watchdog.start()

    def finish(self) -> None:
        """Everything is closed."""
        self._watchdog.cancel()

    def _hear(self) -> None:
        if self._begun_s is None:
            self.begin()
            if self._task is not None:
                self._task.cancel()
        elif self._loop.time() - self._begun_s >= SAME_WISH_S:
            _give_up("Ended at once, as asked twice.")


def _give_up(sentence: str) -> None:
    sys.stderr.write(f"vtp: {sentence}\n")
    sys.stderr.flush()
    os._exit(1)
