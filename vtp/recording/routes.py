"""Recordings over HTTP: their catalogue here, their media in `media_routes`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vtp.accounts.permissions import Action
from vtp.accounts.routes import origin_of
from vtp.http.etags import etag_of_model, json_of
from vtp.http.pagination import encode_cursor
from vtp.http.routing import Access, Call, RouteTable
from vtp.http.written import WrittenPage
from vtp.recording.access_log import AccessLog
from vtp.recording.access_routes import add_access_routes
from vtp.recording.admission import Admission
from vtp.recording.caption_routes import add_caption_routes
from vtp.recording.captions import CaptionShelf
from vtp.recording.chapter_routes import add_chapter_routes
from vtp.recording.chapters import Chapters
from vtp.recording.download_routes import add_download_routes
from vtp.recording.grants import Grants
from vtp.recording.holders import Holders, holder_of, knows_people
from vtp.recording.listing import Filter, Listed
from vtp.recording.media_routes import add_media_routes
from vtp.recording.media_url_routes import add_media_url_routes
from vtp.recording.progress import WatchProgress
from vtp.recording.progress_routes import add_progress_routes
from vtp.recording.progress_schemas import MyProgress
from vtp.recording.quota_routes import add_quota_routes
from vtp.recording.schemas import (
    DeleteQuery,
    ListedRecording,
    ListQuery,
    RecordingDeleted,
    RecordingInfo,
    RecordingPage,
    RecordingReply,
    RecordingRights,
    RecordingStarted,
    RecordingStopped,
    StartRecording,
    UpdateRecording,
)
from vtp.recording.seen import Seen
from vtp.recording.service import Recordings
from vtp.recording.share_routes import add_share_routes
from vtp.recording.shares import Shares
from vtp.recording.standing import Standing
from vtp.recording.store import Recording
from vtp.recording.storyboard_routes import add_storyboard_routes
from vtp.recording.term_routes import add_term_routes
from vtp.recording.thumbnail_routes import add_thumbnail_routes
from vtp.recording.trash_routes import add_trash_routes
from vtp.recording.viewers import Viewership

BASE = "/api/v1/recordings"


@dataclass(frozen=True, slots=True)
class RecordingParts:
    """What the routes of recordings are made of."""

    recordings: Recordings
    grants: Grants
    holders: Holders
    shares: Shares
    access_log: AccessLog
    progress: WatchProgress
    captions: CaptionShelf
    chapters: Chapters
    viewership: Viewership


def build_routes(parts: RecordingParts) -> RouteTable:
    """Declares everything under `/api/v1/recordings`."""
    recordings, log = parts.recordings, parts.access_log
    admission = Admission(recordings, parts.grants, parts.holders, parts.viewership)
    table = RouteTable("recordings", "Recordings of rooms: catalogue, playback, download.")
    _add_recorder_routes(table, recordings)
    add_quota_routes(table, recordings.quotas)
    add_term_routes(table, recordings.terms)
    add_trash_routes(table, recordings.trash)
    _add_reading_routes(table, recordings, admission, parts.progress)
    _add_changing_routes(table, recordings)
    add_media_routes(table, recordings, parts.captions, admission, log)
    add_download_routes(table, recordings, parts.grants, admission, log)
    add_thumbnail_routes(table, recordings, admission)
    add_storyboard_routes(table, recordings, admission)
    add_share_routes(table, recordings, parts.shares, log, parts.grants)
    add_media_url_routes(table, recordings, parts.grants)
    add_access_routes(table, log)
    add_progress_routes(table, parts.progress)
    add_caption_routes(table, recordings, parts.captions, admission)
    add_chapter_routes(table, parts.chapters, admission)
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
        return RecordingStopped.of(await recordings.stop_recording(call.principal, call.path["id"]))


def _add_reading_routes(
    table: RouteTable, recordings: Recordings, admission: Admission, progress: WatchProgress
) -> None:
    @table.get(BASE, query=ListQuery, reply=RecordingPage, summary="List recordings", errors=(403, 404))
    async def list_recordings(call: Call) -> WrittenPage:
        query: ListQuery = call.query
        wanted = Filter(query.room_id or query.roomId, query.status or "", query.q)
        before = query.id_position()
        offset = query.offset if before is None else 0  # a cursor says where to go on by itself
        page, total, next_before = await recordings.catalogue.list_recordings(
            call.principal, wanted, limit=query.limit, offset=offset, before=before
        )
        standings = await progress.standings([(seen.recording, one.progress) for seen, one in page])
        next_cursor = encode_cursor(next_before) if next_before is not None else None
        empty = RecordingPage(
            items=[],
            recordings=[],
            total=total,
            limit=query.limit,
            offset=query.offset,
            next_cursor=next_cursor,
        )
        items = [_listed(seen, one, standings.get(seen.recording.id)) for seen, one in page]
        return WrittenPage(empty, items, RecordingPage.TWINS)

    @table.get(
        f"{BASE}/{{id}}",
        reply=RecordingReply,
        summary="Read a recording; the answer's cookie lets a player fetch its media",
        access=Access.OPTIONAL,
        errors=(403, 404),
    )
    async def get_recording(call: Call) -> RecordingReply:
        principal, seen = await admission.find_called(call)
        admission.grant(call, principal, seen)
        return _reply(seen, await recordings.catalogue.room_name(seen.recording))

    @table.get(
        f"{BASE}/{{id}}/info",
        reply=RecordingInfo,
        summary="Read what tracks a recording has",
        errors=(403, 404, 410, 503),
    )
    async def get_recording_info(call: Call) -> RecordingInfo:
        recording = await recordings.get(call.principal, call.path["id"], origin_of(call).ip)
        view = await recordings.view(recording.id)
        return RecordingInfo.of(recording.id, view, with_people=knows_people(holder_of(call.principal)))


def _add_changing_routes(table: RouteTable, recordings: Recordings) -> None:
    @table.patch(
        f"{BASE}/{{id}}",
        body=UpdateRecording,
        reply=RecordingReply,
        summary="Change a recording's title or description, or for whom it is",
        description="With `If-Match` only the recording that has this `ETag` is changed (412 else); while it "
        "is being recorded, its size and length change all the time.",
        errors=(403, 404),
        if_match=True,
    )
    async def update_recording(call: Call) -> RecordingReply:
        def represent(seen: tuple[Seen, str]) -> RecordingReply:
            return _reply(*seen)

        check = call.unless_changed(represent)
        origin = origin_of(call)
        seen = await recordings.catalogue.update(call.principal, call.path["id"], call.body, origin, check)
        reply = _reply(seen, await recordings.catalogue.room_name(seen.recording))
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(
        f"{BASE}/{{id}}",
        query=DeleteQuery,
        reply=RecordingDeleted,
        summary="Put a recording into the trash, or delete it for good",
        errors=(403, 404, 503),
    )
    async def delete_recording(call: Call) -> RecordingDeleted:
        permanent: bool = call.query.permanent
        recording = await recordings.trash.delete(
            call.principal, call.path["id"], origin_of(call), permanent=permanent
        )
        return RecordingDeleted(
            recording_id=recording.id,
            status=recording.status,
            deleted_at=recording.deleted_at,
            message=_said_of_deleted(recording, permanent=permanent),
        )

    @table.post(
        f"{BASE}/{{id}}/restore",
        reply=RecordingReply,
        summary="Bring a recording back from the trash",
        description="As it was: for whom, in which courses, with its links. 409: it is not in the trash "
        "(`not_in_trash`), is being deleted for good (`being_deleted`), or has not ended yet on the server "
        "that makes it (`still_recording`).",
        errors=(403, 404, 409),
    )
    async def restore_recording(call: Call) -> RecordingReply:
        seen = await recordings.trash.restore(call.principal, call.path["id"], origin_of(call))
        reply = _reply(seen, await recordings.catalogue.room_name(seen.recording))
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply


def _said_of_deleted(recording: Recording, *, permanent: bool) -> str:
    if recording.purging_at is not None:
        return "The recording is being deleted for good, by the server that recorded it."
    return "The recording is gone." if permanent else "The recording is in the trash."


def _listed(seen: Seen, listed: Listed, standing: Standing | None) -> bytes:
    """A recording in a list, which is written once for everybody with the same rights, but for how far they
    are with it; one that is going on is written each time."""
    room_name = listed.kept.value.room_name
    if seen.recording is listed.recording:
        written = listed.kept.once(seen.standing, lambda: _written(seen, room_name))
    else:
        written = _written(seen, room_name)
    own = json_of(MyProgress.of(standing)) if standing is not None else b"null"
    return b"%s%s}" % (written, own)


def _written(seen: Seen, room_name: str) -> bytes:
    """All of it before the caller's progress, which is last."""
    whole = ListedRecording.of(_shown(seen), room_name=room_name, may=_rights(seen))
    return json_of(whole).removesuffix(b"null}")


def _reply(seen: Seen, room_name: str) -> RecordingReply:
    return RecordingReply.of(_shown(seen), room_name=room_name, may=_rights(seen))


def _shown(seen: Seen) -> Recording:
    """Whoever has a link learns no ids of people."""
    recording = seen.recording
    return recording if seen.member.user_id is not None else replace(recording, started_by=None)


def _rights(seen: Seen) -> RecordingRights:
    return RecordingRights(
        download=seen.may(Action.RECORDING_DOWNLOAD),
        update=seen.may(Action.RECORDING_UPDATE),
        annotate=seen.may(Action.RECORDING_ANNOTATE),
        share=seen.may(Action.RECORDING_SHARE),
        delete=seen.may(Action.RECORDING_DELETE),
    )
