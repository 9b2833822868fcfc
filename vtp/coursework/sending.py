"""Files of courses into the object store while somebody waits for the answer: what hangs makes nobody late.

Handing in is a later request with its own clock, so seconds of an upload are seconds of a deadline. Who comes
while the store is not known to be silent waits for it a little, bounded by what there is to send. From then
on nobody does, until the job process has sent the file that was missed, or one asks again after a while.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vtp.accounts.service import Clock
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import StoredFile, files_among, note_sending
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.storage import StoreAway

logger = logging.getLogger(__name__)

SENT_AT_ONCE_BYTES: Final = 256 << 20
"""Larger files go to the object store after the answer."""
FIRST_S: Final = 3.0
"""How long somebody waits for a store that is silent, with a small file."""
BYTES_PER_S: Final = 4 << 20
"""What a store takes at least, if it is worth waiting for."""
LONGEST_S: Final = 20.0
ASKED_AGAIN: Final = timedelta(minutes=1)
"""When the job process has not been heard of."""


@dataclass(slots=True)
class _Missed:
    """The store did not take `file_id`, which the job process sends; it is asked again at `until`."""

    file_id: str
    until: datetime


class Sending:
    """Of one process."""

    def __init__(self, database: Database, lies: FileBytes, clock: Clock) -> None:
        self._database = database
        self._lies = lies
        self._clock = clock
        self._missed: _Missed | None = None

    async def send(self, file: StoredFile, size: int) -> datetime | None:
        """Has the store hold what has arrived; None: it does not yet, which is nobody's fault who hands
        something in a minute before the end."""
        remote = self._lies.remote
        if remote is None or size > SENT_AT_ONCE_BYTES or not await self._is_worth_it(file.id):
            return None
        await self._note_sending(file.id, remote.url)
        try:
            async with asyncio.timeout(limit_s(size)):
                await self._lies.send(file.id)
        except (StoreAway, TimeoutError, OSError) as error:
            self._missed = _Missed(file.id, self._clock() + ASKED_AGAIN)
            logger.warning("A file of a course is sent to the object store later: %s", error)
            return None
        self._missed = None
        return self._clock()

    async def _is_worth_it(self, file_id: str) -> bool:
        """Whether to wait for the store. Of those who come once it is to be asked again, one does."""
        missed = self._missed
        if missed is None:
            return True
        if self._clock() >= missed.until:
            self._missed = _Missed(file_id, self._clock() + ASKED_AGAIN)
            return True
        async with self._database.read() as tx:
            found = await files_among(tx, [missed.file_id])
        if not found:  # it was not kept: this one is looked at in its place
            missed.file_id = file_id
        return bool(found) and found[0].stored_at is not None

    @done_over
    async def _note_sending(self, file_id: str, url: str) -> None:
        async with self._database.transaction() as tx:
            await note_sending(tx, file_id, url)


def limit_s(size: int) -> float:
    """How long somebody waits for the store to take so many bytes."""
    return min(LONGEST_S, FIRST_S + size / BYTES_PER_S)
