"""Recordings over HTTP: their catalogue here, their media in `media_routes`."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.http.etags import etag_of_model
from vtp.http.routing import Call, RouteTable
from vtp.recording.admission import is_secure
from vtp.recording.grants import Grants, Scope, cookie_header
from vtp.recording.holders import Holders, holder_of
from vtp.recording.media_routes import add_media_routes
from vtp.recording.schemas import (
    DeleteQuery,
    ListQuery,
    RecordingDeleted,
    RecordingInfo,
    RecordingPage,
    RecordingReply,
    RecordingStarted,
    RecordingStopped,
    StartRecording,
    UpdateRecording,
)
from vtp.recording.service import Recordings
from vtp.recording.store import Filter, Recording
from vtp.recording.viewers import Viewership

BASE = "/api/v1/recordings"


def build_routes(
    recordings: Recordings, grants: Grants, holders: Holders, viewership: Viewership
) -> RouteTable:
    """Declares everything under `/api/v1/recordings`."""
    table = RouteTable("recordings", "Recordings of rooms: catalogue, playback, download.")
    _add_recorder_routes(table, recordings)
    _add_reading_routes(table, recordings, grants)
    _add_changing_routes(table, recordings)
    add_media_routes(table, recordings, grants, holders, viewership)
    return table


def _add_recorder_routes(table: RouteTable, recordings: Recordings) -> None:
    @table.post(
        f"{BASE}/start",
        body=StartRecording,
        reply=RecordingStarted,
        status=201,
        summary="Start recording a room",
        errors=(403, 404, 409, 503),
    )
    async def start_recording(call: Call) -> RecordingStarted:
        recording, message = await recordings.start_recording(call.principal, call.body)
        call.reply_headers["Location"] = f"{BASE}/{recording.id}"
        return RecordingStarted(
            recording_id=recording.id,
            status=recording.status,
            started_at=recording.started_at,
            room_id=recording.room_id,
            message=message or None,
        )

    @table.post(
        f"{BASE}/{{id}}/stop",
        reply=RecordingStopped,
        summary="Stop a recording; it can be played at once",
        errors=(403, 404),
    )
    async def stop_recording(call: Call) -> RecordingStopped:
        recording = await recordings.stop_recording(call.principal, call.path["id"])
        return RecordingStopped(
            recording_id=recording.id,
            status=recording.status,
            stopped_at=recording.stopped_at,
            duration_seconds=recording.duration_ms / 1000,
            message=recording.error_message or recording.metadata.get("message"),
        )


def _add_reading_routes(table: RouteTable, recordings: Recordings, grants: Grants) -> None:
    @table.get(BASE, query=ListQuery, reply=RecordingPage, summary="List recordings", errors=(403, 404))
    async def list_recordings(call: Call) -> RecordingPage:
        query: ListQuery = call.query
        wanted = Filter(query.room_id or query.roomId, query.status or "", query.q)
        before = query.id_position()
        offset = query.offset if before is None else 0  # a cursor says where to go on by itself
        found, total = await recordings.list_recordings(
            call.principal, wanted, limit=query.limit + 1, offset=offset, before=before
        )
        names = {recording.id: room_name for recording, room_name in found}
        rows, next_cursor = query.cut([recording for recording, _ in found])
        page = [_reply(call, recordings, recording, names[recording.id]) for recording in rows]
        return RecordingPage(
            items=page,
            recordings=page,
            total=total,
            limit=query.limit,
            offset=query.offset,
            next_cursor=next_cursor,
        )

    @table.get(
        f"{BASE}/{{id}}",
        reply=RecordingReply,
        summary="Read a recording; the answer's cookie lets a player fetch its media",
        errors=(403, 404),
    )
    async def get_recording(call: Call) -> RecordingReply:
        recording = await recordings.get(call.principal, call.path["id"], origin_of(call).ip)
        may_download = recordings.may_download(call.principal, recording)
        scope = Scope.DOWNLOAD if may_download else Scope.PLAY
        latest_s = call.principal.expires_at_s
        grant = grants.make(recording.id, scope, holder_of(call.principal), latest_s=latest_s)
        call.reply_headers["Set-Cookie"] = cookie_header(grant, recording.id, secure=is_secure(call))
        return _reply(call, recordings, recording, await recordings.room_name(recording))

    @table.get(
        f"{BASE}/{{id}}/info",
        reply=RecordingInfo,
        summary="Read what tracks a recording has",
        errors=(403, 404, 410, 503),
    )
    async def get_recording_info(call: Call) -> RecordingInfo:
        recording = await recordings.get(call.principal, call.path["id"], origin_of(call).ip)
        return RecordingInfo.of(recording.id, await recordings.view(recording.id))


def _add_changing_routes(table: RouteTable, recordings: Recordings) -> None:
    @table.patch(
        f"{BASE}/{{id}}",
        body=UpdateRecording,
        reply=RecordingReply,
        summary="Change a recording's title or description",
        description="With `If-Match` only the recording that has this `ETag` is changed (412 else); while it "
        "is being recorded, its size and length change all the time.",
        errors=(403, 404),
        if_match=True,
    )
    async def update_recording(call: Call) -> RecordingReply:
        def represent(seen: tuple[Recording, str]) -> RecordingReply:
            return _reply(call, recordings, *seen)

        check = call.unless_changed(represent)
        recording = await recordings.update(call.principal, call.path["id"], call.body, check)
        reply = _reply(call, recordings, recording, await recordings.room_name(recording))
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(
        f"{BASE}/{{id}}",
        query=DeleteQuery,
        reply=RecordingDeleted,
        summary="Put a recording into the trash, or delete it for good",
        errors=(403, 404),
    )
    async def delete_recording(call: Call) -> RecordingDeleted:
        permanent: bool = call.query.permanent
        recording = await recordings.delete(
            call.principal, call.path["id"], origin_of(call), permanent=permanent
        )
        return RecordingDeleted(
            recording_id=recording.id,
            status=recording.status,
            deleted_at=recording.deleted_at,
            message="The recording is gone." if permanent else "The recording is in the trash.",
        )


def _reply(call: Call, recordings: Recordings, recording: Recording, room_name: str) -> RecordingReply:
    may_download = recordings.may_download(call.principal, recording)
    return RecordingReply.of(recording, room_name=room_name, may_download=may_download)
