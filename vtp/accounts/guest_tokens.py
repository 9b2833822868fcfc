"""Room tokens that end while somebody is here by them: revoked by staff, or at the end of their term.

One timer for all of them, set for the next to end; nothing is asked per packet.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

from vtp.http.identity import Principal

LOOK_AGAIN_S = 30.0  # the wall clock may be set

Tell = Callable[[Callable[[Principal], bool]], None]


class GuestTokens:
    """Knows what `TokenAuthenticator` has read; `tell` is told whose time has come, as of ended sessions."""

    def __init__(self, tell: Tell, *, clock: Callable[[], float] = time.time) -> None:
        self._tell = tell
        self._clock = clock
        self._revoked: set[str] = set()
        self._known: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._news = asyncio.Event()

    def note(self, token_id: str, expires_at: datetime) -> None:
        """Somebody may be here by this token from now on."""
        if token_id in self._known:
            return
        self._known.add(token_id)
        heapq.heappush(self._ends, (expires_at.timestamp(), token_id))
        if self._ends[0][1] == token_id:
            self._news.set()

    def revoke(self, tokens: Iterable[tuple[str, datetime]]) -> None:
        """Refuses these tokens from now on, and ends what goes on by them."""
        ids = set()
        for token_id, expires_at in tokens:
            self.note(token_id, expires_at)
            ids.add(token_id)
        self._revoked |= ids
        if ids:
            self._tell(lambda principal: principal.token_id in ids)

    def is_revoked(self, token_id: str) -> bool:
        """Whether a token that has not expired is good no more."""
        return token_id in self._revoked

    def has_ended(self, principal: Principal) -> bool:
        """Whether the token by which somebody came has ended since; of accounts it never has."""
        if principal.expires_at_s is None:
            return False
        return principal.token_id in self._revoked or principal.expires_at_s <= self._clock()

    async def watch(self) -> None:
        """Ends for ever what goes on by tokens whose term is over."""
        while True:
            self._news.clear()
            wait_s = self.end_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait_s, LOOK_AGAIN_S)):
                    await self._news.wait()

    def end_due(self) -> float:
        """Ends what is due now; gives how many seconds the next one has."""
        now_s = self._clock()
        ids = set()
        while self._ends and self._ends[0][0] <= now_s:
            ids.add(heapq.heappop(self._ends)[1])
        self._known -= ids
        if ids:
            self._tell(lambda principal: principal.token_id in ids)
        self._revoked -= ids  # expired is refused anyway
        return self._ends[0][0] - now_s if self._ends else LOOK_AGAIN_S
