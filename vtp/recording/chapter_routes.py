"""Chapters over HTTP, as JSON or as WebVTT."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vtp.accounts.routes import origin_of
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.http.text import Name
from vtp.recording.admission import HOLDER, Admission
from vtp.recording.chapter_list import Chapter, Kind, Placed, chapters_vtt
from vtp.recording.chapters import Chapters
from vtp.recording.holders import knows_people, viewer_of
from vtp.recording.webvtt import VTT_TYPE

PATH = "/api/v1/recordings/{id}/chapters"
MAX_SET = 500


class OwnChapter(BaseModel):
    """A chapter as staff set it."""

    model_config = ConfigDict(extra="ignore")

    start_seconds: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
    title: Name


class SetChapters(BaseModel):
    """All chapters, in order."""

    chapters: Annotated[list[OwnChapter], Field(max_length=MAX_SET)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for before, after in pairwise(self.chapters):
            if after.start_seconds <= before.start_seconds:
                raise ValueError("each chapter must begin after the one before it")
        return self


class ChapterReply(BaseModel):
    """A chapter; `kind` says what it begins with."""

    start_seconds: float
    end_seconds: float
    title: str
    kind: Kind


class ChapterList(BaseModel):
    """All chapters of a recording. `own`: staff have set them."""

    recording_id: str
    own: bool
    chapters: list[ChapterReply]


def add_chapter_routes(table: RouteTable, chapters: Chapters, admission: Admission) -> None:
    """Declares reading and setting them."""

    @table.get(
        PATH,
        reply=ChapterList,
        reply_types=(VTT_TYPE,),
        summary="List the chapters of a recording; as WebVTT to who accepts text/vtt",
        access=Access.MEDIA,
        limit=Limit.PLAYBACK,
        errors=(401, 403, 404, 410, 503),
    )
    async def get_chapters(call: Call) -> ChapterList | web.Response:
        recording_id = await admission.admit(call)
        placed, own = await chapters.of(recording_id)
        if not _has_account(call):
            placed = [one.without_name() for one in placed]
        call.reply_headers["Vary"] = "Accept"
        if VTT_TYPE in call.request.headers.get("Accept", ""):
            headers = {"Content-Type": f"{VTT_TYPE}; charset=utf-8", "Cache-Control": "no-store"}
            return web.Response(body=chapters_vtt(placed).encode(), headers=headers)
        return _list(recording_id, placed, own=own)

    @table.put(
        PATH,
        body=SetChapters,
        reply=ChapterList,
        summary="Set the chapters of a recording, in place of all",
        errors=(403, 404, 410),
    )
    async def set_chapters(call: Call) -> ChapterList:
        body: SetChapters = call.body
        wanted = [Chapter(round(one.start_seconds * 1000), Kind.OWN, one.title) for one in body.chapters]
        placed, own = await chapters.put(call.principal, call.path["id"], wanted, origin_of(call))
        return _list(call.path["id"].lower(), placed, own=own)

    @table.delete(
        PATH,
        status=204,
        summary="Go back to the chapters that come from what happened",
        errors=(403, 404),
    )
    async def reset_chapters(call: Call) -> None:
        await chapters.reset(call.principal, call.path["id"], origin_of(call))


def _has_account(call: Call) -> bool:
    """Whether presenters' names are for the caller: not by a link, nor for whoever sees what is public."""
    holder = call.request[HOLDER]
    caller = call.principal_or_none
    by_account = viewer_of(holder).user_id is not None and knows_people(holder)
    return by_account or (caller is not None and caller.user_id is not None)


def _list(recording_id: str, placed: list[Placed], *, own: bool) -> ChapterList:
    return ChapterList(
        recording_id=recording_id,
        own=own,
        chapters=[
            ChapterReply(
                start_seconds=one.chapter.start_ms / 1000,
                end_seconds=one.end_ms / 1000,
                title=one.chapter.words,
                kind=one.chapter.kind,
            )
            for one in placed
        ],
    )
