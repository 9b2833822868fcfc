"""Hears who is in open rooms and what they do there. Listeners only note it; one task stores it.

What is kept is how it stands, not each event: a row that could not be stored is stored with the next round,
and storing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.class_notes import ClassNotes, Note
from vtp.analytics.class_store import close_left_open, save_notes, see_sessions
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.rooms.live import LiveRooms, RoomClosed, RoomEvent, RoomOpened

logger = logging.getLogger(__name__)

ROUND_S: Final = 2.0
SEEN_EVERY_S: Final = 10.0
LEFT_OPEN: Final = timedelta(minutes=2)
"""A session that no process has seen for so long was ended by nobody: its server was killed."""
LOOK_EVERY_S: Final = 60.0
LAST_WRITE_S: Final = 2.0
MAX_WAITING: Final = 50_000  # notes while the database is away; more than that is not kept


class Presence:
    """`run` for ever, once; `close` after the rooms have been."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._open: dict[str, ClassNotes] = {}  # by session
        self._waiting: dict[str, Note] = {}
        self._ended: list[Callable[[str], None]] = []
        self._writing = asyncio.Lock()
        self._seen_at = 0.0
        self._looked_at = 0.0
        self.dropped = 0

    def attend(self, live_rooms: LiveRooms) -> None:
        """Hears of rooms from now on."""
        live_rooms.add_listener(self._room_changed)

    def add_end_listener(self, listener: Callable[[str], None]) -> None:
        """Hears the room of each class whose end is stored."""
        self._ended.append(listener)

    async def run(self) -> None:
        """Stores what is noted, in rounds."""
        while True:
            await asyncio.sleep(ROUND_S)
            try:
                await self.flush()
                await self._see()
                await self._look()
            except Unavailable:
                pass  # in the next round
            except Exception:  # one round
                logger.exception("Who is in class could not be stored.")

    async def close(self) -> None:
        """Stores the ends of what was open."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LAST_WRITE_S):
                await self.flush()

    async def flush(self) -> None:
        """Stores all that is noted. Raises Unavailable, and keeps it then."""
        async with self._writing:
            for notes in list(self._open.values()):
                self._keep(notes.take(self._clock()))
            batch, self._waiting = self._waiting, {}
            ended = [one for one in self._open.values() if one.has_ended]
            try:
                if batch:
                    await self._save(list(batch.values()))
            except BaseException:
                self._waiting = {**batch, **self._waiting}
                raise
        for one in ended:
            self._open.pop(one.session_id, None)
            for tell in self._ended:
                tell(one.room_id)

    @done_over
    async def _save(self, notes: list[Note]) -> None:
        async with self._database.transaction() as tx:
            await save_notes(tx, notes)

    def _keep(self, notes: list[Note]) -> None:
        for one in notes:
            if one.key not in self._waiting and len(self._waiting) >= MAX_WAITING:
                self.dropped += 1
            else:
                self._waiting[one.key] = one

    async def _see(self) -> None:
        """Says that what is open still is: if this process is killed, people were last seen then."""
        now_s = asyncio.get_running_loop().time()
        if self._open and now_s - self._seen_at >= SEEN_EVERY_S:
            async with self._database.transaction() as tx:
                await see_sessions(tx, list(self._open), self._clock())
            self._seen_at = now_s

    async def _look(self) -> None:
        """Looks for what was left open: a server that is killed and started again at once left it a moment
        before."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_at >= LOOK_EVERY_S:
            await self.finish_left_open()
            self._looked_at = now_s

    @done_over
    async def finish_left_open(self) -> None:
        """Ends what a killed process left open, when it was last seen; at the start, and every minute. What
        is open here is not, however long nothing could be written of it."""
        async with self._database.transaction() as tx:
            await close_left_open(tx, self._clock() - LEFT_OPEN, list(self._open))

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomOpened):
            notes = ClassNotes(event.room, self._clock)
            self._open[notes.session_id] = notes
        elif isinstance(event, RoomClosed):
            for notes in self._open.values():
                if notes.room_id == event.room.id and not notes.has_ended:
                    notes.end(self._clock())
