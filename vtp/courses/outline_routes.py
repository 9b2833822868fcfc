"""Sections and lessons over HTTP, and the order of a course."""

from __future__ import annotations

from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.lessons import Lessons
from vtp.courses.outline_schemas import (
    ChangeLesson,
    ChangeSection,
    CreateLesson,
    CreateSection,
    LessonPage,
    LessonQuery,
    LessonReply,
    Outline,
    SectionPage,
    SectionQuery,
    SectionReply,
)
from vtp.courses.outline_store import LessonFilter
from vtp.courses.routes import COURSE
from vtp.courses.sections import Sections
from vtp.http.pagination import encode_cursor
from vtp.http.routing import Access, Call, RouteTable

SECTIONS = COURSE + "/sections"
LESSONS = COURSE + "/lessons"
_SECTION = ItemShapes(CreateSection, ChangeSection, SectionReply, SectionReply.of)
_SECTION_TEXTS = ItemTexts(
    "Add a section to a course",
    "Read a section",
    "Change a section",
    "Delete a section; its lessons stay in the course",
)
_LESSON = ItemShapes(CreateLesson, ChangeLesson, LessonReply, LessonReply.of)
_LESSON_TEXTS = ItemTexts("Add a lesson to a course", "Read a lesson", "Change a lesson", "Delete a lesson")


def add_section_routes(table: RouteTable, sections: Sections) -> None:
    """Declares sections, and the order of everything."""

    @table.get(
        SECTIONS,
        query=SectionQuery,
        reply=SectionPage,
        access=Access.VERIFIED,
        summary="List a course's sections in their order",
        errors=(403, 404),
    )
    async def list_sections(call: Call) -> SectionPage:
        query: SectionQuery = call.query
        found = await sections.page(
            call.principal, call.path["id"], limit=query.limit + 1, after=query.place()
        )
        page = found[: query.limit]
        more = len(found) > query.limit
        return SectionPage(
            items=[SectionReply.of(section) for section in page],
            next_cursor=encode_cursor([page[-1].position, page[-1].id]) if more else None,
        )

    add_create_route(table, sections, _SECTION, _SECTION_TEXTS)
    add_item_routes(table, sections, _SECTION, _SECTION_TEXTS)

    @table.put(
        COURSE + "/order",
        body=Outline,
        access=Access.VERIFIED,
        summary="Put sections and lessons into another order",
        description="Names every section and every lesson of the course once; 409 where somebody has added "
        "or deleted one meanwhile.",
        errors=(403, 404, 409),
    )
    async def order_course(call: Call) -> None:
        await sections.put_in_order(call.principal, call.path["id"], call.body)


def add_lesson_routes(table: RouteTable, lessons: Lessons) -> None:
    """Declares lessons."""

    @table.get(
        LESSONS,
        query=LessonQuery,
        reply=LessonPage,
        access=Access.VERIFIED,
        summary="List a course's lessons in their order",
        description="Students get those that are released.",
        errors=(403, 404),
    )
    async def list_lessons(call: Call) -> LessonPage:
        query: LessonQuery = call.query
        found = await lessons.page(
            call.principal,
            call.path["id"],
            LessonFilter(query.kind or "", query.section_id),
            limit=query.limit + 1,
            after=query.place(),
        )
        page = found[: query.limit]
        more = len(found) > query.limit
        return LessonPage(
            items=[LessonReply.of(lesson) for lesson, _ in page],
            next_cursor=encode_cursor(page[-1][1]) if more else None,
        )

    add_create_route(table, lessons, _LESSON, _LESSON_TEXTS)
    add_item_routes(table, lessons, _LESSON, _LESSON_TEXTS)
