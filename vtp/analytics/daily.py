"""Answers that are made once a day. No clock and no I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

FRESH_FOR: Final = timedelta(days=1)
MOST_KEPT: Final = 1000
"""Answers; of a recording some 10 kB."""
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Daily(Generic[Key, Value]):
    """Answers that stay as they are for a day. Of too many those that were not asked for longest go."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[datetime, Value]] = OrderedDict()

    def get(self, key: Key, now: datetime) -> Value | None:
        """The answer, where there is one that is not older than a day."""
        at, value = self._kept.get(key, (None, None))
        if at is None or not at <= now < at + FRESH_FOR:
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: Key, value: Value, now: datetime) -> Value:
        """Keeps an answer from now on; gives it."""
        self._kept[key] = now, value
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
