"""Recordings of a course: for its members alone, in its order, as long as they are in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.course_material import BASE, add_lesson, enrol, make_course, read, student
from tests.api.recording_material import add_finished
from tests.api.test_recordings_shares import cookie_by, plays
from tests.serving import Api, Person
from vtp.ids import new_id

RECORDINGS = "/api/v1/recordings"


@pytest.fixture
async def pupil(api: Api) -> Person:
    return await api.person("student")


@pytest.fixture
async def course(api: Api, teacher: Person, pupil: Person, recording_id: str) -> str:
    """One that the pupil takes part in, with the recording filed in it."""
    made = await make_course(api, teacher)
    assert (await enrol(api, made, pupil)).status == 201
    filed = await api.call("POST", f"{BASE}/{made}/recordings", {"recording_id": recording_id}, by=teacher)
    assert filed.status == 201, filed
    return made


async def sees(api: Api, recording: str, by: Person) -> bool:
    """Whether somebody may read a recording, finds it in the list, with the same rights, and is told of as
    many as there are."""
    one = await api.call("GET", f"{RECORDINGS}/{recording}", by=by)
    listed = await api.call("GET", RECORDINGS, by=by)
    rights = [item["may"] for item in listed.body["items"] if item["id"] == recording]
    found = bool(rights)
    assert not found or rights == [one.body["may"]]
    assert (one.status, found) in ((200, True), (403, False)), (one.status, found)
    assert listed.body["total"] == len(listed.body["items"])
    return found


async def test_what_comes_back_from_the_trash_has_its_place_in_the_course(
    api: Api, teacher: Person, pupil: Person, recording_id: str, course: str
) -> None:
    path = f"{BASE}/{course}/recordings"
    before = (await api.call("GET", path, by=pupil)).body["items"]
    cookie = await cookie_by(api, recording_id, pupil.access_token)
    assert (await api.call("DELETE", f"{RECORDINGS}/{recording_id}", by=teacher)).status == 200
    assert (await api.call("GET", path, by=pupil)).body["items"] == []
    assert await plays(api, recording_id, cookie) == 403  # the trash is for who may empty it
    assert (await api.call("POST", f"{RECORDINGS}/{recording_id}/restore", by=teacher)).status == 200
    assert (await api.call("GET", path, by=pupil)).body["items"] == before
    assert len(before) == 1 and await plays(api, recording_id, cookie) == 200


async def test_a_recording_of_a_course_is_for_its_members(
    api: Api, teacher: Person, pupil: Person, recording_id: str
) -> None:
    admin, outsider = await api.person("admin"), await student(api, "outsider")
    colleague, helper = await api.person("teacher", "c@school.example"), await student(api, "helper")
    everybody = (teacher, pupil, admin, outsider, colleague, helper)
    assert all([await sees(api, recording_id, one) for one in everybody]), "filed nowhere"
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    wish = {"recording_id": recording_id, "lecture_number": 1, "lecture_title": "Light"}
    filed = await api.call("POST", f"{BASE}/{course}/recordings", wish, by=teacher)
    assert (filed.status, filed.body["lecture_title"], filed.body["sequence_order"]) == (201, "Light", 0)
    assert (filed.body["published"], filed.body["status"], filed.body["title"]) == (True, "ready", "Optics")
    assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=teacher)).status == 409
    assert [await sees(api, recording_id, one) for one in everybody] == [True] * 3 + [False] * 2 + [True]
    assert (await read(api, course, teacher))["recording_count"] == 1

    at = f"{BASE}/{course}/recordings/{recording_id}"
    hidden = await api.call("POST", f"{at}/unpublish", by=helper)
    assert (hidden.status, hidden.body["published"]) == (200, False)
    assert not await sees(api, recording_id, pupil)
    assert (await api.call("GET", f"{BASE}/{course}/recordings", by=pupil)).body["items"] == []
    assert (await api.call("GET", f"{RECORDINGS}/{recording_id}", by=helper)).status == 200
    assert not await sees(api, recording_id, colleague), "staff elsewhere are none here"
    assert (await api.call("POST", f"{at}/publish", by=pupil)).status == 403
    assert (await api.call("POST", f"{at}/publish", by=helper)).body["published"] is True
    assert await sees(api, recording_id, pupil)

    public = await api.call("PATCH", f"{RECORDINGS}/{recording_id}", {"visibility": "public"}, by=teacher)
    assert public.status == 200
    assert (await api.call("POST", f"{at}/publish", by=helper)).status == 200
    assert await sees(api, recording_id, outsider), "what is public stays so"
    gone = await api.call("DELETE", at, by=helper)
    assert (gone.status, gone.body["status"]) == (200, "deleted")
    assert not await sees(api, recording_id, pupil), "in no course it is published to nobody"
    assert (await api.call("DELETE", at, by=helper)).body["code"] == "not_filed"


async def test_only_whose_recording_it_is_files_it_where_they_teach(
    api: Api, teacher: Person, course: str, recording_id: str
) -> None:
    colleague = await api.person("teacher", "c@school.example")
    own = await make_course(api, colleague)
    wish = {"recording_id": recording_id}
    for there, by in ((own, colleague), (own, teacher)):
        assert (await api.call("POST", f"{BASE}/{there}/recordings", wish, by=by)).status == 403
    await enrol(api, course, teacher, student_id=colleague.user_id, role="teacher")
    assert (await api.call("POST", f"{BASE}/{own}/recordings", wish, by=colleague)).status == 403, (
        "seen, only"
    )
    for wrong, status in (
        ({"recording_id": new_id()}, 404),
        ({"recording_id": "x"}, 422),
        ({**wish, "lesson_id": new_id()}, 422),
        ({**wish, "sequence_order": -1}, 422),
    ):
        answer = await api.call("POST", f"{BASE}/{course}/recordings", wrong, by=teacher)
        assert answer.status == status, wrong


@pytest.mark.both_databases
async def test_recordings_come_in_their_order_and_hide_with_their_lesson(
    api: Api, teacher: Person, pupil: Person, course: str, recording_id: str
) -> None:
    room = (await api.call("GET", f"{RECORDINGS}/{recording_id}", by=teacher)).body["room_id"]
    later = await add_lesson(
        api, course, teacher, release_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat()
    )
    first, third = [await add_finished(api, room, teacher, title=title) for title in ("first", "third")]
    at = f"{BASE}/{course}/recordings"
    for recording, more in (
        (third, {"lesson_id": later, "sequence_order": 7}),
        (first, {"sequence_order": 0}),
    ):
        made = await api.call("POST", at, {"recording_id": recording, **more}, by=teacher)
        assert made.status == 201, made
    ordered = [*sorted([first, recording_id]), third]
    seen, cursor = [], ""
    for _ in range(3):
        page = (await api.call("GET", f"{at}?limit=1{cursor}", by=teacher)).body
        seen += [one["recording_id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, page["next_cursor"]) == (ordered, None)
    assert (await api.call("GET", f"{at}?cursor=W10", by=teacher)).status == 422
    mine = (await api.call("GET", at, by=pupil)).body["items"]
    assert [one["recording_id"] for one in mine] == ordered[:2]
    assert not await sees(api, third, pupil), "its lesson is not open yet"
    assert await sees(api, third, teacher)
    await api.call("PATCH", f"{BASE}/{course}/lessons/{later}", {"release_at": None}, by=teacher)
    assert await sees(api, third, pupil)
    await api.call("DELETE", f"{BASE}/{course}/lessons/{later}", by=teacher)
    assert [one["lesson_id"] for one in (await api.call("GET", at, by=pupil)).body["items"]] == [None] * 3


async def test_who_leaves_a_course_watches_its_recordings_no_more(
    api: Api, teacher: Person, pupil: Person, course: str, recording_id: str
) -> None:
    cookie = await cookie_by(api, recording_id, pupil.access_token)
    assert await plays(api, recording_id, cookie) == 200
    assert (await api.call("DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", by=teacher)).status == 200
    assert await plays(api, recording_id, cookie) == 403
    assert not await sees(api, recording_id, pupil)
    assert (await enrol(api, course, pupil)).status == 201
    assert await plays(api, recording_id, cookie) == 200
    other = await make_course(api, teacher)
    await api.call("POST", f"{BASE}/{other}/recordings", {"recording_id": recording_id}, by=teacher)
    assert (await api.call("DELETE", f"{BASE}/{course}", by=teacher)).status == 200
    assert await plays(api, recording_id, cookie) == 403
    last = await api.call("GET", f"{RECORDINGS}/{recording_id}", by=teacher)
    assert last.body["visibility"] == "members", "it is in another course still"
    assert (await api.call("DELETE", f"{BASE}/{other}", by=teacher)).status == 200
    last = await api.call("GET", f"{RECORDINGS}/{recording_id}", by=teacher)
    assert last.body["visibility"] == "staff"


async def test_of_several_courses_the_highest_role_counts(
    api: Api, teacher: Person, pupil: Person, course: str, recording_id: str
) -> None:
    assert await sees(api, recording_id, pupil) and await sees(api, recording_id, teacher)
    other = await make_course(api, teacher)
    named = {"student_id": pupil.user_id, "role": "assistant"}
    assert (await enrol(api, other, teacher, **named)).status == 201
    hidden = {"visibility": "staff"}
    assert (await api.call("PATCH", f"{RECORDINGS}/{recording_id}", hidden, by=teacher)).status == 200
    assert not await sees(api, recording_id, pupil), "it is unpublished"
    filed = await api.call("POST", f"{BASE}/{other}/recordings", {"recording_id": recording_id}, by=teacher)
    assert filed.status == 201, filed
    assert await sees(api, recording_id, pupil), "who is of the staff of one of its courses"
    await api.call("DELETE", f"{BASE}/{other}/enroll/{pupil.user_id}", by=teacher)
    assert not await sees(api, recording_id, pupil)


async def test_archived_courses_and_drafts_keep_their_recordings_from_students(
    api: Api, teacher: Person, pupil: Person, course: str, recording_id: str
) -> None:
    for status, seen in (("draft", False), ("completed", True), ("archived", False), ("active", True)):
        assert (await api.call("PATCH", f"{BASE}/{course}", {"status": status}, by=teacher)).status == 200
        assert await sees(api, recording_id, pupil) is seen, status
        assert await sees(api, recording_id, teacher)
