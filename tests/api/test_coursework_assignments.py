"""Assignments: due, late, for groups; handed in as drafts that become what they were at a moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.assignment_material import assign, begin, hand_in, prepared, soon
from tests.api.course_material import BASE, add_lesson, enrol, make_course, student
from tests.api.coursework_material import PDF, lying, until, upload
from tests.api.notification_material import kinds, told
from tests.serving import Answer, Api, Person
from tests.statements import hearing
from vtp.coursework.assignment_news import AssignmentNews
from vtp.notifications.news import News

RUBRIC = [{"id": "form", "title": "Form", "points": 4}, {"id": "facts", "title": "Facts", "points": 6.5}]


def course_of(at: str) -> str:
    return at.split("/")[4]


async def test_an_attempt_is_written_handed_in_and_kept_beside_the_next(api: Api) -> None:
    teacher, pupil, at = await prepared(api, max_attempts=2, due_at=soon(days=1))
    draft = await begin(api, at, pupil)
    sent = await upload(api, f"{draft}/files", pupil, name="essay.pdf")
    assert sent.status == 201, sent
    assert (await api.call("PUT", draft, {"text": "Better"}, by=pupil)).body["text"] == "Better"
    assert (await api.call("GET", draft, by=teacher)).status == 403, "a draft is nobody else's"
    assert (await api.call("GET", f"{at}/submissions", by=teacher)).body["items"] == []
    done = (await hand_in(api, draft, pupil)).body
    assert (done["status"], done["attempt"], done["late_days"]) == ("on_time", 1, 0)
    assert [one["name"] for one in done["files"]] == ["essay.pdf"]
    assert (await hand_in(api, draft, pupil)).body == done, "again it is the same"
    for method, path, body in (
        ("PUT", draft, {"text": "x"}),
        ("DELETE", draft, None),
        ("DELETE", f"{draft}/files/{sent.body['id']}", None),
    ):
        refused = await api.call(method, path, body, by=pupil)
        assert (refused.status, refused.body["code"]) == (409, "handed_in"), (method, path)
    assert (await upload(api, f"{draft}/files", pupil)).status == 409
    second = await begin(api, at, pupil, "Second")
    again = await api.call("POST", f"{at}/submissions", {}, by=pupil)
    assert (again.status, again.body["code"]) == (409, "draft_exists")
    assert (await hand_in(api, second, pupil)).body["attempt"] == 2
    over = await api.call("POST", f"{at}/submissions", {}, by=pupil)
    assert (over.status, over.body["code"]) == (409, "no_attempt_left")
    shown = (await api.call("GET", f"{at}/submissions?user_id={pupil.user_id}", by=teacher)).body["items"]
    assert [(one["attempt"], one["text"]) for one in shown] == [(2, "Second"), (1, "Better")]
    file = f"{BASE}/{course_of(at)}/files/{sent.body['id']}"
    assert (await api.call("GET", file, by=teacher)).body == PDF
    assert (await api.call("GET", file, by=pupil)).body == PDF


async def test_a_draft_does_not_cut_the_list_of_what_one_student_handed_in_short(api: Api) -> None:
    teacher, pupil, at = await prepared(api)
    for _ in range(3):
        assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    await begin(api, at, pupil)
    for wish in ("?limit=2", f"?user_id={pupil.user_id}&limit=2"):
        first = (await api.call("GET", f"{at}/submissions{wish}", by=teacher)).body
        rest = await api.call("GET", f"{at}/submissions{wish}&cursor={first['next_cursor']}", by=teacher)
        shown = [one["attempt"] for one in (*first["items"], *rest.body["items"])]
        assert shown == [3, 2, 1] and rest.body["next_cursor"] is None, wish
    own = (await api.call("GET", f"{at}/submissions?limit=1", by=pupil)).body["items"]
    assert [one["attempt"] for one in own] == [4], "one's own draft is there"


async def test_nobody_sees_what_a_classmate_does(api: Api) -> None:
    _, pupil, at = await prepared(api)
    other = await student(api, "other")
    await enrol(api, course_of(at), other)
    draft = await begin(api, at, pupil)
    file = (await upload(api, f"{draft}/files", pupil)).body["id"]
    await hand_in(api, draft, pupil)
    assert (await api.call("GET", f"{at}/submissions", by=other)).body["items"] == []
    for path in (draft, f"{BASE}/{course_of(at)}/files/{file}"):
        refused = await api.call("GET", path, by=other)
        assert (refused.status, refused.body["code"]) == (403, "not_yours"), path
    assert (await hand_in(api, draft, other)).status == 403


async def test_a_deleted_draft_takes_its_files_along_and_an_empty_one_is_not_handed_in(api: Api) -> None:
    _, pupil, at = await prepared(api)
    draft = await begin(api, at, pupil, "")
    refused = await hand_in(api, draft, pupil)
    assert (refused.status, refused.body["code"]) == (409, "empty")
    await upload(api, f"{draft}/files", pupil)
    assert (await api.call("DELETE", draft, by=pupil)).status == 204

    async def gone() -> bool:
        return not lying(api)

    await until(gone)


@pytest.mark.parametrize(
    ("policy", "status"), [({"late_policy": "refuse"}, 409), ({"late_policy": "accept"}, 200)]
)
async def test_what_is_late_is_taken_or_not_as_the_policy_says(
    api: Api, policy: dict[str, str], status: int
) -> None:
    teacher, pupil, at = await prepared(api, due_at=soon(days=1))
    draft = await begin(api, at, pupil)
    moved = await api.call("PATCH", at, {**policy, "due_at": soon(days=-2.5)}, by=teacher)
    assert moved.status == 200, moved
    answer = await hand_in(api, draft, pupil)
    assert answer.status == status, answer
    if status == 200:
        assert (answer.body["status"], answer.body["late_days"]) == ("late", 3)
        await api.call("PATCH", at, {"due_at": soon(days=1)}, by=teacher)
        assert (await api.call("GET", draft, by=pupil)).body["status"] == "on_time", "the date was moved"
    else:
        assert answer.body["code"] == "assignment_closed"


@pytest.mark.both_databases
async def test_a_class_that_hands_in_within_the_last_second_is_on_time_by_when_it_came(api: Api) -> None:
    """All wait for the same writer until it is over; what counts is when each call has come."""
    teacher, pupil, at = await prepared(api, due_at=soon(days=1))
    people = [pupil, *[await student(api, f"pupil{n}") for n in range(19)]]
    for one in people[1:]:
        await enrol(api, course_of(at), one)
    drafts = [await begin(api, at, one) for one in people]
    due = datetime.now(UTC) + timedelta(hours=1)
    assert (await api.call("PATCH", at, {"due_at": due.isoformat()}, by=teacher)).status == 200
    services = api.server.services
    came = iter(due + timedelta(microseconds=50_000 * (n - 13)) for n in range(20))
    heard: list[datetime] = []
    all_there = asyncio.Event()

    def clock() -> datetime:
        heard.append(next(came))
        if len(heard) == 20:
            all_there.set()
        return heard[-1]

    services.coursework.submissions._clock = clock
    async with services.database.transaction() as tx:
        from sqlalchemy import text

        await tx.execute(text("UPDATE submissions SET updated_at = updated_at"))  # all of them are held
        calls = [
            asyncio.create_task(hand_in(api, draft, one)) for draft, one in zip(drafts, people, strict=True)
        ]
        await asyncio.wait_for(all_there.wait(), 30)
        assert not any(one.done() for one in calls)
    answers = await asyncio.gather(*calls)
    assert {one.status for one in answers} == {200}
    statuses = sorted(one.body["status"] for one in answers)
    assert statuses == ["late"] * 6 + ["on_time"] * 14
    by_time = sorted((one.body["handed_in_at"], one.body["status"]) for one in answers)
    assert [status for _, status in by_time] == ["on_time"] * 14 + ["late"] * 6
    stored = (await api.call("GET", f"{at}/submissions", by=teacher)).body["items"]
    assert len(stored) == 20


@pytest.mark.both_databases
async def test_one_hand_in_of_twenty_at_once_counts_and_all_hear_the_same(api: Api) -> None:
    _, pupil, at = await prepared(api)
    draft = await begin(api, at, pupil)
    answers = await asyncio.gather(*(hand_in(api, draft, pupil) for _ in range(20)))
    assert {(one.status, one.body["handed_in_at"]) for one in answers} == {
        (200, answers[0].body["handed_in_at"])
    }


@pytest.mark.both_databases
async def test_one_draft_of_many_begun_at_once_is_made(api: Api) -> None:
    _, pupil, at = await prepared(api)
    path = f"{at}/submissions"
    answers = await asyncio.gather(*(api.call("POST", path, {}, by=pupil) for _ in range(8)))
    assert sorted(one.status for one in answers) == [201] + [409] * 7


async def test_a_group_hands_in_together(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    mate, alone = await student(api, "mate"), await student(api, "alone")
    for one in (mate, alone):
        await enrol(api, course_of(at), one)
    refused = await api.call("POST", f"{at}/submissions", {}, by=pupil)
    assert (refused.status, refused.body["code"]) == (409, "no_group")
    reds = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
    made = await api.call("PUT", f"{at}/groups", {"groups": [reds]}, by=teacher)
    assert made.status == 200, made
    draft = await begin(api, at, pupil, "We think")
    assert (await upload(api, f"{draft}/files", mate)).status == 201
    assert (await hand_in(api, draft, mate)).body["group_id"] == made.body["items"][0]["id"]
    assert len((await api.call("GET", f"{at}/submissions", by=pupil)).body["items"]) == 1
    assert (await api.call("GET", draft, by=alone)).status == 403
    assert (await api.call("GET", f"{at}/groups", by=alone)).body["items"] == []
    assert len((await api.call("GET", f"{at}/groups", by=mate)).body["items"]) == 1
    gone = await api.call("PUT", f"{at}/groups", {"groups": []}, by=teacher)
    assert (gone.status, gone.body["code"]) == (409, "group_has_work")
    kept = {**reds, "id": made.body["items"][0]["id"], "members": [mate.user_id, alone.user_id]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [kept]}, by=teacher)).status == 200
    assert (await api.call("GET", draft, by=alone)).status == 200, "who is in it now sees it"
    for wrong in (
        [{"name": "x", "members": [teacher.user_id]}],
        [kept, {"name": "y", "members": [alone.user_id]}],
        [{**kept, "id": teacher.user_id}],
    ):
        assert (await api.call("PUT", f"{at}/groups", {"groups": wrong}, by=teacher)).status == 422, wrong


async def test_of_two_teachers_who_change_the_same_groups_the_second_is_told(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    groups = f"{at}/groups"
    pupils = [pupil, *[await student(api, f"pupil-{number}") for number in range(7)]]
    for one in pupils[1:]:
        assert (await enrol(api, course_of(at), one)).status == 201
    alone = [{"name": f"Group {n}", "members": [one.user_id]} for n, one in enumerate(pupils)]
    first = await api.call("GET", f"{groups}?limit=2", by=teacher)
    tag = {"If-Match": first.headers["ETag"]}
    answers = await asyncio.gather(
        *(
            api.call("PUT", groups, {"groups": [*alone[:n], *alone[n + 1 :]]}, by=teacher, headers=tag)
            for n in range(8)
        )
    )
    assert sorted(one.status for one in answers) == [200] + [412] * 7
    [won] = [one for one in answers if one.status == 200]
    told = [one for one in answers if one.status == 412]
    assert {one.body["code"] for one in told} == {"precondition_failed"}
    page = await api.call("GET", f"{groups}?limit=3", by=teacher)
    more = await api.call("GET", f"{groups}?limit=3&cursor={page.body['next_cursor']}", by=teacher)
    assert page.headers["ETag"] != more.headers["ETag"], "each page is told by its own"
    for tagged in (won, page, more):
        again = await api.call(
            "PUT", groups, {"groups": named(won)}, by=teacher, headers={"If-Match": tagged.headers["ETag"]}
        )
        assert again.status == 200, "as it was: any page of it names it"
    renamed = named(won)
    renamed[0]["name"] = "Reds"
    assert (await api.call("PUT", groups, {"groups": renamed}, by=teacher)).status == 200
    late = await api.call(
        "PUT", groups, {"groups": []}, by=teacher, headers={"If-Match": more.headers["ETag"]}
    )
    assert late.status == 412
    assert (await api.call("GET", groups, by=teacher)).body["items"][0]["name"] == "Reds"


@pytest.mark.both_databases
async def test_of_two_in_a_group_who_write_at_once_the_second_is_told(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    mate = await student(api, "mate")
    await enrol(api, course_of(at), mate)
    reds = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [reds]}, by=teacher)).status == 200
    made = await api.call("POST", f"{at}/submissions", {"text": "Intro"}, by=pupil)
    draft = f"{at}/submissions/{made.body['id']}"

    async def write(text: str, by: Person, seen: Answer) -> Answer:
        tag = {"If-Match": seen.headers["ETag"]}
        return await api.call("PUT", draft, {"text": text}, by=by, headers=tag)

    file = await upload(api, f"{draft}/files", mate)
    assert file.status == 201
    pages = await write("Intro, and three pages", mate, made)
    assert pages.status == 200, "a file is no other text"
    late = await write("Intro.", pupil, made)
    assert (late.status, late.body["code"]) == (412, "precondition_failed")
    tag = {"If-Match": made.headers["ETag"]}
    unseen = await api.call("POST", f"{draft}/hand-in", by=pupil, headers=tag)
    assert unseen.status == 412, "nobody hands in what they have not seen"
    again = await write("Intro, and three pages", mate, made)
    assert again.status == 200, "its answer may have been lost"
    now = await api.call("GET", draft, by=pupil)
    assert (now.body["text"], now.body["handed_in_at"]) == ("Intro, and three pages", None)
    for seen, text in ((now, "Intro, and four pages"), (again, "Intro, and five pages")):
        written = await write(text, pupil, seen)
        assert written.status == (200 if seen is now else 412)
    tag = {"If-Match": (await api.call("GET", draft, by=mate)).headers["ETag"]}
    for _ in range(2):
        done = await api.call("POST", f"{draft}/hand-in", by=mate, headers=tag)
        assert (done.status, done.body["text"]) == (200, "Intro, and four pages")


@pytest.mark.both_databases
async def test_a_group_goes_on_without_a_member_who_left_the_course(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True, points=100)
    mate, third, gone = [await student(api, name) for name in ("mate", "third", "gone")]
    for one in (mate, third, gone):
        await enrol(api, course_of(at), one)
    groups = f"{at}/groups"
    reds, blues = (
        {"name": name, "members": [one.user_id for one in members]}
        for name, members in (("Reds", (pupil, mate)), ("Blues", (gone,)))
    )
    before = await api.call("PUT", groups, {"groups": [reds, blues]}, by=teacher)
    for one in (pupil, gone):
        assert (await hand_in(api, await begin(api, at, one, "We"), one)).status == 200
    for one in (mate, gone):
        left = await api.call("DELETE", f"{BASE}/{course_of(at)}/enroll/{one.user_id}", by=one)
        assert left.status == 200, left
    wish = {"points": 50, "for_group": True, "released": True}
    graded = await api.call("PATCH", f"{at}/grades/{pupil.user_id}", wish, by=teacher)
    assert (graded.status, graded.body["points"]) == (200, 50), graded
    shown = await api.call("GET", groups, by=teacher)
    [now] = named(shown)
    assert now["members"] == [pupil.user_id], "one is for nobody who is there"
    overtaken = {"If-Match": before.headers["ETag"]}
    late = await api.call("PUT", groups, {"groups": named(before)}, by=teacher, headers=overtaken)
    assert late.status == 412, "some have left since"
    [sent] = [one for one in named(before) if one["name"] == "Reds"]
    sent["members"].append(third.user_id)
    saved = await api.call("PUT", groups, {"groups": [sent]}, by=teacher)
    assert saved.status == 200, saved
    assert [sorted(one["members"]) for one in named(saved)] == [sorted([pupil.user_id, third.user_id])]
    nobodys = {"name": "Blues", "members": [gone.user_id]}
    again = await api.call("PUT", groups, {"groups": [*named(saved), nobodys]}, by=teacher)
    assert (again.status, named(again)) == (200, named(saved)), "of nobody there none is made"
    own = (await api.call("GET", groups, by=pupil)).body["items"]
    assert [len(one["members"]) for one in own] == [2]
    for one in (mate, gone):
        assert (await enrol(api, course_of(at), one)).status == 201
    back = await api.call("GET", groups, by=teacher)
    assert sorted(len(one["members"]) for one in named(back)) == [1, 3], "who comes back is in it again"


async def test_accounts_and_groups_are_named_in_capitals_too(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    groups = f"{at}/groups"
    reds = {"name": "Reds", "members": [pupil.user_id.upper()]}
    made = await api.call("PUT", groups, {"groups": [reds]}, by=teacher)
    assert (made.status, named(made)[0]["members"]) == (200, [pupil.user_id])
    kept = {**reds, "id": named(made)[0]["id"].upper()}
    again = await api.call("PUT", groups, {"groups": [kept]}, by=teacher)
    assert (again.status, named(again)) == (200, named(made))
    twice = {"name": "Blues", "members": [pupil.user_id]}
    refused = await api.call("PUT", groups, {"groups": [kept, twice]}, by=teacher)
    assert (refused.status, refused.pointers) == (422, ["/groups/1/members/0"])
    assert refused.body["errors"][0]["detail"] == "Student is in “Reds” and in “Blues”"


async def test_what_is_wrong_with_groups_names_people_and_groups(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    helper = await api.person("teacher", "helper@school.example", full_name="Ada")
    gone = await api.person("student", "gone@school.example", full_name="Cem")
    await enrol(api, course_of(at), gone)
    stranger = await api.person("student", "stranger@school.example", full_name="Dan")
    role = {"user_id": helper.user_id, "role": "assistant"}
    given = await api.call("POST", f"{BASE}/{course_of(at)}/permissions", role, by=teacher)
    assert given.status in (200, 201), given
    groups = f"{at}/groups"
    reds = {"name": "Reds", "members": [pupil.user_id]}
    made = named(await api.call("PUT", groups, {"groups": [reds]}, by=teacher))[0]
    assert (await api.call("DELETE", f"{BASE}/{course_of(at)}/enroll/{gone.user_id}", by=gone)).status == 200
    nobody = "0192f0c0-0000-7000-8000-000000000000"
    for wrong, words in (
        (["Blues", helper.user_id], "Ada in “Blues” is no student of this course"),
        (["Blues", gone.user_id], "Somebody in “Blues” is no student of this course"),
        (["Blues", stranger.user_id], "Somebody in “Blues” is no student of this course"),
        (["Blues", nobody], "Somebody in “Blues” is no student of this course"),
        (["Blues", pupil.user_id, pupil.user_id], "Student is in “Blues” twice"),
    ):
        wish = {"name": wrong[0], "members": wrong[1:]}
        refused = await api.call("PUT", groups, {"groups": [wish]}, by=teacher)
        assert [one["detail"] for one in refused.body["errors"]] == [words], refused
    again = {**made, "name": "Greens", "members": [helper.user_id]}
    refused = await api.call("PUT", groups, {"groups": [made, again]}, by=teacher)
    assert refused.body["errors"][-1]["detail"] == "“Reds” and “Greens” are one and the same group"
    alone = await api.call("PATCH", f"{at}/grades/{pupil.user_id}", {"points": 1}, by=teacher)
    assert alone.status == 200, alone
    await begin(api, at, pupil, "We think")
    gone_one = await api.call("PUT", groups, {"groups": []}, by=teacher)
    assert (gone_one.status, gone_one.body["code"]) == (409, "group_has_work")
    assert "“Reds”" in gone_one.body["detail"]
    new = await api.person("student", "new@school.example", full_name="Eva")
    await enrol(api, course_of(at), new)
    lonely = await api.call(
        "PATCH", f"{at}/grades/{new.user_id}", {"points": 1, "for_group": True}, by=teacher
    )
    assert (lonely.status, lonely.body["code"]) == (409, "no_group")
    assert lonely.body["detail"] == "Eva is in no group of the assignment."


def named(answer: Answer) -> list[dict[str, Any]]:
    """Groups as they are sent."""
    return [
        {"id": one["id"], "name": one["name"], "members": [who["user_id"] for who in one["members"]]}
        for one in answer.body["items"]
    ]


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"late_policy": "deduct"}, "/late_percent"),
        ({"late_until": "2026-03-01T00:00:00Z"}, "/late_until"),
        ({"rubric": RUBRIC, "points": 10}, "/rubric"),
        ({"rubric": [RUBRIC[0]] * 2, "points": 8}, "/rubric"),
        ({"points": 1.005}, "/points"),
        ({"points": -1}, "/points"),
        ({"lesson_id": "01890a5d-ac96-774b-bcce-b302099a8057"}, "/lesson_id"),
    ],
)
async def test_an_assignment_that_contradicts_itself_is_refused(
    api: Api, wish: dict[str, object], pointer: str
) -> None:
    teacher, _, at = await prepared(api, rubric=RUBRIC, points=10.5)
    path = at.rpartition("/")[0]
    refused = await api.call("POST", path, {"title": "x", **wish}, by=teacher)
    assert (refused.status, refused.pointers) == (422, [pointer]), refused


async def test_students_work_on_what_is_released_in_a_course_that_goes_on(api: Api) -> None:
    teacher, pupil, at = await prepared(api)
    hidden = await assign(api, course_of(at), teacher, release_at=soon(days=1))
    assert (await api.call("POST", f"{hidden}/submissions", {}, by=pupil)).status == 403
    assert len((await api.call("GET", f"{BASE}/{course_of(at)}/assignments", by=pupil)).body["items"]) == 1
    assert (await api.call("POST", f"{at}/submissions", {}, by=teacher)).body["code"] == "not_a_student"
    watcher: Person = await api.person("viewer")
    await enrol(api, course_of(at), watcher)
    assert (await api.call("POST", f"{at}/submissions", {}, by=watcher)).body["code"] == "not_a_student"
    draft = await begin(api, at, pupil)
    await api.call("PATCH", f"{BASE}/{course_of(at)}", {"status": "completed"}, by=teacher)
    over = await hand_in(api, draft, pupil)
    assert (over.status, over.body["code"]) == (409, "course_over")


async def test_a_class_is_told_of_an_assignment_once_and_when_it_sees_it(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    hidden = await add_lesson(api, course, teacher, published=False)
    look = api.server.services.coursework.teller.look
    dated = await assign(api, course, teacher, release_at="2199-01-01T00:00:00Z")
    await assign(api, course, teacher, lesson_id=hidden)
    unpublished = await assign(api, course, teacher, published=False)
    await look()
    assert "assignment_added" not in await kinds(api, pupil)
    for number, (path, wish) in enumerate(
        (
            (dated, {"release_at": "2020-01-01T00:00:00Z"}),
            (f"{BASE}/{course}/lessons/{hidden}", {"published": True}),
            (unpublished, {"published": True}),
        ),
        1,
    ):
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
        await asyncio.gather(look(), look())
        assert (await kinds(api, pupil)).count("assignment_added") == number, path


async def texts_of(api: Api, who: Person) -> list[tuple[str, str, str]]:
    """Kinds, titles and texts of what somebody was told of assignments and grades, the oldest first."""
    wanted = "assignment_added", "date_earlier", "grade_released"
    found = [(one["kind"], one["title"], one["text"]) for one in await told(api, who)]
    return [one for one in reversed(found) if one[0] in wanted]


@pytest.mark.both_databases
async def test_what_was_told_of_a_due_date_stays_true_and_an_earlier_one_is_told_anew(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    at = await assign(api, course, teacher, points=10, due_at="2199-12-04T08:00:00Z")
    graded = {"points": 5, "released": True}
    assert (await api.call("PATCH", f"{at}/grades/{pupil.user_id}", graded, by=teacher)).status == 200
    grade = ("grade_released", "Essay", "There is a grade for “Essay”.")

    async def set_to(**wish: Any) -> None:
        assert (await api.call("PATCH", at, wish, by=teacher)).status == 200

    def added(due: str, title: str = "Essay") -> tuple[str, str, str]:
        text = f"There is a new assignment: “{title}”."
        return "assignment_added", title, f"{text} It is due on {due}." if due else text

    def moved(due: str, title: str = "Essay") -> tuple[str, str, str]:
        rest = f"has another date: it is due on {due}." if due else "has no date any more."
        return "date_earlier", title, f"“{title}” {rest}"

    fourth, second, ninth = (f"{day} December 2199 at 08:00 UTC" for day in (4, 2, 9))
    assert await texts_of(api, pupil) == [added(fourth), grade]
    await set_to(due_at="2199-12-09T08:00:00Z")
    assert await texts_of(api, pupil) == [added(ninth), grade], "later: in the list as it is"
    await set_to(due_at="2199-12-02T08:00:00Z")
    assert await texts_of(api, pupil) == [added(second), grade, moved(second)]
    newest = (await told(api, pupil))[0]
    assert (newest["link"], newest["read_at"]) == (
        f"/courses/{course}/assignments?assignment={at.rsplit('/', 1)[1]}",
        None,
    )
    await set_to(due_at="2199-12-02T08:00:00Z", description="Two pages.")
    assert (await told(api, pupil))[0]["id"] == newest["id"], "once"
    await set_to(due_at="2199-12-09T08:00:00Z", title="Paper")
    assert await texts_of(api, pupil) == [added(ninth, "Paper"), grade, moved(ninth, "Paper")]
    await set_to(due_at=None)
    assert await texts_of(api, pupil) == [added("", "Paper"), grade, moved("", "Paper")]
    await set_to(due_at="2199-12-04T08:00:00Z")
    assert await texts_of(api, pupil) == [added(fourth, "Paper"), grade, moved(fourth, "Paper")]
    assert (await told(api, pupil))[0]["id"] != newest["id"], "told anew, where there was none"
    assert "date_earlier" not in await kinds(api, teacher)
    assert (await api.call("DELETE", at, by=teacher)).status == 204
    assert await texts_of(api, pupil) == []


async def test_a_date_that_comes_earlier_while_it_is_hidden_is_told_once_it_is_shown(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    look = api.server.services.coursework.teller.look
    at = await assign(api, course, teacher, due_at="2199-12-04T08:00:00Z")
    over = await assign(api, course, teacher, title="Over", due_at="2020-12-04T08:00:00Z")
    waits = await assign(api, course, teacher, title="Waits", due_at="2199-12-04T08:00:00Z", published=False)
    [first] = [one["id"] for one in await told(api, pupil) if one["title"] == "Essay"]
    earlier = {"due_at": "2199-12-02T08:00:00Z"}
    for path, wish in (
        (at, {"published": False}),
        (at, earlier),
        (over, {"due_at": "2020-12-02T08:00:00Z"}),
        (waits, {"published": True, **earlier}),
    ):
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
    await look()
    assert first not in [one["id"] for one in await told(api, pupil)], "it leads nowhere, and was not true"
    assert (await api.call("PATCH", at, {"published": True}, by=teacher)).status == 200
    await look()
    await look()
    found = {(kind, title): text for kind, title, text in await texts_of(api, pupil)}
    assert set(found) == {("assignment_added", title) for title in ("Essay", "Over", "Waits")}
    for title in ("Essay", "Waits"):
        assert found["assignment_added", title].endswith("It is due on 2 December 2199 at 08:00 UTC.")
    assert found["assignment_added", "Over"].endswith("It is due on 2 December 2020 at 08:00 UTC.")
    assert len(await texts_of(api, pupil)) == 3


@pytest.mark.both_databases
async def test_what_is_changed_while_it_is_hidden_is_read_in_lists_once_it_is_shown(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    look = api.server.services.coursework.teller.look
    lesson = await add_lesson(api, course, teacher)
    at = await assign(api, course, teacher, due_at="2199-12-09T08:00:00Z", lesson_id=lesson)

    async def set_to(path: str = at, **wish: Any) -> list[tuple[str, str, str]]:
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
        await look()
        return await texts_of(api, pupil)

    before = await set_to(due_at="2199-12-04T08:00:00Z")
    lesson_path = f"{BASE}/{course}/lessons/{lesson}"
    await set_to(lesson_path, published=False)
    assert await set_to(title="Secret", due_at="2199-12-09T08:00:00Z") == before
    assert await set_to(title="Draft", due_at=None) == before
    shown = await set_to(lesson_path, published=True)
    assert shown == [
        ("assignment_added", "Draft", "There is a new assignment: “Draft”."),
        ("date_earlier", "Draft", "“Draft” has no date any more."),
    ], "put right, and not told anew"
    await set_to(published=False, title="Secret")
    [told_anew] = await set_to(published=True, due_at="2199-12-02T08:00:00Z")
    due = "It is due on 2 December 2199 at 08:00 UTC."
    assert told_anew == ("assignment_added", "Secret", f"There is a new assignment: “Secret”. {due}")


async def test_of_a_due_date_that_is_over_nobody_is_told_anew(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    for due_at in (None, "2199-12-04T08:00:00Z"):
        at = await assign(api, course, teacher, due_at=due_at)
        assert (await api.call("PATCH", at, {"due_at": "2020-12-04T08:00:00Z"}, by=teacher)).status == 200
    assert "date_earlier" not in await kinds(api, pupil)


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("count", [2, 6])
async def test_the_clocks_of_a_course_are_asked_for_once_for_all_that_its_class_is_told(
    api: Api, count: int
) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher, status="draft")
    assert (await enrol(api, course, teacher, student_id=pupil.user_id)).status == 201
    for number in range(count):
        await assign(api, course, teacher, title=f"Essay {number}", due_at="2199-01-01T00:00:00Z")
    with hearing() as heard:
        opened = await api.call("PATCH", f"{BASE}/{course}", {"status": "active"}, by=teacher)
    assert opened.status == 200
    asked = [text for text in heard.texts() if "course_schedules" in text]
    assert len([text for text in asked if text.startswith("SELECT course_schedules.id")]) == 1, asked
    news = [one["text"] for one in await told(api, pupil) if one["kind"] == "assignment_added"]
    singly = [
        f"There is a new assignment: “Essay {number}”. It is due on 1 January 2199 at 00:00 UTC."
        for number in range(count)
    ]
    assert sorted(news) == (singly if count == 2 else ["There are 6 new assignments."])


@pytest.mark.sqlite_alone
async def test_an_assignment_that_cannot_be_told_of_is_in_no_others_way(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, pupil = await api.person("teacher"), await student(api, "told")
    course = await make_course(api, teacher)
    assert (await enrol(api, course, pupil)).status == 201
    for title in ("Broken", "Whole"):
        at = await assign(api, course, teacher, title=title, published=False)
        assert (await api.call("PATCH", at, {"published": True}, by=teacher)).status == 200
    teller = api.server.services.coursework.teller
    real = AssignmentNews.news

    async def news(of: AssignmentNews, tx: Any, course: Any, items: Any) -> list[News]:
        if any(one.title == "Broken" for one in items):
            raise ValueError("no such words")
        return await real(of, tx, course, items)

    with monkeypatch.context() as patch:
        patch.setattr(AssignmentNews, "news", news)
        assert await teller.look() == 1
    assert await teller.look() == 1, "it waits"
    assert (await kinds(api, pupil)).count("assignment_added") == 2
