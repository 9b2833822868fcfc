"""Looks at what was kept of who completed recordings that are gone, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.class_tables import lesson_credits
from vtp.analytics.credit_store import reached_of
from vtp.recording.tables import recording_progress, recordings
from vtp.recording.watching import COMPLETE_AT_LEAST, COMPLETE_STEP


async def differing_credits(tx: AsyncConnection) -> AsyncIterator[str]:
    """One sentence for each row that cannot be, or is not what is known of the same person with a recording
    that is still there (it was taken out of its course)."""
    kept, seen, c = lesson_credits.c, recording_progress.c, recordings.c
    statement = (
        select(
            kept.lesson_id,
            kept.recording_id,
            kept.user_id,
            kept.reached.label("kept"),
            seen.reached,
            seen.watched_ms,
            seen.updated_at,
            c.duration_ms,
        )
        .select_from(lesson_credits)
        .outerjoin(
            recording_progress, and_(seen.recording_id == kept.recording_id, seen.user_id == kept.user_id)
        )
        .outerjoin(recordings, c.id == kept.recording_id)
        .order_by(kept.lesson_id, kept.recording_id, kept.user_id)
    )
    for row in (await tx.execute(statement)).all():
        whose = f"What {row.user_id} watched of recording {row.recording_id} for lesson {row.lesson_id}"
        if not _can_be(row.kept):
            yield f"{whose} is malformed."
        elif row.watched_ms is not None and reached_of(row)[: len(row.kept)] != [*map(list, row.kept)]:
            yield f"{whose} is not what their progress says."


def _can_be(reached: Any) -> bool:
    """Whether these are steps, each higher and no earlier than the one before."""
    if not isinstance(reached, list) or not reached:
        return False
    before, before_ms = COMPLETE_AT_LEAST - COMPLETE_STEP, 0
    for one in reached:
        if not isinstance(one, list) or [type(part) for part in one] != [int, int]:
            return False
        step, at_ms = one
        if step <= before or step > 1000 or step % COMPLETE_STEP or at_ms < before_ms:
            return False
        before, before_ms = step, at_ms
    return True
