"""The grade book of a course: for its staff everybody, for a student their own; and as a table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import enter
from vtp.courses.outline import seen_at
from vtp.coursework.assignment_store import Assignment, page_of_assignments
from vtp.coursework.grade_store import Pupil, PupilPlace, pupils_by_name
from vtp.coursework.known_work import known_of
from vtp.coursework.own_store import own_work
from vtp.coursework.quiz_entries import NoQuizzes, QuizBook, QuizEntry
from vtp.coursework.standing import BookRow, Entry, column_of, entry_of
from vtp.db import Database
from vtp.db.lists import LENGTHS
from vtp.http.identity import Principal
from vtp.ids import parse_id

_AT_ONCE = LENGTHS[3]


class GradeBook:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids. A page takes as many statements
    whatever it holds.
    """

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self.quizzes: QuizBook = NoQuizzes()
        self._database = database
        self._clock = clock

    async def page(
        self, principal: Principal, course_id: str, *, q: str, limit: int, after: PupilPlace | None
    ) -> list[tuple[BookRow, PupilPlace]]:
        """Students by name with all assignments and quizzes, for who teaches there, drafts of grades among
        them; each with its place. `q`: those with this in their name or address."""
        await self.quizzes.settle(parse_id(course_id, "/path/id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            tasks = await page_of_assignments(tx, inside.course.id, None, limit=None, before=None)
            found = await pupils_by_name(tx, inside.course.id, limit=limit, after=after, q=q)
            rows = await self._rows(tx, inside.course.id, tasks, [one for one, _ in found])
        return [(row, place) for row, (_, place) in zip(rows, found, strict=True)]

    async def own(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Entry], Sequence[QuizEntry] | None]:
        """The caller's own, by assignment, newest first, as far as grades are released; on the first page
        also all their quizzes, newest first, with points where results are shown."""
        if before is None:
            await self.quizzes.settle(parse_id(course_id, "/path/id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            user_id, now = account_of(principal), self._clock()
            tasks, known = await own_work(
                tx, inside.course.id, user_id, seen_at(inside, now), limit=limit, before=before
            )
            quizzes: Sequence[QuizEntry] | None = None
            if before is None:
                found = await self.quizzes.entries(tx, inside.course.id, [user_id], now, staff=False)
                quizzes = found.get(user_id, ())
        return [entry_of(one, user_id, known, now, drafts=False) for one in tasks], quizzes

    async def table(
        self, principal: Principal, course_id: str
    ) -> tuple[list[str], AsyncIterator[list[Sequence[object]]]]:
        """The book as a table, students by name as in its pages, the oldest assignment first and quizzes
        behind them: its header, and its rows page by page."""
        await self.quizzes.settle(parse_id(course_id, "/path/id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            tasks = await page_of_assignments(tx, inside.course.id, None, limit=None, before=None)
            quizzes = await self.quizzes.columns(tx, inside.course.id, hidden=True)
        tasks.reverse()
        columns = ["Name", "E-mail", "Student"]
        for one in tasks:
            columns += [f"{one.title} ({one.points:g})", f"{one.title}: status"]
        for quiz in reversed(quizzes):
            columns += [f"{quiz.title} ({quiz.out_of:g})", f"{quiz.title}: status"]
        return [*columns, "% to date", "% overall"], self._lines(
            inside.course.id, tasks, [one.quiz_id for one in reversed(quizzes)]
        )

    async def _lines(
        self, course_id: str, tasks: Sequence[Assignment], quiz_ids: Sequence[str]
    ) -> AsyncIterator[list[Sequence[object]]]:
        after: PupilPlace | None = None
        while True:
            async with self._database.read() as tx:
                found = await pupils_by_name(tx, course_id, limit=_AT_ONCE, after=after, q="")
                rows = await self._rows(tx, course_id, tasks, [one for one, _ in found])
            yield [_line(row, quiz_ids) for row in rows]
            if len(found) < _AT_ONCE:
                return
            after = found[-1][1]

    async def _rows(
        self, tx: AsyncConnection, course_id: str, tasks: Sequence[Assignment], pupils: Sequence[Pupil]
    ) -> list[BookRow]:
        now, user_ids = self._clock(), [one.user_id for one in pupils]
        known = await known_of(tx, tasks, user_ids)
        quizzes = await self.quizzes.entries(tx, course_id, user_ids, now, staff=True)
        columns = [column_of(one, known, now, drafts=True) for one in tasks]
        return [
            BookRow(one, [entry(one.user_id) for entry in columns], quizzes.get(one.user_id, ()))
            for one in pupils
        ]


def _line(row: BookRow, quiz_ids: Sequence[str]) -> list[object]:
    cells: list[object] = [row.pupil.full_name, row.pupil.email, row.pupil.user_id]
    for one in row.entries:
        cells += [one.final_points, one.status.value]
    quizzes = {one.quiz_id: one for one in row.quizzes}
    for quiz_id in quiz_ids:
        quiz = quizzes.get(quiz_id)  # None: it was deleted meanwhile
        cells += [quiz.points, quiz.status.value] if quiz is not None else [None, None]
    return [*cells, *row.percents]
