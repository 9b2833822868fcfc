"""What is done after a class leaves its attendance as it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.api.course_material import add_lesson, enrol
from tests.api.test_analytics_attendance import (
    BASE,
    EIGHT,
    School,
    correct,
    counted,
    differing,
    make_school,
    stay,
)
from tests.serving import Api, Person, principal_of
from vtp.analytics.class_tables import lesson_attendance
from vtp.courses.tables import course_enrollments, lessons
from vtp.http.identity import Role
from vtp.rooms.participants import join


async def report(school: School) -> Any:
    path = f"{BASE}/reports/attendance?course_id={school.course}"
    answer = await school.api.call("GET", path, by=school.teacher)
    assert answer.status == 200, answer
    return answer.body


async def change_lesson(school: School, **wish: Any) -> None:
    path = f"/api/v1/courses/{school.course}/lessons/{school.lesson}"
    found = await school.api.call("GET", path, by=school.teacher)
    headers = {"If-Match": found.headers.get("ETag", "*")}
    answer = await school.api.call("PATCH", path, wish, by=school.teacher, headers=headers)
    assert answer.status == 200, answer


async def erase_the_teacher(school: School) -> None:
    """Another one follows them."""
    admin = await school.api.person("admin")
    follows = await school.api.person("teacher", "follows@school.example")
    given = await enrol(school.api, school.course, admin, student_id=follows.user_id, role="teacher")
    assert given.status == 201, given
    gone = await school.api.call("DELETE", f"/api/v1/users/{school.teacher.user_id}", by=admin)
    assert gone.status == 204, gone
    school.teacher = follows


@pytest.mark.parametrize("how", ["looks in", "moves it"])
async def test_a_class_of_an_erased_teacher_stays_as_it_was_held(api: Api, teacher: Person, how: str) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47), "Ben": (30, 47)})
    before = await school.sheet()
    assert [row["status"] for row in before["people"]] == ["present", "absent"]
    await erase_the_teacher(school)
    api.server.services.analytics.attendances._clock = lambda: EIGHT + timedelta(days=2)
    if how == "looks in":
        next_day = 24 * 60 + 90
        await stay(school, {"Teacher": (next_day, next_day + 2)})
        await counted(school)
        assert await school.sheet() == before
    else:
        await change_lesson(school, starts_at=(EIGHT + timedelta(minutes=1)).isoformat())
        found = await school.sheet()
        assert {**found, "starts_at": before["starts_at"]} == before
    assert [row["lectures_attended"] for row in (await report(school))["student_attendance"]] == [1, 0]
    assert await differing(school) == []


async def enrolled_later(school: School, *names: str) -> None:
    """These came to the course after the class."""
    c = course_enrollments.c
    people = [school.pupils[name].user_id for name in names]
    async with school.api.server.services.database.transaction() as tx:
        later = update(course_enrollments).where(c.user_id.in_(people), c.course_id == school.course)
        await tx.execute(later.values(enrolled_at=EIGHT + timedelta(days=3)))


async def figures(school: School, by: Person) -> Any:
    answer = await school.api.call("GET", f"{BASE}/course/{school.course}", by=by)
    assert answer.status == 200, answer
    return answer.body


async def test_who_had_no_class_is_in_no_average_of_attendance(api: Api, teacher: Person) -> None:
    names = ["Ada", "Ben", "Cat", "Dan", "Eva", "Fay"]
    school = await make_school(api, teacher, names)
    api.server.services.analytics.attendances._clock = lambda: EIGHT + timedelta(days=2)
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47), "Ben": (2, 47)})
    await enrolled_later(school, "Cat", "Dan", "Eva", "Fay")
    found = await report(school)
    assert found["attendance_rate"] == 100
    assert sorted(row["lectures_total"] for row in found["student_attendance"]) == [0, 0, 0, 0, 1, 1]
    assert (await figures(school, teacher))["avg_attendance_rate"] == 100
    of_two = await figures(school, school.pupils["Ada"])
    assert not of_two["hidden"] and of_two["avg_attendance_rate"] is None, "it would tell Ada of Ben"
    await enrolled_later(school, "Ada", "Ben")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(lesson_attendance))
    assert (await figures(school, teacher))["avg_attendance_rate"] is None


async def told(school: School) -> dict[str, dict[str, int]]:
    """Of each student how they attended, as the report has it."""
    words = ("lectures_total", "present", "excused", "absent")
    rows = (await report(school))["student_attendance"]
    return {row["student_name"]: {word: row[word] for word in words if row[word]} for row in rows}


async def test_who_was_in_a_class_keeps_it_when_they_are_enrolled_again(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47), "Ben": (2, 47)})
    before, sheet = await told(school), await school.sheet()
    assert before["Ben"] == {"lectures_total": 1, "present": 1}
    ben = school.pupils["Ben"]
    left = await api.call("DELETE", f"/api/v1/courses/{school.course}/enroll/{ben.user_id}", by=teacher)
    assert left.status == 200, left
    assert (await enrol(api, school.course, ben)).status == 201
    await enrolled_later(school, "Ben")
    assert await told(school) == before
    assert await school.sheet() == sheet


async def test_who_came_to_the_course_later_is_on_no_sheet_until_they_are_put_there(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Cat"])
    day = 24 * 60
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47)})
    await stay(school, {"Teacher": (5 * day, 5 * day + 5), "Cat": (5 * day, 5 * day + 5)})  # looks in
    await enrolled_later(school, "Cat")

    async def agreed() -> dict[str, str]:
        """The statuses of the sheet, which the report counts too."""
        rows, report_ = (await school.sheet())["people"], await told(school)
        statuses = {row["name"]: row["status"] for row in rows}
        assert {name: {"lectures_total": 1, word: 1} for name, word in statuses.items()} == {
            name: counts for name, counts in report_.items() if counts
        }
        return statuses

    assert await agreed() == {"Ada": "present"}
    assert (await correct(school, "Cat", "excused"))["status"] == "excused"
    assert await agreed() == {"Ada": "present", "Cat": "excused"}
    assert (await correct(school, "Cat", None))["source"] == "auto"
    assert await agreed() == {"Ada": "present"}


async def test_what_is_over_or_a_draft_is_not_to_come(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    day = timedelta(days=1)
    times = {"yesterday": EIGHT - day, "tomorrow": EIGHT + day, "a draft": EIGHT + day, "ended": EIGHT + day}
    made = {}
    for title, at in times.items():
        wish = {"starts_at": at.isoformat(), "ends_at": (at + timedelta(minutes=45)).isoformat()}
        shown = title != "a draft"
        made[title] = await add_lesson(
            api, school.course, teacher, kind="live", title=title, published=shown, **wish
        )
    async with api.server.services.database.transaction() as tx:
        ended = update(lessons).where(lessons.c.id == made["ended"])
        await tx.execute(ended.values(over_at=EIGHT + day + timedelta(minutes=1)))
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47)})

    async def rates(after: timedelta) -> dict[str, tuple[float, float]]:
        api.server.services.analytics.attendances._clock = lambda: EIGHT + after
        rows = (await report(school))["student_attendance"]
        return {row["student_name"]: (row["overall_rate"], row["best_possible_rate"]) for row in rows}

    assert await rates(timedelta(hours=2)) == {"Ada": (33.3, 100), "Ben": (0, 66.6)}
    assert await rates(day + timedelta(minutes=2)) == {"Ada": (50, 100), "Ben": (0, 50)}
    assert await rates(2 * day) == {"Ada": (100, 100), "Ben": (0, 0)}


async def test_a_students_look_in_on_the_next_day_changes_no_sheet(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat"])
    await stay(school, {"Teacher": (2, 47), "Ada": (0, 55), "Ben": (48, 60)})
    before = await school.sheet()
    times = {row["name"]: (row["first_join"], row["last_leave"]) for row in before["people"]}
    assert times == {
        "Ada": ("2030-03-04T08:00:00Z", "2030-03-04T08:55:00Z"),
        "Ben": ("2030-03-04T08:48:00Z", "2030-03-04T09:00:00Z"),
        "Cat": (None, None),
    }
    for day in (-1, 1):
        at = day * 24 * 60 + 90
        looks: dict[str, tuple[float, float]] = {"Ada": (at + 1, at + 4), "Cat": (at + 1, at + 4)}
        await stay(school, {"Teacher": (at, at + 5), **looks})
    assert await school.sheet() == before
    network = await api.call("GET", f"{BASE}/reports/network?course_id={school.course}", by=teacher)
    [held] = network.body["classes"]
    assert held["people"] == 3, "the teacher, Ada, and Ben who came to it, though too late"


async def test_a_class_whose_lesson_is_cancelled_is_in_no_report(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    await stay(school, {"Teacher": (2, 47), "Ada": (2, 47)})

    async def classes() -> tuple[int, int]:
        path = f"{BASE}/reports/network?course_id={school.course}"
        network = (await api.call("GET", path, by=teacher)).body
        return len((await report(school))["classes"]), len(network["classes"])

    assert await classes() == (1, 1)
    await change_lesson(school, cancelled=True)
    assert await classes() == (0, 0)
    await change_lesson(school, cancelled=False)
    assert await classes() == (1, 1)


async def by_an_administrator(
    school: School, admin: Person, visits: tuple[float, float], there: dict[str, tuple[float, float]]
) -> list[tuple[str, float, float]]:
    """Held from when, and of each student the share and how late they are, where one looks in first."""
    school.clock.minutes = visits[0]
    live = await school.open()
    visitor = join(principal_of(Role.ADMIN, "Admin", admin.user_id), is_producer=True)
    people = {"Admin": visitor} | {name: school.participant(name) for name in there}
    stays = {"Admin": visits} | there
    for minutes, name, number in sorted((stays[name][i], name, i) for name in stays for i in (0, 1)):
        school.clock.minutes = minutes
        (live.people.let_go if number else live.people.hold)(people[name])
    api = school.api
    api.server.services.analytics.live._clock = lambda: EIGHT + timedelta(minutes=school.clock.minutes)
    await school.presence.flush()
    seen = (await api.call("GET", f"{BASE}/rooms/{live.id}/live", by=school.teacher)).body
    live.close()
    await school.presence.flush()
    sheet = await school.sheet()
    assert seen["began"] == sheet["held_from"]
    return [(sheet["held_from"][11:16], row["ratio"], row["late_s"]) for row in sheet["people"]]


async def test_an_administrator_who_looks_in_begins_no_class(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    found = await by_an_administrator(
        school, await api.person("admin"), (0, 1), {"Teacher": (14, 45), "Ada": (14, 45)}
    )
    assert found == [("08:14", 1, 0)]


async def test_an_administrator_who_stands_in_holds_the_class(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    found = await by_an_administrator(school, await api.person("admin"), (1, 45), {"Ada": (12, 45)})
    assert found == [("08:01", 0.75, 660)]


async def test_an_administrator_who_teaches_the_course_holds_its_classes(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    admin = await api.person("admin")
    given = {"student_id": admin.user_id, "role": "teacher"}
    assert (await enrol(api, school.course, admin, **given)).status == 201
    found = await by_an_administrator(school, admin, (0, 20), {"Teacher": (14, 45), "Ada": (9, 45)})
    assert found == [("08:00", 0.8, 540)]


async def test_a_class_that_was_held_is_not_moved_away_from_its_lesson(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    week = EIGHT + timedelta(days=7)
    path = f"/api/v1/courses/{school.course}/lessons/{school.lesson}"

    async def move(start: datetime) -> Any:
        wish = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=45)).isoformat()}
        return await api.call("PATCH", path, wish, by=teacher, headers={"If-Match": "*"})

    await stay(school, {"Teacher": (2, 9)})  # nobody comes
    assert (await move(week)).status == 200
    assert (await move(EIGHT)).status == 200
    school.clock.minutes = 12
    live = await school.open()
    there = [school.participant(name) for name in ("Teacher", "Ada")]
    for one in there:
        live.people.hold(one)
    await school.presence.flush()
    assert (await move(week)).status == 200, "they all go home"
    assert (await move(EIGHT)).status == 200
    school.clock.minutes = 47
    live.close()
    await school.presence.flush()
    before = await school.sheet()
    assert [row["status"] for row in before["people"]] == ["present", "absent"]
    refused = await move(week)
    assert (refused.status, refused.body["code"]) == (409, "lesson_was_held")
    assert "was held on 4 March 2030 at 08:02 UTC" in refused.body["detail"]
    assert await school.sheet() == before
    series = [
        await api.call(
            "POST",
            f"/api/v1/courses/{school.course}/schedules",
            {
                "title": "x",
                "rule": "FREQ=WEEKLY;COUNT=1",
                "time_zone": zone,
                "first_start": "2030-09-02T08:00",
            }
            | {"duration_minutes": 45},
            by=teacher,
        )
        for zone in ("Europe/Berlin", "America/New_York")
    ]
    assert [one.status for one in series] == [201, 201], series
    async with api.server.services.database.transaction() as tx:
        of_series = update(lessons).where(lessons.c.id == school.lesson)
        await tx.execute(of_series.values(schedule_id=series[0].body["id"]))
    refused = await move(week)
    assert "was held on 4 March 2030 at 09:02 (Europe/Berlin)" in refused.body["detail"], "its own series'"
    for start in (EIGHT - timedelta(hours=1), EIGHT + timedelta(minutes=20)):
        assert (await move(start)).status == 200, "a start that is put right"
    again = await school.sheet()
    assert (again["held_from"], again["held_until"]) == ("2030-03-04T08:20:00Z", "2030-03-04T08:47:00Z")
