"""What rows say of some people with some assignments, in as few statements as there is to ask for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.assignment_store import Assignment, groups_among
from vtp.coursework.grade_store import grades_among
from vtp.coursework.standing import Known, deducts
from vtp.coursework.submission_store import attempts_by_id, newest_of


async def known_of(tx: AsyncConnection, tasks: Sequence[Assignment], user_ids: Sequence[str]) -> Known:
    """What rows say of these people with these assignments."""
    ids = [one.id for one in tasks]
    groups = await groups_among(tx, [one.id for one in tasks if one.for_groups], user_ids)
    newest = await newest_of(tx, ids, sorted({*user_ids, *groups.values()}) if groups else user_ids)
    grades = await grades_among(tx, ids, user_ids)
    deducting = {one.id for one in tasks if deducts(one)}
    graded = {one.id: one for one in newest.values()} if deducting else {}
    older = {one.submission_id for one in grades.values() if one.assignment_id in deducting} - graded.keys()
    graded |= await attempts_by_id(tx, sorted(filter(None, older)))
    return Known(groups, newest, grades, graded)
