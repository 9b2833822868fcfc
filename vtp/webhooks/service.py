"""Webhooks: made, listed, changed, tested, deleted, by who may.

Admins have them for every room, teachers for rooms of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, Reach, require, require_reach
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.rooms.store import Room
from vtp.settings import WebhookSettings
from vtp.webhooks.addresses import check_url
from vtp.webhooks.deliveries import Deliveries
from vtp.webhooks.events import TEST, Happening
from vtp.webhooks.outbox import new_delivery
from vtp.webhooks.policy import MAX_WEBHOOKS
from vtp.webhooks.schemas import ChangeWebhook, CreateWebhook
from vtp.webhooks.signing import new_secret
from vtp.webhooks.store import (
    Delivery,
    Status,
    Webhook,
    add_deliveries,
    add_webhook,
    change_delivery,
    change_webhook,
    count_webhooks,
    find_delivery,
    find_webhook,
    page_of_deliveries,
    page_of_webhooks,
    remove_webhook,
)

OLD_SECRET_FOR = timedelta(hours=24)


UnlessChanged = Callable[[Webhook], None]
"""Raises PreconditionFailed for a webhook that is not what the caller has seen of it (`If-Match`)."""


class RoomDirectory(Protocol):
    """The part of the rooms service that webhooks use."""

    async def get(self, principal: Principal, reference: str) -> Room:
        """The room with this id or slug. Raises NotFound, Invalid, Forbidden."""


class Webhooks:
    """Every method raises Forbidden, and NotFound for what is not there."""

    def __init__(
        self,
        database: Database,
        rooms: RoomDirectory,
        deliveries: Deliveries,
        audit: AuditLog,
        settings: WebhookSettings,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._deliveries = deliveries
        self._audit = audit
        self._settings = settings
        self._clock = clock

    @done_over
    async def create(self, principal: Principal, wish: CreateWebhook, origin: Origin) -> Webhook:
        """Makes a webhook with a secret. Raises Invalid for a URL that cannot be, Conflict for too many."""
        room = None
        if wish.room_id is not None:
            room = await self._rooms.get(principal, wish.room_id)
        require(principal, Action.WEBHOOK_MANAGE, room)
        self._check_url(wish.url)
        now = self._clock()
        hook = Webhook(
            id=new_id(),
            url=wish.url,
            description=wish.description,
            events=wish.events,
            room_id=room.id if room else None,
            active=wish.active,
            secret=new_secret(),
            old_secret=None,
            old_secret_until=None,
            created_by=principal.user_id,
            created_at=now,
            updated_at=now,
            disabled_reason="",
        )
        async with self._database.transaction() as tx:
            if await count_webhooks(tx) >= MAX_WEBHOOKS:
                raise Conflict(
                    f"There are {MAX_WEBHOOKS} webhooks already: delete one first.", code="too_many_webhooks"
                )
            await add_webhook(tx, hook)
            await self._record(tx, Event.WEBHOOK_CREATED, hook, principal, origin)
        await self._deliveries.follow()
        return hook

    async def get(self, principal: Principal, webhook_id: str) -> Webhook:
        """One webhook. One of somebody else's is Forbidden."""
        async with self._database.read() as tx:
            return await self._find(tx, principal, webhook_id)

    async def page(self, principal: Principal, *, limit: int, after: str | None) -> list[Webhook]:
        """Those that the caller may manage, oldest first."""
        reach = require_reach(principal, Action.WEBHOOK_MANAGE)
        owner_id = principal.user_id if reach is Reach.OWN and not principal.open_rooms else None
        async with self._database.read() as tx:
            return await page_of_webhooks(tx, limit=limit, after=after, owner_id=owner_id)

    async def change(
        self,
        principal: Principal,
        webhook_id: str,
        wish: ChangeWebhook,
        origin: Origin,
        unless_changed: UnlessChanged = lambda hook: None,
    ) -> Webhook:
        """Changes what `wish` names. A webhook that is stopped is told nothing of what happens meanwhile.

        Raises PreconditionFailed when it is not what the caller has seen of it.
        """
        values: dict[str, Any] = wish.model_dump(exclude_unset=True, exclude_none=True)
        if "url" in values:
            self._check_url(values["url"])
        if values.get("active"):
            values["disabled_reason"] = ""

        def change(hook: Webhook) -> dict[str, Any]:
            unless_changed(hook)
            return values

        return await self._change(principal, webhook_id, change, origin)

    async def rotate_secret(self, principal: Principal, webhook_id: str, origin: Origin) -> Webhook:
        """Gives a new secret; the old one signs too for a day, so that the receiver can change over."""
        secret, until = new_secret(), self._clock() + OLD_SECRET_FOR

        def values(hook: Webhook) -> dict[str, Any]:
            return {"secret": secret, "old_secret": hook.secret, "old_secret_until": until}

        return await self._change(principal, webhook_id, values, origin)

    @done_over
    async def delete(self, principal: Principal, webhook_id: str, origin: Origin) -> None:
        """Deletes a webhook, and what is on its way to it."""
        async with self._database.transaction() as tx:
            hook = await self._find(tx, principal, webhook_id)
            await remove_webhook(tx, hook.id)
            await self._record(tx, Event.WEBHOOK_DELETED, hook, principal, origin)
        await self._deliveries.follow()

    @done_over
    async def send_test(self, principal: Principal, webhook_id: str) -> Delivery:
        """Sends a message that says nothing. Raises Conflict while the webhook is stopped."""
        async with self._database.transaction() as tx:
            hook = await self._find(tx, principal, webhook_id)
            _check_active(hook)
            happening = Happening(TEST, self._clock(), data={"webhook": {"id": hook.id, "url": hook.url}})
            delivery = new_delivery(hook, happening, happening.body({}))
            await add_deliveries(tx, [delivery])
        self._deliveries.note_pending(hook.id, 1)
        self._deliveries.wake(hook.id)
        return delivery

    async def deliveries(
        self, principal: Principal, webhook_id: str, *, limit: int, before: str | None, status: str | None
    ) -> list[Delivery]:
        """Messages to a webhook, newest first."""
        async with self._database.read() as tx:
            hook = await self._find(tx, principal, webhook_id)
            return await page_of_deliveries(tx, hook.id, limit=limit, before=before, status=status)

    @done_over
    async def retry(self, principal: Principal, webhook_id: str, delivery_id: str) -> Delivery:
        """Sends a message again now, with the same id, whatever came of it before."""
        wanted = parse_id(delivery_id, "/path/delivery_id")
        now = self._clock()
        async with self._database.transaction() as tx:
            hook = await self._find(tx, principal, webhook_id)
            _check_active(hook)
            delivery = await find_delivery(tx, hook.id, wanted)
            if delivery is None:
                raise NotFound("There is no such delivery.", code="no_such_delivery")
            again = replace(delivery, status=Status.PENDING, next_try_at=now, tries=0)
            await change_delivery(tx, wanted, status=again.status, next_try_at=now, tries=0)
        if delivery.next_try_at is None:
            self._deliveries.note_pending(hook.id, 1)
        self._deliveries.wake(hook.id)
        return again

    @done_over
    async def _change(
        self,
        principal: Principal,
        webhook_id: str,
        change: Callable[[Webhook], dict[str, Any]],
        origin: Origin,
    ) -> Webhook:
        async with self._database.transaction() as tx:
            hook = await self._find(tx, principal, webhook_id, to_change=True)
            values = change(hook) | {"updated_at": self._clock()}
            await change_webhook(tx, hook.id, **values)
            hook = replace(hook, **values)
            await self._record(tx, Event.WEBHOOK_CHANGED, hook, principal, origin)
        await self._deliveries.follow()
        return hook

    async def _find(
        self, tx: AsyncConnection, principal: Principal, webhook_id: str, *, to_change: bool = False
    ) -> Webhook:
        require_reach(principal, Action.WEBHOOK_MANAGE)
        hook = await find_webhook(tx, parse_id(webhook_id, "/path/id"), to_change=to_change)
        if hook is None:
            raise NotFound("There is no such webhook.", code="no_such_webhook")
        require(principal, Action.WEBHOOK_MANAGE, hook)
        return hook

    def _check_url(self, url: str) -> None:
        try:
            check_url(
                url,
                allow_private=self._settings.allow_private_addresses,
                allowed_hosts=self._settings.allowed_hosts,
            )
        except ValueError as error:
            raise Invalid(
                "This is no address that webhooks can go to.", errors=[FieldError("/url", str(error))]
            ) from None

    async def _record(
        self, tx: AsyncConnection, event: Event, hook: Webhook, principal: Principal, origin: Origin
    ) -> None:
        details = {"url": hook.url, "events": hook.events, "room_id": hook.room_id, "active": hook.active}
        subject = f"webhook:{hook.id}"
        await self._audit.record(
            tx, event, origin, actor_id=principal.user_id, subject=subject, details=details
        )


def _check_active(hook: Webhook) -> None:
    if not hook.active:
        raise Conflict("This webhook is stopped: set `active` first.", code="webhook_inactive")
