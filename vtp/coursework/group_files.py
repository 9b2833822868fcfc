"""Files of feedback that everybody of a group has.

Each grade holds rows of its own: one student's grade is changed, taken back and erased without the others'.
Their bytes lie there before something holds them, as those of copies of courses do. Decision 0176.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.carried_files import FilesToCarry
from vtp.coursework.file_store import StoredFile, hold_files, let_go
from vtp.coursework.files import CourseFiles
from vtp.coursework.grade_store import Grade
from vtp.errors import Conflict
from vtp.tasks import Tasks

Copies = Mapping[tuple[str, str], str]
"""Ids of files that lie there for grades and are held by none yet, by (student, file)."""


class GroupFiles:
    """Made once."""

    def __init__(self, files: CourseFiles, carried: FilesToCarry, tasks: Tasks) -> None:
        self._files = files
        self._carried = carried
        self._tasks = tasks

    async def check_room(
        self, tx: AsyncConnection, course_id: str, grade: Grade, mates: Sequence[Grade]
    ) -> None:
        """Whether these may have the files of a grade in place of theirs: by what all of them take then.
        Raises Conflict."""
        more = 0
        for mate in mates:
            missing, others = _differences(grade, mate)
            more += sum(file.size_bytes for file in missing) - sum(file.size_bytes for file in others)
        await self._files.check_room(tx, course_id, more)

    async def copy(self, grade: Grade, mates: Sequence[Grade], by: str) -> Copies:
        """Has the files of a grade lie there once more for each of these that has them not; `by`: the account
        that gives them. Raises Conflict for a file whose bytes are lost, Unavailable; then there is none."""
        wanted = [(one.user_id, file) for one in mates for file in _differences(grade, one)[0]]
        made = await self._carried.repeat([file for _, file in wanted], by)
        copies = {
            (user_id, file.id): new
            for (user_id, file), new in zip(wanted, made, strict=True)
            if new is not None
        }
        lost = sorted({file.name for user_id, file in wanted if (user_id, file.id) not in copies})
        if lost:
            await asyncio.shield(self.discard(copies))
            raise Conflict(
                f"The group cannot have what the server has lost: {', '.join(lost)}. Take it away from this "
                "grade, and send it again.",
                code="file_lost",
            )
        return copies

    async def set(
        self, tx: AsyncConnection, course_id: str, grade: Grade, mates: Sequence[Grade], copies: Copies
    ) -> set[str]:
        """Has the grades of these hold the files of another one and no others; gives the copies that they
        hold from now on. Raises Conflict where files have come meanwhile, and beyond a quota."""
        await self.check_room(tx, course_id, grade, mates)
        differences = [(mate, *_differences(grade, mate)) for mate in mates]
        others = [file.id for _, _, files in differences for file in files]
        await let_go(tx, others)
        self._files.remove_after(tx, others, self._tasks)
        held = set[str]()
        for mate, missing, _ in differences:
            own = [one for file in missing if (one := copies.get((mate.user_id, file.id))) is not None]
            if len(own) < len(missing):
                raise Conflict("A file of feedback came meanwhile: save it again.", code="file_replaced")
            if own and not await hold_files(tx, own, course_id, ("grade_id", mate.id)):
                raise Conflict("A file of feedback was given up: save it again.", code="file_replaced")
            held.update(own)
        return held

    async def discard(self, copies: Copies, held: Collection[str] = ()) -> None:
        """Deletes those that no grade holds."""
        await self._carried.discard([one for one in copies.values() if one not in held])


def _differences(grade: Grade, mate: Grade) -> tuple[list[StoredFile], list[StoredFile]]:
    """Which files of a grade another one has not, and which it has besides."""
    others = list(mate.files)
    missing = []
    for file in grade.files:
        same = [one for one in others if (one.name, one.sha256) == (file.name, file.sha256)]
        if same:
            others.remove(same[0])
        else:
            missing.append(file)
    return missing, others
