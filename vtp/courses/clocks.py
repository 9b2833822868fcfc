"""By whose clocks people are told a time in a course: those of its series of live lessons."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_schedules

WITHOUT_SERIES: Final = "UTC"


def newest_zone(course_id: ColumnElement[Any] | str) -> Select[str]:
    """The name of the time zone of a course's newest series, as a query; no row where it has none."""
    c = course_schedules.alias("series").c
    return select(c.time_zone).where(c.course_id == course_id).order_by(c.id.desc()).limit(1)


async def zone_of(tx: AsyncConnection, course_id: str) -> str:
    """The name of the time zone by whose clocks a course goes: of its newest series, or UTC."""
    return (await tx.execute(newest_zone(course_id))).scalar() or WITHOUT_SERIES


def day_and_time(at: datetime, time_zone: str) -> str:
    """A moment by the clocks of a time zone, which is named: 4 December 2026 at 08:00 (Europe/Berlin)."""
    named = time_zone if time_zone == WITHOUT_SERIES else f"({time_zone})"
    return f"{at.astimezone(ZoneInfo(time_zone)):%-d %B %Y at %H:%M} {named}"
