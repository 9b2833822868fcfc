"""Who is to hand in an assignment, and how far each of them is: what staff look at while they grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import enter
from vtp.courses.enrolment_store import count_students
from vtp.coursework.assignment_store import find_assignment
from vtp.coursework.grade_store import Pupil, count_drafts, page_of_pupils, place_of_pupil
from vtp.coursework.known_work import known_of
from vtp.coursework.standing import Entry, column_of
from vtp.coursework.submission_store import count_who_handed_in
from vtp.db import Database
from vtp.errors import NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One student with the assignment."""

    pupil: Pupil
    entry: Entry


@dataclass(frozen=True, slots=True)
class RosterCounts:
    """Of all students: how many, who has handed in (by a group, too), and grades that they do not see."""

    students: int
    handed_in: int
    drafts: int


class Roster:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        *,
        q: str = "",
        first: str | None = None,
        limit: int,
        after: str | None,
    ) -> tuple[Sequence[RosterRow], RosterCounts | None]:
        """Students by when they came into the course, for who teaches there. `q`: those with this in their
        name or address. `first`: beginning with this one, or with nobody where it is no student of the
        course. On the first page also the counts of all.
        """
        wanted = parse_id(assignment_id, "/path/assignment_id")
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            course = inside.course.id
            task = await find_assignment(tx, course, wanted)
            if task is None:
                raise NotFound("This course has no such assignment.", code="no_such_assignment")
            counts = None
            if after is None:
                counts = RosterCounts(
                    await count_students(tx, course),
                    await count_who_handed_in(tx, course, task.id),
                    await count_drafts(tx, task.id),
                )
            start = None
            if after is None and first is not None:
                start = await place_of_pupil(tx, course, first)
                if start is None:
                    return [], counts
            pupils = await page_of_pupils(tx, course, limit=limit, after=after, start=start, q=q)
            known = await known_of(tx, [task], [one.user_id for one in pupils])
        entry = column_of(task, known, self._clock(), drafts=True)
        return [RosterRow(one, entry(one.user_id)) for one in pupils], counts
