"""Pushes news to who is connected to this process, whichever process it was told in.

What is told here is pushed at once; what another process tells is found by the look that every process takes
twice a second (decision 0066). Who is away lists it when they are back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.ids import first_id_at
from vtp.notifications.news import Told
from vtp.notifications.store import news_since, news_with, recipients_of
from vtp.tasks import Tasks

Connected = Callable[[], Collection[str]]
"""Gives whose accounts are connected."""
Tell = Callable[[Collection[str], Told], None]
"""Tells those of these accounts that are connected."""


class NewsPush:
    """`attach` once; then `told` for what this process tells, `read` for what others do."""

    def __init__(self, database: Database, tasks: Tasks) -> None:
        self._database = database
        self._tasks = tasks
        self._pushed: set[str] = set()  # of the span that is looked at
        self._connected: Connected = frozenset
        self._tell: Tell = lambda user_ids, news: None

    def attach(self, connected: Connected, tell: Tell) -> None:
        """Says who is connected, and how they are told."""
        self._connected, self._tell = connected, tell

    def told(self, news_id: str) -> None:
        """Pushes what was told here a moment ago."""
        self._tasks.start(self._push_now(news_id), "push of news")

    async def read(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """A reader of `vtp.accounts.revocations`."""
        found = await news_since(tx, since)
        await self._push(tx, [one for one in found if one not in self._pushed])
        first = first_id_at(int(since.timestamp() * 1000))
        self._pushed = {one for one in self._pushed if one >= first}

    async def _push_now(self, news_id: str) -> None:
        if not self._connected() or news_id in self._pushed:
            return  # the next look notes it
        async with self._database.read() as tx:
            await self._push(tx, [news_id])

    async def _push(self, tx: AsyncConnection, ids: Sequence[str]) -> None:
        """Pushes these, unless another task has begun to meanwhile."""
        ids = [one for one in ids if one not in self._pushed]
        self._pushed.update(ids)
        connected = set(self._connected())
        if not ids or not connected:
            return
        try:
            news = await news_with(tx, ids)
            people: dict[str, set[str]] = {one: set() for one in ids}
            for news_id, user_id in await recipients_of(tx, ids):
                people[news_id].add(user_id)
        except BaseException:
            self._pushed.difference_update(ids)  # at the next look
            raise
        for one in news:
            to = people[one.id] & connected
            if to:
                self._tell(to, one)


def shape_of(news: Told) -> Mapping[str, str | None]:
    """As it is pushed: `vtp.signalling.shapes.News`."""
    return {
        "id": news.id,
        "kind": news.kind,
        "title": news.title,
        "text": news.text,
        "link": news.link,
        "context": news.context,
        "at": news.at.isoformat(),
        "course_id": news.course_id,
        "lesson_id": news.lesson_id,
        "recording_id": news.recording_id,
    }
