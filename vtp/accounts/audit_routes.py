"""The audit log over HTTP, for administrators: read, filtered, taken away as CSV."""

import json
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from vtp.accounts.audit import Event
from vtp.accounts.audit_trail import AuditFilter, AuditTrail, Entry
from vtp.accounts.permissions import Action, require
from vtp.accounts.replies import origin_of
from vtp.http.csv_answer import stream_csv
from vtp.http.moment import Moment
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.ids import parse_id

COLUMNS = (
    "id",
    "at",
    "event",
    "actor_id",
    "actor_name",
    "subject",
    "ip",
    "user_agent",
    "request_id",
    "details",
)


class AuditQuery(PageQuery):
    """Which entries to read."""

    event: Annotated[str, Field(max_length=64, description="One of `GET /audit/events`.")] = ""
    actor_id: Annotated[str | None, Field(max_length=36, description="Who did it.")] = None
    subject: Annotated[
        str, Field(max_length=128, description="What it was done to: `user:<id>`, `room:<id>`, …")
    ] = ""
    since: Annotated[Moment | None, Field(description="From this time on.")] = None
    until: Annotated[Moment | None, Field(description="Before this time.")] = None

    @property
    def filter(self) -> AuditFilter:
        """The same, as the log is asked. Raises Invalid for a malformed id."""
        actor_id = parse_id(self.actor_id, "/query/actor_id") if self.actor_id is not None else None
        return AuditFilter(self.event, actor_id, self.subject, self.since, self.until)


class AuditEntryReply(BaseModel):
    """One entry."""

    id: str
    at: datetime
    event: str
    actor_id: str | None
    actor_name: Annotated[str | None, Field(description="What the actor is called now.")]
    subject: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    details: dict[str, Any] | None


class AuditPage(BaseModel):
    """One page of the log."""

    items: list[AuditEntryReply]
    next_cursor: str | None


class EventNames(BaseModel):
    """What entries can be about."""

    items: list[str]


def build_routes(trail: AuditTrail) -> RouteTable:
    """Declares everything under `/api/v1/audit`."""
    table = RouteTable("audit", "Who did what to what, when and from where.")

    @table.get(
        "/api/v1/audit",
        query=AuditQuery,
        reply=AuditPage,
        summary="Read the audit log, newest first",
        errors=(403,),
    )
    async def read_audit(call: Call) -> AuditPage:
        query: AuditQuery = call.query
        limit, before = query.limit + 1, query.id_position()
        page, next_cursor = query.cut(
            await trail.page(call.principal, query.filter, limit=limit, before=before)
        )
        items = [AuditEntryReply.model_validate(entry, from_attributes=True) for entry in page]
        return AuditPage(items=items, next_cursor=next_cursor)

    @table.get(
        "/api/v1/audit/export",
        query=AuditQuery,
        reply_types="text/csv",
        summary="Take the audit log away as CSV",
        description="All that the filters leave, newest first; `limit` and `cursor` do not matter here.",
        errors=(403,),
    )
    async def export_audit(call: Call) -> web.StreamResponse:
        query: AuditQuery = call.query
        pages = await trail.export(call.principal, query.filter, origin_of(call))
        rows = ((_cells(entry) for entry in entries) async for entries in pages)
        return await stream_csv(call.request, "audit", COLUMNS, rows)

    @table.get("/api/v1/audit/events", reply=EventNames, summary="List the names of events", errors=(403,))
    async def list_audit_events(call: Call) -> EventNames:
        require(call.principal, Action.AUDIT_READ)
        return EventNames(items=sorted(event.value for event in Event))

    return table


def _cells(entry: Entry) -> list[object]:
    values = {name: getattr(entry, name) for name in COLUMNS}
    values["at"] = entry.at.isoformat()
    values["details"] = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    return [values[name] for name in COLUMNS]
