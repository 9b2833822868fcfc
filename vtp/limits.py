"""How often: sliding windows and growing delays, as functions of (key, now). No clock, no I/O.

Values and their sources are in the settings (`limits`); the delay after failed sign-ins follows OWASP ASVS
6.3.1 and NIST SP 800-63B (throttling counts per account and never locks it for good).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_KEYS = 50_000  # about 10 MB; beyond it the keys unused for longest are forgotten


@dataclass(slots=True)
class _Window:
    start_s: float
    count: int
    before: int


class WindowLimiter:
    """Allows `count` events per `window_s` and key; 0 allows everything.

    A sliding window of two counters: the last window's count weighs by how much of it is still covered.
    """

    def __init__(self, count: int, window_s: float) -> None:
        self.count = count
        self.window_s = window_s
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def wait_s(self, key: str, now_s: float) -> float:
        """Seconds until one more event of `key` would be allowed; 0.0 when it is now. Counts nothing."""
        return self._wait_s(self._current(key, now_s), now_s) if self.count > 0 else 0.0

    def add(self, key: str, now_s: float, events: int = 1) -> None:
        """Counts events of `key`."""
        if self.count > 0:
            self._current(key, now_s).count += events

    def take(self, key: str, now_s: float, events: int = 1) -> float:
        """Counts these if one is allowed now and gives 0.0, else gives the seconds to wait."""
        if self.count <= 0:
            return 0.0
        window = self._current(key, now_s)
        wait_s = self._wait_s(window, now_s)
        if wait_s <= 0.0:
            window.count += events
        return wait_s

    def _wait_s(self, window: _Window, now_s: float) -> float:
        covered = 1.0 - (now_s - window.start_s) / self.window_s
        if window.before * covered + window.count < self.count:
            return 0.0
        return self._seconds_to_room(window, now_s)

    def _seconds_to_room(self, window: _Window, now_s: float) -> float:
        end_s = window.start_s + self.window_s
        if window.count >= self.count:
            # The next window starts with `before = count`, and slides until that weighs less than the limit.
            return end_s - now_s + self.window_s * (1.0 - self.count / window.count) + 0.001
        covered = (self.count - window.count) / window.before
        return max(0.0, end_s - covered * self.window_s - now_s) + 0.001

    def _current(self, key: str, now_s: float) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now_s, 0, 0)
            while len(self._windows) > MAX_KEYS:
                self._windows.popitem(last=False)
            return window
        self._windows.move_to_end(key)
        passed = math.floor((now_s - window.start_s) / self.window_s)
        if passed >= 1:
            window.before = window.count if passed == 1 else 0
            window.count = 0
            window.start_s += passed * self.window_s
        return window


@dataclass(slots=True)
class _Failures:
    count: int
    last_s: float


class FailureBackoff:
    """Delays an account after failed tries: `allowed` of them are free, then 30 s, 60 s, … up to a cap.

    A success forgets the failures; so does `window_s` without one, or a day once delays have begun.
    """

    FORGET_DELAYED_S = 86_400.0

    def __init__(self, allowed: int, window_s: float, delay_s: float, max_delay_s: float) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._delay_s = delay_s
        self._max_delay_s = max_delay_s
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, key: str, now_s: float, under_way: int = 0) -> float:
        """Seconds until `key` may try again; 0.0 when it may now. `under_way`: tries that may fail yet, which
        are taken for failed this moment."""
        failures = self._known(key, now_s)
        if under_way:
            return self._delay_after(under_way + (failures.count if failures is not None else 0))
        if failures is None:
            return 0.0
        return max(0.0, failures.last_s + self._delay_after(failures.count) - now_s)

    def fail(self, key: str, now_s: float) -> None:
        """Counts one failed try."""
        failures = self._known(key, now_s) or self._begin(key, now_s)
        failures.count += 1
        failures.last_s = now_s
        self._failures.move_to_end(key)

    def count(self, key: str, now_s: float) -> int:
        """How many failures of `key` are remembered."""
        failures = self._known(key, now_s)
        return failures.count if failures is not None else 0

    def succeed(self, key: str, until_s: float = math.inf) -> None:
        """Forgets the failures of `key`, if none came after `until_s`."""
        failures = self._failures.get(key)
        if failures is not None and failures.last_s <= until_s:
            del self._failures[key]

    def recall(self, key: str, count: int, last_s: float, now_s: float) -> None:
        """Takes over what was counted elsewhere, as long as the wait after it lasts."""
        if last_s + self._delay_after(count) <= now_s:
            return
        failures = self._known(key, now_s) or self._begin(key, last_s)
        failures.count = max(failures.count, count)
        failures.last_s = max(failures.last_s, last_s)

    def _begin(self, key: str, now_s: float) -> _Failures:
        failures = self._failures[key] = _Failures(0, now_s)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)
        return failures

    def _delay_after(self, count: int) -> float:
        if self._allowed <= 0 or count < self._allowed:
            return 0.0
        doublings = min(count - self._allowed, 32)
        return min(self._delay_s * 2.0**doublings, self._max_delay_s)

    def _known(self, key: str, now_s: float) -> _Failures | None:
        failures = self._failures.get(key)
        if failures is None:
            return None
        delayed = self._delay_after(failures.count) > 0.0
        if now_s - failures.last_s > (self.FORGET_DELAYED_S if delayed else self._window_s):
            del self._failures[key]
            return None
        return failures
