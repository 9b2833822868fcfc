"""What staff rehearse where students could not be is no class of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, update

from tests.api.anonymous_material import anonymizer_of
from tests.api.course_material import add_section
from tests.api.test_analytics_attendance import BASE, EIGHT, School, correct, make_school, stay
from tests.api.test_analytics_running_class import by_script, report
from tests.serving import Api, Person
from vtp.courses.tables import course_sections, courses, lessons

DAY = timedelta(days=1)
COUNTED = ("lectures_total", "lectures_attended", "absent", "excused", "attendance_rate")


async def change(school: School, table: Table, of: str, **values: Any) -> None:
    async with school.api.server.services.database.transaction() as tx:
        await tx.execute(update(table).where(table.c.id == of).values(**values))


async def absences(school: School) -> dict[str, int]:
    """Of each student for whom a class counts; the sheet and the student's own report say the same."""
    found = await report(school, school.teacher)
    rows = {row["student_name"]: row for row in found["student_attendance"]}
    counted = {name: row["absent"] for name, row in rows.items() if row["lectures_total"]}
    assert [row["name"] for row in (await school.sheet())["people"]] == sorted(counted)
    assert len(found["classes"]) == found["lectures_total"] == (1 if counted else 0)
    for name, pupil in school.pupils.items():
        own = await report(school, pupil)
        [row] = own["student_attendance"]
        assert [row[word] for word in COUNTED] == [rows[name][word] for word in COUNTED]
        assert own["lectures_total"] == found["lectures_total"] or name not in counted
    return counted


async def rehearsed(api: Api, teacher: Person) -> School:
    """Its staff alone were in the class, from eight until a quarter to nine; it is over."""
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await stay(school, {"Teacher": (0, 45)})
    school.clock.minutes = 120
    return school


async def test_what_staff_rehearse_in_a_draft_makes_nobody_absent(api: Api, teacher: Person) -> None:
    school = await rehearsed(api, teacher)
    assert await absences(school) == {"Ada": 1, "Ben": 1}, "students saw the lesson"
    await change(school, lessons, school.lesson, published=False)
    assert await absences(school) == {}
    whole = (await api.call("GET", f"{BASE}/course/{school.course}", by=teacher)).body
    assert whole["total_lectures"] == 0
    sheet = await school.sheet()
    assert (sheet["held_s"], sheet["goes_on"]) == (45 * 60, False), "what it was is told to its staff"
    assert (await correct(school, "Ada", "excused"))["source"] == "manual"
    assert await absences(school) == {"Ada": 0}, "what their teacher says counts, and for them alone"
    await correct(school, "Ada", None)
    assert await absences(school) == {}


async def test_a_class_that_a_student_was_in_counts_though_it_was_hidden_since(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await stay(school, {"Teacher": (0, 45), "Ada": (0, 45)})
    school.clock.minutes = 120
    for hidden in ({"published": False}, {"published": True, "release_at": EIGHT + DAY}):
        await change(school, lessons, school.lesson, **hidden)
        assert await absences(school) == {"Ada": 0, "Ben": 1}


async def test_what_was_released_after_it_makes_nobody_absent(api: Api, teacher: Person) -> None:
    """Also once it is released: students could not have come."""
    school = await rehearsed(api, teacher)
    section = await add_section(api, school.course, teacher, published=True)
    await change(school, lessons, school.lesson, section_id=section)
    during, after = EIGHT + timedelta(minutes=30), EIGHT + timedelta(hours=1)
    for table, of in ((lessons, school.lesson), (course_sections, section)):
        for minutes in (50, 120):
            school.clock.minutes = minutes
            await change(school, table, of, release_at=after)
            assert await absences(school) == {}, (table.name, minutes)
            await change(school, table, of, release_at=during)
        assert await absences(school) == {"Ada": 1, "Ben": 1}, table.name
    await change(school, course_sections, section, published=False)
    assert await absences(school) == {}


@pytest.mark.parametrize(
    ("status", "since", "counts"),
    [
        ("draft", None, False),
        ("draft", EIGHT + DAY, False),
        ("active", None, True),
        ("active", EIGHT - DAY, True),
        ("active", EIGHT + timedelta(minutes=30), True),
        ("active", EIGHT + timedelta(minutes=46), False),
        ("completed", EIGHT - DAY, False),
        ("completed", EIGHT + DAY, True),
        ("archived", None, True),
    ],
)
async def test_what_staff_hold_while_the_course_is_not_active_makes_nobody_absent(
    api: Api, teacher: Person, status: str, since: datetime | None, counts: bool
) -> None:
    school = await rehearsed(api, teacher)
    await change(school, courses, school.course, status=status, status_at=since)
    found = await report(school, teacher)
    assert [row["absent"] for row in found["student_attendance"]] == ([1, 1] if counts else [0, 0])
    assert found["lectures_total"] == len((await school.sheet())["people"]) // 2 == int(counts)


async def test_a_rehearsal_is_in_no_sum_once_it_is_nobodys(api: Api, teacher: Person) -> None:
    school = await rehearsed(api, teacher)
    await change(school, lessons, school.lesson, published=False)
    anonymizer = anonymizer_of(api)
    anonymizer.clock = school.clock
    network = f"{BASE}/reports/network?course_id={school.course}"

    async def told() -> tuple[int, int, int]:
        of_classes = await report(school, teacher)
        [held] = (await api.call("GET", network, by=teacher)).body["classes"]
        return of_classes["lectures_total"], len(of_classes["classes"]), held["people"]

    assert await told() == (0, 0, 1)
    assert await anonymizer.close_course(school.course)
    assert await told() == (0, 0, 1)
    await change(school, lessons, school.lesson, published=True)
    assert await told() == (0, 0, 1), "what it came to stays"


async def test_students_are_told_of_no_class_to_come_before_its_release(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    section = await add_section(api, school.course, teacher, published=True)
    await change(school, lessons, school.lesson, section_id=section)
    ada = school.pupils["Ada"]
    before, after = EIGHT + timedelta(minutes=5), EIGHT + timedelta(minutes=6)

    async def told(by: Person) -> tuple[list[str], float]:
        """What goes on, and what Ada can still reach."""
        found = await report(school, by)
        hers = found["student_attendance"][0]
        return [one["title"] for one in found["going_on"]], hers["best_possible_rate"]

    async def check(titles: list[str]) -> None:
        for table, of in ((lessons, school.lesson), (course_sections, section)):
            await change(school, table, of, release_at=after)
            assert await told(ada) == ([], 0), table.name
            assert await told(teacher) == (titles, 100), "its staff count what will be released"
            await change(school, table, of, release_at=before)
        assert await told(ada) == await told(teacher) == (titles, 100)

    school.clock.minutes = 5
    await check([])
    school.clock.minutes = 0
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 5
    await school.presence.flush()
    await check(["Levers"])
    # By the time it is, and not only of when its staff were there at last.
    live.close()
    await school.presence.flush()
    school.clock.minutes = 6
    await change(school, lessons, school.lesson, release_at=after)
    assert await told(ada) == (["Levers"], 100)
    await change(school, course_sections, section, published=False)
    assert await told(ada) == ([], 0)
    assert await told(teacher) == (["Levers"], 0)
