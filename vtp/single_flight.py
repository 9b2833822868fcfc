"""Single flight: what several wish for at the same time is made once, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from math import inf
from typing import Generic, TypeVar

from vtp.errors import Unavailable
from vtp.tasks import Tasks

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
ENDING = "The server is about to end; try again in a moment."


class SingleFlight(Generic[K, V]):
    """`tasks` own the work: it goes on when all who wait for it have gone away, and ends with the process:
    who still waits then is told Unavailable. On the event loop.

    `find(key)` looks at what is kept already, `keep(key, value)` keeps what was made, where anything is kept;
    a failure never is. Neither waits, so that at every moment a thing is kept, or being made, or neither:
    whoever has waited for something else before they ask starts nothing for a second time.

    `most`: so much may be made at a time; who asks for more is told `too_many`.
    """

    def __init__(
        self,
        tasks: Tasks,
        name: str,
        find: Callable[[K], V | None] = lambda _: None,
        keep: Callable[[K, V], object] = lambda _key, _value: None,
        *,
        most: float = inf,
        too_many: str = "Too many wait for this at once; try again in a moment.",
        retry_after_s: float = 1.0,
    ) -> None:
        self.most = most
        self._tasks = tasks
        self._name = name
        self._find = find
        self._keep = keep
        self._too_many = too_many
        self._retry_after_s = retry_after_s
        self._making: dict[K, asyncio.Future[V]] = {}
        self._running: dict[asyncio.Future[V], K] = {}  # those that are forgotten, too

    def __len__(self) -> int:
        """How much is being made."""
        return len(self._running)

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """What is kept, else what `make` gives, which is called where nobody waits for the same.

        Raises what `make` raises, for all who wait; Unavailable when too much is made, or the process ends.
        """
        found = self._find(key)
        if found is not None:
            return found
        return await asyncio.shield(self._making.get(key) or self._begin(key, make))

    def forget(self, key: K) -> None:
        """What is made of it now is for who waits for it, and is not kept; who asks next has it made anew."""
        self._making.pop(key, None)

    def forget_all(self, concerns: Callable[[K], bool]) -> None:
        """The same of several."""
        for key in [key for key in self._making if concerns(key)]:
            del self._making[key]

    async def settle(self, concerns: Callable[[K], bool] = lambda _: True) -> None:
        """Waits until nothing of that is being made any more, forgotten or not."""
        while running := [made for made, key in self._running.items() if concerns(key)]:
            await asyncio.wait(running)

    def _begin(self, key: K, make: Callable[[], Awaitable[V]]) -> asyncio.Future[V]:
        if len(self._running) >= self.most:
            raise Unavailable(self._too_many, retry_after_s=self._retry_after_s)
        made: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        try:
            task = self._tasks.start(self._make(key, make, made), self._name)
        except RuntimeError:
            raise Unavailable(ENDING) from None
        self._making[key], self._running[made] = made, key
        task.add_done_callback(lambda _: self._end(key, made))
        return made

    async def _make(self, key: K, make: Callable[[], Awaitable[V]], made: asyncio.Future[V]) -> None:
        try:
            value = await make()
            if self._making.get(key) is made:
                self._keep(key, value)
        except Exception as error:  # noqa: BLE001  told to all who wait
            made.set_exception(error)
            made.exception()  # seen: all who waited may have gone
        else:
            made.set_result(value)
        finally:
            self._take_away(key, made)

    def _end(self, key: K, made: asyncio.Future[V]) -> None:
        """Also of what was cancelled, before its first step as well."""
        self._take_away(key, made)
        if not made.done():
            made.set_exception(Unavailable(ENDING))
            made.exception()

    def _take_away(self, key: K, made: asyncio.Future[V]) -> None:
        self._running.pop(made, None)
        if self._making.get(key) is made:
            del self._making[key]
