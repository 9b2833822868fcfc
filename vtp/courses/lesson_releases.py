"""Classes are told of live lessons that were hidden, once time has released them or their sections.

What somebody shows or hides is told as they do it (`LessonTeller.settle`). A course is locked while it is
told of its lessons, so of several processes one tells.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from vtp.accounts.service import Clock, utc_now
from vtp.courses.lesson_teller import LessonTeller
from vtp.courses.store import find_course_alone
from vtp.courses.told_store import courses_to_tell
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0


class LessonReleases:
    """Looks for what has been released since."""

    def __init__(self, database: Database, teller: LessonTeller, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._teller = teller
        self._clock = clock

    async def run(self) -> None:
        """Every half a minute."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                logger.warning("Classes are told of released lessons later: the database is away.")
            except Exception:  # to tell of none any more would be worse
                logger.exception("Classes could not be told of released lessons.")

    async def look(self) -> int:
        """Once; gives of how many lessons their classes were told."""
        async with self._database.read() as tx:
            due = await courses_to_tell(tx, self._clock())
        told = 0
        for course_id in due:
            try:
                told += await self._settle(course_id)
            except Unavailable:
                raise
            except Exception:  # other classes wait for theirs
                logger.exception("The class of course %s could not be told of its lessons.", course_id)
        return told

    @done_over
    async def _settle(self, course_id: str) -> int:
        async with self._database.transaction() as tx:
            found = await find_course_alone(tx, course_id, None)
            return 0 if found is None else await self._teller.settle(tx, found.course)
