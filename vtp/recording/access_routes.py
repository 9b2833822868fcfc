"""Who opened a recording, over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from vtp.http.pagination import Page, PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.recording.access_log import AccessEntry, AccessLog


class AccessReply(BaseModel):
    """Somebody did something with a recording; `user_id` and `link_id` are both null for the public."""

    id: str
    at: datetime
    action: str
    user_id: str | None
    user_name: str | None
    link_id: str | None
    link_title: str | None
    ip_address: str | None
    user_agent: str | None


class AccessPage(Page[AccessReply]):
    """One page of entries."""


def add_access_routes(table: RouteTable, log: AccessLog) -> None:
    """Declares the list."""

    @table.get(
        "/api/v1/recordings/{id}/access-log",
        query=PageQuery,
        reply=AccessPage,
        summary="List who opened, downloaded and shared a recording, newest first",
        errors=(403, 404),
    )
    async def list_access(call: Call) -> AccessPage:
        query: PageQuery = call.query
        before = query.id_position()
        found = await log.page(call.principal, call.path["id"], limit=query.limit + 1, before=before)
        page, next_cursor = query.cut(found)
        return AccessPage(items=[_reply(entry) for entry in page], next_cursor=next_cursor)


def _reply(entry: AccessEntry) -> AccessReply:
    return AccessReply(**{name: getattr(entry, name) for name in AccessEntry.__slots__})
