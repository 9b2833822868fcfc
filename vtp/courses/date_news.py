"""What a course's students were told of something that has dates, where these become others.

In everybody's list it reads as it is now, or as it was when they last saw it. Of a date to come that comes
earlier, or is set where there was none, they are told anew: who has planned by the old one would come too
late.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.news import EARLIER, Whom, people_in
from vtp.courses.store import Course
from vtp.notifications.kinds import Kind
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


def is_earlier(now: datetime, before: datetime | None, after: datetime | None) -> bool:
    """Whether a date that is to come comes earlier than it did, or is set where there was none. Who hears of
    one that is over can do nothing about it."""
    return after is not None and after > now and (before is None or after < before)


async def tell_changed(
    notifier: Notifier, tx: AsyncConnection, course: Course, added: News, dates: str, *, earlier: bool
) -> None:
    """In the transaction that changes it. `added`: what is told of it when it is new, as it is now; `dates`:
    its dates alone, in words. `earlier`: its students, who see it, are told these; once for each change, of
    which the last stays in the list."""
    if not earlier:
        await put_right(notifier, tx, added, dates)
        return
    moved = _moved(added, dates)
    await notifier.change(tx, added)
    await notifier.take_back_like(tx, moved)
    await notifier.tell(tx, moved, people_in(course.id, course.instructor_id, Whom.STUDENTS))


async def put_right(notifier: Notifier, tx: AsyncConnection, added: News, dates: str) -> None:
    """Rewrites what was told of something that students see, as `tell_changed`; nobody is told anew."""
    await notifier.change(tx, added)
    await notifier.change(tx, _moved(added, dates))


async def told_before(
    notifier: Notifier, tx: AsyncConnection, subject_ids: Collection[str], added: Kind
) -> set[str]:
    """Which of these are in anybody's list: told as new, by news of the kind `added`, or with an earlier
    date."""
    return await notifier.told_of(tx, subject_ids, (added.word, EARLIER.word))


async def forget_told(notifier: Notifier, tx: AsyncConnection, added: News) -> None:
    """Takes back what was told of what students do not see now: with its dates it is new to them once they
    see it again."""
    for told in (added, _moved(added)):
        await notifier.take_back_like(tx, told)


def _moved(added: News, text: str = "") -> News:
    return replace(added, kind=EARLIER.word, text=text, once=None)
