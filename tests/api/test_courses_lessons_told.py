"""What classes are told of live lessons as they come to see them, or see them no more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.api.course_material import BASE, add_lesson, add_section, enrol, make_course, student
from tests.api.notification_material import told
from tests.api.test_courses_schedules import (
    CALENDARS,
    calendar_at,
    carried,
    change,
    events,
    lessons_of,
    local,
    series,
    wall,
)
from tests.serving import Api, Person
from tests.smtp_server import Mailbox
from vtp.courses.tables import courses, lessons
from vtp.mail.outbox import MailKind
from vtp.mail.tables import mails


def soon(**more: float) -> str:
    return (datetime.now(UTC).replace(microsecond=0) + timedelta(**more)).isoformat()


async def live(api: Api, course: str, by: Person, title: str, **wish: Any) -> str:
    return await add_lesson(api, course, by, kind="live", title=title, **{"starts_at": soon(days=3), **wish})


async def of_lessons(api: Api, who: Person) -> list[tuple[str, str]]:
    """Kinds and titles of what somebody was told of live lessons, the oldest first."""
    found = [(one["kind"], one["title"]) for one in await told(api, who)]
    return [one for one in reversed(found) if one[0].startswith("lesson_")]


@pytest.mark.both_databases
async def test_lessons_that_are_shown_later_are_told_then_and_once(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    releases = api.server.services.courses.lesson_releases
    week = await add_section(api, course, teacher, published=False)
    hidden = await live(api, course, teacher, "Hidden", published=False)
    await live(api, course, teacher, "Dated", release_at=soon(days=1))
    await live(api, course, teacher, "Within", section_id=week)
    moved = await live(api, course, teacher, "Moved", section_id=week)
    await live(api, course, teacher, "Over", release_at=soon(days=1), starts_at=soon(hours=1))
    assert await of_lessons(api, pupil) == []
    await change(api, f"{course}/lessons/{hidden}", teacher, starts_at=soon(days=4))
    assert await of_lessons(api, pupil) == []
    expected = []
    for title, path, wish in (
        ("Hidden", f"lessons/{hidden}", {"published": True, "title": "Hidden no more"}),
        ("Moved", f"lessons/{moved}", {"section_id": None}),
        ("Within", f"sections/{week}", {"published": True}),
    ):
        await change(api, f"{course}/{path}", teacher, **wish)
        expected.append(("lesson_scheduled", f"New live lesson: {wish.get('title', title)}"))
        assert await of_lessons(api, pupil) == expected
    assert sum(await asyncio.gather(releases.look(), releases.look())) == 0
    later = datetime.now(UTC) + timedelta(days=1, minutes=1)
    releases._clock = releases._teller._clock = lambda: later
    assert sorted(await asyncio.gather(*(releases.look() for _ in range(4)))) == [0, 0, 0, 1]
    assert await of_lessons(api, pupil) == [*expected, ("lesson_scheduled", "New live lesson: Dated")]
    assert await of_lessons(api, teacher) == [], "it is all their own doing"


async def test_the_end_of_what_students_were_told_of_is_told_though_it_is_hidden(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    lesson = await live(api, course, teacher, "Prisms")
    path = f"{course}/lessons/{lesson}"
    expected = [("lesson_scheduled", "New live lesson: Prisms")]
    for wish in (
        {"published": False},
        {"published": True},
        {"release_at": soon(days=2)},
        {"release_at": None},
        {"published": False, "cancelled": True},
    ):
        await change(api, path, teacher, **wish)
        shown = wish in ({"published": True}, {"release_at": None})
        kind = ("lesson_scheduled", "New live") if shown else ("lesson_cancelled", "Live")
        expected.append((kind[0], f"{kind[1]} lesson{'' if shown else ' cancelled'}: Prisms"))
        assert await of_lessons(api, pupil) == expected, wish
    assert (await api.call("DELETE", f"{BASE}/{path}", by=teacher)).status == 204
    assert await of_lessons(api, pupil) == expected, "they know"
    week = await add_section(api, course, teacher)
    await live(api, course, teacher, "Lenses", section_id=week)
    await live(api, course, teacher, "Mirrors", section_id=week)
    await change(api, f"{course}/sections/{week}", teacher, published=False)
    last = (await told(api, pupil))[0]
    assert (last["kind"], last["title"]) == ("lesson_cancelled", "2 live lessons cancelled")
    assert [line.split(",")[0] for line in last["text"].splitlines()] == [
        "Lenses: is not shown any more",
        "Mirrors: is not shown any more",
    ]
    assert (await api.call("DELETE", f"{BASE}/{course}/sections/{week}", by=teacher)).status == 204
    assert (await of_lessons(api, pupil))[-1] == ("lesson_scheduled", "2 new live lessons")


async def test_each_message_of_a_lesson_that_is_hidden_and_shown_is_newer_than_the_last(
    mailed: Api, mailbox: Mailbox
) -> None:
    api = mailed
    teacher, pupil = await api.person("teacher"), await api.person("student")
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    lesson = await live(api, course, teacher, "Prisms", published=False)
    seen = []
    for wish, words in (
        ({"published": True}, "takes place"),
        ({"published": False}, "is not shown any more"),
        ({"published": True}, "takes place"),
        ({"starts_at": soon(days=5)}, "is moved"),
        ({"published": False}, "is not shown any more"),
    ):
        await change(api, f"{course}/lessons/{lesson}", teacher, **wish)
        mail = await mailbox.next_to(pupil.email, "Prisms")
        assert words in str(mail["Subject"])
        _, method, event = carried(mail)[0]
        assert str(event["uid"]) == lesson
        seen.append((method, int(event["sequence"])))
    assert [method for method, _ in seen] == ["REQUEST", "CANCEL", "REQUEST", "REQUEST", "CANCEL"]
    assert [sequence for _, sequence in seen] == sorted({sequence for _, sequence in seen})


async def test_a_message_says_when_it_was_made_and_not_when_its_lesson_was_changed(
    mailed: Api, mailbox: Mailbox
) -> None:
    api = mailed
    teacher, pupil = await api.person("teacher"), await api.person("student")
    course = await make_course(api, teacher)
    lesson = await live(api, course, teacher, "Prisms")
    then = datetime.now(UTC).replace(microsecond=0)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(lessons.update().values(updated_at=then - timedelta(days=3)))
    await enrol(api, course, pupil)
    invited = carried(await mailbox.next_to(pupil.email, "Prisms"))[0]
    assert (await api.call("DELETE", f"{BASE}/{course}/lessons/{lesson}", by=teacher)).status == 204
    cancelled = carried(await mailbox.next_to(pupil.email, "Prisms"))[0]
    assert [method for _, method, _ in (invited, cancelled)] == ["REQUEST", "CANCEL"]
    stamps = [event["dtstamp"].dt for _, _, event in (invited, cancelled)]
    assert then <= stamps[0] <= stamps[1], "by which programs tell which of two is newer"
    assert {event["last-modified"].dt for _, _, event in (invited, cancelled)} == {then - timedelta(days=3)}


async def test_who_comes_later_gets_what_is_planned_and_who_leaves_loses_it(
    mailed: Api, mailbox: Mailbox
) -> None:
    """Enrolled by themselves, by staff, by a list, by a place that is free; and once more."""
    api = mailed
    teacher = await api.person("teacher")
    people = [await student(api, name) for name in ("self", "staff", "list", "waits")]
    course = await make_course(api, teacher, max_students=3)
    await series(api, course, teacher)
    hidden = await live(api, course, teacher, "Hidden", published=False)
    planned = {one["id"] for one in await lessons_of(api, course, teacher)} - {hidden}
    rows = f"email\n{people[2].email}\n".encode()
    csv = {"Content-Type": "text/csv"}
    came = [
        await enrol(api, course, people[0]),
        await enrol(api, course, teacher, student_id=people[1].user_id),
        await api.call("POST", f"{BASE}/{course}/enrollments/import", data=rows, by=teacher, headers=csv),
        await enrol(api, course, people[3]),
    ]
    assert [one.status for one in came] == [201, 201, 200, 201], came
    for one in people[:3]:
        mail = await mailbox.next_to(one.email, "5 lessons")
        found = {str(event["uid"]): (method, event) for _, method, event in carried(mail)}
        assert found.keys() == planned, "nothing of what is hidden"
        assert {method for method, _ in found.values()} == {"REQUEST"}
    gone = await api.call("DELETE", f"{BASE}/{course}/enroll/{people[0].user_id}", by=people[0])
    assert gone.status == 200
    cancelled = carried(await mailbox.next_to(people[0].email, "5 lessons"))
    assert {(str(event["uid"]), method) for _, method, event in cancelled} == {
        (one, "CANCEL") for one in planned
    }
    invited = carried(await mailbox.next_to(people[3].email, "5 lessons"))
    assert {method for _, method, _ in invited} == {"REQUEST"}, "who has waited"
    await change(api, course, teacher, max_students=4)
    assert (await enrol(api, course, people[0])).status == 201
    again = carried(await mailbox.next_to(people[0].email, "5 lessons"))
    for earlier, later in zip(cancelled, again, strict=True):
        assert (str(later[2]["uid"]), later[1]) == (str(earlier[2]["uid"]), "REQUEST")
        newer = [(int(one[2]["sequence"]), one[2].decoded("dtstamp")) for one in (earlier, later)]
        assert newer == sorted(newer)


@pytest.mark.parametrize("status", ["completed", "archived", "draft"])
async def test_a_course_that_is_over_or_withdrawn_leaves_nothing_to_come_in_calendars(
    mailed: Api, mailbox: Mailbox, status: str
) -> None:
    api = mailed
    teacher, pupil = await api.person("teacher"), await api.person("student")
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=3", first_start=wall(-5))
    hidden = await live(api, course, teacher, "Hidden", published=False)
    held, *to_come = [one["id"] for one in await lessons_of(api, course, teacher) if one["id"] != hidden]
    admin = await api.person("admin")
    urls = {
        name: (await api.call("POST", CALENDARS, {"course_id": course}, by=who)).body["url"]
        for name, who in (("pupil", pupil), ("teacher", teacher), ("admin", admin))
    }
    await mailbox.next_to(pupil.email, "2 lessons")
    messages = [await mailbox.next_to(teacher.email, words) for words in ("2 lessons", "Hidden")]
    for wanted, method, words in (
        (status, "CANCEL", "does not take place"),
        ("active", "REQUEST", "takes place"),
    ):
        await change(api, course, teacher, status=wanted)
        for who, ids, subject in ((pupil, to_come, "2 lessons"), (teacher, [*to_come, hidden], "3 lessons")):
            mail = await mailbox.next_to(who.email, subject)
            part = mail.get_body(("plain",))
            assert part is not None and words in str(part.get_content())
            assert {(str(event["uid"]), of) for _, of, event in carried(mail)} == {
                (one, method) for one in ids
            }
            messages.append(mail)
        shown = {name: events(await calendar_at(api, url)).keys() for name, url in urls.items()}
        if wanted == "active":
            assert shown["pupil"] == {held, *to_come}
            assert shown["teacher"] == shown["admin"] == {held, *to_come, hidden}
        elif status == "draft":
            assert shown["pupil"] == set() and shown["teacher"] == shown["admin"] == {held, *to_come, hidden}
        else:
            assert shown["pupil"] == ({held} if status == "completed" else set())
            assert shown["teacher"] == ({held} if status == "completed" else set())
            assert shown["admin"] == {held}
    sequences: dict[str, list[int]] = {}
    for mail in messages[-4:]:
        for _, _, event in carried(mail)[::2]:
            sequences.setdefault(str(event["uid"]), []).append(int(event["sequence"]))
    assert all(found == sorted(found) and len(set(found)) == 2 for found in sequences.values()), sequences


async def test_a_series_is_shown_hidden_and_put_into_a_section_as_a_whole(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    week = await add_section(api, course, teacher)
    other = await add_section(api, course, teacher, title="Other")
    made = await series(api, course, teacher, published=False, rule="FREQ=WEEKLY;COUNT=4")
    first, second, third, fourth = await lessons_of(api, course, teacher)
    await change(api, f"{course}/lessons/{second['id']}", teacher, published=True)
    await change(api, f"{course}/lessons/{third['id']}", teacher, section_id=other)
    path = f"{course}/schedules/{made['id']}"
    wish = {"published": True, "section_id": week, "first_start": wall(3)}
    changed = await change(api, path, teacher, **wish, rule="FREQ=WEEKLY;COUNT=5")
    assert (changed["published"], changed["section_id"]) == (True, week)
    seen = await lessons_of(api, course, pupil)
    assert [local(one["starts_at"]) for one in seen] == [wall(3 + 7 * n) for n in range(5)]
    assert [one["section_id"] for one in seen] == [week, week, other, week, week]
    assert [one["position"] for one in seen if one["section_id"] == week] == [0, 1, 2, 3]
    assert (await of_lessons(api, pupil))[-2:] == [
        ("lesson_scheduled", "4 new live lessons"),
        ("lesson_moved", "Live lesson changed: Optics"),
    ]
    await change(api, f"{course}/lessons/{fourth['id']}", teacher, published=False)
    await change(api, f"{course}/lessons/{first['id']}", teacher, section_id=None)
    await change(api, path, teacher, published=False, section_id=None)
    assert await lessons_of(api, course, pupil) == []
    assert (await of_lessons(api, pupil))[-1] == ("lesson_cancelled", "4 live lessons cancelled")
    await change(api, path, teacher, published=True, first_start=wall(4))
    shown = {one["id"] for one in await lessons_of(api, course, pupil)}
    assert len(shown) == 5, "what was hidden with the others is shown with them"
    refused = await api.call("PATCH", f"{BASE}/{path}", {"section_id": "x"}, by=teacher)
    assert (refused.status, refused.pointers) == (422, ["/section_id"])


async def test_who_is_given_or_loses_a_role_gets_what_is_planned_into_their_calendar_or_out_of_it(
    mailed: Api, mailbox: Mailbox
) -> None:
    """Without being enrolled; and who is enrolled gets, or loses, what students do not see."""
    api = mailed
    teacher, pupil = await api.person("teacher"), await student(api, "pupil")
    helper = await student(api, "helper")
    course = await make_course(api, teacher)
    shown = {await live(api, course, teacher, title) for title in ("Lenses", "Mirrors")}
    hidden = {await live(api, course, teacher, "Hidden", published=False)}
    assert (await enrol(api, course, pupil)).status == 201
    assert carried_ids(await mailbox.next_to(pupil.email, "2 lessons")) == {"REQUEST": shown}
    url = (await api.call("POST", CALENDARS, {}, by=helper)).body["url"]

    async def given(who: Person, role: str) -> None:
        wish = {"user_id": who.user_id, "role": role}
        answer = await api.call("POST", f"{BASE}/{course}/permissions", wish, by=teacher)
        assert answer.status in (200, 201), answer

    async def taken(who: Person, path: str = "permissions") -> None:
        answer = await api.call("DELETE", f"{BASE}/{course}/{path}/{who.user_id}", by=teacher)
        assert answer.status in (200, 204), answer

    async def followed() -> set[str]:
        return set(events(await calendar_at(api, url)))

    await given(helper, "assistant")
    assert carried_ids(await mailbox.next_to(helper.email, "3 lessons")) == {"REQUEST": shown | hidden}
    assert await followed() == shown | hidden
    assert (await enrol(api, course, helper)).status == 201  # a place changes nothing of the role
    await taken(helper, "enroll")
    assert carried_ids(await mailbox.next_to(helper.email, "3 lessons")) == {"CANCEL": shown | hidden}
    await given(helper, "assistant")
    assert carried_ids(await mailbox.next_to(helper.email, "3 lessons")) == {"REQUEST": shown | hidden}
    await given(helper, "teacher")
    await given(helper, "student")
    assert carried_ids(await mailbox.next_to(helper.email, "Hidden")) == {"CANCEL": hidden}
    assert await followed() == shown
    await taken(helper)
    assert carried_ids(await mailbox.next_to(helper.email, "2 lessons")) == {"CANCEL": shown}
    assert await followed() == set()
    await given(pupil, "assistant")
    assert carried_ids(await mailbox.next_to(pupil.email, "Hidden")) == {"REQUEST": hidden}
    await taken(pupil, "enroll")
    assert carried_ids(await mailbox.next_to(pupil.email, "3 lessons")) == {"CANCEL": shown | hidden}
    heir = await api.person("teacher", "heir@school.example")
    await change(api, course, teacher, instructor_id=heir.user_id)
    assert carried_ids(await mailbox.next_to(heir.email, "3 lessons")) == {"REQUEST": shown | hidden}


async def test_who_gets_a_place_as_a_role_is_given_or_taken_is_sent_each_lesson_once(
    mailed: Api, mailbox: Mailbox
) -> None:
    api = mailed
    teacher = await api.person("teacher")
    ann, ben = [await student(api, name) for name in ("ann", "ben")]
    course = await make_course(api, teacher, max_students=1)
    shown = {await live(api, course, teacher, title) for title in ("Lenses", "Mirrors")}
    for one in (ben, ann):
        assert (await enrol(api, course, one)).status == 201
    path = f"{BASE}/{course}/permissions"
    wish = {"user_id": ann.user_id, "role": "assistant"}
    assert (await api.call("POST", path, wish, by=teacher)).status == 201
    assert carried_ids(await mailbox.next_to(ann.email, "2 lessons")) == {"REQUEST": shown}
    assert (await api.call("DELETE", f"{BASE}/{course}/enroll/{ben.user_id}", by=teacher)).status == 200
    # She waited, and has the free place without the role: her calendar has the lessons.
    assert (await api.call("DELETE", f"{path}/{ann.user_id}", by=teacher)).status == 204
    assert await lesson_mails(api, ann) == 1
    cal = await student(api, "cal")
    assert (await enrol(api, course, cal)).body["status"] == "waiting"
    async with api.server.services.database.transaction() as tx:  # a place that nobody has given yet
        await tx.execute(update(courses).where(courses.c.id == course).values(max_students=2))
    wish = {"user_id": cal.user_id, "role": "student"}
    assert (await api.call("POST", path, wish, by=teacher)).status == 201
    assert await lesson_mails(api, cal) == 1


async def lesson_mails(api: Api, who: Person) -> int:
    """How many somebody is, or was, sent."""
    async with api.server.services.database.read() as tx:
        theirs = mails.c.user_id == who.user_id, mails.c.kind == MailKind.LESSON
        return int((await tx.execute(select(func.count()).where(*theirs))).scalar_one())


def carried_ids(mail: Any) -> dict[str, set[str]]:
    """The lessons in a mail, by method."""
    found: dict[str, set[str]] = {}
    for _, method, event in carried(mail):
        found.setdefault(method, set()).add(str(event["uid"]))
    return found
