"""Grades: drafts and released ones, by rubric, with files; two graders; the book and its table."""

from __future__ import annotations

import asyncio
import csv
import io

import pytest
from sqlalchemy import select, update

from tests.api.assignment_material import assign, begin, hand_in, prepared, soon
from tests.api.course_material import BASE, enrol, student
from tests.api.coursework_material import PDF, upload
from tests.api.notification_material import kinds, told
from tests.serving import Api, Person
from tests.statements import hearing
from vtp.coursework.check import differing_settled
from vtp.coursework.tables import submissions
from vtp.http.pagination import encode_cursor
from vtp.ids import new_id

RUBRIC = [{"id": "form", "title": "Form", "points": 4}, {"id": "facts", "title": "Facts", "points": 6}]


def course_of(at: str) -> str:
    return f"{BASE}/{at.split('/')[4]}"


async def grade(api: Api, at: str, of: Person, by: Person, **wish: object) -> dict[str, object]:
    answer = await api.call("PATCH", f"{at}/grades/{of.user_id}", wish, by=by)
    assert answer.status == 200, answer
    assert isinstance(answer.body, dict)
    return answer.body


async def test_a_grade_is_its_students_once_it_is_released_and_nobody_elses(api: Api) -> None:
    teacher, pupil, at = await prepared(api, rubric=RUBRIC, points=10)
    other = await student(api, "other")
    assert (await api.call("POST", f"{course_of(at)}/enroll", {}, by=other)).status == 201
    nothing = (await api.call("GET", f"{at}/grades/{pupil.user_id}", by=pupil)).body
    assert (nothing["version"], nothing["points"], nothing["released"], nothing["files"]) == (
        0,
        None,
        False,
        [],
    )
    draft = await begin(api, at, pupil)
    await hand_in(api, draft, pupil)
    scores = [{"id": "form", "points": 3.5, "comment": "Neat"}, {"id": "facts", "points": 5}]
    given = await grade(api, at, pupil, teacher, scores=scores, feedback="Good")
    assert (given["points"], given["released"], given["version"]) == (8.5, False, 1)
    assert given["submission_id"] == draft.rpartition("/")[2]
    path = f"{at}/grades/{pupil.user_id}"
    file = await upload(api, f"{path}/files", teacher, name="remarks.pdf")
    assert file.status == 201, file
    had = f"{course_of(at)}/files/{file.body['id']}"
    hidden = await api.call("GET", path, by=pupil)
    assert (hidden.status, hidden.body) == (200, nothing), "a draft is not seen in anything"
    assert (await api.call("GET", had, by=pupil)).status == 403
    mine = (await api.call("GET", f"{course_of(at)}/grades/mine", by=pupil)).body["items"]
    assert [(one["status"], one["points"]) for one in mine] == [("on_time", None)]
    assert "grade_released" not in await kinds(api, pupil)
    assert (await api.call("POST", f"{at}/release-grades", by=teacher)).body == {"released": 1}
    news = {one["kind"]: one["link"] for one in await told(api, pupil)}
    work = f"{course_of(at).removeprefix('/api/v1')}/assignments?assignment={at.rpartition('/')[2]}"
    assert (await kinds(api, pupil)).count("grade_released") == 1 and news["grade_released"] == work
    assert "grade_released" not in await kinds(api, other)
    shown = (await api.call("GET", path, by=pupil)).body
    assert (shown["points"], shown["feedback"], shown["scores"][0]["comment"]) == (8.5, "Good", "Neat")
    assert (await api.call("GET", had, by=pupil)).body == PDF
    for at_path in (path, had):
        assert (await api.call("GET", at_path, by=other)).status == 403
    assert (await api.call("GET", f"{course_of(at)}/grades", by=pupil)).status == 403
    others = (await api.call("GET", f"{course_of(at)}/grades/mine", by=other)).body["items"]
    assert [(one["status"], one["points"]) for one in others] == [("floating", None)]


@pytest.mark.both_databases
async def test_two_graders_do_not_overwrite_each_other(api: Api) -> None:
    teacher, pupil, at = await prepared(api)
    admin = await api.person("admin")
    path = f"{at}/grades/{pupil.user_id}"
    tag = {"If-Match": (await api.call("GET", path, by=teacher)).headers["ETag"]}
    answers = await asyncio.gather(
        *(
            api.call("PATCH", path, {"points": points}, by=by, headers=tag)
            for by, points in ((teacher, 10), (admin, 20))
        )
    )
    assert sorted(one.status for one in answers) == [200, 412], "also of the first grade"
    won = next(one for one in answers if one.status == 200)
    again = {"If-Match": won.headers["ETag"]}
    assert (await api.call("PATCH", path, {"points": 30}, by=admin, headers=again)).status == 200
    assert (await api.call("PATCH", path, {"points": 40}, by=teacher, headers=again)).status == 412
    assert (await api.call("GET", path, by=teacher)).body["points"] == 30


async def test_more_points_than_there_are_and_unknown_criteria_are_refused(api: Api) -> None:
    teacher, pupil, at = await prepared(api, rubric=RUBRIC, points=10)
    path = f"{at}/grades/{pupil.user_id}"
    for wish, pointer in (
        ({"points": 10.5}, "/points"),
        ({"scores": [{"id": "form", "points": 4.5}]}, "/scores/0/points"),
        ({"scores": [{"id": "style", "points": 1}]}, "/scores/0/id"),
        ({"scores": [{"id": "form", "points": 1}] * 2}, "/scores/1/id"),
    ):
        refused = await api.call("PATCH", path, wish, by=teacher)
        assert (refused.status, refused.pointers) == (422, [pointer]), wish
    await grade(api, at, pupil, teacher, points=5)
    changed = await api.call("PATCH", at, {"points": 20, "rubric": []}, by=teacher)
    assert (changed.status, changed.body["code"]) == (409, "already_graded")


async def test_a_group_is_graded_at_once(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    mate = await student(api, "mate")
    await enrol(api, at.split("/")[4], mate)
    group = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
    await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
    await grade(api, at, pupil, teacher, points=50, for_group=True, released=True)
    assert (await api.call("GET", f"{at}/grades/{mate.user_id}", by=mate)).body["points"] == 50


async def entry_of(api: Api, at: str, who: Person) -> dict[str, object]:
    """How somebody stands with the newest assignment of a course."""
    found = (await api.call("GET", f"{course_of(at)}/grades/mine", by=who)).body["items"][0]
    assert isinstance(found, dict)
    return found


@pytest.mark.both_databases
async def test_a_grade_given_without_a_hand_in_is_not_reduced_by_a_late_one(api: Api) -> None:
    deducts = {"late_policy": "deduct", "late_percent": 10}
    teacher, pupil, at = await prepared(api, points=100, due_at=soon(hours=-1), **deducts)
    await grade(api, at, pupil, teacher, points=80, released=True)
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    mine = await entry_of(api, at, pupil)
    assert (mine["status"], mine["percent_off"], mine["final_points"]) == ("late", 0, 80)
    [row] = (await api.call("GET", f"{course_of(at)}/grades", by=teacher)).body["items"]
    assert row["entries"] == [mine]
    waits = (await api.call("GET", "/api/v1/home", by=teacher)).body["to_grade"]
    assert [one["waiting"] for one in waits] == [1], "what came since is to be looked at"
    await grade(api, at, pupil, teacher, points=85)
    assert (await entry_of(api, at, pupil))["final_points"] == 76.5


@pytest.mark.both_databases
async def test_points_that_stay_as_they_are_stay_of_the_attempt_they_were_given_for(api: Api) -> None:
    deducts = {"late_policy": "deduct", "late_percent": 10}
    teacher, pupil, at = await prepared(
        api, points=10, rubric=RUBRIC, for_groups=True, due_at=soon(days=1), **deducts
    )
    mate = await student(api, "mate")
    await enrol(api, at.split("/")[4], mate)
    group = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)).status == 200
    first = await hand_in(api, await begin(api, at, pupil), pupil)
    scores = [{"id": "form", "points": 4, "comment": "gud"}, {"id": "facts", "points": 5}]
    path = f"{at}/grades/{pupil.user_id}"
    unseen = (await api.call("GET", path, by=pupil)).body
    assert unseen["newest_submission_id"] is None, "for staff"
    given = await grade(api, at, pupil, teacher, scores=scores, released=True, for_group=True)
    assert given["newest_submission_id"] == given["submission_id"] == first.body["id"]
    tag = {"If-Match": (await api.call("GET", path, by=teacher)).headers["ETag"]}
    await api.call("PATCH", at, {"due_at": first.body["handed_in_at"]}, by=teacher)
    second = (await hand_in(api, await begin(api, at, mate, "Again"), mate)).body["id"]
    corrected = [{**scores[0], "comment": "Good"}, scores[1]]
    wish = {"scores": corrected, "feedback": "Well done", "for_group": True}
    refused = await api.call("PATCH", path, wish, by=teacher, headers=tag)
    assert refused.status == 412, "there is another attempt"
    kept = await grade(api, at, pupil, teacher, **wish)
    assert (kept["submission_id"], kept["newest_submission_id"]) == (first.body["id"], second)
    for one in (pupil, mate):
        mine = await entry_of(api, at, one)
        assert (mine["percent_off"], mine["final_points"]) == (0, 9)
    bound = await grade(api, at, pupil, teacher, **wish, for_newest=True)
    assert bound["submission_id"] == second
    for one in (pupil, mate):
        assert (await entry_of(api, at, one))["final_points"] == 8.1
    await hand_in(api, await begin(api, at, mate, "Once more"), mate)
    other = [{**scores[0], "points": 3}, {**scores[1], "points": 6}]
    moved = await grade(api, at, pupil, teacher, scores=other)
    assert moved["submission_id"] == moved["newest_submission_id"] != second, "other scores, the same sum"


async def test_a_student_is_told_of_released_points_that_change_and_of_no_typo(api: Api) -> None:
    teacher, pupil, at = await prepared(api, points=100)
    await hand_in(api, await begin(api, at, pupil), pupil)

    async def grades_told() -> list[str]:
        return [one["text"] for one in await told(api, pupil) if one["kind"] == "grade_released"]

    there, changed = "There is a grade for “Essay”.", "Your grade for “Essay” has changed."
    await grade(api, at, pupil, teacher, points=40, released=True)
    assert await grades_told() == [there]
    await grade(api, at, pupil, teacher, points=40, feedback="Mind the commas", released=True)
    assert await grades_told() == [there], "the same points"
    await hand_in(api, await begin(api, at, pupil, "Better"), pupil)
    await grade(api, at, pupil, teacher, points=95, released=True)
    assert await grades_told() == [changed, there]
    await hand_in(api, await begin(api, at, pupil, "No better"), pupil)
    await grade(api, at, pupil, teacher, points=95, for_newest=True)
    assert await grades_told() == [changed, changed, there], "what was handed in anew is graded"
    await grade(api, at, pupil, teacher, released=False)
    await grade(api, at, pupil, teacher, points=90)
    assert len(await grades_told()) == 3, "a draft is not seen"
    await grade(api, at, pupil, teacher, released=True)
    assert await grades_told() == [there, changed, changed, there]


async def test_the_book_is_a_table_that_runs_nothing(api: Api) -> None:
    teacher, pupil, at = await prepared(
        api, title="=1+1", points=20, due_at=soon(days=1), late_policy="deduct", late_percent=25
    )
    course = at.split("/")[4]
    await assign(api, course, teacher, title="Test", due_at=soon(days=-1), points=20)
    draft = await begin(api, at, pupil)
    await api.call("PATCH", at, {"due_at": soon(hours=-30)}, by=teacher)
    await hand_in(api, draft, pupil)
    await grade(api, at, pupil, teacher, points=19)
    await api.call("PATCH", "/api/v1/auth/profile", {"full_name": "@SUM(A1) Ada, „Ä“"}, by=pupil)
    rows = (await api.call("GET", f"{course_of(at)}/grades", by=teacher)).body["items"]
    assert [one["status"] for one in rows[0]["entries"]] == ["missing", "late"]
    assert (rows[0]["percent_to_date"], rows[0]["percent_overall"]) == (47.5, 23.7)
    got = await api.call("GET", f"{course_of(at)}/grades/export", by=teacher)
    assert got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert got.headers["Content-Disposition"].startswith('attachment; filename="grades-')
    header, line = list(csv.reader(io.StringIO(got.body.lstrip("\ufeff"))))
    assert header[3:] == [
        "'=1+1 (20)",
        "'=1+1: status",
        "Test (20)",
        "Test: status",
        "% to date",
        "% overall",
    ]
    assert line[0] == "'@SUM(A1) Ada, „Ä“"
    assert line[3:] == ["9.5", "late", "", "missing", "47.5", "23.7"]


@pytest.mark.both_databases
async def test_the_book_is_had_by_name_in_pages_and_a_student_is_found_in_it(api: Api) -> None:
    teacher, pupil, at = await prepared(api)
    long = "宋" * 200  # its cursor is to be short, too
    for number, name in enumerate((long, "zoe", "Ada", "Ada", "bob")):
        one = await api.person("student", f"s{number}@school.example", full_name=name)
        assert (await enrol(api, at.split("/")[4], one)).status == 201
    names: list[str] = []
    book, cursor = f"{course_of(at)}/grades", ""
    while True:
        page = await api.call("GET", f"{book}?limit=1{cursor}", by=teacher)
        assert page.status == 200, page
        names += [one["full_name"] for one in page.body["items"]]
        if page.body["next_cursor"] is None:
            break
        cursor = f"&cursor={page.body['next_cursor']}"
    exported = await api.call("GET", f"{book}/export", by=teacher)
    table = list(csv.reader(io.StringIO(exported.body.lstrip("\ufeff"))))
    assert [line[0] for line in table[1:]] == names, "the table has them in the order of the pages"
    mine = (await api.call("GET", f"{book}?q=PUPIL", by=teacher)).body["items"]
    assert [one["user_id"] for one in mine] == [pupil.user_id]
    assert [one for one in names if one not in (long, mine[0]["full_name"])] == ["Ada", "Ada", "bob", "zoe"]
    assert sorted(names) == sorted(["Ada", "Ada", "bob", "zoe", long, mine[0]["full_name"]])
    by_address = (await api.call("GET", f"{book}?q=s4@", by=teacher)).body["items"]
    assert [one["full_name"] for one in by_address] == ["bob"]
    for forged in (new_id(), ["a"], ["\0", new_id()], ["\ud800", new_id()], ["a", "b"], [1, new_id()]):
        refused = await api.call("GET", f"{book}?cursor={encode_cursor(forged)}", by=teacher)
        assert (refused.status, refused.pointers) == (422, ["/query/cursor"]), forged


@pytest.mark.both_databases
async def test_ones_own_grades_are_what_the_book_says_and_few_statements(api: Api) -> None:
    teacher, pupil, at = await prepared(api, due_at=soon(days=1), late_policy="deduct", late_percent=10)
    course = at.split("/")[4]
    other = await student(api, "other")
    await enrol(api, course, other)
    together = await assign(api, course, teacher, title="Together", for_groups=True)
    group = {"name": "x", "members": [pupil.user_id, other.user_id]}
    assert (await api.call("PUT", f"{together}/groups", {"groups": [group]}, by=teacher)).status == 200
    await assign(api, course, teacher, title="Nothing yet")
    for where, by in ((at, pupil), (at, other), (together, other)):
        assert (await hand_in(api, await begin(api, where, by), by)).status == 200
    for where, of in ((at, pupil), (together, pupil)):
        await grade(api, where, of, teacher, points=7.5, released=True)
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    await begin(api, at, pupil)  # a draft is no attempt yet
    await grade(api, at, other, teacher, points=3)
    rows = (await api.call("GET", f"{course_of(at)}/grades", by=teacher)).body["items"]
    for who in (pupil, other):
        with hearing() as heard:
            own = await api.call("GET", f"{course_of(at)}/grades/mine", by=who)
        assert len(heard.of_calls) <= 5, heard.of_calls
        (expected,) = (one["entries"] for one in rows if one["user_id"] == who.user_id)
        if who is other:  # the draft of a grade is hidden
            expected[-1] |= {"points": None, "final_points": None}
        assert own.body["items"] == expected
        assert own.body["quizzes"] == []
    assert [one["status"] for one in own.body["items"]] == ["floating", "on_time", "on_time"]
    first = (await api.call("GET", f"{course_of(at)}/grades/mine?limit=1", by=pupil)).body
    rest = f"{course_of(at)}/grades/mine?cursor={first['next_cursor']}"
    then = (await api.call("GET", rest, by=pupil)).body
    assert (then["quizzes"], [one["title"] for one in then["items"]]) == (None, ["Together", "Essay"])


@pytest.mark.both_databases
async def test_groups_of_before_an_assignment_was_for_each_alone_count_no_more(api: Api) -> None:
    teacher, pupil, at = await prepared(api, due_at=soon(days=1), for_groups=True)
    group = {"name": "x", "members": [pupil.user_id]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)).status == 200
    assert (await api.call("PATCH", at, {"for_groups": False}, by=teacher)).status == 200
    draft = await begin(api, at, pupil)
    assert (await hand_in(api, draft, pupil)).status == 200
    book = (await api.call("GET", f"{course_of(at)}/grades", by=teacher)).body["items"]
    mine = (await api.call("GET", f"{course_of(at)}/grades/mine", by=pupil)).body["items"]
    assert mine == book[0]["entries"]
    assert (mine[0]["status"], mine[0]["submission_id"]) == ("on_time", draft.split("/")[-1])
    homes = [(await api.call("GET", "/api/v1/home", by=one)).body for one in (pupil, teacher)]
    assert (homes[0]["due"], [one["waiting"] for one in homes[1]["to_grade"]]) == ([], [1])
    given = await grade(api, at, pupil, teacher, points=1, released=True)
    assert given["submission_id"] == draft.split("/")[-1]
    assert (await api.call("GET", "/api/v1/home", by=teacher)).body["to_grade"] == []


@pytest.mark.both_databases
async def test_what_is_noted_of_work_that_waits_is_what_grades_say(api: Api) -> None:
    teacher, pupil, at = await prepared(api)
    together = await assign(api, at.split("/")[4], teacher, title="Together", for_groups=True)
    group = {"name": "x", "members": [pupil.user_id]}
    assert (await api.call("PUT", f"{together}/groups", {"groups": [group]}, by=teacher)).status == 200
    database = api.server.services.database

    async def settled() -> list[bool]:
        async with database.read() as tx:
            assert [one async for one in differing_settled(tx)] == []
            rows = await tx.execute(select(submissions.c.settled).order_by(submissions.c.id))
            return list(rows.scalars())

    for where in (at, together):
        assert (await hand_in(api, await begin(api, where, pupil), pupil)).status == 200
    assert await settled() == [False, False]
    for where in (at, together):
        await grade(api, where, pupil, teacher, points=1)
    assert await settled() == [False, False], "drafts"
    assert (await api.call("POST", f"{at}/release-grades", by=teacher)).status == 200
    await grade(api, together, pupil, teacher, released=True)
    assert await settled() == [True, False], "of a group each member has a grade"
    await grade(api, at, pupil, teacher, released=False)
    assert await settled() == [False, False]
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    await grade(api, at, pupil, teacher, points=2, released=True)
    assert await settled() == [False, False, True], "the grade is for the last attempt"
    async with database.transaction() as tx:
        await tx.execute(update(submissions).values(settled=~submissions.c.settled))
        assert len([one async for one in differing_settled(tx)]) == 3


async def test_the_roster_of_an_assignment_is_had_in_pages_from_any_student_on(api: Api) -> None:
    teacher, pupil, at = await prepared(api, points=10, for_groups=True)
    mates = [await student(api, name) for name in ("mate", "late", "idle")]
    for one in mates:
        await enrol(api, at.split("/")[4], one)
    group = {"name": "Reds", "members": [pupil.user_id, mates[0].user_id]}
    await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    await grade(api, at, mates[1], teacher, points=4)
    first = (await api.call("GET", f"{at}/roster?limit=3", by=teacher)).body
    assert first["counts"] == {"students": 4, "handed_in": 2, "drafts": 1}
    assert [one["user_id"] for one in first["items"]] == [one.user_id for one in (pupil, *mates[:2])]
    assert [one["entry"]["handed_in_at"] is not None for one in first["items"]] == [True, True, False]
    assert (first["items"][2]["entry"]["points"], first["items"][2]["entry"]["released"]) == (4, False)
    rest = (await api.call("GET", f"{at}/roster?limit=3&cursor={first['next_cursor']}", by=teacher)).body
    assert (rest["counts"], rest["next_cursor"]) == (None, None)
    assert [one["user_id"] for one in rest["items"]] == [mates[2].user_id]
    from_there = await api.call("GET", f"{at}/roster?limit=2&student_id={mates[1].user_id}", by=teacher)
    assert [one["user_id"] for one in from_there.body["items"]] == [one.user_id for one in mates[1:]]
    called = (await api.call("GET", f"{at}/roster?q=LATE@", by=teacher)).body
    assert [one["user_id"] for one in called["items"]] == [mates[1].user_id]
    assert called["counts"]["students"] == 4
    nobody = await api.call("GET", f"{at}/roster?student_id={teacher.user_id}", by=teacher)
    assert (nobody.status, nobody.body["items"]) == (200, [])
    assert (await api.call("GET", f"{at}/roster?student_id=x", by=teacher)).pointers == ["/query/student_id"]
