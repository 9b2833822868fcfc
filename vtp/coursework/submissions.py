"""What is handed in: begun as a draft with text and files, handed in at a moment, kept as it was then.

The moment is when the call reached the server, before anything waits: of a class that hands in within the
last second nobody is late for the others' sake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.people import require_student
from vtp.coursework.assignment_store import Assignment, group_of
from vtp.coursework.assignments import Assignments
from vtp.coursework.file_store import StoredFile, count_files, files_of, find_file, let_go
from vtp.coursework.files import CourseFiles, Place, Upload
from vtp.coursework.hand_in_news import HandInTeller
from vtp.coursework.submission_store import (
    Submission,
    add_submission,
    change_submission,
    find_submission,
    last_attempts,
    owner_of,
    page_of_submissions,
    remove_submission,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.tasks import Tasks

MAX_FILES: Final = 20
MOST_ATTEMPTS: Final = 100
Found = tuple[Assignment, Submission]
Check = Callable[[str], None]
"""Given the mark of a draft's text as it is, refuses who has seen another."""


class Submissions:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; what changes one, Conflict."""

    def __init__(
        self,
        database: Database,
        assignments: Assignments,
        files: CourseFiles,
        most_bytes: int,
        tasks: Tasks,
        teller: HandInTeller,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._assignments = assignments
        self._files = files
        self._most_bytes = most_bytes
        self._tasks = tasks
        self._teller = teller
        self._clock = clock

    @done_over
    async def begin(self, principal: Principal, course_id: str, assignment_id: str, text: str) -> Found:
        """A draft of the next attempt."""
        now = self._clock()
        async with self._database.transaction() as tx:
            _, assignment = await self._enter_to_work(tx, principal, course_id, assignment_id)
            _require_open(assignment, now)
            user_id = account_of(principal)
            group_id = await _group_for(tx, assignment, user_id)
            owner = group_id or user_id
            last, handed_in, has_draft = await last_attempts(tx, assignment.id, owner)
            most = assignment.max_attempts or MOST_ATTEMPTS
            if handed_in >= most:
                raise Conflict(
                    f"It can be handed in {'once' if most == 1 else f'{most} times'}, no more.",
                    code="no_attempt_left",
                )
            made = Submission(
                new_id(), assignment.id, owner, user_id, group_id, last + 1, text, None, now, now
            )
            if has_draft or not await add_submission(tx, made):
                raise Conflict("There is a draft already: hand it in, or delete it.", code="draft_exists")
        return assignment, made

    async def page(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        user_id: str,
        *,
        limit: int,
        before: str | None,
    ) -> tuple[Assignment, list[Submission]]:
        """For staff what is handed in, of everybody or one; for students their own and their group's."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            assignment = await self._assignments.find_seen(tx, inside, assignment_id)
            is_staff = inside.may(Action.COURSE_TEACH)
            wanted = parse_id(user_id, "/query/user_id") if user_id else None
            if not is_staff:
                wanted = account_of(principal)
            owners = None if wanted is None else await _owners(tx, assignment.id, wanted)
            found = await page_of_submissions(
                tx, assignment.id, owners, drafts=not is_staff, limit=limit, before=before
            )
            held = await files_of(tx, "submission_id", [one.id for one in found])
        return assignment, [replace(one, files=held[one.id]) if one.id in held else one for one in found]

    async def get(
        self, principal: Principal, course_id: str, assignment_id: str, submission_id: str
    ) -> Found:
        """One, with its files."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            assignment = await self._assignments.find_seen(tx, inside, assignment_id)
            found = await self._find(tx, inside, assignment, submission_id)
            return assignment, await _with_files(tx, found)

    @done_over
    async def write(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        submission_id: str,
        text: str,
        check: Check,
    ) -> Found:
        """Sets the text of a draft; saying what it is already changes nothing. Raises what `check` does."""
        async with self._database.transaction() as tx:
            assignment, found = await self._draft(tx, principal, course_id, assignment_id, submission_id)
            if text != found.text:
                check(found.text_mark)
                found = replace(found, text=text, updated_at=self._clock())
                await change_submission(tx, found.id, text=text, updated_at=found.updated_at)
            return assignment, await _with_files(tx, found)

    @done_over
    async def delete(
        self, principal: Principal, course_id: str, assignment_id: str, submission_id: str
    ) -> None:
        """Deletes a draft with its files."""
        async with self._database.transaction() as tx:
            _, found = await self._draft(tx, principal, course_id, assignment_id, submission_id)
            held = await files_of(tx, "submission_id", [found.id])
            await remove_submission(tx, found.id)
            self._files.remove_after(tx, [one.id for one in held.get(found.id, ())], self._tasks)

    async def hand_in(
        self, principal: Principal, course_id: str, assignment_id: str, submission_id: str, check: Check
    ) -> Found:
        """Hands a draft in as it is now; one that is handed in already stays so. Raises what `check` does."""
        return await self._hand_in(principal, course_id, assignment_id, submission_id, check, self._clock())

    @done_over
    async def _hand_in(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        submission_id: str,
        check: Check,
        at: datetime,
    ) -> Found:
        async with self._database.transaction() as tx:
            inside, assignment = await self._enter_to_work(tx, principal, course_id, assignment_id)
            found = await self._find(tx, inside, assignment, submission_id, lock=True)
            found = await _with_files(tx, found)
            if found.handed_in_at is not None:
                return assignment, found
            check(found.text_mark)
            _require_open(assignment, at)
            if not found.text.strip() and not found.files:
                raise Conflict("There is nothing in it: write something, or send a file.", code="empty")
            values = {"handed_in_at": at, "updated_at": at}
            await change_submission(tx, found.id, **values)
            self._teller.handed_in(tx, inside.course.id, assignment.id)
            return assignment, replace(found, handed_in_at=at, updated_at=at)

    async def add_file(
        self, principal: Principal, course_id: str, assignment_id: str, submission_id: str, upload: Upload
    ) -> StoredFile:
        """Takes a file into a draft. Raises what `CourseFiles.receive` does."""

        async def admit(tx: AsyncConnection) -> Place:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_VIEW)
            _, found = await self._draft(tx, principal, course_id, assignment_id, submission_id)
            if await count_files(tx, "submission_id", found.id) > MAX_FILES:
                raise Conflict(f"There are at most {MAX_FILES} files in it.", code="too_many_files")
            holder = ("submission_id", found.id)
            return Place(inside.course.id, account_of(principal), holder, is_student=True)

        async def settle(tx: AsyncConnection) -> int:
            return 0

        return await self._files.receive(upload, self._most_bytes, admit, settle)

    @done_over
    async def remove_file(
        self, principal: Principal, course_id: str, assignment_id: str, submission_id: str, file_id: str
    ) -> None:
        """Takes a file out of a draft."""
        async with self._database.transaction() as tx:
            _, found = await self._draft(tx, principal, course_id, assignment_id, submission_id)
            file = await find_file(tx, parse_id(file_id, "/path/file_id"))
            if file is None or file.submission_id != found.id:
                raise NotFound("There is no such file in it.", code="no_such_file")
            await let_go(tx, [file.id])
            self._files.remove_after(tx, [file.id], self._tasks)

    async def check_file(self, tx: AsyncConnection, inside: Entered, file: StoredFile) -> None:
        """Whether the caller may have a file of a submission. Raises Forbidden."""
        known = await owner_of(tx, file.submission_id or "")
        if known is None:
            raise NotFound("This course has no such file.", code="no_such_file")
        found = await find_submission(tx, known[0], file.submission_id or "")
        if found is not None:
            await _require_mine(tx, inside, found)

    async def _enter_to_work(
        self, tx: AsyncConnection, principal: Principal, course_id: str, assignment_id: str
    ) -> tuple[Entered, Assignment]:
        """For students of a course that goes on. Raises Forbidden for everybody else, Conflict."""
        inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
        require_student(principal, inside, "What is handed in is of")
        return inside, await self._assignments.find_seen(tx, inside, assignment_id)

    async def _draft(
        self,
        tx: AsyncConnection,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        submission_id: str,
    ) -> Found:
        """One that the caller may change, locked."""
        inside, assignment = await self._enter_to_work(tx, principal, course_id, assignment_id)
        found = await self._find(tx, inside, assignment, submission_id, lock=True)
        if found.handed_in_at is not None:
            raise Conflict("This is handed in: begin another attempt.", code="handed_in")
        return assignment, found

    async def _find(
        self,
        tx: AsyncConnection,
        inside: Entered,
        assignment: Assignment,
        submission_id: str,
        *,
        lock: bool = False,
    ) -> Submission:
        wanted = parse_id(submission_id, "/path/submission_id")
        found = await find_submission(tx, assignment.id, wanted, lock=lock)
        if found is None:
            raise NotFound("Nothing like this was handed in.", code="no_such_submission")
        await _require_mine(tx, inside, found)
        return found


async def _require_mine(tx: AsyncConnection, inside: Entered, found: Submission) -> None:
    """One's own, or one's group's; for staff what is handed in."""
    if inside.may(Action.COURSE_TEACH):
        allowed = found.handed_in_at is not None
    else:
        owners = await _owners(tx, found.assignment_id, account_of(inside.principal))
        allowed = found.owner in owners
    if not allowed:
        raise Forbidden("This is somebody else's work.", code="not_yours")


async def _owners(tx: AsyncConnection, assignment_id: str, user_id: str) -> list[str]:
    group_id = await group_of(tx, assignment_id, user_id)
    return [user_id] if group_id is None else [user_id, group_id]


async def _group_for(tx: AsyncConnection, assignment: Assignment, user_id: str) -> str | None:
    if not assignment.for_groups:
        return None
    found = await group_of(tx, assignment.id, user_id)
    if found is None:
        raise Conflict("This is for groups, and you are in none yet: ask your teacher.", code="no_group")
    return found


def _require_open(assignment: Assignment, at: datetime) -> None:
    if not assignment.deadline.takes(at):
        raise Conflict("It is too late: nothing is taken any more.", code="assignment_closed")


async def _with_files(tx: AsyncConnection, found: Submission) -> Submission:
    held = await files_of(tx, "submission_id", [found.id])
    return replace(found, files=held.get(found.id, ()))
