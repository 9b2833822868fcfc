"""How lively somebody takes part in a class: BigBlueButton's score, and the share of slices with something
in them. No clock and no I/O.

Definitions: decision 0107; the score is `getActivityScore` of BigBlueButton's dashboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from vtp.analytics.intervals import Interval

SLICE_MS: Final = 300_000
TALKED_MS: Final = 2000
"""From so much talking on in a slice, somebody has taken part in it."""
MOST_PER_TERM: Final = 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """What somebody did in one class."""

    talk_ms: int = 0
    messages: int = 0
    hands: int = 0
    reactions: int = 0
    answers: int = 0

    def most(self, other: Inputs) -> Inputs:
        """The larger of each."""
        return Inputs(*(max(getattr(self, one.name), getattr(other, one.name)) for one in fields(Inputs)))


def highest(of_viewers: Iterable[Inputs]) -> Inputs:
    """The most that any of them did, of each. Staff are not among them."""
    most = Inputs()
    for one in of_viewers:
        most = most.most(one)
    return most


def activity_score(one: Inputs, most: Inputs, polls: int) -> float:
    """0 to 10: five terms of 0 to 2, against the most lively and the number of polls. Staff have none.

    A term without either is 0, so that without polls the highest is 8.
    """
    terms = (
        (one.talk_ms, most.talk_ms),
        (one.messages, most.messages),
        (one.hands, most.hands),
        (one.reactions, most.reactions),
        (min(one.answers, polls), polls),
    )
    return round(sum(MOST_PER_TERM * mine / all_ for mine, all_ in terms if all_ > 0), 2)


def slices_of(part: Interval) -> int:
    """How many slices of five minutes a part of a class has, the last one begun included."""
    return -(-max(0, part[1] - part[0]) // SLICE_MS)


def slice_at(at: int, part: Interval) -> int | None:
    """The slice that a moment lies in; None outside of the part."""
    return (at - part[0]) // SLICE_MS if part[0] <= at < part[1] else None


def talk_by_slice(talks: Iterable[Interval], part: Interval) -> Mapping[int, int]:
    """How long somebody talked in each slice; `talks` are disjoint."""
    found: dict[int, int] = {}
    for start, end in talks:
        at, end = max(start, part[0]), min(end, part[1])
        while at < end:
            index = (at - part[0]) // SLICE_MS
            until = min(end, part[0] + (index + 1) * SLICE_MS)
            found[index] = found.get(index, 0) + until - at
            at = until
    return found


def participation_rate(talks: Sequence[Interval], acts: Sequence[int], parts: Sequence[Interval]) -> float:
    """The share of slices with talk of two seconds or any act (a message, a hand, a reaction, a vote), never
    rounded up. `parts`: of the class as it was held; each is sliced from its start."""
    slices = sum(map(slices_of, parts))
    return sum(_lively(talks, acts, part) for part in parts) * 1000 // slices / 1000 if slices else 0.0


def mean_participation(rates: Iterable[float], classes: int) -> int:
    """The rates of the classes that somebody attended, over all of theirs, in thousandths, never rounded up.
    Rates have three decimals: as sums of fractions they would now and then be a thousandth less."""
    return sum(round(one * 1000) for one in rates) // classes


def _lively(talks: Iterable[Interval], acts: Iterable[int], part: Interval) -> int:
    """How many slices of a part have something in them."""
    lively = {index for index, length in talk_by_slice(talks, part).items() if length >= TALKED_MS}
    return len(lively | {found for at in acts if (found := slice_at(at, part)) is not None})
