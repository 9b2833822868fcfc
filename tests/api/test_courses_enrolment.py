"""Enrolment: by oneself, by staff, by code, link and list; places, who waits for them, and who leaves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.api.course_material import BASE, enrol, make_course, read, student
from tests.api.notification_material import kinds
from tests.serving import Answer, Api, Person
from vtp.courses.check import differing_students
from vtp.courses.tables import course_invitations, courses
from vtp.ids import new_id


async def people(api: Api, course: str, by: Person, query: str = "") -> list[tuple[str, str, int | None]]:
    """Who is in a course: name of the address, status, place."""
    answer = await api.call("GET", f"{BASE}/{course}/enrollments?{query}", by=by)
    assert answer.status == 200, answer
    return [(one["email"].partition("@")[0], one["status"], one["place"]) for one in answer.body["items"]]


async def invite(api: Api, course: str, by: Person, **wish: Any) -> Any:
    made = await api.call("POST", f"{BASE}/{course}/invitations", wish, by=by)
    assert made.status == 201, made
    return made.body


def outcomes(answers: list[Answer]) -> dict[str, int]:
    """How often each answer was given: a status, or the code of a refusal."""
    words = [one.body["status"] if one.status == 201 else one.body["code"] for one in answers]
    return {word: words.count(word) for word in set(words)}


async def test_students_enrol_by_themselves_and_staff_enrol_them(api: Api, teacher: Person) -> None:
    ann, ben = await student(api, "ann"), await student(api, "ben")
    course = await make_course(api, teacher)
    own = await enrol(api, course, ann)
    assert own.status == 201
    assert {"id", "student_id", "enrollment_date", "status"} <= own.body.keys()
    assert (own.body["student_id"], own.body["status"], own.body["source"]) == (ann.user_id, "active", "self")
    empty = await api.call("POST", f"{BASE}/{course}/enroll", by=ben)
    assert empty.status == 201, "without a body, too"
    twice = await enrol(api, course, ann)
    assert (twice.status, twice.body["code"]) == (409, "already_enrolled")
    assert (await enrol(api, course, ann, student_id=ben.user_id)).status == 403
    assert (await enrol(api, course, await student(api, "eve"), role="teacher")).status == 403
    cal = await student(api, "cal")
    by_mail = await enrol(api, course, teacher, email="CAL@school.example")
    assert (by_mail.body["student_id"], by_mail.body["source"]) == (cal.user_id, "staff")
    helper = await student(api, "helper")
    made = await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    assert made.body["role"] == "assistant"
    for wish, pointer in (
        ({"email": "nobody@school.example"}, "/email"),
        ({"student_id": new_id()}, "/student_id"),
        ({"student_id": "x"}, "/student_id"),
    ):
        answer = await enrol(api, course, teacher, **wish)
        assert (answer.status, answer.pointers) == (422, [pointer])
    dan = await student(api, "dan")
    assert (await enrol(api, course, helper, student_id=dan.user_id)).status == 201
    assert (await enrol(api, course, helper, email="eve@school.example", role="teacher")).status == 403
    assert await people(api, course, helper, "role=student") == [
        (name, "active", None) for name in ("ann", "ben", "cal", "dan")
    ]
    assert (await people(api, course, teacher, "q=HELP")) == [("helper", "active", None)]
    assert (await read(api, course, teacher))["enrolled_count"] == 4, "staff take no place"
    assert (await api.call("GET", f"{BASE}/{course}/enrollments", by=ann)).status == 403


async def test_settings_and_status_say_who_enrols_by_themselves(api: Api, teacher: Person) -> None:
    ann = await student(api, "ann")
    closed = await make_course(api, teacher, self_enrolment=False)
    refused = await enrol(api, closed, ann)
    assert (refused.status, refused.body["code"]) == (403, "invitation_needed")
    draft = await make_course(api, teacher, status="draft")
    code = (await invite(api, draft, teacher))["code"]
    early = await enrol(api, draft, ann, code=code)
    assert (early.status, early.body["code"]) == (409, "course_not_open")
    assert (await enrol(api, draft, teacher, student_id=ann.user_id)).status == 201
    mine = "/api/v1/courses/my-enrollments"
    assert (await api.call("GET", mine, by=ann)).body["items"] == [], "a draft is not theirs to see"
    await api.call("PATCH", f"{BASE}/{draft}", {"status": "active"}, by=teacher)
    assert (await enrol(api, closed, ann, code=(await invite(api, closed, teacher))["code"])).status == 201
    listed = (await api.call("GET", mine, by=ann)).body["items"]
    assert [(one["course_id"], one["course"]["name"], one["role"]) for one in listed] == [
        (closed, "Mechanics", "student"),
        (draft, "Mechanics", "student"),
    ]
    page = (await api.call("GET", f"{mine}?limit=1", by=ann)).body
    rest = (await api.call("GET", f"{mine}?limit=1&cursor={page['next_cursor']}", by=ann)).body
    assert [one["course_id"] for one in (*page["items"], *rest["items"])] == [closed, draft]


@pytest.mark.both_databases
async def test_of_two_who_want_the_last_place_one_gets_it_and_the_other_waits(
    api: Api, teacher: Person
) -> None:
    both = [await student(api, name) for name in ("ann", "ben")]
    course = await make_course(api, teacher, max_students=1)
    answers = await asyncio.gather(*(enrol(api, course, one) for one in both))
    assert outcomes(list(answers)) == {"active": 1, "waiting": 1}
    [late] = [one for one in answers if one.body["status"] == "waiting"]
    assert late.body["place"] == 1
    strict = await make_course(api, teacher, max_students=1, waiting_list=False)
    answers = await asyncio.gather(*(enrol(api, strict, one) for one in both))
    assert outcomes(list(answers)) == {"active": 1, "course_full": 1}


@pytest.mark.both_databases
async def test_of_twenty_who_come_at_once_ten_get_a_place_and_ten_wait_in_turn(
    api: Api, teacher: Person
) -> None:
    """By themselves and by a code that is good for 15; each of them tries twice."""
    crowd = [await student(api, f"s{number}") for number in range(20)]
    course = await make_course(api, teacher, max_students=10)
    code = (await invite(api, course, teacher, max_uses=15))["code"]
    answers = await asyncio.gather(
        *(enrol(api, course, one, **({"code": code} if n % 2 else {})) for n, one in enumerate(crowd)),
        *(enrol(api, course, one) for one in crowd),
    )
    assert outcomes(list(answers)).keys() == {"active", "waiting", "already_enrolled", "already_waiting"}
    made = outcomes([one for one in answers if one.status == 201])
    assert made == {"active": 10, "waiting": 10}
    assert (await read(api, course, teacher))["enrolled_count"] == 10
    listed = await people(api, course, teacher)
    assert [place for _, _, place in listed] == [None] * 10 + list(range(1, 11))
    assert await people(api, course, teacher, "status=waiting") == listed[10:]
    used = (await api.call("GET", f"{BASE}/{course}/invitations", by=teacher)).body["items"][0]["uses"]
    by_code = [one for one in answers if one.status == 201 and one.body["source"] == "code"]
    assert used == len(by_code)

    names = {one.email.partition("@")[0]: one for one in crowd}
    gone = [names[name] for name, _, _ in listed[:5]]
    left = await asyncio.gather(
        *(api.call("DELETE", f"{BASE}/{course}/enroll/{one.user_id}", by=one) for one in gone)
    )
    assert [(one.status, one.body["status"], one.body["moved_up"]) for one in left] == [
        (200, "deleted", 1)
    ] * 5
    now = await people(api, course, teacher)
    assert [(name, place) for name, _, place in now] == [
        *((name, None) for name, _, _ in listed[5:15]),
        *((name, place) for place, (name, _, _) in enumerate(listed[15:], 1)),
    ]
    await api.call("PATCH", f"{BASE}/{course}", {"max_students": 12}, by=teacher)
    assert (await read(api, course, teacher))["enrolled_count"] == 12
    await api.call("PATCH", f"{BASE}/{course}", {"max_students": 1}, by=teacher)
    assert (await read(api, course, teacher))["enrolled_count"] == 12, "nobody is thrown out"
    await api.call("PATCH", f"{BASE}/{course}", {"max_students": None}, by=teacher)
    assert await people(api, course, teacher, "status=waiting") == []


async def test_a_place_that_an_erased_person_had_is_given_to_who_waits(api: Api, teacher: Person) -> None:
    admin, ann, ben = await api.person("admin"), await student(api, "ann"), await student(api, "ben")
    course = await make_course(api, teacher, max_students=1)
    for one in (ann, ben):
        assert (await enrol(api, course, one)).status == 201
    assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
    assert await people(api, course, teacher) == [("ben", "waiting", 1)]
    places = api.server.services.courses.places
    assert [await places.fill(), await places.fill()] == [1, 0]
    assert await people(api, course, teacher) == [("ben", "active", None)]


@pytest.mark.parametrize("way", ["by themselves", "by a code", "by staff", "by a list"])
async def test_nobody_who_comes_takes_the_place_that_somebody_waits_for(
    api: Api, teacher: Person, way: str
) -> None:
    admin, (ann, ben, cal) = (
        await api.person("admin"),
        [await student(api, one) for one in ("ann", "ben", "cal")],
    )
    course = await make_course(api, teacher, max_students=1)
    code = (await invite(api, course, teacher))["code"]
    for one in (ann, ben):
        assert (await enrol(api, course, one)).status == 201
    assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
    told = await api.call("POST", f"{BASE}/join/check", {"code": code}, by=cal)
    assert told.body["places_left"] == 0
    if way == "by a list":
        for query in ("?dry_run=true", ""):
            listed = await api.call(
                "POST",
                f"{BASE}/{course}/enrollments/import{query}",
                data=f"email\n{cal.email}\n".encode(),
                by=teacher,
                headers={"Content-Type": "text/csv"},
            )
            assert (listed.body["enrolled"], listed.body["waiting"]) == (0, 1), query
    else:
        by, wish = {
            "by themselves": (cal, {}),
            "by a code": (cal, {"code": code}),
            "by staff": (teacher, {"student_id": cal.user_id}),
        }[way]
        came = await enrol(api, course, by, **wish)
        assert (came.body["status"], came.body["place"]) == ("waiting", 1)
    assert await people(api, course, teacher) == [("ben", "active", None), ("cal", "waiting", 1)]
    assert (await kinds(api, ben))[0] == "place_free"


async def test_students_are_told_of_no_course_that_they_do_not_see(api: Api, teacher: Person) -> None:
    ann, ben, helper = [await student(api, name) for name in ("ann", "ben", "helper")]
    course = await make_course(api, teacher, status="draft", max_students=1)
    at = f"{BASE}/{course}"
    for one in (ann, ben):
        assert (await enrol(api, course, teacher, student_id=one.user_id)).status == 201
    assert (await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")).status == 201
    assert (await api.call("PATCH", at, {"max_students": 5}, by=teacher)).status == 200
    assert await people(api, course, teacher, "q=ben") == [("ben", "active", None)]
    for one in (ben, helper):
        assert (await api.call("DELETE", f"{at}/enroll/{one.user_id}", by=teacher)).status == 200
    assert [await kinds(api, one) for one in (ann, ben)] == [[], []]
    assert await kinds(api, helper) == ["removed", "enrolled"], "staff see it"
    assert (await api.call("PATCH", at, {"status": "active", "max_students": 1}, by=teacher)).status == 200
    assert (await enrol(api, course, ben)).body["status"] == "waiting"
    assert (await api.call("DELETE", f"{at}/enroll/{ann.user_id}", by=teacher)).body["moved_up"] == 1
    assert ((await kinds(api, ann))[0], (await kinds(api, ben))[0]) == ("removed", "place_free")


async def test_codes_let_in_whoever_types_them_as_often_as_they_say(api: Api, teacher: Person) -> None:
    ann, ben, cal = [await student(api, name) for name in ("ann", "ben", "cal")]
    course = await make_course(api, teacher, listed=False, self_enrolment=False)
    other = await make_course(api, teacher)
    made = await invite(api, course, teacher, max_uses=1, label="Year 9")
    code = made["code"]
    assert (made["kind"], made["token"], made["link"], made["status"]) == ("code", None, None, "good")
    assert (await enrol(api, course, ann)).status == 403
    elsewhere = await enrol(api, other, ann, code=code)
    assert (elsewhere.status, elsewhere.body["code"]) == (410, "invitation_over")
    told = await api.call("POST", f"{BASE}/join/check", {"code": code}, by=ann)
    assert (told.body["course_id"], told.body["places_left"], told.body["role"]) == (course, None, "student")
    typed = code.lower().replace("-", " ")
    both = await asyncio.gather(enrol(api, course, ann, code=typed), enrol(api, course, ben, code=code))
    assert outcomes(list(both)) == {"active": 1, "invitation_over": 1}
    for wrong in ("AAAA-AAAA", "x", "0000-0000", code):
        answer = await api.call("POST", f"{BASE}/join", {"code": wrong}, by=cal)
        assert (answer.status, answer.body["code"]) == (410, "invitation_over"), wrong
    listed = (await api.call("GET", f"{BASE}/{course}/invitations", by=teacher)).body["items"]
    assert [(one["code"], one["uses"], one["status"], one["label"]) for one in listed] == [
        (code, 1, "used_up", "Year 9")
    ]
    for body in ({}, {"code": code, "token": "x"}):
        assert (await api.call("POST", f"{BASE}/join", body, by=cal)).status == 422


async def test_by_a_code_nobody_enrols_somebody_else(api: Api, teacher: Person) -> None:
    ann, colleague = await student(api, "ann"), await api.person("teacher", "c@school.example")
    course = await make_course(api, teacher)
    code = (await invite(api, course, teacher))["code"]
    for by in (teacher, colleague):
        for pointer, wish in (("/student_id", {"student_id": ann.user_id}), ("/email", {"email": ann.email})):
            refused = await enrol(api, course, by, code=code, **wish)
            assert (refused.status, refused.body["code"], refused.pointers) == (
                422,
                "code_for_oneself",
                [pointer],
            )
    assert await people(api, course, teacher) == []
    own = await enrol(api, course, ann, code=code, student_id=ann.user_id)
    assert (own.status, own.body["source"]) == (201, "code")


async def test_links_end_with_their_term_and_when_they_are_revoked(api: Api, teacher: Person) -> None:
    ann, ben = await student(api, "ann"), await student(api, "ben")
    course = await make_course(api, teacher, max_students=1)
    made = await invite(api, course, teacher, kind="link", ttl_seconds=3600)
    assert made["code"] is None
    assert made["link"].endswith(f"/courses/join#token={made['token']}")
    stored = await api.call("GET", f"{BASE}/{course}/invitations", by=teacher)
    assert made["token"] not in str(stored.body)
    token = {"token": made["token"]}
    joined = await api.call("POST", f"{BASE}/join", token, by=ann)
    assert (joined.status, joined.body["source"], joined.body["course_id"]) == (201, "link", course)
    again = await api.call("POST", f"{BASE}/join", token, by=ann)
    assert (again.status, again.body["code"]) == (409, "already_enrolled")
    told = await api.call("POST", f"{BASE}/join/check", token, by=ben)
    assert told.body["places_left"] == 0
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(course_invitations).values(expires_at=past))
    assert (await api.call("POST", f"{BASE}/join", token, by=ben)).status == 410
    other = await invite(api, course, teacher, kind="link")
    at = f"{BASE}/{course}/invitations/{other['id']}"
    for _ in range(2):
        assert (await api.call("DELETE", at, by=teacher)).status == 204
    assert (await api.call("POST", f"{BASE}/join/check", {"token": other["token"]}, by=ben)).status == 410
    assert (await api.call("DELETE", f"{at[:-1]}x", by=teacher)).status == 422
    listed = (await api.call("GET", f"{BASE}/{course}/invitations", by=teacher)).body["items"]
    assert [one["status"] for one in listed] == ["revoked", "expired"]


async def test_an_invitation_for_staff_is_good_as_long_as_who_made_it_may_give_that(
    api: Api, teacher: Person
) -> None:
    colleague, helper = await api.person("teacher", "c@school.example"), await student(api, "helper")
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    role = {"user_id": colleague.user_id, "role": "teacher"}
    assert (await api.call("POST", f"{at}/permissions", role, by=teacher)).status == 201
    code = (await invite(api, course, colleague, role="assistant"))["code"]
    assert (await api.call("DELETE", f"{at}/permissions/{colleague.user_id}", by=teacher)).status == 204
    assert (await api.call("POST", f"{BASE}/join", {"code": code}, by=helper)).status == 410
    assert (await api.call("POST", f"{at}/permissions", role, by=teacher)).status == 201
    assert (await api.call("POST", f"{BASE}/join", {"code": code}, by=helper)).body["role"] == "assistant"
    staff = await api.call("POST", f"{at}/invitations", {"role": "assistant"}, by=helper)
    assert staff.status == 403
    assert (await api.call("POST", f"{at}/invitations", {"role": "student"}, by=helper)).status == 201


async def test_a_list_is_tried_first_and_then_done_line_by_line(api: Api, teacher: Person) -> None:
    ann, _, cal = [await student(api, name) for name in ("ann", "ben", "cal")]
    await student(api, "dan")
    await student(api, "helper")
    course = await make_course(api, teacher, max_students=2)
    assert (await enrol(api, course, cal)).status == 201
    at = f"{BASE}/{course}/enrollments/import"
    lines = [
        "E-Mail;Role;Student ID",
        "ben@school.example;;",
        "nobody@school.example;student;",
        "cal@school.example;student;",
        ";;" + ann.user_id,
        "helper@school.example;TA;",
        "dan@school.example;king;",
        "no address;;",
        "dan@school.example;student;",
        "ben@school.example;;",
        ";teacher;",
    ]
    data = "\r\n".join(lines).encode()
    told: list[Any] = []
    for query in ("?dry_run=true", "", ""):
        answer = await api.call(
            "POST", at + query, data=data, by=teacher, headers={"Content-Type": "text/csv"}
        )
        assert answer.status == 200, answer
        told.append(answer.body)
        if query:
            assert (await read(api, course, teacher))["enrolled_count"] == 1, "nothing is done"
    found = [one["outcome"] for one in told[0]["lines"]]
    assert found == [
        "enrolled",
        "no_account",
        "exists",
        "waiting",
        "enrolled",
        "invalid",
        "invalid",
        "waiting",
        "invalid",
        "invalid",
    ]
    assert [one["line"] for one in told[0]["lines"]] == list(range(2, 12))
    assert told[0]["lines"][5]["errors"][0]["column"] == "Role"
    assert {**told[0], "dry_run": False} == told[1], "as it was said"
    counts = ("total", "enrolled", "waiting", "skipped", "failed")
    assert [told[1][name] for name in counts] == [10, 2, 2, 1, 5]
    assert [told[2][name] for name in counts] == [10, 0, 0, 5, 5], "the same list once more"
    assert [name for name, status, _ in await people(api, course, teacher) if status == "waiting"] == [
        "ann",
        "dan",
    ]
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail\r\n--b--\r\n'
    sent = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await api.call("POST", at, data=form, by=teacher, headers=sent)).body["total"] == 0
    for wrong in (b"", b"name,role\nAnn,student\n", b"\xff\xfe"):
        answer = await api.call("POST", at, data=wrong, by=teacher, headers={"Content-Type": "text/csv"})
        assert (answer.status, answer.body["code"]) == (422, "csv_unreadable"), wrong


@pytest.mark.parametrize("dry", ["true", "false"])
async def test_a_list_for_an_archived_course_is_refused_when_it_is_tried_too(
    api: Api, teacher: Person, dry: str
) -> None:
    course = await make_course(api, teacher)
    assert (await api.call("PATCH", f"{BASE}/{course}", {"status": "archived"}, by=teacher)).status == 200
    path = f"{BASE}/{course}/enrollments/import?dry_run={dry}"
    csv = {"Content-Type": "text/csv"}
    answer = await api.call("POST", path, data=b"email\nann@school.example\n", by=teacher, headers=csv)
    assert (answer.status, answer.body["code"]) == (409, "course_archived")


async def test_who_leaves_loses_what_they_were_given(api: Api, teacher: Person) -> None:
    ann, helper = await student(api, "ann"), await student(api, "helper")
    course = await make_course(api, teacher, listed=False, self_enrolment=False)
    at = f"{BASE}/{course}"
    for one in (ann, helper):
        assert (await enrol(api, course, teacher, student_id=one.user_id)).status == 201
    role = {"user_id": helper.user_id, "role": "assistant"}
    await api.call("POST", f"{at}/permissions", role, by=teacher)
    assert (await read(api, course, helper))["role"] == "assistant"
    assert (await api.call("DELETE", f"{at}/enroll/{helper.user_id}", by=ann)).status == 403
    assert (await api.call("DELETE", f"{at}/enroll/{helper.user_id}", by=helper)).status == 200
    assert (await api.call("GET", at, by=helper)).status == 403
    assert (await api.call("DELETE", f"{at}/enroll/{helper.user_id}", by=teacher)).body[
        "code"
    ] == "not_enrolled"
    assert (await api.call("DELETE", f"{at}/enroll/x", by=teacher)).pointers == ["/path/student_id"]
    colleague = await api.person("teacher", "c@school.example")
    await enrol(api, course, teacher, student_id=colleague.user_id, role="teacher")
    await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    assert (await api.call("DELETE", f"{at}/enroll/{colleague.user_id}", by=helper)).status == 403
    assert (await api.call("DELETE", f"{at}/enroll/{ann.user_id}", by=helper)).status == 200


async def test_who_is_let_only_watch_does_not_shed_that_by_leaving_and_coming_again(
    api: Api, teacher: Person
) -> None:
    ann, ben = await student(api, "ann"), await student(api, "ben")
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    for one in (ann, ben):
        assert (await enrol(api, course, one)).status == 201
        role = {"user_id": one.user_id, "role": "viewer"}
        assert (await api.call("POST", f"{at}/permissions", role, by=teacher)).status == 201
    left = await api.call("DELETE", f"{at}/enroll/{ann.user_id}", by=ann)
    assert (left.status, left.body["code"]) == (403, "watch_only")
    given = (await api.call("GET", f"{at}/permissions", by=teacher)).body["items"]
    assert {one["user_id"] for one in given if one["watch_only"]} == {ann.user_id, ben.user_id}
    assert (await api.call("DELETE", f"{at}/enroll/{ann.user_id}", by=teacher)).status == 200
    taken = await api.call("DELETE", f"{at}/permissions/{ben.user_id}", by=teacher)
    assert taken.status == 204, taken
    assert (await api.call("DELETE", f"{at}/enroll/{ben.user_id}", by=ben)).status == 200


async def test_who_may_not_take_a_role_away_does_not_take_out_who_has_it(api: Api, teacher: Person) -> None:
    colleague, helper = await api.person("teacher", "c@school.example"), await student(api, "helper")
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    assert (await enrol(api, course, colleague)).body["role"] == "student"
    role = {"user_id": colleague.user_id, "role": "teacher"}
    assert (await api.call("POST", f"{at}/permissions", role, by=teacher)).status == 201
    await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    for path in ("permissions", "enroll"):
        refused = await api.call("DELETE", f"{at}/{path}/{colleague.user_id}", by=helper)
        assert (refused.status, refused.body["code"]) == (403, "forbidden"), path
    assert (await read(api, course, colleague))["role"] == "teacher"
    assert (await api.call("DELETE", f"{at}/enroll/{colleague.user_id}", by=teacher)).status == 200
    assert (await read(api, course, colleague))["role"] is None


async def test_roles_in_a_course_are_told_in_the_words_they_were_given_by(api: Api, teacher: Person) -> None:
    admin, ann, viewer = await api.person("admin"), await student(api, "ann"), await student(api, "viewer")
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}/permissions"

    async def asked(whom: Person, by: Person) -> tuple[bool, str | None]:
        answer = await api.call("GET", f"{at}/{whom.user_id}", by=by)
        assert answer.status == 200, answer
        return answer.body["allowed"], answer.body["role"]

    assert await asked(ann, teacher) == (False, None)
    assert await asked(teacher, teacher) == (True, "teacher")
    for word, own, others in (
        ("ta", "ta", "assistant"),
        ("instructor", "instructor", "teacher"),
        ("Student", "student", "student"),
    ):
        given = await api.call("POST", at, {"user_id": ann.user_id, "role": word}, by=teacher)
        assert given.status == 201, given
        assert await asked(ann, teacher) == (True, own)
        assert await asked(ann, admin) == await asked(ann, ann) == (True, others)
    watching = await api.call("POST", at, {"user_id": viewer.user_id, "role": "viewer"}, by=teacher)
    assert (watching.body["role"], watching.body["watch_only"]) == ("student", True)
    assert (await read(api, course, viewer))["may"] == ["view"]
    assert (await read(api, course, teacher))["enrolled_count"] == 1, "a student does, who only watches not"
    listed = (await api.call("GET", f"{at}?limit=1", by=teacher)).body
    rest = (await api.call("GET", f"{at}?cursor={listed['next_cursor']}", by=teacher)).body
    assert {one["email"] for one in (*listed["items"], *rest["items"])} == {ann.email, viewer.email}
    for wrong, status in (("king", 422), ("guest", 422), ("admin", 201)):
        answer = await api.call("POST", at, {"user_id": ann.user_id, "role": wrong}, by=teacher)
        assert answer.status == status, wrong
    assert (await read(api, course, ann))["may"][-1] == "delete"
    assert (await api.call("GET", f"{at}/{new_id()}", by=teacher)).status == 404
    assert (await api.call("GET", f"{at}/{ann.user_id}", by=viewer)).status == 403


@pytest.mark.both_databases
async def test_what_is_noted_of_how_many_students_a_course_has_is_who_has_a_place(
    api: Api, teacher: Person
) -> None:
    """However they came and went; those who wait, and staff, are none."""
    admin, database = await api.person("admin"), api.server.services.database
    course = await make_course(api, teacher, max_students=4)
    other = await make_course(api, teacher)
    at = f"{BASE}/{course}"
    ann, ben, cal, dan, eve, helper = [
        await student(api, name) for name in ("ann", "ben", "cal", "dan", "eve", "helper")
    ]

    async def noted() -> list[int]:
        async with database.read() as tx:
            assert [one async for one in differing_students(tx)] == []
        listed = (await api.call("GET", BASE, by=teacher)).body["items"]
        found = {one["id"]: one["enrolled_count"] for one in listed}
        assert found == {one: (await read(api, one, teacher))["enrolled_count"] for one in found}
        return [found[course], found[other]]

    assert await noted() == [0, 0]
    code = (await invite(api, course, teacher))["code"]
    for one, wish in ((ann, {}), (ben, {"code": code})):
        assert (await enrol(api, course, one, **wish)).status == 201
    assert (await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")).status == 201
    assert (await enrol(api, other, ann)).status == 201
    assert await noted() == [2, 1]
    lines = "\n".join(["email", *(one.email for one in (cal, dan, eve))]).encode()
    csv = {"Content-Type": "text/csv"}
    imported = await api.call("POST", f"{at}/enrollments/import", data=lines, by=teacher, headers=csv)
    assert imported.status == 200, imported
    assert await people(api, course, teacher, "status=waiting") == [("eve", "waiting", 1)]
    assert await noted() == [4, 1]
    assert (await api.call("DELETE", f"{at}/enroll/{ben.user_id}", by=teacher)).body["moved_up"] == 1
    assert (await api.call("DELETE", f"{at}/enroll/{helper.user_id}", by=teacher)).status == 200
    assert await noted() == [4, 1]
    assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
    assert await noted() == [3, 0]
    async with database.transaction() as tx:
        await tx.execute(update(courses).values(students=7))
        assert len([one async for one in differing_students(tx)]) == 2


@pytest.mark.both_databases
async def test_students_who_come_while_others_are_erased_are_all_counted(api: Api, teacher: Person) -> None:
    admin, database = await api.person("admin"), api.server.services.database
    course = await make_course(api, teacher)
    leaving = [await student(api, f"old{number}") for number in range(4)]
    coming = [await student(api, f"new{number}") for number in range(6)]
    for one in leaving:
        assert (await enrol(api, course, one)).status == 201
    answers = await asyncio.gather(
        *(api.call("DELETE", f"/api/v1/users/{one.user_id}", by=admin) for one in leaving),
        *(enrol(api, course, one) for one in coming),
    )
    assert [one.status for one in answers] == [204] * len(leaving) + [201] * len(coming)
    assert (await read(api, course, teacher))["enrolled_count"] == len(coming)
    async with database.read() as tx:
        assert [one async for one in differing_students(tx)] == []
