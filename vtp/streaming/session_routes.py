"""What the older contract has under `/api/v1/streaming`, and its advice on rungs."""

from __future__ import annotations

from vtp.http.routing import Call, RouteTable
from vtp.recording.admission import Admission
from vtp.recording.schemas import RecordingStopped
from vtp.recording.service import Recordings
from vtp.streaming.abr_reports import AbrReports
from vtp.streaming.abr_routes import add_abr_routes
from vtp.streaming.session_schemas import RecordRoom, RoomParticipants, SessionMetrics, SessionStarted
from vtp.streaming.sessions import Sessions

BASE = "/api/v1/streaming"


def build_routes(sessions: Sessions, recordings: Recordings, admission: Admission) -> RouteTable:
    """Declares all of it."""
    table = RouteTable("streaming", "Streaming by the older contract's names.")
    _add_room_routes(table, sessions)
    _add_session_routes(table, sessions)
    add_abr_routes(table, recordings, admission, AbrReports())
    return table


def _add_room_routes(table: RouteTable, sessions: Sessions) -> None:
    @table.get(
        f"{BASE}/rooms/{{room}}/participants",
        reply=RoomParticipants,
        summary="List who is in a room, with what their connections have carried",
        errors=(403, 404),
    )
    async def list_room_participants(call: Call) -> RoomParticipants:
        return await sessions.participants(call.principal, call.path["room"])

    @table.post(
        f"{BASE}/rooms/{{room}}/record",
        body=RecordRoom,
        body_required=False,
        reply=SessionStarted,
        status=201,
        summary="Start recording a room, as `recordings/start` does",
        errors=(403, 404, 409, 503),
    )
    async def record_room(call: Call) -> SessionStarted:
        wish: RecordRoom = call.body or RecordRoom()
        started = await sessions.record(call.principal, call.path["room"], wish)
        call.reply_headers["Location"] = f"/api/v1/recordings/{started.recording_id}"
        return started


def _add_session_routes(table: RouteTable, sessions: Sessions) -> None:
    @table.post(
        f"{BASE}/sessions/{{id}}/stop-record",
        reply=RecordingStopped,
        summary="Stop the recording of a session, as `recordings/{id}/stop` does",
        errors=(403, 404),
    )
    async def stop_session_record(call: Call) -> RecordingStopped:
        return RecordingStopped.of(await sessions.stop(call.principal, call.path["id"]))

    @table.get(
        f"{BASE}/sessions/{{id}}/metrics",
        reply=SessionMetrics,
        summary="Read what a session has come to: length, size, people, viewers",
        errors=(403, 404),
    )
    async def get_session_metrics(call: Call) -> SessionMetrics:
        return await sessions.metrics(call.principal, call.path["id"])
