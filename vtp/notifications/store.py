"""The rows of news and of whom it is told. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.db.prepared import Prepared
from vtp.db.statements import insert_if_absent
from vtp.db.types import id_type
from vtp.ids import first_id_at
from vtp.notifications.kinds import MailChoice
from vtp.notifications.news import News, Told
from vtp.notifications.tables import news, notification_choices, notifications

To = Select[tuple[str]]
"""Whose accounts: a query of `users.id`."""

_mine = notifications.c
_NEWS = [news.c[name] for name in Told.__slots__ if name != "read_at"]
_JOINED = notifications.join(news, news.c.id == _mine.news_id)


def these(user_ids: Collection[str]) -> To:
    """Those of these accounts that there are."""
    return select(users.c.id).where(users.c.id.in_(sorted(user_ids)))


async def add_news(tx: AsyncConnection, news_id: str, what: News, at: datetime) -> bool:
    """Adds what is to be told; False for what is told once and was."""
    values = {"id": news_id, **asdict(what), "at": at}
    if what.once is not None:
        return await insert_if_absent(tx, news, values)
    await tx.execute(insert(news).values(**values))
    return True


async def told_once(tx: AsyncConnection, once: Collection[str]) -> set[str]:
    """Which of what is told once was."""
    return set((await tx.execute(select(news.c.once).where(news.c.once.in_(sorted(once))))).scalars())


async def add_recipients(
    tx: AsyncConnection, news_id: str, to: To, kind: str, default: str | None, without: str
) -> int:
    """Tells everybody whom the query names, in one statement; gives how many that are. By mail as each has
    chosen for the kind, or by `default`, but for mails that are `without`; none where `default` is None."""
    c = notification_choices.c
    chosen = select(c.mail).where(c.user_id == users.c.id, c.kind == kind).scalar_subquery()
    words = func.nullif(func.nullif(func.coalesce(chosen, default), MailChoice.NONE.value), without)
    mail = words if default is not None else null()
    rows = to.add_columns(literal(news_id, id_type()), cast(mail, String(8)))
    statement = insert(notifications).from_select(["user_id", "news_id", "mail"], rows)
    return (await tx.execute(statement)).rowcount


async def remove_news(tx: AsyncConnection, news_id: str) -> None:
    """Takes one back."""
    await tx.execute(delete(news).where(news.c.id == news_id))


async def remove_news_of(tx: AsyncConnection, subject_id: str, kind: str | None = None) -> None:
    """Takes back what was told of something, or what of one kind."""
    told = delete(news).where(news.c.subject_id == subject_id)
    await tx.execute(told if kind is None else told.where(news.c.kind == kind))


async def told_subjects(
    tx: AsyncConnection, subject_ids: Collection[str], kinds: Collection[str]
) -> set[str]:
    """Of which of these anything was told, of one of these kinds."""
    of_them = news.c.subject_id.in_(sorted(subject_ids)), news.c.kind.in_(sorted(kinds))
    return {row[0] for row in await tx.execute(select(news.c.subject_id).where(*of_them).distinct())}


async def change_news_of(tx: AsyncConnection, subject_id: str, kind: str, title: str, text: str) -> None:
    """Tells it in other words."""
    told = update(news).where(news.c.subject_id == subject_id, news.c.kind == kind)
    await tx.execute(told.values(title=title, text=text))


async def page_for(
    tx: AsyncConnection, user_id: str, *, unread: bool, limit: int, before: str | None
) -> list[Told]:
    """What somebody was told, newest first."""
    statement = select(*_NEWS, _mine.read_at).select_from(_JOINED).where(*_of(user_id, unread=unread))
    if before is not None:
        statement = statement.where(_mine.news_id < before)
    rows = await tx.execute(statement.order_by(_mine.news_id.desc()).limit(limit))
    return [_told(row) for row in rows]


async def find_for(tx: AsyncConnection, user_id: str, news_id: str) -> Told | None:
    """One of somebody's."""
    wanted = _mine.user_id == user_id, _mine.news_id == news_id
    row = (await tx.execute(select(*_NEWS, _mine.read_at).select_from(_JOINED).where(*wanted))).one_or_none()
    return _told(row) if row else None


async def count_unread(tx: AsyncConnection, user_id: str) -> int:
    """How much somebody has not read."""
    counted = select(func.count()).select_from(notifications).where(*_of(user_id, unread=True))
    return int((await tx.execute(counted)).scalar_one())


async def mark(tx: AsyncConnection, user_id: str, news_id: str, read_at: datetime | None) -> None:
    """Notes that somebody has read one, or that they have not."""
    wanted = _mine.user_id == user_id, _mine.news_id == news_id
    other = _mine.read_at.is_not(None) if read_at is None else _mine.read_at.is_(None)
    await tx.execute(update(notifications).where(*wanted, other).values(read_at=read_at))


async def mark_all(tx: AsyncConnection, user_id: str, read_at: datetime, up_to: str | None) -> int:
    """Notes that somebody has read everything, up to one; gives how many they had not."""
    statement = update(notifications).where(*_of(user_id, unread=True))
    if up_to is not None:
        statement = statement.where(_mine.news_id <= up_to)
    return (await tx.execute(statement.values(read_at=read_at))).rowcount


_SINCE = Prepared(
    select(news.c.id).where(news.c.id >= bindparam("first", type_=id_type())).order_by(news.c.id)
)


async def news_since(tx: AsyncConnection, since: datetime) -> list[str]:
    """The ids of what was told from then on, in order."""
    first = first_id_at(int(since.timestamp() * 1000))
    return [str(row[0]) for row in await _SINCE.rows(tx, {"first": first})]


async def news_with(tx: AsyncConnection, ids: Sequence[str]) -> list[Told]:
    """News by their ids, in order."""
    rows = await tx.execute(select(*_NEWS).where(news.c.id.in_(ids)).order_by(news.c.id))
    return [Told(**row._mapping) for row in rows]


async def recipients_of(tx: AsyncConnection, ids: Sequence[str]) -> list[tuple[str, str]]:
    """To whom these were told, as (news, account)."""
    statement = select(_mine.news_id, _mine.user_id).where(_mine.news_id.in_(ids))
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def forget_some(tx: AsyncConnection, before: datetime, most: int) -> int:
    """Deletes some of what is older, with whom it was told; gives how many."""
    old = select(news.c.id).where(news.c.id < first_id_at(int(before.timestamp() * 1000)))
    ids = list((await tx.execute(old.order_by(news.c.id).limit(most))).scalars())
    if ids:
        await tx.execute(delete(news).where(news.c.id.in_(ids)))
    return len(ids)


def _of(user_id: str, *, unread: bool) -> list[ColumnElement[bool]]:
    return [_mine.user_id == user_id, *([_mine.read_at.is_(None)] if unread else [])]


def _told(row: Row[*tuple[Any, ...]]) -> Told:
    return Told(**row._mapping)
