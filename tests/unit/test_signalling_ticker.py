"""Tickers: at once, not too often, the last state always."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from vtp.signalling.parts.ticker import Ticker


class FakeLoop:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, Callable[[], None], FakeTimer]] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer()
        self._due.append((self.now_s + delay_s, call, timer))
        return timer

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        due, self._due = (
            [one for one in self._due if one[0] <= self.now_s],
            [one for one in self._due if one[0] > self.now_s],
        )
        for _, call, timer in due:
            if not timer.cancelled:
                call()


class FakeTimer:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


def make() -> tuple[Ticker, FakeLoop, list[float]]:
    loop, told = FakeLoop(), list[float]()
    ticker = Ticker(lambda: told.append(loop.now_s), 0.25, cast(asyncio.AbstractEventLoop, cast(Any, loop)))
    return ticker, loop, told


def test_the_first_change_is_told_at_once_and_the_next_after_the_interval() -> None:
    ticker, loop, told = make()
    ticker.touch()
    for _ in range(10):
        ticker.touch()
    assert told == [0]
    loop.advance(0.25)
    assert told == [0, 0.25], "the last state"
    loop.advance(0.25)
    loop.advance(10)
    assert told == [0, 0.25], "nothing has changed since"
    ticker.touch()
    assert told == [0, 0.25, 10.5]


def test_a_second_of_changes_is_told_four_times() -> None:
    ticker, loop, told = make()
    for _ in range(1000):
        ticker.touch()
        loop.advance(1 / 1024)
    assert len(told) == 4


def test_after_the_end_nothing_is_told() -> None:
    ticker, loop, told = make()
    ticker.touch()
    ticker.touch()
    ticker.stop()
    loop.advance(1)
    assert told == [0]
