"""Grades: given by a course's staff as drafts, seen by their student once they are released."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.users import names_of
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.news import news_in
from vtp.courses.roles import role_in_course
from vtp.courses.store import find_course
from vtp.coursework.assignment_store import Assignment, group_of, members_of
from vtp.coursework.assignments import Assignments
from vtp.coursework.file_store import StoredFile, count_files, files_of, find_file, let_go
from vtp.coursework.files import CourseFiles, Place, Upload
from vtp.coursework.grade_schemas import ChangeGrade
from vtp.coursework.grade_store import Grade, find_grade, grade_by_id, put_grade, release_grades
from vtp.coursework.group_files import Copies, GroupFiles
from vtp.coursework.groups import students_of
from vtp.coursework.news import GRADED, page_of
from vtp.coursework.submission_store import newest_of
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.notifications.notifier import Notifier
from vtp.notifications.store import these
from vtp.tasks import Tasks

MAX_FEEDBACK_FILES: Final = 20


class Grades:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course.
    """

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        assignments: Assignments,
        files: CourseFiles,
        most_bytes: int,
        tasks: Tasks,
        notifier: Notifier,
        group_files: GroupFiles,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._audit = audit
        self._assignments = assignments
        self._files = files
        self._most_bytes = most_bytes
        self._tasks = tasks
        self._notifier = notifier
        self._group_files = group_files
        self._clock = clock

    async def get(self, principal: Principal, course_id: str, assignment_id: str, user_id: str) -> Grade:
        """Somebody's, for staff; one's own, which says nothing before it is released."""
        wanted = parse_id(user_id, "/path/student_id")
        own = wanted == principal.user_id
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW if own else Action.COURSE_TEACH)
            assignment = await self._assignments.find_seen(tx, inside, assignment_id)
            found = await self._of(tx, inside, assignment, wanted)
            if inside.may(Action.COURSE_TEACH):
                return await _with_newest(tx, assignment, found)
            return found if found.released_at is not None else _nothing_yet(assignment, wanted)

    async def change(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        user_id: str,
        wish: ChangeGrade,
        origin: Origin,
        unless_changed: Callable[[Grade], None] = lambda grade: None,
    ) -> Grade:
        """Says what is different. Raises PreconditionFailed by `unless_changed`, Invalid for more points than
        there are; with files for a group Conflict where one came meanwhile or beyond a quota, Unavailable. A
        new attempt counts as a change: points are given for what is handed in."""
        wanted = parse_id(user_id, "/path/student_id")
        copies = await self._copies(principal, course_id, assignment_id, wanted, wish, unless_changed)
        try:
            changed, held = await self._change(
                principal, course_id, assignment_id, wanted, wish, origin, unless_changed, copies
            )
        except BaseException:
            await asyncio.shield(self._group_files.discard(copies))
            raise
        await self._group_files.discard(copies, held)
        return changed

    async def _copies(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        wanted: str,
        wish: ChangeGrade,
        unless_changed: Callable[[Grade], None],
    ) -> Copies:
        """The files that others of the group are to have, before any grade is locked: they may be large. What
        would be refused then is refused before any is copied."""
        if not (wish.for_group and wish.files_for_group):
            return {}
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            assignment = await self._assignments.find(tx, inside, assignment_id)
            grade = await _with_newest(tx, assignment, await self._of(tx, inside, assignment, wanted))
            unless_changed(grade)
            _values(assignment, wish, self._clock())
            people = await _group(tx, inside, assignment, wanted)
            mates = [await self._of(tx, inside, assignment, one) for one in people if one != wanted]
            await self._group_files.check_room(tx, inside.course.id, grade, mates)
        return await self._group_files.copy(grade, mates, account_of(principal))

    @done_over
    async def _change(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        wanted: str,
        wish: ChangeGrade,
        origin: Origin,
        unless_changed: Callable[[Grade], None],
        copies: Copies,
    ) -> tuple[Grade, set[str]]:
        """Gives, besides, which copies of files grades hold from now on."""
        held = set[str]()
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            assignment = await self._assignments.find(tx, inside, assignment_id)
            found = await _with_newest(tx, assignment, await self._of(tx, inside, assignment, wanted))
            unless_changed(found)
            values = _values(assignment, wish, self._clock())
            if "centipoints" in values:
                values["submission_id"] = _attempt_for(found, values, for_newest=wish.for_newest)
            people = [wanted]
            if wish.for_group:
                people = await _group(tx, inside, assignment, wanted)
            new, other, mates = list[str](), list[str](), list[Grade]()
            for one in people:
                before = found if one == wanted else await self._of(tx, inside, assignment, one)
                changed = await self._put(tx, inside, before, values)
                if one != wanted:
                    mates.append(before)
                if changed.released_at is not None and before.released_at is None:
                    new.append(one)
                elif changed.released_at is not None and _is_another(changed, before):
                    other.append(one)
                await self._note(tx, inside, assignment, changed, origin)
            if wish.files_for_group:
                held = await self._group_files.set(tx, inside.course.id, found, mates, copies)
            await self._tell(tx, inside, assignment, new)
            await self._tell(tx, inside, assignment, other, has_changed=True)
            now = await self._of(tx, inside, assignment, wanted)
        return replace(now, newest_submission_id=found.newest_submission_id), held

    @done_over
    async def release(self, principal: Principal, course_id: str, assignment_id: str) -> int:
        """Shows all drafts with points to their students; gives how many."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            assignment = await self._assignments.find(tx, inside, assignment_id)
            told = await release_grades(tx, assignment.id, self._clock())
            await self._tell(tx, inside, assignment, told)
        return len(told)

    async def add_file(
        self, principal: Principal, course_id: str, assignment_id: str, user_id: str, upload: Upload
    ) -> StoredFile:
        """Takes a file of feedback in. Raises what `CourseFiles.receive` does."""
        wanted = parse_id(user_id, "/path/student_id")

        async def admit(tx: AsyncConnection) -> Place:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            assignment = await self._assignments.find(tx, inside, assignment_id)
            grade = await self._of(tx, inside, assignment, wanted)
            if grade.version == 0:
                grade = await self._put(tx, inside, grade, {})
            if await count_files(tx, "grade_id", grade.id) > MAX_FEEDBACK_FILES:
                raise Conflict(f"There are at most {MAX_FEEDBACK_FILES} files.", code="too_many_files")
            return Place(inside.course.id, account_of(principal), ("grade_id", grade.id))

        async def settle(tx: AsyncConnection) -> int:
            return 0

        return await self._files.receive(upload, self._most_bytes, admit, settle)

    @done_over
    async def remove_file(
        self, principal: Principal, course_id: str, assignment_id: str, user_id: str, file_id: str
    ) -> None:
        """Takes a file of feedback away."""
        wanted = parse_id(user_id, "/path/student_id")
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            assignment = await self._assignments.find(tx, inside, assignment_id)
            grade = await self._of(tx, inside, assignment, wanted)
            file = await find_file(tx, parse_id(file_id, "/path/file_id"))
            if file is None or file.grade_id != grade.id:
                raise NotFound("There is no such file of feedback.", code="no_such_file")
            await let_go(tx, [file.id])
            self._files.remove_after(tx, [file.id], self._tasks)

    async def check_file(self, tx: AsyncConnection, inside: Entered, file: StoredFile) -> None:
        """Whether the caller may have a file of feedback. Raises Forbidden."""
        if inside.may(Action.COURSE_TEACH):
            return
        grade = await grade_by_id(tx, file.grade_id or "")
        if grade is None or grade.user_id != inside.principal.user_id:
            raise Forbidden("This is somebody else's grade.", code="not_yours")
        if grade.released_at is None:
            raise Forbidden("Your grade is not there yet.", code="not_released")

    async def _of(self, tx: AsyncConnection, inside: Entered, assignment: Assignment, user_id: str) -> Grade:
        """Somebody's as it is, or one that says nothing yet. Raises NotFound for who is no student there."""
        found = await find_grade(tx, assignment.id, user_id)
        if found is not None:
            held = await files_of(tx, "grade_id", [found.id])
            return replace(found, files=held.get(found.id, ()))
        seen = await find_course(tx, inside.course.id, user_id)
        course = inside.course
        role = role_in_course(Role.STUDENT, user_id, course.instructor_id, seen.member) if seen else None
        if role is not Role.STUDENT:
            raise NotFound("This is no student of the course.", code="no_such_student")
        return _nothing_yet(assignment, user_id)

    async def _put(
        self, tx: AsyncConnection, inside: Entered, before: Grade, values: dict[str, Any]
    ) -> Grade:
        """Sets these columns of a grade, or adds it with them."""
        now = self._clock()
        values = dict(values)
        if values.get("released_at") is not None and before.released_at is not None:
            del values["released_at"]
        changed = replace(
            before,
            **values,
            graded_by=account_of(inside.principal),
            version=before.version + 1,
            created_at=before.created_at if before.version else now,
            updated_at=now,
        )
        await put_grade(tx, changed)
        return changed

    async def _tell(
        self,
        tx: AsyncConnection,
        inside: Entered,
        assignment: Assignment,
        told: list[str],
        *,
        has_changed: bool = False,
    ) -> None:
        if not told:
            return
        title = assignment.title
        text = f"Your grade for “{title}” has changed." if has_changed else f"There is a grade for “{title}”."
        news = news_in(
            inside.course,
            GRADED,
            assignment.title,
            text,
            page=page_of(assignment.id),
            subject_id=assignment.id,
            lesson_id=assignment.lesson_id,
        )
        await self._notifier.tell(tx, news, these(told))

    async def _note(
        self, tx: AsyncConnection, inside: Entered, assignment: Assignment, grade: Grade, origin: Origin
    ) -> None:
        """Who gave which points is asked for long after."""
        await self._audit.record(
            tx,
            Event.COURSE_CHANGED,
            origin,
            actor_id=inside.principal.user_id,
            subject=f"user:{grade.user_id}",
            details={
                "did": "graded",
                "course_id": inside.course.id,
                "assignment": assignment.id,
                "centipoints": grade.centipoints,
                "released": grade.released_at is not None,
            },
        )


def _is_another(changed: Grade, before: Grade) -> bool:
    """Whether points are others, or for another attempt; of what is written about them nobody is told."""
    return (changed.centipoints, changed.submission_id) != (before.centipoints, before.submission_id)


def _nothing_yet(assignment: Assignment, user_id: str) -> Grade:
    """What somebody has of whom nothing was said, or nothing that they are to know: the same each time."""
    at = assignment.created_at
    return Grade(new_id(), assignment.id, user_id, None, None, [], "", None, None, 0, at, at)


async def _with_newest(tx: AsyncConnection, assignment: Assignment, grade: Grade) -> Grade:
    """With the newest attempt that its student, or their group, has handed in."""
    group_id = await group_of(tx, assignment.id, grade.user_id) if assignment.for_groups else None
    owner = group_id or grade.user_id
    newest = (await newest_of(tx, [assignment.id], [owner])).get((assignment.id, owner))
    return replace(grade, newest_submission_id=newest.id if newest else None)


def _attempt_for(found: Grade, values: Mapping[str, Any], *, for_newest: bool) -> str | None:
    """Which attempt points are for: the newest, unless they are what they were before that was handed in."""
    same = (
        found.centipoints is not None
        and values["centipoints"] == found.centipoints
        and _points_of(values.get("scores", found.scores)) == _points_of(found.scores)
    )
    return found.submission_id if same and not for_newest else found.newest_submission_id


def _points_of(scores: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {one["id"]: one["points"] for one in scores}


async def _group(tx: AsyncConnection, inside: Entered, assignment: Assignment, user_id: str) -> list[str]:
    """Somebody, and who of their group is in the course still."""
    group_id = await group_of(tx, assignment.id, user_id) if assignment.for_groups else None
    if group_id is None:
        name = (await names_of(tx, [user_id])).get(user_id, "This student")
        raise Conflict(f"{name} is in no group of the assignment.", code="no_group")
    mates = await members_of(tx, group_id, students_of(inside))
    return [user_id, *(one for one in mates if one != user_id)]


def _values(assignment: Assignment, wish: ChangeGrade, now: datetime) -> dict[str, Any]:
    """The columns that a wish sets. Raises Invalid for what the assignment does not give."""
    given = wish.model_dump(exclude_unset=True, exclude={"for_group"})
    values: dict[str, Any] = {}
    if given.get("feedback") is not None:
        values["feedback"] = given["feedback"]
    if given.get("released") is not None:
        values["released_at"] = now if given["released"] else None
    if "scores" in given:
        values["scores"] = given["scores"] or []
        _check_scores(assignment, values["scores"])
        if values["scores"]:
            values["centipoints"] = sum(round(one["points"] * 100) for one in values["scores"])
    if "points" in given:
        points = given["points"]
        values["centipoints"] = None if points is None else round(points * 100)
    if (values.get("centipoints") or 0) > assignment.centipoints:
        raise Invalid(
            "These are more points than there are.",
            errors=[FieldError("/points", f"at most {assignment.points:g}")],
        )
    return values


def _check_scores(assignment: Assignment, scores: list[dict[str, Any]]) -> None:
    most = {one["id"]: one["points"] for one in assignment.rubric}
    errors, seen = [], set[str]()
    for i, score in enumerate(scores):
        if score["id"] not in most or score["id"] in seen:
            errors.append(FieldError(f"/scores/{i}/id", "is no criterion of the rubric, or comes twice"))
        elif score["points"] > most[score["id"]]:
            errors.append(FieldError(f"/scores/{i}/points", f"at most {most[score['id']]:g}"))
        seen.add(score["id"])
    if errors:
        raise Invalid("The scores do not fit the rubric; `errors` says where.", errors=errors)
