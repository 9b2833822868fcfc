"""Files of courses over HTTP."""

from __future__ import annotations

import logging
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from vtp.accounts.replies import origin_of
from vtp.course_files.exporting import CourseExports, CourseFile
from vtp.course_files.importing import CourseImports
from vtp.course_files.manifest import MEDIA_TYPE
from vtp.course_files.schemas import (
    ExportCourseQuery,
    ExportLink,
    ImportCourseQuery,
    ImportedReply,
    LinkedExportQuery,
)
from vtp.courses.routes import BASE, COURSE
from vtp.errors import VtpError
from vtp.http.attachment import attachment
from vtp.http.routing import Access, Call, RouteTable

logger = logging.getLogger(__name__)

LINKED: Final = "/api/v1/course-exports"
_TAKEN: Final = (MEDIA_TYPE, "application/octet-stream")


def add_export_route(table: RouteTable, exports: CourseExports) -> None:
    """Declares how a course is taken away."""

    @table.get(
        COURSE + "/export",
        query=ExportCourseQuery,
        reply_types=MEDIA_TYPE,
        access=Access.VERIFIED,
        summary="Download a whole course as one file",
        description="A ZIP archive that another server imports: sections, lessons, series, announcements, "
        "materials with all versions of their files, assignments, questions, quizzes; with `recordings` what "
        "was recorded, with chapters and captions. People, and what they have handed in, answered and were "
        "given, are not in it, nor tracks that one person alone has recorded. It is written while it is "
        "sent: one that is broken off has no end, and is refused as such.",
        errors=(403, 404),
    )
    async def export_course(call: Call) -> web.StreamResponse:
        query: ExportCourseQuery = call.query
        made = await exports.export(
            call.principal, call.path["id"], origin_of(call), recordings=query.recordings
        )
        return await _sent(call, made)


def add_link_routes(table: RouteTable, exports: CourseExports) -> None:
    """Declares addresses that browsers fetch by themselves."""

    @table.post(
        COURSE + "/export/link",
        body=ExportCourseQuery,
        reply=ExportLink,
        access=Access.VERIFIED,
        summary="Ask for an address that the file of a course is fetched from without signing in",
        description="Good for five minutes to begin a download: browsers fetch large files by themselves, to "
        "the disk. Whoever has the address has the file, while who asked for it may have it.",
        errors=(403, 404),
    )
    async def link_export(call: Call) -> ExportLink:
        wish: ExportCourseQuery = call.body
        course_id, grant, ends_s = await exports.link(
            call.principal, call.path["id"], recordings=wish.recordings
        )
        query = f"grant={quote(grant, safe='')}" + ("&recordings=true" if wish.recordings else "")
        return ExportLink(url=f"{LINKED}/{course_id}?{query}", expires_at=datetime.fromtimestamp(ends_s, UTC))

    @table.get(
        LINKED + "/{id}",
        query=LinkedExportQuery,
        reply_types=MEDIA_TYPE,
        access=Access.PUBLIC,
        summary="Download the file of a course by a link",
        errors=(403, 404),
    )
    async def export_by_link(call: Call) -> web.StreamResponse:
        query: LinkedExportQuery = call.query
        made = await exports.by_link(
            call.path["id"], query.grant, origin_of(call), recordings=query.recordings
        )
        return await _sent(call, made)


async def _sent(call: Call, made: CourseFile) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": MEDIA_TYPE,
            "Content-Disposition": attachment(made.name),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
    )
    async with aclosing(made.pieces) as pieces:
        if call.request.method == "HEAD":
            await response.prepare(call.request)
            return response
        first = await anext(pieces)  # before anything is promised
        await response.prepare(call.request)
        try:
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
        except (OSError, ValueError, EOFError, VtpError) as error:
            logger.warning("The file of a course ends before its end: %s", error)
            _break_off(call.request)
            return response
    await response.write_eof()
    return response


def _break_off(request: web.Request) -> None:
    """Without the last chunk, so that clients notice."""
    if request.transport is not None:
        request.transport.abort()


def add_import_route(table: RouteTable, imports: CourseImports) -> None:
    """Declares how a course comes from elsewhere."""

    @table.post(
        BASE + "/import",
        query=ImportCourseQuery,
        raw_body=_TAKEN,
        streamed=True,
        reply=ImportedReply,
        access=Access.VERIFIED,
        summary="Make a course of a file that another one was downloaded as",
        description="The body is the file. All of it is taken, as a draft that belongs to the caller, or "
        "nothing: 422 `course_file_damaged`, `course_file_newer`, `course_recording_damaged`, "
        "`course_contents` with `errors`, or what uploads of files are refused with; 409 beyond a quota, 413 "
        "beyond the limit.",
        errors=(403, 409, 413),
    )
    async def import_course(call: Call) -> ImportedReply:
        query: ImportCourseQuery = call.query
        done = await imports.run(call.principal, call.pieces, origin_of(call), dry=query.dry_run)
        if done.kept:
            call.reply_headers["Location"] = f"{BASE}/{done.course.id}"
        return ImportedReply.of(done)
