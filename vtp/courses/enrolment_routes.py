"""Enrolment over HTTP: taking part, leaving, who takes part, lists of people."""

from __future__ import annotations

import asyncio
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.replies import origin_of
from vtp.courses.enrolment import Enrolments, refuse_code_for_others
from vtp.courses.enrolment_csv import MAX_BYTES
from vtp.courses.enrolment_import import EnrolmentImport, LineReport, Outcome
from vtp.courses.enrolment_schemas import (
    EnrolmentEnded,
    EnrolmentPage,
    EnrolmentQuery,
    EnrolmentReply,
    EnrolRequest,
    MembershipPage,
    MembershipReply,
)
from vtp.courses.invitations import CourseInvitations, Secret
from vtp.courses.routes import BASE, COURSE
from vtp.courses.schemas import CourseReply
from vtp.http.csv_cells import TYPE
from vtp.http.form_files import FORM_TYPE, file_of_form
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.http.routing import Access, Call, RouteTable

FORM_ROOM = 10_000  # bytes of a form around its file


class ImportQuery(BaseModel):
    """How to import."""

    model_config = ConfigDict(extra="ignore")

    dry_run: Annotated[bool, Field(description="Only say what would be done.")] = False


class CellFault(BaseModel):
    """What is wrong with one cell; `column` as the file calls it."""

    column: str
    detail: str


class ListedLine(BaseModel):
    """What became of one line; `name` is the address or the id that it says."""

    line: int
    name: str
    outcome: Outcome
    errors: list[CellFault]


class EnrolmentReport(BaseModel):
    """What became of a list."""

    dry_run: bool
    total: int
    enrolled: int
    waiting: int
    skipped: Annotated[int, Field(description="In the course already.")]
    failed: int
    lines: list[ListedLine]

    @classmethod
    def of(cls, reports: list[LineReport], *, dry: bool) -> Self:
        """Counts and lines."""
        counts = {outcome: sum(one.outcome is outcome for one in reports) for outcome in Outcome}
        failed = (Outcome.NO_ACCOUNT, Outcome.FULL, Outcome.INVALID)
        return cls(
            dry_run=dry,
            total=len(reports),
            enrolled=counts[Outcome.ENROLLED],
            waiting=counts[Outcome.WAITING],
            skipped=counts[Outcome.EXISTS],
            failed=sum(counts[outcome] for outcome in failed),
            lines=[ListedLine.model_validate(one, from_attributes=True) for one in reports],
        )


def add_own_routes(table: RouteTable, enrolments: Enrolments) -> None:
    """Declares the caller's own courses; before `/courses/{id}`, which it could be taken for."""

    @table.get(
        BASE + "/my-enrollments",
        query=PageQuery,
        reply=MembershipPage,
        access=Access.VERIFIED,
        summary="List the courses that the caller takes part in or waits for, the latest first",
        errors=(403,),
    )
    async def my_enrollments(call: Call) -> MembershipPage:
        query: PageQuery = call.query
        found = await enrolments.memberships(
            call.principal, limit=query.limit + 1, before=query.id_position()
        )
        page = found[: query.limit]
        return MembershipPage(
            items=[
                MembershipReply.within(one, CourseReply.of(inside)) for one, inside in page if inside.may_look
            ],
            next_cursor=encode_cursor(page[-1][0].id) if len(found) > query.limit else None,
        )


def add_enrolment_routes(table: RouteTable, enrolments: Enrolments, invitations: CourseInvitations) -> None:
    """Declares who takes part in a course."""

    @table.post(
        COURSE + "/enroll",
        body=EnrolRequest,
        reply=EnrolmentReply,
        status=201,
        body_required=False,
        access=Access.VERIFIED,
        summary="Enrol in a course, or enrol somebody",
        description="Without a body the caller; with a code the caller as what the code says; staff also "
        "others. Who comes too late waits for a place (`status` waiting).",
        errors=(403, 404, 409, 410),
    )
    async def enroll(call: Call) -> EnrolmentReply:
        wish: EnrolRequest = call.body or EnrolRequest()
        course_id = call.path["id"]
        if wish.code is not None:
            refuse_code_for_others(call.principal, wish)
            secret = Secret(code=wish.code)
            made = await invitations.join(call.principal, secret, origin_of(call), course_id=course_id)
        else:
            made = await enrolments.enrol(call.principal, course_id, wish, origin_of(call))
        return EnrolmentReply.of(made)

    @table.delete(
        COURSE + "/enroll/{student_id}",
        reply=EnrolmentEnded,
        access=Access.VERIFIED,
        summary="Leave a course, or take somebody out of it",
        errors=(403, 404, 409),
    )
    async def unenroll(call: Call) -> EnrolmentEnded:
        ended, moved_up = await enrolments.leave(
            call.principal, call.path["id"], call.path["student_id"], origin_of(call)
        )
        return EnrolmentEnded(student_id=ended.user_id, moved_up=moved_up)

    @table.get(
        COURSE + "/enrollments",
        query=EnrolmentQuery,
        reply=EnrolmentPage,
        access=Access.VERIFIED,
        summary="List who takes part in a course or waits for it, in the order of coming",
        errors=(403, 404),
    )
    async def list_enrollments(call: Call) -> EnrolmentPage:
        query: EnrolmentQuery = call.query
        found = await enrolments.page(
            call.principal,
            call.path["id"],
            query.filter,
            limit=query.limit + 1,
            after=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        return EnrolmentPage(items=[EnrolmentReply.of(one) for one in page], next_cursor=next_cursor)


def add_import_route(table: RouteTable, imports: EnrolmentImport) -> None:
    """Declares lists of people."""

    @table.post(
        COURSE + "/enrollments/import",
        raw_body=(TYPE, FORM_TYPE),
        query=ImportQuery,
        max_body_bytes=MAX_BYTES + FORM_ROOM,
        reply=EnrolmentReport,
        access=Access.VERIFIED,
        summary="Enrol a list of people",
        description="CSV with a header: email or student_id, and role (student). Who is in the course "
        "already is left as they are, so a list may be imported again. As it is, or as the field `file` of a "
        "form.",
        errors=(403, 404, 409),
    )
    async def import_enrollments(call: Call) -> EnrolmentReport:
        query: ImportQuery = call.query
        data = call.raw
        if call.request.content_type == FORM_TYPE:
            header = call.request.headers["Content-Type"]
            data = await asyncio.to_thread(file_of_form, header, call.raw, "file")
        reports = await imports.run(call.principal, call.path["id"], data, origin_of(call), dry=query.dry_run)
        return await asyncio.to_thread(EnrolmentReport.of, reports, dry=query.dry_run)
