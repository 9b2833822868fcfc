"""The MP4 of a recording, or of a stretch of it, over HTTP: at once, by ranges, written nowhere."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import quote

from aiohttp import web
from pydantic import AfterValidator, BaseModel, Field, model_validator

from vtp.accounts.permissions import Action
from vtp.accounts.routes import origin_of
from vtp.errors import Forbidden, Gone, Unavailable, VtpError
from vtp.http.errors import respond_with_status
from vtp.http.ranges import wanted_of
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.ids import parse_id
from vtp.recording.access_entries import Did
from vtp.recording.access_log import AccessLog
from vtp.recording.admission import HOLDER, Admission
from vtp.recording.downloads import Clip
from vtp.recording.grants import TTL_S, Grants, Scope
from vtp.recording.holders import holder_of
from vtp.recording.schemas import DownloadLink
from vtp.recording.service import Recordings

logger = logging.getLogger(__name__)

BASE = "/api/v1/recordings/{id}"
MP4_TYPE = "video/mp4"
LONGEST_S = 1_000_000.0
READ_BYTES = 256 << 10
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')

Read = Callable[[int, int], Awaitable[bytes]]
"""Gives so many bytes of the MP4 from an offset on; raises Unavailable, OSError and ValueError."""

Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]


def _mp4(value: str) -> str:
    if value == "webm":
        raise ValueError("WebM is not made: leave `format` out, and download the MP4.")
    return value


class DownloadQuery(BaseModel):
    """A stretch of the recording, in seconds from its beginning; without both, all of it."""

    start_s: Annotated[Seconds, Field(alias="from", description="Where it begins, to the picture.")] = 0.0
    end_s: Annotated[Seconds | None, Field(alias="to", description="Where it ends; the end by default.")] = (
        None
    )
    part: Annotated[
        int | None, Field(ge=1, le=10_000, description="Of a recording whose codec changes: `download_urls`.")
    ] = None
    format: Annotated[
        Literal["mp4", "webm"],
        AfterValidator(_mp4),
        Field(description="`mp4`; `webm` is refused with that sentence."),
    ] = "mp4"
    grant: Annotated[str, Field(max_length=400, description="Of a link that was made by `download-url`.")] = (
        ""
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("`to` must be later than `from`: both are seconds from the beginning.")
        if self.part is not None and self.clip != Clip():
            raise ValueError("Ask for a `part`, or for a clip by `from` and `to`, not for both.")
        return self

    @property
    def clip(self) -> Clip:
        """The same as downloads take it."""
        return Clip(self.start_s, self.end_s)


def add_download_routes(
    table: RouteTable, recordings: Recordings, grants: Grants, admission: Admission, log: AccessLog
) -> None:
    """Declares the download and links to it."""
    routes = DownloadRoutes(recordings, grants, admission, log)
    table.get(
        f"{BASE}/download",
        summary="Download a recording, or a stretch of it, as MP4",
        access=Access.MEDIA,
        limit=Limit.PLAYBACK,
        query=DownloadQuery,
        errors=(401, 403, 404, 409, 410, 503),
        reply_types=(MP4_TYPE,),
        also=(206, 304, 412, 416),
    )(routes.get_download)
    table.get(
        f"{BASE}/download-url",
        summary="Get a link that downloads without signing in, for six hours",
        query=DownloadQuery,
        reply=DownloadLink,
        errors=(403, 404, 409),
    )(routes.get_download_url)


class DownloadRoutes:
    """The handlers."""

    def __init__(self, recordings: Recordings, grants: Grants, admission: Admission, log: AccessLog) -> None:
        self._log = log
        self._recordings = recordings
        self._grants = grants
        self._admission = admission

    async def get_download(self, call: Call) -> web.StreamResponse:
        """The MP4 as an attachment."""
        recording_id = parse_id(call.path["id"], "/path/id")
        query: DownloadQuery = call.query
        link_to = _link_to(recording_id, query)
        holder = await self._admission.holder(call, recording_id, Scope.DOWNLOAD, link_to)
        principal = call.principal if holder is None else None
        recording, file = await self._recordings.playback.download(
            principal, recording_id, query.clip, query.part
        )
        headers = call.reply_headers | {
            "Content-Disposition": _attachment(recording.title, query),
            "Content-Type": MP4_TYPE,
            "Cache-Control": "no-store",
        }

        async def may_go_on() -> None:
            if not self._recordings.playback.is_there(recording_id):
                raise Gone("The recording was deleted.", code="recording_deleted")
            await self._admission.require_still(call, recording_id, Scope.DOWNLOAD)

        read = partial(self._recordings.playback.read, recording_id, file)
        if call.request.method != "GET":
            return await send(call.request, file, headers, may_go_on, read)
        who = call.request.get(HOLDER) or call.principal
        entry_id = self._log.note(recording_id, Did.DOWNLOADED, who, origin_of(call))
        begun_s, sent = time.monotonic(), 0

        async def counted(start: int, size: int) -> bytes:
            nonlocal sent
            data = await read(start, size)
            sent += len(data)
            return data

        try:
            return await send(call.request, file, headers, may_go_on, counted)
        finally:
            if sent:
                self._log.sent(entry_id, sent, time.monotonic() - begun_s)

    async def get_download_url(self, call: Call) -> DownloadLink:
        """A signed link, which opens this download and nothing else."""
        seen = await self._recordings.seen(call.principal, call.path["id"], origin_of(call).ip)
        recording = seen.recording
        if not seen.may(Action.RECORDING_DOWNLOAD):
            raise Forbidden("Your account does not have the right to download this recording.")
        link_to = _link_to(recording.id, call.query)
        grant = self._grants.make(link_to, Scope.DOWNLOAD, holder_of(call.principal, beyond_session=True))
        return DownloadLink(
            recording_id=recording.id,
            url=f"/api/v1/recordings/{link_to}grant={grant}",
            expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=TTL_S),
        )


class Sized(Protocol):
    """What is sent, however it is read."""

    @property
    def etag(self) -> str:
        """With quotes."""

    @property
    def size(self) -> int:
        """In bytes."""


async def send(
    request: web.Request,
    file: Sized,
    headers: dict[str, str],
    may_go_on: Callable[[], Awaitable[None]],
    read: Read,
) -> web.StreamResponse:
    """Answers with what the request wants of a file.

    When `may_go_on` raises meanwhile (the recording was deleted, or the right to it taken away), or its bytes
    cannot be had any more, the answer ends before its announced length, which clients notice. Raises
    PreconditionFailed, and before anything is sent what `may_go_on` raises, and Unavailable.
    """
    wanted = wanted_of(request, file.etag, file.size)
    headers = {**headers, "ETag": file.etag, "Accept-Ranges": "bytes"}
    if wanted.status == 304:
        del headers["Content-Type"]
        return web.Response(status=304, headers=headers)
    if wanted.status == 416:
        outside = {"Content-Range": f"bytes */{file.size}", "Accept-Ranges": "bytes"}
        return respond_with_status(request, 416, headers=outside)
    if wanted.status == 206:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{file.size}"
    response = web.StreamResponse(status=wanted.status, headers=headers)
    response.content_length = wanted.end - wanted.start
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    await may_go_on()
    first = await _begin(read, wanted.start, wanted.end)
    await response.prepare(request)
    await _write(response, first, wanted.start, wanted.end, may_go_on, read)
    return response


async def _begin(read: Read, start: int, end: int) -> bytes:
    """The first bytes, before anything is promised."""
    try:
        return await read(start, min(READ_BYTES, end - start))
    except (OSError, ValueError) as error:
        logger.warning("A download cannot begin: %s", error)
        raise Unavailable("The recording's files are damaged: restore them from a backup.") from error


async def _write(
    response: web.StreamResponse,
    data: bytes,
    start: int,
    end: int,
    may_go_on: Callable[[], Awaitable[None]],
    read: Read,
) -> None:
    """`data` is what comes first."""
    try:
        while True:
            await response.write(data)
            start += len(data)
            if start >= end:
                return
            await may_go_on()
            data = await read(start, min(READ_BYTES, end - start))
    except ConnectionError:
        response.force_close()
    except (OSError, ValueError, VtpError) as error:
        logger.info("A download ends before its end: %s", error)
        response.force_close()


def _link_to(recording_id: str, query: DownloadQuery) -> str:
    """Which download it is, in one way of writing it: what a link's grant is for."""
    return f"{recording_id}/download?{_clip_query(query)}"


def _clip_query(query: DownloadQuery) -> str:
    if query.part is not None:
        return f"part={query.part}&"
    start = f"from={query.start_s!r}&" if query.start_s else ""
    return start + (f"to={query.end_s!r}&" if query.end_s is not None else "")


def _attachment(title: str, query: DownloadQuery) -> str:
    """A name for the file: plain, and in full by RFC 8187."""
    name = (_UNFIT.sub("_", title).strip(" .") or "recording") + _stretch(query)
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}.mp4\"; filename*=UTF-8''{quote(name)}.mp4"


def _stretch(query: DownloadQuery) -> str:
    clip = query.clip
    if clip == Clip():
        return "" if query.part is None else f" {query.part}"
    return f" {_clock(clip.start_s)}-{_clock(clip.end_s) if clip.end_s is not None else 'end'}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}.{minutes % 60:02d}.{rest:02d}"
