"""What live lessons have besides what all lessons do, over HTTP."""

from __future__ import annotations

from vtp.courses.lesson_people import LessonAttendance
from vtp.courses.lesson_schemas import LessonPeoplePage
from vtp.courses.outline_routes import LESSONS
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable


def add_live_lesson_routes(table: RouteTable, attendance: LessonAttendance) -> None:
    """Declares who is in a lesson."""

    @table.get(
        LESSONS + "/{lesson_id}/people",
        query=PageQuery,
        reply=LessonPeoplePage,
        access=Access.VERIFIED,
        summary="See who was expected in a live lesson, and who is there now",
        description="For the course's staff: who is enrolled, page by page, and everybody else in the room.",
        errors=(403, 404),
    )
    async def list_lesson_people(call: Call) -> LessonPeoplePage:
        query: PageQuery = call.query
        found = await attendance.read(
            call.principal,
            call.path["id"],
            call.path["lesson_id"],
            limit=query.limit + 1,
            after=query.id_position(),
        )
        page, next_cursor = query.cut(found.expected)
        return LessonPeoplePage.of(found, page, next_cursor)
