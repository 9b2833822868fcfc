"""Reports of a course: how it goes, who takes part, which lectures are watched."""

from __future__ import annotations

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.attendances import Attendances
from vtp.analytics.course_figures import CourseFigures, read_figures
from vtp.analytics.daily import Daily
from vtp.analytics.networks import CourseNetwork, read_network
from vtp.analytics.told import ToldCourse
from vtp.courses.door import Entered, enter
from vtp.db import Database
from vtp.http.identity import Principal


class Reports:
    """Raises NotFound, Forbidden, Invalid for malformed ids.

    `at_least`: of how many students averages are told to one of them.
    """

    def __init__(
        self, database: Database, attendances: Attendances, at_least: int, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._attendances = attendances
        self.at_least = at_least
        self._clock = clock
        self._told: Daily[str, ToldCourse] = Daily()

    async def course(self, principal: Principal, course_id: str) -> tuple[CourseFigures, ToldCourse | None]:
        """A course for its members, and what of all its students the caller is told: as it was when one of
        them first asked within a day; None: who teaches there sees it all."""
        inside, found = await self._read(principal, course_id, Action.COURSE_VIEW)
        if inside.may(Action.COURSE_TEACH):
            return found, None
        now, key = self._clock(), inside.course.id
        told = self._told.get(key, now)
        return found, told or self._told.put(key, ToldCourse.of(found, self.at_least), now)

    async def of_students(self, principal: Principal, course_id: str) -> CourseFigures:
        """The same with everybody in it, for who teaches there."""
        return (await self._read(principal, course_id, Action.COURSE_TEACH))[1]

    async def network(self, principal: Principal, course_id: str) -> CourseNetwork:
        """Who had trouble with their connection, and why, for who teaches there."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
        await self._attendances.count(inside.course.id)
        async with self._database.read() as tx:
            return await read_network(tx, inside.course.id)

    async def _read(
        self, principal: Principal, course_id: str, action: Action
    ) -> tuple[Entered, CourseFigures]:
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, action)
        await self._attendances.count(inside.course.id)
        async with self._database.read() as tx:
            return inside, await read_figures(tx, inside.course, self._clock())
