"""Calendars over HTTP: their addresses, and what is there."""

from __future__ import annotations

from aiohttp import web

from vtp.courses.calendar_schemas import CalendarPage, CalendarReply, NewCalendar, RenewCalendar
from vtp.courses.calendars import PATH, Calendars
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable

CALENDARS = "/api/v1/calendars"
CALENDAR_TYPE = "text/calendar"


def add_calendar_routes(table: RouteTable, calendars: Calendars) -> None:
    """Declares a person's calendars."""

    @table.get(
        CALENDARS,
        query=PageQuery,
        reply=CalendarPage,
        access=Access.VERIFIED,
        summary="List one's calendars, without their addresses",
        errors=(403,),
    )
    async def list_calendars(call: Call) -> CalendarPage:
        query: PageQuery = call.query
        found = await calendars.page(call.principal, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        return CalendarPage(items=[CalendarReply.of(one) for one in page], next_cursor=next_cursor)

    @table.post(
        CALENDARS,
        body=RenewCalendar,
        reply=NewCalendar,
        status=201,
        access=Access.VERIFIED,
        summary="Make a calendar to follow, or give it another address",
        description="The address is told once. The one that there was before shows nothing any more.",
        errors=(403, 404),
    )
    async def renew_calendar(call: Call) -> NewCalendar:
        feed, url = await calendars.renew(call.principal, call.body.course_id)
        return NewCalendar(**CalendarReply.of(feed).model_dump(), url=url)

    @table.delete(
        CALENDARS + "/{calendar_id}", access=Access.VERIFIED, summary="End a calendar", errors=(403, 404)
    )
    async def delete_calendar(call: Call) -> None:
        await calendars.delete(call.principal, call.path["calendar_id"])

    @table.get(
        PATH + "{token}",
        access=Access.PUBLIC,
        reply_types=(CALENDAR_TYPE,),
        summary="Follow a calendar (iCalendar, RFC 5545)",
        description="For calendar programs, by the secret address; what its owner sees now.",
        errors=(404,),
    )
    async def read_calendar(call: Call) -> web.Response:
        body = await calendars.read(call.path["token"])
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": 'inline; filename="lessons.ics"',
        }
        return web.Response(body=body, content_type=CALENDAR_TYPE, charset="utf-8", headers=headers)
