"""Tells people what has happened, in the transaction in which it does: neither is there without the other."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.db.after import after_commit
from vtp.ids import new_id
from vtp.notifications.kinds import Kinds, MailChoice
from vtp.notifications.news import MAX_TEXT, MAX_TITLE, News, cut
from vtp.notifications.store import (
    To,
    add_news,
    add_recipients,
    change_news_of,
    remove_news,
    remove_news_of,
    told_once,
    told_subjects,
)


class Notifier:
    """What features call. `told` hears the id of what was told, once it is stored; `mails`: there is a server
    that takes them."""

    def __init__(
        self, kinds: Kinds, told: Callable[[str], None], *, mails: bool, clock: Clock = utc_now
    ) -> None:
        self.kinds = kinds
        self._mails = mails
        self._told = told
        self._clock = clock

    async def tell(self, tx: AsyncConnection, news: News, to: To) -> str | None:
        """Tells everybody whom the query `to` names, in one statement; gives its id, or None where there is
        nobody or it was told before. Raises KeyError for a kind that nobody has registered."""
        kind, news = self.kinds[news.kind], _fitting(news)
        news_id = new_id()
        if not await add_news(tx, news_id, news, self._clock()):
            return None
        without = MailChoice.AT_ONCE.value if kind.own_mails else ""
        default = kind.mail.value if self._mails else None
        if await add_recipients(tx, news_id, to, kind.word, default, without) == 0:
            await remove_news(tx, news_id)
            return None
        after_commit(tx, lambda: self._told(news_id))
        return news_id

    async def known(self, tx: AsyncConnection, once: Collection[str]) -> set[str]:
        """Which of these were told before, by what is the same of them."""
        return await told_once(tx, once)

    async def told_of(
        self, tx: AsyncConnection, subject_ids: Collection[str], kinds: Collection[str]
    ) -> set[str]:
        """Of which of these anything was told, of one of these kinds."""
        return await told_subjects(tx, subject_ids, kinds) if subject_ids else set()

    async def keep(self, tx: AsyncConnection, news: News) -> None:
        """Notes that something that is told once was told together with others: in nobody's list, and taken
        back as other news are."""
        if news.once is not None:
            await add_news(tx, new_id(), _fitting(news), self._clock())

    async def change(self, tx: AsyncConnection, news: News) -> None:
        """What was told of the same subject and kind reads so from now on; nobody is told anew. Raises
        ValueError for news of no subject."""
        new = _fitting(news)
        await change_news_of(tx, _subject_of(new), new.kind, new.title, new.text)

    async def take_back(self, tx: AsyncConnection, subject_id: str) -> None:
        """Takes what was told of this out of everybody's list."""
        await remove_news_of(tx, subject_id)

    async def take_back_like(self, tx: AsyncConnection, news: News) -> None:
        """The same of what was told of the same subject and kind. Raises ValueError as `change`."""
        await remove_news_of(tx, _subject_of(news), news.kind)


def _subject_of(news: News) -> str:
    if news.subject_id is None:
        raise ValueError(f"news of the kind {news.kind!r} is of no subject: nothing says what was told of it")
    return news.subject_id


def _fitting(news: News) -> News:
    return replace(news, title=cut(news.title, MAX_TITLE), text=cut(news.text, MAX_TEXT))
