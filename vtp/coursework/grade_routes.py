"""Grades and the grade book over HTTP."""

from __future__ import annotations

from aiohttp import web

from vtp.accounts.replies import origin_of
from vtp.courses.routes import COURSE
from vtp.coursework.assignment_routes import ASSIGNMENT
from vtp.coursework.grade_schemas import (
    BookQuery,
    ChangeGrade,
    EntryReply,
    GradeBookPage,
    GradeReply,
    OwnGradesPage,
    QuizEntryReply,
    Released,
    RosterCountsReply,
    RosterPage,
    RosterQuery,
    RosterRowReply,
)
from vtp.coursework.gradebook import GradeBook
from vtp.coursework.grades import Grades
from vtp.coursework.material_routes import ANY_BYTES, TOOK_NOTHING, upload_of
from vtp.coursework.material_schemas import FileName, FileReply
from vtp.coursework.roster import Roster
from vtp.coursework.written_book import BookWriter
from vtp.http.csv_answer import stream_csv
from vtp.http.csv_cells import TYPE as CSV_TYPE
from vtp.http.etags import etag_of_model
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.http.routing import Access, Call, RouteTable
from vtp.http.written import WrittenPage
from vtp.ids import parse_id

GRADE = ASSIGNMENT + "/grades/{student_id}"


def _of(call: Call) -> tuple[str, str, str]:
    return call.path["id"], call.path["assignment_id"], call.path["student_id"]


def add_grade_routes(table: RouteTable, grades: Grades, book: GradeBook, roster: Roster) -> None:
    """Declares grades, their files, who is to hand in, and the book of a course."""
    _add_grades(table, grades)
    _add_roster(table, roster)
    _add_files(table, grades)
    _add_book(table, book)


def _add_grades(table: RouteTable, grades: Grades) -> None:
    @table.get(
        GRADE,
        reply=GradeReply,
        access=Access.VERIFIED,
        summary="Read a student's grade",
        description="Students read their own once it is released. Before anything was said `version` is 0.",
        errors=(403, 404),
    )
    async def get_grade(call: Call) -> GradeReply:
        return GradeReply.of(await grades.get(call.principal, *_of(call)))

    @table.patch(
        GRADE,
        body=ChangeGrade,
        reply=GradeReply,
        access=Access.VERIFIED,
        summary="Grade a student",
        description="A draft until `released`. With `If-Match` only a grade that has this `ETag` is changed "
        "(412 else), the first one too; an attempt that was handed in meanwhile gives another `ETag`.",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_grade(call: Call) -> GradeReply:
        check = call.unless_changed(GradeReply.of)
        changed = await grades.change(call.principal, *_of(call), call.body, origin_of(call), check)
        reply = GradeReply.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.post(
        ASSIGNMENT + "/release-grades",
        reply=Released,
        access=Access.VERIFIED,
        summary="Show all drafts of grades to their students",
        errors=(403, 404, 409),
    )
    async def release_grades(call: Call) -> Released:
        count = await grades.release(call.principal, call.path["id"], call.path["assignment_id"])
        return Released(released=count)


def _add_files(table: RouteTable, grades: Grades) -> None:
    @table.post(
        GRADE + "/files",
        query=FileName,
        raw_body=ANY_BYTES,
        streamed=True,
        reply=FileReply,
        status=201,
        access=Access.VERIFIED,
        summary="Send a file of feedback",
        description=f"The body is the file. Nothing is kept of what is refused: {TOOK_NOTHING}.",
        errors=(403, 404, 409, 413),
    )
    async def add_feedback_file(call: Call) -> FileReply:
        return FileReply.of(await grades.add_file(call.principal, *_of(call), upload_of(call)))

    @table.delete(
        GRADE + "/files/{file_id}",
        access=Access.VERIFIED,
        summary="Take a file of feedback away",
        errors=(403, 404, 409),
    )
    async def delete_feedback_file(call: Call) -> None:
        await grades.remove_file(call.principal, *_of(call), call.path["file_id"])


def _add_roster(table: RouteTable, roster: Roster) -> None:
    @table.get(
        ASSIGNMENT + "/roster",
        query=RosterQuery,
        reply=RosterPage,
        access=Access.VERIFIED,
        summary="List who is to hand in an assignment, and how far each is",
        description="For staff, by when students came into the course; drafts of grades among them.",
        errors=(403, 404),
    )
    async def list_roster(call: Call) -> RosterPage:
        query: RosterQuery = call.query
        first = query.student_id
        found, counts = await roster.page(
            call.principal,
            call.path["id"],
            call.path["assignment_id"],
            q=query.q.strip(),
            first=parse_id(first, "/query/student_id") if first is not None else None,
            limit=query.limit + 1,
            after=query.id_position(),
        )
        page = found[: query.limit]
        return RosterPage(
            items=[RosterRowReply.of(one) for one in page],
            next_cursor=encode_cursor(page[-1].pupil.id) if len(found) > query.limit else None,
            counts=RosterCountsReply.of(counts) if counts is not None else None,
        )


def _add_book(table: RouteTable, book: GradeBook) -> None:
    @table.get(
        COURSE + "/grades",
        query=BookQuery,
        reply=GradeBookPage,
        access=Access.VERIFIED,
        summary="Read the grade book of a course",
        description="For staff: students by name with every assignment, every quiz, and what it comes to.",
        errors=(403, 404),
    )
    async def list_grades(call: Call) -> WrittenPage:
        query: BookQuery = call.query
        found = await book.page(
            call.principal, call.path["id"], q=query.q.strip(), limit=query.limit + 1, after=query.place()
        )
        page = found[: query.limit]
        more = encode_cursor(page[-1][1]) if len(found) > query.limit else None
        writer = BookWriter()
        written = [writer.row(one) for one, _ in page]
        return WrittenPage(GradeBookPage(items=[], next_cursor=more), written)

    @table.get(
        COURSE + "/grades/mine",
        query=PageQuery,
        reply=OwnGradesPage,
        access=Access.VERIFIED,
        summary="Read one's own grades in a course",
        errors=(403, 404),
    )
    async def list_own_grades(call: Call) -> OwnGradesPage:
        query: PageQuery = call.query
        found, own_quizzes = await book.own(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page = found[: query.limit]
        more = encode_cursor(page[-1].assignment_id) if len(found) > query.limit else None
        quizzes = None if own_quizzes is None else [QuizEntryReply.of(one) for one in own_quizzes]
        return OwnGradesPage(items=[EntryReply.of(one) for one in page], next_cursor=more, quizzes=quizzes)

    @table.get(
        COURSE + "/grades/export",
        reply_types=CSV_TYPE,
        access=Access.VERIFIED,
        summary="Download the grade book as CSV",
        description="Students by name, in the order of the grade book's pages; points after what is taken "
        "off, and the status, for each assignment and each quiz.",
        errors=(403, 404),
    )
    async def export_grades(call: Call) -> web.StreamResponse:
        columns, pages = await book.table(call.principal, call.path["id"])
        return await stream_csv(call.request, "grades", columns, pages)
