"""Who opened, downloaded and shared a recording: for who may share it, for as long as the settings say.

A player asks for a playlist again and again and a download for many ranges, so what somebody does again
within VISIT_S is not another entry. Entries are written behind the answer's back, many at once: a class that
opens a recording together waits for no database; while there is none the newest are kept until it is back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import MAX_AGENT_CHARACTERS, Origin, clean
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.tables import users
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.statements import insert_absent
from vtp.errors import Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.recording.access_entries import AccessEntry, AccessFilter, Did, read_entries
from vtp.recording.holders import Viewer, holder_of, viewer_of, without_visit
from vtp.recording.service import Recordings
from vtp.recording.store import Recording
from vtp.recording.tables import recording_access_log as table
from vtp.recording.tables import recordings

logger = logging.getLogger(__name__)

VISIT_S = 1800.0
WRITE_EVERY_S = 1.0
MAX_WAITING = 10_000  # the oldest give way
MAX_REMEMBERED = 50_000
TRIMMED_AT_ONCE = 1000
EXPORT_PAGE = 500


class AccessLog:
    """`run` for ever, once; `keep_days` of it are kept, 0 for all."""

    def __init__(
        self,
        database: Database,
        recordings_: Recordings,
        keep_days: int,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._recordings = recordings_
        self._keep_days = keep_days
        self._clock = clock
        self._monotonic = monotonic
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._noted: dict[tuple[str, Did, str, str], tuple[float, str]] = {}
        self._sent: dict[str, tuple[int, int]] = {}
        self._to_tell: set[str] = set()
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()

    def note(
        self, recording_id: str, did: Did, who: Principal | str, origin: Origin, *, link_id: str | None = None
    ) -> str:
        """Somebody did this: a principal, or a holder as grants name them. `link_id`: what they made. Gives
        the entry's id, which is that of the visit's first.
        """
        holder = without_visit(who) if isinstance(who, str) else holder_of(who)
        entry_id = new_id()
        if did is not Did.SHARED:
            known = self._known((recording_id, did, holder, origin.ip), entry_id)
            if known != entry_id:
                return known
        viewer: Viewer = viewer_of(holder)
        self._waiting.append(
            {
                "id": entry_id,
                "recording_id": recording_id,
                "at": self._clock(),
                "action": did.value,
                "user_id": viewer.user_id,
                "link_id": link_id or viewer.link_id,
                "ip_address": clean(origin.ip, 64),
                "user_agent": clean(origin.user_agent, MAX_AGENT_CHARACTERS),
            }
        )
        self._news.set()
        return entry_id

    def sent(self, entry_id: str, size: int, took_s: float) -> None:
        """So much more was sent for an entry. Totals are written, so that once more is no harm."""
        before_bytes, before_ms = self._sent.pop(entry_id, (0, 0))
        self._sent[entry_id] = (before_bytes + size, before_ms + round(took_s * 1000))
        self._to_tell.add(entry_id)
        if len(self._sent) > MAX_REMEMBERED:
            oldest = next(iter(self._sent))
            del self._sent[oldest]
            self._to_tell.discard(oldest)
        self._news.set()

    async def run(self) -> None:
        """Writes what is noted, about once a second."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(WRITE_EVERY_S)
            try:
                await self.flush()
            except Unavailable:
                self._news.set()
            except Exception:  # they are kept, and tried again with the next: to stop writing would be worse
                logger.exception("Who opened recordings cannot be written.")

    async def flush(self) -> None:
        """Writes what is noted now. Raises Unavailable, and keeps it then."""
        async with self._writing:
            entries = list(self._waiting)
            if entries:
                await self._write(entries)
            written = {entry["id"] for entry in entries}
            while self._waiting and self._waiting[0]["id"] in written:
                self._waiting.popleft()
            told = {one: self._sent[one] for one in self._to_tell}
            if told:
                await self._write_sent(told)
            self._to_tell -= {one for one, totals in told.items() if self._sent.get(one) == totals}

    async def close(self) -> None:
        """Writes the last."""
        try:
            await self.flush()
        except Unavailable as error:
            logger.warning("%d entries of access to recordings are lost: %s", len(self._waiting), error)

    async def page(
        self, principal: Principal, recording_id: str, wanted: AccessFilter, *, limit: int, before: str | None
    ) -> list[AccessEntry]:
        """Entries of a recording, newest first. Raises NotFound, Forbidden."""
        recording = await self._opened(principal, recording_id)
        async with self._database.read() as tx:
            return await read_entries(tx, recording.id, wanted, limit, before)

    async def export(
        self, principal: Principal, recording_id: str, wanted: AccessFilter
    ) -> AsyncIterator[list[AccessEntry]]:
        """All that is wanted, a page at a time, each read when it is asked for. Raises as `page`."""
        recording = await self._opened(principal, recording_id)
        return self._pages(recording.id, wanted)

    async def trim(self) -> int:
        """Deletes what is older than it is kept, a little at a time; gives how much."""
        if not self._keep_days:
            return 0
        before, count = self._clock() - timedelta(days=self._keep_days), 0
        while deleted := await self._trim_some(before):
            count += deleted
        return count

    async def _opened(self, principal: Principal, recording_id: str) -> Recording:
        seen = await self._recordings.seen_to(Action.RECORDING_SHARE, principal, recording_id)
        await self.flush()
        return seen.recording

    async def _pages(self, recording_id: str, wanted: AccessFilter) -> AsyncIterator[list[AccessEntry]]:
        before: str | None = None
        while True:
            async with self._database.read() as tx:
                entries = await read_entries(tx, recording_id, wanted, EXPORT_PAGE, before)
            yield entries
            if len(entries) < EXPORT_PAGE:
                return
            before = entries[-1].id

    @done_over
    async def _write(self, entries: list[dict[str, Any]]) -> None:
        """Those that are there already were written by a commit whose answer was lost."""
        try:
            async with self._database.transaction() as tx:
                await insert_absent(tx, table, entries)
        except IntegrityError:  # of a recording or an account that is gone meanwhile
            async with self._database.transaction() as tx:
                whole = await _still_there(tx, entries)
                if whole:
                    await insert_absent(tx, table, whole)

    @done_over
    async def _write_sent(self, totals: dict[str, tuple[int, int]]) -> None:
        values = [
            {"entry": entry_id, "size": size, "took": took} for entry_id, (size, took) in totals.items()
        ]
        change = update(table).where(table.c.id == bindparam("entry"))
        change = change.values(bytes_transferred=bindparam("size"), duration_ms=bindparam("took"))
        async with self._database.transaction() as tx:
            await tx.execute(change, values)

    async def _trim_some(self, before: datetime) -> int:
        some = select(table.c.id).where(table.c.at < before).order_by(table.c.at).limit(TRIMMED_AT_ONCE)
        async with self._database.transaction() as tx:
            return (await tx.execute(delete(table).where(table.c.id.in_(some)))).rowcount

    def _known(self, key: tuple[str, Did, str, str], new: str) -> str:
        """The entry of the visit, `new` where one begins; each time makes the visit longer."""
        now = self._monotonic()
        before_s, entry_id = self._noted.pop(key, (-VISIT_S, new))
        if now - before_s >= VISIT_S:
            entry_id = new
        self._noted[key] = (now, entry_id)
        if len(self._noted) > MAX_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        return entry_id


async def _still_there(tx: AsyncConnection, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries whose recording and account are there."""
    wanted = {entry["recording_id"] for entry in entries}
    people = {entry["user_id"] for entry in entries} - {None}
    there = set((await tx.execute(select(recordings.c.id).where(recordings.c.id.in_(wanted)))).scalars())
    known = set((await tx.execute(select(users.c.id).where(users.c.id.in_(people)))).scalars()) | {None}
    return [one for one in entries if one["recording_id"] in there and one["user_id"] in known]
