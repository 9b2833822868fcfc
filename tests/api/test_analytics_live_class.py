"""How a class goes is told to who holds it: who is there, late or missing, and what they have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from tests.api.course_material import add_lesson, enrol, make_course, student
from tests.api.test_analytics_attendance import EIGHT as WRITTEN
from tests.api.test_analytics_attendance import make_school
from tests.serving import Api, Person, principal_of
from vtp.analytics.attendance import Thresholds
from vtp.analytics.attendance_store import Student
from vtp.analytics.live_class import as_it_goes
from vtp.http.identity import Role
from vtp.rooms.participants import join
from vtp.rooms.store import find_room
from vtp.rooms.tables import live_sessions

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def connection(who: str, role: str, from_min: float, to_min: float | None, **did: Any) -> SimpleNamespace:
    at = {"joined_at": EIGHT + timedelta(minutes=from_min), "left_at": None}
    if to_min is not None:
        at["left_at"] = EIGHT + timedelta(minutes=to_min)
    done = {"talks": None, "camera": None, "acts": None, "quality": None} | did
    return SimpleNamespace(id=f"row-{who}-{from_min}", user_id=who, full_name=who, role=role, **at, **done)


def ms(minutes: float) -> int:
    return int((EIGHT + timedelta(minutes=minutes)).timestamp() * 1000)


def test_who_is_late_is_so_from_when_the_class_is_held_and_devices_count_once() -> None:
    rows = [
        connection("ada", "student", -5, None),
        connection("ben", "student", 14, None, acts={"messages": [ms(14), ms(15)], "hands": [ms(16)]}),
        connection(
            "cat", "student", 2, 10, talks=[[ms(3), ms(4)]], quality={"poor/narrow": 5000, "fair/narrow": 90}
        ),
        connection("cat", "student", 8, None, talks=[[ms(3.5), ms(5)]]),
        connection("teacher", "teacher", 2, None),
    ]
    expected = [Student(name, name, "", EIGHT) for name in ("ada", "dan")]
    now = EIGHT + timedelta(minutes=20)
    began, people = as_it_goes(rows, expected, EIGHT, Thresholds(), now, [(ms(-10), ms(20))])
    found = {one.full_name: one for one in people}
    assert began == EIGHT + timedelta(minutes=2)
    assert (found["ada"].late, found["ada"].late_ms, found["ada"].present_ms) == (False, 0, 18 * 60_000)
    assert (found["ben"].late, found["ben"].late_ms, found["ben"].acts) == (
        True,
        12 * 60_000,
        {"messages": 2, "hands": 1},
    )
    cat = found["cat"]
    assert (cat.present_ms, cat.talk_ms, cat.here) == (18 * 60_000, 2 * 60_000, True)
    assert (cat.poor_ms, cat.fair_ms) == (5000, 90)
    assert (found["dan"].here, found["dan"].first_join) == (False, None)
    assert found["teacher"].late is False


def test_what_staff_held_an_hour_before_is_of_another_class() -> None:
    """The room stays open meanwhile; of who was there then alone nothing is said."""
    rows = [
        connection("teacher", "teacher", -120, -115),  # looks whether all is well
        connection("ada", "student", -119, -116, acts={"messages": [ms(-118)]}),
        connection("ben", "student", -119, None, talks=[[ms(-118), ms(-117)], [ms(1), ms(2)]]),
        connection("teacher", "teacher", 0, 10),
        connection("teacher", "teacher", 30, None),  # after a break
        connection("cat", "student", 15, None),
    ]
    expected = [Student(name, name, "", EIGHT) for name in ("ada", "ben", "cat")]
    now = EIGHT + timedelta(minutes=40)
    began, people = as_it_goes(rows, expected, None, Thresholds(), now, [(ms(-120), ms(40))])
    found = {one.full_name: one for one in people}
    assert began == EIGHT
    assert (found["ada"].first_join, found["ada"].present_ms, found["ada"].acts) == (None, 0, {})
    assert (found["ben"].late_ms, found["ben"].present_ms, found["ben"].talk_ms) == (0, 20 * 60_000, 60_000)
    assert (found["cat"].late_ms, found["cat"].present_ms) == (30 * 60_000, 10 * 60_000)
    earlier = as_it_goes(rows[:3], expected, None, Thresholds(), now, [(ms(-120), ms(40))])
    assert earlier[0] == EIGHT - timedelta(minutes=120)  # as long as nobody holds another


def test_staff_who_come_early_hold_it_from_when_it_starts() -> None:
    rows = [connection("teacher", "teacher", -5, None), connection("ada", "student", -4, None)]
    for minutes, present in ((-2, 2), (3, 3)):
        now = EIGHT + timedelta(minutes=minutes)
        began, people = as_it_goes(rows, [], EIGHT, Thresholds(), now, [(ms(-5), ms(minutes))])
        ada = next(one for one in people if one.full_name == "ada")
        assert (began, ada.late, ada.present_ms) == (EIGHT, False, present * 60_000)


async def test_the_class_is_seen_as_it_is_stored(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    here, away = await student(api, "here"), await student(api, "away")
    for pupil in (here, away):
        assert (await enrol(api, course, pupil)).status == 201
    starts = datetime.now(UTC) - timedelta(minutes=1)
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()}
    lesson = await add_lesson(api, course, teacher, kind="live", published=True, **times)
    told = await api.call("GET", f"/api/v1/courses/{course}/lessons/{lesson}", by=teacher)
    path = f"/api/v1/analytics/rooms/{told.body['room_id']}/live"
    empty = (await api.call("GET", path, by=teacher)).body
    assert (empty["open_since"], empty["began"]) == (None, None)
    assert {(one["user_id"], one["here"]) for one in empty["people"]} == {
        (here.user_id, False),
        (away.user_id, False),
    }
    services = api.server.services
    async with services.database.read() as tx:
        room = await find_room(tx, told.body["room_id"])
    assert room is not None
    live = await services.live_rooms.open(room)
    live.people.hold(join(principal_of(Role.TEACHER, "Teacher", teacher.user_id), is_producer=True))
    live.people.hold(join(principal_of(Role.STUDENT, "Here", here.user_id), is_producer=True))
    await services.analytics.presence.flush()
    found = (await api.call("GET", path, by=teacher)).body
    assert found["open_since"] is not None and found["began"] is not None
    people = {one["user_id"]: one for one in found["people"]}
    assert [people[one.user_id]["here"] for one in (teacher, here, away)] == [True, True, False]
    assert people[here.user_id]["late"] is False
    assert (await api.call("GET", path, by=here)).status == 403
    live.close()
    await services.analytics.presence.flush()


async def test_a_class_goes_on_as_it_was_after_its_server_was_killed(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Dan"])
    api.server.services.analytics.live._clock = lambda: WRITTEN + timedelta(minutes=school.clock.minutes)
    live = await school.open()
    for name in ("Teacher", "Ada", "Dan"):
        live.people.hold(school.participant(name))
    school.clock.minutes = 30
    await school.presence.flush()
    school.presence._open.clear()  # as a process that is gone
    live.close()
    school.clock.minutes = 30.5
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 43
    for name in ("Ada", "Ben"):
        live.people.hold(school.participant(name))
    school.clock.minutes = 44
    await school.presence.flush()

    async def seen() -> tuple[Any, dict[str, Any]]:
        found = (await api.call("GET", f"/api/v1/analytics/rooms/{live.id}/live", by=teacher)).body
        told = ("here", "first_join", "late", "late_s", "present_s")
        names = {pupil.user_id: name for name, pupil in school.pupils.items()}
        people = {one["user_id"]: [one[word] for word in told] for one in found["people"]}
        return found["began"], {names[key]: one for key, one in people.items() if key in names}

    before = await seen()
    assert before == (
        "2030-03-04T08:00:00Z",
        {
            "Ada": [True, "2030-03-04T08:00:00Z", False, 0, 31 * 60],
            "Ben": [True, "2030-03-04T08:43:00Z", True, 43 * 60, 60],
            "Dan": [False, "2030-03-04T08:00:00Z", False, 0, 30 * 60],
        },
    )
    sheet = {row["name"]: [row["late_s"], row["present_s"]] for row in (await school.sheet())["people"]}
    assert {name: one[3:] for name, one in before[1].items()} == sheet
    await school.presence.finish_left_open()
    assert await seen() == before
    live.close()
    await school.presence.flush()


async def test_what_a_killed_server_left_open_is_ended_though_nobody_comes_back(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada"])
    api.server.services.analytics.live._clock = lambda: WRITTEN + timedelta(minutes=school.clock.minutes)
    live = await school.open()
    live.people.hold(school.participant("Ada"))
    school.clock.minutes = 30
    await school.presence.flush()
    school.presence._open.clear()
    school.clock.minutes = 33
    school.presence._looked_at = 0.0  # it is time
    await school.presence._look()
    found = (await api.call("GET", f"/api/v1/analytics/rooms/{live.id}/live", by=teacher)).body
    assert (found["open_since"], [one["here"] for one in found["people"]]) == (None, [False])
    live.close()


async def test_a_class_whose_database_was_away_is_not_ended_by_its_own_server(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada"])
    live = await school.open()
    live.people.hold(school.participant("Ada"))
    await school.presence.flush()
    school.clock.minutes = 30  # nothing could be written meanwhile
    await school.presence.finish_left_open()
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(live_sessions.c.ended_at))).scalars().all() == [None]
    live.close()
    await school.presence.flush()
