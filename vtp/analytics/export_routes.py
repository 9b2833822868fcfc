"""Statements to take away, over HTTP: written while they are read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.routes import origin_of
from vtp.analytics.exports import Exports, Form
from vtp.analytics.paths import Doubled
from vtp.analytics.schemas import Id
from vtp.http.attachment import attachment
from vtp.http.routing import Access, Call

JSON = "application/json"


class ExportQuery(BaseModel):
    """Of which course, and as what."""

    model_config = ConfigDict(extra="ignore")

    course_id: Id
    format: Annotated[
        Form, Field(description="xAPI statements (Video Profile 1.0.3), or events of Caliper 1.1.")
    ] = "xapi"


def add_export_routes(table: Doubled, exports: Exports) -> None:
    """Declares taking statements away."""

    @table.get(
        "/export",
        query=ExportQuery,
        reply_types=JSON,
        access=Access.VERIFIED,
        summary="Take away what was watched in a course, as xAPI statements or Caliper events",
        description="A JSON array, which learning record stores take as it is. Students get their own alone.",
        errors=(403, 404),
    )
    async def export_analytics(call: Call) -> web.StreamResponse:
        query: ExportQuery = call.query
        pages = await exports.of_course(call.principal, query.course_id, query.format, origin_of(call))
        return await _stream(call.request, f"{query.format}-{query.course_id}.json", pages)


async def _stream(
    request: web.Request, name: str, pages: AsyncIterator[list[dict[str, Any]]]
) -> web.StreamResponse:
    headers = {
        "Content-Type": JSON,
        "Content-Disposition": attachment(name),
        "Cache-Control": "no-store",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    before = "["
    async for page in pages:
        text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in page)
        await response.write((before + text).encode())
        before = ",\n"
    await response.write(b"[]" if before == "[" else b"]")
    await response.write_eof()
    return response
