"""Rooms that are streamed and recorded, as the older contract names it: a session is a recording in progress
or ended, by its id or by that of the stream that comes from it. Everything is done by the parts that do it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vtp.accounts.permissions import Action, require
from vtp.errors import NotFound, VtpError
from vtp.http.identity import Principal
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording
from vtp.rooms.link_figures import read_links
from vtp.rooms.service import RoomService
from vtp.streaming.service import Streams
from vtp.streaming.session_schemas import (
    ParticipantRow,
    RecordRoom,
    RoomParticipants,
    SessionMetrics,
    SessionStarted,
)


class Sessions:
    """Keeps nothing. Every method raises NotFound and Forbidden."""

    def __init__(self, recordings: Recordings, rooms: RoomService, streams: Streams) -> None:
        self._recordings = recordings
        self._rooms = rooms
        self._streams = streams

    async def participants(self, principal: Principal, reference: str) -> RoomParticipants:
        """Everybody in a room with their figures: for who moderates it, as `connections` is."""
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        live = self._rooms.live(room)
        found = read_links(live) if live is not None else []
        rows = [ParticipantRow.of(person, links) for person, links in found]
        return RoomParticipants(
            room_id=room.id, participants=rows, count=len(rows), timestamp=datetime.now(UTC)
        )

    async def record(self, principal: Principal, reference: str, wish: RecordRoom) -> SessionStarted:
        """Starts recording a room. Raises as `Recordings.start_recording`."""
        recording, message = await self._recordings.start_recording(principal, wish.of_room(reference))
        return SessionStarted(
            session_id=recording.id,
            recording_id=recording.id,
            status=recording.status,
            started_at=recording.started_at,
            room_id=recording.room_id,
            message=message or None,
        )

    async def stop(self, principal: Principal, session_id: str) -> Recording:
        """Ends the recording of a session; a stream that came from it goes on."""
        return await self._recordings.stop_recording(principal, self._recording_id(session_id))

    async def metrics(self, principal: Principal, session_id: str) -> SessionMetrics:
        """What it has come to, for who may record the room."""
        recording_id = self._recording_id(session_id)
        seen = await self._recordings.seen_to(Action.RECORDING_START, principal, recording_id)
        recording = seen.recording
        stream = self._streams.sources.of_recording(recording.id)
        room = await self._rooms.find(recording.room_id) if recording.status in UNFINISHED else None
        return SessionMetrics.of(
            session_id,
            recording,
            await self._growth(recording),
            self._rooms.live(room) if room is not None else None,
            (stream.id, stream.viewers) if stream is not None else None,
        )

    async def _growth(self, recording: Recording) -> tuple[float, int]:
        """Its row says it at the end only."""
        if recording.status in UNFINISHED:
            try:
                view = await self._recordings.view(recording.id)
            except VtpError:
                return 0.0, 0
            return view.duration_s, view.size_bytes
        return recording.duration_ms / 1000, recording.file_size_bytes

    def _recording_id(self, session_id: str) -> str:
        """Raises NotFound for a stream that comes from no recording."""
        try:
            stream = self._streams.find(session_id)
        except NotFound:
            return session_id
        if stream.recording_id is None:
            raise NotFound("This stream is not being recorded.", code="not_recorded")
        return stream.recording_id
