"""How much a server is used: each day's people, classes and recordings, and how busy it was."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.usage_store import (
    add_day,
    by_course,
    count_day,
    first_class,
    forget_usage,
    known_days,
    load_since,
    put_load,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id

logger = logging.getLogger(__name__)

READ_EVERY_S: Final = 30.0
STORED_EVERY: Final = 10  # readings
DAYS_AT_ONCE: Final = 30
"""So many days that nobody counted are counted in one round of upkeep."""
GROWN_AFTER: Final = timedelta(hours=6)
"""A day is kept so long after its end: what began on it has grown by then (recordings, above all)."""
LOAD_DAYS: Final = 14
"""For how many days load is told by the hour."""


@dataclass(slots=True)
class Load:
    """How busy this process is in one hour, added up."""

    hour: datetime
    readings: int = 0
    cpu_sum: float = 0.0
    cpu_most: float = 0.0
    load_most: float = 0.0
    memory_most_bytes: int = 0
    participants_most: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def take(
        self, cpu: float, load: float, memory_bytes: int, participants: int, since: datetime, now: datetime
    ) -> None:
        """One more reading: processors used since the last, load by processor, memory, people in rooms."""
        self.readings += 1
        self.first_at, self.last_at = self.first_at or max(since, self.hour), now
        self.cpu_sum += cpu
        self.cpu_most = max(self.cpu_most, cpu)
        self.load_most = max(self.load_most, load)
        self.memory_most_bytes = max(self.memory_most_bytes, memory_bytes)
        self.participants_most = max(self.participants_most, participants)


@dataclass(frozen=True, slots=True)
class UsageOfServer:
    """`days` by their names, oldest first."""

    days: Sequence[Mapping[str, Any]]
    courses: Sequence[Any]
    load: Sequence[Any]


@dataclass(slots=True)
class Usage:
    """`watch` for ever, once; `roll` is for the upkeep. `participants`: how many are in rooms now."""

    database: Database
    keep_days: int
    participants: Callable[[], int]
    clock: Clock = utc_now
    process_id: str = field(default_factory=new_id)

    async def read(self, principal: Principal, days: int) -> UsageOfServer:
        """The last days, today as far as it has come; for administrators.

        Of days that upkeep has not counted yet only the newest are, for each takes some milliseconds.
        """
        require(principal, Action.SERVER_MANAGE)
        now = self.clock()
        wanted = [midnight(now) - timedelta(days=back) for back in range(days)][::-1]
        async with self.database.read() as tx:
            known = await known_days(tx, name_of(wanted[0]))
            missing = [one for one in wanted if name_of(one) not in known][-DAYS_AT_ONCE:]
            counted = {name_of(one): await count_day(tx, one, now) for one in missing}
            figures = {**{day: {"day": day, **one} for day, one in counted.items()}, **known}
            found = [figures[name_of(one)] for one in wanted if name_of(one) in figures]
            since = now - timedelta(days=min(days, LOAD_DAYS))
            return UsageOfServer(found, await by_course(tx), await load_since(tx, since))

    async def is_counted(self) -> bool:
        """Whether all days are, on which there were classes and that are over."""
        return not await self._missing(self.clock())

    async def count_all(self) -> bool:
        """Counts all of these, for who cannot wait for upkeep; whether that is done."""
        left = 0
        while missing := len(await self._missing(self.clock())):
            if missing == left:
                return False
            left = missing
            await self.roll()
        return True

    async def _missing(self, now: datetime) -> list[datetime]:
        async with self.database.read() as tx:
            first = await first_class(tx)
            since = midnight(first or now)
            if self.keep_days:
                since = max(since, midnight(now) - timedelta(days=self.keep_days))
            known = await known_days(tx, name_of(since))
        return [one for one in days_between(since, midnight(now - GROWN_AFTER)) if name_of(one) not in known]

    async def roll(self) -> None:
        """Counts days that are over and keeps what they came to, the oldest first; forgets what is old."""
        now = self.clock()
        for one in (await self._missing(now))[:DAYS_AT_ONCE]:
            await self._roll(one, now)
        if self.keep_days:
            await self._forget(midnight(now) - timedelta(days=self.keep_days))

    async def watch(self) -> None:
        """Reads how busy this process is, and stores it now and then."""
        since = self.clock()
        load = Load(_hour(since))
        before_s, cpu_before_s = time.monotonic(), time.process_time()
        while True:
            await asyncio.sleep(READ_EVERY_S)
            now_s, cpu_s = time.monotonic(), time.process_time()
            now = self.clock()
            if _hour(now) != load.hour:
                done, load = load, Load(_hour(now))
                await self._store(done)
            cpu = (cpu_s - cpu_before_s) / max(now_s - before_s, 0.001)
            before_s, cpu_before_s = now_s, cpu_s
            await self._take(load, cpu, since, now)
            since = now

    async def _take(self, load: Load, cpu: float, since: datetime, now: datetime) -> None:
        try:
            load.take(cpu, machine_load(), memory_bytes(), self.participants(), since, now)
        except Exception:  # one reading
            logger.exception("How busy the server is could not be read.")
            return
        if load.readings % STORED_EVERY == 0:
            await self._store(load)

    async def _store(self, load: Load) -> None:
        values = {name: getattr(load, name) for name in Load.__slots__}
        try:
            await self._put({**values, "process_id": self.process_id})
        except Unavailable:
            pass  # then with the next
        except Exception:  # one time
            logger.exception("How busy the server is could not be stored.")

    @done_over
    async def _put(self, values: Mapping[str, Any]) -> None:
        async with self.database.transaction() as tx:
            await put_load(tx, values)

    @done_over
    async def _roll(self, day: datetime, now: datetime) -> None:
        async with self.database.transaction() as tx:
            await add_day(tx, name_of(day), await count_day(tx, day, now))

    @done_over
    async def _forget(self, before: datetime) -> None:
        async with self.database.transaction() as tx:
            await forget_usage(tx, before)


def midnight(at: datetime) -> datetime:
    """When its day began, in UTC."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def name_of(day: datetime) -> str:
    """As it is stored."""
    return f"{day:%Y-%m-%d}"


def days_between(since: datetime, until: datetime) -> list[datetime]:
    """All days from one on, without the last."""
    return [since + timedelta(days=one) for one in range((until - since).days)]


def machine_load() -> float:
    """How many processes wait for each processor, over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def memory_bytes() -> int:
    """What this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
