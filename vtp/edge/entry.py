"""Who comes to an edge without a grant: the origin gives them the one that it would give them itself, by the
token that they bring, or as anybody gets one for what is public.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from vtp.edge.door import Door, Key
from vtp.errors import Forbidden, NotFound, NotSignedIn, RateLimited, Unavailable
from vtp.http.client import network_of
from vtp.limits import WindowLimiter

MOST_KEPT = 10_000
MOST_AT_A_TIME = 256
TOO_MANY = "Too many requests from this network address; wait a moment."

Ask = Callable[[str, str, str], Awaitable[str]]
"""Gives a grant for what is watched, what `Authorization` says, and the address."""


class Entry:
    """On the event loop. A token's grant is remembered, as players may send theirs with every request;
    of who brings none it is in their cookie. `most_per_minute`: questions for one network, 0 any number.
    """

    def __init__(
        self, door: Door, ask: Ask, most_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._door = door
        self._ask = ask
        self._clock = clock
        self._limiter = WindowLimiter(most_per_minute, 60)
        self._kept: OrderedDict[tuple[str, bytes, str], str] = OrderedDict()
        self._asking: dict[tuple[str, bytes, str], asyncio.Task[str]] = {}
        self._at_a_time = 0

    async def enter(self, media_id: str, authorization: str, address: str, *, anew: bool = False) -> Key:
        """Whom the door has let in; `anew`: by a grant that was made now. Raises what the origin says,
        RateLimited, Unavailable.
        """
        if not authorization:
            watch = (media_id, await self._new_grant(media_id, "", address), address)
            await self._door.require(watch)
            return watch
        who = (media_id, hashlib.blake2s(authorization.encode()).digest(), address)
        kept = self._kept.get(who)
        if kept is not None and not anew:
            self._kept.move_to_end(who)
            if self._door.holder((media_id, kept, address)):
                return await self._let_in(who, kept)
        return await self._let_in(who, await self._once(who, authorization))

    async def _let_in(self, who: tuple[str, bytes, str], grant: str) -> Key:
        media_id, _, address = who
        watch = (media_id, grant, address)
        try:
            await self._door.require(watch)
        except (Forbidden, NotFound, NotSignedIn):
            self._kept.pop(who, None)  # the token may open it again later
            raise
        return watch

    async def _once(self, who: tuple[str, bytes, str], authorization: str) -> str:
        """Asked once for all requests that come with the same token at the time."""
        asking = self._asking.get(who)
        if asking is None:
            asking = asyncio.ensure_future(self._new_grant(who[0], authorization, who[2]))
            self._asking[who] = asking
            asking.add_done_callback(lambda _: self._asking.pop(who, None))
        grant = await asyncio.shield(asking)
        self._kept[who] = grant
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return grant

    async def _new_grant(self, media_id: str, authorization: str, address: str) -> str:
        if self._at_a_time >= MOST_AT_A_TIME:
            raise Unavailable("Many come at once; try again in a moment.", retry_after_s=1)
        wait_s = self._limiter.take(network_of(address), self._clock())
        if wait_s > 0.0:
            raise RateLimited(TOO_MANY, retry_after_s=wait_s)
        self._at_a_time += 1
        try:
            return await self._ask(media_id, authorization, address)
        finally:
            self._at_a_time -= 1
