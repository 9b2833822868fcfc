"""Files of feedback that everybody of a group has.

Each grade holds rows of its own: one student's grade is changed, taken back and erased without the others'.
Their bytes lie there before something holds them, as those of copies of courses do. Decision 0176.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.carried_files import FilesToCarry
from vtp.coursework.file_store import StoredFile, hold_file, let_go
from vtp.coursework.files import CourseFiles, Place
from vtp.coursework.grade_store import Grade
from vtp.errors import Conflict
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Copies:
    """Files that lie there for grades and are held by none yet. `made`: their ids, by (student, file)."""

    made: Mapping[tuple[str, str], str] = field(default_factory=dict)
    lost: Collection[str] = ()
    """Files whose bytes are not there."""


class GroupFiles:
    """`by`: the account that gives them."""

    def __init__(self, files: CourseFiles, carried: FilesToCarry, tasks: Tasks) -> None:
        self._files = files
        self._carried = carried
        self._tasks = tasks

    async def copy(self, grade: Grade, mates: Sequence[Grade], by: str) -> Copies:
        """Has those files of a grade lie there once more for each of these that has them not. Raises
        Unavailable."""
        wanted = [(one.user_id, file) for one in mates for file in _differences(grade, one)[0]]
        made = await self._carried.repeat([file for _, file in wanted], by)
        pairs = list(zip(wanted, made, strict=True))
        return Copies(
            {(user_id, file.id): new for (user_id, file), new in pairs if new is not None},
            {file.id for (_, file), new in pairs if new is None},
        )

    async def set(
        self, tx: AsyncConnection, course_id: str, grade: Grade, mate: Grade, copies: Copies, by: str
    ) -> set[str]:
        """Has somebody's grade hold the files of another one and no others; gives the copies that it holds
        from now on. Raises Conflict where files have come meanwhile, and beyond a quota."""
        missing, others = _differences(grade, mate)
        for file in others:
            await let_go(tx, file.id)
        self._files.remove_after(tx, [file.id for file in others], self._tasks)
        held = set[str]()
        holder = ("grade_id", mate.id)
        for file in missing:
            if file.id in copies.lost:
                continue
            copy = copies.made.get((mate.user_id, file.id))
            if copy is None:
                raise Conflict("A file of feedback came meanwhile: save it again.", code="file_replaced")
            await self._files.check_quotas(tx, Place(course_id, by, holder), copy, file.size_bytes)
            if not await hold_file(tx, copy, course_id, holder):
                raise Conflict("A file of feedback was given up: save it again.", code="file_replaced")
            held.add(copy)
        return held

    async def discard(self, copies: Copies, held: Collection[str] = ()) -> None:
        """Deletes those that no grade holds."""
        await self._carried.discard([one for one in copies.made.values() if one not in held])


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
