"""Notifications over HTTP: one's own."""

from __future__ import annotations

from typing import Final

from vtp.http.routing import Access, Call, RouteTable
from vtp.notifications.schemas import (
    MarkAll,
    MarkedReply,
    MarkNotification,
    NotificationPage,
    NotificationQuery,
    NotificationReply,
    UnreadReply,
)
from vtp.notifications.service import Notifications

NOTIFICATIONS: Final = "/api/v1/notifications"


def build_routes(notifications: Notifications) -> RouteTable:
    """Declares what somebody was told."""
    table = RouteTable("notifications", "What one was told: announcements, lessons, recordings, places.")

    @table.get(
        NOTIFICATIONS,
        query=NotificationQuery,
        reply=NotificationPage,
        access=Access.VERIFIED,
        summary="List what one was told, newest first",
        errors=(403,),
    )
    async def list_notifications(call: Call) -> NotificationPage:
        query: NotificationQuery = call.query
        found = await notifications.page(
            call.principal, unread=query.unread, limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return NotificationPage(items=[NotificationReply.of(one) for one in page], next_cursor=next_cursor)

    @table.get(
        NOTIFICATIONS + "/unread",
        reply=UnreadReply,
        access=Access.VERIFIED,
        summary="Count what one has not read",
        errors=(403,),
    )
    async def count_unread_notifications(call: Call) -> UnreadReply:
        return UnreadReply(unread=await notifications.unread(call.principal))

    @table.post(
        NOTIFICATIONS + "/read",
        body=MarkAll,
        reply=MarkedReply,
        access=Access.VERIFIED,
        summary="Mark everything as read",
        errors=(403,),
    )
    async def read_all_notifications(call: Call) -> MarkedReply:
        marked, unread = await notifications.mark_all(call.principal, call.body.up_to)
        return MarkedReply(marked=marked, unread=unread)

    @table.patch(
        NOTIFICATIONS + "/{notification_id}",
        body=MarkNotification,
        reply=NotificationReply,
        access=Access.VERIFIED,
        summary="Mark one as read, or as not read",
        errors=(403, 404),
    )
    async def mark_notification(call: Call) -> NotificationReply:
        marked = await notifications.mark(call.principal, call.path["notification_id"], read=call.body.read)
        return NotificationReply.of(marked)

    return table
