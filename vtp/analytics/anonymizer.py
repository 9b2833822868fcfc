"""Makes figures nobody's after a time: sums stay, and what says whose they were goes. Decision 0123.

A course is closed in one transaction that writes its sums; from that moment reports are told from those, and
what they were made of is removed some rows at a time, by whoever comes next where a process is killed. Who
has watched recordings is added to their sums when every course that these are filed in is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.anonymize_store import (
    DROPS,
    Done,
    Drop,
    Scope,
    Unpushed,
    alerts_of_past,
    any_closed,
    claim,
    classes_in,
    count_done,
    drop_stays,
    drop_viewers,
    events_of,
    find_done,
    forget_corrected,
    how_many_viewers,
    lock_viewers,
    old_viewers,
    passes_of_some,
    put_class_totals,
    quiet_courses,
    release,
    remove_alerts,
    stays_left,
    viewers_left,
)
from vtp.analytics.attendance_schemas import ClassRow
from vtp.analytics.attendance_store import live_lessons, lock_lessons
from vtp.analytics.attendances import Attendances
from vtp.analytics.completion import complete_from
from vtp.analytics.course_figures import CourseFigures, read_figures
from vtp.analytics.course_store import last_seen
from vtp.analytics.lectures import read_lecture, viewers_in
from vtp.analytics.lrs_store import position_of, target_of
from vtp.analytics.networks import read_network
from vtp.analytics.past import PastClass, PastCourse, PastViewers
from vtp.analytics.past_store import (
    find_past_course,
    find_past_viewers,
    put_past_course,
    put_past_viewers,
)
from vtp.analytics.playback_store import sessions_of
from vtp.analytics.rollups import Rollups
from vtp.analytics.usage import GROWN_AFTER, midnight
from vtp.courses.store import find_course_alone
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound
from vtp.ids import new_id, parse_id
from vtp.recording.store import Recording, find_recording
from vtp.settings import SHORTEST_BY_NAME_DAYS

logger = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 2000
"""Of one transaction: no other writer waits for more."""
VIEWERS_AT_ONCE: Final = 100
CLAIMED_FOR: Final = timedelta(minutes=10)
ROUND_S: Final = 300.0
"""How long one round of upkeep may take; the rest is for the next."""
WAITED_FOR: Final = timedelta(days=SHORTEST_BY_NAME_DAYS)
"""For a record store that does not answer; then what it never took goes all the same."""
TakeBack = Callable[[AsyncConnection, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Due:
    """What there is to do: courses, and people with a recording each."""

    courses: Sequence[str]
    viewers: int


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a closed course by name: rows of who was in its classes today, and people whose
    watching waits for a learning record store."""

    stays: int
    viewers: int


@dataclass(slots=True)
class Anonymizer:
    """`look` is for the upkeep, and does nothing where `after_days` is 0. `usage_is_counted`: whether it is
    kept already how many people there were on past days; `take_back`: takes news of an alert away; `lrs_url`:
    the store that statements are pushed to."""

    database: Database
    attendances: Attendances
    rollups: Rollups
    after_days: int
    usage_is_counted: Callable[[], Awaitable[bool]]
    take_back: TakeBack
    clock: Clock = utc_now
    lrs_url: str = ""
    process_id: str = field(default_factory=new_id)
    deadline_s: float | None = None
    at_work: bool = field(default=False, init=False)
    """Of two runs in one process, which the claim takes for one, the second does nothing."""

    async def done(self) -> Done:
        """How far it has come."""
        async with self.database.read() as tx:
            return await find_done(tx)

    async def due(self, after_days: int | None = None) -> Due:
        """What a round would do now. Viewers of recordings whose courses are closed first are not among them
        until then."""
        before = self._before(after_days)
        if before is None:
            return Due((), 0)
        async with self.database.read() as tx:
            courses = await self._quiet(tx, before)
            scope = Scope(before, unpushed=await self._unpushed(tx))
            return Due(courses, await how_many_viewers(tx, scope))

    async def look(self) -> None:
        """One round, for a while at most, by one process at a time; of courses that were closed by hand what
        had to wait then, too."""
        self.deadline_s = time.monotonic() + ROUND_S
        await self.run()
        async with self.database.read() as tx:
            closed = await any_closed(tx)
        if closed:
            await self._claimed(self._sweep_closed, finishes=False)

    async def run(self, after_days: int | None = None) -> bool:
        """All that is due, or so much of it as there is time for; whether nothing is left. Raises what the
        database raises; what was done by then is done."""
        before = self._before(after_days)
        return before is not None and await self._claimed(lambda: self._all(before))

    async def close_course(self, course_id: str) -> bool:
        """Makes a course nobody's at once, whoever is still in it; False where another process is at work.
        Raises NotFound, and Conflict while a class of it goes on, which would be kept half."""
        wanted = parse_id(course_id, "/path/course_id")

        async def close() -> bool:
            await self.attendances.count(wanted)
            if not await self._close(wanted, None):
                raise NotFound("There is no such course.", code="no_such_course")
            return await self._sweep_closed()

        return await self._claimed(close, finishes=False)

    async def left(self, course_id: str) -> Left:
        """What of a course that was closed has to wait."""
        async with self.database.read() as tx:
            unpushed = await self._unpushed(tx)
            waiting = await viewers_left(tx, course_id, unpushed) if unpushed is not None else 0
            return Left(await stays_left(tx, course_id), waiting)

    async def _sweep_closed(self) -> bool:
        return await self._sweep(Scope(self.clock(), closed=True))

    async def _unpushed(self, tx: AsyncConnection) -> Unpushed | None:
        """What a store is waited for; None: there is none."""
        if not self.lrs_url:
            return None
        return Unpushed(await position_of(tx, target_of(self.lrs_url)), self.clock() - WAITED_FOR)

    async def _claimed(self, work: Callable[[], Awaitable[bool]], *, finishes: bool = True) -> bool:
        if self.at_work:
            return False
        self.at_work = True
        try:
            if not await self._claim():
                return False
            finished = False
            try:
                finished = await work()
            finally:
                await self._release(self.clock() if finished and finishes else None)
            return finished
        finally:
            self.at_work = False

    def _before(self, after_days: int | None) -> datetime | None:
        days = self.after_days if after_days is None else after_days
        return self.clock() - timedelta(days=days) if days else None

    async def _quiet(self, tx: AsyncConnection, before: datetime) -> list[str]:
        found = await quiet_courses(tx, before)
        return [one for one in found if max((await last_seen(tx, one)).values(), default=before) <= before]

    async def _all(self, before: datetime) -> bool:
        async with self.database.read() as tx:
            courses = await self._quiet(tx, before)
        for course_id in courses:
            if not await self._goes_on():
                return False
            await self.attendances.count(course_id)
            await self._close(course_id, before)
        return await self._sweep(Scope(before))

    async def _sweep(self, scope: Scope) -> bool:
        """Removes what sums were made of; whether nothing is left.

        Who was there on a day that is not over, as usage counts days, stays until it is counted.
        """
        async with self.database.read() as tx:
            scope = replace(scope, unpushed=await self._unpushed(tx))
        for drop in DROPS:
            if not await self._drop_all(drop, scope):
                return False
        counted = await self.usage_is_counted()
        stays = replace(scope, before=min(scope.before, midnight(self.clock() - GROWN_AFTER)))
        if counted and not await self._drop_all(drop_stays, stays):
            return False
        while await self._drop_alerts():
            if not await self._goes_on():
                return False
        return await self._add_viewers(scope) and counted

    async def _drop_all(self, drop: Drop, scope: Scope) -> bool:
        """Whether nothing is left of it."""
        while await self._drop(drop, scope) >= ROWS_AT_ONCE:
            if not await self._goes_on():
                return False
        return True

    async def _goes_on(self) -> bool:
        """Whether there is time, and the work is still ours; others have their turn."""
        await asyncio.sleep(0)
        if self.deadline_s is not None and time.monotonic() >= self.deadline_s:
            return False
        return await self._claim()

    @done_over
    async def _close(self, course_id: str, before: datetime | None) -> bool:
        """Writes what a course has come to; from then on its reports are made of that. `before`: if nobody
        was in it since."""
        async with self.database.transaction() as tx:
            seen = await find_course_alone(tx, course_id, None)
            if seen is None:
                return False
            if before is not None and course_id not in await self._quiet(tx, before):
                return True
            if before is None and await _class_goes_on(tx, course_id, self.clock()):
                raise Conflict("A class of this course goes on; wait for its end.", code="class_goes_on")
            lesson_ids = await classes_in(tx, course_id)
            await lock_lessons(tx, lesson_ids)
            now = self.clock()
            figures = await read_figures(tx, seen.course, now, closes=True)
            networks = {one.held.lesson_id: one.totals for one in (await read_network(tx, course_id)).classes}
            by_class = figures.attendance.by_class()
            held = {one.lesson_id: one for one in figures.attendance.classes}
            for lesson_id in lesson_ids:
                known = lesson_id in held
                counts = ClassRow.of(held[lesson_id], by_class[lesson_id]) if known else None
                totals = past_class(counts, networks.get(lesson_id, PastClass()))
                await put_class_totals(tx, lesson_id, totals.row)
            await forget_corrected(tx, lesson_ids)
            before_it = await find_past_course(tx, course_id)
            past = past_course(figures, now)
            await put_past_course(tx, course_id, before_it.plus(past) if before_it is not None else past)
            await count_done(tx, courses=1)
        return True

    @done_over
    async def _drop(self, drop: Drop, scope: Scope) -> int:
        async with self.database.transaction() as tx:
            return await drop(tx, scope, ROWS_AT_ONCE)

    @done_over
    async def _drop_alerts(self) -> int:
        async with self.database.transaction() as tx:
            ids = await alerts_of_past(tx, VIEWERS_AT_ONCE)
            for alert_id in ids:
                await self.take_back(tx, alert_id)
            if ids:
                await remove_alerts(tx, ids)
            return len(ids)

    async def _add_viewers(self, scope: Scope) -> bool:
        """Adds who watched recordings to what these came to, some people at a time."""
        skipped: set[str] = set()
        while True:
            async with self.database.read() as tx:
                pairs = await old_viewers(tx, scope, VIEWERS_AT_ONCE)
            todo = [one for one in pairs if one[0] not in skipped]
            if not todo:
                return not pairs
            for recording_id, theirs in groupby(todo, key=lambda one: one[0]):
                if not await self._goes_on():
                    return False
                if not await self._add(recording_id, [one[1] for one in theirs], scope.before):
                    skipped.add(recording_id)

    async def _add(self, recording_id: str, user_ids: Sequence[str], before: datetime) -> int:
        """How many of these were added; of so many as the log has few enough rows of."""
        async with self.database.read() as tx:
            recording = await find_recording(tx, recording_id)
            rows = await events_of(tx, recording_id, user_ids)
        if recording is None:
            return 0
        await self.rollups.settle(recording_id, recording.duration_ms)
        wanted: list[str] = []
        room = ROWS_AT_ONCE
        for user_id in user_ids:
            room -= rows.get(user_id, 0)
            if room < 0 and wanted:
                break
            wanted.append(user_id)
        return await self._fold(recording, wanted, before)

    @done_over
    async def _fold(self, recording: Recording, user_ids: Sequence[str], before: datetime) -> int:
        async with self.database.transaction() as tx:
            progress, asleep = await lock_viewers(tx, recording.id, user_ids, before)
            if not asleep:
                return 0
            past = await find_past_viewers(tx, recording.id, to_change=True) or PastViewers(
                recording.duration_ms
            )
            most = (await read_lecture(tx, recording, 1)).peak  # of all who are still known
            theirs = set(asleep)
            pages = [one for one in await sessions_of(tx, recording.id) if one.user_id in theirs]
            passes = await passes_of_some(tx, recording.id, asleep)
            asked = await complete_from(tx, recording.id)
            found = past.plus(viewers_in(recording, progress, pages, passes, asked))
            found.peak = max(found.peak, most)
            await put_past_viewers(tx, recording.id, found, self.clock())
            await drop_viewers(tx, recording.id, asleep)
            await count_done(tx, viewers=len(progress))
            return len(asleep)

    @done_over
    async def _claim(self) -> bool:
        now = self.clock()
        async with self.database.transaction() as tx:
            return await claim(tx, self.process_id, now, now + CLAIMED_FOR)

    @done_over
    async def _release(self, finished_at: datetime | None) -> None:
        async with self.database.transaction() as tx:
            await release(tx, self.process_id, self.clock(), finished_at)


def past_class(counts: ClassRow | None, network: PastClass) -> PastClass:
    """A class as it is told now; one that staff rehearsed has its connections alone, and one that nobody held
    nothing."""
    if counts is None:
        return network
    words = ("present", "late", "partial", "excused", "absent")
    return PastClass(
        {word: getattr(counts, word) for word in words},
        counts.made_up,
        network.people,
        network.with_trouble,
        network.causes,
        network.staff_with_trouble,
    )


def past_course(found: CourseFigures, now: datetime) -> PastCourse:
    """What of a course is of people who are known, added up."""
    rated, rates = found.attendance.rates
    complete, completions = found.completions
    return PastCourse(
        now,
        len(found.students),
        rated,
        sum(one.attendance.attended > 0 for one in found.students),
        rates,
        found.scores[1],
        complete,
        completions,
        sum(one.watch_time_ms for one in found.students),
        {one.recording.recording_id: one.known for one in found.lectures},
    )


async def _class_goes_on(tx: AsyncConnection, course_id: str, now: datetime) -> bool:
    """Whether a class of a course is not over, or people are in one of its rooms."""
    return any(one.is_open or one.goes_on(now) for one in await live_lessons(tx, course_id))
