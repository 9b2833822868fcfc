"""The media of recordings over HTTP: playlists and segments. A grant opens them, or a token."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from aiohttp import web

from vtp.accounts.routes import origin_of
from vtp.errors import NotFound
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.recording.access_entries import Did
from vtp.recording.access_log import AccessLog
from vtp.recording.admission import HOLDER, Admission
from vtp.recording.captions import CaptionShelf
from vtp.recording.dash import CLOCK_NAME, MPD_NAME, MPD_TYPE
from vtp.recording.holders import is_edge, knows_people
from vtp.recording.iframes import IFRAMES_NAME
from vtp.recording.index import segment_name
from vtp.recording.playlist import PLAYLIST_NAME, PLAYLIST_TYPE
from vtp.recording.ready_media import SEGMENT_TYPE
from vtp.recording.rendered_answer import NOT_KEPT, answer
from vtp.recording.schemas import FollowQuery
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.service import Recordings
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

BASE = "/api/v1/recordings/{id}"
BY_PATH = f"{MEDIA_BY_PATH}{{grant}}/{{id}}"
"""For players without cookies: what playlists name is relative, and keeps the grant."""
MASTER_NAME = "master.m3u8"
SECTION_TYPE = "video/mp4"
_SEGMENT = re.compile(r"seg-(\d{5,9})\.m4s\Z")
_PART = re.compile(r"seg-(\d{5,9})\.(\d{1,6})\.m4s\Z")
_ERRORS = (401, 403, 404, 410, 503)
_TYPES = (PLAYLIST_TYPE, MPD_TYPE, SECTION_TYPE, SEGMENT_TYPE, "text/plain")
_RANGES = (206, 304, 412, 416)
"""Of conditional requests and those for a part of a file."""


class MediaFiles(Protocol):
    """Where the files of recordings lie, or of what else is played."""

    def followed(self, media_id: str, /) -> RecordingView | None:
        """What those see who follow it live, also for a moment after its end; None of all else."""

    async def fetch(self, media_id: str, name: str, /) -> Path:
        """A file on this machine. Raises NotFound, Unavailable."""

    async def read_range(self, media_id: str, name: str, offset: int, size: int, /) -> bytes:
        """Some bytes of one. Raises NotFound, Unavailable."""


def add_media_routes(
    table: RouteTable, recordings: Recordings, captions: CaptionShelf, admission: Admission, log: AccessLog
) -> None:
    """Declares playback."""
    media = MediaRoutes(recordings, captions, admission, log)
    options = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": _ERRORS}
    playlist = {**options, "reply_types": (PLAYLIST_TYPE,), "also": (303, 304)}
    follow = {"query": FollowQuery, "errors": (*_ERRORS, 400)}
    part = {**options, **follow, "reply_types": _TYPES, "also": _RANGES}
    table.get(f"{BASE}/stream", summary="Play a recording: page or playlist, by Accept", **playlist)(
        media.get_stream
    )
    table.get(f"{BASE}/stream/{{name}}", summary="Fetch a playlist or a file of the main track", **part)(
        media.get_stream_file
    )
    table.get(f"{BASE}/stream/{{track}}/{{name}}", summary="Fetch a playlist or a file of one track", **part)(
        media.get_track_file
    )
    table.get(f"{BY_PATH}/{{name}}", summary="Fetch a playlist or a file by an address with a grant", **part)(
        media.get_file_by_path
    )
    table.get(f"{BY_PATH}/{{track}}/{{name}}", summary="The same of one track, by such an address", **part)(
        media.get_track_file_by_path
    )


class MediaRoutes:
    """The handlers; each first asks whether this caller may have this recording's media."""

    def __init__(
        self, recordings: Recordings, captions: CaptionShelf, admission: Admission, log: AccessLog
    ) -> None:
        self._recordings = recordings
        self._admission = admission
        self._captions = captions
        self._log = log

    async def get_stream(self, call: Call) -> web.StreamResponse:
        """The player's page for browsers that ask for one, the multivariant playlist for all others."""
        recording_id = await self._admission.admit(call)
        if "text/html" in call.request.headers.get("Accept", ""):
            return web.Response(status=303, headers={"Location": f"/recordings/{recording_id}"})
        view = await self._recordings.view(recording_id)
        self._note(call, recording_id)
        found = view.multivariant("stream/", await self._captions.of(recording_id))
        return answer(call, found, PLAYLIST_TYPE)

    async def get_stream_file(self, call: Call) -> web.StreamResponse:
        """`master.m3u8`, `manifest.mpd`, the clock of that, the main track's playlist, or a file of it."""
        recording_id, session = await self._admission.watch(call)
        view = await self._recordings.view(recording_id)
        if call.path["name"] in (MASTER_NAME, MPD_NAME):
            self._note(call, recording_id)
        if call.path["name"] == MASTER_NAME:
            captions = await self._captions.of(recording_id)
            return answer(call, view.multivariant(captions=captions), PLAYLIST_TYPE)
        if call.path["name"] == MPD_NAME:
            return answer(call, view.mpd(await self._captions.of(recording_id)), MPD_TYPE)
        if call.path["name"] == CLOCK_NAME:
            return web.Response(text=_now(), headers={"Cache-Control": NOT_KEPT})
        track = view.main_track or ""
        found = await track_file(
            call, recording_id, view, self._recordings.playback, track, prefix=f"{track}/"
        )
        return self._counted(call, recording_id, session, view, track, found)

    def _note(self, call: Call, recording_id: str) -> None:
        holder = call.request[HOLDER]
        if not is_edge(holder):  # which tells for whom it asks
            self._log.note(recording_id, Did.OPENED, holder, origin_of(call))

    async def get_track_file(self, call: Call) -> web.StreamResponse:
        """A track's playlist, a segment, or an initialization section."""
        recording_id, session = await self._admission.watch(call)
        view = await self._recordings.view(recording_id)
        track = call.path["track"]
        if track in view.people and not knows_people(call.request[HOLDER]):
            raise no_such_track()
        found = await track_file(call, recording_id, view, self._recordings.playback, track)
        return self._counted(call, recording_id, session, view, track, found)

    async def get_file_by_path(self, call: Call) -> web.StreamResponse:
        """As `get_stream_file`, for who has an address that holds the grant."""
        return await self.get_stream_file(call)

    async def get_track_file_by_path(self, call: Call) -> web.StreamResponse:
        """As `get_track_file`, likewise."""
        return await self.get_track_file(call)

    def _counted(
        self,
        call: Call,
        recording_id: str,
        session: str,
        view: RecordingView,
        track: str,
        found: web.StreamResponse,
    ) -> web.StreamResponse:
        if call.path["name"] == PLAYLIST_NAME:  # some players are given nothing else
            self._note(call, recording_id)
        size, segments = sent_size(view, track, call.path["name"], found)
        self._admission.viewership.count(recording_id, session, track, size, segments)
        return found


def sent_size(view: RecordingView, track: str, name: str, found: web.StreamResponse) -> tuple[int, int]:
    """How many bytes a viewer is being sent, and whether it is a segment or part (1) or not (0); of files the
    whole size, whatever range is asked for.
    """
    segment = _SEGMENT.match(name)
    if segment is not None:
        index = view.index(track)
        return index.segments[int(segment[1])].size if index is not None else 0, 1
    body = found.body if isinstance(found, web.Response) else None
    return len(body) if isinstance(body, bytes) else 0, int(name.endswith(".m4s"))


async def track_file(
    call: Call, media_id: str, view: RecordingView, files: MediaFiles, track: str, prefix: str = ""
) -> web.StreamResponse:
    """A track's playlist, a segment, a part or an initialization section of a view, whose files `files` has.

    Raises NotFound, and as `RecordingView.follow` and `part`.
    """
    name = call.path["name"]
    if view.index(track) is None:
        raise no_such_track()
    if name == PLAYLIST_NAME:
        query: FollowQuery = call.query
        wish = Wish(query.msn, query.part, query.skip is not None)
        followed = files.followed(media_id) if wish.follows and track in view.tracks else None
        return answer(call, await (followed or view).follow(track, wish, prefix), PLAYLIST_TYPE)
    if name == IFRAMES_NAME and not prefix and track == VIDEO_TRACK and view.key_frames:
        return answer(call, view.iframes(track), PLAYLIST_TYPE)
    part = _PART.match(name)
    if part is not None:
        return await _part(media_id, view, files, track, int(part[1]), int(part[2]))
    if not _is_finished(view, track, name):
        raise NotFound("This recording has no such file.", code="no_such_file")
    path = await files.fetch(media_id, f"{track}/{name}")
    content_type = SEGMENT_TYPE if name.endswith(".m4s") else SECTION_TYPE
    return web.FileResponse(path, headers={"Content-Type": content_type, "Cache-Control": NOT_KEPT})


async def _part(
    media_id: str, view: RecordingView, files: MediaFiles, track: str, msn: int, number: int
) -> web.StreamResponse:
    """A part, when it is there: its bytes come at line speed, or not at all."""
    followed = files.followed(media_id) if track in view.tracks else None
    part = await (followed or view).part(track, msn, number)
    data = await files.read_range(media_id, f"{track}/{segment_name(msn)}", part.offset, part.size)
    return web.Response(body=data, headers={"Content-Type": SEGMENT_TYPE, "Cache-Control": NOT_KEPT})


def no_such_track() -> NotFound:
    """What is said of a track that is not there, or not for who asks."""
    return NotFound("This recording has no such track.", code="no_such_track")


def _is_finished(view: RecordingView, track: str, name: str) -> bool:
    """Whether a file is in the index and will not change any more."""
    index = view.index(track)
    if index is None:
        return False
    match = _SEGMENT.match(name)
    if match is None:
        return any(line.uri == name for line in index.maps)
    number = int(match[1])
    if number >= len(index.segments) or name != segment_name(number):
        return False
    return index.segments[number].size > 0


def _now() -> str:
    """The wall clock as `urn:mpeg:dash:utc:http-iso:2014` wants it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
