"""The chat of one open room: everything that changes it happens in one order, stored first, then told.

Who writes while others are being stored is stored with the next of them in one transaction: what a busy class
writes costs the database a few commits a second, and a database that is away fails all who wait at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable, VtpError
from vtp.ids import id_after
from vtp.media.events import Emitter
from vtp.rooms.chat_rules import ChatMessage
from vtp.rooms.chat_store import find_all, newest_id
from vtp.rooms.live import LiveRoom

TRIMS_PER_ROOM = 100  # while as many are written as are kept: to look for the oldest reads an index through


@dataclass(frozen=True)
class MessageWritten:
    """There is a new message."""

    message: ChatMessage


@dataclass(frozen=True)
class MessageEdited:
    """A message says something else."""

    message: ChatMessage


@dataclass(frozen=True)
class MessageDeleted:
    """A message says nothing any more."""

    message: ChatMessage


@dataclass(frozen=True)
class ChatCleared:
    """What was written to all in a group is gone."""

    group: str


ChatEvent = MessageWritten | MessageEdited | MessageDeleted | ChatCleared
T = TypeVar("T")


@dataclass(frozen=True)
class Written(Generic[T]):
    """What a change gives to who asked for it, and what others are told of it; None: nothing has changed."""

    result: T
    event: ChatEvent | None


Change = Callable[[AsyncConnection], Awaitable[Written[T]]]
"""Checks first, then writes. Raises VtpError, and has then written nothing."""


class Chat:
    """Belongs to a LiveRoom (`live.part(Chat)`)."""

    def __init__(self, live: LiveRoom) -> None:
        self.changes = 0
        """How often it has changed: what was read while this stayed the same is as new as what was told."""
        self._room_id = live.id
        self._newest: str | None = None
        self._waiting: list[_Job[Any]] = []
        self._untrimmed = 0
        self._unsure: list[str] = []  # ids of messages whose commit was not answered
        self._storing = asyncio.Lock()
        self._emitter: Emitter[ChatEvent] = Emitter()

    def add_listener(self, listener: Callable[[ChatEvent], None]) -> Callable[[], None]:
        """Hears of every change in its order; the returned function stops that."""
        return self._emitter.add_listener(listener)

    async def write(self, database: Database, change: Change[T]) -> T:
        """Stores a change after those that came before, then tells the listeners.

        Raises what the change raises, and Unavailable when the database did not store it.
        """
        job = _Job(change)
        self._waiting.append(job)
        try:
            async with self._storing:
                if job in self._waiting:
                    await self._store(database)
        finally:
            if job in self._waiting:
                self._waiting.remove(job)
        return job.outcome()

    async def next_id(self, tx: AsyncConnection) -> str:
        """The id of the next message, within a change: ids are the order of the chat."""
        if self._newest is None:
            self._newest = await newest_id(tx, self._room_id)
        self._newest = id_after(self._newest)
        return self._newest

    def is_trim_due(self, most: int) -> bool:
        """Whether a message that was just written is one after which the oldest over `most` are removed: the
        first since the room was opened, and then each hundredth part of them.
        """
        due = self._untrimmed % max(1, most // TRIMS_PER_ROOM) == 0
        self._untrimmed += 1
        return due

    async def _store(self, database: Database) -> None:
        jobs, self._waiting = self._waiting, []
        late: list[ChatMessage] = []
        stored = False
        try:
            late = await self._run(database, jobs)
            stored = True
        except Unavailable as error:
            self._give_up(jobs, error)
        finally:
            if not stored:
                self._give_up(jobs, Unavailable("This could not be stored; try again in a moment."))
        if stored:
            self._unsure.clear()
            self._tell([MessageWritten(message) for message in late])
            self._tell([job.written.event for job in jobs if job.written is not None])

    @done_over
    async def _run(self, database: Database, jobs: list[_Job[Any]]) -> list[ChatMessage]:
        """Stores all in one transaction; gives the messages of earlier ones that were stored after all."""
        async with database.transaction() as tx:
            late = await find_all(tx, self._unsure) if self._unsure else []
            for job in jobs:
                await job.run(tx)
        return late

    def _give_up(self, jobs: list[_Job[Any]], error: Unavailable) -> None:
        """Tells nothing. What was stored without our knowing is told before what comes next."""
        for job in jobs:
            if job.written is not None and isinstance(job.written.event, MessageWritten):
                self._unsure.append(job.written.event.message.id)
            job.fail(error)

    def _tell(self, events: Sequence[ChatEvent | None]) -> None:
        for event in events:
            if event is not None:
                self.changes += 1
                self._emitter.emit(event)


class _Job(Generic[T]):
    """A change that waits to be stored."""

    def __init__(self, change: Change[T]) -> None:
        self._change = change
        self._error: VtpError | None = None
        self.written: Written[T] | None = None

    async def run(self, tx: AsyncConnection) -> None:
        self.written = self._error = None  # of a transaction that was done over nothing is left
        try:
            self.written = await self._change(tx)
        except VtpError as error:
            self._error = error

    def fail(self, error: VtpError) -> None:
        self.written = None
        self._error = self._error or error

    def outcome(self) -> T:
        if self.written is None:
            raise self._error or Unavailable("This could not be stored; try again in a moment.")
        return self.written.result
