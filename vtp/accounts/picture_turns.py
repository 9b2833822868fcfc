"""Turns at having a picture decoded: one at a time, one of each account, and none for who has gone.

Everybody with an account may put a picture, also who registered a minute ago and whom nobody approved: those
have few places and come after the others, so that they keep no class from its pictures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from vtp.errors import RateLimited, Unavailable

MOST_WAITING: Final = 24
"""Of people with verified accounts; each holds an upload in memory, of at most 2 MB."""
MOST_WAITING_UNVERIFIED: Final = 4
_RETRY_AFTER_S: Final = 5.0


class _Waiter:
    """Who waits for a turn; `granted` is done when it has come, or will not."""

    __slots__ = ("account", "granted", "is_gone", "verified")

    def __init__(self, account: str, verified: bool, is_gone: Callable[[], bool]) -> None:
        self.account = account
        self.verified = verified
        self.is_gone = is_gone
        self.granted = asyncio.get_running_loop().create_future()


class PictureTurns:
    """Used from one event loop."""

    def __init__(self) -> None:
        self._waiting: list[_Waiter] = []
        self._holder: _Waiter | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, account: str, *, verified: bool, is_gone: Callable[[], bool]) -> AsyncIterator[None]:
        """Holds a turn. Raises RateLimited while another picture of this account is in hand, Unavailable
        where too many wait, or nobody waits for the answer any more."""
        self._drop_gone()
        self._check_room(account, verified)
        waiter = _Waiter(account, verified, is_gone)
        self._waiting.append(waiter)
        try:
            self._fill()
            await waiter.granted
            yield
        finally:
            if waiter is self._holder:
                self._holder = None
                self._fill()
            elif waiter in self._waiting:
                self._waiting.remove(waiter)

    def _check_room(self, account: str, verified: bool) -> None:
        in_hand = self._waiting if self._holder is None else [self._holder, *self._waiting]
        if any(one.account == account for one in in_hand):
            raise RateLimited(
                "Your picture before this one is being made: wait a moment, then try again.",
                retry_after_s=_RETRY_AFTER_S,
            )
        most = MOST_WAITING if verified else MOST_WAITING_UNVERIFIED
        if sum(one.verified == verified for one in self._waiting) >= most:
            raise Unavailable(
                "Many pictures are being made: try again in a moment.", retry_after_s=_RETRY_AFTER_S
            )

    def _fill(self) -> None:
        """Gives the turn, if it is free, to who has waited longest of those that go first."""
        self._drop_gone()
        if self._holder is None and self._waiting:
            self._holder = next((one for one in self._waiting if one.verified), self._waiting[0])
            self._waiting.remove(self._holder)
            self._holder.granted.set_result(None)

    def _drop_gone(self) -> None:
        for one in [one for one in self._waiting if one.granted.done() or one.is_gone()]:
            self._waiting.remove(one)
            if not one.granted.done():
                one.granted.set_exception(
                    Unavailable("Nobody waits for this answer any more.", code="abandoned")
                )
