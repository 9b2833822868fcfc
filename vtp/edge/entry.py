"""Who comes to an edge without a grant: the origin gives them the one that it would give them itself, by the
token that they bring, or as anybody gets one for what is public.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from vtp.edge.door import Door, Key
from vtp.errors import Forbidden, NotFound, NotSignedIn, RateLimited, Unavailable
from vtp.http.client import network_of
from vtp.limits import WindowLimiter
from vtp.single_flight import SingleFlight
from vtp.tasks import Tasks

K = TypeVar("K")
V = TypeVar("V")

MOST_KEPT = 10_000
MOST_AT_A_TIME = 256
TOO_MANY = "Too many requests from this network address; wait a moment."

_Who = tuple[str, bytes, str]
"""What is watched, the digest of what `Authorization` says, the address."""
Ask = Callable[[str, str, str, str], Awaitable[str]]
"""Gives a grant for what is watched, what `Authorization` says, and the address; the last is the grant that
it is to follow, if any.
"""


class Entry:
    """On the event loop. A token's grant is remembered, as players may send theirs with every request;
    of who brings none it is in their cookie. `most_per_minute`: questions for one network, 0 any number.
    """

    def __init__(
        self,
        door: Door,
        ask: Ask,
        most_per_minute: int,
        tasks: Tasks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._ask = ask
        self._clock = clock
        self._limiter = WindowLimiter(most_per_minute, 60)
        self._kept: OrderedDict[_Who, str] = OrderedDict()
        self._lasting: OrderedDict[tuple[_Who, str], None] = OrderedDict()  # grants that nothing follows
        self._asking: SingleFlight[_Who, str] = SingleFlight(
            tasks, "edge: who comes with a token", self._find, self._keep
        )
        self._at_a_time = 0

    async def enter(self, media_id: str, authorization: str, address: str) -> Key:
        """Whom the door has let in. Raises what the origin says, RateLimited, Unavailable."""
        if not authorization:
            watch = (media_id, await self._new_grant(media_id, "", address), address)
            await self._door.require(watch)
            return watch
        who = _who(media_id, authorization, address)
        ask = partial(self._new_grant, media_id, authorization, address)
        return await self._let_in(who, await self._asking.get(who, ask))

    async def follow(self, watch: Key, authorization: str) -> Key:
        """The same viewer, whom the door has let in by a grant that lasts longer; by theirs where there is no
        such, as where a link ends, which is asked once, or the token is somebody else's. Raises as `enter`.
        """
        media_id, before, address = watch
        who = _who(media_id, authorization, address)
        if (who, before) in self._lasting:
            return watch
        grant = await self._new_grant(media_id, authorization, address, before)
        if not self._door.follows(grant, watch):
            _put(self._lasting, (who, before), None)
            return watch
        followed = (media_id, grant, address)
        await self._door.require(followed)
        if self._kept.get(who) == before:
            self._keep(who, grant)
        return followed

    async def _let_in(self, who: _Who, grant: str) -> Key:
        media_id, _, address = who
        watch = (media_id, grant, address)
        try:
            await self._door.require(watch)
        except (Forbidden, NotFound, NotSignedIn):
            self._kept.pop(who, None)  # the token may open it again later
            raise
        return watch

    def _find(self, who: _Who) -> str | None:
        """The grant that their token has got, while it is good."""
        media_id, _, address = who
        kept = self._kept.get(who)
        if kept is None:
            return None
        self._kept.move_to_end(who)
        return kept if self._door.holder((media_id, kept, address)) else None

    def _keep(self, who: _Who, grant: str) -> None:
        _put(self._kept, who, grant)

    async def _new_grant(self, media_id: str, authorization: str, address: str, before: str = "") -> str:
        if self._at_a_time >= MOST_AT_A_TIME:
            raise Unavailable("Many come at once; try again in a moment.", retry_after_s=1)
        wait_s = self._limiter.take(network_of(address), self._clock())
        if wait_s > 0.0:
            raise RateLimited(TOO_MANY, retry_after_s=wait_s)
        self._at_a_time += 1
        try:
            return await self._ask(media_id, authorization, address, before)
        finally:
            self._at_a_time -= 1


def _who(media_id: str, authorization: str, address: str) -> _Who:
    return media_id, hashlib.blake2s(authorization.encode()).digest(), address


def _put(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
