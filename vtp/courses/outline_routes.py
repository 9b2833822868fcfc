"""Sections and lessons over HTTP, and the order of a course."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
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
from vtp.http.etags import etag_of_model
from vtp.http.pagination import encode_cursor
from vtp.http.routing import Access, Call, RouteTable

SECTIONS = COURSE + "/sections"
LESSONS = COURSE + "/lessons"


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

    @table.post(
        SECTIONS,
        body=CreateSection,
        reply=SectionReply,
        status=201,
        access=Access.VERIFIED,
        summary="Add a section to a course",
        errors=(403, 404, 409),
    )
    async def create_section(call: Call) -> SectionReply:
        section = await sections.create(call.principal, call.path["id"], call.body)
        call.reply_headers["Location"] = f"{call.request.path}/{section.id}"
        return SectionReply.of(section)

    @table.get(
        SECTIONS + "/{section_id}",
        reply=SectionReply,
        access=Access.VERIFIED,
        summary="Read a section",
        errors=(403, 404),
    )
    async def get_section(call: Call) -> SectionReply:
        return SectionReply.of(await sections.get(call.principal, call.path["id"], call.path["section_id"]))

    @table.patch(
        SECTIONS + "/{section_id}",
        body=ChangeSection,
        reply=SectionReply,
        access=Access.VERIFIED,
        summary="Change a section",
        description="With `If-Match` only the section that has this `ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_section(call: Call) -> SectionReply:
        check = call.unless_changed(SectionReply.of)
        changed = await sections.change(
            call.principal, call.path["id"], call.path["section_id"], call.body, check
        )
        reply = SectionReply.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(
        SECTIONS + "/{section_id}",
        access=Access.VERIFIED,
        summary="Delete a section; its lessons stay in the course",
        errors=(403, 404, 409),
    )
    async def delete_section(call: Call) -> None:
        await sections.delete(call.principal, call.path["id"], call.path["section_id"], origin_of(call))

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

    @table.post(
        LESSONS,
        body=CreateLesson,
        reply=LessonReply,
        status=201,
        access=Access.VERIFIED,
        summary="Add a lesson to a course",
        errors=(403, 404, 409),
    )
    async def create_lesson(call: Call) -> LessonReply:
        lesson = await lessons.create(call.principal, call.path["id"], call.body)
        call.reply_headers["Location"] = f"{call.request.path}/{lesson.id}"
        return LessonReply.of(lesson)

    @table.get(
        LESSONS + "/{lesson_id}",
        reply=LessonReply,
        access=Access.VERIFIED,
        summary="Read a lesson",
        errors=(403, 404),
    )
    async def get_lesson(call: Call) -> LessonReply:
        return LessonReply.of(await lessons.get(call.principal, call.path["id"], call.path["lesson_id"]))

    @table.patch(
        LESSONS + "/{lesson_id}",
        body=ChangeLesson,
        reply=LessonReply,
        access=Access.VERIFIED,
        summary="Change a lesson",
        description="With `If-Match` only the lesson that has this `ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_lesson(call: Call) -> LessonReply:
        check = call.unless_changed(LessonReply.of)
        changed = await lessons.change(
            call.principal, call.path["id"], call.path["lesson_id"], call.body, check
        )
        reply = LessonReply.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(
        LESSONS + "/{lesson_id}",
        access=Access.VERIFIED,
        summary="Delete a lesson",
        errors=(403, 404, 409),
    )
    async def delete_lesson(call: Call) -> None:
        await lessons.delete(call.principal, call.path["id"], call.path["lesson_id"], origin_of(call))
