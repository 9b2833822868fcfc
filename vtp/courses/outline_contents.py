"""Sections and lessons, and announcements, as they are put into other courses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.announcement_schemas import CreateAnnouncement
from vtp.courses.announcement_store import Announcement, add_announcements, announcements_of
from vtp.courses.contents import ContentKind, Label, Packed, Source, Target
from vtp.courses.dates import DateRule
from vtp.courses.lesson_rooms import add_rooms
from vtp.courses.lessons import check_times
from vtp.courses.outline_schemas import MAX_LESSONS, MAX_SECTIONS, CreateLesson, CreateSection
from vtp.courses.outline_store import Lesson, LessonKind, Section, add_outline, lessons_of, sections_of
from vtp.courses.series import times_of
from vtp.courses.series_contents import SERIES, Local
from vtp.errors import FieldError, Invalid
from vtp.http.moment import Moment
from vtp.rooms.kept import KeptRooms

SECTIONS: Final = "sections"
LESSONS: Final = "lessons"
_AT_ONCE: Final = 200
Position = Annotated[int, Field(ge=0, le=1_000_000)]


class PackedSection(CreateSection, Packed):
    """A section."""

    position: Position


class PackedLesson(CreateLesson, Packed):
    """A lesson; `section_id` and `schedule_id` are labels."""

    position: Position
    cancelled_at: Moment | None = None
    schedule_id: Label | None = None
    occurrence: Local | None = None
    touched: bool = False


class PackedAnnouncement(CreateAnnouncement, Packed):
    """An announcement, without who has written it."""

    created_at: Moment


class SectionContents(ContentKind[PackedSection]):
    """Sections."""

    name: ClassVar[str] = SECTIONS
    model: ClassVar[type[PackedSection]] = PackedSection
    most: ClassVar[int] = MAX_SECTIONS

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedSection]]:
        """All at once."""
        own = ("title", "description", "position", "published", "release_at")
        yield [
            PackedSection(id=source.label(SECTIONS, one.id), **{name: getattr(one, name) for name in own})
            for one in await sections_of(tx, source.course_id)
        ]

    def row(self, target: Target, item: PackedSection) -> Section:
        """A section of the course."""
        return Section(
            id=target.take(SECTIONS, item.id),
            course_id=target.course.id,
            title=item.title,
            description=item.description,
            position=item.position,
            published=target.dates.published(item.published, item.release_at),
            release_at=target.dates.of(item.release_at),
            created_at=target.now,
            updated_at=target.now,
        )

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Section]) -> None:
        """All at once."""
        await add_outline(tx, rows, [])


class LessonContents(ContentKind[PackedLesson]):
    """Lessons, live ones with rooms of their own. Dates that are shifted shift them with their series: who
    has moved or cancelled one by hand has done so for the other term."""

    name: ClassVar[str] = LESSONS
    model: ClassVar[type[PackedLesson]] = PackedLesson
    most: ClassVar[int] = MAX_LESSONS

    def __init__(self, rooms: KeptRooms) -> None:
        self._rooms = rooms

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedLesson]]:
        """All at once."""
        own = set(PackedLesson.model_fields) - {"id", "section_id", "schedule_id"}
        yield [
            PackedLesson(
                id=source.label(LESSONS, one.id),
                section_id=source.named(SECTIONS, one.section_id),
                schedule_id=source.named(SERIES, one.schedule_id),
                **{name: getattr(one, name) for name in own},
            )
            for one in await lessons_of(tx, source.course_id)
        ]

    def has_room(self, item: PackedLesson) -> bool:
        """Live ones have."""
        return item.kind is LessonKind.LIVE

    def row(self, target: Target, item: PackedLesson) -> Lesson:
        """A lesson of the course, without its room."""
        check_times(item.kind, item.starts_at, item.ends_at)
        if item.kind is not LessonKind.LIVE and (item.schedule_id or item.cancelled_at):
            raise Invalid("Only live lessons take place.", errors=[FieldError("/kind", "is not live")])
        lesson = Lesson(
            id=target.take(LESSONS, item.id),
            course_id=target.course.id,
            section_id=target.named(SECTIONS, item.section_id, "/section_id"),
            kind=item.kind,
            title=item.title,
            description=item.description,
            position=item.position,
            published=target.dates.published(item.published, item.release_at),
            release_at=target.dates.of(item.release_at),
            starts_at=target.dates.of(item.starts_at),
            ends_at=target.dates.of(item.ends_at),
            room_id=None,
            created_at=target.now,
            updated_at=target.now,
        )
        if item.schedule_id is None or target.dates.rule is DateRule.DROPPED:
            return replace(lesson, cancelled_at=_cancelled_at(target, item))
        return replace(lesson, **_in_series(target, item, item.schedule_id))

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Lesson]) -> None:
        """All at once."""
        live = [(one.id, one.title) for one in rows if one.kind is LessonKind.LIVE]
        rooms = await add_rooms(tx, self._rooms, live, target.now)
        await add_outline(tx, [], [replace(one, room_id=rooms.get(one.id)) for one in rows])


class AnnouncementContents(ContentKind[PackedAnnouncement]):
    """Announcements, from then on those of who puts them there."""

    name: ClassVar[str] = "announcements"
    model: ClassVar[type[PackedAnnouncement]] = PackedAnnouncement
    most: ClassVar[int] = 20_000
    in_copies: ClassVar[bool] = False

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedAnnouncement]]:
        """The oldest first."""
        after = ""
        while found := await announcements_of(tx, source.course_id, after=after, limit=_AT_ONCE):
            yield [
                PackedAnnouncement(
                    id=source.label(self.name, one.id),
                    title=one.title,
                    body=one.body,
                    created_at=one.created_at,
                )
                for one in found
            ]
            after = found[-1].id

    def row(self, target: Target, item: PackedAnnouncement) -> Announcement:
        """One of the course's."""
        new_id = target.take(self.name, item.id)
        at = item.created_at
        return Announcement(new_id, target.course.id, target.by, item.title, item.body, at, at)

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Announcement]) -> None:
        """All at once."""
        await add_announcements(tx, rows)


def _cancelled_at(target: Target, item: PackedLesson) -> datetime | None:
    return item.cancelled_at if target.dates.rule is DateRule.KEPT else None


def _in_series(target: Target, item: PackedLesson, series: str) -> dict[str, Any]:
    """What differs of a lesson that belongs to a series."""
    schedule_id = target.named(SERIES, series, "/schedule_id")
    if item.occurrence is None:
        return {"schedule_id": schedule_id, "cancelled_at": _cancelled_at(target, item)}
    if (series, item.occurrence) not in target.classes:
        raise Invalid(
            "This is none of the series' classes, or another lesson is it.",
            errors=[FieldError("/occurrence", "is none of the series' classes, or another lesson's")],
        )
    place = target.classes.pop((series, item.occurrence))
    if target.dates.rule is DateRule.KEPT:
        same = {"occurrence": item.occurrence, "touched": item.touched, "cancelled_at": item.cancelled_at}
        return {"schedule_id": schedule_id, **same}
    if place is None:
        return {}
    minutes = target.minutes[series]
    return {"schedule_id": schedule_id, **times_of(place, minutes)}
