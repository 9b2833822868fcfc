"""How many mails are on their way at once: a few, of which one place is kept for what somebody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """`most` mails at once; invitations and notices take one place less, unless there is only one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_others = max(1, most - 1)
        self._urgent = self._others = 0

    @property
    def taken(self) -> int:
        """How many mails are on their way."""
        return self._urgent + self._others

    def has_room(self, *, urgent: bool) -> bool:
        """Whether another mail of this kind may be begun."""
        return self.taken < self._most and (urgent or self._others < self._most_others)

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        """Counts a mail while it is on its way."""
        self._urgent += urgent
        self._others += not urgent
        try:
            yield
        finally:
            self._urgent -= urgent
            self._others -= not urgent
