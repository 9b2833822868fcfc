"""By whose clocks people are told when the live lessons of a course are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.clocks import WITHOUT_SERIES
from vtp.courses.outline_store import Lesson
from vtp.courses.schedule_store import zones_of_schedules


@dataclass(frozen=True, slots=True)
class Zones:
    """Names of time zones, by series; `otherwise`: of lessons that belong to none."""

    of_series: Mapping[str, str]
    otherwise: str = WITHOUT_SERIES

    def of(self, lesson: Lesson) -> str:
        """That of a lesson."""
        return self.of_series.get(lesson.schedule_id or "", self.otherwise)


async def zones_of(tx: AsyncConnection, course_id: str) -> Zones:
    """A course's: lessons of no series are told as those of its newest."""
    found = await zones_of_schedules(tx, course_id)
    return Zones(found, next(iter(found.values()), WITHOUT_SERIES))
