"""Recordings of a course over HTTP."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
from vtp.courses.recording_schemas import FiledEnded, FiledPage, FiledQuery, FiledReply, FileRecording
from vtp.courses.recordings import CourseRecordings
from vtp.courses.routes import COURSE
from vtp.http.pagination import encode_cursor
from vtp.http.routing import Access, Call, RouteTable
from vtp.recording.store import Visibility

RECORDINGS = COURSE + "/recordings"
ONE = RECORDINGS + "/{recording_id}"


def add_recording_routes(table: RouteTable, recordings: CourseRecordings) -> None:
    """Declares what is filed in a course."""

    @table.post(
        RECORDINGS,
        body=FileRecording,
        reply=FiledReply,
        status=201,
        access=Access.VERIFIED,
        summary="File a recording in a course, whose members see it from then on",
        errors=(403, 404, 409),
    )
    async def file_recording(call: Call) -> FiledReply:
        return FiledReply.of(
            await recordings.file(call.principal, call.path["id"], call.body, origin_of(call))
        )

    @table.get(
        RECORDINGS,
        query=FiledQuery,
        reply=FiledPage,
        access=Access.VERIFIED,
        summary="List a course's recordings in their order",
        description="Students get those that are published, once their lesson is released.",
        errors=(403, 404),
    )
    async def list_course_recordings(call: Call) -> FiledPage:
        query: FiledQuery = call.query
        found = await recordings.page(
            call.principal, call.path["id"], limit=query.limit + 1, after=query.place()
        )
        page = found[: query.limit]
        more = len(found) > query.limit
        last = [page[-1].sequence_order, page[-1].recording_id] if more else None
        return FiledPage(
            items=[FiledReply.of(one) for one in page], next_cursor=encode_cursor(last) if more else None
        )

    @table.delete(
        ONE,
        reply=FiledEnded,
        access=Access.VERIFIED,
        summary="Take a recording out of a course; in no other it is not published any more",
        errors=(403, 404, 409),
    )
    async def unfile_recording(call: Call) -> FiledEnded:
        recording_id = call.path["recording_id"]
        await recordings.remove(call.principal, call.path["id"], recording_id, origin_of(call))
        return FiledEnded(recording_id=recording_id.lower())

    async def publish(call: Call, shown: Visibility) -> FiledReply:
        course_id, recording_id = call.path["id"], call.path["recording_id"]
        return FiledReply.of(
            await recordings.publish(call.principal, course_id, recording_id, shown, origin_of(call))
        )

    @table.post(
        ONE + "/publish",
        reply=FiledReply,
        access=Access.VERIFIED,
        summary="Let the members of a course see a recording",
        errors=(403, 404, 409),
    )
    async def publish_recording(call: Call) -> FiledReply:
        return await publish(call, Visibility.MEMBERS)

    @table.post(
        ONE + "/unpublish",
        reply=FiledReply,
        access=Access.VERIFIED,
        summary="Let the staff of a course alone see a recording; who watches it is cut off",
        errors=(403, 404, 409),
    )
    async def unpublish_recording(call: Call) -> FiledReply:
        return await publish(call, Visibility.STAFF)
