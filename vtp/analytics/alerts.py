"""Alerts of who may need help: made by rules, told to a course's staff, closed by them or by being over."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.alert_rules import Finding, Rule
from vtp.analytics.alert_store import (
    Alert,
    AlertStatus,
    active_courses,
    add_alert,
    change_alert,
    ended_with_open_alerts,
    find_alert,
    latest_alerts,
    page_of_alerts,
)
from vtp.analytics.alert_words import told_of
from vtp.analytics.attendances import Attendances
from vtp.analytics.course_figures import CourseFigures, StudentFigures, read_figures
from vtp.courses.door import enter, enter_to_change
from vtp.courses.enrolment_store import students_among
from vtp.courses.news import Whom, news_in, people_in
from vtp.courses.roles import CourseStatus
from vtp.courses.store import Course, find_course, find_course_alone, lock_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.notifier import Notifier

logger = logging.getLogger(__name__)

MAY_NEED_HELP: Final = Kind(
    "student_may_need_help", "Students who may need help", MailChoice.DAILY, names_people=True
)
COOL_DOWN: Final = timedelta(days=7)
"""For so long after one was made, and after it was closed, a rule makes no new alert of a student."""


class Alerts:
    """`look` is for upkeep. The rest raises NotFound, Forbidden, Invalid for malformed ids."""

    def __init__(
        self, database: Database, attendances: Attendances, notifier: Notifier, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._attendances = attendances
        self._notifier = notifier
        self._clock = clock
        notifier.kinds.add(MAY_NEED_HELP)

    async def look(self) -> None:
        """Looks at every course that runs, and ends the alerts of those that do so no more."""
        async with self._database.read() as tx:
            looks = [(course_id, self.look_at) for course_id in await active_courses(tx)]
            looks += [(course_id, self._end) for course_id in await ended_with_open_alerts(tx)]
        for course_id, look in looks:
            try:
                await look(course_id)
            except Unavailable as error:
                logger.warning("Who may need help in course %s was not looked for: %s", course_id, error)
            except Exception:  # the next course is not to suffer for it
                logger.exception("Who may need help in course %s could not be looked for.", course_id)

    @done_over
    async def look_at(self, course_id: str) -> None:
        """Makes what is new, brings up to date what stands, and ends what holds no more; of attendance while
        no class goes on that it may rest on.

        Who has left the course meanwhile, or was erased, is looked for once nobody can leave it: nothing of
        them is to be written any more.
        """
        await self._attendances.count(course_id)
        now = self._clock()
        async with self._database.read() as tx:
            seen = await find_course(tx, course_id, None)
            if seen is None:
                return
            figures = await read_figures(tx, seen.course, now)
        async with self._database.transaction() as tx:
            await lock_course(tx, course_id)
            latest = await latest_alerts(tx, course_id)
            undecided = {Rule.ATTENDANCE} if figures.attendance.undecided else set()
            found = [one for one in figures.students if one.findings]
            here = await students_among(tx, course_id, {one.student.user_id for one in found})
            students = [one for one in found if one.student.user_id in here]
            holds = await self._hold(tx, seen.course, students, latest, now, undecided)
            if undecided:
                holds |= await _undecided(tx, course_id, figures)
            await self._over(tx, [one for key, one in latest.items() if key not in holds], now)

    @done_over
    async def _end(self, course_id: str) -> None:
        """Ends the alerts of a course that does not run, unless it does again."""
        async with self._database.transaction() as tx:
            seen = await find_course_alone(tx, course_id, None)
            if seen is not None and seen.course.status is not CourseStatus.ACTIVE:
                await self._over(tx, (await latest_alerts(tx, course_id)).values(), self._clock())

    async def _over(self, tx: AsyncConnection, alerts: Iterable[Alert], now: datetime) -> None:
        """Ends those of these that are open, and takes back what was told of them."""
        for alert in alerts:
            if alert.status is AlertStatus.OPEN:
                await change_alert(tx, alert.id, status=AlertStatus.OVER, closed_at=now, updated_at=now)
                await self._notifier.take_back(tx, alert.id)

    async def _hold(
        self,
        tx: AsyncConnection,
        course: Course,
        students: Sequence[StudentFigures],
        latest: Mapping[tuple[str, str], Alert],
        now: datetime,
        undecided: Collection[Rule],
    ) -> set[tuple[str, str]]:
        """Writes what the rules find now, but for undecided ones; gives it by (student, rule)."""
        holds: set[tuple[str, str]] = set()
        for one in students:
            for finding in one.findings:
                if finding.rule in undecided:
                    continue
                key = (one.student.user_id, finding.rule.value)
                holds.add(key)
                before = latest.get(key)
                if before is not None and before.status is AlertStatus.OPEN:
                    await change_alert(tx, before.id, updated_at=now, **_said(finding))
                elif before is None or _rests_until(before) <= now:
                    await self._begin(tx, course, one, finding, now)
        return holds

    async def _begin(
        self, tx: AsyncConnection, course: Course, one: StudentFigures, finding: Finding, now: datetime
    ) -> None:
        alert_id = new_id()
        await add_alert(
            tx,
            id=alert_id,
            course_id=course.id,
            user_id=one.student.user_id,
            rule=finding.rule.value,
            status=AlertStatus.OPEN,
            created_at=now,
            updated_at=now,
            note="",
            **_said(finding),
        )
        title = told_of(one.student.full_name)
        news = news_in(course, MAY_NEED_HELP, title, finding.reason, page="analytics", subject_id=alert_id)
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, Whom.STAFF))

    async def page(
        self,
        principal: Principal,
        course_id: str,
        status: AlertStatus | None,
        *,
        limit: int,
        before: str | None,
    ) -> list[Alert]:
        """A course's alerts, newest first, for who teaches there."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            return await page_of_alerts(tx, inside.course.id, status, limit=limit, before=before)

    @done_over
    async def close(self, principal: Principal, alert_id: str, status: AlertStatus, note: str) -> Alert:
        """Says that it is resolved, or none. Raises Conflict for one that is closed already."""
        wanted, now = parse_id(alert_id, "/path/alert_id"), self._clock()
        async with self._database.transaction() as tx:
            alert = await find_alert(tx, wanted)
            if alert is None:
                raise NotFound("There is no such alert.", code="no_such_alert")
            await enter_to_change(tx, principal, alert.course_id, Action.COURSE_TEACH)
            alert = await find_alert(tx, wanted) or alert
            if alert.status is not AlertStatus.OPEN:
                raise Conflict(f"This alert is {alert.status.value} already.", code="alert_closed")
            values = {"closed_at": now, "closed_by": principal.user_id, "updated_at": now, "note": note}
            await change_alert(tx, alert.id, status=status, **values)
            await self._notifier.take_back(tx, alert.id)
            return await find_alert(tx, wanted) or alert


async def _undecided(tx: AsyncConnection, course_id: str, figures: CourseFigures) -> set[tuple[str, str]]:
    """The alerts of attendance, by (student, rule), of who is still in the course: while a class goes on, one
    that rests on it is not over. It would be made again after the cool-down only."""
    here = await students_among(tx, course_id, {one.student.user_id for one in figures.students})
    return {(user_id, Rule.ATTENDANCE.value) for user_id in here}


def _rests_until(before: Alert) -> datetime:
    return max(before.created_at, before.closed_at or before.created_at) + COOL_DOWN


def _said(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity.word,
        "reason": finding.reason,
        "recommendation": finding.recommendation,
        "evidence": finding.evidence,
    }
