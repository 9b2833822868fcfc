"""Courses over HTTP, under `/api/v1/courses`; what is in them has files of its own."""

from __future__ import annotations

from vtp.accounts.permissions import standing_of
from vtp.accounts.replies import origin_of
from vtp.courses.copying import CourseCopies
from vtp.courses.door import Entered, entered
from vtp.courses.schemas import (
    ChangeCourse,
    CopyCourse,
    CopyReply,
    CourseDeleted,
    CoursePage,
    CourseQuery,
    CourseReply,
    CourseStats,
    CreateCourse,
    ReplaceCourse,
)
from vtp.courses.service import Courses
from vtp.courses.store import Seen
from vtp.db.kept_rows import Kept
from vtp.http.etags import etag_of_version, json_of
from vtp.http.identity import Principal
from vtp.http.pagination import encode_cursor
from vtp.http.routing import Access, Call, RouteTable
from vtp.http.written import WrittenPage

BASE = "/api/v1/courses"
COURSE = BASE + "/{id}"
IF_MATCH = (
    "With `If-Match` only a course that nobody has edited since is changed (412 else); that others have "
    "enrolled meanwhile does not matter."
)


def add_course_routes(table: RouteTable, courses: Courses, copies: CourseCopies) -> None:
    """Declares courses: made, listed, read, changed, deleted, copied, counted."""
    _read_routes(table, courses)
    _change_routes(table, courses)
    _making_routes(table, courses, copies)


def reply_of(call: Call, inside: Entered) -> CourseReply:
    """A course as the caller sees it, with its entity tag."""
    reply = CourseReply.of(inside)
    call.reply_headers["ETag"] = etag_of_version(inside.course.version, reply)
    return reply


def written_course(principal: Principal, listed: Kept[Seen]) -> bytes:
    """A course in a list, which is written once for everybody with the same rights."""
    seen = listed.value
    instructor_id, user_id = seen.course.instructor_id, principal.user_id
    standing = standing_of(principal), user_id is None, instructor_id == user_id
    return listed.once(standing, lambda: json_of(CourseReply.of(entered(principal, seen))))


def _read_routes(table: RouteTable, courses: Courses) -> None:
    @table.get(
        BASE,
        query=CourseQuery,
        reply=CoursePage,
        access=Access.VERIFIED,
        summary="List courses, newest first",
        description="Those that the caller takes part in or teaches, and the catalogue: active courses that "
        "are listed.",
        errors=(403,),
    )
    async def list_courses(call: Call) -> WrittenPage:
        query: CourseQuery = call.query
        found = await courses.page(
            call.principal, query.filter, limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = found[: query.limit], None
        if len(found) > query.limit:
            next_cursor = encode_cursor(page[-1].value.course.id)
        written = [written_course(call.principal, listed) for listed in page]
        return WrittenPage(CoursePage(items=[], next_cursor=next_cursor), written)

    @table.get(COURSE, reply=CourseReply, access=Access.VERIFIED, summary="Read a course", errors=(403, 404))
    async def get_course(call: Call) -> CourseReply:
        return reply_of(call, await courses.get(call.principal, call.path["id"]))

    @table.get(
        COURSE + "/stats",
        reply=CourseStats,
        access=Access.VERIFIED,
        summary="Tell how a course goes",
        errors=(403, 404),
    )
    async def get_course_stats(call: Call) -> CourseStats:
        return await courses.stats(call.principal, call.path["id"])


def _change_routes(table: RouteTable, courses: Courses) -> None:
    async def change(call: Call) -> CourseReply:
        unless_changed = call.unless_edited(lambda version: version)
        inside = await courses.change(
            call.principal, call.path["id"], call.body, origin_of(call), unless_changed
        )
        return reply_of(call, inside)

    @table.put(
        COURSE,
        body=ReplaceCourse,
        reply=CourseReply,
        access=Access.VERIFIED,
        summary="Change all of a course",
        description=IF_MATCH,
        errors=(403, 404, 409),
        if_match=True,
    )
    async def replace_course(call: Call) -> CourseReply:
        return await change(call)

    @table.patch(
        COURSE,
        body=ChangeCourse,
        reply=CourseReply,
        access=Access.VERIFIED,
        summary="Change some of a course",
        description=IF_MATCH,
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_course(call: Call) -> CourseReply:
        return await change(call)

    @table.delete(
        COURSE,
        reply=CourseDeleted,
        access=Access.VERIFIED,
        summary="Delete a course with everything in it, but for its recordings",
        errors=(403, 404),
    )
    async def delete_course(call: Call) -> CourseDeleted:
        course = await courses.delete(call.principal, call.path["id"], origin_of(call))
        return CourseDeleted(id=course.id)


def _making_routes(table: RouteTable, courses: Courses, copies: CourseCopies) -> None:
    @table.post(
        BASE,
        body=CreateCourse,
        reply=CourseReply,
        status=201,
        access=Access.VERIFIED,
        summary="Make a course",
        errors=(403,),
    )
    async def create_course(call: Call) -> CourseReply:
        inside = await courses.create(call.principal, call.body, origin_of(call))
        call.reply_headers["Location"] = f"{BASE}/{inside.course.id}"
        return reply_of(call, inside)

    @table.post(
        COURSE + "/copy",
        body=CopyCourse,
        reply=CopyReply,
        status=201,
        access=Access.VERIFIED,
        summary="Copy a course to another term",
        description="The answer says what the copy has and has not of the course, and what became of dates.",
        errors=(403, 404, 409),
    )
    async def copy_course(call: Call) -> CopyReply:
        copied = await copies.copy(call.principal, call.path["id"], call.body, origin_of(call))
        call.reply_headers["Location"] = f"{BASE}/{copied.inside.course.id}"
        return CopyReply(
            **reply_of(call, copied.inside).model_dump(),
            schedules_left_out=copied.left["series"],
            dates=copied.dates.rule,
            carried=dict(copied.carried),
            left=dict(copied.left),
            lost_files=list(copied.lost),
        )
