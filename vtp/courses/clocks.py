"""By whose clocks people are told a time in a course: those of its series of live lessons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_schedules
from vtp.notifications.moments import UTC

WITHOUT_SERIES: Final = UTC


@dataclass(frozen=True, slots=True)
class Zones:
    """Names of time zones, by series; `otherwise`: of what belongs to none, that of the newest, or UTC."""

    of_series: Mapping[str, str]
    otherwise: str = WITHOUT_SERIES

    def of(self, schedule_id: str | None) -> str:
        """That of a lesson of this series, or of none."""
        return self.of_series.get(schedule_id or "", self.otherwise)


def newest_zone(course_id: ColumnElement[Any]) -> Select[str]:
    """The name of the time zone of a course's newest series, to be asked within another query; no row where
    it has none."""
    c = course_schedules.alias("series").c
    return select(c.time_zone).where(c.course_id == course_id).order_by(c.id.desc()).limit(1)


async def zones_of(tx: AsyncConnection, course_id: str) -> Zones:
    """Those of a course's series."""
    c = course_schedules.c
    statement = select(c.id, c.time_zone).where(c.course_id == course_id).order_by(c.id.desc())
    found = {row.id: row.time_zone for row in await tx.execute(statement)}
    return Zones(found, next(iter(found.values()), WITHOUT_SERIES))


async def zone_of(tx: AsyncConnection, course_id: str) -> str:
    """The name of the time zone by whose clocks a course itself goes."""
    return (await zones_of(tx, course_id)).otherwise
