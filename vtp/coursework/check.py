"""Says where what is kept of grades is not what they say, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.grade_store import IS_SETTLED
from vtp.coursework.tables import submissions


async def differing_settled(tx: AsyncConnection) -> AsyncIterator[str]:
    """One sentence for each attempt that is noted as waiting for a grade and does not, or the other way."""
    c = submissions.c
    settled = case((and_(c.group_id.is_(None), IS_SETTLED), True), else_=False)
    statement = select(c.id, c.settled).where(c.settled != settled).order_by(c.id)
    for submission_id, noted in (await tx.execute(statement)).all():
        said = "settled" if noted else "waiting for a grade"
        yield f"What was handed in as {submission_id} is noted as {said}, which its grade does not say."
