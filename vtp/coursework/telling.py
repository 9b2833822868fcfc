"""Classes are told of coursework when they see it: at once, or once it and its lesson are released.

`to_tell` of its row is taken by one update, so of several processes one tells, and once.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered
from vtp.courses.news import MOST_SINGLY, Whom, people_in
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course, find_course_alone
from vtp.coursework.released import released_to_tell, take_to_tell
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0


class Titled(Protocol):
    """The row of one."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


Item = TypeVar("Item", bound=Titled)


class Tellable(ABC, Generic[Item]):
    """A kind of what is released: where its rows are, and what students are told of them."""

    noun: ClassVar[str]
    """What one is called in logs."""
    table: ClassVar[Table]

    @abstractmethod
    async def find(self, tx: AsyncConnection, course_id: str, item_id: str, now: datetime) -> Item | None:
        """One of a course's, if students see it then and there is something to be told of it."""

    @abstractmethod
    async def news(self, tx: AsyncConnection, course: Course, items: Sequence[Item]) -> list[News]:
        """What is told of each."""

    async def put_right(
        self, notifier: Notifier, tx: AsyncConnection, course: Course, items: Sequence[Item]
    ) -> Sequence[Item]:
        """Of what is to be told, puts right what was told before and was changed while nobody saw it; gives
        the others. A kind of which nothing is told twice has none of these."""
        return items

    @abstractmethod
    def news_of_many(self, course: Course, items: Sequence[Item]) -> News:
        """What is told of many at once: without titles, which stay when one is hidden."""


class ReleaseTeller:
    """Looks for what has been released since."""

    def __init__(
        self, database: Database, notifier: Notifier, *kinds: Tellable[Any], clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._kinds = kinds
        self._clock = clock

    async def run(self) -> None:
        """Every half a minute."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                logger.warning("Classes are told of new coursework later: the database is away.")
            except Exception:  # to tell of none any more would be worse
                logger.exception("Classes could not be told of new coursework.")

    async def look(self) -> int:
        """Once; gives of how many things their classes were told."""
        told = 0
        for kind in self._kinds:
            async with self._database.read() as tx:
                due = await released_to_tell(tx, kind.table, self._clock(), OPEN_TO_STUDENTS)
            for course_id, found in groupby(sorted(due), itemgetter(0)):
                told += await self._tell_class(kind, course_id, [one for _, one in found])
        return told

    async def opened(self, tx: AsyncConnection, inside: Entered) -> None:
        """When students come into a draft: of what they see then."""
        course, now = inside.course, self._clock()
        for kind in self._kinds:
            due = await released_to_tell(tx, kind.table, now, OPEN_TO_STUDENTS, course.id)
            await self._take_and_tell(tx, kind, course, [one for _, one in due])

    async def tell(self, tx: AsyncConnection, kind: Tellable[Item], course: Course, item: Item) -> None:
        """Tells the students of a course of one that they see."""
        await self._notify(tx, course, *await kind.news(tx, course, [item]))

    async def _tell_class(self, kind: Tellable[Any], course_id: str, ids: Sequence[str]) -> int:
        """Of a few one by one; of many at once, or by halves where that fails: nobody waits for one of which
        it cannot be told."""
        told = 0
        for some in [ids] if len(ids) > MOST_SINGLY else [[one] for one in ids]:
            try:
                told += await self._tell_some(kind, course_id, some)
            except Unavailable:
                raise
            except Exception:  # others wait for theirs
                logger.exception("Its class could not be told of the %s %s.", kind.noun, ", ".join(some))
                if len(some) > 1:
                    half = len(some) // 2
                    for part in (some[:half], some[half:]):
                        told += await self._tell_class(kind, course_id, part)
        return told

    @done_over
    async def _tell_some(self, kind: Tellable[Any], course_id: str, ids: Sequence[str]) -> int:
        async with self._database.transaction() as tx:
            seen = await find_course_alone(tx, course_id, None)
            if seen is None or seen.course.status not in OPEN_TO_STUDENTS:
                return 0
            return await self._take_and_tell(tx, kind, seen.course, ids)

    async def _take_and_tell(
        self, tx: AsyncConnection, kind: Tellable[Any], course: Course, ids: Sequence[str]
    ) -> int:
        """Gives how many nobody had taken before."""
        now = self._clock()
        found = [await kind.find(tx, course.id, one, now) for one in ids]
        taken = [one for one in found if one is not None and await take_to_tell(tx, kind.table, one.id)]
        to_tell = await kind.put_right(self._notifier, tx, course, taken)
        await self._tell_taken(tx, kind, course, to_tell)
        return len(to_tell)

    async def _tell_taken(
        self, tx: AsyncConnection, kind: Tellable[Item], course: Course, taken: Sequence[Item]
    ) -> None:
        """Of many in one sentence, but for those that the class knows; from then on it knows each of them."""
        news = list(zip(taken, await kind.news(tx, course, taken), strict=True))
        if len(news) > MOST_SINGLY:
            known = await self._notifier.known(tx, [one.once for _, one in news if one.once is not None])
            news = [(item, one) for item, one in news if one.once not in known]
        if len(news) <= MOST_SINGLY:
            for _, one in news:
                await self._notify(tx, course, one)
        elif (
            await self._notify(tx, course, kind.news_of_many(course, [item for item, _ in news])) is not None
        ):
            for _, one in news:
                await self._notifier.keep(tx, one)

    async def _notify(self, tx: AsyncConnection, course: Course, news: News) -> str | None:
        whom = people_in(course.id, course.instructor_id, Whom.STUDENTS)
        return await self._notifier.tell(tx, news, whom)
