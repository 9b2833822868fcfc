"""The rows of webhooks and their deliveries. No rules here, only SQL."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.rooms.tables import rooms
from vtp.webhooks.tables import webhook_deliveries, webhooks


class Status(enum.StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as it is stored; `owner_id` is the owner of its room, as permissions name it."""

    id: str
    url: str
    description: str
    events: list[str]
    room_id: str | None
    active: bool
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    disabled_reason: str
    owner_id: str | None = None

    def secrets_at(self, now: datetime) -> list[str]:
        """Those that sign now, the newest first."""
        if self.old_secret and self.old_secret_until and now < self.old_secret_until:
            return [self.secret, self.old_secret]
        return [self.secret]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one webhook."""

    id: str
    webhook_id: str
    event_id: str
    type: str
    body: str
    created_at: datetime
    next_try_at: datetime | None
    tries: int = 0
    status: Status = Status.PENDING
    tried_at: datetime | None = None
    answer_status: int | None = None
    answer: str = ""


_HOOK_FIELDS = [name for name in Webhook.__slots__ if name != "owner_id"]
_DELIVERY_FIELDS = list(Delivery.__slots__)
_HOOKS = select(*(webhooks.c[name] for name in _HOOK_FIELDS), rooms.c.owner_id).select_from(
    webhooks.outerjoin(rooms, rooms.c.id == webhooks.c.room_id)
)
_DELIVERIES = select(*(webhook_deliveries.c[name] for name in _DELIVERY_FIELDS))


async def add_webhook(tx: AsyncConnection, hook: Webhook) -> None:
    """Adds a webhook."""
    await tx.execute(insert(webhooks).values({name: getattr(hook, name) for name in _HOOK_FIELDS}))


async def find_webhook(tx: AsyncConnection, webhook_id: str, *, to_change: bool = False) -> Webhook | None:
    """The webhook with this id; `to_change`: other changes of it wait."""
    statement = _HOOKS.where(webhooks.c.id == webhook_id)
    if to_change:
        statement = statement.with_for_update(of=webhooks)
    row = (await tx.execute(statement)).one_or_none()
    return Webhook(**row._mapping) if row else None


async def count_webhooks(tx: AsyncConnection) -> int:
    """How many there are."""
    return (await tx.execute(select(func.count()).select_from(webhooks))).scalar_one()


async def page_of_webhooks(
    tx: AsyncConnection, *, limit: int, after: str | None = None, owner_id: str | None = None
) -> list[Webhook]:
    """Webhooks, oldest first; with `owner_id` those of that person's rooms only."""
    statement = _HOOKS.order_by(webhooks.c.id).limit(limit)
    if after is not None:
        statement = statement.where(webhooks.c.id > after)
    if owner_id is not None:
        statement = statement.where(rooms.c.owner_id == owner_id)
    return [Webhook(**row._mapping) for row in await tx.execute(statement)]


async def change_webhook(tx: AsyncConnection, webhook_id: str, **values: Any) -> bool:
    """Sets columns; tells whether the webhook was there."""
    changed = await tx.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
    return changed.rowcount == 1


async def remove_webhook(tx: AsyncConnection, webhook_id: str) -> bool:
    """Deletes a webhook with its deliveries; tells whether it was there."""
    return (await tx.execute(delete(webhooks).where(webhooks.c.id == webhook_id))).rowcount == 1


async def still_there(tx: AsyncConnection, webhook_ids: Iterable[str]) -> set[str]:
    """Those of some webhooks that nobody has deleted meanwhile; nobody does until the transaction ends."""
    statement = select(webhooks.c.id).where(webhooks.c.id.in_(list(webhook_ids))).order_by(webhooks.c.id)
    return set((await tx.execute(statement.with_for_update(read=True, key_share=True))).scalars())


async def add_deliveries(tx: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Adds messages, in their order."""
    if deliveries:
        rows = [{name: getattr(one, name) for name in _DELIVERY_FIELDS} for one in deliveries]
        await tx.execute(insert(webhook_deliveries), rows)


async def find_delivery(tx: AsyncConnection, webhook_id: str, delivery_id: str) -> Delivery | None:
    """One delivery of a webhook."""
    c = webhook_deliveries.c
    found = await tx.execute(_DELIVERIES.where(c.id == delivery_id, c.webhook_id == webhook_id))
    row = found.one_or_none()
    return Delivery(**row._mapping) if row else None


async def page_of_deliveries(
    tx: AsyncConnection, webhook_id: str, *, limit: int, before: str | None, status: str | None
) -> list[Delivery]:
    """Deliveries of a webhook, newest first."""
    c = webhook_deliveries.c
    statement = _DELIVERIES.where(c.webhook_id == webhook_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(c.id < before)
    if status is not None:
        statement = statement.where(c.status == status)
    return [Delivery(**row._mapping) for row in await tx.execute(statement)]


async def next_due(tx: AsyncConnection, webhook_id: str, now: datetime) -> Delivery | None:
    """The oldest delivery of a webhook that is to be tried now."""
    c = webhook_deliveries.c
    found = await tx.execute(
        _DELIVERIES.where(c.webhook_id == webhook_id, c.next_try_at <= now).order_by(c.id).limit(1)
    )
    row = found.one_or_none()
    return Delivery(**row._mapping) if row else None


async def next_time(tx: AsyncConnection, webhook_id: str) -> datetime | None:
    """When the next delivery of a webhook is to be tried."""
    c = webhook_deliveries.c
    found = await tx.execute(
        select(c.next_try_at)
        .where(c.webhook_id == webhook_id, c.next_try_at.is_not(None))
        .order_by(c.next_try_at)
        .limit(1)
    )
    return found.scalar_one_or_none()


async def change_delivery(tx: AsyncConnection, delivery_id: str, **values: Any) -> None:
    """Sets columns of a delivery."""
    await tx.execute(
        update(webhook_deliveries).where(webhook_deliveries.c.id == delivery_id).values(**values)
    )


async def give_up_pending(tx: AsyncConnection, webhook_id: str, reason: str) -> int:
    """Ends what is still on its way to a webhook; gives how many that were."""
    c = webhook_deliveries.c
    ended = await tx.execute(
        update(webhook_deliveries)
        .where(c.webhook_id == webhook_id, c.status == Status.PENDING)
        .values(status=Status.FAILED, next_try_at=None, answer=reason)
    )
    return ended.rowcount


async def count_pending(tx: AsyncConnection) -> dict[str, int]:
    """How many messages are on their way, by webhook."""
    c = webhook_deliveries.c
    statement = select(c.webhook_id, func.count()).where(c.next_try_at.is_not(None)).group_by(c.webhook_id)
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def remove_older(tx: AsyncConnection, before: datetime) -> int:
    """Deletes deliveries made before then; gives how many."""
    c = webhook_deliveries.c
    return (await tx.execute(delete(webhook_deliveries).where(c.created_at < before))).rowcount


async def names_of_rooms(tx: AsyncConnection, room_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Rooms as messages name them, by id; deleted ones too."""
    c = rooms.c
    found = await tx.execute(select(c.id, c.slug, c.name).where(c.id.in_(set(room_ids))))
    return {row.id: {"room_id": row.id, "slug": row.slug, "name": row.name} for row in found}
