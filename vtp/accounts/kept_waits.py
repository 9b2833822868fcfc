"""Waits after failures, such that hold over restarts and in all processes: who begins or ends one writes it
into the audit log, from which all others read it (`lockout_watch.py`).

They are kept by a keyed hash of what they count on, so that others can be told of them without a word of what
somebody has typed. Some count on a member of a group (a device of an account): what lifts the group's wait
lifts those of all its members, which nobody has to know.
"""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vtp.limits import MAX_KEYS, FailureBackoff
from vtp.sealing import Sealer
from vtp.settings import LimitSettings

_KEY_CHARACTERS = 32
_MEMBER = "."  # between a group's key and its member's


class KeptWaits:
    """One kind of them, told apart from others by `purpose`; `clock` gives monotonic seconds."""

    def __init__(
        self,
        limits: LimitSettings,
        sealer: Sealer,
        purpose: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sealer = sealer
        self._purpose = purpose
        self._clock = clock
        self._backoff = FailureBackoff(
            limits.sign_in_failures_per_account,
            limits.sign_in_failures_window_s,
            limits.sign_in_delay_s,
            limits.sign_in_delay_max_s,
        )
        self._under_way: Counter[str] = Counter()
        self._lifted_s: OrderedDict[str, float] = OrderedDict()

    def key(self, counted_on: str, member: str = "") -> str:
        """What all else is asked by; gives no hint of what it is made of."""
        group = self._digest(counted_on)
        return group + _MEMBER + self._digest(f"{counted_on}\0{member}") if member else group

    def _digest(self, text: str) -> str:
        return self._sealer.digest(self._purpose, text)[:_KEY_CHARACTERS]

    def wait_s(self, key: str) -> float:
        """Seconds until another try; 0.0 when it may be made now."""
        self._lift_with_group(key)
        return self._backoff.wait_s(key, self._clock(), self._under_way[key])

    def count(self, key: str) -> int:
        """How many failures are remembered."""
        self._lift_with_group(key)
        return self._backoff.count(key, self._clock())

    @contextmanager
    def trying(self, key: str) -> Iterator[Try]:
        """Until it is known how this try ends it counts as failed to those made meanwhile, and then for
        nothing but what it came to."""
        one = Try(self, self._under_way, key)
        try:
            yield one
        finally:
            one.end()

    def fail(self, key: str) -> int:
        """Counts a failure; gives how many there are once a wait has begun, else 0."""
        now_s = self._clock()
        self._lift_with_group(key)
        self._backoff.fail(key, now_s)
        return self._backoff.count(key, now_s) if self._backoff.wait_s(key, now_s) > 0 else 0

    def succeed(self, key: str) -> None:
        """Forgets the failures."""
        self._backoff.succeed(key)

    def lift(self, key: str) -> None:
        """Ends a wait, and those of members, which come not back when they are heard of."""
        self._lift(key, self._clock())

    def recall(self, key: str, count: int, ago_s: float) -> None:
        """Another process, or this one before its start, has counted so many. Of a wait that is over, or
        lifted since, nothing is kept; within one nobody gets in, which would end it too.
        """
        now_s = self._clock()
        self._lift_with_group(key)
        if now_s - ago_s > max(self._lifted_at_s(key), self._lifted_at_s(_group_of(key))):
            self._backoff.recall(key, count, now_s - ago_s, now_s)

    def recall_lifted(self, key: str, ago_s: float) -> None:
        """Another process, or this one, has ended a wait; of failures since then nothing is forgotten."""
        self._lift(key, self._clock() - ago_s)

    def _lift(self, key: str, at_s: float) -> None:
        at_s = min(at_s, self._clock())  # clocks of machines differ
        self._backoff.succeed(key, at_s)
        self._lifted_s[key] = at_s
        self._lifted_s.move_to_end(key)
        while len(self._lifted_s) > MAX_KEYS:
            self._lifted_s.popitem(last=False)

    def _lift_with_group(self, key: str) -> None:
        """Forgets what a member had failed before its group's wait was lifted."""
        group = _group_of(key)
        if group != key and group in self._lifted_s:
            self._backoff.succeed(key, self._lifted_s[group])

    def _lifted_at_s(self, key: str) -> float:
        return self._lifted_s.get(key, -math.inf)


class Try:
    """One that is under way, see `KeptWaits.trying`."""

    def __init__(self, waits: KeptWaits, under_way: Counter[str], key: str) -> None:
        self.key = key
        self._waits = waits
        self._under_way: Counter[str] | None = under_way
        under_way[key] += 1

    def fail(self) -> int:
        """It has failed, whatever is still written down of that: counts it once from here on, see
        `KeptWaits.fail`."""
        self.end()
        return self._waits.fail(self.key)

    def end(self) -> None:
        """It is no longer under way; not counted twice."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way[self.key] -= 1
            if not under_way[self.key]:
                del under_way[self.key]


def _group_of(key: str) -> str:
    return key.partition(_MEMBER)[0]
