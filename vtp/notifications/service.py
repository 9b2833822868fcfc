"""What somebody was told: listed, counted, read; forgotten when it is old."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from vtp.accounts.service import Clock, account_of, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.notifications.kinds import Kinds
from vtp.notifications.news import Told
from vtp.notifications.store import count_unread, find_for, forget_some, mark, mark_all, page_for

_FORGOTTEN_AT_ONCE: Final = (
    20  # in one transaction, each perhaps with a thousand people: others write in between
)


class Notifications:
    """One's own: every method raises Forbidden for who has no account, or comes by the token of a room."""

    def __init__(self, database: Database, kinds: Kinds, keep_days: int, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._kinds = kinds
        self._keep_days = keep_days
        self._clock = clock

    async def page(
        self, principal: Principal, *, unread: bool, limit: int, before: str | None, time_zone: str | None
    ) -> list[Told]:
        """What the caller was told, newest first; its times by the clocks of `time_zone`, or as written."""
        own_id = own_account(principal)
        async with self._database.read() as tx:
            found = await page_for(tx, own_id, unread=unread, limit=limit, before=before)
        return [self._kinds.by_clocks_of(one, time_zone) for one in found] if time_zone else found

    async def unread(self, principal: Principal) -> int:
        """How much of it the caller has not read."""
        own_id = own_account(principal)
        async with self._database.read() as tx:
            return await count_unread(tx, own_id)

    @done_over
    async def mark(
        self, principal: Principal, news_id: str, *, read: bool, time_zone: str | None = None
    ) -> Told:
        """Says that the caller has read one, or has not; gives it with times as `page` does. Raises NotFound,
        Invalid."""
        own_id, wanted = own_account(principal), parse_id(news_id, "/path/notification_id")
        async with self._database.transaction() as tx:
            await mark(tx, own_id, wanted, self._clock() if read else None)
            found = await find_for(tx, own_id, wanted)
        if found is None:
            raise NotFound("You were told nothing of this id.", code="no_such_notification")
        return self._kinds.by_clocks_of(found, time_zone) if time_zone else found

    @done_over
    async def mark_all(self, principal: Principal, up_to: str | None) -> tuple[int, int]:
        """Says that the caller has read everything, or all up to one; gives how many those were, and how many
        are unread still. Raises Invalid."""
        own_id = own_account(principal)
        last = parse_id(up_to, "/up_to") if up_to is not None else None
        async with self._database.transaction() as tx:
            marked = await mark_all(tx, own_id, self._clock(), last)
            return marked, await count_unread(tx, own_id)

    async def trim(self) -> int:
        """Forgets what is older than `notifications.keep_days`, read or not; gives how much."""
        if not self._keep_days:
            return 0
        before, gone = self._clock() - timedelta(days=self._keep_days), 0
        while True:
            some = await self._forget(before)
            gone += some
            if some < _FORGOTTEN_AT_ONCE:
                return gone

    @done_over
    async def _forget(self, before: datetime) -> int:
        async with self._database.transaction() as tx:
            return await forget_some(tx, before, _FORGOTTEN_AT_ONCE)


def own_account(principal: Principal) -> str:
    """The caller's account. Raises Forbidden."""
    if principal.room is not None:
        raise Forbidden("This token is for a room alone: sign in.", code="room_token")
    return account_of(principal)
