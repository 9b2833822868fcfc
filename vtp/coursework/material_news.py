"""What people are told of the files of a material: of each version once, when it is uploaded, or when it is
seen later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.news import news_in
from vtp.courses.store import Course
from vtp.coursework.material_store import Material, find_material
from vtp.coursework.news import MATERIAL_ADDED
from vtp.coursework.tables import materials
from vtp.coursework.telling import Tellable
from vtp.notifications.news import News


class MaterialNews(Tellable[Material]):
    """See `Tellable`. Of a version that was told of nobody is told again, where a newer one came and went."""

    noun: ClassVar[str] = "material"
    table: ClassVar[Table] = materials

    async def find(self, tx: AsyncConnection, course_id: str, item_id: str, now: datetime) -> Material | None:
        """One that students see then, with a file in it."""
        found = await find_material(tx, course_id, item_id, now)
        return None if found is None or found.file is None else found

    async def news(self, tx: AsyncConnection, course: Course, items: Sequence[Material]) -> list[News]:
        """Of their newest versions."""
        newest = ((one, one.versions if one.file is None else one.file.version) for one in items)
        return [news_of_version(course, one, version) for one, version in newest]

    def news_of_many(self, course: Course, items: Sequence[Material]) -> News:
        """How many there are."""
        text = f"There are {len(items)} new files."
        return news_in(course, MATERIAL_ADDED, f"{len(items)} files", text, page="materials")


def news_of_version(course: Course, material: Material, version: int) -> News:
    """For those who see it."""
    news = news_in(
        course,
        MATERIAL_ADDED,
        material.title,
        f"There is a new file in “{material.title}”.",
        page="materials",
        subject_id=material.id,
        lesson_id=material.lesson_id,
    )
    return replace(news, once=f"{MATERIAL_ADDED.word}:{material.id}:{version}")
