"""The rows of notifications that are to go by mail: found, and taken by one process. Only SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.ids import first_id_at
from vtp.notifications.choice_store import DigestTime
from vtp.notifications.kinds import MailChoice
from vtp.notifications.tables import notification_people, notifications

_waiting = notifications.c


@dataclass(frozen=True, slots=True)
class DigestWaiting:
    """Somebody for whom something waits, since when, and when they want it."""

    user_id: str
    oldest: str
    at: DigestTime | None


_NOTE_TAKEN = (
    update(notifications)
    .where(_waiting.news_id == bindparam("of_news"), _waiting.user_id == bindparam("of_user"))
    .values(mail=None)
)


async def take_some(tx: AsyncConnection, most: int) -> list[tuple[str, str]]:
    """Takes some of what is to go at once, as (news, account): nobody else gets those."""
    return await _take(tx, [_waiting.mail == MailChoice.AT_ONCE.value], most)


async def take_digests(
    tx: AsyncConnection, user_ids: Collection[str], before: datetime
) -> list[tuple[str, str]]:
    """Takes what waits for these people's mail of the day, and was told before then; likewise."""
    daily = _waiting.mail == MailChoice.DAILY.value
    return await _take(tx, [daily, _waiting.user_id.in_(user_ids), _waiting.news_id < _first(before)])


async def digests_waiting(tx: AsyncConnection) -> list[DigestWaiting]:
    """For whom something waits that goes once a day."""
    c = notification_people.c
    joined = notifications.outerjoin(notification_people, c.user_id == _waiting.user_id)
    statement = (
        select(_waiting.user_id, func.min(_waiting.news_id), c.time_zone, c.digest_hour)
        .select_from(joined)
        .where(_waiting.mail == MailChoice.DAILY.value)
        .group_by(_waiting.user_id, c.time_zone, c.digest_hour)
    )
    return [
        DigestWaiting(row[0], row[1], DigestTime(row[2], row[3]) if row[2] is not None else None)
        for row in await tx.execute(statement)
    ]


async def addresses_of(tx: AsyncConnection, user_ids: Collection[str]) -> dict[str, str]:
    """Where these people read their mail, of those whose accounts are in use."""
    wanted = users.c.id.in_(user_ids), users.c.disabled_at.is_(None)
    rows = await tx.execute(select(users.c.id, users.c.email).where(*wanted))
    return {row[0]: row[1] for row in rows}


def is_before(news_id: str, moment: datetime) -> bool:
    """Whether it was told before then."""
    return news_id < _first(moment)


async def _take(
    tx: AsyncConnection, conditions: Sequence[ColumnElement[bool]], most: int | None = None
) -> list[tuple[str, str]]:
    """Of two processes each takes others, or the second none (on SQLite there is one writer)."""
    key = _waiting.news_id, _waiting.user_id
    found = select(*key).where(*conditions).order_by(*key).limit(most)
    taken: list[Any] = list(await tx.execute(found.with_for_update(skip_locked=True)))
    if taken:
        await tx.execute(_NOTE_TAKEN, [{"of_news": row[0], "of_user": row[1]} for row in taken])
    return [(row[0], row[1]) for row in taken]


def _first(moment: datetime) -> str:
    return first_id_at(int(moment.timestamp() * 1000))
