"""Who is a student of a course by the role that holds is one everywhere, and has a place; nobody else is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.api.assignment_material import assign, begin, hand_in
from tests.api.course_material import BASE, enrol, make_course, read, student
from tests.api.quiz_material import add_question, make_quiz
from tests.api.quiz_material import begin as begin_quiz
from tests.api.test_courses_enrolment import invite
from tests.api.test_home import home
from tests.serving import Answer, Api, Person
from vtp.accounts.tables import users
from vtp.courses.check import differing_students
from vtp.courses.enrolment_store import count_anew
from vtp.courses.tables import course_enrollments, courses


async def give(api: Api, course: str, by: Person, whom: Person, role: str) -> Answer:
    wish = {"user_id": whom.user_id, "role": role}
    return await api.call("POST", f"{BASE}/{course}/permissions", wish, by=by)


async def take(api: Api, course: str, by: Person, whom: Person) -> None:
    taken = await api.call("DELETE", f"{BASE}/{course}/permissions/{whom.user_id}", by=by)
    assert taken.status == 204, taken


async def students(api: Api, course: str, by: Person, assignment: str = "") -> list[str]:
    """The addresses of a course's students: the same by every list and every count, which it asserts."""
    at = f"{BASE}/{course}"

    async def get(path: str) -> Any:
        answer = await api.call("GET", path, by=by)
        assert answer.status == 200, answer
        return answer.body

    book = {row["email"] for row in (await get(f"{at}/grades"))["items"]}
    rows = (await get(f"{at}/grades/export")).splitlines()[1:]
    assert len(rows) == len(book) and all(any(email in row for row in rows) for email in book)
    results = (await get(f"{at}/quiz-results/export")).splitlines()[1:]
    assert len(results) == len(book)
    listed = (await get(f"{at}/enrollments?status=active&role=student"))["items"]
    assert {row["email"] for row in listed} == book
    report = (await get(f"/api/v1/analytics/reports/attendance?course_id={course}"))["student_attendance"]
    assert {row["student_email"] for row in report} == book
    assert (await read(api, course, by))["enrolled_count"] == len(book)
    if assignment:
        roster = await get(f"{assignment}/roster")
        assert len(roster["items"]) == len(book)
        assert roster["counts"]["students"] == len(book)
    async with api.server.services.database.read() as tx:
        assert [one async for one in differing_students(tx)] == []
    return sorted(email.partition("@")[0] for email in book)


async def places(api: Api, course: str, by: Person) -> list[tuple[str, str, int | None]]:
    """Of everybody who is enrolled: name, role that holds, place on the waiting list."""
    found = (await api.call("GET", f"{BASE}/{course}/enrollments", by=by)).body["items"]
    return [(one["email"].partition("@")[0], one["role_held"], one["place"]) for one in found]


async def test_who_is_given_a_role_of_the_staff_is_a_student_no_more(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, max_students=2)
    ann, ben, cal = [await student(api, name) for name in ("ann", "ben", "cal")]
    for one in (ann, ben, cal):
        assert (await enrol(api, course, one)).status == 201
    task = await assign(api, course, teacher, published=True)
    assert (await hand_in(api, await begin(api, task, ann), ann)).status == 200
    assert [one["waiting"] for one in (await home(api, teacher))["to_grade"]] == [1]
    assert await students(api, course, teacher, task) == ["ann", "ben"]
    assert (await give(api, course, teacher, ann, "assistant")).status == 201
    assert await students(api, course, teacher, task) == ["ben", "cal"], "the place is free"
    assert (await home(api, teacher))["to_grade"] == []
    roster = (await api.call("GET", f"{task}/roster", by=teacher)).body
    assert roster["counts"]["handed_in"] == 0
    assert await places(api, course, teacher) == [
        ("ann", "assistant", None),
        ("ben", "student", None),
        ("cal", "student", None),
    ]
    await take(api, course, teacher, ann)
    assert await students(api, course, teacher, task) == ["ann", "ben", "cal"], "nobody is thrown out"
    assert [one["waiting"] for one in (await home(api, teacher))["to_grade"]] == [1]


async def test_who_is_given_the_role_of_a_student_is_one_with_a_place(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, max_students=1)
    ann, ben, helper = [await student(api, name) for name in ("ann", "ben", "helper")]
    task = await assign(api, course, teacher, published=True)
    quiz = await make_quiz(api, course, teacher, [await add_question(api, course, teacher)])
    assert (await give(api, course, teacher, ann, "student")).status == 201
    assert await students(api, course, teacher, task) == ["ann"]
    assert (await hand_in(api, await begin(api, task, ann), ann)).status == 200
    assert (await begin_quiz(api, course, quiz, ann)).status == 201
    assert [one["waiting"] for one in (await home(api, teacher))["to_grade"]] == [1]
    graded = await api.call("PATCH", f"{task}/grades/{ann.user_id}", {"points": 80}, by=teacher)
    assert graded.status == 200, graded
    # There is no other place: neither for who comes, nor for who waits, nor for who was enrolled as staff.
    assert (await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")).status == 201
    assert (await enrol(api, course, ben)).body["place"] == 1
    for whom in (await student(api, "cal"), ben, helper):
        refused = await give(api, course, teacher, whom, "student")
        assert (refused.status, refused.body["code"]) == (409, "course_full")
    assert await students(api, course, teacher, task) == ["ann"]
    watches = await student(api, "watches")
    assert (await give(api, course, teacher, watches, "viewer")).status == 201, "they take none"
    assert await students(api, course, teacher, task) == ["ann"]
    # Without the role they are in the course no more, and their place is the next one's.
    await take(api, course, teacher, ann)
    assert await students(api, course, teacher, task) == ["ben"]
    assert (await api.call("GET", f"{BASE}/{course}/assignments", by=ann)).status == 403
    wider = {"max_students": 3}
    assert (await api.call("PATCH", f"{BASE}/{course}", wider, by=teacher)).status == 200
    assert (await give(api, course, teacher, helper, "student")).status == 201
    assert await students(api, course, teacher, task) == ["ben", "helper"]
    await take(api, course, teacher, helper)
    assert await students(api, course, teacher, task) == ["ben"], "enrolled as staff, as before"
    # From a student by right to one of the staff, who takes part by that alone.
    assert (await give(api, course, teacher, ann, "student")).status == 201
    assert (await give(api, course, teacher, ann, "assistant")).status == 201
    assert await students(api, course, teacher, task) == ["ben"]
    assert "ann" not in [name for name, *_ in await places(api, course, teacher)]


async def test_who_waits_and_is_given_a_role_of_the_staff_keeps_their_turn(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, max_students=1)
    ann, ben, cal = [await student(api, name) for name in ("ann", "ben", "cal")]
    for one in (ann, ben, cal):
        assert (await enrol(api, course, one)).status == 201
    assert (await give(api, course, teacher, ben, "assistant")).status == 201
    assert await places(api, course, teacher) == [
        ("ann", "student", None),
        ("ben", "assistant", None),
        ("cal", "student", 1),
    ]
    own = (await api.call("GET", f"{BASE}/my-enrollments", by=cal)).body["items"]
    assert [one["place"] for one in own] == [1]
    await take(api, course, teacher, ben)
    assert [place for *_, place in await places(api, course, teacher)] == [None, 1, 2]
    assert (await give(api, course, teacher, ben, "assistant")).status == 201
    assert (await api.call("DELETE", f"{BASE}/{course}/enroll/{ann.user_id}", by=teacher)).status == 200
    assert await students(api, course, teacher) == ["cal"]


async def test_whose_the_course_is_is_none_of_its_students(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, max_students=1)
    heir, ann = await api.person("teacher", "heir@school.example"), await student(api, "ann")
    for one in (heir, ann):
        assert (await enrol(api, course, teacher, student_id=one.user_id)).status == 201
    assert await students(api, course, teacher) == ["heir"]
    wish = {"instructor_id": heir.user_id}
    changed = await api.call("PATCH", f"{BASE}/{course}", wish, by=teacher)
    assert (changed.status, changed.body["enrolled_count"]) == (200, 1)
    assert await students(api, course, heir) == ["ann"]


async def import_list(api: Api, course: str, by: Person, whom: list[Person]) -> list[str]:
    """What became of each, which is what the dry run has said."""
    found = []
    for query in ("?dry_run=true", ""):
        answer = await api.call(
            "POST",
            f"{BASE}/{course}/enrollments/import{query}",
            data="\n".join(["email", *(one.email for one in whom)]).encode(),
            by=by,
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status == 200, answer
        found.append([line["outcome"] for line in answer.body["lines"]])
    assert found[0] == found[1]
    return found[1]


@pytest.mark.parametrize("waiting_list", [True, False])
async def test_staff_who_are_enrolled_take_no_place(api: Api, teacher: Person, waiting_list: bool) -> None:
    course = await make_course(api, teacher, max_students=2, waiting_list=waiting_list)
    ann, ben, cal, dan = [await student(api, name) for name in ("ann", "ben", "cal", "dan")]
    for one in (ann, dan):
        assert (await give(api, course, teacher, one, "assistant")).status == 201
    assert await import_list(api, course, teacher, [ann, ben, cal]) == ["enrolled"] * 3
    assert await students(api, course, teacher) == ["ben", "cal"]
    for one in (dan, teacher):
        came = await enrol(api, course, teacher, student_id=one.user_id)
        assert (came.status, came.body["status"]) == (201, "active"), "the course is full of others"
    assert await students(api, course, teacher) == ["ben", "cal"]


@pytest.mark.parametrize("way", ["by themselves", "by a code", "by staff", "by a list"])
async def test_a_student_by_right_is_enrolled_besides(api: Api, teacher: Person, way: str) -> None:
    course, ann = await make_course(api, teacher, max_students=1), await student(api, "ann")
    code = (await invite(api, course, teacher))["code"]
    assert (await give(api, course, teacher, ann, "student")).status == 201
    source = {"by themselves": "self", "by a code": "code", "by staff": "staff", "by a list": "list"}[way]
    if way == "by a list":
        assert await import_list(api, course, teacher, [ann]) == ["enrolled"]
        assert await import_list(api, course, teacher, [ann]) == ["exists"]
    else:
        by, wish = {
            "by themselves": (ann, {}),
            "by a code": (ann, {"code": code}),
            "by staff": (teacher, {"student_id": ann.user_id}),
        }[way]
        came = await enrol(api, course, by, **wish)
        assert (came.status, came.body["status"], came.body["source"]) == (201, "active", source)
        again = await enrol(api, course, by, **wish)
        assert (again.status, again.body["code"]) == (409, "already_enrolled")
    await take(api, course, teacher, ann)
    assert await students(api, course, teacher) == ["ann"], "as enrolled"
    [row] = (await api.call("GET", f"{BASE}/{course}/enrollments", by=teacher)).body["items"]
    assert row["source"] == source


async def test_an_administrator_who_is_given_the_role_of_a_student_has_a_place(
    api: Api, teacher: Person
) -> None:
    """They may be an administrator no more one day; so may whose the course is."""
    course, other = await make_course(api, teacher, max_students=1), await api.person("admin")
    heir = await api.person("teacher", "heir@school.example")
    assert (await give(api, course, teacher, other, "student")).status == 201
    assert (await give(api, course, other, teacher, "student")).status == 201, "they need no place"
    assert len(await students(api, course, teacher)) == 1
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == other.user_id).values(role="student"))
        await tx.execute(update(courses).values(instructor_id=heir.user_id))
        await count_anew(tx, [course])
    assert len(await students(api, course, heir)) == 2
    assert (await enrol(api, course, await student(api, "ann"))).body["status"] == "waiting"


@pytest.mark.parametrize("role", ["viewer", "student"])
async def test_who_is_enrolled_is_given_less_in_a_full_course(api: Api, teacher: Person, role: str) -> None:
    course = await make_course(api, teacher, max_students=1)
    ann, ben = [await student(api, name) for name in ("ann", "ben")]
    for one in (ann, ben):
        assert (await enrol(api, course, one)).status == 201
    assert (await give(api, course, teacher, ann, "assistant")).status == 201
    assert await students(api, course, teacher) == ["ben"]
    assert (await give(api, course, teacher, ann, role)).status == 201
    assert await students(api, course, teacher) == ["ann", "ben"], "as where the role is taken"


@pytest.mark.parametrize("waiting_list", [True, False])
async def test_who_gets_no_place_by_a_role_is_told_what_would_help(
    api: Api, teacher: Person, waiting_list: bool
) -> None:
    course = await make_course(api, teacher, max_students=1, waiting_list=waiting_list)
    ann, ben, helper = [await student(api, name) for name in ("ann", "ben", "helper")]
    for one in (ann, ben):
        await enrol(api, course, one)
    assert (await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")).status == 201

    async def told(whom: Person) -> str:
        refused = await give(api, course, teacher, whom, "student")
        assert (refused.status, refused.body["code"]) == (409, "course_full")
        return str(refused.body["detail"])

    more = "This course is full: let it have more students"
    assert await told(helper) == f"{more}."
    if waiting_list:
        assert await told(ben) == f"{more}, or wait until it is this person's turn."
        cal = await student(api, "cal")
        assert await told(cal) == f"{more}, or enrol this person, who waits then."
    else:
        assert await told(ben) == f"{more}."


@pytest.mark.drawn(1)
async def test_a_student_by_right_without_a_place_is_found(api: Api, teacher: Person) -> None:
    course, ann = await make_course(api, teacher), await student(api, "ann")
    assert (await give(api, course, teacher, ann, "student")).status == 201
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(course_enrollments))
        found = [one async for one in differing_students(tx)]
    noted, without = found
    assert f"{course} is noted to have 1 student and has 0" in noted
    assert f"{course} has 1 student by right without a place" in without
