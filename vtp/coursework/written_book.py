"""Rows of a grade book as JSON, written from what was computed: a page has thousands of entries, and a model
of each would be most of what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.standing import BookRow, Entry

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class _Row:
    """Fields in the order of `BookRowReply`; lists, which are written without a call of Python for each."""

    user_id: str
    full_name: str
    email: str
    percent_to_date: float | None
    percent_overall: float | None
    entries: list[Entry]
    quizzes: list[QuizEntry]


def written_row(row: BookRow) -> bytes:
    """As `BookRowReply` would be written."""
    pupil = row.pupil
    return _writer().dump_json(
        _Row(
            pupil.user_id,
            pupil.full_name,
            pupil.email,
            row.percent_to_date,
            row.percent_overall,
            list(row.entries),
            list(row.quizzes),
        )
    )


@cache
def _writer() -> TypeAdapter[_Row]:
    from pydantic import TypeAdapter

    return TypeAdapter(_Row)
