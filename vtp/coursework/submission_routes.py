"""Handing in over HTTP."""

from __future__ import annotations

from functools import partial

from vtp.coursework.assignment_routes import ASSIGNMENT
from vtp.coursework.assignment_store import Assignment
from vtp.coursework.material_routes import ANY_BYTES, TOOK_NOTHING, upload_of
from vtp.coursework.material_schemas import FileName, FileReply
from vtp.coursework.submission_schemas import (
    SubmissionPage,
    SubmissionQuery,
    SubmissionReply,
    WriteSubmission,
)
from vtp.coursework.submission_store import Submission
from vtp.coursework.submissions import Submissions
from vtp.http.etags import etag_of_version, require_version
from vtp.http.routing import Access, Call, RouteTable

SUBMISSIONS = ASSIGNMENT + "/submissions"
SUBMISSION = SUBMISSIONS + "/{submission_id}"


def _of(call: Call) -> tuple[str, str, str]:
    return call.path["id"], call.path["assignment_id"], call.path["submission_id"]


def _tagged(call: Call, assignment: Assignment, found: Submission) -> SubmissionReply:
    """With what `If-Match` compares: the text alone."""
    reply = SubmissionReply.of(found, assignment)
    call.reply_headers["ETag"] = etag_of_version(found.text_mark, reply)
    return reply


def add_submission_routes(table: RouteTable, submissions: Submissions) -> None:
    """Declares attempts: begun, written, handed in, read."""
    _add_reads(table, submissions)
    _add_writes(table, submissions)
    _add_files(table, submissions)


def _add_reads(table: RouteTable, submissions: Submissions) -> None:
    @table.get(
        SUBMISSIONS,
        query=SubmissionQuery,
        reply=SubmissionPage,
        access=Access.VERIFIED,
        summary="List what was handed in, newest first",
        description="Students have their own and their group's attempts, with drafts; staff everybody's "
        "that are handed in.",
        errors=(403, 404),
    )
    async def list_submissions(call: Call) -> SubmissionPage:
        query: SubmissionQuery = call.query
        assignment, found = await submissions.page(
            call.principal,
            call.path["id"],
            call.path["assignment_id"],
            query.user_id,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        items = [SubmissionReply.of(one, assignment) for one in page]
        return SubmissionPage(items=items, next_cursor=next_cursor)

    @table.get(
        SUBMISSION,
        reply=SubmissionReply,
        access=Access.VERIFIED,
        summary="Read an attempt",
        errors=(403, 404),
    )
    async def get_submission(call: Call) -> SubmissionReply:
        return _tagged(call, *await submissions.get(call.principal, *_of(call)))


def _add_writes(table: RouteTable, submissions: Submissions) -> None:
    @table.post(
        SUBMISSIONS,
        body=WriteSubmission,
        body_required=False,
        reply=SubmissionReply,
        status=201,
        access=Access.VERIFIED,
        summary="Begin the next attempt, as a draft",
        errors=(403, 404, 409),
    )
    async def begin_submission(call: Call) -> SubmissionReply:
        text = call.body.text if call.body is not None else ""
        assignment, made = await submissions.begin(
            call.principal, call.path["id"], call.path["assignment_id"], text
        )
        call.reply_headers["Location"] = f"{call.request.path}/{made.id}"
        return _tagged(call, assignment, made)

    @table.put(
        SUBMISSION,
        body=WriteSubmission,
        reply=SubmissionReply,
        access=Access.VERIFIED,
        summary="Write the text of a draft",
        description="With `If-Match` only where its text is that of the answer that had this `ETag` (412 "
        "else), whatever its files are: those of a group write one draft. Writing what is there already "
        "changes nothing and is never refused so.",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def write_submission(call: Call) -> SubmissionReply:
        check = partial(require_version, call.request)
        return _tagged(call, *await submissions.write(call.principal, *_of(call), call.body.text, check))

    @table.delete(SUBMISSION, access=Access.VERIFIED, summary="Delete a draft", errors=(403, 404, 409))
    async def delete_submission(call: Call) -> None:
        await submissions.delete(call.principal, *_of(call))

    @table.post(
        SUBMISSION + "/hand-in",
        reply=SubmissionReply,
        access=Access.VERIFIED,
        summary="Hand a draft in",
        description="As of the moment when the call reaches the server. Called again it answers the same. "
        "With `If-Match` only with the text of the answer that had this `ETag` (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def hand_in_submission(call: Call) -> SubmissionReply:
        check = partial(require_version, call.request)
        return _tagged(call, *await submissions.hand_in(call.principal, *_of(call), check))


def _add_files(table: RouteTable, submissions: Submissions) -> None:
    @table.post(
        SUBMISSION + "/files",
        query=FileName,
        raw_body=ANY_BYTES,
        streamed=True,
        reply=FileReply,
        status=201,
        access=Access.VERIFIED,
        summary="Send a file into a draft",
        description=f"The body is the file. Nothing is kept of what is refused: {TOOK_NOTHING}.",
        errors=(403, 404, 409, 413),
    )
    async def add_submission_file(call: Call) -> FileReply:
        return FileReply.of(await submissions.add_file(call.principal, *_of(call), upload_of(call)))

    @table.delete(
        SUBMISSION + "/files/{file_id}",
        access=Access.VERIFIED,
        summary="Take a file out of a draft",
        errors=(403, 404, 409),
    )
    async def delete_submission_file(call: Call) -> None:
        await submissions.remove_file(call.principal, *_of(call), call.path["file_id"])
