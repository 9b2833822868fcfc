"""What a course counts as attended and as completed, as it is put into other courses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.attendance_schemas import AttendanceRules
from vtp.analytics.attendance_store import Rules, find_rules, put_rules
from vtp.courses.contents import ContentKind, Packed, Source, Target


class PackedRules(AttendanceRules, Packed):
    """All of it; its id is of no use to others."""


class RulesContents(ContentKind[PackedRules]):
    """One, of a course that has rules of its own."""

    name: ClassVar[str] = "attendance"
    model: ClassVar[type[PackedRules]] = PackedRules
    most: ClassVar[int] = 1
    since: ClassVar[int] = 3

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedRules]]:
        """Nothing where those hold that hold for all."""
        rules = await find_rules(tx, source.course_id)
        if rules != Rules():
            own = AttendanceRules.of(rules).model_dump()
            yield [PackedRules(id=source.label(self.name, source.course_id), **own)]

    def row(self, target: Target, item: PackedRules) -> Rules:
        """The same as the store takes it."""
        target.take(self.name, item.id)
        return item.rules

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Rules]) -> None:
        """A new course has none yet."""
        for one in rows:
            await put_rules(tx, target.course.id, one, target.now)
