"""Work in small portions: in order, and with turns for others in between."""

import asyncio
import time

import pytest

from vtp.media.turns import Turns


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of which every look takes 3 ms: one call fits a portion."""
    now_s = iter(range(10_000))
    monkeypatch.setattr(time, "perf_counter", lambda: next(now_s) * 0.003)


async def test_calls_are_made_in_order_in_the_next_turn() -> None:
    done: list[int] = []
    queue = Turns()
    for n in range(3):
        queue.soon(lambda n=n: done.append(n))  # type: ignore[misc]
    assert done == []
    await asyncio.sleep(0)
    assert done == [0, 1, 2]


async def test_call_that_asks_for_another_gets_it_after_those_that_waited() -> None:
    done: list[str] = []
    queue = Turns()

    def first() -> None:
        done.append("a")
        queue.soon(lambda: done.append("c"))

    queue.soon(first)
    queue.soon(lambda: done.append("b"))
    await asyncio.sleep(0)
    assert done == ["a", "b", "c"]


@pytest.mark.usefixtures("no_time")
async def test_others_have_their_turn_between_portions() -> None:
    done: list[str] = []
    queue = Turns()
    queue.soon(lambda: done.append("a"))
    queue.soon(lambda: done.append("b"))
    await asyncio.sleep(0)
    done.append("another")
    await asyncio.sleep(0)
    assert done == ["a", "another", "b"]


async def test_call_that_raises_does_not_end_the_others() -> None:
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))
    done: list[str] = []
    queue = Turns()

    def fail() -> None:
        raise ZeroDivisionError

    queue.soon(fail)
    queue.soon(lambda: done.append("b"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == ["b"] and isinstance(reported[0], ZeroDivisionError)
