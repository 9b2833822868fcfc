"""What staff rehearse where students could not be is no class of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, update

from tests.api.anonymous_material import anonymizer_of
from tests.api.course_material import add_section
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
from tests.api.test_analytics_running_class import by_script, earlier, report
from tests.serving import Api, Person
from vtp.courses.tables import course_sections, courses, lessons
from vtp.rooms.tables import session_participants

DAY = timedelta(days=1)
COUNTED = ("lectures_total", "lectures_attended", "absent", "excused", "attendance_rate")
RATES = ("overall_rate", "best_possible_rate")


async def change(school: School, table: Table, of: str, **values: Any) -> None:
    async with school.api.server.services.database.transaction() as tx:
        await tx.execute(update(table).where(table.c.id == of).values(**values))


async def held(school: School, there: dict[str, tuple[float, float]]) -> None:
    """And counted, before the script goes on: what a later clock has counted is not counted again."""
    await stay(school, there)
    await counted(school)


async def activate(school: School) -> None:
    """The course was a draft, and is opened."""
    await change(school, courses, school.course, status="draft", status_at=None)
    path, wish = f"/api/v1/courses/{school.course}", {"status": "active"}
    answer = await school.api.call("PATCH", path, wish, by=school.teacher, headers={"If-Match": "*"})
    assert answer.status == 200, answer


async def named(school: School) -> list[str]:
    """For whom the class counts by its sheet, which has all students."""
    people = (await school.sheet())["people"]
    assert [row["name"] for row in people] == sorted(school.pupils)
    return [row["name"] for row in people if row["status"] is not None]


async def absences(school: School, *, released: bool = True) -> dict[str, int]:
    """Of each student for whom a class counts; the sheet and the student's own report say the same.
    `released`: what is to come is so to students, too."""
    found = await report(school, school.teacher)
    rows = {row["student_name"]: row for row in found["student_attendance"]}
    theirs = {name: row["absent"] for name, row in rows.items() if row["lectures_total"]}
    assert await named(school) == sorted(theirs)
    assert len(found["classes"]) == found["lectures_total"] == (1 if theirs else 0)
    for name, pupil in school.pupils.items():
        own = await report(school, pupil)
        [row] = own["student_attendance"]
        words = (*COUNTED, *(RATES if released else ()))
        assert [row[word] for word in words] == [rows[name][word] for word in words]
        assert own["lectures_total"] == found["lectures_total"] or name not in theirs
    return theirs


async def rehearsed(api: Api, teacher: Person) -> School:
    """Its staff alone were in the class, from eight until a quarter to nine; it is over."""
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await activate(school)
    await held(school, {"Teacher": (0, 45)})
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
    assert sheet["counts"] is False
    assert (await correct(school, "Ada", "excused"))["source"] == "manual"
    assert await absences(school) == {"Ada": 0}, "what their teacher says counts, and for them alone"
    await correct(school, "Ada", None)
    assert await absences(school) == {}


async def test_a_class_that_a_student_was_in_counts_though_it_was_hidden_since(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await held(school, {"Teacher": (0, 45), "Ada": (0, 45)})
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
            assert await absences(school, released=minutes > 60) == {}, (table.name, minutes)
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
    assert found["lectures_total"] == len(await named(school)) // 2 == int(counts)


async def test_a_rehearsal_is_in_no_sum_once_it_is_nobodys(api: Api, teacher: Person) -> None:
    school = await rehearsed(api, teacher)
    await change(school, lessons, school.lesson, published=False)
    anonymizer = anonymizer_of(api)
    anonymizer.clock = school.clock
    network = f"{BASE}/reports/network?course_id={school.course}"

    async def told() -> tuple[int, int, int]:
        of_classes = await report(school, teacher)
        [one] = (await api.call("GET", network, by=teacher)).body["classes"]
        assert (await school.sheet())["counts"] is False
        return of_classes["lectures_total"], len(of_classes["classes"]), one["people"]

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


@pytest.mark.parametrize("release_at", [None, EIGHT - DAY])
async def test_a_class_that_nobody_has_held_yet_has_everybody_on_its_sheet(
    api: Api, teacher: Person, release_at: datetime | None
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await activate(school)
    await change(school, lessons, school.lesson, release_at=release_at)
    school.clock.minutes = -60

    async def shown() -> dict[str, tuple[str, str]]:
        sheet = await school.sheet()
        assert sheet["counts"] is True
        return {row["name"]: (row["status"], row["source"]) for row in sheet["people"]}

    assert await shown() == {"Ada": ("absent", "auto"), "Ben": ("absent", "auto")}
    await correct(school, "Ada", "excused")  # ahead
    assert await shown() == {"Ada": ("excused", "manual"), "Ben": ("absent", "auto")}
    await held(school, {"Teacher": (0, 45)})
    school.clock.minutes = 120
    assert await shown() == {"Ada": ("excused", "manual"), "Ben": ("absent", "auto")}
    assert await absences(school) == {"Ada": 0, "Ben": 1}


async def test_a_longer_rehearsal_is_not_the_class_that_students_were_in(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await activate(school)
    await change(
        school, lessons, school.lesson, starts_at=None, ends_at=None, release_at=EIGHT + timedelta(hours=20)
    )
    tomorrow = 24 * 60.0
    await held(school, {"Teacher": (0, 90)})
    school.clock.minutes = 180
    assert await absences(school, released=False) == {}
    await held(school, {"Teacher": (tomorrow, tomorrow + 60), "Ada": (tomorrow, tomorrow + 60)})
    school.clock.minutes = tomorrow + 180

    async def check() -> None:
        sheet = await school.sheet()
        assert (sheet["held_from"], sheet["held_s"]) == ("2030-03-05T08:00:00Z", 3600)
        assert await differing(school) == []

    await check()
    assert await absences(school) == {"Ada": 0, "Ben": 1}
    admin, ada = await api.person("admin"), school.pupils.pop("Ada")
    assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
    await held(school, {"Teacher": (3 * tomorrow, 3 * tomorrow + 5)})  # looks in, so that it is counted anew
    school.clock.minutes = 4 * tomorrow
    await check()
    assert await absences(school) == {"Ben": 1}


async def test_a_look_in_with_a_student_is_not_the_class_of_a_lesson_with_a_time(
    api: Api, teacher: Person
) -> None:
    """Nobody came to that, though they could."""
    school = await rehearsed(api, teacher)
    tomorrow = 24 * 60.0
    await held(school, {"Teacher": (tomorrow, tomorrow + 5), "Ada": (tomorrow, tomorrow + 5)})
    school.clock.minutes = tomorrow + 120
    assert await absences(school) == {"Ada": 1, "Ben": 1}
    assert (await school.sheet())["held_s"] == 45 * 60


async def test_a_correction_of_one_leaves_a_rehearsed_lesson_to_come_for_the_others(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat"])
    by_script(school)
    await activate(school)
    await change(
        school, lessons, school.lesson, starts_at=None, ends_at=None, release_at=EIGHT + timedelta(hours=2)
    )
    before = await earlier(school, 7)
    week = -7 * 24 * 60.0
    await held(before, {"Teacher": (week, week + 45), "Ada": (week, week + 45), "Ben": (week, week + 45)})
    await held(school, {"Teacher": (0, 45)})
    await correct(school, "Ada", "excused")

    async def rates() -> dict[str, list[float]]:
        """As staff read them; what students read of themselves is the same."""
        rows = {one["student_name"]: one for one in (await report(school, teacher))["student_attendance"]}
        found = {name: [row[word] for word in ("lectures_total", *RATES)] for name, row in rows.items()}
        for name, pupil in school.pupils.items():
            [own] = (await report(school, pupil))["student_attendance"]
            assert [own[word] for word in ("lectures_total", *RATES)] == found[name], name
        return found

    school.clock.minutes = 180
    assert await rates() == {"Ada": [2, 75, 75], "Ben": [1, 50, 100], "Cat": [1, 0, 50]}
    await correct(school, "Ada", None)
    assert await rates() == {"Ada": [1, 50, 100], "Ben": [1, 50, 100], "Cat": [1, 0, 50]}
    # It is held.
    await held(school, {"Teacher": (300, 345), "Cat": (300, 345)})
    school.clock.minutes = 480
    assert await rates() == {"Ada": [2, 50, 50], "Ben": [2, 50, 50], "Cat": [2, 50, 50]}


@pytest.mark.parametrize(("status", "told"), [("active", True), ("completed", False)])
async def test_what_goes_on_in_a_completed_course_is_no_class_to_come(
    api: Api, teacher: Person, status: str, told: bool
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 5
    await school.presence.flush()
    await change(school, courses, school.course, status=status, status_at=EIGHT - DAY)
    best = 100 if told else 0
    for by, titles in ((teacher, ["Levers"]), (school.pupils["Ada"], ["Levers"] if told else [])):
        found = await report(school, by)
        assert [one["title"] for one in found["going_on"]] == titles
        assert {row["best_possible_rate"] for row in found["student_attendance"]} == {best}
    live.close()


@pytest.mark.parametrize(("came", "counts"), [((0, 45), True), ((-90, -80), False)])
async def test_who_is_erased_was_in_the_class_that_is_hidden_since(
    api: Api, teacher: Person, came: tuple[float, float], counts: bool
) -> None:
    """And in no other."""
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await activate(school)
    if came[0] < 0:
        await held(school, {"Teacher": came, "Ada": came})
        await held(school, {"Teacher": (0, 45)})
    else:
        await held(school, {"Teacher": (0, 45), "Ada": came})
    school.clock.minutes = 120
    await change(school, lessons, school.lesson, published=False)
    expected = {"Ben": 1} if counts else {}
    assert await absences(school) == ({"Ada": 0} if counts else {}) | expected
    admin, ada = await api.person("admin"), school.pupils.pop("Ada")
    assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
    assert await absences(school) == expected
    async with api.server.services.database.transaction() as tx:
        hers = session_participants.c.user_id.is_(None)
        await tx.execute(update(session_participants).where(hers).values(role="guest"))
    assert await absences(school) == {}, "a guest may have typed that name"


async def test_a_rehearsal_is_not_to_come_once_it_is_nobodys(api: Api, teacher: Person) -> None:
    """Nothing of it is counted any more."""
    school = await rehearsed(api, teacher)
    times = {"starts_at": None, "ends_at": None, "release_at": EIGHT + timedelta(hours=1)}
    await change(school, lessons, school.lesson, **times)
    week = 7 * 24 * 60.0

    async def rates() -> list[list[float]]:
        found = [(await report(school, by))["student_attendance"] for by in (teacher, school.pupils["Ada"])]
        hers = [next(one for one in rows if one["student_name"] == "Ada") for rows in found]
        return [[one[word] for word in ("lectures_total", *RATES)] for one in hers]

    assert await rates() == [[0, 0, 100], [0, 0, 100]]
    anonymizer = anonymizer_of(api)
    anonymizer.clock = school.clock
    assert await anonymizer.close_course(school.course)
    await held(await earlier(school, -7), {"Teacher": (week, week + 45), "Ada": (week, week + 45)})
    school.clock.minutes = week + 120
    assert await rates() == [[1, 100, 100], [1, 100, 100]]
