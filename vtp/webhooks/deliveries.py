"""Sends what is stored: one lane per webhook, so that a slow or dead receiver delays nobody else's messages.

At least once: a message is due until its row says that it was delivered or given up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.tasks import Tasks
from vtp.webhooks.outbox import Outbox
from vtp.webhooks.policy import MAX_WEBHOOKS, Policy
from vtp.webhooks.sender import Outcome, Sender
from vtp.webhooks.store import (
    Delivery,
    Status,
    Webhook,
    change_delivery,
    change_webhook,
    count_pending,
    find_webhook,
    give_up_pending,
    next_due,
    next_time,
    page_of_webhooks,
    remove_older,
)

logger = logging.getLogger(__name__)

AGAIN_S = 2.0  # after the database was away
UPKEEP_S = 3600.0
LAST_WRITE_S = 2.0  # of the time that the server's end has
GONE_REASON = "The receiver answered 410 Gone."


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Deliveries:
    """To be made within a running event loop; `open()` once the database is there, `close()` after everything
    that tells of happenings has ended.
    """

    def __init__(
        self, database: Database, policy: Policy, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._tasks = Tasks()
        self._hooks: dict[str, Webhook] = {}
        self._pending: dict[str, int] = {}
        self._lanes: dict[str, Lane] = {}
        self._reading = asyncio.Lock()
        settings = policy.settings
        self._sender = Sender(
            timeout_s=settings.timeout_s,
            allow_private=settings.allow_private_addresses,
            allowed_hosts=settings.allowed_hosts,
        )
        self._quick, self._slow = (asyncio.Semaphore(policy.slots) for _ in range(2))
        self.delivered = self.failed = self.failed_tries = 0
        self.outbox = Outbox(
            database,
            lambda: list(self._hooks.values()),
            lambda hook_id, more: self._pending.get(hook_id, 0) + more < policy.max_backlog,
            self._written,
            policy.max_unwritten,
        )

    async def open(self) -> None:
        """Goes on with what a former process left."""
        await self.clean_up()
        self._tasks.start(self.outbox.run(), "webhook messages")
        self._tasks.start(self._keep_up(), "webhook upkeep")

    async def close(self) -> None:
        """Writes what happened at the end; what is on its way goes on at the next start."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LAST_WRITE_S):
                await self.outbox.flush()
        await self._tasks.close()
        await self._sender.close()

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        return {
            "pending": sum(self._pending.values()) + len(self.outbox),
            "delivered": self.delivered,
            "failed": self.failed,
            "failed_tries": self.failed_tries,
            "dropped": self.outbox.dropped,
        }

    async def reload(self) -> None:
        """Takes up what has changed of the webhooks themselves."""
        async with self._reading:
            async with self._database.read() as tx:
                found = await page_of_webhooks(tx, limit=2 * MAX_WEBHOOKS)
            self._hooks = {hook.id: hook for hook in found}
        for gone in self._pending.keys() - self._hooks.keys():
            del self._pending[gone]
        for lane in self._lanes.values():
            lane.news.set()  # those of webhooks that were stopped end
        for hook in found:
            if hook.active:
                self.wake(hook.id)

    async def follow(self) -> None:
        """`reload` after a change that is stored already: what cannot be read now is read a moment later."""
        try:
            await self.reload()
        except Unavailable:
            self._tasks.start(self._reload_later(), "webhooks to be read again")

    async def _reload_later(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            with suppress(Unavailable):
                await self.reload()
                return

    def wake(self, webhook_id: str) -> None:
        """Lets a webhook's lane look for what is due."""
        lane = self._lanes.get(webhook_id)
        if lane is not None:
            lane.news.set()
            return
        lane = self._lanes[webhook_id] = Lane(webhook_id)
        self._tasks.start(self._run(lane), f"webhook {webhook_id}")

    def note_pending(self, webhook_id: str, more: int) -> None:
        """Counts what is on its way."""
        self._pending[webhook_id] = max(0, self._pending.get(webhook_id, 0) + more)

    def _written(self, made: Sequence[Delivery]) -> None:
        for one in made:
            self.note_pending(one.webhook_id, 1)
        for webhook_id in {one.webhook_id for one in made}:
            self.wake(webhook_id)

    async def _run(self, lane: Lane) -> None:
        try:
            while self._active(lane.webhook_id) is not None:
                try:
                    await self._turn(lane)
                except Unavailable:
                    await asyncio.sleep(AGAIN_S)
        finally:
            del self._lanes[lane.webhook_id]

    def _active(self, webhook_id: str) -> Webhook | None:
        hook = self._hooks.get(webhook_id)
        return hook if hook is not None and hook.active else None

    async def _turn(self, lane: Lane) -> None:
        """Tries what is due, or waits until something is."""
        lane.news.clear()
        async with self._database.read() as tx:
            delivery = await next_due(tx, lane.webhook_id, self._clock())
            at = None if delivery else await next_time(tx, lane.webhook_id)
        if delivery is None:
            wait_s = UPKEEP_S if at is None else (at - self._clock()).total_seconds()
            await lane.rest(min(max(wait_s, 0.0), UPKEEP_S))
            return
        async with self._slow if lane.ailing else self._quick:
            hook = self._active(lane.webhook_id)  # its address and secrets may have changed meanwhile
            if hook is None:
                return
            outcome = await self._sender.send(hook, delivery, self._clock())
        lane.ailing = not outcome.delivered
        await self._note(hook, delivery, outcome)

    async def _note(self, hook: Webhook, delivery: Delivery, outcome: Outcome) -> None:
        """Keeps what came of a try; as long as the database is away nothing else is sent."""
        now = self._clock()
        tries = delivery.tries + 1
        delay = self._policy.delay_after(tries)
        again = None if outcome.delivered or outcome.gone or delay is None else now + delay
        status = Status.DELIVERED if outcome.delivered else Status.PENDING if again else Status.FAILED
        self.failed_tries += not outcome.delivered
        values = {
            "tries": tries,
            "tried_at": now,
            "next_try_at": again,
            "status": status,
            "answer_status": outcome.status,
            "answer": outcome.answer,
        }
        await self._save(hook, delivery, values, outcome)
        if again is None:
            self.note_pending(hook.id, -1)
            self.delivered += outcome.delivered
            self.failed += not outcome.delivered
        if status is Status.FAILED:
            logger.warning("Webhook %s: %s was given up after %d tries.", hook.id, delivery.type, tries)

    async def _save(
        self, hook: Webhook, delivery: Delivery, values: dict[str, object], outcome: Outcome
    ) -> None:
        while True:
            try:
                async with self._database.transaction() as tx:
                    await change_delivery(tx, delivery.id, **values)
                    given_up = await self._disable(tx, hook) if outcome.gone else 0
                break
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
        if outcome.gone:
            self.note_pending(hook.id, -given_up)
            self.failed += given_up
            await self.reload()

    async def _disable(self, tx: AsyncConnection, hook: Webhook) -> int:
        """Stops a webhook whose receiver is gone, unless it has got another address meanwhile."""
        now_stored = await find_webhook(tx, hook.id)
        if now_stored is None or now_stored.url != hook.url:
            return 0
        values = {"active": False, "disabled_reason": GONE_REASON, "updated_at": self._clock()}
        await change_webhook(tx, hook.id, **values)
        return await give_up_pending(tx, hook.id, GONE_REASON)

    async def _keep_up(self) -> None:
        """Forgets what is old, and wakes every lane, now and then."""
        while True:
            await asyncio.sleep(UPKEEP_S)
            with suppress(Unavailable):
                await self.clean_up()

    @done_over
    async def clean_up(self) -> None:
        """Deletes deliveries that are older than `webhooks.keep_days`; looks at all others anew."""
        async with self._database.transaction() as tx:
            await remove_older(tx, self._clock() - timedelta(days=self._policy.settings.keep_days))
        async with self._database.read() as tx:
            self._pending = await count_pending(tx)
        await self.reload()


class Lane:
    """One webhook's messages, one at a time."""

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        self.news = asyncio.Event()
        self.ailing = False
        """The last try failed: it then waits among its like, not among those who answer."""

    async def rest(self, most_s: float) -> None:
        """Until there is news, or for so long. `asyncio.wait_for` swallows a cancel that comes with news."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self.news.wait()
