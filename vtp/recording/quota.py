"""How many bytes the recordings of a room, of all rooms of one owner, and of a course may take: said before
they are used up, and what ends and does not start when they are. Decision 0087.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, can, require
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Unavailable
from vtp.http.identity import Principal
from vtp.recording.active import ActiveRecordings, Growing
from vtp.recording.bounds import Bound, Bounds
from vtp.recording.catalogue import RoomDirectory
from vtp.recording.disk import BYTES_AN_HOUR
from vtp.recording.quota_store import (
    find_quota,
    note_sizes,
    rooms_of_owner,
    set_quota,
    used_by_owner,
    used_by_room,
)
from vtp.rooms.store import Room
from vtp.settings import RecordingSettings

logger = logging.getLogger(__name__)

QUOTA_EXCEEDED = "quota_exceeded"
WARN_SHARE = 0.9
MOST_ROOMS = 100
LOOK_EVERY_S = 5.0
"""A 720p lecture takes 1 MB in that time: by so much a quota may be exceeded."""
NOTED_BYTES = 4_000_000
"""When it has grown by so much, its row says so to other processes: with several, by so much more."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What recordings take, and what they may (0: any number of bytes). `whose` they are, in words.
    `own_bytes` is what an administrator set for a room, None where it has what every room has.
    """

    used_bytes: int
    allowed_bytes: int
    whose: str
    own_bytes: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be recorded."""
        return 0 < self.allowed_bytes <= self.used_bytes

    @property
    def is_near(self) -> bool:
        """Whether that is so before long."""
        return 0 < self.allowed_bytes * WARN_SHARE <= self.used_bytes

    @property
    def left_bytes(self) -> int:
        """What may be recorded still, of what is bounded."""
        return max(0, self.allowed_bytes - self.used_bytes)

    def __str__(self) -> str:
        """As sentences begin."""
        used, allowed = in_words(self.used_bytes), in_words(self.allowed_bytes)
        return f"The recordings of {self.whose} take {used} of the {allowed} that they may"


@dataclass(frozen=True, slots=True)
class RoomUsage:
    """What bounds a room's recordings: its own quota, its owner's (None: it has no owner), and others."""

    room: Usage
    owner: Usage | None
    others: tuple[Usage, ...] = ()

    @property
    def all(self) -> list[Usage]:
        """What there is of them."""
        return [self.room, *([self.owner] if self.owner is not None else []), *self.others]

    @property
    def exceeded(self) -> Usage | None:
        """What is used up."""
        return next((one for one in self.all if one.is_over), None)

    def warning(self) -> str:
        """A sentence while one will be used up before long, else nothing."""
        near = min((one for one in self.all if one.is_near), key=lambda one: one.left_bytes, default=None)
        if near is None:
            return ""
        hours = near.left_bytes / BYTES_AN_HOUR
        return (
            f"{near}: room for about {hours:.1f} hours more; then they end. "
            "Delete recordings for good, or ask an administrator for more."
        )


@dataclass(frozen=True, slots=True)
class _Stored:
    """What rows say of a room's recordings, without those that grow."""

    room: Usage
    owner: Usage | None
    bounds: Sequence[Bound]

    def grown(self, room: Room, growing: Sequence[Growing]) -> RoomUsage:
        """With those."""

        def more(usage: Usage, counts: Callable[[Growing], bool]) -> Usage:
            grown = sum(one.size_bytes for one in growing if counts(one))
            return replace(usage, used_bytes=usage.used_bytes + grown)

        return RoomUsage(
            more(self.room, lambda one: one.room.id == room.id),
            more(self.owner, lambda one: one.room.owner_id == room.owner_id) if self.owner else None,
            tuple(more(*_of(bound, room)) for bound in self.bounds),
        )


def _of(bound: Bound, room: Room) -> tuple[Usage, Callable[[Growing], bool]]:
    """What a bound says, and what counts besides."""
    usage = Usage(bound.used_bytes, bound.allowed_bytes, bound.whose)
    return usage, lambda one: one.recording_id in bound.growing or one.room.id == room.id


class Quotas:
    """Counted is what the rows say of those that have ended, rungs of a ladder, the trash and what lies in an
    object store alone included, and what has been written of those in progress: here, and by what their rows
    say in other processes.
    """

    def __init__(
        self,
        database: Database,
        rooms: RoomDirectory,
        active: ActiveRecordings,
        audit: AuditLog,
        settings: RecordingSettings,
        bounds: Bounds,
    ) -> None:
        self._bounds = bounds
        self._database = database
        self._rooms = rooms
        self._active = active
        self._audit = audit
        self._per_room = settings.quota_per_room_bytes
        self._per_owner = settings.quota_per_owner_bytes
        self._known: dict[str, _Stored] = {}  # of rooms that are recorded
        self._noted: dict[str, int] = {}  # what rows say of those in progress

    async def get(self, principal: Principal, reference: str) -> tuple[Room, RoomUsage]:
        """A room and what its recordings take and may, for who may start one there. Raises NotFound,
        Forbidden.
        """
        require(principal, Action.RECORDING_LIST)
        room = await self._rooms.find(reference)
        require(principal, Action.RECORDING_START, room)
        return room, await self.of_room(room)

    async def own(self, principal: Principal) -> tuple[Usage, list[tuple[str, Usage]]] | None:
        """The same of all of somebody's rooms together, and of those that have a quota, by id, the fullest
        first; None for who may own no rooms. Raises Forbidden.
        """
        require(principal, Action.RECORDING_LIST)
        if principal.user_id is None or not can(principal, Action.ROOM_CREATE):
            return None
        return await self._of_owner(principal.user_id), await self._rooms_of(principal.user_id)

    @done_over
    async def set(
        self, principal: Principal, reference: str, value: int | None, origin: Origin
    ) -> tuple[Room, RoomUsage]:
        """Sets what the recordings of a room may take: bytes, 0 for any number, None for the default.

        Raises NotFound, Forbidden.
        """
        require(principal, Action.SERVER_MANAGE)
        room = await self._rooms.find(reference)
        async with self._database.transaction() as tx:
            await set_quota(tx, room.id, value, datetime.now(UTC))
            await self._audit.record(
                tx,
                Event.RECORDING_QUOTA,
                origin,
                actor_id=principal.user_id,
                subject=f"room:{room.id}",
                details={"bytes": value},
            )
        return room, await self.of_room(room)

    async def of_room(self, room: Room) -> RoomUsage:
        """What a room's recordings take and may. Raises Unavailable."""
        growing = self._active.sizes()
        return (await self._stored(room, growing)).grown(room, growing)

    async def _of_owner(self, owner_id: str) -> Usage:
        growing = self._active.sizes()
        async with self._database.read() as tx:
            used = await used_by_owner(tx, owner_id, _ids(growing))
        used += sum(one.size_bytes for one in growing if one.room.owner_id == owner_id)
        return Usage(used, self._per_owner, "your rooms")

    async def _rooms_of(self, owner_id: str) -> list[tuple[str, Usage]]:
        """MOST_ROOMS at most."""
        growing = self._active.sizes()
        async with self._database.read() as tx:
            found = await rooms_of_owner(tx, owner_id, _ids(growing))
        usages = [
            (
                one.room_id,
                Usage(
                    one.used_bytes + sum(g.size_bytes for g in growing if g.room.id == one.room_id),
                    self._per_room if one.allowed_bytes is None else one.allowed_bytes,
                    one.name,
                    one.allowed_bytes,
                ),
            )
            for one in found
        ]
        bounded = [one for one in usages if one[1].allowed_bytes]
        bounded.sort(key=lambda one: one[1].used_bytes / one[1].allowed_bytes, reverse=True)
        return bounded[:MOST_ROOMS]

    async def check(self, room: Room) -> RoomUsage:
        """What a room's recordings take and may, before one more begins, which the sums of now bound until
        they are looked at again. Raises Conflict when that is used up, Unavailable.
        """
        growing = self._active.sizes()
        known = self._known[room.id] = await self._stored(room, growing)
        usage = known.grown(room, growing)
        exceeded = usage.exceeded
        if exceeded is not None:
            raise Conflict(
                f"{exceeded}: delete some for good (the trash counts too), or ask an administrator for more.",
                code=QUOTA_EXCEEDED,
            )
        return usage

    async def run(self, every_s: float = LOOK_EVERY_S) -> None:
        """Looks for ever whether what is being recorded still may be."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except Exception:  # the next look may see again: to stop looking would be to have no quotas
                logger.exception("Whether quotas of recordings are used up cannot be seen.")

    async def look(self) -> None:
        """Ends the recordings of rooms whose quota, or whose owner's, is used up."""
        with suppress(Unavailable):
            await self.note_growth()
        growing = self._active.sizes()
        recorded = {one.room.id: one.room for one in growing}
        self._known = {id_: known for id_, known in self._known.items() if id_ in recorded}
        for room in recorded.values():
            with suppress(Unavailable):  # what was known before, and what grows, are known still
                self._known[room.id] = await self._stored(room, growing)
            known = self._known.get(room.id)
            exceeded = known.grown(room, growing).exceeded if known is not None else None
            if exceeded is not None:
                self._end(room, exceeded)

    @done_over
    async def note_growth(self) -> None:
        """Tells other processes how large those in progress are. Raises Unavailable."""
        sizes = {one.recording_id: one.size_bytes for one in self._active.sizes()}
        self._noted = {id_: size for id_, size in self._noted.items() if id_ in sizes}
        grown = {id_: size for id_, size in sizes.items() if size >= self._noted.get(id_, 0) + NOTED_BYTES}
        if grown:
            async with self._database.transaction() as tx:
                await note_sizes(tx, grown)
            self._noted |= grown

    def _end(self, room: Room, exceeded: Usage) -> None:
        for one in self._active.sizes():
            session = self._active.get(one.recording_id)
            if one.room.id == room.id and session is not None and not session.ended:
                session.recorder.stop(f"{exceeded}, so the recording was ended.", QUOTA_EXCEEDED)

    async def _stored(self, room: Room, growing: Sequence[Growing]) -> _Stored:
        but, owner_id = _ids(growing), room.owner_id
        async with self._database.read() as tx:
            own = await find_quota(tx, room.id)
            allowed = self._per_room if own is None else own
            used = await used_by_room(tx, room.id, but)
            of_owner = await used_by_owner(tx, owner_id, but) if owner_id is not None else 0
            bounds = await self._bounds.of_room(tx, room.id, but)
        owner = Usage(of_owner, self._per_owner, "this room's owner") if owner_id is not None else None
        return _Stored(Usage(used, allowed, "this room", own), owner, bounds)


def _ids(growing: Sequence[Growing]) -> list[str]:
    return [one.recording_id for one in growing]


def in_words(count: int) -> str:
    """Bytes as people say them, in decimal units."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
