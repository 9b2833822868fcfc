"""Recordings of a course: filed in it by whose they are, published by its staff, seen by its members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.outline import seen_at
from vtp.courses.outline_store import find_lesson
from vtp.courses.quota import check_room_for
from vtp.courses.recording_schemas import FileRecording
from vtp.courses.recording_store import (
    Filed,
    FiledPlace,
    file_recording,
    filed_here_alone,
    find_filed,
    last_order,
    page_of_filed,
    remove_filed,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.recording.service import Recordings
from vtp.recording.store import Visibility


class CourseRecordings:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course."""

    def __init__(
        self, database: Database, recordings: Recordings, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._audit = audit
        self._clock = clock

    @done_over
    async def file(self, principal: Principal, course_id: str, wish: FileRecording, origin: Origin) -> Filed:
        """Files a recording in a course: from then on it is for its members, and no more for everybody.

        Only who may change the recording does so. Raises Conflict for one that is there already, and
        for one that the course's quota has no room for.
        """
        async with self._database.read() as tx:
            await enter(tx, principal, course_id, Action.COURSE_TEACH)
        wanted = parse_id(wish.recording_id, "/recording_id")
        recording = (await self._recordings.seen_to(Action.RECORDING_UPDATE, principal, wanted)).recording
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            order = wish.sequence_order
            if order is None:
                order = await last_order(tx, inside.course.id) + 1
            filed = Filed(
                course_id=inside.course.id,
                recording_id=recording.id,
                lesson_id=await _lesson_id(tx, inside, wish.lesson_id),
                lecture_number=wish.lecture_number,
                lecture_title=wish.lecture_title,
                sequence_order=order,
                added_by=principal.user_id,
                added_at=self._clock(),
            )
            await check_room_for(tx, inside.course.id, recording)
            if not await file_recording(tx, filed):
                raise Conflict("This recording is in the course already.", code="already_filed")
            await self._recordings.catalogue.note_audience(tx, recording.id)
            await self._record(tx, inside, origin, did="filed", recording=recording.id)
            return await self._again(tx, inside, recording.id)

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, after: FiledPlace | None
    ) -> list[Filed]:
        """Those that the caller may see, in their order."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            released_at: datetime | None = seen_at(inside, self._clock())
            return await page_of_filed(tx, inside.course.id, released_at, limit=limit, after=after)

    @done_over
    async def publish(
        self, principal: Principal, course_id: str, recording_id: str, shown: Visibility, origin: Origin
    ) -> Filed:
        """Lets the members of a course see a recording, or its staff alone."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            filed = await self._in(tx, inside, recording_id)
            if shown is Visibility.STAFF or filed.visibility == Visibility.STAFF:  # public ones stay so
                await self._recordings.catalogue.show(tx, filed.recording_id, shown, inside.principal, origin)
            return await self._again(tx, inside, filed.recording_id)

    @done_over
    async def remove(self, principal: Principal, course_id: str, recording_id: str, origin: Origin) -> None:
        """Takes a recording out of a course; one that is in no other is not published any more."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            filed = await self._in(tx, inside, recording_id)
            if filed.recording_id in await filed_here_alone(tx, inside.course.id):
                await self._hide(tx, filed.recording_id, inside.principal, origin)
            await self._recordings.catalogue.tell_leaving(tx, filed.recording_id, inside.course.id)
            await remove_filed(tx, inside.course.id, filed.recording_id)
            await self._recordings.catalogue.note_audience(tx, filed.recording_id)
            await self._record(tx, inside, origin, did="taken out", recording=filed.recording_id)

    async def hide_all(self, tx: AsyncConnection, inside: Entered, origin: Origin) -> None:
        """Before a course is deleted: what is filed in no other would be for everybody then."""
        for recording_id in await filed_here_alone(tx, inside.course.id):
            await self._hide(tx, recording_id, inside.principal, origin)

    async def _hide(
        self, tx: AsyncConnection, recording_id: str, principal: Principal, origin: Origin
    ) -> None:
        await self._recordings.catalogue.show(tx, recording_id, Visibility.STAFF, principal, origin)

    async def _in(self, tx: AsyncConnection, inside: Entered, recording_id: str) -> Filed:
        wanted = parse_id(recording_id, "/path/recording_id")
        found = await find_filed(tx, inside.course.id, wanted)
        if found is None:
            raise NotFound("This recording is not in the course.", code="not_filed")
        return found

    async def _again(self, tx: AsyncConnection, inside: Entered, recording_id: str) -> Filed:
        found = await find_filed(tx, inside.course.id, recording_id)
        assert found is not None
        return found

    async def _record(self, tx: AsyncConnection, inside: Entered, origin: Origin, **details: str) -> None:
        await self._audit.record(
            tx,
            Event.COURSE_CHANGED,
            origin,
            actor_id=inside.principal.user_id,
            subject=f"course:{inside.course.id}",
            details=details,
        )


async def _lesson_id(tx: AsyncConnection, inside: Entered, lesson_id: str | None) -> str | None:
    """The lesson that a recording is filed under, which is one of the course's. Raises Invalid."""
    if lesson_id is None:
        return None
    wanted = parse_id(lesson_id, "/lesson_id")
    if await find_lesson(tx, inside.course.id, wanted) is None:
        raise Invalid(
            "The course has no such lesson.",
            code="no_such_lesson",
            errors=[FieldError("/lesson_id", "is no lesson of this course")],
        )
    return wanted
