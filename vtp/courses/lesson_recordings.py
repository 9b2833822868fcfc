"""What is recorded in the room of a lesson: told to its class once, when they may see it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.announcement_store import Announcement, add_announcement
from vtp.courses.lesson_store import RoomLesson, lesson_by_id
from vtp.courses.news import READY, TO_REVIEW, Whom, people_in
from vtp.courses.outline_store import is_lesson_released
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.tables import course_recordings, course_sections, courses, lessons
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.notifications.kinds import Kind
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier
from vtp.recording.changes import RecordingChanged
from vtp.recording.store import Status, Visibility
from vtp.recording.tables import recordings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

_ENDED = (Status.READY, Status.INTERRUPTED)
_filed = course_recordings.c


@dataclass(frozen=True, slots=True)
class _Untold:
    """A recording of a lesson of which the class has not been told."""

    course_id: str
    lesson_id: str
    published: bool


class LessonRecordings:
    """Tells each class of each recording once, whichever process is the first to know that it may be seen."""

    def __init__(
        self, database: Database, tasks: Tasks, notifier: Notifier, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._notifier = notifier
        self._clock = clock

    def recording_changed(self, event: RecordingChanged) -> None:
        """For recordings: one has ended."""
        if event.status in _ENDED:
            self._tasks.start(self._announce(event.recording_id, ended=True), "news of a recording")

    def access_changed(self, recording_id: str) -> None:
        """For the catalogue of recordings: one was published, perhaps."""
        self._tasks.start(self._announce(recording_id), "news of a recording")

    async def sweep(self) -> int:
        """Tells of what its class may see since, and of what could not be told at its time, the server having
        ended, say; gives of how many."""
        now = self._clock()
        waiting = select(_filed.recording_id).where(_filed.to_announce.is_(True))
        joined = (
            course_recordings.join(recordings, recordings.c.id == _filed.recording_id)
            .join(lessons, lessons.c.id == _filed.lesson_id)
            .join(courses, courses.c.id == lessons.c.course_id)
            .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
        )
        seen = recordings.c.status.in_(_ENDED), recordings.c.visibility != Visibility.STAFF
        by_class = courses.c.status.in_(OPEN_TO_STUDENTS), is_lesson_released(now)
        async with self._database.read() as tx:
            found = set((await tx.execute(waiting.select_from(joined).where(*seen, *by_class))).scalars())
        return sum([await self.announce(one) for one in sorted(found)])

    async def _announce(self, recording_id: str, *, ended: bool = False) -> None:
        try:
            await self.announce(recording_id, ended=ended)
        except Unavailable:
            logger.warning("The class is told later of recording %s: the database is away.", recording_id)

    @done_over
    async def announce(self, recording_id: str, *, ended: bool = False) -> int:
        """Tells those who may see it, where they have not been told; gives in how many courses. `ended`: it
        has just ended, so that staff are told if nobody else may see it, or its lesson, yet."""
        now, told = self._clock(), 0
        async with self._database.transaction() as tx:
            for one in await _untold(tx, recording_id):
                lesson = await lesson_by_id(tx, one.lesson_id)
                if lesson is None:
                    continue
                is_seen = lesson.status in OPEN_TO_STUDENTS and lesson.is_released_at(now)
                if one.published and is_seen:
                    told += await self._tell_class(tx, lesson, recording_id, now)
                elif ended:
                    await self._tell_staff(tx, lesson, recording_id, published=one.published)
        return told

    async def _tell_class(
        self, tx: AsyncConnection, lesson: RoomLesson, recording_id: str, now: datetime
    ) -> bool:
        mine = _filed.course_id == lesson.course_id, _filed.recording_id == recording_id
        first = update(course_recordings).where(*mine, _filed.to_announce.is_(True))
        if (await tx.execute(first.values(to_announce=False))).rowcount != 1:
            return False
        title, text = f"Recording: {lesson.title}"[:200], f"The recording of “{lesson.title}” is ready."
        announcement = Announcement(new_id(), lesson.course_id, None, title, text, now, now)
        await add_announcement(tx, announcement)
        await self._notify(tx, Whom.EVERYBODY, READY, (title, text), lesson, recording_id)
        return True

    async def _tell_staff(
        self, tx: AsyncConnection, lesson: RoomLesson, recording_id: str, *, published: bool
    ) -> None:
        title, what = f"Recording: {lesson.title}", f"The recording of “{lesson.title}”"
        if published:
            text = f"{what} is ready. Students are told of it once they see its lesson."
            await self._notify(tx, Whom.STAFF, READY, (title, text), lesson, recording_id)
        else:
            text = f"{what} waits to be published."
            await self._notify(tx, Whom.STAFF, TO_REVIEW, (title, text), lesson, recording_id)

    async def _notify(
        self,
        tx: AsyncConnection,
        whom: Whom,
        kind: Kind,
        words: tuple[str, str],
        lesson: RoomLesson,
        recording_id: str,
    ) -> None:
        title, text = words
        link = f"/recordings/{recording_id}"
        news = News(
            kind.word, title, text, link, lesson.context, lesson.course_id, lesson.lesson_id, recording_id
        )
        await self._notifier.tell(tx, news, people_in(lesson.course_id, lesson.instructor_id, whom))


async def _untold(tx: AsyncConnection, recording_id: str) -> list[_Untold]:
    statement = (
        select(_filed.course_id, _filed.lesson_id, recordings.c.visibility)
        .select_from(course_recordings.join(recordings, recordings.c.id == _filed.recording_id))
        .where(
            _filed.recording_id == recording_id,
            _filed.to_announce.is_(True),
            _filed.lesson_id.is_not(None),
            recordings.c.status.in_(_ENDED),
        )
        .order_by(_filed.course_id)
    )
    rows = await tx.execute(statement)
    return [_Untold(row[0], row[1], row[2] != Visibility.STAFF) for row in rows]
