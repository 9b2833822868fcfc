"""For how long recordings are kept: what is set for all, for the rooms they were made in, for the courses
they are filed in. Decision 0147.

Recordings know no courses: they ask what is given to them here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, can, require
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound
from vtp.http.identity import Principal
from vtp.ids import is_id
from vtp.recording.catalogue import RoomDirectory
from vtp.recording.retention_store import Aging
from vtp.recording.term_store import days_of_rooms, find_days, have_rooms_any, set_days, was_there

FOR_EVER = 0


@dataclass(frozen=True, slots=True)
class Term:
    """`own_days`: what was set here, None for nothing; `days`: what holds. 0: for ever."""

    own_days: int | None
    days: int


class Filing(Protocol):
    """Who else has a say."""

    async def days_of(
        self, tx: AsyncConnection, recording_ids: Collection[str]
    ) -> Mapping[str, Sequence[int | None]]:
        """Of those that are filed somewhere, what is set there; None where nothing is."""

    async def have_any(self, tx: AsyncConnection) -> bool:
        """Whether anything is set anywhere."""


def longest(days: Collection[int]) -> int:
    """Of several; for ever is longer than any."""
    return FOR_EVER if FOR_EVER in days else max(days)


class Terms:
    """Of which one holds for a recording: the longest of those of the courses it is filed in; where a course
    has none, or it is filed in none, its room's; where that has none, `general_days`."""

    def __init__(self, general_days: int, filing: Filing) -> None:
        self.general_days = general_days
        self._filing = filing

    async def are_set(self, tx: AsyncConnection) -> bool:
        """Whether any recording may expire."""
        return bool(self.general_days) or await have_rooms_any(tx) or await self._filing.have_any(tx)

    async def of(self, tx: AsyncConnection, recordings: Sequence[Aging]) -> dict[str, int]:
        """For how many days each is kept, by id."""
        by_room = await days_of_rooms(tx, {one.room_id for one in recordings})
        filed = await self._filing.days_of(tx, [one.id for one in recordings])
        found: dict[str, int] = {}
        for one in recordings:
            own = by_room.get(one.room_id, self.general_days)
            found[one.id] = longest([own if days is None else days for days in filed.get(one.id, (None,))])
        return found


class RoomTerms:
    """What is set for rooms. Every method raises NotFound and Forbidden."""

    def __init__(self, database: Database, rooms: RoomDirectory, audit: AuditLog, general_days: int) -> None:
        self._database = database
        self._rooms = rooms
        self._audit = audit
        self.general_days = general_days

    async def get(self, principal: Principal, reference: str) -> Term:
        """For how long a room's recordings are kept, for who may start one there."""
        require(principal, Action.RECORDING_LIST)
        room_id = await self._find(principal, reference)
        async with self._database.read() as tx:
            return self._term(await find_days(tx, room_id))

    @done_over
    async def set(self, principal: Principal, reference: str, days: int | None, origin: Origin) -> Term:
        """Sets that; 0: for ever, None: as all of them."""
        require(principal, Action.SERVER_MANAGE)
        room_id = await self._find(principal, reference)
        async with self._database.transaction() as tx:
            await set_days(tx, room_id, days, datetime.now(UTC))
            await self._audit.record(
                tx,
                Event.RECORDING_TERM,
                origin,
                actor_id=principal.user_id,
                subject=f"room:{room_id}",
                details={"days": days},
            )
        return self._term(days)

    async def _find(self, principal: Principal, reference: str) -> str:
        """The id of a room that the caller may record; for administrators also of a deleted one, by its id:
        what was set for it goes on holding for the recordings made there."""
        try:
            room = await self._rooms.find(reference)
        except NotFound:
            if is_id(reference) and can(principal, Action.SERVER_MANAGE):
                async with self._database.read() as tx:
                    if await was_there(tx, reference.lower()):
                        return reference.lower()
            raise
        require(principal, Action.RECORDING_START, room)
        return room.id

    def _term(self, own_days: int | None) -> Term:
        return Term(own_days, self.general_days if own_days is None else own_days)
