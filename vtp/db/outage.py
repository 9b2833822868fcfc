"""A database that has stopped answering: who asks meanwhile is told at once instead of waiting in turn."""

from __future__ import annotations

import time
from collections.abc import Callable

from vtp.errors import Unavailable

ASK_AGAIN_S = 0.5
RETRY_AFTER_S = 5


class Outage:
    """Whether the database is away. While it is, one asks every ASK_AGAIN_S and all others are refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s: float | None = None
        self._ask_at_s = 0.0

    @property
    def is_on(self) -> bool:
        """Whether it is known to be away."""
        return self._since_s is not None

    def check(self) -> None:
        """Raises Unavailable while the database is away, unless it is time that somebody asks again."""
        if self._since_s is None:
            return
        now_s = self._clock()
        if now_s < self._ask_at_s:
            raise Unavailable(
                "The database does not answer; try again in a moment.", retry_after_s=RETRY_AFTER_S
            )
        self._ask_at_s = now_s + ASK_AGAIN_S

    def begin(self) -> None:
        """It has not answered somebody in time."""
        now_s = self._clock()
        self._since_s = self._since_s or now_s
        self._ask_at_s = now_s + ASK_AGAIN_S

    def end(self) -> None:
        """It has answered."""
        self._since_s = None
