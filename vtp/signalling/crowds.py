"""How many connections one account and one address have at a time, and how many they may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vtp.errors import RateLimited

TRY_AGAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Whom a connection counts for: `most` of them at a time, 0 for any number; `who` is said to people."""

    key: str
    most: int
    who: str


class Crowds:
    """Counts. Who is refused is not counted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, crowds: Sequence[Crowd]) -> None:
        """Counts a connection for all of these. Raises RateLimited, for none then."""
        for crowd in crowds:
            if crowd.most and self._counts[crowd.key] >= crowd.most:
                raise RateLimited(
                    f"There are {crowd.most} connections of {crowd.who} already; close one first.",
                    retry_after_s=TRY_AGAIN_S,
                )
        self._counts.update(crowd.key for crowd in crowds)

    def remove(self, crowds: Sequence[Crowd]) -> None:
        """One connection less."""
        for crowd in crowds:
            self._counts[crowd.key] -= 1
            if self._counts[crowd.key] <= 0:
                del self._counts[crowd.key]
