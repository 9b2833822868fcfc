"""Enrols a list of people: some at a time, and tells of every line; or only what would become of it.

Who is in the course already is left as they are, so the same list may be imported again after a failure.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.users import accounts_named
from vtp.courses.door import Entered, enter, enter_to_change, refuse_archived
from vtp.courses.enrolment_csv import ListedStudent, read_students
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_store import (
    Enrolment,
    Source,
    add_enrolments,
    by_right_among,
    enrol_besides,
    enrolled_among,
)
from vtp.courses.people import roles_above
from vtp.courses.places import free_places, give_places, places_left
from vtp.courses.roles import EnrolmentStatus
from vtp.courses.store import Course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.csv_tables import CellError
from vtp.http.identity import Principal, Role
from vtp.ids import is_id, new_id

CHUNK: Final = 100  # people in one transaction: others write in between


class Outcome(enum.StrEnum):
    """What became of a line, or would have in a dry run."""

    ENROLLED = "enrolled"
    WAITING = "waiting"
    EXISTS = "exists"
    NO_ACCOUNT = "no_account"
    FULL = "full"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class LineReport:
    """What is told of a line; `user_id` is whose account it names."""

    line: int
    name: str
    outcome: Outcome
    errors: tuple[CellError, ...] = ()
    user_id: str = ""
    role: Role = Role.STUDENT


@dataclass(slots=True)
class Room:
    """How a course stands while a list is gone through; `left`: None for any number of places.

    `above`: the roles that rank above how people are enrolled; `placed`: who has a place by one of these, and
    is not enrolled yet."""

    there: set[str]
    left: int | None
    waiting_list: bool
    above: dict[str, Role] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)

    async def meet(self, tx: AsyncConnection, course: Course, user_ids: Collection[str]) -> None:
        """Learns how these people stand in the course."""
        self.there |= await enrolled_among(tx, course.id, user_ids)
        self.placed |= await by_right_among(tx, course.id, user_ids)
        self.above |= await roles_above(tx, course.id, course.instructor_id, user_ids)

    def take(self, user_id: str, role: Role) -> Outcome:
        """What becomes of somebody who comes now."""
        if user_id in self.there:
            return Outcome.EXISTS
        needs_place = user_id not in self.placed and self.above.get(user_id, role) is Role.STUDENT
        full = needs_place and self.left == 0
        if full and not self.waiting_list:
            return Outcome.FULL
        self.there.add(user_id)
        if needs_place and self.left is not None and not full:
            self.left -= 1
        return Outcome.WAITING if full else Outcome.ENROLLED


def plan(
    lines: Sequence[ListedStudent],
    accounts: Mapping[str, str],
    room: Room,
    may_give: Callable[[Role], bool],
) -> list[LineReport]:
    """What becomes of each line; `accounts`: whose each name is."""
    return [_plan_line(line, accounts.get(line.name), room, may_give) for line in lines]


class EnrolmentImport:
    """`run` raises Forbidden, NotFound, Invalid for a file that is no list, TooLarge, and Conflict for an
    archived course."""

    def __init__(
        self, database: Database, audit: AuditLog, news: EnrolmentNews, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._news = news
        self._audit = audit
        self._clock = clock

    async def run(
        self, principal: Principal, course_id: str, data: bytes, origin: Origin, *, dry: bool
    ) -> list[LineReport]:
        """Imports, or with `dry` only says what it would do now."""
        async with self._database.read() as tx:
            refuse_archived(await enter(tx, principal, course_id, Action.COURSE_ENROL))
        lines = await asyncio.to_thread(read_students, data)
        if dry:
            return await self._look(principal, course_id, lines)
        reports: list[LineReport] = []
        for chunk in _chunks(lines):
            reports += await self._import(principal, course_id, chunk)
        await self._note(principal, course_id, reports, origin)
        return reports

    async def _look(
        self, principal: Principal, course_id: str, lines: Sequence[ListedStudent]
    ) -> list[LineReport]:
        reports: list[LineReport] = []
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_ENROL)
            course = inside.course
            left = await places_left(tx, course.id, course.max_students)
            room = Room(set(), left, course.waiting_list)
            for chunk in _chunks(lines):
                accounts = await _accounts(tx, chunk)
                await room.meet(tx, course, set(accounts.values()))
                reports += plan(chunk, accounts, room, _may_give(inside))
        return reports

    @done_over
    async def _import(
        self, principal: Principal, course_id: str, lines: Sequence[ListedStudent]
    ) -> list[LineReport]:
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_ENROL)
            course = inside.course
            accounts = await _accounts(tx, lines)
            now = self._clock()
            await give_places(tx, course, self._news, now)
            left = await free_places(tx, course.id, course.max_students)
            room = Room(set(), left, course.waiting_list)
            await room.meet(tx, course, set(accounts.values()))
            reports = plan(lines, accounts, room, _may_give(inside))
            taken = [one for one in reports if one.outcome in (Outcome.ENROLLED, Outcome.WAITING)]
            for one in taken:
                if one.user_id in room.placed:
                    await enrol_besides(tx, _enrolment(inside, one, now))
            coming = [one for one in taken if one.user_id not in room.placed]
            await add_enrolments(tx, [_enrolment(inside, one, now) for one in coming])
            await self._tell(tx, inside, coming)
        return reports

    async def _tell(self, tx: AsyncConnection, inside: Entered, coming: Sequence[LineReport]) -> None:
        """Who are told alike are told at once."""
        alike: dict[tuple[Role, bool], list[str]] = {}
        for one in coming:
            if one.user_id != inside.principal.user_id:
                alike.setdefault((one.role, one.outcome is Outcome.WAITING), []).append(one.user_id)
        for (role, waits), user_ids in alike.items():
            await self._news.taken_in(tx, inside.course, user_ids, role, waits=waits)
            if not waits:
                await self._news.lessons.came(tx, inside.course, user_ids, role)

    async def _note(
        self, principal: Principal, course_id: str, reports: Sequence[LineReport], origin: Origin
    ) -> None:
        details = {outcome.value: sum(one.outcome is outcome for one in reports) for outcome in Outcome}
        await self._audit.note(
            Event.COURSE_ENROLLED,
            origin,
            actor_id=principal.user_id,
            subject=f"course:{course_id.lower()}",
            details={"source": Source.LIST.value, **details},
        )


def _plan_line(
    line: ListedStudent, user_id: str | None, room: Room, may_give: Callable[[Role], bool]
) -> LineReport:
    if line.role is None:
        return LineReport(line.number, line.name, Outcome.INVALID, line.errors)
    if not may_give(line.role):
        error = CellError("role", f"you cannot make anybody {line.role.value} here")
        return LineReport(line.number, line.name, Outcome.INVALID, (error,))
    if user_id is None:
        return LineReport(line.number, line.name, Outcome.NO_ACCOUNT)
    outcome = room.take(user_id, line.role)
    return LineReport(line.number, line.name, outcome, user_id=user_id, role=line.role)


def _may_give(inside: Entered) -> Callable[[Role], bool]:
    appoints = inside.may(Action.COURSE_APPOINT)
    return lambda role: appoints or role is Role.STUDENT


def _enrolment(inside: Entered, report: LineReport, now: datetime) -> Enrolment:
    waits = report.outcome is Outcome.WAITING
    return Enrolment(
        id=new_id(),
        course_id=inside.course.id,
        user_id=report.user_id,
        role=report.role,
        status=EnrolmentStatus.WAITING if waits else EnrolmentStatus.ACTIVE,
        source=Source.LIST,
        invitation_id=None,
        added_by=inside.principal.user_id,
        created_at=now,
        enrolled_at=None if waits else now,
    )


async def _accounts(tx: AsyncConnection, lines: Sequence[ListedStudent]) -> dict[str, str]:
    """Whose the names of these lines are, of those who have an account."""
    names = {line.name for line in lines if line.role is not None}
    ids = {name for name in names if is_id(name)}
    return await accounts_named(tx, names - ids, ids)


def _chunks(lines: Sequence[ListedStudent]) -> Iterator[Sequence[ListedStudent]]:
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]
