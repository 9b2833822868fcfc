"""Turns at having a password looked at, and who waits for one: what nobody waits for any more gets none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from vtp.accounts.claims import Claim
from vtp.accounts.hash_queue import HashQueue, QueueFull, Rank
from vtp.errors import Unavailable, VtpError

MOST_WAIT_S = 15.0
"""After which people have gone or tried again; programs wait longer, and are told when to come back."""
STANDING = frozenset(f"waiting_{rank.name.lower()}" for rank in Rank)


class _Waiter:
    """Who waits for a turn; `granted` is done when it has come, or will not."""

    __slots__ = ("checks", "granted", "has_turn", "lane", "rank", "rank_now")

    def __init__(self, claim: Claim, granted: asyncio.Future[None]) -> None:
        self.rank = claim.rank
        self.lane = claim.lane
        self.checks = claim.checks
        self.rank_now = claim.rank_now
        self.granted = granted
        self.has_turn = False

    def is_wanted(self) -> bool:
        """Unless a check says otherwise, or who waited has left."""
        try:
            for check in self.checks:
                check()
        except VtpError as error:
            self.refuse(error)
        return not self.granted.done()

    @property
    def rank_by_now(self) -> Rank:
        """Its own, or the worse one that it has come to meanwhile."""
        return self.rank if self.rank_now is None else max(self.rank, self.rank_now())

    def grant(self) -> None:
        self.has_turn = True
        self.granted.set_result(None)

    def refuse(self, error: VtpError) -> None:
        """Its traceback, whose frames know the waiter, is left behind: what holds itself is there until it is
        looked for, and the event loop waits for that."""
        if not self.granted.done():
            self.granted.set_exception(error.with_traceback(None))


class HashTurns:
    """So many at once; the rest wait in a `HashQueue`. Used from one event loop."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._queue: HashQueue[_Waiter] = HashQueue()
        self._counts: Counter[str] = Counter(
            begun=0, done=0, refused=0, displaced=0, overdue=0, dropped=0, sunk=0
        )

    @asynccontextmanager
    async def turn(self, claim: Claim) -> AsyncIterator[None]:
        """Holds a turn. Never ask for another one within it.

        Raises Unavailable when too many wait or it has waited too long, and what the claim's checks raise.
        """
        await self._wait(claim)
        try:
            yield
        finally:
            self._counts["done"] += 1
            self._end_turn()

    def numbers(self) -> Mapping[str, int]:
        """For `/metrics`."""
        waiting = {f"waiting_{rank.name.lower()}": count for rank, count in self._queue.waiting().items()}
        return waiting | self._counts

    def close(self) -> None:
        """Cancels who waits."""
        self._free = 0
        while waiter := self._queue.take():
            waiter.granted.cancel()

    async def _wait(self, claim: Claim) -> None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(claim, loop.create_future())
        self._enter(waiter)
        timer = loop.call_later(MOST_WAIT_S, self._give_up, waiter)
        self._fill()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter.has_turn:
                self._end_turn()
            raise
        finally:
            timer.cancel()
            self._queue.remove(waiter)
            del waiter  # which has the error whose traceback has this frame

    def _enter(self, waiter: _Waiter) -> None:
        try:
            displaced = self._queue.add(waiter)
        except QueueFull:
            self._counts["refused"] += 1
            raise _busy() from None
        if displaced is not None:
            self._counts["displaced"] += 1
            displaced.refuse(_busy())

    def _give_up(self, waiter: _Waiter) -> None:
        if self._queue.remove(waiter):
            self._counts["overdue"] += 1
            waiter.refuse(_busy())

    def _fill(self) -> None:
        while self._free > 0 and (waiter := self._queue.take()) is not None:
            rank = waiter.rank
            if not waiter.is_wanted():
                self._counts["dropped"] += 1
                self._queue.return_turn(rank)
            elif (sunk := waiter.rank_by_now) > rank and self._holds_up_others(rank):
                self._counts["sunk"] += 1
                self._queue.return_turn(rank)
                waiter.rank = sunk
                self._enter_again(waiter)
            else:
                self._free -= 1
                self._counts["begun"] += 1
                waiter.grant()

    def _holds_up_others(self, rank: Rank) -> bool:
        """Whether somebody waits there who is in that rank by now, too."""
        return any(waiter.rank_by_now == rank for waiter in self._queue.of(rank))

    def _enter_again(self, waiter: _Waiter) -> None:
        try:
            self._enter(waiter)
        except Unavailable:
            waiter.refuse(_busy())

    def _end_turn(self) -> None:
        self._free += 1
        self._fill()


def _busy() -> Unavailable:
    return Unavailable("Too many people are signing in at once; try again in a moment.")
