"""Captions over HTTP: put, listed, deleted, read; and as players of HLS and DASH fetch them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.accounts.routes import origin_of
from vtp.errors import NotFound
from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.http.text import check_line
from vtp.recording.admission import Admission
from vtp.recording.caption_store import Captions
from vtp.recording.caption_views import TEXT_NAME, WHOLE_NAME, render_subtitles, segment_text
from vtp.recording.captions import CaptionShelf
from vtp.recording.playlist import PLAYLIST_NAME, PLAYLIST_TYPE
from vtp.recording.service import Recordings
from vtp.recording.webvtt import MAX_BYTES, VTT_TYPE

BASE = "/api/v1/recordings/{id}"
_TYPE = f"{VTT_TYPE}; charset=utf-8"


class CaptionQuery(BaseModel):
    """How a language is called in players' menus; as browsers call it, when nothing is said."""

    label: Annotated[str, Field(max_length=100), AfterValidator(check_line)] = ""


class TypeLine(BaseModel):
    """A line to be typed; `at`: seconds of the recording, now when it is not said."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=500), AfterValidator(check_line), Field(min_length=1)]
    at: Annotated[float | None, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = None


class LineReply(BaseModel):
    """A line that was typed, and when it is shown, in seconds of the recording."""

    recording_id: str
    language: str
    text: str
    at: float


class CaptionReply(BaseModel):
    """The captions of a recording in one language. `typed`: line by line while it was recorded."""

    language: str
    label: str
    cues: int
    typed: bool
    url: str
    created_at: datetime
    updated_at: datetime


class CaptionList(BaseModel):
    """All languages of a recording."""

    items: list[CaptionReply]


def add_caption_routes(
    table: RouteTable, recordings: Recordings, captions: CaptionShelf, admission: Admission
) -> None:
    """Declares the captions of recordings."""
    media = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": (401, 403, 404, 410, 503)}

    @table.get(f"{BASE}/captions", reply=CaptionList, summary="List the captions of a recording", **media)
    async def list_captions(call: Call) -> CaptionList:
        recording_id = await admission.admit(call)
        return CaptionList(items=[_reply(one) for one in await captions.of(recording_id)])

    @table.put(
        f"{BASE}/captions/{{language}}",
        raw_body=(VTT_TYPE,),
        max_body_bytes=MAX_BYTES,
        query=CaptionQuery,
        reply=CaptionReply,
        summary="Put the captions of one language (a BCP 47 tag), as WebVTT",
        description="The file is read strictly, and served as we write it anew, without styles, regions and "
        "comments; `errors` names the lines that are at fault.",
        errors=(403, 404, 409),
    )
    async def put_captions(call: Call) -> CaptionReply:
        path, label = call.path, call.query.label
        origin = origin_of(call)
        return _reply(
            await captions.put(call.principal, path["id"], path["language"], call.raw, label, origin)
        )

    @table.get(
        f"{BASE}/captions/{{language}}",
        summary="Read the captions of one language, as WebVTT",
        reply_types=(VTT_TYPE,),
        also=(304,),
        **media,
    )
    async def get_captions(call: Call) -> web.Response:
        recording_id = await admission.admit(call)
        return await _text(call, captions, await captions.find(recording_id, call.path["language"]))

    @table.delete(
        f"{BASE}/captions/{{language}}",
        status=204,
        summary="Delete the captions of one language",
        errors=(403, 404),
    )
    async def delete_captions(call: Call) -> None:
        await captions.remove(call.principal, call.path["id"], call.path["language"], origin_of(call))

    @table.post(
        f"{BASE}/captions/{{language}}/restore",
        reply=CaptionReply,
        summary="Bring back the captions of one language that were deleted less than an hour ago",
        errors=(403, 404, 409),
    )
    async def restore_captions(call: Call) -> CaptionReply:
        path = call.path
        return _reply(await captions.restore(call.principal, path["id"], path["language"], origin_of(call)))

    @table.post(
        f"{BASE}/captions/{{language}}/lines",
        body=TypeLine,
        reply=LineReply,
        status=201,
        summary="Type a line of captions while it is recorded; the class is told by `caption`",
        errors=(403, 404, 409),
    )
    async def type_caption_line(call: Call) -> LineReply:
        body: TypeLine = call.body
        at_ms = None if body.at is None else round(body.at * 1000)
        path = call.path
        line = await captions.type_line(
            call.principal, path["id"], path["language"], body.text, at_ms, origin_of(call)
        )
        return LineReply(
            recording_id=line.recording_id,
            language=line.language,
            text=line.text,
            at=line.start_ms / 1000,
        )

    files = {**media, "reply_types": (PLAYLIST_TYPE, VTT_TYPE), "also": (304,)}

    @table.get(
        f"{MEDIA_BY_PATH}{{grant}}/{{id}}/captions/{{language}}/{{name}}",
        summary="Captions by an address that holds the grant",
        **files,
    )
    async def get_caption_file_by_path(call: Call) -> web.Response:
        found: web.Response = await get_caption_file(call)
        return found

    @table.get(
        f"{BASE}/stream/captions/{{language}}/{{name}}",
        summary="Fetch the playlist or the text of captions, as players do",
        **files,
    )
    async def get_caption_file(call: Call) -> web.Response:
        recording_id = await admission.admit(call)
        view = await recordings.view(recording_id)
        found = await captions.find(recording_id, call.path["language"])
        name = call.path["name"]
        if name == PLAYLIST_NAME and view.ended:
            return _answer(call, render_subtitles(view.duration_s), PLAYLIST_TYPE)
        if name == WHOLE_NAME:
            return await _text(call, captions, found, segment_text)
        if name == TEXT_NAME:
            return await _text(call, captions, found)
        raise NotFound("This recording has no such file.", code="no_such_file")


def _reply(one: Captions) -> CaptionReply:
    return CaptionReply(
        language=one.language,
        label=one.label,
        cues=one.cues,
        typed=one.is_typed,
        url=f"/api/v1/recordings/{one.recording_id}/captions/{one.language}",
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


async def _text(
    call: Call, captions: CaptionShelf, found: Captions, shape: Callable[[str], str] = str
) -> web.Response:
    """Its tag is of its row, so that who has the text costs no more than that."""
    headers = _headers(f"{shape.__name__} {found}")
    if matches_none(call.request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    text = shape(await captions.text(found))
    return web.Response(body=text.encode(), headers=headers | {"Content-Type": _TYPE})


def _answer(call: Call, text: str, content_type: str) -> web.Response:
    headers = _headers(text)
    if matches_none(call.request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(body=text.encode(), headers=headers | {"Content-Type": content_type})


def _headers(represented: str) -> dict[str, str]:
    return {"ETag": etag_of(represented), "Cache-Control": "no-store"}
