"""What was made of rows, kept by all that the rows say: a list's page asks for the same ones again and again.

A row that has changed is another key, whoever has changed it, so nothing is ever answered that is not so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from vtp.db.prepared import Row, Unread

MOST_OF_A_ROW = 32
T = TypeVar("T")
U = TypeVar("U")


class Kept(Generic[T]):
    """What a row was read as, the same object for all that ask for it, and what was made of that."""

    __slots__ = ("_made", "value")

    def __init__(self, value: T) -> None:
        self.value = value
        self._made: dict[Hashable, Any] = {}

    def once(self, of: Hashable, make: Callable[[], U]) -> U:
        """What `make` gives, asked once `of` this, which is all that it comes from besides the row."""
        made: U | None = self._made.get(of)
        if made is None:
            made = make()
            if len(self._made) >= MOST_OF_A_ROW:
                self._made.clear()
            self._made[of] = made
        return made


class KeptRows(Generic[T]):
    """The last so many; `make` takes the first `places` columns of a row, read, which are the key."""

    def __init__(self, make: Callable[[Row], T], places: int, most: int) -> None:
        self._make = make
        self._places = places
        self._most = most
        self._kept: dict[Hashable, Kept[T]] = {}

    def of(self, found: Unread, row: tuple[Any, ...]) -> Kept[T]:
        """What was kept of such a row, or is from now on."""
        key = found.key(row, self._places)
        kept = self._kept.get(key)
        if kept is None:
            kept = Kept(self._make(found.read(row, 0, self._places)))
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept
        return kept
