"""The catalogue of recordings: found, listed, changed by who may; no bytes of theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import STAFF, Action, Reach, require, require_reach
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
from vtp.recording.listing import Filter, Listed, page_of_recordings
from vtp.recording.schemas import UpdateRecording
from vtp.recording.seen import Seen, see, see_listed
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

UnlessChanged = Callable[[tuple[Seen, str]], None]
"""Takes a recording and its room's name; raises PreconditionFailed when they are not what the caller has seen
of them (`If-Match`)."""


Leaving = Callable[[AsyncConnection, str, str | None], Awaitable[None]]
"""Called in the transaction in which a recording goes for good, or leaves the course that is named, before it
does."""


class RoomDirectory(Protocol):
    """The part of the rooms service that recordings use."""

    async def find(self, reference: str) -> Room:
        """The room with this id or slug. Raises NotFound, Invalid."""

    async def as_here(self, principal: Principal, room: Room) -> Principal:
        """Somebody in the role that they have in a room now. Raises Forbidden."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Page(NamedTuple):
    """Some recordings of a list: how many there are in all, and behind which it goes on."""

    items: list[tuple[Seen, Listed]]
    total: int
    next_before: str | None


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
        self._leaving: list[Leaving] = []

    def add_access_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears of the id of each recording that other people may see than before."""
        return self._access_emitter.add_listener(listener)

    def add_return_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears of the id of each recording that may have come back from the trash."""
        return self._return_emitter.add_listener(listener)

    def before_leaving(self, told: Leaving) -> None:
        """Has `told` keep what is to outlive a recording, or its place in a course."""
        self._leaving.append(told)

    async def tell_leaving(
        self, tx: AsyncConnection, recording_id: str, course_id: str | None = None
    ) -> None:
        """A recording is about to go for good, or to leave a course."""
        for told in self._leaving:
            await told(tx, recording_id, course_id)

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

    async def get(self, principal: Principal, recording_id: str, address: str = "") -> Seen:
        """One recording, with its length so far while it grows, for who calls from `address`, with the role
        that they have with it: whatever else they want is asked of that.

        Until it has ended it is the class itself: who is banned from that, or not let in, does not see it.
        """
        wanted = parse_id(recording_id, "/path/id")
        async with self._database.read() as tx:
            recording = _found(await find_recording(tx, wanted))
            seen = await see(tx, self._audience, principal, recording)
            seen.require(Action.RECORDING_VIEW)
            if principal.recording is not None:
                await require_good_link(tx, self._audience, principal, recording)
        live = self._live_rooms.get(recording.room_id)
        if live is not None and self._active.get(recording.id) is not None:
            require_to_look_in(seen.member, address, live)
        if recording.status is Status.DELETED:  # the trash is for those who may empty it
            seen.require(Action.RECORDING_DELETE)
        return seen.of(self._as_of_now(recording))

    async def see(self, principal: Principal, recording: Recording) -> Seen:
        """A recording with the role that somebody has with it, whether they may see it or not."""
        async with self._database.read() as tx:
            return await see(tx, self._audience, principal, recording)

    async def list_recordings(
        self, principal: Principal, wanted: Filter, *, limit: int, offset: int, before: str | None
    ) -> Page:
        """A page of recordings as the caller sees each, newest first; of the trash one's own part."""
        require(principal, Action.RECORDING_LIST)
        if wanted.status == Status.DELETED:
            reach = require_reach(principal, Action.RECORDING_DELETE)
            wanted = replace(wanted, owned_only=reach is Reach.OWN, owner_id=principal.user_id)
        published_only, audience = principal.role not in STAFF, self._audience.shown_to(principal)
        wanted = replace(wanted, published_only=published_only, audience=audience)
        if wanted.room_id:
            wanted = replace(wanted, room_id=(await self._rooms.find(wanted.room_id)).id)
        page, total = await page_of_recordings(
            self._database, wanted, principal.user_id, limit=limit + 1, offset=offset, before=before
        )
        page, more = page[:limit], page[limit:]
        found = see_listed(self._audience, principal, page)
        # Of what is not theirs any more the list goes on behind.
        shown = [both for both in zip(found, page, strict=True) if _is_shown(*both)]
        items = [(seen.of(self._as_of_now(seen.recording)), one) for seen, one in shown]
        return Page(items, total, page[-1].recording.id if more else None)

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
    ) -> Seen:
        """Changes title, description and for whom it is.

        Raises PreconditionFailed when it is not what the caller has seen of it.
        """
        seen = await self.see(principal, await self.find(recording_id))
        seen.require(Action.RECORDING_UPDATE)
        changes = wish.model_dump(exclude_unset=True, exclude_none=True)
        async with self._database.transaction() as tx:
            recording = _found(await find_recording(tx, seen.recording.id, to_change=True))
            now = seen.of(self._as_of_now(recording))
            unless_changed((now, await name_of_room(tx, recording.room_id)))
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
        return seen.of(self._as_of_now(replace(recording, **changes)))

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


def _is_shown(seen: Seen, listed: Listed) -> bool:
    return listed.kept.once(("view", seen.standing), lambda: seen.may(Action.RECORDING_VIEW))


def _found(recording: Recording | None) -> Recording:
    """What was looked for. Raises NotFound."""
    if recording is None:
        raise NotFound("There is no such recording.", code="no_such_recording")
    return recording
