"""The rows of what people have chosen to get by mail. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.notifications.kinds import MailChoice
from vtp.notifications.tables import news, notification_choices, notification_people, notifications

_choice, _person = notification_choices.c, notification_people.c


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When somebody gets what comes once a day: an hour by the clocks of a time zone."""

    time_zone: str
    hour: int


async def choices_of(tx: AsyncConnection, user_id: str) -> dict[str, MailChoice]:
    """What somebody has chosen, by kind."""
    rows = await tx.execute(select(_choice.kind, _choice.mail).where(_choice.user_id == user_id))
    return {row[0]: MailChoice(row[1]) for row in rows}


async def choices_among(
    tx: AsyncConnection, user_ids: Collection[str], kinds: Collection[str]
) -> dict[tuple[str, str], MailChoice]:
    """What these people have chosen for these kinds, by (account, kind)."""
    wanted = _choice.user_id.in_(user_ids), _choice.kind.in_(kinds)
    rows = await tx.execute(select(_choice.user_id, _choice.kind, _choice.mail).where(*wanted))
    return {(row[0], row[1]): MailChoice(row[2]) for row in rows}


async def set_choices(tx: AsyncConnection, user_id: str, chosen: Mapping[str, MailChoice | None]) -> None:
    """Notes what somebody has chosen for kinds; None: as the kind has it."""
    for kind, mail in chosen.items():
        mine = _choice.user_id == user_id, _choice.kind == kind
        if mail is None:
            await tx.execute(delete(notification_choices).where(*mine))
            continue
        row = {"user_id": user_id, "kind": kind, "mail": mail.value}
        if not await insert_if_absent(tx, notification_choices, row):
            await tx.execute(update(notification_choices).where(*mine).values(mail=mail.value))


async def drop_mails(tx: AsyncConnection, user_id: str, kinds: Collection[str]) -> None:
    """Sends nothing of these kinds that waits."""
    c = notifications.c
    of_them = exists().where(news.c.id == c.news_id, news.c.kind.in_(kinds))
    mine = c.user_id == user_id, c.mail.is_not(None)
    await tx.execute(update(notifications).where(*mine, of_them).values(mail=None))


async def digest_time_of(tx: AsyncConnection, user_id: str) -> DigestTime | None:
    """What somebody has said about when."""
    wanted = select(_person.time_zone, _person.digest_hour).where(_person.user_id == user_id)
    row = (await tx.execute(wanted)).one_or_none()
    return DigestTime(row[0], row[1]) if row else None


async def zones_among(tx: AsyncConnection, user_ids: Collection[str]) -> dict[str, str]:
    """By whose clocks these people go, of those who have said so."""
    rows = await tx.execute(select(_person.user_id, _person.time_zone).where(_person.user_id.in_(user_ids)))
    return {row[0]: row[1] for row in rows}


async def set_digest_time(tx: AsyncConnection, user_id: str, at: DigestTime) -> None:
    """Notes it."""
    values = {"time_zone": at.time_zone, "digest_hour": at.hour}
    if not await insert_if_absent(tx, notification_people, {"user_id": user_id, **values}):
        changed = update(notification_people).where(_person.user_id == user_id)
        await tx.execute(changed.values(**values))
