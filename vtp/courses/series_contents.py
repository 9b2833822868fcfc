"""Series of live lessons as they are put into other courses.

Where dates are shifted, the classes that a series has are paired with those of the shifted rule in their
order, as in a change of it: the third becomes the third. Those behind them are made as time goes by.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice, zip_longest
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.contents import ContentKind, Packed, Source, Target
from vtp.courses.dates import DateRule
from vtp.courses.outline_schemas import MAX_LESSONS
from vtp.courses.recurrence import MAX_YEARS, Occurrence, moment_of, occurrences, read_local
from vtp.courses.schedule_schemas import CreateSchedule
from vtp.courses.schedule_store import Schedule, add_schedule, occurrences_made, page_of_schedules
from vtp.courses.schedules import MAX_SCHEDULES, check_met
from vtp.http.moment import Moment

SERIES: Final = "series"


def _local(text: str) -> str:
    read_local(text)
    return text


Local = Annotated[str, Field(max_length=16), AfterValidator(_local)]


class PackedSeries(CreateSchedule, Packed):
    """A series; `section_id` is a label. `classes`: of which there are lessons, `skipped`: of which there are
    none any more."""

    classes: Annotated[list[Local], Field(max_length=MAX_LESSONS)]
    skipped: Annotated[list[Local], Field(max_length=MAX_LESSONS)]
    made_until: Moment


class SeriesContents(ContentKind[PackedSeries]):
    """Series. Without dates there are none."""

    name: ClassVar[str] = SERIES
    model: ClassVar[type[PackedSeries]] = PackedSeries
    most: ClassVar[int] = MAX_SCHEDULES

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedSeries]]:
        """All at once, the oldest first."""
        found = await page_of_schedules(tx, source.course_id, limit=MAX_SCHEDULES, before=None)
        own = set(PackedSeries.model_fields) - {"id", "section_id", "classes"}
        yield [
            PackedSeries(
                id=source.label(SERIES, one.id),
                section_id=source.named("sections", one.section_id),
                classes=sorted(await occurrences_made(tx, one.id)),
                **{name: getattr(one, name) for name in own},
            )
            for one in reversed(found)
        ]

    async def add(self, tx: AsyncConnection, target: Target, items: Sequence[PackedSeries]) -> None:
        """Adds them, and says which of their classes is which there."""
        if target.dates.rule is not DateRule.DROPPED:
            await super().add(tx, target, items)

    def row(self, target: Target, item: PackedSeries) -> Schedule:
        """A series of the course."""
        schedule = Schedule(
            id=target.take(SERIES, item.id),
            course_id=target.course.id,
            section_id=target.named("sections", item.section_id, "/section_id"),
            title=item.title,
            description=item.description,
            rule=target.dates.of_rule(item.rule, item.time_zone),
            time_zone=item.time_zone,
            first_start=target.dates.local(item.first_start),
            duration_minutes=item.duration_minutes,
            published=item.published,
            skipped=sorted(set(item.skipped)),
            made_until=item.made_until,
            created_at=target.now,
            updated_at=target.now,
        )
        check_met(schedule)
        target.minutes[item.id] = item.duration_minutes
        if target.dates.rule is DateRule.KEPT:
            zone = ZoneInfo(item.time_zone)
            for one in item.classes:
                target.classes[item.id, one] = Occurrence(one, moment_of(read_local(one), zone))
            return schedule
        return _paired(target, item, schedule)

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Schedule]) -> None:
        """One after the other."""
        for one in rows:
            await add_schedule(tx, one)


def _paired(target: Target, item: PackedSeries, schedule: Schedule) -> Schedule:
    """A series whose classes are later; lessons of those that there are not belong to none."""
    zone = ZoneInfo(schedule.time_zone)
    start = read_local(schedule.first_start)
    far = moment_of(start + timedelta(days=366 * MAX_YEARS), zone)
    before = sorted({*item.classes, *item.skipped})
    after = list(islice(occurrences(schedule.rule, schedule.first_start, zone, far), len(before)))
    places: dict[str, Occurrence | None] = dict(zip_longest(before, after[: len(before)]))
    for one in item.classes:
        target.classes[item.id, one] = places[one]
    skipped = [place.local for one in item.skipped if (place := places[one]) is not None]
    until = after[-1].starts_at if after else moment_of(start, zone) - timedelta(minutes=1)
    return replace(schedule, skipped=sorted(skipped), made_until=until)
