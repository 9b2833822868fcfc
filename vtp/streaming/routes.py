"""Streams over HTTP: started, joined, looked at, ended. What players fetch is in `live_routes`."""

from __future__ import annotations

from datetime import UTC, datetime

from vtp.accounts.routes import origin_of
from vtp.errors import VtpError
from vtp.http.routing import Call, RouteTable
from vtp.recording.admission import is_secure
from vtp.recording.grants import Grants, cookie_below, cookie_header
from vtp.recording.view import RecordingView
from vtp.streaming.schemas import (
    ChangeStream,
    JoinStream,
    RoomStream,
    StartStream,
    StreamJoined,
    StreamStarted,
    StreamState,
)
from vtp.streaming.service import Streams
from vtp.streaming.stream import Stream

BASE = "/api/v1/streams"


def build_routes(streams: Streams, grants: Grants) -> RouteTable:
    """Declares everything under `/api/v1/streams`."""
    table = RouteTable("streams", "Classes and recordings for any number of viewers, who are counted.")

    @table.post(
        f"{BASE}/start",
        body=StartStream,
        reply=StreamStarted,
        status=201,
        summary="Start streaming a room, or a recording",
        description="A room that is recorded is streamed from its recording; any other is streamed without "
        "being recorded, which everybody in it is told, and of which nothing is left afterwards. Who may "
        "record a room may stream it; a recording who may change it, or is staff of a course that it is in.",
        errors=(403, 404, 409, 410, 503),
    )
    async def start_stream(call: Call) -> StreamStarted:
        stream, message = await streams.start(call.principal, call.body)
        call.reply_headers["Location"] = f"{BASE}/{stream.id}"
        return StreamStarted.of(stream, await view_of(streams, stream), message)

    @table.post(
        f"{BASE}/{{id}}",
        body=JoinStream,
        reply=StreamJoined,
        summary="Begin to watch a stream, or leave it",
        description="Joining is not needed to watch: whoever fetches the playlists is a viewer. It takes a "
        "place where `max_viewers` bounds them (503 when there is none), and gives a viewer a name.",
        errors=(403, 404, 410, 503),
    )
    async def change_viewers(call: Call) -> StreamJoined:
        stream, wish = streams.find(call.path["id"]), call.body
        if wish.action == "leave":
            await streams.leave(call.principal, stream, wish.viewer_id)
            return _joined(stream, wish, None, None, "The viewer has left.")
        address = origin_of(call).ip
        viewer, grant = await streams.join(call.principal, stream, wish, address, grants)
        secure = is_secure(call)
        call.reply_headers["Set-Cookie"] = (
            cookie_below(stream.address, grant, secure=secure)
            if stream.room_id
            else cookie_header(grant, str(stream.recording_id), secure=secure)
        )
        return _joined(stream, wish, viewer.session_id, grant, "The viewer may watch.")

    @table.get(
        f"{BASE}/{{id}}",
        reply=StreamState,
        summary="Read a stream: its viewers now and at most, by quality, and what was sent",
        errors=(403, 404),
    )
    async def get_stream_state(call: Call) -> StreamState:
        stream = await streams.get(call.principal, call.path["id"])
        return StreamState.of(stream, await view_of(streams, stream))

    @table.patch(
        f"{BASE}/{{id}}",
        body=ChangeStream,
        reply=StreamState,
        summary="Set how many may watch a stream; who watches already goes on",
        errors=(403, 404, 410),
    )
    async def change_stream(call: Call) -> StreamState:
        stream = await streams.limit(call.principal, call.path["id"], call.body.max_viewers)
        return StreamState.of(stream, await view_of(streams, stream))

    @table.get(
        "/api/v1/rooms/{room}/stream",
        reply=RoomStream,
        summary="Read the stream of a room that goes on, whoever began it; null when there is none",
        errors=(403, 404),
    )
    async def get_stream_of_room(call: Call) -> RoomStream:
        stream = await streams.going_on(call.principal, call.path["room"])
        if stream is None:
            return RoomStream(stream=None)
        return RoomStream(stream=StreamState.of(stream, await view_of(streams, stream)))

    @table.post(
        f"{BASE}/{{id}}/stop",
        reply=StreamState,
        summary="End a stream; a recording that it comes from goes on",
        errors=(403, 404),
    )
    async def stop_stream(call: Call) -> StreamState:
        stream = await streams.stop(call.principal, call.path["id"])
        return StreamState.of(stream, await view_of(streams, stream))

    return table


def _joined(
    stream: Stream, wish: JoinStream, session_id: str | None, grant: str | None, message: str
) -> StreamJoined:
    return StreamJoined(
        stream_id=stream.id,
        recording_id=stream.recording_id,
        viewer_id=wish.viewer_id,
        session_id=session_id,
        current_bitrate=wish.initial_bitrate if session_id else None,
        buffer_health=None,
        playback_url=stream.playback_url if session_id else None,
        grant=grant,
        message=message,
        timestamp=datetime.now(UTC),
    )


async def view_of(streams: Streams, stream: Stream) -> RecordingView | None:
    """What players see of a stream now, if anything."""
    try:
        return await streams.sources.view(stream, stream.source)
    except VtpError:
        return None
