"""Materials and the files of courses over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web

from vtp.accounts.replies import origin_of
from vtp.accounts.service import account_of
from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.outline_schemas import not_a_cursor
from vtp.courses.routes import COURSE
from vtp.coursework.downloads import Downloads
from vtp.coursework.file_bytes import OpenFile
from vtp.coursework.files import Upload
from vtp.coursework.material_schemas import (
    ChangeMaterial,
    CreateMaterial,
    FileLink,
    FileName,
    FilePage,
    FileReply,
    LinkQuery,
    MaterialPage,
    MaterialQuery,
    MaterialReply,
)
from vtp.coursework.materials import Materials
from vtp.http.attachment import attachment
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.http.ranges import wanted_of
from vtp.http.routing import Access, Call, RouteTable
from vtp.recording.download_routes import send

LINKED = "/api/v1/course-files"
ANY_BYTES = "application/octet-stream"
TOOK_NOTHING = "409 beyond a quota, 413 beyond the limit, 422 for a name or content that is not taken"
MATERIAL = COURSE + "/materials/{material_id}"
_SHAPES = ItemShapes(CreateMaterial, ChangeMaterial, MaterialReply, MaterialReply.of)
_TEXTS = ItemTexts(
    "Add a material", "Read a material", "Change a material", "Delete a material with all its versions"
)


def upload_of(call: Call) -> Upload:
    """The file that a call brings."""
    query: FileName = call.query
    return Upload(account_of(call.principal), query.name, call.request.content_length, call.pieces)


def add_material_routes(table: RouteTable, materials: Materials) -> None:
    """Declares materials and their versions."""

    @table.get(
        COURSE + "/materials",
        query=MaterialQuery,
        reply=MaterialPage,
        access=Access.VERIFIED,
        summary="List a course's materials, newest first",
        errors=(403, 404),
    )
    async def list_materials(call: Call) -> MaterialPage:
        query: MaterialQuery = call.query
        found = await materials.page(
            call.principal,
            call.path["id"],
            query.lesson_id,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        return MaterialPage(items=[MaterialReply.of(one) for one in page], next_cursor=next_cursor)

    add_create_route(table, materials, _SHAPES, _TEXTS)
    add_item_routes(table, materials, _SHAPES, _TEXTS)
    _add_version_routes(table, materials)


def _add_version_routes(table: RouteTable, materials: Materials) -> None:
    @table.post(
        MATERIAL + "/versions",
        query=FileName,
        raw_body=ANY_BYTES,
        streamed=True,
        reply=FileReply,
        status=201,
        access=Access.VERIFIED,
        summary="Upload a new version of a material",
        description=f"The body is the file. Nothing is kept of what is refused: {TOOK_NOTHING}.",
        errors=(403, 404, 409, 413),
    )
    async def add_material_version(call: Call) -> FileReply:
        added = await materials.add_version(
            call.principal, call.path["id"], call.path["material_id"], upload_of(call), origin_of(call)
        )
        call.reply_headers["Location"] = f"/api/v1/courses/{added.course_id}/files/{added.id}"
        return FileReply.of(added)

    @table.get(
        MATERIAL + "/versions",
        query=PageQuery,
        reply=FilePage,
        access=Access.VERIFIED,
        summary="List the versions of a material, newest first",
        description="Staff see all of them, students the newest.",
        errors=(403, 404),
    )
    async def list_material_versions(call: Call) -> FilePage:
        query: PageQuery = call.query
        before = query.position()
        if before is not None and not (type(before) is int and 0 < before < 2**31):
            raise not_a_cursor()
        found = await materials.versions(
            call.principal,
            call.path["id"],
            call.path["material_id"],
            limit=query.limit + 1,
            before=before,
        )
        page = found[: query.limit]
        more = encode_cursor(page[-1].version) if len(found) > query.limit else None
        return FilePage(items=[FileReply.of(one) for one in page], next_cursor=more)

    @table.delete(
        MATERIAL + "/versions/{file_id}",
        access=Access.VERIFIED,
        summary="Delete a version of a material",
        errors=(403, 404, 409),
    )
    async def delete_material_version(call: Call) -> None:
        await materials.remove_version(
            call.principal,
            call.path["id"],
            call.path["material_id"],
            call.path["file_id"],
            origin_of(call),
        )


def add_download_route(table: RouteTable, downloads: Downloads) -> None:
    """Declares how a file is had, whatever holds it."""

    @table.get(
        COURSE + "/files/{file_id}",
        reply_types=ANY_BYTES,
        access=Access.VERIFIED,
        summary="Download a file of a course",
        description="Always as an attachment, in ranges too; of a submission only its owners and staff have "
        "it, of feedback only once the grade is released.",
        errors=(403, 404, 410),
        also=(206, 304),
    )
    async def download_course_file(call: Call) -> web.StreamResponse:
        found = await downloads.find(call.principal, call.path["id"], call.path["file_id"])
        return await _sent(call, found)

    @table.post(
        COURSE + "/files/{file_id}/link",
        reply=FileLink,
        access=Access.VERIFIED,
        summary="Ask for an address that a file is fetched from without signing in",
        description="Good for five minutes to begin a download: browsers fetch large files by themselves, to "
        "the disk and in ranges. Whoever has the address has the file, while who asked for it may have it.",
        errors=(403, 404, 410),
    )
    async def link_course_file(call: Call) -> FileLink:
        file, grant, ends_s = await downloads.link(call.principal, call.path["id"], call.path["file_id"])
        url = f"{LINKED}/{file.id}?grant={quote(grant, safe='')}"
        return FileLink(url=url, expires_at=datetime.fromtimestamp(ends_s, UTC))

    @table.get(
        LINKED + "/{file_id}",
        query=LinkQuery,
        reply_types=ANY_BYTES,
        access=Access.PUBLIC,
        summary="Download a file of a course by a link",
        errors=(403, 404, 410),
        also=(206, 304),
    )
    async def download_linked_file(call: Call) -> web.StreamResponse:
        query: LinkQuery = call.query
        return await _sent(call, await downloads.by_link(call.path["file_id"], query.grant))


async def _sent(call: Call, found: OpenFile) -> web.StreamResponse:
    """As an attachment that runs nothing. Beside an object store with the tag that it has from there, so that
    a client goes on by ranges from wherever it lies by then."""
    file = found.file
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": attachment(file.name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Referrer-Policy": "no-referrer",
    }
    if found.path is not None:
        return web.FileResponse(found.path, headers=headers)
    wanted = wanted_of(call.request, found.etag, found.size)
    return await send(call.request, found, headers, _goes_on, found.within(wanted.start, wanted.end))


async def _goes_on() -> None:
    """What has begun is given as a whole."""
