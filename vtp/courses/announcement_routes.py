"""Announcements over HTTP."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
from vtp.courses.announcement_schemas import (
    AnnouncementPage,
    AnnouncementReply,
    ChangeAnnouncement,
    CreateAnnouncement,
)
from vtp.courses.announcements import Announcements
from vtp.courses.routes import COURSE
from vtp.http.etags import etag_of_model
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable

ANNOUNCEMENTS = COURSE + "/announcements"
ONE = ANNOUNCEMENTS + "/{announcement_id}"


def add_announcement_routes(table: RouteTable, announcements: Announcements) -> None:
    """Declares what staff tell a course."""

    @table.get(
        ANNOUNCEMENTS,
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

    @table.post(
        ANNOUNCEMENTS,
        body=CreateAnnouncement,
        reply=AnnouncementReply,
        status=201,
        access=Access.VERIFIED,
        summary="Tell a course something",
        errors=(403, 404, 409),
    )
    async def create_announcement(call: Call) -> AnnouncementReply:
        made = await announcements.create(call.principal, call.path["id"], call.body)
        call.reply_headers["Location"] = f"{call.request.path}/{made.id}"
        return AnnouncementReply.of(made)

    @table.get(
        ONE,
        reply=AnnouncementReply,
        access=Access.VERIFIED,
        summary="Read an announcement",
        errors=(403, 404),
    )
    async def get_announcement(call: Call) -> AnnouncementReply:
        return AnnouncementReply.of(
            await announcements.get(call.principal, call.path["id"], call.path["announcement_id"])
        )

    @table.patch(
        ONE,
        body=ChangeAnnouncement,
        reply=AnnouncementReply,
        access=Access.VERIFIED,
        summary="Change an announcement",
        description="With `If-Match` only the announcement that has this `ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_announcement(call: Call) -> AnnouncementReply:
        check = call.unless_changed(AnnouncementReply.of)
        changed = await announcements.change(
            call.principal, call.path["id"], call.path["announcement_id"], call.body, check
        )
        reply = AnnouncementReply.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(ONE, access=Access.VERIFIED, summary="Take an announcement back", errors=(403, 404, 409))
    async def delete_announcement(call: Call) -> None:
        await announcements.delete(
            call.principal, call.path["id"], call.path["announcement_id"], origin_of(call)
        )
