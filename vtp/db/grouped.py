"""What waits to be written is written together: one transaction for all that has come while the last one ran.

A commit to a disk takes as long for a hundred as for one, and so does most of what a statement costs here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from vtp.db.carried import carrying_nothing
from vtp.db.conflicts import Conflicted, for_others
from vtp.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


@dataclass(eq=False, slots=True)
class _Waiting(Generic[T, R]):
    """Something to be written, and what became of it."""

    item: T
    weight: int
    answer: R | None = None
    error: Exception | None = None
    done: bool = False


class Grouped(Generic[T, R]):
    """`write` stores some items in one transaction of its own, and gives an answer for each, in their order.

    Whoever comes first writes for all who wait, up to `most` together by weight; nobody is answered before
    what they gave is stored. Where another transaction won, all of a group are told; where the database is
    away, all who wait; where anything else goes wrong, each is written alone: nobody fails for another.
    """

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], most: int) -> None:
        self._write = write
        self._most = most
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._turn = asyncio.Lock()

    async def add(self, item: T, weight: int = 1) -> R:
        """Gives the answer once it is stored; raises what `write` raises."""
        mine: _Waiting[T, R] = _Waiting(item, weight)
        self._waiting.append(mine)
        try:
            async with self._turn:
                while not mine.done:
                    await self._write_group(self._next())
        finally:
            if not mine.done and mine in self._waiting:
                self._waiting.remove(mine)
        if mine.error is not None:
            raise mine.error.with_traceback(None)  # it may be of several, none of whom has called the others
        return mine.answer  # type: ignore[return-value]  # done without an error

    def _next(self) -> list[_Waiting[T, R]]:
        """Who has waited longest."""
        group = [self._waiting.popleft()]
        weight = group[0].weight
        while self._waiting and weight + self._waiting[0].weight <= self._most:
            weight += self._waiting[0].weight
            group.append(self._waiting.popleft())
        return group

    async def _write_group(self, group: list[_Waiting[T, R]]) -> None:
        try:
            with for_others(), carrying_nothing():
                await self._store(group)
        except BaseException:  # who writes is cancelled: others wait on, and `write` knows what is stored
            self._waiting.extendleft(reversed([one for one in group if not one.done]))
            raise

    async def _store(self, group: list[_Waiting[T, R]]) -> None:
        try:
            answers = await self._write([one.item for one in group])
        except Unavailable as error:
            if not isinstance(error, Conflicted):
                group = [*group, *self._waiting]
                self._waiting.clear()
            for one in group:
                one.error, one.done = error, True
        except Exception as error:  # noqa: BLE001 - each is tried alone, and told
            if len(group) == 1:
                group[0].error, group[0].done = error, True
                return
            for one in group:
                await self._store([one])
        else:
            for one, answer in zip(group, answers, strict=True):
                one.answer, one.done = answer, True
