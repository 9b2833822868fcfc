"""Stretches of time as sorted, disjoint intervals of milliseconds, each from its start to before its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Interval], bridge_ms: int = 0) -> list[Interval]:
    """What any of them covers, sorted and disjoint; gaps of up to `bridge_ms` count as covered.

    An interval that ends before it starts, as after a clock that was set back, covers nothing.
    """
    merged: list[Interval] = []
    for start, end in sorted(one for one in intervals if one[0] < one[1]):
        if merged and start - merged[-1][1] <= bridge_ms:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def clip(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    """What of them lies within a window."""
    clipped = ((max(start, window[0]), min(end, window[1])) for start, end in intervals)
    return [one for one in clipped if one[0] < one[1]]


def common(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """What both cover, each of them sorted and disjoint."""
    found: list[Interval] = []
    i = j = 0
    while i < len(some) and j < len(others):
        start, end = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if start < end:
            found.append((start, end))
        if some[i][1] <= others[j][1]:
            i += 1
        else:
            j += 1
    return found


def length_ms(disjoint: Iterable[Interval]) -> int:
    """How long disjoint intervals are together."""
    return sum(end - start for start, end in disjoint)


def most_at_once(intervals: Sequence[Interval]) -> int:
    """How many overlap where most do; those that only touch do not."""
    moments = sorted(
        (at, step) for start, end in intervals if start < end for at, step in ((start, 1), (end, -1))
    )
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most
