"""Telling of what changes often: at once, then at most every so many seconds; the last state always."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls `tell` after each `touch`, but not oftener than every `interval_s`."""

    def __init__(self, tell: Callable[[], None], interval_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._tell = tell
        self._interval_s = interval_s
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._touched = False

    def touch(self) -> None:
        """Something has changed."""
        if self._timer is not None:
            self._touched = True
            return
        self._timer = self._loop.call_later(self._interval_s, self._rested)
        self._tell()

    def stop(self) -> None:
        """Tells no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._touched = False

    def _rested(self) -> None:
        self._timer = None
        if self._touched:
            self._touched = False
            self.touch()
