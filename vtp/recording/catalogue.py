"""The catalogue of recordings: found, listed, changed by who may; no bytes of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import STAFF, Action, Reach, can, require, require_reach
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.media.events import Emitter
from vtp.recording.active import ActiveRecordings
from vtp.recording.audience import Audience
from vtp.recording.link_terms import require_good_link
from vtp.recording.listing import Filter, count_recordings, page_of_recordings
from vtp.recording.schemas import UpdateRecording
from vtp.recording.store import (
    Recording,
    Status,
    Visibility,
    access_changes,
    change_recording,
    find_recording,
    name_of_room,
)
from vtp.recording.summary import summary_of
from vtp.rooms.entrance import require_to_look_in
from vtp.rooms.live import LiveRooms
from vtp.rooms.store import Room

UnlessChanged = Callable[[tuple[Recording, str]], None]
"""Takes a recording and its room's name; raises PreconditionFailed when they are not what the caller has seen
of them (`If-Match`)."""


class RoomDirectory(Protocol):
    """The part of the rooms service that recordings use."""

    async def find(self, reference: str) -> Room:
        """The room with this id or slug. Raises NotFound, Invalid."""

    async def as_here(self, principal: Principal, room: Room) -> Principal:
        """Somebody in the role that they have in a room now. Raises Forbidden."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Catalogue:
    """What the rows say, and of recordings in progress their length so far. What takes a principal raises
    NotFound and Forbidden.
    """

    def __init__(
        self,
        database: Database,
        live_rooms: LiveRooms,
        rooms: RoomDirectory,
        active: ActiveRecordings,
        audit: AuditLog,
        audience: Audience,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._live_rooms = live_rooms
        self._rooms = rooms
        self._active = active
        self._audit = audit
        self._audience = audience
        self._clock = clock
        self._access_emitter: Emitter[str] = Emitter()
        self._return_emitter: Emitter[str] = Emitter()
        self._access_changes: dict[str, datetime] = {}

    def add_access_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears of the id of each recording that other people may see than before."""
        return self._access_emitter.add_listener(listener)

    def add_return_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears of the id of each recording that may have come back from the trash."""
        return self._return_emitter.add_listener(listener)

    async def recall(self, tx: AsyncConnection, since: datetime, now: datetime) -> None:
        """Makes hold here what other processes have hidden, or brought back, since then; see
        `vtp.accounts.revocations`."""
        for recording_id, at, is_there in await access_changes(tx, since):
            if self._access_changes.get(recording_id) != at:
                if is_there:
                    self._return_emitter.emit(recording_id)
                self._tell_access(recording_id, at)
        for recording_id in [one for one, at in self._access_changes.items() if at < since]:
            del self._access_changes[recording_id]

    def _tell_access(self, recording_id: str, at: datetime) -> None:
        self._access_changes[recording_id] = at
        self._access_emitter.emit(recording_id)

    async def get(self, principal: Principal, recording_id: str, address: str = "") -> Recording:
        """One recording, with its length so far while it grows, for who calls from `address`.

        Until then it is the class itself: who is banned from that, or not let in, does not see it.
        """
        wanted = parse_id(recording_id, "/path/id")
        async with self._database.read() as tx:
            recording = _found(await find_recording(tx, wanted))
            member = await self._as_member(tx, principal, recording)
            require(member, Action.RECORDING_VIEW, recording)
            if principal.recording is not None:
                await require_good_link(tx, principal, recording)
        live = self._live_rooms.get(recording.room_id)
        if live is not None and self._active.get(recording.id) is not None:
            require_to_look_in(member, address, live)
        if recording.status is Status.DELETED:  # the trash is for those who may empty it
            require(principal, Action.RECORDING_DELETE, recording)
        return self._as_of_now(recording)

    async def list_recordings(
        self, principal: Principal, wanted: Filter, *, limit: int, offset: int, before: str | None
    ) -> tuple[list[tuple[Recording, str]], int]:
        """A page of recordings with their rooms' names, newest first, and how many there are in all; of the
        trash one's own part."""
        require(principal, Action.RECORDING_LIST)
        if wanted.status == Status.DELETED:
            reach = require_reach(principal, Action.RECORDING_DELETE)
            wanted = replace(wanted, owned_only=reach is Reach.OWN, owner_id=principal.user_id)
        published_only, audience = principal.role not in STAFF, self._audience.shown_to(principal)
        wanted = replace(wanted, published_only=published_only, audience=audience)
        if wanted.room_id:
            wanted = replace(wanted, room_id=(await self._rooms.find(wanted.room_id)).id)
        async with self._database.read() as tx:
            total = await count_recordings(tx, wanted)
            page = await page_of_recordings(tx, wanted, limit=limit, offset=offset, before=before)
        seen = [(item, name) for item, name in page if can(principal, Action.RECORDING_VIEW, item)]
        return [(self._as_of_now(item), name) for item, name in seen], total

    async def _as_member(self, tx: AsyncConnection, principal: Principal, recording: Recording) -> Principal:
        """The caller in the role that they have where the recording is filed; whose it is stays who they are,
        and so does who comes by a link."""
        if principal.user_id is None or principal.user_id == recording.started_by or recording.is_public:
            return principal
        return await self._audience.as_member(tx, principal, recording.id)

    async def room_name(self, recording: Recording) -> str:
        """What the room of a recording is called."""
        async with self._database.read() as tx:
            return await name_of_room(tx, recording.room_id)

    @done_over
    async def update(
        self,
        principal: Principal,
        recording_id: str,
        wish: UpdateRecording,
        origin: Origin,
        unless_changed: UnlessChanged = lambda seen: None,
    ) -> Recording:
        """Changes title, description and for whom it is.

        Raises PreconditionFailed when it is not what the caller has seen of it.
        """
        wanted = await self.find(recording_id)
        require(principal, Action.RECORDING_UPDATE, wanted)
        changes = wish.model_dump(exclude_unset=True, exclude_none=True)
        async with self._database.transaction() as tx:
            recording = _found(await find_recording(tx, wanted.id, to_change=True))
            unless_changed((self._as_of_now(recording), await name_of_room(tx, recording.room_id)))
            shown = Visibility(changes.get("visibility", recording.visibility))
            moved = shown is not recording.visibility
            if changes.get("kept", recording.kept) is not recording.kept:
                changes |= {"warned_at": None}
                # in the trash it is as long as others
                changes |= {} if recording.deleted_at is not None else {"expires_at": None}
                await self.note(tx, Event.RECORDING_KEPT, recording, principal, origin, kept=changes["kept"])
            if changes:
                changes |= {"visibility": shown, "updated_at": self._clock()}
                changes |= {"access_changed_at": changes["updated_at"]} if moved else {}
                await change_recording(tx, recording.id, **changes)
            if moved:
                await self.note(tx, Event.RECORDING_VISIBILITY, recording, principal, origin, to=shown.value)
        if moved:
            self._tell_access(recording.id, changes["updated_at"])
        return self._as_of_now(replace(recording, **changes))

    async def show(
        self,
        tx: AsyncConnection,
        recording_id: str,
        shown: Visibility,
        principal: Principal,
        origin: Origin,
    ) -> None:
        """Says for whom a recording is, within a transaction of who has looked whether the caller may.

        Raises NotFound.
        """
        recording = _found(await find_recording(tx, recording_id, to_change=True))
        if recording.visibility is shown:
            return
        await change_recording(tx, recording.id, visibility=shown, updated_at=self._clock())
        await self.note(tx, Event.RECORDING_VISIBILITY, recording, principal, origin, to=shown.value)
        await self.note_audience(tx, recording.id)

    async def note_audience(self, tx: AsyncConnection, recording_id: str) -> None:
        """Other people may see a recording than before, by where it is filed: who watches it is asked anew,
        here and in other processes, once the transaction is stored."""
        now = self._clock()
        await change_recording(tx, recording_id, access_changed_at=now)
        after_commit(tx, lambda: self._tell_access(recording_id, now))

    def note_return(self, tx: AsyncConnection, recording_id: str, at: datetime) -> None:
        """It comes back from the trash: said here once the transaction is stored, which says it elsewhere."""

        def tell() -> None:
            self._return_emitter.emit(recording_id)
            self._tell_access(recording_id, at)

        after_commit(tx, tell)

    async def note(
        self,
        tx: AsyncConnection,
        event: Event,
        recording: Recording,
        by: Principal | None,
        origin: Origin,
        **details: object,
    ) -> None:
        """Has the audit log say in this transaction what is done to a recording; by nobody: by time."""
        await self._audit.record(
            tx,
            event,
            origin,
            actor_id=by.user_id if by is not None else None,
            subject=f"recording:{recording.id}",
            details={"room_id": recording.room_id, **details},
        )

    async def find(self, recording_id: str) -> Recording:
        """One recording, whoever asks. Raises NotFound, Invalid."""
        wanted = parse_id(recording_id, "/path/id")
        async with self._database.read() as tx:
            return _found(await find_recording(tx, wanted))

    async def to_change(self, tx: AsyncConnection, recording_id: str) -> Recording:
        """The same within a transaction that changes it, for which other changes wait. Raises NotFound."""
        return _found(await find_recording(tx, recording_id, to_change=True))

    def _as_of_now(self, recording: Recording) -> Recording:
        view = self._active.view(recording.id)
        if view is None or recording.status not in (Status.RECORDING, Status.FINALIZING):
            return recording
        return replace(recording, **summary_of(view))


def _found(recording: Recording | None) -> Recording:
    """What was looked for. Raises NotFound."""
    if recording is None:
        raise NotFound("There is no such recording.", code="no_such_recording")
    return recording
