"""Who is next when more passwords wait to be hashed than can be: by rank, and fairly within one.

No clock, no threads. Ranks take turns by their strides, so that none is ever starved, and lanes (an account,
or a network) of one rank take turns one by one, so that a lane with many waiting delays nobody who is alone
in theirs. Decision 0069.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

MOST = 256
"""Waiting altogether: 5 to 8 s of hashing for two processors."""


class Rank(enum.IntEnum):
    """What is known of who asks, the best first."""

    SIGNED_IN = 0
    PROVEN = 1  # a known device of this account, or a mailed link
    UNSUSPECTED = 2
    OTHERS = 3


@dataclass(frozen=True, slots=True)
class Share:
    """What one rank may take: the smaller its stride the more turns; so many waiting, so many of one lane."""

    stride: int
    most: int
    most_per_lane: int


SHARES: Mapping[Rank, Share] = {
    Rank.SIGNED_IN: Share(1, 64, 16),
    Rank.PROVEN: Share(2, 128, 64),
    Rank.UNSUSPECTED: Share(4, 128, 128),  # a school behind one address is one lane
    Rank.OTHERS: Share(8, 64, 8),
}


class Placed(Protocol):
    """What waits; told apart by identity."""

    @property
    def rank(self) -> Rank:
        """What is known of who asks."""
        ...

    @property
    def lane(self) -> str:
        """With whom it shares turns."""
        ...


T = TypeVar("T", bound=Placed)


class QueueFull(Exception):  # noqa: N818 - as asyncio's and queue's
    """There is no place for a newcomer of this rank and lane."""


@dataclass(slots=True)
class _Class(Generic[T]):
    """The lanes of one rank, the one whose turn is next first."""

    share: Share
    lanes: OrderedDict[str, dict[T, None]] = field(default_factory=OrderedDict)
    count: int = 0
    due: int = 0

    def length(self, lane: str) -> int:
        return len(self.lanes.get(lane, ()))

    def push(self, item: T) -> None:
        self.lanes.setdefault(item.lane, {})[item] = None
        self.count += 1

    def pull(self) -> T:
        """The oldest of the lane whose turn it is."""
        name, lane = next(iter(self.lanes.items()))
        item = next(iter(lane))
        self.remove(item)
        if name in self.lanes:
            self.lanes.move_to_end(name)
        return item

    def remove(self, item: T) -> bool:
        lane = self.lanes.get(item.lane)
        if lane is None or item not in lane:
            return False
        del lane[item]
        self.count -= 1
        if not lane:
            del self.lanes[item.lane]
        return True

    def newest_of_longest(self) -> T:
        name = max(self.lanes, key=self.length)
        return next(reversed(self.lanes[name]))


class HashQueue(Generic[T]):
    """Bounded by rank, by lane and altogether; whoever is worse or has more waiting makes place."""

    def __init__(self, shares: Mapping[Rank, Share] = SHARES, most: int = MOST) -> None:
        self._classes: dict[Rank, _Class[T]] = {rank: _Class(shares[rank]) for rank in Rank}
        self._most = most
        self._turn = 0

    def __len__(self) -> int:
        return sum(one.count for one in self._classes.values())

    def waiting(self) -> dict[Rank, int]:
        """How many wait, by rank."""
        return {rank: one.count for rank, one in self._classes.items()}

    def of(self, rank: Rank) -> Iterator[T]:
        """Who waits in a rank."""
        for lane in self._classes[rank].lanes.values():
            yield from lane

    def add(self, item: T) -> T | None:
        """Puts an item in; gives the one that it displaces, if any. Raises QueueFull."""
        displaced = self._who_makes_place(item.rank, item.lane)
        if displaced is not None:
            self.remove(displaced)
        own = self._classes[item.rank]
        if not own.count:
            own.due = max(own.due, self._turn + own.share.stride)  # nobody saves up turns while away
        own.push(item)
        return displaced

    def take(self) -> T | None:
        """Whose turn it is; None when nobody waits."""
        due = [one for one in self._classes.values() if one.count]
        if not due:
            return None
        first = min(due, key=lambda one: one.due)
        self._turn = first.due
        first.due += first.share.stride
        return first.pull()

    def return_turn(self, rank: Rank) -> None:
        """What `take` gave last needed none: its rank is next again, as if it had not been asked."""
        own = self._classes[rank]
        own.due -= own.share.stride

    def remove(self, item: T) -> bool:
        """Takes out one that waits no longer; tells whether it was there."""
        return self._classes[item.rank].remove(item)

    def _who_makes_place(self, rank: Rank, lane: str) -> T | None:
        own = self._classes[rank]
        if own.length(lane) >= own.share.most_per_lane:
            raise QueueFull
        if own.count >= own.share.most:
            return _of_longer_lane(own, lane)
        if len(self) < self._most:
            return None
        worst = next(other for other in reversed(Rank) if self._classes[other].count)
        if worst > rank:
            return self._classes[worst].newest_of_longest()
        return _of_longer_lane(own, lane)


def _of_longer_lane(own: _Class[T], lane: str) -> T:
    """The newest of a lane that stays at least as long as the newcomer's without it. Raises QueueFull."""
    if own.count:
        newest = own.newest_of_longest()
        if own.length(newest.lane) >= own.length(lane) + 2:
            return newest
    raise QueueFull
