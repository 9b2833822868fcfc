"""Attendance over HTTP."""

from __future__ import annotations

from aiohttp import web

from vtp.accounts.routes import origin_of
from vtp.analytics.attendance_schemas import (
    AttendanceReply,
    AttendanceRow,
    AttendanceRules,
    CorrectAttendance,
    FormatQuery,
    ReportQuery,
    SheetReply,
    StudentRow,
)
from vtp.analytics.attendances import Attendances
from vtp.analytics.paths import Doubled
from vtp.analytics.report_answers import FILES, as_csv, in_its_format
from vtp.analytics.report_pdfs import ReportPdfs
from vtp.analytics.report_tables import attendance_paper
from vtp.http.csv_cells import TYPE
from vtp.http.etags import etag_of_model
from vtp.http.routing import Access, Call

LESSON = "/lessons/{lesson_id}/attendance"
RULES = "/courses/{course_id}/attendance-rules"


def add_attendance_routes(table: Doubled, attendances: Attendances, pdfs: ReportPdfs) -> None:
    """Declares the report, the sheet of a class, corrections and rules."""

    @table.get(
        "/reports/attendance",
        query=ReportQuery,
        reply=AttendanceReply,
        reply_types=FILES,
        access=Access.VERIFIED,
        summary="Read who attended the classes of a course",
        description="Its staff read everybody, a student themselves.",
        errors=(403, 404),
    )
    async def get_attendance_report(call: Call) -> AttendanceReply | web.StreamResponse:
        query: ReportQuery = call.query
        found = AttendanceReply.of(query.course_id, await attendances.report(call.principal, query.course_id))
        rows = StudentRow, found.student_attendance
        return await in_its_format(call, pdfs, "attendance", found, rows, attendance_paper)

    @table.get(
        LESSON,
        query=FormatQuery,
        reply=SheetReply,
        reply_types=TYPE,
        access=Access.VERIFIED,
        summary="Read who attended one class",
        errors=(403, 404),
    )
    async def get_lesson_attendance(call: Call) -> SheetReply | web.StreamResponse:
        found = SheetReply.of(await attendances.sheet(call.principal, call.path["lesson_id"]))
        if call.query.format == "csv":
            return await as_csv(call, "attendance", AttendanceRow, found.people)
        return found

    @table.put(
        LESSON + "/{user_id}",
        body=CorrectAttendance,
        reply=AttendanceRow,
        access=Access.VERIFIED,
        summary="Correct how somebody attended a class",
        description="Who corrected it, from what to what and why is kept, and what was counted stays.",
        errors=(403, 404, 409),
    )
    async def correct_attendance(call: Call) -> AttendanceRow:
        body: CorrectAttendance = call.body
        path = call.path
        entry = await attendances.correct(
            call.principal, path["lesson_id"], path["user_id"], body.status, body.reason, origin_of(call)
        )
        return AttendanceRow.of(entry)

    @table.get(
        RULES,
        reply=AttendanceRules,
        access=Access.VERIFIED,
        summary="Read what a course counts as attended, and as a recording completed",
        errors=(403, 404),
    )
    async def get_attendance_rules(call: Call) -> AttendanceRules:
        return AttendanceRules.of(await attendances.rules(call.principal, call.path["course_id"]))

    @table.put(
        RULES,
        body=AttendanceRules,
        reply=AttendanceRules,
        access=Access.VERIFIED,
        summary="Set what a course counts as attended, and as completed, also of what was before",
        description="With `If-Match` only rules that have this `ETag` are changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def set_attendance_rules(call: Call) -> AttendanceRules:
        body: AttendanceRules = call.body
        check = call.unless_changed(AttendanceRules.of)
        course_id = call.path["course_id"]
        await attendances.set_rules(call.principal, course_id, body.rules, check, origin_of(call))
        kept = AttendanceRules.of(body.rules)
        call.reply_headers["ETag"] = etag_of_model(kept)
        return kept
