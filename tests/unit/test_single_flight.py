"""Single flight: made once for all who wait, whoever goes away, and nobody is left waiting."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from vtp.errors import Unavailable
from vtp.single_flight import ENDING, SingleFlight
from vtp.tasks import Tasks


class Maker:
    """What is made, and how often; it waits until it may go on."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()
        self.is_making = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        number = self.begun
        self.is_making.set()
        await self.go_on.wait()
        return f"made {number}"

    async def fail(self) -> str:
        await self()
        raise ValueError(f"failed {self.begun}")


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    made = Tasks()
    yield made
    await made.close()


@pytest.fixture
async def maker() -> Maker:
    return Maker()


def wait_for(flight: SingleFlight[str, str], key: str, make: Any) -> asyncio.Task[str]:
    return asyncio.create_task(flight.get(key, make))


async def test_all_who_wait_get_what_is_made_once(tasks: Tasks, maker: Maker) -> None:
    flight: SingleFlight[str, str] = SingleFlight(tasks, "test")
    waiting = [wait_for(flight, "a", maker) for _ in range(5)]
    await maker.is_making.wait()
    waiting.append(wait_for(flight, "a", maker))
    other = wait_for(flight, "b", maker)
    await asyncio.sleep(0)
    assert len(flight) == 2
    maker.go_on.set()
    assert await asyncio.gather(*waiting) == ["made 1"] * 6
    assert await other == "made 2" and len(flight) == 0
    assert await flight.get("a", maker) == "made 3", "nothing is kept"


async def test_who_goes_away_keeps_it_from_nobody(tasks: Tasks, maker: Maker) -> None:
    kept: dict[str, str] = {}
    flight = SingleFlight(tasks, "test", kept.get, kept.__setitem__)
    first, second = wait_for(flight, "a", maker), wait_for(flight, "a", maker)
    await maker.is_making.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled() and len(flight) == 1
    maker.go_on.set()
    assert await second == "made 1"
    gone = wait_for(flight, "b", maker)
    await asyncio.sleep(0)
    gone.cancel()
    await flight.settle()
    assert kept == {"a": "made 1", "b": "made 2"}, "it goes on when all have gone"


async def test_a_failure_reaches_all_who_wait_and_is_not_kept(
    tasks: Tasks, maker: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    kept: dict[str, str] = {}
    flight = SingleFlight(tasks, "test", kept.get, kept.__setitem__)
    waiting = [wait_for(flight, "a", maker.fail) for _ in range(3)]
    await maker.is_making.wait()
    maker.go_on.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in found] == ["failed 1"] * 3 and kept == {} and len(flight) == 0
    assert await flight.get("a", maker) == "made 2"
    gone = wait_for(flight, "b", maker.fail)
    await asyncio.sleep(0)
    gone.cancel()
    await flight.settle()
    gc.collect()
    assert caplog.text == "", "of what nobody waits for any more nothing is said"


async def test_what_cannot_be_kept_fails_for_all(tasks: Tasks, maker: Maker) -> None:
    def refuse(key: str, value: str) -> None:
        raise OSError(f"no room for {key}: {value}")

    flight = SingleFlight(tasks, "test", keep=refuse)
    maker.go_on.set()
    with pytest.raises(OSError, match="no room for a: made 1"):
        await flight.get("a", maker)
    assert len(flight) == 0


async def test_nothing_is_made_again_between_being_made_and_being_kept(tasks: Tasks, maker: Maker) -> None:
    """Whoever has looked before, and waited for something else meanwhile, finds it one way or the other."""
    kept: dict[str, str] = {}
    flight = SingleFlight(tasks, "test", kept.get, kept.__setitem__)
    first = wait_for(flight, "a", maker)
    await maker.is_making.wait()
    maker.go_on.set()
    while not first.done():
        assert await flight.get("a", maker) == "made 1"
        await asyncio.sleep(0)
    assert await flight.get("a", maker) == "made 1" and maker.begun == 1


async def test_what_is_forgotten_is_made_anew_and_not_kept(tasks: Tasks, maker: Maker) -> None:
    kept: dict[str, str] = {}
    flight = SingleFlight(tasks, "test", kept.get, kept.__setitem__)
    before = wait_for(flight, "a", maker)
    await maker.is_making.wait()
    flight.forget("a")
    flight.forget("nothing")
    after = wait_for(flight, "a", maker)
    await asyncio.sleep(0)
    assert len(flight) == 2
    maker.go_on.set()
    assert [await before, await after] == ["made 1", "made 2"]
    assert kept == {"a": "made 2"}


async def test_those_of_some_keys_are_forgotten_and_waited_for(tasks: Tasks, maker: Maker) -> None:
    kept: dict[str, str] = {}
    flight = SingleFlight(tasks, "test", kept.get, kept.__setitem__)
    waiting = [wait_for(flight, key, maker) for key in ("a1", "a2", "b1")]
    await maker.is_making.wait()
    flight.forget_all(lambda key: key.startswith("a"))
    settled = asyncio.create_task(flight.settle(lambda key: key.startswith("a")))
    await flight.settle(lambda key: key == "c")
    await asyncio.sleep(0)
    assert not settled.done(), "what is forgotten is made still"
    maker.go_on.set()
    await settled
    await asyncio.gather(*waiting)
    assert list(kept) == ["b1"]


async def test_no_more_is_made_at_a_time_than_may_be(tasks: Tasks, maker: Maker) -> None:
    flight: SingleFlight[str, str] = SingleFlight(tasks, "test", most=2, too_many="Later.", retry_after_s=3)
    waiting = [wait_for(flight, key, maker) for key in "abab"]
    await maker.is_making.wait()
    flight.forget("a")
    with pytest.raises(Unavailable, match=r"Later\.") as refused:
        await flight.get("c", maker)
    assert refused.value.retry_after_s == 3
    maker.go_on.set()
    assert sorted(await asyncio.gather(*waiting)) == ["made 1", "made 1", "made 2", "made 2"]
    assert await flight.get("c", maker) == "made 3"


@pytest.mark.parametrize("begun", [False, True])
async def test_the_work_ends_with_its_owner_and_nobody_waits_for_ever(maker: Maker, begun: bool) -> None:
    tasks = Tasks()
    flight: SingleFlight[str, str] = SingleFlight(tasks, "test")
    waiting = wait_for(flight, "a", maker)
    await asyncio.sleep(0)
    assert len(flight) == 1
    if begun:
        await maker.is_making.wait()
    await tasks.close()
    with pytest.raises(Unavailable) as told:
        await waiting
    assert told.value.detail == ENDING and maker.begun == begun and len(flight) == 0
    with pytest.raises(Unavailable):
        await flight.get("a", maker)


async def test_work_that_is_cancelled_within_is_told_as_an_end(tasks: Tasks) -> None:
    """As what was given to threads that are closed."""
    flight: SingleFlight[str, str] = SingleFlight(tasks, "test")

    async def cancelled() -> str:
        raise asyncio.CancelledError

    with pytest.raises(Unavailable):
        await flight.get("a", cancelled)
