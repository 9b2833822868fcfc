"""Doing something again and again, every so many seconds, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable

from vtp.media.sharing import Clock


class Rounds:
    """Calls `act` after each `interval_s`."""

    def __init__(self, act: Callable[[], None], interval_s: float, clock: Clock) -> None:
        self._act = act
        self._interval_s = interval_s
        self._clock = clock
        self._timer = clock.call_later(interval_s, self._go)

    def stop(self) -> None:
        """Calls no more."""
        self._timer.cancel()

    def _go(self) -> None:
        self._timer = self._clock.call_later(self._interval_s, self._go)
        self._act()
