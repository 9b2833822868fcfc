"""The grade book of a course: for its staff everybody, for a student their own; and as a table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import enter
from vtp.courses.outline import seen_at
from vtp.coursework.assignment_store import Assignment, groups_among, page_of_assignments
from vtp.coursework.grade_store import Pupil, PupilPlace, grades_among, page_of_pupils, pupils_by_name
from vtp.coursework.quiz_entries import NoQuizzes, QuizBook, QuizEntry
from vtp.coursework.standing import BookRow, Entry, Known, entry_of
from vtp.coursework.submission_store import attempts_by_id, newest_of
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import parse_id

_AT_ONCE = 100


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

    async def own_quizzes(self, principal: Principal, course_id: str) -> Sequence[QuizEntry]:
        """The caller's own quizzes, newest first, with points where results are shown."""
        await self.quizzes.settle(parse_id(course_id, "/path/id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            user_id, now = account_of(principal), self._clock()
            found = await self.quizzes.entries(tx, inside.course.id, [user_id], now, staff=False)
        return found.get(user_id, ())

    async def own(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[Entry]:
        """The caller's own, by assignment, newest first, as far as grades are released."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            user_id, now = account_of(principal), self._clock()
            tasks = await page_of_assignments(
                tx, inside.course.id, seen_at(inside, now), limit=limit, before=before
            )
            known = await known_of(tx, tasks, [user_id])
        return [entry_of(one, user_id, known, now, drafts=False) for one in tasks]

    async def table(
        self, principal: Principal, course_id: str
    ) -> tuple[list[str], AsyncIterator[list[Sequence[object]]]]:
        """The book as a table, oldest assignment first, quizzes behind them: its header, and its rows page by
        page."""
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
        after: str | None = None
        while True:
            async with self._database.read() as tx:
                pupils = await page_of_pupils(tx, course_id, limit=_AT_ONCE, after=after)
                rows = await self._rows(tx, course_id, tasks, pupils)
            yield [_line(row, quiz_ids) for row in rows]
            if len(pupils) < _AT_ONCE:
                return
            after = pupils[-1].id

    async def _rows(
        self, tx: AsyncConnection, course_id: str, tasks: Sequence[Assignment], pupils: Sequence[Pupil]
    ) -> list[BookRow]:
        now, user_ids = self._clock(), [one.user_id for one in pupils]
        known = await known_of(tx, tasks, user_ids)
        quizzes = await self.quizzes.entries(tx, course_id, user_ids, now, staff=True)
        return [
            BookRow(
                one,
                [entry_of(task, one.user_id, known, now, drafts=True) for task in tasks],
                quizzes.get(one.user_id, ()),
            )
            for one in pupils
        ]


async def known_of(tx: AsyncConnection, tasks: Sequence[Assignment], user_ids: Sequence[str]) -> Known:
    """What rows say of these people with these assignments."""
    ids = [one.id for one in tasks]
    groups = await groups_among(tx, ids, user_ids)
    newest = await newest_of(tx, ids, sorted({*user_ids, *groups.values()}))
    grades = await grades_among(tx, ids, user_ids)
    graded = {one.id: one for one in newest.values()}
    older = sorted({one.submission_id for one in grades.values() if one.submission_id} - graded.keys())
    graded |= await attempts_by_id(tx, older)
    return Known(groups, newest, grades, graded)


def _line(row: BookRow, quiz_ids: Sequence[str]) -> list[object]:
    cells: list[object] = [row.pupil.full_name, row.pupil.email, row.pupil.user_id]
    for one in row.entries:
        cells += [one.final_points, one.status.value]
    quizzes = {one.quiz_id: one for one in row.quizzes}
    for quiz_id in quiz_ids:
        quiz = quizzes.get(quiz_id)  # None: it was deleted meanwhile
        cells += [quiz.points, quiz.status.value] if quiz is not None else [None, None]
    return [*cells, row.percent_to_date, row.percent_overall]
