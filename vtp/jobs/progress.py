"""How far a job has come, and when it will be through at the pace so far."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST_S = 2.0  # of work before anything is foretold


class Progress:
    """Counted in units of the job's choice; `now_s` is a monotonic clock."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._begun_s = now_s()
        self._total = 0
        self._before = 0
        self._done = 0

    def begin(self, total: int, before: int = 0) -> None:
        """So much is to be done in all; so much of it was done by an earlier run."""
        self._begun_s = self._now_s()
        self._total, self._before, self._done = total, before, 0

    def add(self, more: int) -> None:
        """So much more is done."""
        self._done += more

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return min(1.0, (self._before + self._done) / self._total) if self._total else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds until the end; None as long as that is anybody's guess."""
        spent_s = self._now_s() - self._begun_s
        left = self._total - self._before - self._done
        if not self._done or spent_s < LEAST_S:
            return None
        return left * spent_s / self._done
