"""Of a test with many cases `make test` runs some, drawn anew each time; `make test-long` runs them all.

Marked `drawn`, a test is left with as few cases as have each value of each of its parameters in one of them;
marked `drawn(2)`, with two, which need not have every value. Of the two databases a test of the whole
server that hangs on neither has one, by the same seed. It is printed; `DRAW_SEED` repeats it.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from zlib import crc32

import pytest

SEED = "DRAW_SEED"
MARKER = "drawn"
ON_POSTGRESQL = 1 / 4
"""The share of tests: there one takes a processor twice as long as on SQLite."""
Case = Mapping[str, str]
"""Which value each parameter has, as it is spelt."""


def seed_of_run() -> int:
    """The same in each process of a run: they take over the variables of the one that begins them."""
    return int(os.environ.setdefault(SEED, str(random.SystemRandom().randrange(1 << 32))))


def draw(cases: Sequence[Case], chance: random.Random, count: int | None = None) -> set[int]:
    """The places of those to run: of any order, so many; or until no other has a value that none has yet."""
    order = chance.sample(range(len(cases)), len(cases))
    if count is not None:
        return set(order[:count])
    drawn: set[int] = set()
    missing = {value for case in cases for value in case.items()}
    while missing:
        best = max(order, key=lambda place: len(missing & cases[place].items()))
        drawn.add(best)
        missing -= cases[best].items()
    return drawn


def is_on_postgresql(name: str, seed: int) -> bool:
    """Whether a test, by its name without a database, has that one in a run of this seed, or else SQLite."""
    return random.Random(seed ^ crc32(name.encode())).random() < ON_POSTGRESQL


def spelt(case: pytest.Function) -> Case:
    return {name: repr(value) for name, value in case.callspec.params.items()}


def not_drawn(items: Sequence[pytest.Item], seed: int) -> set[pytest.Item]:
    """The cases that this run leaves to others; those marked `long` are others' anyway."""
    tests: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker(MARKER) and not item.get_closest_marker("long"):
            assert isinstance(item, pytest.Function)
            tests[item.nodeid.partition("[")[0]].append(item)
    left: set[pytest.Item] = set()
    for name, cases in tests.items():
        marker = cases[0].get_closest_marker(MARKER)
        assert marker is not None
        drawn = draw(
            [spelt(case) for case in cases],
            random.Random(seed ^ crc32(name.encode())),
            *marker.args,
        )
        left |= {case for place, case in enumerate(cases) if place not in drawn}
    return left
