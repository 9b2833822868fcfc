"""Series of live lessons over HTTP."""

from __future__ import annotations

from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.routes import COURSE
from vtp.courses.schedule_schemas import ChangeSchedule, CreateSchedule, SchedulePage, ScheduleReply
from vtp.courses.schedules import Schedules
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable

_SHAPES = ItemShapes(CreateSchedule, ChangeSchedule, ScheduleReply, ScheduleReply.of)
_TEXTS = ItemTexts(
    "Schedule a series of live lessons",
    "Read a series",
    "Change a series: what has not begun is moved, but for what was moved or cancelled by itself",
    "Delete a series with the lessons that have not begun",
)


def add_schedule_routes(table: RouteTable, schedules: Schedules) -> None:
    """Declares series, for a course's staff."""

    @table.get(
        COURSE + "/schedules",
        query=PageQuery,
        reply=SchedulePage,
        access=Access.VERIFIED,
        summary="List a course's series of live lessons, newest first",
        errors=(403, 404),
    )
    async def list_schedules(call: Call) -> SchedulePage:
        query: PageQuery = call.query
        found = await schedules.page(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return SchedulePage(items=[ScheduleReply.of(one) for one in page], next_cursor=next_cursor)

    add_create_route(table, schedules, _SHAPES, _TEXTS)
    add_item_routes(table, schedules, _SHAPES, _TEXTS)
