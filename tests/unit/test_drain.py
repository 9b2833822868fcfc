"""Draining with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vtp.doors import Doors
from vtp.drain import RECONNECT_S, Drain


class School:
    """Classes by the second: `plan(now_s)` gives how many run."""

    def __init__(self, plan: Callable[[float], int], timeout_s: float = 0) -> None:
        self.now_s = 0.0
        self.ended_s: float | None = None
        self.doors = Doors()
        self.drain = Drain(
            self.doors.close, lambda: plan(self.now_s), self._end, timeout_s, lambda: self.now_s, self._wait
        )

    async def answers(self) -> list[dict[str, Any]]:
        return [answer async for answer in self.drain.run()]

    def _end(self) -> None:
        self.ended_s = self.now_s

    async def _wait(self, seconds: float) -> None:
        assert self.doors.closed
        self.now_s += seconds


async def test_server_without_classes_ends_at_once() -> None:
    school = School(lambda now_s: 0)
    assert await school.answers() == [{"rooms": 0, "ending": True}]
    assert school.ended_s == 0.0


async def test_server_waits_for_the_last_class() -> None:
    school = School(lambda now_s: 2 if now_s < 50 else 1 if now_s < 100 else 0)
    assert await school.answers() == [{"rooms": 2}, {"rooms": 1}, {"rooms": 0}, {"rooms": 0, "ending": True}]
    assert school.ended_s is not None
    assert 100 <= school.ended_s <= 100 + RECONNECT_S + 1


async def test_class_that_reconnects_is_not_over() -> None:
    school = School(lambda now_s: 0 if 20 <= now_s < 25 or now_s >= 60 else 1)
    await school.answers()
    assert school.ended_s is not None
    assert school.ended_s >= 60


async def test_timeout_ends_a_class_that_never_does() -> None:
    school = School(lambda now_s: 1, timeout_s=30)
    assert (await school.answers())[-2:] == [{"rooms": 1, "timeout": True}, {"rooms": 1, "ending": True}]
    assert school.ended_s == 30.0
