"""The rows of what is handed in. No rules here, only SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Integer, Row, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.tables import course_enrollments
from vtp.coursework.file_store import StoredFile
from vtp.coursework.tables import assignment_group_members as members
from vtp.coursework.tables import submissions as table
from vtp.db.lists import among, filled_at_once, rows_of_both
from vtp.db.prepared import Prepared
from vtp.db.statements import insert_if_absent
from vtp.db.types import id_type


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt. `owner`: the group's id, or the person's."""

    id: str
    assignment_id: str
    owner: str
    user_id: str | None
    group_id: str | None
    attempt: int
    text: str
    handed_in_at: datetime | None
    created_at: datetime
    updated_at: datetime
    files: Sequence[StoredFile] = field(default=())

    @property
    def text_mark(self) -> str:
        """What is another once the text is."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()[:16]


class HandedIn(NamedTuple):
    """What a book says of an attempt: thousands are read at once, so that none is more than its row."""

    id: str
    assignment_id: str
    owner: str
    handed_in_at: datetime | None


_OWN = [name for name in Submission.__slots__ if name != "files"]
_handed_in = partial(tuple.__new__, HandedIn)  # as HandedIn._make, without a call of Python for each
_HANDED_IN = select(*(table.c[name] for name in HandedIn._fields))
_SUBMISSIONS = select(*(table.c[name] for name in _OWN))


async def add_submission(tx: AsyncConnection, submission: Submission) -> bool:
    """Adds one, unless this attempt is there already; tells whether."""
    return await insert_if_absent(tx, table, {name: getattr(submission, name) for name in _OWN})


async def find_submission(
    tx: AsyncConnection, assignment_id: str, submission_id: str, *, lock: bool = False
) -> Submission | None:
    """One of an assignment's; `lock`: nobody else changes it until the transaction ends."""
    c = table.c
    statement = _SUBMISSIONS.where(c.id == submission_id, c.assignment_id == assignment_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return _submission(row) if row else None


async def owner_of(tx: AsyncConnection, submission_id: str) -> tuple[str, str] | None:
    """The assignment and the owner of one."""
    wanted = select(table.c.assignment_id, table.c.owner).where(table.c.id == submission_id)
    row = (await tx.execute(wanted)).one_or_none()
    return (row[0], row[1]) if row else None


async def last_attempts(tx: AsyncConnection, assignment_id: str, owner: str) -> tuple[int, int, bool]:
    """The number of the last attempt, how many are handed in, and whether there is a draft."""
    c = table.c
    counted = select(func.max(c.attempt), func.count(c.handed_in_at), func.count()).where(
        c.assignment_id == assignment_id, c.owner == owner
    )
    last, handed_in, count = (await tx.execute(counted)).one()
    return last or 0, handed_in, count > handed_in


async def page_of_submissions(
    tx: AsyncConnection,
    assignment_id: str,
    owners: Sequence[str] | None,
    *,
    drafts: bool,
    limit: int,
    before: str | None,
) -> list[Submission]:
    """An assignment's, newest first: the owners', or (None) everybody's; handed in, or with `drafts` all."""
    values: dict[str, Any] = {"task": assignment_id, "before": before, "most": limit}
    count = 0
    if owners is not None:
        count, of_owners = filled_at_once("owner", owners)
        values |= of_owners
    rows = await _page(count, drafts, before is not None).rows(tx, values)
    return [Submission(*row) for row in rows]


@lru_cache(maxsize=16)
def _page(owners: int, drafts: bool, behind: bool) -> Prepared:
    """A page of so many owners', or (0) everybody's; `behind` another."""
    c = table.c
    statement = _SUBMISSIONS.where(c.assignment_id == bindparam("task", type_=id_type()))
    if owners:
        statement = statement.where(among(c.owner, "owner", owners))
    if not drafts:
        statement = statement.where(c.handed_in_at.is_not(None))
    if behind:
        statement = statement.where(c.id < bindparam("before", type_=id_type()))
    return Prepared(statement.order_by(c.id.desc()).limit(bindparam("most", type_=Integer())))


async def newest_of(
    tx: AsyncConnection, assignment_ids: Sequence[str], owners: Sequence[str]
) -> dict[tuple[str, str], HandedIn]:
    """The newest attempt that is handed in, by (assignment, owner)."""
    rows = await rows_of_both(tx, _newest, ("task", assignment_ids), ("owner", owners))
    return {(one[1], one[2]): one for one in map(_handed_in, rows)}


@cache
def _newest(tasks: int, owners: int) -> Prepared:
    """Few hand in anew: reading all of them costs less than finding the newest in the database, twice as
    much."""
    c = table.c
    among_these = among(c.assignment_id, "task", tasks), among(c.owner, "owner", owners)
    statement = _HANDED_IN.where(*among_these, c.handed_in_at.is_not(None))
    return Prepared(statement.order_by(c.assignment_id, c.owner, c.attempt))


async def change_submission(tx: AsyncConnection, submission_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == submission_id).values(**values))


async def remove_submission(tx: AsyncConnection, submission_id: str) -> None:
    """Deletes one."""
    await tx.execute(delete(table).where(table.c.id == submission_id))


def _submission(row: Row[Any]) -> Submission:
    return Submission(**dict(zip(_OWN, row, strict=True)))


async def attempts_by_id(tx: AsyncConnection, ids: Collection[str]) -> dict[str, HandedIn]:
    """Some, by id."""
    if not ids:
        return {}
    return {one[0]: HandedIn._make(one) for one in await tx.execute(_HANDED_IN.where(table.c.id.in_(ids)))}


async def count_handed_in(tx: AsyncConnection, assignment_id: str) -> int:
    """How many have: people, or groups."""
    c = table.c
    counted = select(func.count(c.owner.distinct())).where(
        c.assignment_id == assignment_id, c.handed_in_at.is_not(None)
    )
    return int((await tx.execute(counted)).scalar_one())


async def count_who_handed_in(tx: AsyncConnection, course_id: str, assignment_id: str) -> int:
    """How many of a course's students have, each by themselves or by their group."""
    c, e, m = table.c, course_enrollments.c, members.c
    owners = select(c.owner).where(c.assignment_id == assignment_id, c.handed_in_at.is_not(None))
    by_group = select(m.user_id).where(m.assignment_id == assignment_id, m.group_id.in_(owners))
    done = or_(e.user_id.in_(owners), e.user_id.in_(by_group))
    counted = select(func.count()).where(e.course_id == course_id, IS_STUDENT, done)
    return int((await tx.execute(counted)).scalar_one())
