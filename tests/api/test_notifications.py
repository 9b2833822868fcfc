"""Notifications: written with what they tell of, listed, read, pushed, forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.api import assignment_material as homework
from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.notification_material import NOTIFICATIONS, kinds, told, unread
from tests.api.socket_clients import School
from tests.filled import add_rows
from tests.serving import Api, Person
from tests.statements import hearing
from vtp.courses.news import Whom, people_in
from vtp.ids import new_id
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.news import News
from vtp.notifications.store import these
from vtp.notifications.tables import news, notifications

QUIZ = Kind("quiz_graded", "Quizzes that are graded", MailChoice.NONE)


async def call(api: Api, method: str, path: str, by: Person, body: object = None) -> Any:
    answer = await api.call(method, path, body, by=by)
    assert answer.status < 300, (method, path, answer)
    return answer.body


async def announce(api: Api, course: str, by: Person, title: str = "Exam", body: str = "On Monday.") -> str:
    made = await call(api, "POST", f"{BASE}/{course}/announcements", by, {"title": title, "body": body})
    return str(made["id"])


def soon(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def test_what_is_announced_is_told_to_the_others_and_goes_with_it(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    made = await announce(api, course, teacher)
    [one] = await told(api, pupil)
    assert (one["kind"], one["title"], one["text"]) == ("announcement", "Exam", "On Monday.")
    assert (one["course_id"], one["read_at"]) == (course, None)
    assert one["link"] == f"/courses/{course}/announcements"
    assert await told(api, teacher) == [], "who has written it knows"
    await call(api, "PATCH", f"{BASE}/{course}/announcements/{made}", teacher, {"body": "On Tuesday."})
    assert [one["text"] for one in await told(api, pupil)] == ["On Tuesday."]
    await call(api, "DELETE", f"{BASE}/{course}/announcements/{made}", teacher)
    assert await told(api, pupil) == []


async def test_people_see_no_news_of_what_they_do_not_see(api: Api, teacher: Person, pupil: Person) -> None:
    draft, helper = await make_course(api, teacher, status="draft"), await student(api, "helper")
    for who, role in ((pupil, "student"), (helper, "assistant")):
        made = await enrol(api, draft, teacher, student_id=who.user_id, role=role)
        assert made.status == 201, made
    await announce(api, draft, teacher)
    assert await kinds(api, pupil) == []
    assert await kinds(api, helper) == ["announcement", "enrolled"]
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    hidden = {"kind": "live", "title": "Lenses", "starts_at": soon(9), "published": False}
    await call(api, "POST", f"{BASE}/{course}/lessons", teacher, hidden)
    assert await kinds(api, pupil) == []


async def test_a_class_is_told_of_what_was_planned_when_its_course_begins(
    api: Api, teacher: Person, pupil: Person
) -> None:
    course = await make_course(api, teacher, status="draft")
    await enrol(api, course, teacher, student_id=pupil.user_id)
    for title, more in (("Lenses", {}), ("Mirrors", {}), ("Hidden", {"published": False})):
        wish = {"kind": "live", "title": title, "starts_at": soon(50), **more}
        await call(api, "POST", f"{BASE}/{course}/lessons", teacher, wish)
    assert await kinds(api, pupil) == []
    await call(api, "PATCH", f"{BASE}/{course}", teacher, {"status": "active", "name": "Optics"})
    [one] = await told(api, pupil)
    assert (one["kind"], one["title"], one["context"]) == (
        "lesson_scheduled",
        "2 new live lessons",
        "PHY-101, Optics",
    )
    await call(api, "PATCH", f"{BASE}/{course}", teacher, {"status": "completed"})
    await call(api, "PATCH", f"{BASE}/{course}", teacher, {"status": "active"})
    again = [one["kind"] for one in await told(api, pupil)]
    assert again == ["lesson_scheduled", "lesson_cancelled", "lesson_scheduled"], "newest first"


async def test_what_becomes_of_lessons_is_told_by_kind(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    wish = {"kind": "live", "title": "Lenses", "starts_at": soon(50)}
    lesson = (await call(api, "POST", f"{BASE}/{course}/lessons", teacher, wish))["id"]
    at = f"{BASE}/{course}/lessons/{lesson}"
    await call(api, "PATCH", at, teacher, {"starts_at": soon(60)})
    await call(api, "PATCH", at, teacher, {"cancelled": True})
    found = await told(api, pupil)
    assert [one["kind"] for one in found] == ["lesson_cancelled", "lesson_moved", "lesson_scheduled"]
    assert {one["lesson_id"] for one in found} == {lesson}
    assert await kinds(api, teacher) == []
    rule = {"title": "Optics", "rule": "FREQ=DAILY;COUNT=4", "time_zone": "UTC", "duration_minutes": 45}
    first = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"
    await call(api, "POST", f"{BASE}/{course}/schedules", teacher, {**rule, "first_start": first})
    newest = (await told(api, pupil))[0]
    assert (newest["title"], newest["lesson_id"]) == ("4 new live lessons", None), "one for all of them"
    assert newest["text"].count("Optics: takes place") == 4
    await call(api, "DELETE", f"{BASE}/{course}", teacher)
    newest = (await told(api, pupil))[0]
    assert (newest["title"], newest["course_id"]) == ("4 live lessons cancelled", None)


async def test_who_gets_or_loses_a_place_is_told_and_who_came_by_themselves_is_not(
    api: Api, teacher: Person, pupil: Person
) -> None:
    course = await make_course(api, teacher, max_students=1)
    second, third = await student(api, "second"), await student(api, "third")
    await enrol(api, course, pupil)
    await enrol(api, course, second)
    await enrol(api, course, teacher, student_id=third.user_id)
    assert (await kinds(api, pupil), await kinds(api, second)) == ([], [])
    assert [one["text"] for one in await told(api, third)] == ["You were enrolled: you wait for a place."]
    await call(api, "DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", teacher)
    assert (await kinds(api, pupil), await kinds(api, second)) == (["removed"], ["place_free"])
    await call(api, "PATCH", f"{BASE}/{course}", teacher, {"max_students": 9})
    assert await kinds(api, third) == ["place_free", "enrolled"]


async def test_a_list_of_people_is_told_at_once(api: Api, teacher: Person, pupil: Person) -> None:
    course = await make_course(api, teacher)
    other = await student(api, "other")
    data = f"email\n{pupil.email}\n{other.email}\n".encode()
    for _ in range(2):
        done = await api.call(
            "POST",
            f"{BASE}/{course}/enrollments/import",
            data=data,
            by=teacher,
            headers={"Content-Type": "text/csv"},
        )
        assert done.status == 200, done
    [one], [another] = await told(api, pupil), await told(api, other)
    assert one["kind"] == "enrolled"
    assert one["id"] == another["id"], "one piece of news"


async def test_reading_is_noted_for_one_for_all_and_up_to_what_was_shown(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    for number in range(4):
        await announce(api, course, teacher, f"News {number}")
    found = await told(api, pupil)
    assert await unread(api, pupil) == 4
    marked = await call(api, "PATCH", f"{NOTIFICATIONS}/{found[0]['id']}", pupil, {"read": True})
    assert marked["read_at"] is not None
    assert await unread(api, pupil) == 3
    again = await call(api, "PATCH", f"{NOTIFICATIONS}/{found[0]['id']}", pupil, {"read": True})
    assert again["read_at"] == marked["read_at"], "when it was read first"
    await call(api, "PATCH", f"{NOTIFICATIONS}/{found[0]['id']}", pupil, {"read": False})
    done = await call(api, "POST", f"{NOTIFICATIONS}/read", pupil, {"up_to": found[1]["id"]})
    assert done == {"marked": 3, "unread": 1}
    assert [one["id"] for one in await told(api, pupil, "&unread=true")] == [found[0]["id"]]
    assert await call(api, "POST", f"{NOTIFICATIONS}/read", pupil, {}) == {"marked": 1, "unread": 0}
    for path, status in ((new_id(), 404), ("x", 422)):
        answer = await api.call("PATCH", f"{NOTIFICATIONS}/{path}", {"read": True}, by=pupil)
        assert answer.status == status, answer
    theirs = await api.call("PATCH", f"{NOTIFICATIONS}/{found[0]['id']}", {"read": True}, by=teacher)
    assert theirs.status == 404, "another's"
    assert (await api.call("POST", f"{NOTIFICATIONS}/read", {"up_to": "x"}, by=pupil)).status == 422


@pytest.mark.both_databases
async def test_a_long_list_comes_in_pages(api: Api, teacher: Person, pupil: Person, course: str) -> None:
    for number in range(5):
        await announce(api, course, teacher, f"News {number}")
    seen, cursor = [], ""
    for _ in range(3):
        page = (await api.call("GET", f"{NOTIFICATIONS}?limit=2{cursor}", by=pupil)).body
        seen += [one["title"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"News {number}" for number in (4, 3, 2, 1, 0)]
    assert page["next_cursor"] is None


async def test_a_thousand_people_are_told_in_one_statement(api: Api, teacher: Person) -> None:
    database = api.server.services.database
    course = await make_course(api, teacher)
    async with database.transaction() as tx:
        people = await add_rows(tx, "users", 1000, erased_at=None)
        for number, one in enumerate(people):
            theirs = {"course_id": course, "user_id": one["id"], "added_by": None}
            more = {"status": "active", "role": "student"}
            await add_rows(tx, "course_enrollments", 1, number, **theirs, **more)
    with hearing() as heard:
        await announce(api, course, teacher)
    written = [text for text in heard.of_calls if "INSERT INTO notifications" in text]
    assert len(written) == 1, written
    async with database.read() as tx:
        assert len(set((await tx.execute(select(notifications.c.user_id))).scalars())) == 1000


async def test_each_role_is_told_what_is_for_it_and_nobody_twice(api: Api, teacher: Person) -> None:
    """Whoever was given a role has that, however they are enrolled; who waits is not in the course."""
    course = await make_course(api, teacher, max_students=2)
    people = {name: await student(api, name) for name in ("one", "raised", "waits", "given")}
    for name in ("one", "raised"):
        await enrol(api, course, people[name])
    for name, role in (("raised", "assistant"), ("given", "student")):
        wish = {"user_id": people[name].user_id, "role": role}
        await call(api, "POST", f"{BASE}/{course}/permissions", teacher, wish)
    assert (await enrol(api, course, people["waits"])).body["status"] == "waiting"
    ids = {one.user_id: name for name, one in people.items()} | {teacher.user_id: "teacher"}
    expected = {
        Whom.EVERYBODY: ["given", "one", "raised", "teacher"],
        Whom.STAFF: ["raised", "teacher"],
        Whom.STUDENTS: ["given", "one"],
    }
    async with api.server.services.database.read() as tx:
        for whom, names in expected.items():
            found = (await tx.execute(people_in(course, teacher.user_id, whom))).scalars().all()
            assert sorted(ids[str(one)] for one in found) == names, whom


@pytest.mark.sqlite_alone
async def test_who_is_given_a_role_is_told_once_and_by_which_hand_does_not_matter(
    api: Api, teacher: Person, pupil: Person
) -> None:
    course = await make_course(api, teacher, status="draft")
    at = f"{BASE}/{course}/permissions"
    for who, role in ((pupil, "student"), (pupil, "ta"), (pupil, "assistant"), (teacher, "teacher")):
        answer = await api.call("POST", at, {"user_id": who.user_id, "role": role}, by=teacher)
        assert answer.status == 201, answer
    [news] = [one for one in await told(api, pupil) if one["kind"] == "role_given"]
    assert news["text"] == "You are an assistant in PHY-101 now.", "of a draft students hear nothing"
    assert "role_given" not in await kinds(api, teacher)


async def test_other_features_add_their_kinds_with_one_call(api: Api, pupil: Person) -> None:
    services = api.server.services
    notifier = services.notifications.notifier
    with pytest.raises(KeyError):
        async with services.database.transaction() as tx:
            await notifier.tell(tx, News(QUIZ.word, "Graded"), these([pupil.user_id]))
    notifier.kinds.add(QUIZ)
    with pytest.raises(ValueError, match="there is a kind"):
        notifier.kinds.add(QUIZ)
    for _ in range(2):
        async with services.database.transaction() as tx:
            await notifier.tell(tx, News(QUIZ.word, "Graded", once="quiz 1"), these([pupil.user_id]))
    async with services.database.transaction() as tx:
        assert await notifier.tell(tx, News(QUIZ.word, "Nobody's"), these([])) is None
    assert [one["title"] for one in await told(api, pupil)] == ["Graded"], "what is told once is told once"
    async with services.database.read() as tx:
        assert len((await tx.execute(select(news.c.id))).scalars().all()) == 1


async def test_what_is_not_stored_is_told_to_nobody(school: School, pupil: Person) -> None:
    services = school.api.server.services
    client = await school.connect(pupil)
    notifier = services.notifications.notifier
    with pytest.raises(ZeroDivisionError):
        async with services.database.transaction() as tx:
            await notifier.tell(tx, News("announcement", "Never"), these([pupil.user_id]))
            raise ZeroDivisionError
    async with services.database.transaction() as tx:
        await notifier.tell(tx, News("announcement", "This"), these([pupil.user_id]))
    assert (await client.pushes("news"))["title"] == "This"
    assert [one["title"] for one in await told(school.api, pupil)] == ["This"]


async def test_news_is_pushed_once_to_whom_it_is_told_and_no_other(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    client, other = await school.connect(pupil), await school.connect(await student(api, "outsider"))
    await announce(api, course, teacher)
    pushed = await client.pushes("news")
    [one] = await told(api, pupil)
    assert (pushed["id"], pushed["kind"], pushed["link"]) == (one["id"], "announcement", one["link"])
    for _ in range(3):
        await api.server.services.accounts.revocations.look()
    await announce(api, course, teacher, "Second")
    assert (await client.pushes("news"))["title"] == "Second", "the first not again"
    assert not [name for name, _ in other.pushed if name == "news"]


async def test_staff_are_told_at_once_of_what_is_handed_in_in_one_line_for_each_assignment(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    pupils = [pupil, *[await student(api, f"late-{number}") for number in range(9)]]
    for one in pupils[1:]:
        assert (await enrol(api, course, one)).status == 201
    at = await homework.assign(api, course, teacher, title="Essay")
    drafts = [await homework.begin(api, at, one) for one in pupils]
    client, other = await school.connect(teacher), await school.connect(pupil)
    assert (await homework.hand_in(api, drafts[0], pupil)).status == 200
    pushed = await client.pushes("news")
    assert (pushed["kind"], pushed["title"]) == ("handed_in", "Essay") and "is 1 handed in" in pushed["text"]
    assert pushed["link"] == f"/courses/{course}/assignments?assignment={at.rpartition('/')[2]}"
    handed = zip(drafts[1:], pupils[1:], strict=True)
    answers = await asyncio.gather(*(homework.hand_in(api, draft, who) for draft, who in handed))
    assert [one.status for one in answers] == [200] * 9
    while "are 10 handed in" not in pushed["text"]:
        pushed = await client.pushes("news")
    [line] = [one for one in await told(api, teacher) if one["kind"] == "handed_in"]
    assert (line["id"], line["read_at"]) == (pushed["id"], None)
    assert "handed_in" not in await kinds(api, pupil)
    assert not [news for name, news in other.pushed if name == "news" and news["kind"] == "handed_in"]
    assert (await api.call("DELETE", at, by=teacher)).status == 204
    assert "handed_in" not in await kinds(api, teacher)


async def test_what_is_old_is_forgotten(
    api: Api, teacher: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = api.server.services.notifications.service
    for number in range(21):
        await announce(api, course, teacher, f"News {number}")
    assert await service.trim() == 0
    monkeypatch.setattr(service, "_clock", lambda: datetime.now(UTC) + timedelta(days=181))
    assert await service.trim() == 21
    assert await told(api, pupil) == []
    monkeypatch.setattr(service, "_keep_days", 0)
    await announce(api, course, teacher)
    assert await service.trim() == 0, "0 keeps everything"
