"""Writes the mails of notifications into the outbox: what goes at once, and once a day the rest.

Taking a notification and putting its mail is one transaction, so each is mailed once, by whichever process
takes it. The telling itself writes no mail, so a thousand of them hold up nobody else.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.mail.letters import digest_letter, news_letter
from vtp.mail.links import Links
from vtp.mail.outbox import Mail, MailKind, Outbox
from vtp.notifications.choice_store import DigestTime, zones_among
from vtp.notifications.kinds import Kinds
from vtp.notifications.mail_store import (
    addresses_of,
    digests_waiting,
    is_before,
    take_digests,
    take_some,
)
from vtp.notifications.news import Told
from vtp.notifications.store import news_with
from vtp.notifications.unsubscribing import DIGEST, Unsubscribing
from vtp.time_zones import zone_of_name

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50  # mails of one transaction
LOOK_EVERY_S: Final = 30.0  # for what a process that has ended could not write any more
DIGESTS_EVERY: Final = timedelta(minutes=15)  # as time zones differ from each other
SETTLED: Final = timedelta(minutes=1)  # what was told later may be stored yet, and waits for the next day
TTL: Final = timedelta(days=3)
DIGEST_TTL: Final = timedelta(days=1)
MOST_LINES: Final = 50
PAGE: Final = "/notifications"


class NotificationMailer:
    """`run` for ever, once; `told` when there may be something."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        kinds: Kinds,
        links: Links,
        unsubscribing: Unsubscribing,
        default: DigestTime,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._kinds = kinds
        self._links = links
        self._unsubscribing = unsubscribing
        self._default = default
        self._clock = clock
        self._wake = asyncio.Event()
        self._digests_at: datetime | None = None

    def told(self) -> None:
        """Something was told in this process."""
        self._wake.set()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.once()
            except Unavailable:
                pass  # in the next round
            except Exception:  # of one mail, say: to write none any more would be worse
                logger.exception("Mails of notifications could not be written.")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()

    async def once(self) -> None:
        """Writes what is due."""
        if not self._outbox.sends:
            return
        while await self._write_some():
            pass
        now = self._clock()
        if self._digests_at is None or now >= self._digests_at:
            await self.write_digests()
            self._digests_at = quarter_after(now)

    async def write_digests(self) -> int:
        """Writes the mails of the day to those whose hour has come; gives how many."""
        now = self._clock()
        async with self._database.read() as tx:
            waiting = await digests_waiting(tx)
        due: dict[datetime, list[str]] = {}
        for one in waiting:
            last = last_hour(self._known(one.at or self._default), now) - SETTLED
            if is_before(one.oldest, last):
                due.setdefault(last, []).append(one.user_id)
        written = 0
        for last, people in due.items():
            for start in range(0, len(people), AT_ONCE):
                written += await self._write_digests(people[start : start + AT_ONCE], last)
        return written

    def _known(self, at: DigestTime) -> DigestTime:
        """By the server's clocks where the time zone that somebody has chosen is not known here any more."""
        return at if zone_of_name(at.time_zone) else replace(at, time_zone=self._default.time_zone)

    @done_over
    async def _write_some(self) -> bool:
        """Whether there may be more."""
        async with self._database.transaction() as tx:
            taken = await take_some(tx, AT_ONCE)
            if not taken:
                return False
            news, addresses = await _read(tx, taken)
            zones = await zones_among(tx, sorted(addresses))
            mails = [
                self._mail(news[one], who, addresses[who], zones.get(who))
                for one, who in taken
                if who in addresses
            ]
            await self._outbox.put_all(tx, mails)
        return len(taken) == AT_ONCE

    @done_over
    async def _write_digests(self, user_ids: list[str], before: datetime) -> int:
        async with self._database.transaction() as tx:
            taken = await take_digests(tx, user_ids, before)
            news, addresses = await _read(tx, taken)
            of_each: dict[str, list[Told]] = {}
            for one, who in taken:
                of_each.setdefault(who, []).append(news[one])
            mails = [
                self._digest(told, who, addresses[who]) for who, told in of_each.items() if who in addresses
            ]
            await self._outbox.put_all(tx, mails)
        return len(mails)

    def _mail(self, told: Told, user_id: str, address: str, time_zone: str | None) -> Mail:
        if time_zone is not None:
            told = self._kinds.by_clocks_of(told, time_zone)
        stop = self._unsubscribing.address(user_id, told.kind)
        link = self._links.to(told.link or PAGE)
        named = [kind.title for kind in self._kinds.within(told.kind) if kind.names_people]
        headline = named[0] if named else told.title
        subject, text = news_letter(told.context, headline, told.title, told.text, link, stop)
        return Mail(MailKind.NEWS, address, subject, text, user_id, TTL, unsubscribe=stop)

    def _digest(self, told: list[Told], user_id: str, address: str) -> Mail:
        stop = self._unsubscribing.address(user_id, DIGEST)
        newest = sorted(told, key=lambda one: one.id)[-MOST_LINES:]
        newest.sort(key=lambda one: (one.context, one.id))
        lines = [(one.context, one.title, self._links.to(one.link or PAGE)) for one in newest]
        subject, text = digest_letter(lines, len(told) - len(lines), self._links.to(PAGE), stop)
        return Mail(MailKind.DIGEST, address, subject, text, user_id, DIGEST_TTL, unsubscribe=stop)


def last_hour(at: DigestTime, now: datetime) -> datetime:
    """When it was that hour there last. An hour that a change of the clocks leaves out is the next."""
    there = now.astimezone(ZoneInfo(at.time_zone))
    today = there.replace(hour=at.hour % 24, minute=0, second=0, microsecond=0, fold=0)
    if today.astimezone(now.tzinfo) > now:
        today = (today - timedelta(days=1)).replace(fold=0)  # by the clock on the wall
    return today.astimezone(now.tzinfo)


def quarter_after(now: datetime) -> datetime:
    """The next quarter of an hour."""
    start = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    return start + DIGESTS_EVERY


async def _read(tx: AsyncConnection, taken: list[tuple[str, str]]) -> tuple[dict[str, Told], dict[str, str]]:
    """The news, and where their people read mail."""
    news = {one.id: one for one in await news_with(tx, sorted({one for one, _ in taken}))}
    return news, await addresses_of(tx, sorted({who for _, who in taken}))
