"""Counts a class: who attended it and how, from the rows of who was there. No clock; SQL is the store's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vtp.accounts.permissions import STAFF
from vtp.analytics.attendance import (
    Connection,
    Held,
    Standing,
    belongs,
    classes_held,
    presence,
    standing,
    the_class,
    when_led,
)
from vtp.analytics.engagement import Inputs, activity_score, highest, participation_rate
from vtp.analytics.intervals import Interval, common, length_ms, union
from vtp.analytics.network_notes import Network
from vtp.analytics.network_rules import reconnects
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Attended:
    """One connection of somebody, and what they did by it. Times are Unix ms."""

    user_id: str
    role: Role
    connection: Connection
    talks: Sequence[Interval] = ()
    camera: Sequence[Interval] = ()
    acts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    quality: Mapping[str, int] = field(default_factory=dict)
    network: Network = field(default_factory=Network)

    @classmethod
    def of_row(cls, row: Any) -> Attended:
        """As it is stored."""
        talks, camera = ([(a, b) for a, b in stretches or ()] for stretches in (row.talks, row.camera))
        return cls(
            row.user_id,
            Role(row.role),
            connection_of(row),
            talks,
            camera,
            row.acts or {},
            row.quality or {},
            Network.of_row(row.network),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A poll of a class: when, and which accounts answered."""

    at: int
    answered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """One account in a class."""

    user_id: str
    is_staff: bool
    standing: Standing
    inputs: Inputs
    camera_ms: int
    score: float
    participation: float
    quality: Mapping[str, int]
    network: Network


@dataclass(frozen=True, slots=True)
class CountedClass:
    """A class as it was held, None where nobody did, and everybody who was there.

    `led_until`: the end of the last that could be the class, in Unix ms; it may become the longest yet."""

    held: Held | None
    polls: int
    people: Mapping[str, Person]
    led_until: int | None


def count_class(
    attended: Iterable[Attended],
    scheduled_at: int | None,
    opened: Iterable[Interval],
    polls: Sequence[Asked],
    course_staff: Collection[str],
    erased: Iterable[tuple[Role, Connection]] = (),
) -> CountedClass:
    """The standing in a class of everybody who came to it, and what they did.

    `opened`: the times when its room was open. `course_staff`: the accounts that are staff of its course,
    as which administrators come into any room. `erased`: connections of who is nobody by now: a class that
    staff held was held, and had the students who were in it.

    A lesson without a time may be rehearsed at any: its class is one in which students were, if there is.
    """
    by_person: dict[str, list[Attended]] = {}
    for one in attended:
        by_person.setdefault(one.user_id, []).append(one)
    staff = {who for who, rows in by_person.items() if _came_first(rows).role in STAFF}
    own: list[Interval] = []
    visitors: list[Interval] = []
    for who in staff:
        is_visitor = _came_first(by_person[who]).role is Role.ADMIN and who not in course_staff
        (visitors if is_visitor else own).extend(presence(_connections(by_person[who])))
    pupils = (rows for who, rows in by_person.items() if who not in staff)
    students = [one.connection.interval for rows in pupils for one in rows]
    for role, connection in erased:
        if role is not Role.GUEST:  # who may have typed the name of the erased
            side = visitors if role is Role.ADMIN else own if role in STAFF else students
            side.append(connection.interval)
    could_be = classes_held(scheduled_at, when_led(own, visitors), opened)
    held = the_class(could_be, students if scheduled_at is None else ())
    of_class = {
        who: [one for one in rows if belongs(one.connection, held)] for who, rows in by_person.items()
    }
    by_person = {who: rows for who, rows in of_class.items() if rows}
    asked = [one for one in polls if held is not None and held.holds(one.at)]
    inputs = {who: _inputs(who, rows, held, asked) for who, rows in by_person.items()}
    most = highest(one for who, one in inputs.items() if who not in staff)
    people = {}
    for who, rows in by_person.items():
        acts = [at for row in rows for times in row.acts.values() for at in times]
        acts += [one.at for one in asked if who in one.answered]
        people[who] = Person(
            who,
            who in staff,
            standing(_connections(rows), held),
            inputs[who],
            length_ms(_within((one for row in rows for one in row.camera), held)),
            0.0 if who in staff else activity_score(inputs[who], most, len(asked)),
            participation_rate(
                union(one for row in rows for one in row.talks), acts, held.parts if held is not None else ()
            ),
            _quality(rows),
            _network(rows),
        )
    return CountedClass(held, len(asked), people, could_be[-1].end if could_be else None)


def _came_first(rows: Sequence[Attended]) -> Attended:
    """As what they came at first: who is made an assistant in the room is a student of its course."""
    return min(rows, key=lambda one: one.connection.joined_at)


def _connections(rows: Sequence[Attended]) -> list[Connection]:
    return [one.connection for one in rows]


def _inputs(who: str, rows: Sequence[Attended], held: Held | None, asked: Sequence[Asked]) -> Inputs:
    counts: Counter[str] = Counter()
    for row in rows:
        for kind, times in row.acts.items():
            counts[kind] += sum(held is not None and held.holds(at) for at in times)
    return Inputs(
        talk_ms=length_ms(_within((one for row in rows for one in row.talks), held)),
        messages=counts["messages"],
        hands=counts["hands"],
        reactions=counts["reactions"],
        answers=sum(who in one.answered for one in asked),
    )


def _within(stretches: Iterable[Interval], held: Held | None) -> list[Interval]:
    return common(union(stretches), held.parts) if held is not None else []


def _quality(rows: Sequence[Attended]) -> dict[str, int]:
    times: Counter[str] = Counter()
    for row in rows:
        times.update(row.quality)
    return dict(times)


def _network(rows: Sequence[Attended]) -> Network:
    found = Network.sum_of(row.network for row in rows)
    found.reconnects = reconnects(_connections(rows))
    found.connected_ms = length_ms(presence(_connections(rows)))
    return found


def connection_of(row: Any) -> Connection:
    """As a stay is stored."""
    return Connection(
        unix_ms(row.joined_at),
        unix_ms(row.left_at) if row.left_at is not None else None,
        unix_ms(row.seen_at or row.joined_at),
    )


def unix_ms(at: datetime) -> int:
    """A time as intervals have it."""
    return int(at.timestamp() * 1000)


def from_ms(at: int) -> datetime:
    """The other way."""
    return datetime.fromtimestamp(at / 1000, UTC)
