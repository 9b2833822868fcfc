"""What an edge keeps, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from vtp.edge.origin import Fetched

ENTRY_BYTES = 1024  # key, fields and dict of one, besides its body

Key = tuple[str, str, str]
"""What it is of, path, query."""


@dataclass(frozen=True, slots=True)
class _Kept:
    fetched: Fetched
    until_s: float


class Kept:
    """At most `most_bytes` and `most` things, always the newest one; on the event loop.

    What is good for `good_for_s` seconds goes then, or for others the oldest first, however often it is asked
    for; what is good for ever goes for others, first what was asked for longest ago.
    """

    def __init__(
        self, most_bytes: int, clock: Callable[[], float], *, most: float = inf, good_for_s: float = inf
    ) -> None:
        self._most_bytes = most_bytes
        self._most = most
        self._clock = clock
        self._good_for_s = good_for_s
        self._things: OrderedDict[Key, _Kept] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._things

    @property
    def bytes(self) -> int:
        """The memory that is taken, about."""
        self._drop_old()
        return self._bytes

    def get(self, key: Key) -> Fetched | None:
        """What is here and still good."""
        self._drop_old()
        kept = self._things.get(key)
        if kept is None:
            return None
        if self._good_for_s == inf:
            self._things.move_to_end(key)
        return kept.fetched

    def put(self, key: Key, fetched: Fetched) -> None:
        """Keeps it, in place of others where there is no room."""
        self._drop(key)
        self._drop_old()
        self._things[key] = _Kept(fetched, self._clock() + self._good_for_s)
        self._bytes += _size(fetched)
        while len(self._things) > 1 and (self._bytes > self._most_bytes or len(self._things) > self._most):
            self._drop(next(iter(self._things)))

    def _drop_old(self) -> None:
        now_s = self._clock()
        while self._things:
            oldest, kept = next(iter(self._things.items()))
            if kept.until_s >= now_s:
                return
            self._drop(oldest)

    def _drop(self, key: Key) -> None:
        kept = self._things.pop(key, None)
        if kept is not None:
            self._bytes -= _size(kept.fetched)


def _size(fetched: Fetched) -> int:
    return len(fetched.body) + ENTRY_BYTES
