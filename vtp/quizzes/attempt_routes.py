"""Attempts over HTTP."""

from __future__ import annotations

from dataclasses import asdict

from vtp.accounts.replies import origin_of
from vtp.http.routing import Access, Call, RouteTable
from vtp.quizzes.attempt_schemas import (
    AttemptCountsReply,
    AttemptPage,
    AttemptQuery,
    AttemptReply,
    FullAttemptReply,
    GivenReply,
    GivePoints,
    SaveAnswer,
)
from vtp.quizzes.attempts import Attempts
from vtp.quizzes.quiz_routes import QUIZ

ATTEMPTS = QUIZ + "/attempts"
ATTEMPT = ATTEMPTS + "/{attempt_id}"


def add_attempt_routes(table: RouteTable, attempts: Attempts) -> None:
    """Declares how a quiz is taken, and looked at."""

    @table.get(
        ATTEMPTS,
        query=AttemptQuery,
        reply=AttemptPage,
        access=Access.VERIFIED,
        summary="List a quiz's attempts, newest first: all for its staff, one's own for students",
        errors=(403, 404),
    )
    async def list_attempts(call: Call) -> AttemptPage:
        query: AttemptQuery = call.query
        found, counts = await attempts.page(
            call.principal,
            call.path["id"],
            call.path["quiz_id"],
            user_id=query.user_id,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        shown = {one.id: results for one, results in found}
        page, next_cursor = query.cut([one for one, _ in found])
        return AttemptPage(
            items=[AttemptReply.of(one, shown[one.id]) for one in page],
            next_cursor=next_cursor,
            counts=AttemptCountsReply(**asdict(counts)) if counts is not None else None,
        )

    @table.post(
        ATTEMPTS,
        reply=FullAttemptReply,
        status=201,
        access=Access.VERIFIED,
        summary="Begin an attempt, or go on with the one that one is at",
        errors=(403, 404, 409),
    )
    async def begin_attempt(call: Call) -> FullAttemptReply:
        view = await attempts.begin(call.principal, call.path["id"], call.path["quiz_id"])
        call.reply_headers["Location"] = f"{call.request.path}/{view.attempt.id}"
        return FullAttemptReply.of_view(view)

    @table.get(
        ATTEMPT,
        reply=FullAttemptReply,
        access=Access.VERIFIED,
        summary="Read an attempt with its questions; what was right once that is shown",
        errors=(403, 404),
    )
    async def get_attempt(call: Call) -> FullAttemptReply:
        return FullAttemptReply.of_view(await attempts.get(call.principal, *_names(call)))

    @table.put(
        ATTEMPT + "/answers/{question_id}",
        body=SaveAnswer,
        reply=GivenReply,
        access=Access.VERIFIED,
        summary="Save one answer",
        description="Saying the same again changes nothing. 409 `answer_changed` where another tab has "
        "saved something else since `version`; 409 `attempt_over` once the time is over.",
        errors=(403, 404, 409),
    )
    async def save_answer(call: Call) -> GivenReply:
        wish: SaveAnswer = call.body
        answer = wish.answer.model_dump() if wish.answer is not None else None
        given = await attempts.save(
            call.principal, *_names(call), call.path["question_id"], answer, wish.version
        )
        return GivenReply.of(given, False)

    @table.post(
        ATTEMPT + "/end",
        reply=FullAttemptReply,
        access=Access.VERIFIED,
        summary="End one's attempt; one that has ended stays as it is",
        errors=(403, 404),
    )
    async def end_attempt(call: Call) -> FullAttemptReply:
        return FullAttemptReply.of_view(await attempts.end(call.principal, *_names(call)))

    @table.put(
        ATTEMPT + "/points/{question_id}",
        body=GivePoints,
        reply=FullAttemptReply,
        access=Access.VERIFIED,
        summary="Give points by hand, with a reason, which is kept",
        errors=(403, 404, 409),
    )
    async def give_points(call: Call) -> FullAttemptReply:
        wish: GivePoints = call.body
        return FullAttemptReply.of_view(
            await attempts.give_points(
                call.principal,
                *_names(call),
                call.path["question_id"],
                wish.points,
                wish.reason,
                origin_of(call),
            )
        )


def _names(call: Call) -> tuple[str, str, str]:
    return call.path["id"], call.path["quiz_id"], call.path["attempt_id"]
