"""What a course's students were told of something that has dates, where these become others.

In everybody's list it reads as it is now. Of a date that comes earlier, or is set where there was none, they
are told anew: who has planned by the old one would come too late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.news import EARLIER, Whom, people_in
from vtp.courses.store import Course
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


def is_earlier(now: datetime, before: datetime | None, after: datetime | None) -> bool:
    """Whether a date comes earlier than it did, while that was to come; or is set where there was none."""
    if after is None or before is None:
        return after is not None
    return after < before and before > now


async def tell_changed(
    notifier: Notifier, tx: AsyncConnection, course: Course, added: News, dates: str, *, earlier: bool
) -> None:
    """In the transaction that changes it. `added`: what is told of it when it is new, as it is now; `dates`:
    its dates alone, in words. `earlier`: its students, who see it, are told these; once for each change, of
    which the last stays in the list."""
    moved = _moved(added, dates)
    await notifier.change(tx, added)
    if not earlier:
        await notifier.change(tx, moved)
        return
    await notifier.take_back_like(tx, moved)
    await notifier.tell(tx, moved, people_in(course.id, course.instructor_id, Whom.STUDENTS))


async def forget_told(notifier: Notifier, tx: AsyncConnection, added: News) -> None:
    """Takes back what was told of what students do not see now: with its dates it is new to them once they
    see it again."""
    for told in (added, _moved(added)):
        await notifier.take_back_like(tx, told)


def _moved(added: News, text: str = "") -> News:
    return replace(added, kind=EARLIER.word, text=text, once=None)
