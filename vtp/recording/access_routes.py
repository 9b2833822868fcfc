"""Who opened a recording, over HTTP: read, filtered, taken away as CSV."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from vtp.http.csv_answer import stream_csv
from vtp.http.csv_cells import TYPE
from vtp.http.moment import Moment
from vtp.http.pagination import Page, PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.recording.access_entries import AccessEntry, AccessFilter, Did
from vtp.recording.access_log import AccessLog

PATH = "/api/v1/recordings/{id}/access-log"
COLUMNS = AccessEntry.__slots__


class AccessQuery(PageQuery):
    """Which entries to read."""

    action: Annotated[Did | None, Field(description="What was done.")] = None
    q: Annotated[
        str, Field(max_length=200, description="Words in what the account or the link is called.")
    ] = ""
    since: Annotated[Moment | None, Field(description="From this time on.")] = None
    until: Annotated[Moment | None, Field(description="Before this time.")] = None

    @property
    def filter(self) -> AccessFilter:
        """The same, as the log is asked."""
        return AccessFilter(self.action, self.q.strip(), self.since, self.until)


class AccessReply(BaseModel):
    """Somebody did something with a recording; `user_id` and `link_id` are both null for the public."""

    id: str
    at: datetime
    action: Annotated[str, Field(description="`opened`, `downloaded` or `shared`.")]
    user_id: str | None
    user_name: Annotated[str | None, Field(description="What the account is called now.")]
    link_id: Annotated[str | None, Field(description="The link by which they came, or that they made.")]
    link_title: str | None
    ip_address: str | None
    user_agent: str | None
    bytes_transferred: Annotated[
        int | None,
        Field(description="Of a download that has ended, all its ranges together; null of all else."),
    ]
    duration_seconds: Annotated[float | None, Field(description="How long sending those took.")]
    status: Annotated[
        Literal["success"], Field(description="Who was refused is in the audit log, and not here.")
    ]


class AccessPage(Page[AccessReply]):
    """One page of entries."""


def add_access_routes(table: RouteTable, log: AccessLog) -> None:
    """Declares the list, and the same as a file."""

    @table.get(
        PATH,
        query=AccessQuery,
        reply=AccessPage,
        summary="List who opened, downloaded and shared a recording, newest first",
        errors=(403, 404),
    )
    async def list_access(call: Call) -> AccessPage:
        query: AccessQuery = call.query
        limit, before = query.limit + 1, query.id_position()
        found = await log.page(call.principal, call.path["id"], query.filter, limit=limit, before=before)
        page, next_cursor = query.cut(found)
        return AccessPage(items=[_reply(entry) for entry in page], next_cursor=next_cursor)

    @table.get(
        f"{PATH}/export",
        query=AccessQuery,
        reply_types=TYPE,
        summary="Take away who opened, downloaded and shared a recording, as CSV",
        description="All that the filters leave, newest first; `limit` and `cursor` do not matter here.",
        errors=(403, 404),
    )
    async def export_access(call: Call) -> web.StreamResponse:
        query: AccessQuery = call.query
        pages = await log.export(call.principal, call.path["id"], query.filter)
        rows = ((_cells(entry) for entry in entries) async for entries in pages)
        return await stream_csv(call.request, "access", COLUMNS, rows)


def _reply(entry: AccessEntry) -> AccessReply:
    return AccessReply(**{name: getattr(entry, name) for name in AccessEntry.__slots__})


def _cells(entry: AccessEntry) -> list[object]:
    values = {name: getattr(entry, name) for name in COLUMNS} | {"at": entry.at.isoformat()}
    return [values[name] for name in COLUMNS]
