"""Announcements over HTTP."""

from __future__ import annotations

from vtp.courses.announcement_schemas import (
    AnnouncementPage,
    AnnouncementReply,
    ChangeAnnouncement,
    CreateAnnouncement,
)
from vtp.courses.announcements import Announcements
from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.routes import COURSE
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable

_SHAPES = ItemShapes(CreateAnnouncement, ChangeAnnouncement, AnnouncementReply, AnnouncementReply.of)
_TEXTS = ItemTexts(
    "Tell a course something", "Read an announcement", "Change an announcement", "Take an announcement back"
)


def add_announcement_routes(table: RouteTable, announcements: Announcements) -> None:
    """Declares what staff tell a course."""

    @table.get(
        COURSE + "/announcements",
        query=PageQuery,
        reply=AnnouncementPage,
        access=Access.VERIFIED,
        summary="List a course's announcements, newest first",
        errors=(403, 404),
    )
    async def list_announcements(call: Call) -> AnnouncementPage:
        query: PageQuery = call.query
        found = await announcements.page(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return AnnouncementPage(items=[AnnouncementReply.of(one) for one in page], next_cursor=next_cursor)

    add_create_route(table, announcements, _SHAPES, _TEXTS)
    add_item_routes(table, announcements, _SHAPES, _TEXTS)
