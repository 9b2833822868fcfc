"""Which parts of a recording are watched, by how many and how often: bins over its length. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from vtp.recording.watching import JOINED_MS

MAX_BINS: Final = 200


def bin_count(duration_ms: int) -> int:
    """One for each second begun, at most 200."""
    return min(MAX_BINS, -(-max(0, duration_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Bins:
    """The parts of a recording, as equal as milliseconds allow; `count` of them."""

    duration_ms: int
    count: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", bin_count(self.duration_ms))

    def start_ms(self, index: int) -> int:
        """Where a bin begins; `index` may be the one behind the last."""
        return -(-index * self.duration_ms // self.count)

    def at(self, position_ms: int) -> int:
        """The bin that a position lies in."""
        return min(self.count - 1, max(0, position_ms * self.count // self.duration_ms))


@dataclass(slots=True)
class Run:
    """What a session plays without a jump, over its reports: a bin that it goes through counts once."""

    end_ms: int | None = None

    def enter(self, start_ms: int, end_ms: int, bins: Bins) -> range:
        """The bins that this stretch comes into."""
        if bins.count == 0 or start_ms >= end_ms:
            return range(0)
        first, last = bins.at(start_ms), bins.at(end_ms - 1)
        if self.end_ms is not None and abs(start_ms - self.end_ms) <= JOINED_MS:
            first = max(first, bins.at(self.end_ms - 1) + 1) if self.end_ms > 0 else first
            self.end_ms = max(self.end_ms, end_ms)
        else:
            self.end_ms = end_ms
        return range(first, last + 1)


@dataclass(frozen=True, slots=True)
class Heat:
    """By bin: how often it was played, and by how many people."""

    views: tuple[int, ...]
    viewers: tuple[int, ...]


def heat_of(passes: Iterable[Sequence[int]], count: int) -> Heat:
    """Of each person's passes by bin; of another count, they are of another length and left out."""
    rows = [one for one in passes if len(one) == count]
    views = tuple(sum(column) for column in zip(*rows, strict=True)) if rows else (0,) * count
    viewers = tuple(sum(map(bool, column)) for column in zip(*rows, strict=True)) if rows else (0,) * count
    return Heat(views, viewers)


def without_few(heat: Heat, at_least: int, certain: Sequence[int] | None = None) -> Heat:
    """The same with nothing of bins that fewer people have watched; `certain`: how many different ones these
    are, where that is less than counted."""
    told = [people >= at_least for people in (heat.viewers if certain is None else certain)]
    return Heat(
        tuple(views * shown for views, shown in zip(heat.views, told, strict=True)),
        tuple(viewers * shown for viewers, shown in zip(heat.viewers, told, strict=True)),
    )


def came_to(furthest_ms: Iterable[int], bins: Bins) -> list[int]:
    """How many of those whose furthest moments these are came to the start of each bin."""
    came = sorted(furthest_ms)
    counts, at = [], 0
    for index in range(bins.count):
        while at < len(came) and came[at] < bins.start_ms(index):
            at += 1
        counts.append(len(came) - at)
    return counts


def shares_left(
    came: Sequence[int], starters: int, at_least: int = 1, certain: Sequence[int] | None = None
) -> tuple[float, ...]:
    """By the start of each bin, the share of those who began who came that far, never rounded up; 0 where
    they are fewer than `at_least`; `certain` as in `without_few`."""
    people = came if certain is None else certain
    return tuple(
        count * 1000 // starters / 1000 if starters and different >= at_least else 0.0
        for count, different in zip(came, people, strict=True)
    )


def replayed_stretches(passes: Sequence[int]) -> int:
    """How many stretches somebody played more than once."""
    again = [one > 1 for one in passes]
    return sum(now and not before for before, now in zip([False, *again], again, strict=False))


def most_replayed(heat: Heat, bins: Bins) -> tuple[int, int, int] | None:
    """Where the most was played again: from, to (ms) and how often at its most. The bins around the highest
    that have at least half of it belong to it; None where nothing was."""
    again = [views - viewers for views, viewers in zip(heat.views, heat.viewers, strict=True)]
    most = max(again, default=0)
    if most <= 0:
        return None
    first = last = again.index(most)
    while first > 0 and again[first - 1] * 2 >= most:
        first -= 1
    while last + 1 < len(again) and again[last + 1] * 2 >= most:
        last += 1
    return bins.start_ms(first), bins.start_ms(last + 1), most
