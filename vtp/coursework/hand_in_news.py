"""Staff are told of what is handed in: of each assignment one line with how many have, told anew each time.

So a page that is open on it, in whichever process, is current within a second. What comes at once, as in the
last minute, is told at once; nobody who hands in waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.news import Whom, news_in, people_in
from vtp.courses.store import find_course_alone
from vtp.coursework.assignment_store import find_assignment
from vtp.coursework.news import HANDED_IN, page_of
from vtp.coursework.submission_store import count_handed_in
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.notifications.notifier import Notifier
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

GATHERED_S: Final = 0.25
_NAMESPACE: Final = UUID("5f6f4f3e-6d0f-4d39-9a3c-0f8e0c1e7d52")


class HandInTeller:
    """One for the process."""

    def __init__(
        self, database: Database, notifier: Notifier, tasks: Tasks, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._tasks = tasks
        self._clock = clock
        self._waiting: set[str] = set()

    def handed_in(self, tx: AsyncConnection, course_id: str, assignment_id: str) -> None:
        """Something is, once this transaction is committed."""
        after_commit(tx, lambda: self._begin(course_id, assignment_id))

    def _begin(self, course_id: str, assignment_id: str) -> None:
        if assignment_id not in self._waiting:
            self._waiting.add(assignment_id)
            self._tasks.start(self._gather(course_id, assignment_id), "news of what is handed in")

    async def _gather(self, course_id: str, assignment_id: str) -> None:
        try:
            await asyncio.sleep(GATHERED_S)
        finally:
            self._waiting.discard(assignment_id)  # what comes from here on is counted the next time
        try:
            await self._tell(course_id, assignment_id)
        except Unavailable as error:
            logger.warning("The staff of a course is not told of what was handed in: %s", error)

    @done_over
    async def _tell(self, course_id: str, assignment_id: str) -> None:
        async with self._database.transaction() as tx:
            seen = await find_course_alone(tx, course_id, None)  # another process may tell of the same
            found = await find_assignment(tx, course_id, assignment_id, self._clock())
            if seen is None or found is None:
                return
            course, count = seen.course, await count_handed_in(tx, assignment_id)
            subject = subject_of(assignment_id)
            await self._notifier.take_back(tx, subject)
            text = f"Of “{found.title}” there {'is' if count == 1 else 'are'} {count} handed in so far."
            page = page_of(found.id)
            news = news_in(course, HANDED_IN, found.title, text, page=page, subject_id=subject)
            await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STAFF))


def subject_of(assignment_id: str) -> str:
    """By which this is taken back; the assignment's own is what its class was told."""
    return str(uuid5(_NAMESPACE, assignment_id))
