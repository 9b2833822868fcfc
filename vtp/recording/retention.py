"""What time does to recordings: they go into the trash, and from there for good. Decisions 0129 and 0147.

Nothing goes into the trash that who may keep it was not told of a week before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.counted import counted
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier
from vtp.notifications.store import these
from vtp.recording.caption_store import remove_put_away
from vtp.recording.catalogue import utc_now
from vtp.recording.retention_store import (
    Aging,
    administrators,
    forget_terms,
    opened_since,
    owners_among,
    page_of_ended,
    page_of_trashed,
    set_term,
)
from vtp.recording.terms import Terms
from vtp.recording.trash import Trash

logger = logging.getLogger(__name__)

EXPIRING: Final = Kind(
    "recording_expiring", "Recordings that are about to go into the trash", MailChoice.AT_ONCE
)
EXPIRED: Final = Kind(
    "recording_expired", "Recordings that went into the trash by themselves", MailChoice.DAILY
)
NOTICE: Final = timedelta(days=7)
"""So long before it goes into the trash it is told."""
IN_USE: Final = timedelta(hours=6)
"""Who has opened one may go on for so long: it is what a grant of its media is good for."""
CAPTIONS_KEPT: Final = timedelta(hours=1)
"""Captions that were deleted can be brought back for so long, at least."""
FIRST_S: Final = 20.0
PERIOD_S: Final = 3600.0
AT_A_TIME: Final = 200
MOST_NAMED: Final = 3
NO_DAYS: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Fate:
    """When one expires (None: never), and whether that is to be told now."""

    expires_at: datetime | None
    is_told: bool = False


def fate_of(one: Aging, keep: timedelta, now: datetime) -> Fate:
    """Of one that is not in the trash."""
    if one.kept or keep == NO_DAYS:
        return Fate(None)
    due = one.since + keep
    if due > now + NOTICE:
        return Fate(due)
    return Fate(max(due, (one.warned_at or now) + NOTICE), is_told=True)


def fate_in_trash(one: Aging, keep: timedelta) -> datetime | None:
    """When one in the trash is deleted for good."""
    if one.deleted_at is None or keep == NO_DAYS:
        return None
    due = one.deleted_at + keep
    return due if one.warned_at is None else max(due, one.warned_at + NOTICE)


class Retention:
    """`run` for ever, once in each process: what one of them has done the others find done."""

    def __init__(
        self,
        database: Database,
        trash: Trash,
        notifier: Notifier,
        terms: Terms,
        trash_keep_days: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._trash = trash
        self._notifier = notifier
        self._terms = terms
        self._keep_trash = timedelta(days=trash_keep_days)
        self._clock = clock
        notifier.kinds.add(EXPIRING, EXPIRED)

    async def run(self) -> None:
        """A little after the start, then every hour."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                logger.warning("What recordings are kept for is looked at later: %s", error)
            except Exception:  # the next time may go better: to stop looking would be to keep all for ever
                logger.exception("What recordings are kept for could not be looked at.")
            await asyncio.sleep(PERIOD_S)

    async def sweep(self) -> None:
        """Looks at every recording that has ended, some at a time. Raises Unavailable."""
        async with self._database.read() as tx:
            may_expire = await self._terms.are_set(tx)
        if may_expire:
            await self._through(page_of_ended, self._look_at)
        else:
            await self._forget()
        await self._through(page_of_trashed, self._look_at_trashed)
        await self._forget_captions()

    async def _through(
        self,
        page: Callable[[AsyncConnection, str, int], Awaitable[list[Aging]]],
        look: Callable[[Sequence[Aging]], Awaitable[None]],
    ) -> None:
        after = ""
        while True:
            async with self._database.read() as tx:
                found = await page(tx, after, AT_A_TIME)
            if found:
                await look(found)
            if len(found) < AT_A_TIME:
                return
            after = found[-1].id

    @done_over
    async def _forget(self) -> None:
        async with self._database.transaction() as tx:
            await forget_terms(tx)

    @done_over
    async def _forget_captions(self) -> None:
        async with self._database.transaction() as tx:
            await remove_put_away(tx, self._clock() - CAPTIONS_KEPT)

    async def _look_at(self, page: Sequence[Aging]) -> None:
        now = self._clock()
        async with self._database.read() as tx:
            days = await self._terms.of(tx, page)
        fates = {one.id: fate_of(one, timedelta(days=days[one.id]), now) for one in page}
        await self._set_terms(page, fates, now)
        over = {one.id: one for one in page if _is_over(one, fates[one.id], now)}
        if not over:
            return
        async with self._database.read() as tx:
            in_use = await opened_since(tx, list(over), now - IN_USE)
        gone = await self._trash.expire(
            [one for id_, one in over.items() if id_ not in in_use], self._tell_expired
        )
        for recording_id in gone:
            logger.info("Recording %s has gone into the trash: it was kept for its time.", recording_id)

    @done_over
    async def _set_terms(self, page: Sequence[Aging], fates: Mapping[str, Fate], now: datetime) -> None:
        """Tells of what is about to go, in the transaction that notes it."""
        told: list[Aging] = []
        changed = [one for one in page if _differs(one, fates[one.id])]
        if not changed:
            return
        async with self._database.transaction() as tx:
            for one in changed:
                fate = fates[one.id]
                warned_at = (one.warned_at or now) if fate.is_told else None
                if await set_term(tx, one, expires_at=fate.expires_at, warned_at=warned_at):
                    told += [one] if fate.is_told and one.warned_at is None else []
            by_day: dict[date, list[Aging]] = defaultdict(list)
            for one in told:
                by_day[(fates[one.id].expires_at or now).date()].append(one)
            for at, those in by_day.items():
                await self._tell(tx, those, EXPIRING, f" on {at.day} {at:%B %Y}", _KEEP_IT)

    async def _tell_expired(self, tx: AsyncConnection, recordings: Sequence[Aging]) -> None:
        """In the transaction in which they go."""
        days = self._keep_trash.days
        until = "Restore it there."
        if days:
            until = f"There it is for {counted(days, 'day')}; until then you can restore it."
        await self._tell(tx, recordings, EXPIRED, "", f"{_TIME_IS_OVER} {until}")

    async def _tell(
        self, tx: AsyncConnection, recordings: Sequence[Aging], kind: Kind, when: str, text: str
    ) -> None:
        """One message to each who may keep some of them; to administrators of those that nobody else may."""
        ids = {one.started_by for one in recordings if one.started_by is not None}
        owners = await owners_among(tx, ids) if ids else set()
        by_owner: dict[str | None, list[Aging]] = defaultdict(list)
        for one in recordings:
            by_owner[one.started_by if one.started_by in owners else None].append(one)
        for owner, theirs in by_owner.items():
            news = _news_of(theirs, kind, when, text)
            await self._notifier.tell(tx, news, administrators() if owner is None else these([owner]))

    @done_over
    async def _delay(self, changes: Sequence[tuple[Aging, datetime | None]]) -> None:
        async with self._database.transaction() as tx:
            for one, expires_at in changes:
                await set_term(tx, one, expires_at=expires_at)

    async def _look_at_trashed(self, page: Sequence[Aging]) -> None:
        now = self._clock()
        fates = [(one, fate_in_trash(one, self._keep_trash)) for one in page]
        changes = [(one, at) for one, at in fates if at != one.expires_at]
        if changes:
            await self._delay(changes)
        over = [one for one, at in fates if at is not None and at <= now]
        if over:
            await self._trash.condemn(over)


def _news_of(recordings: Sequence[Aging], kind: Kind, when: str, text: str) -> News:
    """Of one, which the way leads to, or of several in one sentence."""
    titles = [f"“{one.title}”" for one in recordings[:MOST_NAMED]]
    more = len(recordings) - len(titles)
    named = ", ".join(titles) + (f" and {more} more" if more else "")
    goes = "has gone" if kind is EXPIRED else "goes"
    go = "have gone" if kind is EXPIRED else "go"
    if len(recordings) == 1:
        one = recordings[0]
        title = f"{named} {goes} into the trash{when}"
        return News(kind.word, title, text, f"/recordings/{one.id}", recording_id=one.id)
    title = f"{len(recordings)} recordings {go} into the trash{when}"
    link = "/recordings/trash" if kind is EXPIRED else "/recordings"
    return News(kind.word, title, f"{named}. {text}", link)


_KEEP_IT = "Recordings are kept here for a time. Press “Keep” on its page if it is to stay."
_TIME_IS_OVER = "The time for which recordings are kept here is over."


def _is_over(one: Aging, fate: Fate, now: datetime) -> bool:
    return one.warned_at is not None and fate.expires_at is not None and fate.expires_at <= now


def _differs(one: Aging, fate: Fate) -> bool:
    return one.expires_at != fate.expires_at or (one.warned_at is not None) != fate.is_told
