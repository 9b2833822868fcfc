"""A class that goes on is seen on its sheet, and counts for nobody before it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.api.anonymous_material import anonymizer_of
from tests.api.course_material import add_lesson
from tests.api.test_analytics_attendance import BASE, EIGHT, School, correct, make_school, stay
from tests.serving import Api, Person
from vtp.courses.tables import lessons
from vtp.errors import Conflict
from vtp.rooms.live import LiveRoom


async def earlier(school: School, days: int) -> School:
    """The same class with a lesson of so many days before."""
    at = EIGHT - timedelta(days=days)
    times = {"starts_at": at.isoformat(), "ends_at": (at + timedelta(minutes=45)).isoformat()}
    wish = {"kind": "live", "title": f"{days} days before", "published": True, **times}
    lesson = await add_lesson(school.api, school.course, school.teacher, **wish)
    async with school.api.server.services.database.read() as tx:
        found = await tx.execute(select(lessons.c.room_id).where(lessons.c.id == lesson))
    return School(
        school.api, school.teacher, school.course, lesson, found.scalar_one(), school.pupils, school.clock
    )


async def two_classes_before(school: School) -> None:
    """Everybody was in both."""
    for days in (14, 7):
        start = -days * 24 * 60.0
        there = dict.fromkeys(("Teacher", *school.pupils), (start, start + 45))
        await stay(await earlier(school, days), there)


def by_script(school: School) -> None:
    """All that is counted is by the script's clock."""
    analytics = school.api.server.services.analytics

    def now() -> datetime:
        return school.clock()

    for one in (analytics.alerts, analytics.alerts._attendances, analytics.reports):
        one._clock = now


async def report(school: School, by: Person) -> Any:
    answer = await school.api.call("GET", f"{BASE}/reports/attendance?course_id={school.course}", by=by)
    assert answer.status == 200, answer
    return answer.body


async def alerts_of(school: School) -> list[tuple[str, Any]]:
    await school.api.server.services.analytics.alerts.look()
    path = f"{BASE}/alerts?course_id={school.course}"
    found = (await school.api.call("GET", path, by=school.teacher)).body["items"]
    return [(one["student_id"], one["evidence"]) for one in found if one["rule"] == "low_attendance"]


async def goes_on(school: School, at: float) -> LiveRoom:
    """The room is opened with its teacher in it, and five minutes later they are there still."""
    school.clock.minutes = at
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = at + 5
    await school.presence.flush()
    return live


async def test_who_has_not_come_yet_is_not_absent(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await two_classes_before(school)
    ada, ben = school.pupils["Ada"], school.pupils["Ben"]
    school.clock.minutes = 0
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 1
    live.people.hold(late := school.participant("Ben"))
    await school.presence.flush()
    assert await alerts_of(school) == []
    found = await report(school, teacher)
    assert (found["lectures_total"], len(found["classes"]), found["attendance_rate"]) == (2, 2, 100)
    assert [one["lesson_id"] for one in found["going_on"]] == [school.lesson]
    rows = {one["student_id"]: one for one in found["student_attendance"]}
    hers = rows[ada.user_id]
    assert (hers["lectures_total"], hers["absent"], hers["consecutive_absent"]) == (2, 0, 0)
    assert (hers["overall_rate"], hers["best_possible_rate"]) == (66.6, 100), "it is still to come"
    told = await report(school, ada)
    assert (len(told["classes"]), told["going_on"][0]["title"]) == (2, "Levers")
    whole = (await api.call("GET", f"{BASE}/course/{school.course}", by=teacher)).body
    assert whole["total_lectures"] == 2
    sheet = await school.sheet()
    assert sheet["goes_on"] is True
    assert {one["name"]: one["status"] for one in sheet["people"]} == {"Ada": "absent", "Ben": "absent"}
    # Everybody loses the connection, and the room is closed: the lesson's time is not over.
    live.people.let_go(late)
    live.close()
    await school.presence.flush()
    assert await alerts_of(school) == [] and len((await report(school, ada))["going_on"]) == 1
    await stay(school, {"Teacher": (3, 44), "Ben": (3, 44)})
    school.clock.minutes = 46
    assert await alerts_of(school) == [(ada.user_id, {"percent": 66.6, "classes": 3, "below": 75})]
    found = await report(school, teacher)
    assert (found["lectures_total"], found["going_on"], (await school.sheet())["goes_on"]) == (3, [], False)
    rows = {one["student_id"]: one for one in found["student_attendance"]}
    assert (rows[ada.user_id]["absent"], rows[ben.user_id]["present"]) == (1, 3)


async def test_a_class_whose_staff_went_long_ago_is_over_though_somebody_stays(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await two_classes_before(school)
    live = await school.open()
    school.clock.minutes = 0
    leads, ben = school.participant("Teacher"), school.participant("Ben")
    for who in (leads, ben):
        live.people.hold(who)
    school.clock.minutes = 40
    live.people.let_go(leads)
    school.clock.minutes = 99
    await school.presence.flush()
    assert await alerts_of(school) == [], "staff may come back within the hour"
    school.clock.minutes = 101
    assert [user_id for user_id, _ in await alerts_of(school)] == [school.pupils["Ada"].user_id]
    live.close()


async def test_a_class_that_begins_long_after_a_look_into_its_room_goes_on(api: Api, teacher: Person) -> None:
    """Until it is longer than the look was, that is what counts so far."""
    school = await make_school(api, teacher, ["Ada"])
    by_script(school)
    await two_classes_before(school)
    await stay(school, {"Teacher": (0, 10)})
    school.clock.minutes = 90
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 95
    await school.presence.flush()
    assert await alerts_of(school) == []
    assert (await school.sheet())["goes_on"] is True
    assert len((await report(school, teacher))["going_on"]) == 1
    live.close()
    await school.presence.flush()
    assert [user_id for user_id, _ in await alerts_of(school)] == [school.pupils["Ada"].user_id]


async def test_an_alert_stays_while_a_class_that_was_over_goes_on(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    by_script(school)
    await two_classes_before(school)
    await stay(school, {"Teacher": (0, 44)})

    async def statuses() -> list[str]:
        await school.api.server.services.analytics.alerts.look()
        path = f"{BASE}/alerts?course_id={school.course}"
        found = (await api.call("GET", path, by=teacher)).body["items"]
        return [one["status"] for one in found if one["rule"] == "low_attendance"]

    school.clock.minutes = 46
    assert await statuses() == ["open"]
    live = await goes_on(school, 60)
    assert len((await report(school, teacher))["going_on"]) == 1
    assert await statuses() == ["open"], "it is not decided yet"
    live.close()
    await school.presence.flush()
    assert await statuses() == ["open"]
    # Of who leaves the course meanwhile none stays.
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    await school.presence.flush()
    path = f"/api/v1/courses/{school.course}/enroll/{school.pupils['Ada'].user_id}"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert await statuses() == ["over"]
    live.close()


async def test_no_alert_is_begun_while_a_class_that_was_over_goes_on(api: Api, teacher: Person) -> None:
    """Without the class that Ada was in she was in two of three."""
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await two_classes_before(school)
    day = -24 * 60.0
    await stay(await earlier(school, 1), {"Teacher": (day, day + 45), "Ben": (day, day + 45)})
    there = dict.fromkeys(("Teacher", *school.pupils), (0.0, 44.0))
    await stay(school, there)
    school.clock.minutes = 46
    assert await alerts_of(school) == []
    live = await goes_on(school, 60)
    [hers] = [
        one for one in (await report(school, teacher))["student_attendance"] if one["student_name"] == "Ada"
    ]
    assert (hers["lectures_total"], hers["attendance_rate"]) == (3, 66.6)
    assert await alerts_of(school) == []
    live.close()
    await school.presence.flush()
    assert await alerts_of(school) == [], "she was in three of four"


async def test_an_alert_is_as_it_was_while_a_class_goes_on(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben"])
    by_script(school)
    await two_classes_before(school)
    start = -21 * 24 * 60.0
    await stay(await earlier(school, 21), dict.fromkeys(("Teacher", "Ben"), (start, start + 45)))
    await stay(school, {"Teacher": (0, 44), "Ben": (0, 44)})
    school.clock.minutes = 46
    [before] = await alerts_of(school)
    assert before[1] == {"percent": 50, "classes": 4, "below": 75}
    live = await goes_on(school, 60)
    assert await alerts_of(school) == [before]
    live.close()


async def test_what_staff_rehearse_holds_no_alert_back(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    by_script(school)
    for days in (21, 14, 7):
        start = -days * 24 * 60.0
        await stay(await earlier(school, days), {"Teacher": (start, start + 45)})
    async with api.server.services.database.transaction() as tx:
        hidden = update(lessons).where(lessons.c.id == school.lesson)
        await tx.execute(hidden.values(published=False))
    live = await goes_on(school, 0)
    assert len((await report(school, teacher))["going_on"]) == 1
    await correct(school, "Ada", "excused")
    assert await alerts_of(school) == [], "so it is to count for her"
    await correct(school, "Ada", None)
    ada = school.pupils["Ada"].user_id
    assert await alerts_of(school) == [(ada, {"percent": 0, "classes": 3, "below": 75})]
    live.close()


async def test_what_staff_rehearse_or_have_cancelled_is_no_class_to_come(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada"])
    by_script(school)
    ada = school.pupils["Ada"]
    live = await school.open()
    live.people.hold(school.participant("Teacher"))
    school.clock.minutes = 5
    await school.presence.flush()

    async def shown(by: Person) -> tuple[int, float]:
        found = await report(school, by)
        return len(found["going_on"]), found["student_attendance"][0]["best_possible_rate"]

    async def change(**values: Any) -> None:
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(lessons).where(lessons.c.id == school.lesson).values(**values))

    assert await shown(ada) == await shown(teacher) == (1, 100)
    await change(published=False)
    assert (await shown(ada), await shown(teacher)) == ((0, 0), (1, 0))
    assert (await school.sheet())["goes_on"] is True
    await change(published=True, cancelled_at=EIGHT)
    assert (await shown(ada), await shown(teacher)) == ((0, 0), (0, 0))
    assert (await school.sheet())["goes_on"] is False, "it will not count"
    live.close()


async def test_a_course_is_not_closed_before_the_time_of_its_class_is_over(api: Api, teacher: Person) -> None:
    """Staff have gone, and may come back."""
    school = await make_school(api, teacher, ["Ada"])
    by_script(school)
    await stay(school, {"Teacher": (0, 30), "Ada": (0, 30)})
    anonymizer = anonymizer_of(api)
    anonymizer.clock = school.clock
    school.clock.minutes = 40
    with pytest.raises(Conflict, match="goes on"):
        await anonymizer.close_course(school.course)
    school.clock.minutes = 46
    assert await anonymizer.close_course(school.course)
    school.clock.minutes = 44  # a clock that was set back
    found = await report(school, teacher)
    assert (found["going_on"], found["lectures_total"]) == ([], 1)
    assert (await school.sheet())["goes_on"] is False
