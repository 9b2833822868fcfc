"""Quizzes over HTTP."""

from __future__ import annotations

from aiohttp import web

from vtp.accounts.replies import origin_of
from vtp.courses.routes import COURSE
from vtp.http.csv_answer import stream_csv
from vtp.http.csv_cells import TYPE
from vtp.http.etags import etag_of_model
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.http.routing import Access, Call, RouteTable
from vtp.quizzes.quiz_schemas import (
    ChangeQuiz,
    CreateQuiz,
    ExtraTimePage,
    ExtraTimeReply,
    QuizPage,
    QuizReply,
    RegradeReply,
    SetExtraTime,
)
from vtp.quizzes.quiz_store import ExtraTime
from vtp.quizzes.quizzes import Quizzes
from vtp.quizzes.results import QuizResults

QUIZZES = COURSE + "/quizzes"
QUIZ = QUIZZES + "/{quiz_id}"


def add_quiz_routes(table: RouteTable, quizzes: Quizzes) -> None:
    """Declares what is asked, and when."""

    @table.get(
        QUIZZES,
        query=PageQuery,
        reply=QuizPage,
        access=Access.VERIFIED,
        summary="List a course's quizzes, newest first; students see those that are published",
        errors=(403, 404),
    )
    async def list_quizzes(call: Call) -> QuizPage:
        query: PageQuery = call.query
        found, staff = await quizzes.page(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return QuizPage(items=[QuizReply.of(one, staff=staff) for one in page], next_cursor=next_cursor)

    @table.post(
        QUIZZES,
        body=CreateQuiz,
        reply=QuizReply,
        status=201,
        access=Access.VERIFIED,
        summary="Make a quiz",
        errors=(403, 404, 409),
    )
    async def create_quiz(call: Call) -> QuizReply:
        made = await quizzes.create(call.principal, call.path["id"], call.body)
        call.reply_headers["Location"] = f"{call.request.path}/{made.id}"
        return QuizReply.of(made)

    @table.get(QUIZ, reply=QuizReply, access=Access.VERIFIED, summary="Read a quiz", errors=(403, 404))
    async def get_quiz(call: Call) -> QuizReply:
        quiz, staff = await quizzes.read(call.principal, call.path["id"], call.path["quiz_id"])
        return QuizReply.of(quiz, staff=staff)

    @table.patch(
        QUIZ,
        body=ChangeQuiz,
        reply=QuizReply,
        access=Access.VERIFIED,
        summary="Change a quiz",
        description="New times are for attempts that go on, too. With `If-Match` only the quiz that has this "
        "`ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_quiz(call: Call) -> QuizReply:
        check = call.unless_changed(QuizReply.of)
        changed = await quizzes.change(
            call.principal, call.path["id"], call.path["quiz_id"], call.body, check
        )
        reply = QuizReply.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(
        QUIZ,
        access=Access.VERIFIED,
        summary="Delete a quiz that nobody has attempted",
        errors=(403, 404, 409),
    )
    async def delete_quiz(call: Call) -> None:
        await quizzes.delete(call.principal, call.path["id"], call.path["quiz_id"], origin_of(call))


def add_grading_routes(table: RouteTable, quizzes: Quizzes, results: QuizResults) -> None:
    """Declares extra time, grading anew, and results."""

    @table.get(
        QUIZ + "/extra-time",
        query=PageQuery,
        reply=ExtraTimePage,
        access=Access.VERIFIED,
        summary="List who has more time for a quiz",
        errors=(403, 404),
    )
    async def list_extra_time(call: Call) -> ExtraTimePage:
        query: PageQuery = call.query
        found = await quizzes.people_with_more_time(
            call.principal,
            call.path["id"],
            call.path["quiz_id"],
            limit=query.limit + 1,
            after=query.id_position(),
        )
        page = found[: query.limit]
        more = len(found) > query.limit
        return ExtraTimePage(
            items=[_extra_time(one) for one in page],
            next_cursor=encode_cursor(page[-1].user_id) if more else None,
        )

    @table.put(
        QUIZ + "/extra-time/{user_id}",
        body=SetExtraTime,
        reply=ExtraTimeReply,
        access=Access.VERIFIED,
        summary="Give somebody more time for a quiz, also in the attempt that they are at",
        description="For the time limit and the closing time alike; 0 takes it back.",
        errors=(403, 404, 409),
    )
    async def set_extra_time(call: Call) -> ExtraTimeReply:
        path = call.path
        return _extra_time(
            await quizzes.give_time(
                call.principal, path["id"], path["quiz_id"], path["user_id"], call.body.minutes
            )
        )

    @table.post(
        QUIZ + "/regrade",
        reply=RegradeReply,
        access=Access.VERIFIED,
        summary="Grade all attempts that have ended anew, by the questions as they are now",
        errors=(403, 404, 409),
    )
    async def regrade_quiz(call: Call) -> RegradeReply:
        graded, changed = await quizzes.regrade(call.principal, call.path["id"], call.path["quiz_id"])
        return RegradeReply(attempts=graded, changed=changed)

    @table.get(
        COURSE + "/quiz-results/export",
        reply_types=TYPE,
        access=Access.VERIFIED,
        summary="Take away each student's points in each quiz of a course, as CSV",
        errors=(403, 404),
    )
    async def export_quiz_results(call: Call) -> web.StreamResponse:
        columns, pages = await results.export(call.principal, call.path["id"])
        return await stream_csv(call.request, "quizzes", columns, pages)


def _extra_time(extra: ExtraTime) -> ExtraTimeReply:
    return ExtraTimeReply(user_id=extra.user_id, full_name=extra.full_name, minutes=extra.minutes)
