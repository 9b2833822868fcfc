"""Streams: of rooms while a class is held, recorded or not, and of recordings; started, joined, ended.

They are this process's: with it they end, and who watched is known no more.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.errors import Conflict, Gone, Invalid, NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.media.events import Emitter
from vtp.recording.changes import RecordingChanged
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import holder_of, party_of, visit_of, without_visit
from vtp.recording.service import Recordings
from vtp.recording.store import Status
from vtp.recording.viewers import Viewer, Viewers
from vtp.rooms.ban_list import BanList
from vtp.rooms.entrance import require_to_look_in
from vtp.rooms.live import LiveRoom, LiveRooms, RoomClosed, RoomEvent, RoomOpened, RoomSettingsChanged
from vtp.rooms.participants import Participant
from vtp.rooms.people import PeopleEvent, PersonRemoved
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.streaming.schemas import JoinStream, StartStream
from vtp.streaming.sources import Sources
from vtp.streaming.stream import Stream, live_id
from vtp.streaming.windows import Windows

ENDED_KEPT = 200
FAILED_WAIT_S = (
    30.0  # nobody is offered a new stream sooner: each that fails has all who follow ask for the next
)

OpenRoom = Callable[[Room], Awaitable[LiveRoom]]


class Streams:
    """All streams of this process. What takes a principal raises NotFound and Forbidden."""

    def __init__(
        self,
        recordings: Recordings,
        rooms: RoomService,
        live_rooms: LiveRooms,
        open_room: OpenRoom,
        windows: Callable[[Callable[[str, str], None]], Windows],
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._recordings = recordings
        self._rooms = rooms
        self._live_rooms = live_rooms
        self._open_room = open_room
        self._windows = windows(self._window_ended)
        self.sources = Sources(recordings, self._windows)
        self._clock = clock
        self._streams: dict[str, Stream] = {}
        self._of_rooms: dict[str, Stream] = {}
        """By id and slug of the room: the stream that goes on, or was the last."""
        self._rights: Emitter[None] = Emitter()
        self._closing = False
        recordings.add_listener(self._recording_changed)
        live_rooms.add_listener(self._room_changed)

    async def open(self) -> None:
        """Raises StartupError."""
        await self._windows.open()

    async def close(self) -> None:
        """Ends all streams."""
        self._closing = True
        await self._windows.close()

    def add_rights_listener(self, listener: Callable[[None], None]) -> Callable[[], None]:
        """Hears that somebody may not watch any more who might before; the returned function stops that."""
        return self._rights.add_listener(listener)

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        now = [stream for stream in self._streams.values() if not stream.ended_at]
        return {"open": len(now), "viewers": sum(len(stream.viewers) for stream in now)}

    async def start(self, principal: Principal, wish: StartStream) -> tuple[Stream, str]:
        """Begins a stream; gives it, and a sentence when not all that is presented can be streamed.

        Raises Conflict when there is one already, Invalid for a wish for neither or both.
        """
        if bool(wish.room_id) == bool(wish.recording_id):
            raise Invalid("Name what to stream: either room_id or recording_id.")
        if wish.recording_id:
            return await self._start_recording(principal, wish.recording_id, wish.max_viewers), ""
        room = await self._rooms.find(wish.room_id)
        require(await self._rooms.as_here(principal, room), Action.RECORDING_START, room)
        return await self._start_room(room, principal.user_id, wish.max_viewers)

    def offer(self, live: LiveRoom, participant: Participant) -> tuple[Stream, str]:
        """The stream of an open room for somebody in it who only watches, begun when there is none, and as
        whom they watch. Raises Unavailable when it is full, or the server ends, or the last one has failed
        a moment ago.
        """
        stream = self._going_on(live.room) or self._begin_offered(live)
        holder = visit_of(participant.principal, participant.participant_id)
        stream.viewers.admit(holder)
        stream.implied = False
        return stream, holder

    def withdraw(self, live: LiveRoom) -> None:
        """Nobody in the room follows any more: what was begun for those who did ends."""
        stream = self._going_on(live.room)
        if stream is None or stream.wanted:
            return
        if stream.source == self._recordings.active.of_room(live.id):
            stream.implied = True
        else:
            self._end(stream)

    async def _start_room(self, room: Room, started_by: str | None, most: int) -> tuple[Stream, str]:
        live = await self._open_room(room)
        stream = self._going_on(room)
        if stream is not None and stream.wanted:
            raise Conflict(
                "This room is already being streamed; stop that stream first.", code="already_streamed"
            )
        stream = self._want(stream or self._begin(live), started_by, most)
        return stream, self.sources.message(stream)

    async def _start_recording(self, principal: Principal, recording_id: str, most: int) -> Stream:
        seen = await self._recordings.seen(principal, parse_id(recording_id, "/recording_id"))
        seen.require_to_stream()
        recording = seen.recording
        await self._recordings.view(recording.id)
        stream = self.sources.of_recording(recording.id)
        if stream is not None and stream.wanted:
            raise Conflict(
                "This recording is already being streamed; stop that stream first.", code="already_streamed"
            )
        if stream is None:
            made = Stream(new_id(), self._clock(), Viewers(), recording_id=recording.id)
            stream = self._add(made)
            self.sources.feed_recording(stream, recording.id)
        return self._want(stream, principal.user_id, most)

    @staticmethod
    def _want(stream: Stream, started_by: str | None, most: int) -> Stream:
        stream.wanted, stream.implied, stream.started_by = True, False, started_by
        stream.viewers.most = most
        return stream

    def _begin_offered(self, live: LiveRoom) -> Stream:
        last = self._of_rooms.get(live.id)
        recorded = self._recordings.active.of_room(live.id) is not None
        if last is not None and not recorded and last.has_failed_since(time.monotonic() - FAILED_WAIT_S):
            raise Unavailable(
                f"The room's stream has failed: {last.failure}",
                retry_after_s=FAILED_WAIT_S,
                code="stream_failed",
            )
        return self._begin(live)

    def _begin(self, live: LiveRoom, *, implied: bool = False) -> Stream:
        if self._closing:
            raise Unavailable("The server is ending; try again in a moment.", retry_after_s=5)
        if self._recordings.active.of_room(live.id) is None:
            self._windows.disk.check()
        room = live.room
        made = Stream(new_id(), self._clock(), Viewers(), room_id=room.id, slug=room.slug, implied=implied)
        stream = self._add(made)
        self.sources.feed(stream, live)
        return stream

    async def stop(self, principal: Principal, stream_id: str) -> Stream:
        """Ends a stream; twice is no error. Of a room that is recorded the recording goes on."""
        stream = self.find(stream_id)
        await self._require_staff(principal, stream)
        if not stream.ended_at:
            self._end(stream)
        return stream

    async def going_on(self, principal: Principal, reference: str) -> Stream | None:
        """The stream of a room that goes on, whoever began it, for those who may start it. Begins none."""
        room = await self._rooms.find(reference)
        require(await self._rooms.as_here(principal, room), Action.RECORDING_START, room)
        return self._going_on(room)

    async def limit(self, principal: Principal, stream_id: str, most: int) -> Stream:
        """So many may watch from now on; nobody who does is sent away. Raises Gone when it has ended."""
        stream = await self.get(principal, stream_id)
        if stream.ended_at:
            raise _gone()
        stream.viewers.most = most
        return stream

    async def get(self, principal: Principal, stream_id: str) -> Stream:
        """One stream, for those who may start it."""
        stream = self.find(stream_id)
        await self._require_staff(principal, stream)
        return stream

    async def join(
        self, principal: Principal, stream: Stream, wish: JoinStream, address: str, grants: Grants
    ) -> tuple[Viewer, str]:
        """Somebody begins to watch; gives the viewer and a grant that is theirs alone.

        Raises Unavailable when the stream has as many viewers as it may have, Gone when it has ended.
        """
        if stream.ended_at:
            raise _gone()
        await self._require_to_watch(principal, stream, address)
        holder = visit_of(principal, new_id())
        viewer = stream.viewers.admit(
            holder,
            party=party_of(holder, address),
            name=wish.viewer_id,
            wished_bps=round(wish.initial_bitrate * 1000),
        )
        reference = live_id(stream.slug) if stream.room_id else str(stream.recording_id)
        return viewer, grants.make(reference, Scope.PLAY, holder, latest_s=principal.expires_at_s)

    async def leave(self, principal: Principal, stream: Stream, viewer_id: str) -> None:
        """A viewer goes: one's own, or any of them for staff."""
        found = stream.viewers.sessions_of(viewer_id)
        own = [session for session in found if without_visit(session) == holder_of(principal)]
        if not own and found:
            await self._require_staff(principal, stream)
            own = found
        if not [session for session in own if stream.viewers.leave(session)]:
            raise NotFound("This stream has no such viewer.", code="no_such_viewer")

    def find(self, stream_id: str) -> Stream:
        """One stream. Raises NotFound, Invalid."""
        stream = self._streams.get(parse_id(stream_id, "/path/id"))
        if stream is None:
            raise NotFound("There is no such stream (any more).", code="no_such_stream")
        is_recordings = stream.recording_id is not None and not stream.room_id
        if (
            is_recordings
            and not stream.ended_at
            and not self._recordings.playback.is_there(str(stream.recording_id))
        ):
            self._end(stream, "The recording was deleted.")
        return stream

    async def of_room(self, reference: str) -> Stream:
        """The stream of a room by its id or slug: also of one that is recorded, which nobody has started.

        Raises NotFound, Gone.
        """
        room = await self._rooms.find(reference)
        stream = self._of_rooms.get(room.id)
        if stream is None or stream.ended_at:
            live = self._live_rooms.get(room.id)
            if live is None or self._recordings.active.of_room(room.id) is None:
                if stream is not None:
                    raise _gone()
                raise NotFound("This room is not being streamed.", code="not_streamed")
            stream = self._begin(live, implied=True)
        return stream

    def known(self, reference: str, source: str) -> Stream | None:
        """The same where memory has it, also the last one when that has ended, or an earlier one of this
        source: players who are some seconds behind come to its end.
        """
        newest = self._of_rooms.get(reference)
        if newest is None or source in newest.sources:
            return newest
        older = (one for one in reversed(self._streams.values()) if one.room_id == newest.room_id)
        return next((one for one in older if source in one.sources), newest)

    async def require_to_watch(self, principal: Principal, reference: str, address: str) -> Room:
        """The room, for who may follow its class from `address`."""
        room = await self._rooms.find(reference)
        principal = self._live_rooms.as_here(await self._rooms.admit(principal, room), room.id)
        require(principal, Action.ROOM_WATCH, room)
        live = self._live_rooms.get(room.id)
        if live is not None:
            require_to_look_in(principal, address, live)
        return room

    async def _require_to_watch(self, principal: Principal, stream: Stream, address: str) -> None:
        if stream.room_id:
            await self.require_to_watch(principal, stream.room_id, address)
        else:
            await self._recordings.get(principal, str(stream.recording_id), address)

    async def _require_staff(self, principal: Principal, stream: Stream) -> None:
        if stream.room_id:
            room = await self._rooms.find(stream.room_id)
            require(await self._rooms.as_here(principal, room), Action.RECORDING_START, room)
        else:
            seen = await self._recordings.seen(principal, str(stream.recording_id))
            seen.require_to_stream()

    def _going_on(self, room: Room) -> Stream | None:
        stream = self._of_rooms.get(room.id)
        return stream if stream is not None and not stream.ended_at else None

    def _add(self, stream: Stream) -> Stream:
        self._streams[stream.id] = stream
        if stream.room_id:
            self._of_rooms[stream.room_id] = self._of_rooms[stream.slug] = stream
        ended = [one for one in self._streams.values() if one.ended_at]
        for one in ended[: max(len(ended) - ENDED_KEPT, 0)]:
            self._forget(one)
        return stream

    def _forget(self, stream: Stream) -> None:
        del self._streams[stream.id]
        for reference in (stream.room_id, stream.slug):
            if self._of_rooms.get(reference) is stream:
                del self._of_rooms[reference]

    def _end(self, stream: Stream, failure: str = "") -> None:
        stream.ended_at, stream.failure = self._clock(), failure
        self.sources.end(stream)

    def _window_ended(self, window_id: str, failure: str) -> None:
        for stream in self._of_rooms.values():
            if not stream.ended_at and stream.source == window_id:
                self._end(stream, failure)

    def _recording_changed(self, event: RecordingChanged) -> None:
        if event.status is Status.RECORDING:
            for stream in {id(one): one for one in self._of_rooms.values() if not one.ended_at}.values():
                live = self._live_rooms.get(stream.room_id)
                if live is not None and self._recordings.active.of_room(live.id) == event.recording_id:
                    self.sources.feed(stream, live)
        else:  # as soon as it has ended: how is written when the database is there
            stream_of = self.sources.of_recording(event.recording_id)
            if stream_of is not None and stream_of.room_id:
                self._go_on(stream_of)

    def _go_on(self, stream: Stream) -> None:
        """The recording has ended: the class may still be streamed without it."""
        live = self._live_rooms.get(stream.room_id)
        if stream.implied or live is None or live.closed or self._closing:
            self._end(stream)
            return
        self.sources.feed(stream, live)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomOpened):
            event.room.people.add_listener(self._people_changed)
            # who has just left is removed from nothing, and follows no more all the same
            event.room.part(BanList).add_listener(lambda banned: self._rights.emit(None))
        elif isinstance(event, RoomSettingsChanged | RoomClosed):
            self._rights.emit(None)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonRemoved):
            self._rights.emit(None)


def _gone() -> Gone:
    return Gone("The stream has ended.", code="stream_ended")
