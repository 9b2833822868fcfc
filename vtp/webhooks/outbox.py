"""What happened, on its way into the database: whoever tells of it never waits."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.webhooks.bodies import write_messages
from vtp.webhooks.events import Happening, is_wanted
from vtp.webhooks.store import Delivery, Webhook, add_deliveries, still_there

logger = logging.getLogger(__name__)

BATCH = 100
AGAIN_S = 2.0

Hooks = Callable[[], Sequence[Webhook]]
Written = Callable[[Sequence[Delivery]], None]


class Outbox:
    """`put` at any time; `run` for ever, once; `flush` at the end.

    `hooks` gives who wants to be told now, `has_room` whether a webhook's backlog takes one more, `written`
    hears of what is stored.
    """

    def __init__(
        self,
        database: Database,
        hooks: Hooks,
        has_room: Callable[[str, int], bool],
        written: Written,
        max_unwritten: int,
    ) -> None:
        self._database = database
        self._hooks = hooks
        self._has_room = has_room
        self._written = written
        self._max = max_unwritten
        self._waiting: deque[Happening] = deque()
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, happening: Happening) -> None:
        """Keeps it for writing, when anybody wants to hear of it."""
        if not any(hook.active and is_wanted(happening.type, hook.events) for hook in self._hooks()):
            return
        if len(self._waiting) >= self._max:
            self.drop(happening.type, "the database takes nothing")
            return
        self._waiting.append(happening)
        self._news.set()

    def drop(self, type_: str, why: str) -> None:
        """Counts a message that nobody will get; the log says so for the first and every thousandth."""
        self.dropped += 1
        if self.dropped % 1000 == 1:
            logger.warning("A webhook message (%s) was dropped, number %d: %s.", type_, self.dropped, why)

    async def run(self) -> None:
        """Writes what is put, in order."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                try:
                    await self.flush()
                except Unavailable:
                    await asyncio.sleep(AGAIN_S)

    async def flush(self) -> None:
        """Writes all that waits. Raises Unavailable."""
        async with self._writing:
            while self._waiting:
                batch = [self._waiting[at] for at in range(min(BATCH, len(self._waiting)))]
                made = await self._write(batch)
                for _ in batch:
                    self._waiting.popleft()
                self._written(made)

    @done_over
    async def _write(self, batch: Sequence[Happening]) -> list[Delivery]:
        async with self._database.transaction() as tx:
            made = await self._make(tx, batch)
            await add_deliveries(tx, made)
        return made

    async def _make(self, tx: AsyncConnection, batch: Sequence[Happening]) -> list[Delivery]:
        made: list[Delivery] = []
        counts: Counter[str] = Counter()
        hooks = self._hooks()
        there = await still_there(tx, [hook.id for hook in hooks])  # with its room, or by another process
        for one, body in await write_messages(tx, batch):
            for hook in hooks:
                if hook.id not in there or not _wants(hook, one):
                    continue
                if not self._has_room(hook.id, counts[hook.id]):
                    self.drop(one.type, f"too many wait for webhook {hook.id}")
                    continue
                counts[hook.id] += 1
                made.append(new_delivery(hook, one, body))
        return made


def new_delivery(hook: Webhook, happening: Happening, body: str) -> Delivery:
    """A message to one webhook, due at once."""
    now = datetime.now(UTC)
    return Delivery(new_id(), hook.id, happening.id, happening.type, body, now, now)


def _wants(hook: Webhook, happening: Happening) -> bool:
    if not hook.active or hook.room_id not in (None, happening.room_id):
        return False
    return is_wanted(happening.type, hook.events)
