"""Assignments: written by a course's staff, seen by students once they are released."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import Entered, enter
from vtp.courses.items import CourseItems
from vtp.courses.outline import not_released, seen_at
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.coursework.assignment_news import AssignmentNews, tell_of_change
from vtp.coursework.assignment_schemas import CreateAssignment
from vtp.coursework.assignment_store import (
    Assignment,
    add_assignment,
    change_assignment,
    count_assignments,
    find_assignment,
    has_submissions,
    is_graded,
    page_of_assignments,
    remove_assignment,
)
from vtp.coursework.files import CourseFiles
from vtp.coursework.hand_in_news import subject_of
from vtp.coursework.late import LatePolicy
from vtp.coursework.materials import lesson_id_in
from vtp.coursework.telling import ReleaseTeller
from vtp.db import Database
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.notifications.notifier import Notifier
from vtp.tasks import Tasks

MAX_ASSIGNMENTS: Final = 200


class Assignments(CourseItems[Assignment]):
    """See `CourseItems`. Changes raise Conflict for points and rubric once somebody is graded by them, and
    for whether groups hand in once anything was.
    """

    noun: ClassVar[str] = "assignment"
    nullable: ClassVar[frozenset[str]] = frozenset(
        {"lesson_id", "release_at", "due_at", "late_until", "max_attempts"}
    )

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        files: CourseFiles,
        tasks: Tasks,
        notifier: Notifier,
        teller: ReleaseTeller,
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._files = files
        self._tasks = tasks
        self._notifier = notifier
        self._teller = teller

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[Assignment]:
        """Those that the caller may see, newest first."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            released_at = seen_at(inside, self._clock())
            return await page_of_assignments(tx, inside.course.id, released_at, limit=limit, before=before)

    async def find_seen(self, tx: AsyncConnection, inside: Entered, assignment_id: str) -> Assignment:
        """One that the caller may see. Raises Forbidden, NotFound, Invalid."""
        found = await self.find(tx, inside, assignment_id)
        await self._check_seen(tx, inside, found)
        return found

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateAssignment) -> Assignment:
        if await count_assignments(tx, inside.course.id) >= MAX_ASSIGNMENTS:
            raise Conflict(
                f"A course has at most {MAX_ASSIGNMENTS} assignments.", code="too_many_assignments"
            )
        now, values = self._clock(), _columns(wish.model_dump())
        values["lesson_id"] = await lesson_id_in(tx, inside, wish.lesson_id)
        made = Assignment(
            id=new_id(),
            course_id=inside.course.id,
            created_by=account_of(inside.principal),
            created_at=now,
            updated_at=now,
            **values,
        )
        check_assignment(made)
        if await self._add(tx, inside, made):
            await self._teller.tell(tx, AssignmentNews(), inside.course, made)
        return made

    async def _add(self, tx: AsyncConnection, inside: Entered, made: Assignment) -> bool:
        """Whether its class sees it already; of others it is told once it does."""
        await add_assignment(tx, made)
        seen = await find_assignment(tx, inside.course.id, made.id, self._clock()) is not None
        if seen and inside.course.status in OPEN_TO_STUDENTS:
            return True
        await change_assignment(tx, made.id, to_tell=True)
        return False

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Assignment | None:
        return await find_assignment(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Assignment) -> None:
        now = seen_at(inside, self._clock())
        if now is not None and await find_assignment(tx, inside.course.id, item.id, now) is None:
            raise not_released()

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Assignment, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        values = _columns(wanted)
        if "lesson_id" in values:
            values["lesson_id"] = await lesson_id_in(tx, inside, values["lesson_id"])
        changed = {name for name, value in values.items() if getattr(item, name) != value}
        if changed & {"centipoints", "rubric"} and await is_graded(tx, item.id):
            raise Conflict(
                "There are grades by these points already: make another assignment.", code="already_graded"
            )
        if "for_groups" in changed and await has_submissions(tx, item.id):
            raise Conflict("Something was handed in already.", code="already_handed_in")
        check_assignment(replace(item, **values))
        return values

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Assignment,
        changed: Assignment,
        values: dict[str, Any],
    ) -> None:
        await change_assignment(tx, item.id, **values)
        await tell_of_change(self._notifier, tx, inside.course, item, changed, self._clock())

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Assignment) -> None:
        """What was handed in and graded goes with it."""
        self._files.remove_after(tx, await remove_assignment(tx, item.id), self._tasks)
        await self._notifier.take_back(tx, item.id)
        await self._notifier.take_back(tx, subject_of(item.id))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as it is stored."""
    values = dict(values)
    if "points" in values:
        values["centipoints"] = round(values.pop("points") * 100)
    return values


def check_assignment(assignment: Assignment) -> None:
    """Raises Invalid for what contradicts itself."""
    errors = []
    due, until = assignment.due_at, assignment.late_until
    if until is not None and (due is None or until < due):
        errors.append(FieldError("/late_until", "must not be before due_at"))
    if assignment.late_policy is LatePolicy.DEDUCT and not assignment.late_percent:
        errors.append(FieldError("/late_percent", "says how much is taken off for a day, from 1"))
    ids = [one["id"] for one in assignment.rubric]
    if len(set(ids)) != len(ids):
        errors.append(FieldError("/rubric", "two criteria have the same id"))
    total = sum(round(one["points"] * 100) for one in assignment.rubric)
    if ids and total != assignment.centipoints:
        errors.append(FieldError("/rubric", f"gives {total / 100:g} points in all, and not points"))
    if errors:
        raise Invalid("The assignment cannot be like this; `errors` says why.", errors=errors)
