"""Attendance over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from aiohttp import web
from pydantic import BaseModel

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
from vtp.analytics.report_pdfs import ReportPdfs
from vtp.analytics.report_tables import Paper, attendance_paper
from vtp.http.csv_answer import stream_csv
from vtp.http.csv_cells import TYPE
from vtp.http.pdf_tables import TYPE as PDF_TYPE
from vtp.http.pdf_tables import answer_pdf
from vtp.http.routing import Access, Call

LESSON = "/lessons/{lesson_id}/attendance"
RULES = "/courses/{course_id}/attendance-rules"
FILES = (TYPE, PDF_TYPE)


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
        if query.format == "csv":
            return await as_csv(call, "attendance", StudentRow, found.student_attendance)
        if query.format == "pdf":
            return await as_pdf(call, pdfs, "attendance", attendance_paper(found))
        return found

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
        summary="Read what a course counts as attended",
        errors=(403, 404),
    )
    async def get_attendance_rules(call: Call) -> AttendanceRules:
        return AttendanceRules.of(await attendances.rules(call.principal, call.path["course_id"]))

    @table.put(
        RULES,
        body=AttendanceRules,
        reply=AttendanceRules,
        access=Access.VERIFIED,
        summary="Set what a course counts as attended, also in classes that were held",
        errors=(403, 404, 409),
    )
    async def set_attendance_rules(call: Call) -> AttendanceRules:
        body: AttendanceRules = call.body
        await attendances.set_rules(call.principal, call.path["course_id"], body.rules)
        return body


async def as_csv(
    call: Call, stem: str, model: type[BaseModel], rows: Sequence[BaseModel]
) -> web.StreamResponse:
    """A list of replies as a file: a column for each field."""
    columns = list(model.model_fields)

    async def pages() -> AsyncIterator[Iterable[Sequence[object]]]:
        for start in range(0, len(rows), 500):
            dumped = (one.model_dump(mode="json") for one in rows[start : start + 500])
            yield [[row[name] for name in columns] for row in dumped]

    return await stream_csv(call.request, stem, columns, pages())


async def as_pdf(call: Call, pdfs: ReportPdfs, stem: str, paper: Paper) -> web.Response:
    """A report as a file to print."""
    query: ReportQuery = call.query
    return answer_pdf(stem, await pdfs.draw(call.principal, query.course_id, query.time_zone, paper))
