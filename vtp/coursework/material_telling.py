"""Classes are told of each version of a material once: when it is uploaded, or when they see it later.

Showing it, and opening a draft, tell at once; what is released by time, or with its lesson, is not told.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered
from vtp.courses.news import MOST_SINGLY, Whom, news_in, people_in, titles_of
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.coursework.material_store import (
    MAX_MATERIALS,
    Material,
    MaterialFilter,
    find_material,
    page_of_materials,
)
from vtp.coursework.news import MATERIAL_ADDED
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


class MaterialTeller:
    """Every method is called within the transaction that changes a material or a course."""

    def __init__(self, notifier: Notifier, *, clock: Clock = utc_now) -> None:
        self._notifier = notifier
        self._clock = clock

    async def is_seen(self, tx: AsyncConnection, inside: Entered, material_id: str) -> bool:
        """Whether students see it now."""
        course = inside.course
        return course.status in OPEN_TO_STUDENTS and (
            await find_material(tx, course.id, material_id, self._clock()) is not None
        )

    async def uploaded(self, tx: AsyncConnection, inside: Entered, material: Material, version: int) -> None:
        """Those who see it are told that there is something new in it, but for who has put it there."""
        seen = await self.is_seen(tx, inside, material.id)
        news = _news(inside, material, version)
        await self._tell(
            tx, inside, news if seen else replace(news, once=None), Whom.EVERYBODY if seen else Whom.STAFF
        )

    async def shown(self, tx: AsyncConnection, inside: Entered, material: Material) -> None:
        """Students see it from now on; of a version of which they know they are not told again."""
        if material.file is not None and await self.is_seen(tx, inside, material.id):
            version = material.file.version
            await self._tell(tx, inside, _news(inside, material, version), Whom.STUDENTS)

    async def opened(self, tx: AsyncConnection, inside: Entered) -> None:
        """When a draft becomes active: of what its class sees then; of many at once."""
        course = inside.course
        wanted = MaterialFilter(released_at=self._clock())
        page = await page_of_materials(tx, course.id, wanted, limit=MAX_MATERIALS, before=None)
        found = [one for one in reversed(page) if one.file is not None]
        if len(found) <= MOST_SINGLY:
            for one in found:
                await self.shown(tx, inside, one)
            return
        text = f"There are {len(found)} files: {titles_of([one.title for one in found])}."
        news = news_in(course, MATERIAL_ADDED, f"{len(found)} files", text, page="materials")
        once = f"{MATERIAL_ADDED.word}:of:{course.id}"
        await self._tell(tx, inside, replace(news, once=once), Whom.STUDENTS)

    async def removed(self, tx: AsyncConnection, material_id: str) -> None:
        """Takes what was told of it back."""
        await self._notifier.take_back(tx, material_id)

    async def _tell(self, tx: AsyncConnection, inside: Entered, news: News, whom: Whom) -> None:
        course, teller = inside.course, [inside.principal.user_id]
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, whom, teller))


def _news(inside: Entered, material: Material, version: int) -> News:
    news = news_in(
        inside.course,
        MATERIAL_ADDED,
        material.title,
        f"There is a new file in “{material.title}”.",
        page="materials",
        subject_id=material.id,
        lesson_id=material.lesson_id,
    )
    return replace(news, once=f"{MATERIAL_ADDED.word}:{material.id}:{version}")
