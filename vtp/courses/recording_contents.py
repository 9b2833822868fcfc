"""Recordings of a course as they are put into another, with chapters and captions; their media arrive before.

Who is heard or seen in them stays in them. Their names beside them do not: not who presented when, not who
recorded, and no tracks of one person.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.contents import ContentKind, Label, Media, Packed, Source, Target
from vtp.courses.outline_contents import LESSONS
from vtp.courses.outline_store import lessons_of
from vtp.courses.recording_schemas import Order
from vtp.courses.recording_store import Filed, file_recording, page_of_filed
from vtp.courses.store import Course
from vtp.errors import FieldError, Invalid
from vtp.http.moment import Moment
from vtp.http.text import check_line
from vtp.recording.caption_store import Captions, captions_of, put_captions
from vtp.recording.captions import MAX_LANGUAGES, caption_text
from vtp.recording.chapter_list import Chapter, Kind
from vtp.recording.chapter_store import Happened, add_chapters, chapters_of
from vtp.recording.languages import parse_language
from vtp.recording.store import PROGRAM, Recording, Status, Visibility, add_recording, find_recording
from vtp.recording.webvtt import MAX_BYTES, read_vtt, write_vtt
from vtp.rooms.kept import KeptRooms

RECORDINGS: Final = "recordings"
MAX_RECORDINGS: Final = 5_000
MAX_CHAPTERS: Final = 2_000
MOST_MS: Final = 366 * 86_400_000
_ENDED: Final = (Status.READY, Status.INTERRUPTED)
_AT_ONCE: Final = 100
Line = Annotated[str, AfterValidator(check_line)]


class PackedChapter(Packed):
    """A chapter, without who presents in it; its id is of no use to others."""

    id: Label = "-"
    start_ms: Annotated[int, Field(ge=0, le=MOST_MS)]
    kind: Kind
    title: Annotated[Line, Field(max_length=300)]


class PackedRecording(Packed):
    """A recording that has ended; `lesson_id` is a label."""

    lesson_id: Label | None
    lecture_number: Annotated[int | None, Field(ge=0, le=100_000)]
    lecture_title: Annotated[Line, Field(max_length=255)]
    sequence_order: Order
    title: Annotated[Line, Field(max_length=200)]
    description: Annotated[str, Field(max_length=20_000)]
    published: bool
    status: Literal[Status.READY, Status.INTERRUPTED]
    error_message: Annotated[str, Field(max_length=2_000)]
    started_at: Moment
    stopped_at: Moment | None
    chapters_set_at: Moment | None
    chapters: Annotated[list[PackedChapter], Field(max_length=MAX_CHAPTERS)]


class PackedCaptions(Packed):
    """The captions of a recording in one language, as WebVTT; `recording_id` is a label."""

    recording_id: Label
    language: Annotated[str, Field(max_length=35)]
    label: Annotated[Line, Field(max_length=200)]
    text: Annotated[str, Field(max_length=MAX_BYTES)]


@dataclass(frozen=True, slots=True)
class _Row:
    """A recording without its room, and where it is filed."""

    recording: Recording
    filed: Filed
    chapters: Sequence[Happened]


class RecordingContents(ContentKind[PackedRecording]):
    """Recordings that have ended, filed under their lessons."""

    name: ClassVar[str] = RECORDINGS
    model: ClassVar[type[PackedRecording]] = PackedRecording
    most: ClassVar[int] = MAX_RECORDINGS
    in_copies: ClassVar[bool] = False
    on_request: ClassVar[bool] = True

    def __init__(self, rooms: KeptRooms) -> None:
        self._rooms = rooms

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedRecording]]:
        """In their order, but for those that go on, or have nothing to play."""
        after: tuple[int, str] | None = None
        while found := await page_of_filed(tx, source.course_id, None, limit=_AT_ONCE, after=after):
            yield [await self._packed(tx, source, one) for one in found if one.status in _ENDED]
            after = found[-1].sequence_order, found[-1].recording_id

    async def _packed(self, tx: AsyncConnection, source: Source, filed: Filed) -> PackedRecording:
        recording = await find_recording(tx, filed.recording_id)
        assert recording is not None
        is_set = recording.chapters_set_at is not None
        chapters = await chapters_of(tx, recording.id, own=is_set)
        return PackedRecording(
            id=source.label(RECORDINGS, recording.id),
            lesson_id=source.named(LESSONS, filed.lesson_id),
            lecture_number=filed.lecture_number,
            lecture_title=filed.lecture_title,
            sequence_order=filed.sequence_order,
            title=recording.title,
            description=recording.description,
            published=recording.visibility is not Visibility.STAFF,
            status=Status.READY if recording.status is Status.READY else Status.INTERRUPTED,
            error_message=recording.error_message,
            started_at=recording.started_at,
            stopped_at=recording.stopped_at,
            chapters_set_at=recording.chapters_set_at,
            chapters=[
                PackedChapter(start_ms=one.start_ms, kind=one.kind, title=one.title)
                for one in chapters[:MAX_CHAPTERS]
            ],
        )

    def media(self, item: PackedRecording) -> Sequence[Media]:
        """Its own; those of one live lesson lie in one room."""
        return [Media(item.id, 0, item.lesson_id or "")]

    def is_lost(self, item: PackedRecording, lost: Collection[str]) -> bool:
        """Without its media there is none."""
        return item.id in lost

    def row(self, target: Target, item: PackedRecording) -> _Row:
        """A recording of who brings it."""
        brought = target.recordings.get(item.id)
        if brought is None:
            raise Invalid("Its media are not there.", errors=[FieldError("/id", "has no media")])
        target.take(RECORDINGS, item.id, brought.id)
        recording = Recording(
            id=brought.id,
            room_id="",
            title=item.title,
            description=item.description,
            started_by=target.by,
            status=item.status,
            format="hls",
            layout=PROGRAM,
            started_at=item.started_at,
            created_at=target.now,
            updated_at=target.now,
            stopped_at=item.stopped_at,
            error_message=item.error_message,
            visibility=Visibility.MEMBERS if item.published else Visibility.STAFF,
            access_changed_at=target.now,
            chapters_set_at=item.chapters_set_at,
            **brought.columns,
        )
        filed = Filed(
            course_id=target.course.id,
            recording_id=brought.id,
            lesson_id=target.named(LESSONS, item.lesson_id, "/lesson_id"),
            lecture_number=item.lecture_number,
            lecture_title=item.lecture_title,
            sequence_order=item.sequence_order,
            added_by=target.by,
            added_at=target.now,
        )
        chapters = [Happened(Chapter(one.start_ms, one.kind, one.title)) for one in item.chapters]
        return _Row(recording, filed, chapters)

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[_Row]) -> None:
        """Each in the room of its lesson; those of no live lesson in one that the course has for them."""
        rooms = {one.id: one.room_id for one in await lessons_of(tx, target.course.id)}
        for row in rows:
            room_id = rooms.get(row.filed.lesson_id or "") or await self._room_of(tx, target)
            await add_recording(tx, replace(row.recording, room_id=room_id))
            await file_recording(tx, row.filed)
            await add_chapters(tx, row.recording.id, row.chapters)

    async def _room_of(self, tx: AsyncConnection, target: Target) -> str:
        if target.room_id is None:
            [room] = await self._rooms.add(tx, [_room_name(target.course)], target.now)
            target.room_id = room.id
        return target.room_id


class CaptionContents(ContentKind[PackedCaptions]):
    """Captions of recordings. What was typed while it was recorded is a text there, too."""

    name: ClassVar[str] = "captions"
    model: ClassVar[type[PackedCaptions]] = PackedCaptions
    most: ClassVar[int] = MAX_RECORDINGS * MAX_LANGUAGES
    in_copies: ClassVar[bool] = False
    on_request: ClassVar[bool] = True

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedCaptions]]:
        """Recording by recording."""
        after: tuple[int, str] | None = None
        while found := await page_of_filed(tx, source.course_id, None, limit=_AT_ONCE, after=after):
            for filed in found:
                if filed.status in _ENDED:
                    yield [
                        PackedCaptions(
                            id=source.label(self.name, f"{filed.recording_id}/{one.language}"),
                            recording_id=source.label(RECORDINGS, filed.recording_id),
                            language=one.language,
                            label=one.label,
                            text=await caption_text(tx, one),
                        )
                        for one in await captions_of(tx, filed.recording_id)
                    ]
            after = found[-1].sequence_order, found[-1].recording_id

    def is_lost(self, item: PackedCaptions, lost: Collection[str]) -> bool:
        """As its recording is."""
        return item.recording_id in lost

    def row(self, target: Target, item: PackedCaptions) -> tuple[Captions, PackedCaptions]:
        """Of a recording of the course, once in a language."""
        recording_id = target.named(RECORDINGS, item.recording_id, "/recording_id")
        assert recording_id is not None
        language = parse_language(item.language)
        target.take(self.name, f"{item.recording_id}/{language}")
        captions = Captions(recording_id, language, item.label, False, 0, target.by, target.now, target.now)
        return captions, item

    async def write(
        self, tx: AsyncConnection, target: Target, rows: Sequence[tuple[Captions, PackedCaptions]]
    ) -> None:
        """As uploads are: read, and written anew."""
        counts = Counter(captions.recording_id for captions, _ in rows)
        if max(counts.values()) > MAX_LANGUAGES:
            raise Invalid(f"A recording has captions in more than {MAX_LANGUAGES} languages.")
        for captions, item in rows:
            with target.putting(self.name, item.id):
                cues = await asyncio.to_thread(read_vtt, item.text.encode())
                text = await asyncio.to_thread(write_vtt, cues)
            counted = replace(captions, cues=len(cues))
            await put_captions(tx, counted, text)


def _room_name(course: Course) -> tuple[str, str]:
    return f"course-{course.id}", f"Recordings of {course.name}"[:200]
