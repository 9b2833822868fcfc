"""Who had trouble with their connection in the classes of a course, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.attendance_store import HeldClass, live_lessons
from vtp.analytics.course_store import watchable
from vtp.analytics.network_notes import Network
from vtp.analytics.network_rules import Cause, Link, Rating, link_of
from vtp.analytics.network_store import connections_in, stalls_of
from vtp.analytics.past import PastClass


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with an account."""

    user_id: str
    full_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Attending:
    """Somebody in one class, and how their connection was."""

    who: Who
    is_staff: bool
    link: Link


@dataclass(frozen=True)
class ClassNetwork:
    """One class with everybody who was there."""

    held: HeldClass
    people: Sequence[Attending]

    @property
    def troubled(self) -> Sequence[Attending]:
        """Those whose connection was not good."""
        return [one for one in self.people if one.link.rating is not Rating.GOOD]

    @cached_property
    def totals(self) -> PastClass:
        """How many there were, of them who is known and who is not any more."""
        if self.held.past is not None:
            return self.held.past
        troubled = self.troubled
        causes = Counter(one.link.cause.value for one in troubled if one.link.cause is not None)
        return PastClass(
            people=len(self.people),
            with_trouble=len(troubled),
            causes=dict(causes.most_common()),
            staff_with_trouble=sum(person.is_staff for person in troubled),
        )


@dataclass(frozen=True, slots=True)
class PersonNetwork:
    """Somebody over the classes of a course, and with its recordings."""

    who: Who
    is_staff: bool
    links: Sequence[Link]
    views: int
    stalls: int

    @property
    def troubled(self) -> int:
        """In how many classes their connection was not good."""
        return sum(one.rating is not Rating.GOOD for one in self.links)

    @property
    def cause(self) -> Cause | None:
        """By which most of those had trouble; of equals the first in Cause's order."""
        counts = Counter(one.cause for one in self.links if one.cause is not None)
        return max(Cause, key=lambda one: counts[one]) if counts else None

    @property
    def network(self) -> Network:
        """All that was read of them."""
        return Network.sum_of(one.network for one in self.links)


@dataclass(frozen=True, slots=True)
class CourseNetwork:
    """All of it."""

    classes: Sequence[ClassNetwork]
    people: Sequence[PersonNetwork]


async def read_network(tx: AsyncConnection, course_id: str) -> CourseNetwork:
    """Puts a course together; its classes are counted."""
    held = [one for one in await live_lessons(tx, course_id) if one.held_ms and one.cancelled_at is None]
    there: dict[str, list[Attending]] = {one.lesson_id: [] for one in held}
    known = [one.lesson_id for one in held if one.past is None]
    people: dict[str, Who] = {}
    for lesson_id, user_id, full_name, email, is_staff, quality, network in await connections_in(tx, known):
        who = people.get(user_id) or people.setdefault(user_id, Who(user_id, full_name, email))
        link = link_of(quality, Network.of_row(network))
        there[lesson_id].append(Attending(who, is_staff, link))
    classes = [ClassNetwork(one, there[one.lesson_id]) for one in held]
    return CourseNetwork(classes, await _people(tx, course_id, classes))


async def _people(
    tx: AsyncConnection, course_id: str, classes: Sequence[ClassNetwork]
) -> list[PersonNetwork]:
    theirs: dict[str, list[Attending]] = {}
    for one in classes:
        for person in one.people:
            theirs.setdefault(person.who.user_id, []).append(person)
    recordings = [one.recording_id for one in await watchable(tx, course_id)]
    stalls = await stalls_of(tx, list(theirs), recordings)
    people = [
        PersonNetwork(
            rows[0].who,
            any(one.is_staff for one in rows),
            [one.link for one in rows],
            *stalls.get(user_id, (0, 0)),
        )
        for user_id, rows in theirs.items()
    ]
    return sorted(people, key=lambda one: (one.who.full_name, one.who.user_id))
