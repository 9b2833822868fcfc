"""Groups of an assignment: made by a course's staff, all of them at once; students see their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.users import names_of
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.news import Whom, people_in
from vtp.courses.people import people_of
from vtp.coursework.assignment_schemas import WantedGroups
from vtp.coursework.assignment_store import (
    Assignment,
    Group,
    begun_by,
    group_of,
    mark_of_groups,
    page_of_groups,
    set_groups,
    were_in_groups,
)
from vtp.coursework.assignments import Assignments
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.notifications.store import To

MOST_NAMED: Final = 100
"""Of people with whom something is wrong; nobody reads more, and statements have an end."""


class Groups:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(self, database: Database, assignments: Assignments) -> None:
        self._database = database
        self._assignments = assignments

    async def page(
        self, principal: Principal, course_id: str, assignment_id: str, *, limit: int, after: str | None
    ) -> tuple[list[Group], str | None]:
        """All for staff, with the mark of how all of them are now; one's own for students."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            found = await self._assignments.find_seen(tx, inside, assignment_id)
            students = students_of(inside)
            if inside.may(Action.COURSE_TEACH):
                mark = await mark_of_groups(tx, found.id, students)
                return await page_of_groups(tx, found.id, students, limit=limit, after=after), mark
            own = await group_of(tx, found.id, principal.user_id or "")
            if own is None:
                return [], None
            return await page_of_groups(tx, found.id, students, limit=limit, after=after, only=own), None

    @done_over
    async def set(
        self,
        principal: Principal,
        course_id: str,
        assignment_id: str,
        wish: WantedGroups,
        check: Callable[[str], None],
    ) -> tuple[list[Group], str]:
        """These and no others; `check` is given the mark of those of before. Raises what it raises, Conflict
        where one that has handed something in would be gone."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found = await self._assignments.find(tx, inside, assignment_id)
            if not found.for_groups:
                raise Conflict("This assignment is not for groups.", code="not_for_groups")
            students = students_of(inside)
            check(await mark_of_groups(tx, found.id, students))
            wanted = await self._wanted(tx, inside, found, wish)
            await set_groups(tx, found.id, wanted, students)
            made = await page_of_groups(tx, found.id, students, limit=None, after=None)
            return made, await mark_of_groups(tx, found.id, students)

    async def _wanted(
        self, tx: AsyncConnection, inside: Entered, found: Assignment, wish: WantedGroups
    ) -> list[Group]:
        """Who has left the course stays in the group that they were in, wherever they are sent."""
        now = await page_of_groups(tx, found.id, students_of(inside), limit=None, after=None)
        there = {one.id for one in now}
        people = await people_of(tx, inside.course.id, inside.course.instructor_id)
        sent = _sent(wish)
        others = {one for _, members in sent for one in members if people.get(one) is not Role.STUDENT}
        have_left = await were_in_groups(tx, found.id, others)
        counts = Counter(one for _, members in sent for one in members)
        wrong = {one for one in counts if one in others - have_left or counts[one] > 1}
        known = wrong & {*people, *have_left}  # who sets groups learns nobody's name by an id
        called = await names_of(tx, sorted(known)[:MOST_NAMED])
        errors, seen, wanted = [], dict[str, str](), list[Group]()
        for i, (group, (group_id, members)) in enumerate(zip(wish.groups, sent, strict=True)):
            if group_id is not None and group_id not in there:
                errors.append(FieldError(f"/groups/{i}/id", f"“{group.name}” is no group of this assignment"))
            for j, member in enumerate(members):
                at, name = f"/groups/{i}/members/{j}", called.get(member, "Somebody")
                if member in others - have_left:
                    errors.append(FieldError(at, f"{name} in “{group.name}” is no student of this course"))
                if member in seen:
                    errors.append(FieldError(at, f"{name} is {_twice(seen[member], group.name)}"))
                seen[member] = group.name
            going_on = tuple((one, "") for one in members if one not in have_left)
            if group_id is None and not going_on:
                continue
            wanted.append(Group(group_id or new_id(), group.name, going_on))
        first = {one.id: one.name for one in reversed(wanted)}
        for i, (group, (group_id, _)) in enumerate(zip(wish.groups, sent, strict=True)):
            if group_id in first and any(id_ == group_id for id_, _ in sent[:i]):
                same = f"“{first[group_id]}” and “{group.name}” are one and the same group"
                errors.append(FieldError(f"/groups/{i}/id", same))
        if errors:
            raise Invalid("The groups cannot be like this; `errors` says why.", errors=errors)
        await _require_to_go(tx, found, [one for one in now if one.id not in first])
        return wanted


def students_of(inside: Entered) -> To:
    """The students of a course, as a query."""
    return people_in(inside.course.id, inside.course.instructor_id, Whom.STUDENTS)


async def _require_to_go(tx: AsyncConnection, found: Assignment, gone: Sequence[Group]) -> None:
    """Raises Conflict for groups that have something handed in, or begun."""
    begun = await begun_by(tx, found.id, [one.id for one in gone])
    names = ", ".join(f"“{one.name}”" for one in gone if one.id in begun)
    if names:
        raise Conflict(f"{names} began to hand in and must stay: send the id, too.", code="group_has_work")


def _twice(one: str, other: str) -> str:
    return f"in “{one}” twice" if one == other else f"in “{one}” and in “{other}”"


def _sent(wish: WantedGroups) -> list[tuple[str | None, list[str]]]:
    """Identifiers of groups and their members, in their one spelling. Raises Invalid for what is none."""
    return [
        (
            None if group.id is None else parse_id(group.id, f"/groups/{i}/id"),
            [parse_id(one, f"/groups/{i}/members/{j}") for j, one in enumerate(group.members)],
        )
        for i, group in enumerate(wish.groups)
    ]
