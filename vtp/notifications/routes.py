"""Notifications over HTTP: one's own."""

from __future__ import annotations

from typing import Final

from vtp.http.routing import Access, Call, RouteTable
from vtp.notifications.build import NotificationParts
from vtp.notifications.kinds import MailChoice
from vtp.notifications.schemas import (
    ChangeChoices,
    ChoicesReply,
    MarkAll,
    MarkedReply,
    MarkNotification,
    NotificationPage,
    NotificationQuery,
    NotificationReply,
    ReaderQuery,
    UnreadReply,
)
from vtp.notifications.service import Notifications
from vtp.notifications.unsubscribe_routes import add_unsubscribe_routes

NOTIFICATIONS: Final = "/api/v1/notifications"


def build_routes(parts: NotificationParts) -> RouteTable:
    """Declares what somebody was told, and what of it goes by mail."""
    table = RouteTable("notifications", "What one was told: announcements, lessons, recordings, places.")
    add_unsubscribe_routes(table, parts.unsubscribing)
    _add_choice_routes(table, parts)
    _add_list_routes(table, parts.service)
    return table


def _add_choice_routes(table: RouteTable, parts: NotificationParts) -> None:
    @table.get(
        NOTIFICATIONS + "/settings",
        reply=ChoicesReply,
        access=Access.VERIFIED,
        summary="See what one gets by mail",
        errors=(403,),
    )
    async def read_notification_settings(call: Call) -> ChoicesReply:
        return ChoicesReply.of(await parts.choices.read(call.principal), mails=parts.sends_mails)

    @table.patch(
        NOTIFICATIONS + "/settings",
        body=ChangeChoices,
        reply=ChoicesReply,
        access=Access.VERIFIED,
        summary="Choose what one gets by mail, and when the mail of the day comes",
        errors=(403,),
    )
    async def change_notification_settings(call: Call) -> ChoicesReply:
        wish: ChangeChoices = call.body
        kinds = {one: MailChoice(mail) if mail else None for one, mail in wish.kinds.items()}
        changed = await parts.choices.change(call.principal, kinds, wish.time_zone, wish.digest_hour)
        return ChoicesReply.of(changed, mails=parts.sends_mails)


def _add_list_routes(table: RouteTable, notifications: Notifications) -> None:

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
            call.principal,
            unread=query.unread,
            limit=query.limit + 1,
            before=query.id_position(),
            time_zone=query.zone,
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
        query=ReaderQuery,
        reply=NotificationReply,
        access=Access.VERIFIED,
        summary="Mark one as read, or as not read",
        errors=(403, 404),
    )
    async def mark_notification(call: Call) -> NotificationReply:
        marked = await notifications.mark(
            call.principal,
            call.path["notification_id"],
            read=call.body.read,
            time_zone=call.query.zone,
        )
        return NotificationReply.of(marked)
