"""A course in which something was measured: two classes that were held, a recording that was watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from tests.api.course_material import add_lesson, enrol, make_course
from tests.api.recording_material import add_finished, make_room
from tests.api.test_analytics_attendance import Clock, School, counted, stay
from tests.api.test_analytics_playback import event, segment, send, time_passes
from tests.serving import Api, Person
from tests.unit.recording_material import h264_units
from vtp.accounts.tables import users
from vtp.analytics.class_tables import lesson_classes, participant_activity
from vtp.courses.tables import course_enrollments, lessons
from vtp.rooms.tables import session_participants

SECONDS = 40
NAMES = ("Ada", "Ben", "Cat", "Dan", "Eva", "Fay")
WATCHED: dict[str, list[tuple[float, float]]] = {
    "Ada": [(0, 40), (10, 20), (10, 20)],
    "Ben": [(0, 40)],
    "Cat": [(0, 22), (10, 20)],
    "Dan": [(0, 15)],
    "Eva": [(0, 8)],
}
"""Fay has never opened it."""


@dataclass
class At(Clock):
    """The time of a class that is over."""

    begin: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.begin + timedelta(minutes=self.minutes)


@dataclass
class Measured:
    """What there is to be looked at."""

    teacher: Person
    course: str
    lessons: list[str]
    recording: str
    pupils: dict[str, Person]


async def measured(api: Api, teacher: Person) -> Measured:
    course = await make_course(api, teacher, name="Optics")
    pupils = {}
    database = api.server.services.database
    for name in NAMES:
        pupil = pupils[name] = await api.person("student", f"{name.lower()}@pupils.example")
        assert (await enrol(api, course, pupil)).status == 201
        async with database.transaction() as tx:
            await tx.execute(update(users).where(users.c.id == pupil.user_id).values(full_name=name))
    month_ago = datetime.now(UTC) - timedelta(days=30)
    async with database.transaction() as tx:
        await tx.execute(update(course_enrollments).values(enrolled_at=month_ago))
    first = await held(api, teacher, course, pupils, "Levers", 8, absent=("Dan", "Fay"))
    second = await held(api, teacher, course, pupils, "Light and lenses", 1, absent=("Fay",))
    recording = await watched(api, teacher, course, pupils)
    await api.server.services.analytics.alerts.look_at(course)
    return Measured(teacher, course, [first, second], recording, pupils)


async def held(
    api: Api,
    teacher: Person,
    course: str,
    pupils: dict[str, Person],
    title: str,
    days_ago: int,
    absent: tuple[str, ...],
) -> str:
    """A class of 45 minutes so many days ago; Ben comes late, Ada talks much and Cat a little."""
    school = await live_lesson(api, teacher, course, pupils, title, days_ago, published=True)
    begin = school.clock()
    there = {name: (15.0 if name == "Ben" else 1.0, 45.0) for name in NAMES if name not in absent}
    await was_there(school, {"Teacher": (0.0, 45.0), **there})
    await did(api, pupils["Ada"], begin, talks=[(5, 9), (21, 24)], messages=(6, 12, 31), hands=(20,))
    await did(api, pupils["Cat"], begin, talks=[(30, 31)], messages=(8,), hands=(), loss_minutes=9)
    await counted(school)
    async with api.server.services.database.transaction() as tx:  # whoever reads it next counts it anew
        await tx.execute(delete(lesson_classes).where(lesson_classes.c.lesson_id == school.lesson))
    return school.lesson


async def rehearsed(api: Api, school: Measured) -> str:
    """A lesson that students do not see, in whose room their teacher was alone."""
    lesson = await live_lesson(
        api, school.teacher, school.course, school.pupils, "A look into prisms", 3, published=False
    )
    await was_there(lesson, {"Teacher": (0.0, 20.0)})
    await counted(lesson)
    return lesson.lesson


async def live_lesson(
    api: Api,
    teacher: Person,
    course: str,
    pupils: dict[str, Person],
    title: str,
    days_ago: int,
    *,
    published: bool,
) -> School:
    """A lesson of 45 minutes whose time is over, and whose room nobody has entered yet."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    ends = (begin + timedelta(minutes=45)).isoformat()
    wish: dict[str, Any] = {"kind": "live", "title": title, "starts_at": begin.isoformat(), "ends_at": ends}
    lesson = await add_lesson(api, course, teacher, **wish, published=published)
    async with api.server.services.database.read() as tx:
        room_id = (await tx.execute(select(lessons.c.room_id).where(lessons.c.id == lesson))).scalar_one()
    return School(api, teacher, course, lesson, room_id, dict(pupils), At(begin=begin))


async def was_there(school: School, stays: dict[str, tuple[float, float]]) -> None:
    """Who was in its room, by minutes; the server's own clock goes on afterwards."""
    clock = school.presence._clock
    await stay(school, stays)
    school.presence._clock = clock


async def did(
    api: Api,
    who: Person,
    begin: datetime,
    *,
    talks: list[tuple[float, float]],
    messages: tuple[float, ...],
    hands: tuple[float, ...],
    loss_minutes: float = 0,
) -> None:
    """Writes what somebody did in the class that began then, by minutes, and how long others missed it."""

    def ms(minutes: float) -> int:
        return int((begin + timedelta(minutes=minutes)).timestamp() * 1000)

    c = session_participants.c
    values = {
        "talks": [[ms(start), ms(end)] for start, end in talks],
        "camera": [],
        "acts": {"messages": [ms(at) for at in messages], "hands": [ms(at) for at in hands], "reactions": []},
        "quality": {"poor/loss_sending": int(loss_minutes * 60_000)} if loss_minutes else {},
    }
    async with api.server.services.database.transaction() as tx:
        mine = select(c.id).where(c.user_id == who.user_id, c.joined_at >= begin)
        row_id = (await tx.execute(mine)).scalars().first()
        written = await tx.execute(
            update(participant_activity)
            .where(participant_activity.c.participation_id == row_id)
            .values(**values)
        )
        if not written.rowcount:
            await tx.execute(insert(participant_activity).values(participation_id=row_id, **values))


async def watched(api: Api, teacher: Person, course: str, pupils: dict[str, Person]) -> str:
    """A published recording, and how the class has watched it."""
    room = await make_room(api, teacher, "optics-room")
    recording = await add_finished(
        api, room, teacher, title="Lenses", video=h264_units(30 * SECONDS), duration_ms=SECONDS * 1000
    )
    path = f"/api/v1/courses/{course}/recordings"
    assert (await api.call("POST", path, {"recording_id": recording}, by=teacher)).status == 201
    assert (await api.call("POST", f"{path}/{recording}/publish", by=teacher)).status == 200
    for name, stretches in WATCHED.items():
        pupil, page = pupils[name], f"page-of-{name.lower()}"
        await send(api, pupil, 0, event("started", recording, position=0), session=page)
        await time_passes(api, pupil, 200)
        played = [segment(start, end) for start, end in stretches]
        quality = event("quality_changed", recording, metadata={"quality": "720p"})
        said = [quality, event("stopped", recording, position=stretches[0][1], segments=played)]
        assert (await send(api, pupil, 1, *said, session=page)).body["refused"] == []
    return recording
