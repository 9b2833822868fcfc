"""Pushes the log of playback to a learning record store as xAPI statements, some at a time, behind everything
else: where the store is away the log waits, and nobody else does."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.completion import completion_of
from vtp.analytics.lrs_client import Answer, LrsClient, Verdict
from vtp.analytics.lrs_folds import Folds
from vtp.analytics.lrs_store import (
    Window,
    claim,
    courses_with,
    move,
    next_rows,
    recordings_named,
    release,
    renew,
    target_of,
)
from vtp.analytics.xapi import Source
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.recording.watching import COMPLETE_PER_MILLE
from vtp.settings import AnalyticsSettings

logger = logging.getLogger(__name__)

EVERY_S: Final = 30.0
SETTLED: Final = timedelta(seconds=60)
"""Rows wait so long: their ids order them once all transactions that made any have ended."""
HELD_FOR: Final = timedelta(days=1)
"""And so long at most for the end of a recording that grows: its length, and who has completed it, are known
then."""
ROWS_AT_ONCE: Final = 200
CLAIMED_FOR: Final = timedelta(minutes=5)
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 900.0


class LrsPush:
    """`run` for ever, once. `home`: the address of this server, as what statements name it."""

    def __init__(
        self,
        database: Database,
        settings: AnalyticsSettings,
        home: Callable[[], str],
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._home = home
        self._clock = clock
        self._dice = random.SystemRandom()
        self._folds = Folds()
        self._me = new_id()
        self._failures = 0
        self.taken = 0
        self.refused = 0
        self.failed = 0

    @property
    def is_on(self) -> bool:
        """Whether there is a store."""
        return bool(self._settings.lrs_url)

    @property
    def target(self) -> str:
        """The store, as positions name it: another address begins anew."""
        return target_of(self._settings.lrs_url)

    def numbers(self) -> dict[str, float]:
        """For metrics."""
        return {"statements": self.taken, "refused": self.refused, "failed_calls": self.failed}

    async def run(self) -> None:
        """Pushes what there is, now and then; at once for nobody who set no store."""
        if not self.is_on:
            return
        client = LrsClient(self._settings)
        try:
            while True:
                wait_s = EVERY_S
                try:
                    wait_s = await self.push(client)
                except Unavailable:
                    pass  # the database is away
                except Exception:  # one round
                    logger.exception("Statements could not be pushed.")
                await asyncio.sleep(wait_s)
        finally:
            await client.close()

    async def push(self, client: LrsClient) -> float:
        """Pushes all that is settled; gives how long to wait before the next time."""
        position = await self._claim()
        if position is None:
            return EVERY_S
        try:
            while True:
                window, batch = await self._read(position)
                if window is None:
                    return EVERY_S
                answer, taken, refused = await self._send_all(client, batch)
                if answer is not None:
                    return self._back_off(answer)
                self._failures = 0
                self.taken += taken
                self.refused += refused
                position = window.last
                await self._move(position, taken, refused)
        finally:
            await self._release()

    async def _read(self, position: str) -> tuple[Window | None, list[dict[str, Any]]]:
        async with self._database.read() as tx:
            now = self._clock()
            window = await next_rows(tx, position, now - SETTLED, now - HELD_FOR, ROWS_AT_ONCE)
            return window, await self._statements(tx, window) if window is not None else []

    async def _statements(self, tx: AsyncConnection, window: Window) -> list[dict[str, Any]]:
        ids = sorted({recording_id for _, recording_id in window.rows})
        named, filed = await recordings_named(tx, ids), await courses_with(tx, ids)
        asked = await completion_of(tx, ids)
        home = self._home().rstrip("/")
        made: list[tuple[str, dict[str, Any]]] = []
        for (user_id, recording_id), rows in window.rows.items():
            one = named[recording_id]
            courses = filed.get(recording_id, ())
            said = one.title, one.duration_ms, courses, asked.get(recording_id, COMPLETE_PER_MILLE)
            source = Source(home, user_id, recording_id, *said)
            made += await self._folds.statements(tx, source, rows, window.last)
        return [said for _, said in sorted(made, key=lambda pair: pair[0])]

    async def _send_all(
        self, client: LrsClient, batch: Sequence[dict[str, Any]]
    ) -> tuple[Answer | None, int, int]:
        """Sends a batch, in halves where the store does not take it as it is, down to the one that it does
        not want. Gives how many were taken, and refused; an answer where it has to be asked later."""
        if not batch:
            return None, 0, 0
        if not await self._renew():
            return Answer(Verdict.LATER, "another process pushes by now"), 0, 0
        answer = await client.send(batch)
        if answer.verdict is Verdict.TAKEN:
            return None, len(batch), 0
        if answer.verdict is Verdict.LATER:
            return answer, 0, 0
        if len(batch) == 1:
            return None, *self._one(batch[0], answer)
        middle = len(batch) // 2
        later, taken, refused = await self._send_all(client, batch[:middle])
        if later is not None:
            return later, 0, 0
        later, more, others = await self._send_all(client, batch[middle:])
        return later, taken + more, refused + others

    def _one(self, statement: dict[str, Any], answer: Answer) -> tuple[int, int]:
        """A conflict is a statement that the store has: it was pushed before its recording was renamed, or
        filed elsewhere, and statements do not change."""
        if answer.verdict is Verdict.CONFLICT:
            return 1, 0
        logger.warning("The record store refuses statement %s. It says %s", statement["id"], answer.words)
        return 0, 1

    def _back_off(self, answer: Answer) -> float:
        """Twice as long each time, by chance a little less, so that several do not come at once."""
        self._failures += 1
        self.failed += 1
        longest = min(FIRST_WAIT_S * 2 ** (self._failures - 1), LONGEST_WAIT_S)
        wait_s = max(answer.wait_s, self._dice.uniform(longest / 2, longest))
        logger.warning("Statements wait %.0f s for the record store: %s", wait_s, answer.words)
        return wait_s

    @done_over
    async def _claim(self) -> str | None:
        now = self._clock()
        async with self._database.transaction() as tx:
            return await claim(tx, self.target, self._me, now, now + CLAIMED_FOR)

    @done_over
    async def _move(self, position: str, taken: int, refused: int) -> None:
        now = self._clock()
        async with self._database.transaction() as tx:
            await move(tx, self.target, self._me, position, now, taken, refused)

    @done_over
    async def _release(self) -> None:
        async with self._database.transaction() as tx:
            await release(tx, self.target, self._me, self._clock())

    @done_over
    async def _renew(self) -> bool:
        async with self._database.transaction() as tx:
            return await renew(tx, self.target, self._me, self._clock() + CLAIMED_FOR)
