"""Who made up for a class with its recording did so, whatever becomes of the recording."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from tests.api.anonymous_material import anonymizer_of
from tests.api.test_analytics_attendance import BASE, School, make_school, make_up
from tests.serving import Api, Person
from vtp.analytics.class_tables import lesson_classes, lesson_credits
from vtp.analytics.credit_check import differing_credits
from vtp.courses.tables import course_recordings
from vtp.recording.tables import recording_progress
from vtp.rooms.tables import live_sessions


async def of_yan(school: School) -> Any:
    """Yan's row of the sheet."""
    [row] = [one for one in (await school.sheet())["people"] if one["name"] == "Yan"]
    return row


async def class_made_up_for(api: Api, teacher: Person, days: int = 6) -> tuple[School, str]:
    """Yan was not there, and has completed the recording; gives its id."""
    school = await make_school(api, teacher, ["Ada", "Yan"])
    await hold_class_of(school)
    rules = f"{BASE}/courses/{school.course}/attendance-rules"
    assert (await api.call("PUT", rules, {"credit_days": 7}, by=teacher)).status == 200
    await make_up(school, "Yan", days)
    async with api.server.services.database.read() as tx:
        filed = select(course_recordings.c.recording_id)
        return school, (await tx.execute(filed)).scalar_one()


async def hold_class_of(school: School) -> None:
    live = await school.open()
    there = [school.participant(name) for name in ("Teacher", "Ada")]
    school.clock.minutes = 2
    for one in there:
        live.people.hold(one)
    school.clock.minutes = 47
    live.close()
    await school.presence.flush()


async def differing(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return [sentence async for sentence in differing_credits(tx)]


async def test_credit_outlives_a_recording_that_is_deleted_for_good(api: Api, teacher: Person) -> None:
    school, recording = await class_made_up_for(api, teacher)
    before = await of_yan(school)
    assert (before["status"], before["made_up"]) == ("absent", True)
    path = f"/api/v1/recordings/{recording}"
    assert (await api.call("DELETE", f"{path}?permanent=true", by=teacher)).status == 200
    assert (await api.call("GET", path, by=teacher)).status == 404
    assert await of_yan(school) == before
    assert await differing(api) == []


async def test_credit_that_came_too_late_does_so_still_when_the_recording_is_gone(
    api: Api, teacher: Person
) -> None:
    school, recording = await class_made_up_for(api, teacher, days=8)
    assert not (await of_yan(school))["made_up"]
    await api.call("DELETE", f"/api/v1/recordings/{recording}?permanent=true", by=teacher)
    assert not (await of_yan(school))["made_up"]
    rules = f"{BASE}/courses/{school.course}/attendance-rules"
    assert (await api.call("PUT", rules, {"credit_days": 9}, by=teacher)).status == 200
    assert (await of_yan(school))["made_up"]


async def test_what_a_course_asks_for_holds_of_recordings_that_are_gone_too(
    api: Api, teacher: Person
) -> None:
    school, recording = await class_made_up_for(api, teacher)
    async with api.server.services.database.transaction() as tx:
        seen = {"watched_ms": 2900}  # of 4000
        await tx.execute(update(recording_progress).values(**seen))
    await api.call("DELETE", f"/api/v1/recordings/{recording}?permanent=true", by=teacher)
    rules = f"{BASE}/courses/{school.course}/attendance-rules"
    found = {}
    for share in (0.75, 0.7):
        wish = {"credit_days": 7, "completion_ratio": share}
        assert (await api.call("PUT", rules, wish, by=teacher)).status == 200
        found[share] = (await of_yan(school))["made_up"]
    assert found == {0.75: False, 0.7: True}


async def test_credit_outlives_a_recording_that_is_taken_out_of_the_course(api: Api, teacher: Person) -> None:
    school, recording = await class_made_up_for(api, teacher)
    path = f"/api/v1/courses/{school.course}/recordings"
    for _ in range(2):  # and filed and taken out again
        assert (await api.call("DELETE", f"{path}/{recording}", by=teacher)).status == 200
        assert (await of_yan(school))["made_up"]
        wish = {"recording_id": recording, "lesson_id": school.lesson}
        assert (await api.call("POST", path, wish, by=teacher)).status == 201
        assert (await of_yan(school))["made_up"]
    assert await differing(api) == []
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(lesson_credits).values(reached=[[900, 1]]))
    [sentence] = await differing(api)
    assert sentence.endswith("is not what their progress says.")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(lesson_credits).values(reached=[[910, 1]]))
    [sentence] = await differing(api)
    assert sentence.endswith("is malformed.")


async def test_nothing_is_kept_of_classes_that_are_nobodys_any_more(api: Api, teacher: Person) -> None:
    school, recording = await class_made_up_for(api, teacher)
    await school.sheet()
    async with api.server.services.database.transaction() as tx:
        assert (await tx.execute(update(lesson_classes).values(totals={"people": 2}))).rowcount == 1
    await api.call("DELETE", f"/api/v1/recordings/{recording}?permanent=true", by=teacher)
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(lesson_credits))).all() == []


async def credits(api: Api) -> int:
    async with api.server.services.database.read() as tx:
        return len((await tx.execute(select(lesson_credits))).all())


async def test_nothing_is_kept_of_a_lesson_whose_room_was_never_opened(api: Api, teacher: Person) -> None:
    """There is no class that it could make up for, and none with which it would become nobody's."""
    school = await make_school(api, teacher, ["Yan"])
    await make_up(school, "Yan", 6)
    async with api.server.services.database.read() as tx:
        recording = (await tx.execute(select(course_recordings.c.recording_id))).scalar_one()
    path = f"/api/v1/recordings/{recording}?permanent=true"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert await credits(api) == 0


async def test_credit_for_a_class_that_is_not_counted_yet_is_kept_until_it_is_nobodys(
    api: Api, teacher: Person
) -> None:
    school, recording = await class_made_up_for(api, teacher)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(lesson_classes))
    path = f"/api/v1/recordings/{recording}?permanent=true"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert await credits(api) == 1
    assert (await of_yan(school))["made_up"]
    assert await anonymizer_of(api).run()
    assert await credits(api) == 0


async def test_credit_for_a_class_that_is_gone_with_its_room_becomes_nobodys_too(
    api: Api, teacher: Person
) -> None:
    _, recording = await class_made_up_for(api, teacher)
    path = f"/api/v1/recordings/{recording}?permanent=true"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(lesson_classes))
        await tx.execute(delete(live_sessions))
    assert await credits(api) == 1
    anonymizer = anonymizer_of(api)
    assert await anonymizer.run()
    assert await credits(api) == 0
    assert not (await anonymizer.due()).courses, "it is done once"
