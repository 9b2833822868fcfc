"""What waits to be written is written together, and nobody is answered before it is, or fails for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vtp.db.conflicts import Conflicted, done_over, note_commit
from vtp.db.grouped import Grouped
from vtp.errors import Unavailable


class Store:
    """Writes groups, each once it is let."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.let = asyncio.Semaphore(0)
        self.begun = asyncio.Semaphore(0)
        self.failures: dict[str, Exception] = {}

    async def write(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        self.begun.release()
        await self.let.acquire()
        for one in items:
            if one in self.failures:
                raise self.failures[one]
        return [one.upper() for one in items]


async def waiting(
    store: Store, grouped: Grouped[str, str], *items: str, weight: int = 1
) -> list[asyncio.Task[str]]:
    """The first is being written, the others wait."""
    tasks = [asyncio.create_task(grouped.add(one, weight)) for one in items]
    await store.begun.acquire()
    await asyncio.sleep(0)  # everybody has come to where they wait
    return tasks


async def test_what_comes_while_a_group_is_written_makes_the_next_one() -> None:
    store = Store()
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c")
    assert store.groups == [["a"]] and not any(one.done() for one in tasks)
    store.let.release()
    assert await tasks[0] == "A"
    assert not tasks[1].done(), "who is not stored is not answered"
    store.let.release()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    assert store.groups == [["a"], ["b", "c"]]


async def test_a_group_is_no_heavier_than_it_may_be() -> None:
    store = Store()
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c", "d", weight=4)
    for _ in range(3):
        store.let.release()
    assert await asyncio.gather(*tasks) == ["A", "B", "C", "D"]
    assert store.groups == [["a"], ["b", "c"], ["d"]]


async def test_what_is_too_heavy_by_itself_is_a_group_of_its_own() -> None:
    store = Store()
    grouped = Grouped(store.write, 10)
    store.let.release()
    assert await grouped.add("a", 500) == "A"


async def test_nobody_fails_for_what_somebody_else_gave() -> None:
    store = Store()
    store.failures["bad"] = ValueError("of nobody else")
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "bad", "c")
    for _ in range(5):
        store.let.release()
    assert await asyncio.gather(*tasks, return_exceptions=True) == ["A", "B", store.failures["bad"], "C"]
    assert store.groups == [["a"], ["b", "bad", "c"], ["b"], ["bad"], ["c"]]


async def test_who_lost_against_another_transaction_is_told_and_may_come_again() -> None:
    store = Store()
    store.failures["b"] = Conflicted()
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c")
    store.let.release()
    store.let.release()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[0] == "A" and [type(one) for one in found[1:]] == [Conflicted, Conflicted]
    store.failures.clear()
    store.let.release()
    assert await grouped.add("b") == "B"


async def test_while_the_database_is_away_nobody_waits_for_it_one_after_the_other() -> None:
    store = Store()
    store.failures["a"] = Unavailable("It does not answer.")
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c")
    store.let.release()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [Unavailable] * 3 and store.groups == [["a"]]


async def test_those_whose_writer_is_cancelled_are_written_by_the_next() -> None:
    store = Store()
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c", "d")
    store.let.release()
    await tasks[0]
    await store.begun.acquire()
    tasks[1].cancel()
    await asyncio.sleep(0)
    store.let.release()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError) and found[2:] == ["C", "D"]
    assert store.groups == [["a"], ["b", "c", "d"], ["c", "d"]]


async def test_who_gives_up_waiting_is_not_written() -> None:
    store = Store()
    grouped = Grouped(store.write, 10)
    tasks = await waiting(store, grouped, "a", "b", "c")
    tasks[1].cancel()
    await asyncio.sleep(0)
    store.let.release()
    store.let.release()
    assert isinstance((await asyncio.gather(*tasks, return_exceptions=True))[1], asyncio.CancelledError)
    assert store.groups == [["a"], ["c"]]


async def test_who_writes_for_others_may_still_be_done_over() -> None:
    """A group fails; of those who are then written alone, the first loses and another one commits."""
    tried: list[list[str]] = []
    begun, held = asyncio.Event(), asyncio.Event()

    async def write(items: Sequence[str]) -> list[str]:
        tried.append(list(items))
        if items == ["a"]:
            begun.set()
            await held.wait()
        if len(items) > 1:
            raise ValueError("one of them")
        if items == ["b"] and tried.count(["b"]) == 1:
            raise Conflicted()
        note_commit()
        return list(items)

    grouped = Grouped(write, 10)

    @done_over
    async def add(item: str) -> str:
        return await grouped.add(item)

    tasks = [asyncio.create_task(add(one)) for one in "abc"]
    await begun.wait()
    held.set()
    assert await asyncio.gather(*tasks) == ["a", "b", "c"]
    assert tried == [["a"], ["b", "c"], ["b"], ["c"], ["b"]]


@pytest.mark.parametrize("count", [1, 2, 50])
async def test_everybody_is_answered_with_what_became_of_theirs(count: int) -> None:
    async def write(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        return [one * 2 for one in items]

    grouped = Grouped(write, 7)
    found = await asyncio.gather(*(grouped.add(one) for one in range(count)))
    assert found == [2 * one for one in range(count)]
