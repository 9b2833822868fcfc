"""What an edge has of its origin: each thing fetched once for all who ask at the time, segments and parts
kept in bounded memory, but those of participants' tracks for a moment only: a person can be erased.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vtp.edge.address import Address, is_clock, is_file, takes_wishes
from vtp.edge.follow import Follow
from vtp.edge.kept import Kept, Key
from vtp.edge.origin import Fetched
from vtp.errors import Unavailable
from vtp.tasks import Tasks

FRESH_S = (
    0.5  # of playlists: those who ask a little later wish for the same; the next part is another address
)
MOST_AT_A_TIME = 4096
MOST_PLAYLISTS = 1024
ASKED_AT_MOST = 3  # how far it has come, then for what is wished for; once more where both have moved on
PLAYLISTS_SHARE = 8  # of memory they have an eighth, and participants' segments another
PEOPLES_S = 2.0  # as long as a right that was taken away may go on

Fetch = Callable[[str, str, str], Awaitable[Fetched]]


@dataclass(slots=True)
class _Coming:
    """What is on its way; `done` says whether it has come and is kept, `outcome` what has come."""

    done: asyncio.Future[bool]
    outcome: Fetched | Unavailable


class Shelf:
    """On the event loop. What never changes (`is_file`) stays until memory is wanted for others of its kind;
    playlists have a part of the memory to themselves, and so have participants' tracks.
    """

    def __init__(
        self, fetch: Fetch, most_bytes: int, tasks: Tasks, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._tasks = tasks
        share = most_bytes // PLAYLISTS_SHARE
        self._files = Kept(most_bytes - 2 * share, clock)
        self._peoples = Kept(share, clock, good_for_s=PEOPLES_S)
        self._playlists = Kept(share, clock, most=MOST_PLAYLISTS, good_for_s=FRESH_S)
        self._follow = Follow(self._playlists, FRESH_S, clock)
        self._coming: dict[Key, _Coming] = {}
        self.fetched = 0
        self.found = 0

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        kept_bytes = self._files.bytes + self._peoples.bytes + self._playlists.bytes
        return {"kept_bytes": kept_bytes, "found": self.found, "fetched": self.fetched}

    def get(self, key: Key) -> Fetched | None:
        """What is here and still good; of a playlist one that has what is wished for."""
        found = self._follow.get(key) if takes_wishes(key[1]) else self._place_of(key).get(key)
        self.found += found is not None
        return found

    def coming(self, key: Key) -> asyncio.Future[bool]:
        """What tells when it has come (True: look again) or not. Raises Unavailable when too much is on its
        way, Malformed for what is too far ahead.
        """
        if self._follow.refused(key) is not None:
            raise Unavailable("The server has just refused this; try again in a moment.", retry_after_s=1)
        return self._order(self._follow.wanted(key)).done

    async def bring(self, key: Key) -> Fetched:
        """The thing, fetched when it is not here; also what the origin has refused. Raises Unavailable,
        Malformed.
        """
        for _ in range(ASKED_AT_MOST):
            here = self.get(key) or self._follow.refused(key)
            if here is not None:
                return here
            wanted = self._follow.wanted(key)
            ordered = self._order(wanted)
            await asyncio.shield(ordered.done)
            if isinstance(ordered.outcome, Unavailable):
                raise ordered.outcome
            if ordered.outcome.status != 200 or wanted == key:
                return ordered.outcome
        raise Unavailable("This playlist has moved on meanwhile; try again.", retry_after_s=1)

    def _order(self, key: Key) -> _Coming:
        """Fetched once for all who wait for it."""
        found = self._coming.get(key)
        if found is None:
            if len(self._coming) >= MOST_AT_A_TIME:
                raise Unavailable("This edge waits for too many things at once; try again in a moment.")
            ending = Unavailable("This edge is ending; try again in a moment.", retry_after_s=1)
            found = self._coming[key] = _Coming(asyncio.get_running_loop().create_future(), ending)
            task = self._tasks.start(self._fill(key, found), f"edge: {key[1]}")
            task.add_done_callback(lambda _: self._end(key, found, is_kept=False))  # it may not have begun
        return found

    async def _fill(self, key: Key, coming: _Coming) -> None:
        is_kept = False
        try:
            fetched = coming.outcome = await self._fetch(*key)
            self.fetched += 1
            if fetched.status == 200:
                is_kept = self._keep(key, fetched)
            else:
                self._follow.refuse(key, fetched)
        except Unavailable as error:
            coming.outcome = error
        finally:
            self._end(key, coming, is_kept=is_kept)

    def _end(self, key: Key, coming: _Coming, *, is_kept: bool) -> None:
        if self._coming.get(key) is coming:
            del self._coming[key]
        if not coming.done.done():
            coming.done.set_result(is_kept)

    def _keep(self, key: Key, fetched: Fetched) -> bool:
        """Whether it is kept, and may be looked for."""
        _, path, _ = key
        if is_clock(path):
            return False
        if takes_wishes(path):
            return self._follow.put(key, fetched)
        self._place_of(key).put(key, fetched)
        return True

    def _place_of(self, key: Key) -> Kept:
        _, path, _ = key
        if not is_file(path):
            return self._playlists
        address = Address.of(path)
        return self._peoples if address is not None and address.is_of_person else self._files
