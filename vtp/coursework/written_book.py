"""Rows of a grade book as JSON, written from what was computed: a page has thousands of entries, and a model
of each would be most of what it costs.

Identifiers and statuses are ours and have nothing to escape, numbers are finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic_core import to_json

from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.standing import BookRow, Entry


class BookWriter:
    """Writes the rows of one page, what they have in common once. No call for what is written thousands of
    times."""

    def __init__(self) -> None:
        self._heads: dict[str, str] = {}
        self._times: dict[datetime | None, str] = {None: "null"}

    def row(self, row: BookRow) -> bytes:
        """As `BookRowReply` would be written."""
        pupil, percents = row.pupil, row.percents
        entries, quizzes = ",".join(self._entries(row.entries)), ",".join(self._quizzes(row.quizzes))
        return (
            f'{{"user_id":"{pupil.user_id}","full_name":{_text(pupil.full_name)},'
            f'"email":{_text(pupil.email)},"percent_to_date":{_number(percents.to_date)},'
            f'"percent_overall":{_number(percents.overall)},"entries":[{entries}],"quizzes":[{quizzes}]}}'
        ).encode()

    def _entries(self, entries: Sequence[Entry]) -> Iterator[str]:
        heads, times = self._heads, self._times
        for id_, title, status, submission, at, out_of, points, off, final, released in entries:
            head = heads.get(id_)
            if head is None:
                head = heads[id_] = f'{{"assignment_id":"{id_}","title":{_text(title)},"status":"'
            handed_in = "null" if submission is None else f'"{submission}"'
            yield (
                f'{head}{status}","submission_id":{handed_in},'
                f'"handed_in_at":{times.get(at) or self._time(at)},"out_of":{out_of},'
                f'"points":{"null" if points is None else points},"percent_off":{off},'
                f'"final_points":{"null" if final is None else final},'
                f'"released":{"true" if released else "false"}}}'
            )

    def _quizzes(self, entries: Sequence[QuizEntry]) -> Iterator[str]:
        heads, times = self._heads, self._times
        for id_, title, status, at, out_of, points, released, attempt in entries:
            head = heads.get(id_)
            if head is None:
                head = heads[id_] = f'{{"quiz_id":"{id_}","title":{_text(title)},"status":"'
            shown = "null" if attempt is None else f'"{attempt}"'
            yield (
                f'{head}{status}","ended_at":{times.get(at) or self._time(at)},"out_of":{out_of},'
                f'"points":{"null" if points is None else points},'
                f'"released":{"true" if released else "false"},"attempt_id":{shown}}}'
            )

    def _time(self, at: datetime | None) -> str:
        assert at is not None  # that is among those that are written
        written = self._times[at] = f'"{at.replace(tzinfo=None).isoformat()}Z"'  # all of ours are UTC
        return written


def _text(words: str) -> str:
    return to_json(words).decode()


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value)
