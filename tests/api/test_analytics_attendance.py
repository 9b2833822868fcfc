"""A class of thirty comes to the attendance sheet that was written by hand beside it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api.course_material import add_lesson, enrol, make_course
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person, principal_of
from vtp.accounts.tables import audit_log, users
from vtp.analytics.class_check import differing_classes
from vtp.analytics.class_tables import attendance_corrections, lesson_attendance, lesson_classes
from vtp.analytics.presence import Presence
from vtp.courses.tables import course_recordings, lessons
from vtp.http.identity import Role
from vtp.ids import new_id
from vtp.own_data.holding import ERASED_NAME
from vtp.recording.tables import recording_progress
from vtp.rooms.device_kinds import Device
from vtp.rooms.hands import Hands
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, join
from vtp.rooms.reactions import Reactions
from vtp.rooms.store import find_room
from vtp.rooms.tables import live_sessions, session_participants

BASE = "/api/v1/analytics"
SHEET = Path(__file__).with_name("class_of_thirty.csv")
EIGHT = datetime(2030, 3, 4, 8, 0, tzinfo=UTC)
# When each was connected, in minutes after eight. Staff were there from 2 to 47, the room closed at 50.
THERE: dict[str, list[tuple[float, float]]] = {
    "Ada": [(0, 47)],
    "Amy": [(20, 47)],
    "Ben": [(2, 47)],
    "Bob": [(2, 99)],  # nobody sees him go
    "Cat": [(30, 47)],
    "Cem": [(5, 47)],
    "Dan": [(2, 13), (30, 47)],
    "Dua": [(12, 47)],
    "Eva": [(12.5, 47)],
    "Fay": [(20, 47)],
    "Gil": [(24.5, 47)],
    "Hal": [(25, 47)],
    "Ida": [(2, 36)],
    "Jan": [(2, 35.75)],
    "Kai": [(2, 35.5)],
    "Lea": [(2, 24)],
    "Mia": [(2, 47), (10, 40)],  # a second device
    "Noa": [(2, 20), (15, 47)],  # from one device to another
    "Oli": [(2, 20), (20.5, 47)],  # a reconnection
    "Pia": [(2, 20), (21, 47)],  # the longest there is
    "Quy": [(2, 20), (22, 47)],  # and what is none any more
    "Rob": [(2, 10), (12, 20), (22, 30), (32, 47)],
    "Sam": [(2, 47)],
    "Tia": [(0, 1)],
    "Udo": [(0, 1), (15, 47)],
    "Vik": [(48, 50)],
    "Wim": [(2, 50)],
    "Xia": [],
    "Yan": [],  # completes the recording
    "Zoe": [],  # was ill
}


@dataclass
class Clock:
    """The time in the script."""

    minutes: float = 0

    def __call__(self) -> datetime:
        return EIGHT + timedelta(minutes=self.minutes)


@dataclass
class School:
    """A course with a live lesson and its class."""

    api: Api
    teacher: Person
    course: str
    lesson: str
    room_id: str
    pupils: dict[str, Person] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    @property
    def presence(self) -> Presence:
        return self.api.server.services.analytics.presence

    async def open(self) -> LiveRoom:
        services = self.api.server.services
        async with services.database.read() as tx:
            room = await find_room(tx, self.room_id)
        assert room is not None
        self.presence._clock = self.clock
        return await services.live_rooms.open(room)

    def participant(self, name: str) -> Participant:
        person = self.pupils.get(name, self.teacher)
        role = Role.TEACHER if person is self.teacher else Role.STUDENT
        return join(principal_of(role, name, person.user_id), is_producer=True)

    async def sheet(self, form: str = "json") -> Any:
        path = f"{BASE}/lessons/{self.lesson}/attendance?format={form}"
        answer = await self.api.call("GET", path, by=self.teacher)
        assert answer.status == 200, answer
        return answer.body


async def make_school(api: Api, teacher: Person, names: list[str]) -> School:
    course = await make_course(api, teacher)
    ends = (EIGHT + timedelta(minutes=45)).isoformat()
    wish = {"kind": "live", "title": "Levers", "starts_at": EIGHT.isoformat(), "ends_at": ends}
    lesson = await add_lesson(api, course, teacher, **wish, published=True)
    database = api.server.services.database
    async with database.read() as tx:
        room_id = (await tx.execute(select(lessons.c.room_id).where(lessons.c.id == lesson))).scalar_one()
    school = School(api, teacher, course, lesson, room_id)
    for name in names:
        pupil = school.pupils[name] = await api.person("student", f"{name.lower()}@school.example")
        assert (await enrol(api, course, pupil)).status == 201
        async with database.transaction() as tx:
            await tx.execute(update(users).where(users.c.id == pupil.user_id).values(full_name=name))
    return school


async def hold_class(school: School) -> None:
    """Plays the script: nothing in it waits, so that nothing else of the server comes between."""
    live = await school.open()
    happenings: list[tuple[float, int, Participant, bool]] = []
    script: dict[str, list[tuple[float, float]]] = {"Teacher": [(2, 47)], **THERE}
    for name, stays in script.items():
        for start, end in stays:
            who = school.participant(name)
            happenings += [(start, len(happenings), who, True), (end, len(happenings) + 1, who, False)]
    for minutes, _, who, comes in sorted(happenings, key=lambda one: one[:2]):
        if minutes > 50:
            break
        school.clock.minutes = minutes
        (live.people.hold if comes else live.people.let_go)(who)
    school.clock.minutes = 50
    live.close()
    await school.presence.flush()


async def stay(school: School, there: dict[str, tuple[float, float]]) -> None:
    """The room is open for as long as these are there."""
    school.clock.minutes = min(start for start, _ in there.values())
    live = await school.open()
    who = {name: school.participant(name) for name in there}
    happenings = [(at, name, at == there[name][0]) for name in there for at in there[name]]
    for minutes, name, comes in sorted(happenings):
        school.clock.minutes = minutes
        (live.people.hold if comes else live.people.let_go)(who[name])
    live.close()
    await school.presence.flush()


async def counted(school: School) -> None:
    """The counting that follows the end of a class is done."""
    tasks = school.api.server.services.tasks._tasks
    counting = [one for one in tasks if one.get_name().startswith("attendance of a class")]
    if counting:
        await asyncio.wait(counting)


async def make_up(school: School, name: str, days: int) -> None:
    """Somebody completes the recording of the class, so many days after it."""
    api, at = school.api, EIGHT + timedelta(days=days)
    room = await make_room(api, school.teacher)
    recording = await add_finished(api, room, school.teacher, duration_ms=4000)
    async with api.server.services.database.transaction() as tx:
        filed = {"course_id": school.course, "recording_id": recording, "lesson_id": school.lesson}
        order = {"lecture_title": "", "sequence_order": 0, "to_announce": False, "added_at": at}
        await tx.execute(insert(course_recordings).values(**filed, **order))
        seen = {"pieces": [], "watched_ms": 4000, "watch_time_ms": 0, "position_ms": 0, "sittings": {}}
        whose = {"user_id": school.pupils[name].user_id, "recording_id": recording}
        times = {"started_at": at, "updated_at": at, "reached": []}
        await tx.execute(insert(recording_progress).values(**whose, **seen, **times))


async def correct(school: School, name: str, status: str | None) -> Any:
    path = f"{BASE}/lessons/{school.lesson}/attendance/{school.pupils[name].user_id}"
    wish = {"status": status, "reason": "A letter came."}
    answer = await school.api.call("PUT", path, wish, by=school.teacher)
    assert answer.status == 200, answer
    return answer.body


def written_by_hand() -> list[dict[str, Any]]:
    with SHEET.open() as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "name": row["name"],
            "sessions_count": int(row["sessions_count"]),
            "first_join": _at(row["first_join"]),
            "last_leave": _at(row["last_leave"]),
            "present_s": float(row["present_min"]) * 60,
            "ratio": float(row["ratio"]),
            "late_s": float(row["late_s"]),
            "status": row["status"],
            "source": row["source"],
            "made_up": row["made_up"] == "yes",
        }
        for row in rows
    ]


def _at(minutes: str) -> str | None:
    return f"{EIGHT + timedelta(minutes=float(minutes)):%Y-%m-%dT%H:%M:%SZ}" if minutes else None


async def test_a_class_of_thirty_is_the_sheet_written_by_hand(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, list(THERE))
    await hold_class(school)
    rules = f"{BASE}/courses/{school.course}/attendance-rules"
    assert (await api.call("PUT", rules, {"credit_days": 7}, by=teacher)).status == 200
    await make_up(school, "Yan", 6)
    await correct(school, "Zoe", "excused")
    await correct(school, "Amy", "present")
    found = await school.sheet()
    assert (found["held_from"], found["held_until"]) == ("2030-03-04T08:02:00Z", "2030-03-04T08:47:00Z")
    expected = written_by_hand()
    assert [{name: row[name] for name in expected[0]} for row in found["people"]] == expected
    lines = list(csv.DictReader(io.StringIO((await school.sheet("csv")).lstrip("\ufeff"))))
    assert [(row["name"], row["status"]) for row in lines] == [
        (row["name"], row["status"]) for row in expected
    ]
    await _the_course_says_the_same(school, expected)
    await _another_threshold_counts_at_once(school, rules)
    await _corrections_are_kept(school)


async def _the_course_says_the_same(school: School, expected: list[dict[str, Any]]) -> None:
    path = f"{BASE}/reports/attendance?course_id={school.course}"
    report = (await school.api.call("GET", path, by=school.teacher)).body
    points = {"present": 100.0, "late": 50.0, "excused": 50.0, "absent": 0.0}
    rows = report["student_attendance"]
    assert {row["student_name"]: row["attendance_rate"] for row in rows} == {
        row["name"]: points[row["status"]] for row in expected
    }
    rates = [points[row["status"]] for row in expected]
    assert report["attendance_rate"] == int(sum(rates) / len(rates) * 10) / 10
    assert report["lectures_total"] == 1 and report["absence_alerts"] == []
    own = (await school.api.call("GET", path, by=school.pupils["Eva"])).body["student_attendance"]
    assert [(row["student_name"], row["late"]) for row in own] == [("Eva", 1)]
    [held] = report["classes"]
    told = Counter(row["status"] for row in expected)
    assert {name: held[name] for name in points} == {name: told[name] for name in points}
    [hers] = (await school.api.call("GET", path, by=school.pupils["Eva"])).body["classes"]
    assert (hers["late"], hers["present"], hers["absent"]) == (1, 0, 0)
    outsider = await school.api.person("student", "outsider@school.example")
    assert (await school.api.call("GET", path, by=outsider)).status == 403


async def _another_threshold_counts_at_once(school: School, rules: str) -> None:
    wish = {"present_ratio": 0.6, "late_ratio": 0.4, "partial_ratio": 0.3, "late_after_minutes": 30}
    assert (await school.api.call("PUT", rules, wish, by=school.teacher)).status == 200
    status = {row["name"]: row["status"] for row in (await school.sheet())["people"]}
    got = [status[name] for name in ("Fay", "Dan", "Hal", "Cat", "Xia")]
    assert got == ["present", "present", "late", "partial", "absent"]
    path = f"{BASE}/reports/attendance?course_id={school.course}"
    report = (await school.api.call("GET", path, by=school.teacher)).body
    own = {row["student_name"]: (row["late"], row["partial"]) for row in report["student_attendance"]}
    assert (own["Hal"], own["Cat"]) == ((1, 0), (0, 1))
    [held] = report["classes"]
    assert [sum(one) for one in zip(*own.values(), strict=True)] == [held["late"], held["partial"]]
    lines = await school.api.call("GET", f"{path}&format=csv", by=school.teacher)
    [hers] = [row for row in csv.DictReader(io.StringIO(lines.body)) if row["student_name"] == "Cat"]
    assert (hers["late"], hers["partial"]) == ("0", "1")
    odd = await school.api.call("PUT", rules, {"present_ratio": 0.3}, by=school.teacher)
    assert odd.status == 422
    refused = await school.api.call("PUT", rules, wish, by=school.pupils["Ada"])
    assert refused.status == 403


async def _corrections_are_kept(school: School) -> None:
    back = await correct(school, "Zoe", None)
    assert (back["status"], back["source"]) == ("absent", "auto")
    async with school.api.server.services.database.read() as tx:
        whose = attendance_corrections.c.user_id == school.pupils["Zoe"].user_id
        kept = (await tx.execute(select(attendance_corrections).where(whose))).all()
        assert [one.status for one in kept] == ["excused", None]
        assert {one.given_by for one in kept} == {school.teacher.user_id}
        noted = audit_log.c.event == "attendance_corrected"
        entries = (await tx.execute(select(audit_log.c.details).where(noted))).scalars().all()
    assert [(one["from"], one["to"]) for one in entries][-1] == ("excused", "absent")


async def test_what_people_do_is_counted_with_its_inputs(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    live = await school.open()
    leads, ada, ben = (school.participant(name) for name in ("Teacher", "Ada", "Ben"))
    for who in (leads, ada, ben):
        live.people.hold(who)
    for minutes, who in ((1, ada), (7, ada), (12, ben)):
        school.clock.minutes = minutes
        live.part(Hands).put_up(who)
        live.part(Hands).take_down(who.participant_id)
    live.part(Reactions).react(ada.participant_id, "👍")
    school.clock.minutes = 40
    live.close()
    await school.presence.flush()
    await school.sheet()
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(select(lesson_attendance))).all()
    by_person = {row.user_id: row for row in rows}
    first, second = by_person[school.pupils["Ada"].user_id], by_person[school.pupils["Ben"].user_id]
    assert (first.hands, first.reactions, first.activity_score, first.participation) == (2, 1, 4, 0.375)
    assert (second.hands, second.reactions, second.activity_score, second.participation) == (1, 0, 1, 0.125)
    assert by_person[teacher.user_id].is_staff and by_person[teacher.user_id].activity_score == 0


async def test_another_device_is_told_from_a_connection_that_broke(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat"])
    live = await school.open()
    live.people.hold(leads := school.participant("Teacher"))

    def come(name: str, device: Device | None) -> Participant:
        who = principal_of(Role.STUDENT, name, school.pupils[name].user_id)
        there = join(who, is_producer=True, device=device)
        live.people.hold(there)
        return there

    for device in (Device.COMPUTER, Device.PHONE):
        come("Ada", device)
    broken = come("Ben", Device.COMPUTER)
    come("Cat", None)
    school.clock.minutes = 10
    live.people.let_go(broken)
    school.clock.minutes = 10.5
    come("Ben", Device.COMPUTER)
    school.clock.minutes = 40
    live.people.let_go(leads)
    live.close()
    await school.presence.flush()
    names = ("name", "sessions_count", "device_count", "reconnects")
    told = [tuple(row[name] for name in names) for row in (await school.sheet())["people"]]
    assert told == [("Ada", 2, 2, 0), ("Ben", 2, 1, 1), ("Cat", 1, None, 0)]
    [*_, last] = csv.DictReader(io.StringIO((await school.sheet("csv")).lstrip("\ufeff")))
    assert [last[name] for name in names] == ["Cat", "1", "", "0"]


async def test_a_student_made_an_assistant_in_the_room_is_a_student_of_the_course(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    live = await school.open()
    leads, ada = school.participant("Teacher"), school.participant("Ada")
    school.clock.minutes = 2
    for who in (leads, ada):
        live.people.hold(who)
    school.clock.minutes = 10
    live.people.set_role(ada, Role.ASSISTANT)
    account = school.pupils["Ada"].user_id
    tablet = join(live.people.as_here(principal_of(Role.STUDENT, "Ada", account)), is_producer=True)
    assert (ada.role, tablet.role) == (Role.ASSISTANT,) * 2
    live.people.hold(tablet)
    school.clock.minutes = 47
    live.people.let_go(leads)
    school.clock.minutes = 55
    live.close()
    await school.presence.flush()
    found = await school.sheet()
    assert (found["held_until"], found["people"][0]["status"]) == ("2030-03-04T08:47:00Z", "present")
    async with api.server.services.database.read() as tx:
        counted = (await tx.execute(select(lesson_attendance.c.user_id, lesson_attendance.c.is_staff))).all()
    assert {row.user_id: row.is_staff for row in counted} == {teacher.user_id: True, account: False}


async def test_a_class_in_two_parts_asks_for_no_minute_of_the_break(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat", "Dan"])
    live = await school.open()
    who = {name: school.participant(name) for name in ("Teacher", "Ada", "Ben", "Cat")}
    script = [  # Ada is in both parts, Ben in the first, Cat in the second, Dan stays in the room
        (0, "Teacher", True), (0, "Ada", True), (0, "Ben", True), (10, "Ada", False), (10, "Ben", False),
        (10, "Teacher", False), (70, "Teacher", True), (70, "Ada", True), (70, "Cat", True),
    ]  # fmt: skip
    live.people.hold(dan := school.participant("Dan"))
    for minutes, name, comes in script:
        school.clock.minutes = minutes
        if comes and minutes:
            who[name] = school.participant(name)
        (live.people.hold if comes else live.people.let_go)(who[name])
    live.part(Hands).put_up(dan)
    school.clock.minutes = 80
    live.close()
    await school.presence.flush()
    found = await school.sheet()
    assert (found["held_from"], found["held_until"]) == ("2030-03-04T08:00:00Z", "2030-03-04T09:20:00Z")
    assert (found["held_s"], found["breaks"]) == (1200, 1)
    told = [(row["name"], row["present_s"], row["ratio"], row["status"]) for row in found["people"]]
    assert told == [
        ("Ada", 1200, 1, "present"),
        ("Ben", 600, 0.5, "late"),
        ("Cat", 600, 0.5, "late"),
        ("Dan", 1200, 1, "present"),
    ]
    async with api.server.services.database.read() as tx:
        c = lesson_attendance.c
        theirs = select(c.participation).where(c.user_id == school.pupils["Dan"].user_id)
        assert (await tx.execute(theirs)).scalar_one() == 0.25, "one of four slices of five minutes"
        assert [one async for one in differing_classes(tx, EIGHT + timedelta(days=1))] == []


async def test_time_in_which_the_room_was_closed_is_nobodys(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    await stay(school, {"Teacher": (0, 10), "Ada": (0, 10), "Ben": (0, 10)})
    await stay(school, {"Teacher": (20, 30), "Ada": (20, 30)})
    found = await school.sheet()
    assert (found["held_s"], found["breaks"]) == (1200, 1)
    told = [(row["present_s"], row["ratio"], row["early_s"]) for row in found["people"]]
    assert told == [(1200, 1, 0), (600, 0.5, 1200)]


async def test_a_class_that_goes_on_after_a_break_is_seen_as_its_sheet_has_it(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    seeing = api.server.services.analytics.live
    seeing._clock = lambda: EIGHT + timedelta(minutes=school.clock.minutes)
    await stay(school, {"Teacher": (-200, -199), "Ben": (-200, -199)})  # another class, or a look
    await stay(school, {"Teacher": (0, 10), "Ada": (0, 10)})
    school.clock.minutes = 30
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 45
    for name in ("Ada", "Ben"):
        live.people.hold(school.participant(name))
    await school.presence.flush()
    seen = (await api.call("GET", f"/api/v1/analytics/rooms/{live.id}/live", by=teacher)).body
    assert seen["began"] == "2030-03-04T08:00:00Z"
    late = {one["user_id"]: one["late_s"] for one in seen["people"]}
    school.clock.minutes = 60
    live.close()
    await school.presence.flush()
    sheet = {row["name"]: row["late_s"] for row in (await school.sheet())["people"]}
    assert {name: late[school.pupils[name].user_id] for name in sheet} == sheet == {"Ada": 0, "Ben": 2700}


async def test_a_class_after_staff_were_away_for_long_is_seen_as_its_sheet_has_it(
    api: Api, teacher: Person
) -> None:
    """The room was open all the time, with somebody in it."""
    school = await make_school(api, teacher, ["Ada", "Ben"])
    seeing = api.server.services.analytics.live
    seeing._clock = lambda: EIGHT + timedelta(minutes=school.clock.minutes)
    live = await school.open()
    looking = school.participant("Teacher")
    live.people.hold(looking)
    live.people.hold(school.participant("Ada"))
    school.clock.minutes = 5
    live.people.let_go(looking)
    school.clock.minutes = 90
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 110
    live.people.hold(school.participant("Ben"))
    school.clock.minutes = 120
    await school.presence.flush()
    seen = (await api.call("GET", f"/api/v1/analytics/rooms/{live.id}/live", by=teacher)).body
    live.close()
    await school.presence.flush()
    keys = "late_s", "present_s"
    sheet = {row["name"]: [row[key] for key in keys] for row in (await school.sheet())["people"]}
    people = {one["user_id"]: [one[key] for key in keys] for one in seen["people"]}
    assert {name: people[school.pupils[name].user_id] for name in sheet} == sheet
    assert sheet == {"Ada": [0, 1800], "Ben": [1200, 600]}
    assert seen["began"] == "2030-03-04T09:30:00Z"


async def test_a_class_counted_before_breaks_were_told_apart_is_counted_anew(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada"])
    api.server.services.analytics.attendances._clock = lambda: EIGHT + timedelta(days=1)
    await stay(school, {"Teacher": (0, 10), "Ada": (0, 10)})
    await stay(school, {"Teacher": (60, 70), "Ada": (60, 70)})
    await counted(school)
    database = api.server.services.database
    async with database.transaction() as tx:
        await tx.execute(update(lesson_classes).values(parts=null()))
        await tx.execute(update(lesson_attendance).values(present_ms=1))
    assert [row["ratio"] for row in (await school.sheet())["people"]] == [1]
    async with database.transaction() as tx:  # where somebody is erased it would be of fewer people
        await tx.execute(update(lesson_classes).values(parts=null()))
        await tx.execute(update(lesson_attendance).values(present_ms=1))
        nobody = {"user_id": None, "full_name": ERASED_NAME}
        await tx.execute(insert(session_participants).values(**await _stay_of(tx), **nobody))
    assert [row["present_s"] for row in (await school.sheet())["people"]] == [0.001]


async def _stay_of(tx: AsyncConnection) -> dict[str, Any]:
    """What another one's stay is like but for who it was."""
    row = (
        (
            await tx.execute(
                select(session_participants).where(session_participants.c.role == "student").limit(1)
            )
        )
        .mappings()
        .one()
    )
    kept = {name: value for name, value in row.items() if name not in ("id", "user_id", "full_name")}
    return {"id": new_id(), **kept}


async def test_who_reads_before_the_end_is_stored_freezes_no_class(api: Api, teacher: Person) -> None:
    school, services = await make_school(api, teacher, ["Ada"]), api.server.services
    services.analytics.attendances._clock = school.clock
    live = await school.open()
    for name in ("Teacher", "Ada"):
        live.people.hold(school.participant(name))
    school.clock.minutes = 30
    await school.presence.flush()
    async with school.presence._writing:  # the round that stores the end has not come
        school.clock.minutes = 45
        live.close()
        school.clock.minutes = 45.1
        before = await school.sheet()
        assert before["held_until"] < "2030-03-04T08:45:00Z"
    await school.presence.flush()
    await counted(school)
    found = await school.sheet()
    assert (found["held_until"], found["people"][0]["present_s"]) == ("2030-03-04T08:45:00Z", 2700)


async def test_a_class_that_goes_on_is_counted_every_ten_seconds_at_most(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    api.server.services.analytics.attendances._clock = school.clock
    live = await school.open()
    for name in ("Teacher", "Ada"):
        live.people.hold(school.participant(name))
    await school.presence.flush()
    times = []
    for school.clock.minutes in (20, 20.1, 20.2):
        await school.sheet()
        async with api.server.services.database.read() as tx:
            times.append((await tx.execute(select(lesson_classes.c.counted_at))).scalar_one())
    assert times == [EIGHT + timedelta(minutes=one) for one in (20, 20, 20.2)]


async def test_a_class_of_a_killed_server_ends_when_it_was_last_seen(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    live = await school.open()
    for name in ("Teacher", "Ada"):
        live.people.hold(school.participant(name))
    school.clock.minutes = 30
    await school.presence.flush()
    school.presence._open.clear()  # as a process that is gone
    school.clock.minutes = 31
    await school.presence.finish_left_open()
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(live_sessions.c.ended_at))).scalar_one() is None
    school.clock.minutes = 40
    await school.presence.finish_left_open()
    async with api.server.services.database.read() as tx:
        left = (await tx.execute(select(session_participants.c.left_at))).scalars().all()
    assert left == [EIGHT + timedelta(minutes=30)] * 2
    [row] = (await school.sheet())["people"]
    assert (row["status"], row["present_s"]) == ("present", 1800)


async def test_a_look_in_on_the_next_day_changes_no_sheet(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47), "Ben": (30, 47)})
    before = await school.sheet()
    assert [row["status"] for row in before["people"]] == ["present", "absent"]
    next_day = 24 * 60 + 90
    await stay(school, {"Teacher": (next_day, next_day + 5)})
    assert await school.sheet() == before


async def differing(school: School) -> list[str]:
    async with school.api.server.services.database.read() as tx:
        return [one async for one in differing_classes(tx, school.clock())]


async def test_the_check_finds_attendance_that_its_rows_do_not_say(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, list(THERE))
    await hold_class(school)
    await school.sheet()
    database, table = api.server.services.database, lesson_attendance
    later = EIGHT + timedelta(days=1)  # else it would wait to be counted again: the script is of 2030
    async with database.transaction() as tx:
        await tx.execute(update(lesson_classes).values(counted_at=later))
    assert await differing(school) == []
    cat, dan, eva = (school.pupils[name].user_id for name in ("Cat", "Dan", "Eva"))
    async with database.transaction() as tx:
        await tx.execute(update(table).where(table.c.user_id == cat).values(present_ms=1, hands=9))
        await tx.execute(delete(table).where(table.c.user_id == dan))
        await tx.execute(update(table).where(table.c.user_id == eva).values(network=None))
        await tx.execute(update(lesson_classes).values(polls=7))
    of_class, *of_people = await differing(school)
    assert school.lesson in of_class and "polls" in of_class
    expected = {cat: "present_ms, hands are not", dan: "nothing is stored"}
    assert len(of_people) == len(expected)
    for sentence in of_people:
        [words] = [words for who, words in expected.items() if who in sentence]
        assert words in sentence
    await _stays_that_cannot_be(school)


async def _stays_that_cannot_be(school: School) -> None:
    """And what was counted of somebody who is erased is not compared with others."""
    async with school.api.server.services.database.transaction() as tx:
        gone = session_participants.c.user_id == school.pupils["Ada"].user_id
        values = {"user_id": None, "full_name": ERASED_NAME, "left_at": None}
        await tx.execute(update(session_participants).where(gone).values(values))
    [sentence] = await differing(school)
    assert "1 person stayed on" in sentence
