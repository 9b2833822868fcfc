"""The media of recordings over HTTP: playlists, segments, the MP4. A grant opens them, or a token."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from aiohttp import web

from vtp.accounts.routes import origin_of
from vtp.errors import Forbidden, NotFound, NotSignedIn
from vtp.http.client import Client
from vtp.http.etags import etag_of, matches_none
from vtp.http.keys import CLIENT
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.ids import parse_id
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, TTL_S, Grants, Scope, cookie_header
from vtp.recording.holders import Holders, holder_of
from vtp.recording.index import segment_name
from vtp.recording.playlist import PLAYLIST_NAME, PLAYLIST_TYPE
from vtp.recording.schemas import DownloadLink
from vtp.recording.service import Recordings
from vtp.recording.view import RecordingView, Rendered

BASE = "/api/v1/recordings/{id}"
MASTER_NAME = "master.m3u8"
SEGMENT_TYPE = "video/iso.segment"
SECTION_TYPE = "video/mp4"
NOT_KEPT = "no-store"  # people are seen and heard in it: no shared computer keeps that
_SEGMENT = re.compile(r"seg-(\d{5,9})\.m4s\Z")
_ERRORS = (401, 403, 404, 410, 503)
_RANGES = (206, 304, 412, 416)
"""Of conditional requests and those for a part of a file."""


def is_secure(call: Call) -> bool:
    """Whether the caller came by TLS."""
    client: Client = call.request[CLIENT]
    return client.secure


def add_media_routes(table: RouteTable, recordings: Recordings, grants: Grants, holders: Holders) -> None:
    """Declares playback and download."""
    media = MediaRoutes(recordings, grants, holders)
    options = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": _ERRORS}
    playlist = {**options, "reply_types": (PLAYLIST_TYPE,), "also": (303, 304)}
    part = {**options, "reply_types": (PLAYLIST_TYPE, SECTION_TYPE, SEGMENT_TYPE), "also": _RANGES}
    table.get(f"{BASE}/stream", summary="Play a recording: page or playlist, by Accept", **playlist)(
        media.get_stream
    )
    table.get(f"{BASE}/stream/{{name}}", summary="Fetch a playlist or a file of the main track", **part)(
        media.get_stream_file
    )
    table.get(f"{BASE}/stream/{{track}}/{{name}}", summary="Fetch a playlist or a file of one track", **part)(
        media.get_track_file
    )
    table.get(
        f"{BASE}/download",
        summary="Download a recording as MP4",
        **{**options, "errors": (*_ERRORS, 409), "reply_types": (SECTION_TYPE,), "also": _RANGES},
    )(media.get_download)
    table.get(
        f"{BASE}/download-url",
        summary="Get a link that downloads without signing in, for six hours",
        reply=DownloadLink,
        errors=(403, 404, 409),
    )(media.get_download_url)


class MediaRoutes:
    """The handlers; each first asks whether this caller may have this recording's media."""

    def __init__(self, recordings: Recordings, grants: Grants, holders: Holders) -> None:
        self._recordings = recordings
        self._grants = grants
        self._holders = holders

    async def get_stream(self, call: Call) -> web.StreamResponse:
        """The player's page for browsers that ask for one, the multivariant playlist for all others."""
        recording_id = await self._admit(call)
        if "text/html" in call.request.headers.get("Accept", ""):
            return web.Response(status=303, headers={"Location": f"/recordings/{recording_id}"})
        view = await self._recordings.view(recording_id)
        return _playlist(call, view, view.multivariant("stream/"))

    async def get_stream_file(self, call: Call) -> web.StreamResponse:
        """`master.m3u8`, `playlist.m3u8` of the main track, or a file of it."""
        recording_id = await self._admit(call)
        view = await self._recordings.view(recording_id)
        if call.path["name"] == MASTER_NAME:
            return _playlist(call, view, view.multivariant())
        track = view.main_track or ""
        return await self._file(call, recording_id, view, track, prefix=f"{track}/")

    async def get_track_file(self, call: Call) -> web.StreamResponse:
        """A track's playlist, a segment, or an initialization section."""
        recording_id = await self._admit(call)
        view = await self._recordings.view(recording_id)
        return await self._file(call, recording_id, view, call.path["track"])

    async def get_download(self, call: Call) -> web.StreamResponse:
        """The MP4 as an attachment."""
        recording_id = parse_id(call.path["id"], "/path/id")
        granted = await self._has_grant(call, recording_id, Scope.DOWNLOAD)
        principal = None if granted else call.principal
        recording, path = await self._recordings.download(principal, recording_id)
        name = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", recording.title).strip(" .") or "recording"
        plain = name.encode("ascii", "replace").decode().replace("?", "_")
        headers = {
            "Content-Disposition": f'attachment; filename="{plain}.mp4"; {_extended(name)}',
            "Content-Type": "video/mp4",
            "Cache-Control": NOT_KEPT,
        }
        return web.FileResponse(path, headers=headers)

    async def get_download_url(self, call: Call) -> DownloadLink:
        """A signed link."""
        recording = await self._recordings.get(call.principal, call.path["id"], origin_of(call).ip)
        if not self._recordings.may_download(call.principal, recording):
            raise Forbidden("Your account does not have the right to download this recording.")
        grant = self._grants.make(
            recording.id, Scope.DOWNLOAD, holder_of(call.principal, beyond_session=True)
        )
        return DownloadLink(
            recording_id=recording.id,
            url=f"/api/v1/recordings/{recording.id}/download?grant={grant}",
            expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=TTL_S),
        )

    async def _has_grant(self, call: Call, recording_id: str, scope: Scope) -> bool:
        """Whether the caller has a grant. Raises as `Holders.require` for one whose holder lost the right,
        unless a token says who calls.
        """
        name = SECURE_NAME if is_secure(call) else PLAIN_NAME
        offered = (call.request.cookies.get(name), call.request.query.get("grant"))
        held = [grant and self._grants.check(grant, recording_id, scope) for grant in offered]
        holder = next(filter(None, held), None)
        if holder is None:
            return False
        try:
            await self._holders.require(holder, recording_id, scope, origin_of(call).ip)
        except (Forbidden, NotSignedIn):
            if call.principal_or_none is None:
                raise
            return False
        return True

    async def _admit(self, call: Call) -> str:
        """The recording's id, when a grant or the caller's own rights open it.

        A caller with rights and no grant gets one, so that a player that sends tokens with the first request
        only can go on.
        """
        recording_id = parse_id(call.path["id"], "/path/id")
        if await self._has_grant(call, recording_id, Scope.PLAY):
            return recording_id
        if call.principal_or_none is None:
            raise NotSignedIn()
        recording = await self._recordings.get(call.principal, recording_id, origin_of(call).ip)
        scope = Scope.DOWNLOAD if self._recordings.may_download(call.principal, recording) else Scope.PLAY
        latest_s = call.principal.expires_at_s
        grant = self._grants.make(recording_id, scope, holder_of(call.principal), latest_s=latest_s)
        call.reply_headers["Set-Cookie"] = cookie_header(grant, recording_id, secure=is_secure(call))
        return recording_id

    async def _file(
        self, call: Call, recording_id: str, view: RecordingView, track: str, prefix: str = ""
    ) -> web.StreamResponse:
        name = call.path["name"]
        if track not in view.tracks:
            raise NotFound("This recording has no such track.", code="no_such_track")
        if name == PLAYLIST_NAME:
            return _playlist(call, view, view.media(track, prefix))
        if not _is_finished(view, track, name):
            raise NotFound("This recording has no such file.", code="no_such_file")
        path = await self._recordings.fetch(recording_id, f"{track}/{name}")
        content_type = SEGMENT_TYPE if name.endswith(".m4s") else SECTION_TYPE
        return web.FileResponse(path, headers={"Content-Type": content_type, "Cache-Control": NOT_KEPT})


def _is_finished(view: RecordingView, track: str, name: str) -> bool:
    """Whether a file is in the index and will not change any more."""
    index = view.tracks[track]
    match = _SEGMENT.match(name)
    if match is None:
        return any(line.uri == name for line in index.maps)
    number = int(match[1])
    if number >= len(index.segments) or name != segment_name(number):
        return False
    return not index.segments[number].gap


def _playlist(call: Call, view: RecordingView, rendered: Rendered) -> web.Response:
    etag = etag_of(rendered.text)
    headers = {"ETag": etag, "Cache-Control": NOT_KEPT, "Vary": "Accept-Encoding"}
    if matches_none(call.request, etag):
        return web.Response(status=304, headers=headers)
    zipped = "gzip" in call.request.headers.get("Accept-Encoding", "")
    if zipped:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = PLAYLIST_TYPE
    return web.Response(body=rendered.zipped if zipped else rendered.text, headers=headers)


def _extended(name: str) -> str:
    """The file's name in full, RFC 8187."""
    return f"filename*=UTF-8''{quote(name)}.mp4"
