"""The messages of what happened: what only the database knows of rooms and recordings is added here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.recording.store import Recording, find_recording
from vtp.webhooks.events import Happening
from vtp.webhooks.store import names_of_rooms


async def write_messages(tx: AsyncConnection, happenings: Sequence[Happening]) -> list[tuple[Happening, str]]:
    """Each happening, with its room, and the body to send."""
    recordings: dict[str, Recording] = {}
    for recording_id in {one.recording_id for one in happenings if one.recording_id}:
        found = await find_recording(tx, recording_id)
        if found is not None:
            recordings[recording_id] = found
    placed = [_placed(one, recordings.get(one.recording_id or "")) for one in happenings]
    rooms = await names_of_rooms(tx, {one.room_id for one in placed if one.room_id})
    messages = []
    for one in placed:
        more: dict[str, Any] = {}
        if one.room_id:
            more["room"] = rooms.get(one.room_id) or {"room_id": one.room_id}
        recording = recordings.get(one.recording_id or "")
        if recording is not None:
            more["recording"] = _describe(recording)
        messages.append((one, one.body(more)))
    return messages


def _placed(happening: Happening, recording: Recording | None) -> Happening:
    return happening if recording is None else replace(happening, room_id=recording.room_id)


def _describe(recording: Recording) -> dict[str, Any]:
    return {
        "recording_id": recording.id,
        "room_id": recording.room_id,
        "title": recording.title,
        "status": recording.status,
        "started_by": recording.started_by,
        "started_at": recording.started_at.isoformat(),
        "stopped_at": recording.stopped_at.isoformat() if recording.stopped_at else None,
        "duration_seconds": recording.duration_ms / 1000,
        "file_size_bytes": recording.file_size_bytes,
        "error_message": recording.error_message or None,
    }
