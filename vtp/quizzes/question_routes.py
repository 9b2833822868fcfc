"""Questions over HTTP."""

from __future__ import annotations

from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.routes import COURSE
from vtp.http.routing import Access, Call, RouteTable
from vtp.ids import parse_id
from vtp.quizzes.question_schemas import (
    ChangeQuestion,
    CreateQuestion,
    QuestionPage,
    QuestionQuery,
    QuestionReply,
)
from vtp.quizzes.questions import Questions

_SHAPES = ItemShapes(CreateQuestion, ChangeQuestion, QuestionReply, QuestionReply.of)
_TEXTS = ItemTexts(
    "Add a question to a course's bank",
    "Read a question, with what is right",
    "Change a question, or retire it",
    "Delete a question; one that has been asked, or that a quiz names, is retired",
)


def add_question_routes(table: RouteTable, questions: Questions) -> None:
    """Declares the bank of a course."""

    @table.get(
        COURSE + "/questions",
        query=QuestionQuery,
        reply=QuestionPage,
        access=Access.VERIFIED,
        summary="List a course's questions, newest first",
        errors=(403, 404),
    )
    async def list_questions(call: Call) -> QuestionPage:
        query: QuestionQuery = call.query
        found, tags, counts = await questions.page(
            call.principal,
            call.path["id"],
            words=query.q.split(),
            tag=query.tag,
            quiz_id=parse_id(query.quiz_id, "/query/quiz_id") if query.quiz_id is not None else None,
            kind=query.kind,
            retired=query.retired,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        items = [QuestionReply.of(one) for one in page]
        return QuestionPage(items=items, next_cursor=next_cursor, tags=tags, tag_counts=counts)

    add_create_route(table, questions, _SHAPES, _TEXTS)
    add_item_routes(table, questions, _SHAPES, _TEXTS)
