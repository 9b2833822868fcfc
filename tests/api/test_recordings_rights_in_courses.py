"""Rights to a recording that is filed in a course go by the role there, whatever somebody's account is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select, update

from tests.api.course_material import BASE, enrol, make_course
from tests.api.recording_material import add_finished
from tests.serving import Answer, Api, Person
from vtp.accounts.tables import audit_log
from vtp.recording.tables import recordings

RECORDINGS = "/api/v1/recordings"
CUES = b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n"


@dataclass(frozen=True)
class Class:
    """A course with a recording of its teacher's, and people whose accounts say something else than it."""

    course: str
    recording: str
    teacher: Person
    demoted: Person  # a teacher's account, a student here
    helper: Person  # an assistant's account, a student here
    outsider: Person  # an assistant's account
    promoted: Person  # a student's account, a teacher here
    assisting: Person  # a student's account, an assistant here


@pytest.fixture
async def group(api: Api, teacher: Person, recording_id: str) -> Class:
    course = await make_course(api, teacher)
    wish = {"recording_id": recording_id}
    assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=teacher)).status == 201
    people = []
    for account, name, role in (
        ("teacher", "demoted", "student"),
        ("assistant", "helper", "student"),
        ("assistant", "outsider", ""),
        ("student", "promoted", "teacher"),
        ("student", "assisting", "assistant"),
    ):
        people.append(await api.person(account, f"{name}@school.example"))
        if role:
            wish = {"student_id": people[-1].user_id, "role": role}
            assert (await enrol(api, course, teacher, **wish)).status == 201
    return Class(course, recording_id, teacher, *people)


async def captions(api: Api, method: str, recording: str, by: Person) -> Answer:
    """Puts or deletes the German captions."""
    path = f"{RECORDINGS}/{recording}/captions/de"
    if method == "DELETE":
        return await api.call("DELETE", path, by=by)
    return await api.call("PUT", path, by=by, data=CUES, headers={"Content-Type": "text/vtt"})


async def may(api: Api, recording: str, by: Person) -> tuple[dict[str, bool], dict[str, bool]]:
    """What somebody is told that they may do with a recording, by its page and by the list."""
    one = await api.call("GET", f"{RECORDINGS}/{recording}", by=by)
    listed = await api.call("GET", RECORDINGS, by=by)
    found = next(item for item in listed.body["items"] if item["id"] == recording)
    return one.body["may"], found["may"]


async def test_the_role_in_the_course_says_what_somebody_may_do_and_not_that_of_the_account(
    api: Api, group: Class
) -> None:
    at = f"{RECORDINGS}/{group.recording}"
    for one, status in (
        (group.demoted, 403),
        (group.helper, 403),
        (group.outsider, 403),
        (group.promoted, 200),
        (group.assisting, 200),
    ):
        found = [
            (await captions(api, "PUT", group.recording, one)).status,
            (await api.call("PUT", f"{at}/chapters", {"chapters": []}, by=one)).status,
            (await api.call("GET", f"{at}/download-url", by=one)).status,
            (await api.call("GET", f"/api/v1/streaming/sessions/{group.recording}/metrics", by=one)).status,
        ]
        assert found == [status] * 4, (one.email, found)
        changes = await api.call("PATCH", at, {"title": "x"}, by=one)
        assert changes.status == 403, "it is somebody else's"
        if one is not group.outsider:
            told = dict.fromkeys(("update", "share", "delete"), False)
            told |= dict.fromkeys(("download", "annotate"), status == 200)
            assert await may(api, group.recording, one) == (told, told), one.email


async def test_who_does_not_see_a_recording_learns_nothing_by_stopping_it(api: Api, group: Class) -> None:
    at = f"{RECORDINGS}/{group.recording}/stop"
    hidden = f"{BASE}/{group.course}/recordings/{group.recording}/unpublish"
    assert (await api.call("POST", hidden, by=group.teacher)).status == 200
    for one in (group.outsider, group.demoted, group.helper):
        refused = await api.call("POST", at, by=one)
        assert (refused.status, refused.body["code"]) == (403, "forbidden"), one.email
    for one in (group.teacher, group.promoted, group.assisting):
        assert (await api.call("POST", at, by=one)).body["status"] == "ready", one.email


async def test_how_many_watch_is_for_who_may_change_it_and_for_the_staff_of_its_course(
    api: Api, group: Class
) -> None:
    public = {"visibility": "public"}
    at = f"{RECORDINGS}/{group.recording}"
    assert (await api.call("PATCH", at, public, by=group.teacher)).status == 200
    nowhere = await add_finished(api, await room_of(api, group), group.teacher)
    filed = (group.teacher, group.promoted, group.assisting)
    for recording, staff in ((group.recording, filed), (nowhere, (group.teacher,))):
        wish = {"recording_id": recording, "max_viewers": 1}
        for one in (
            group.outsider,
            group.demoted,
            group.helper,
            group.promoted,
            group.assisting,
            group.teacher,
        ):
            begun = await api.call("POST", "/api/v1/streams/start", wish, by=one)
            if one not in staff:
                assert (begun.status, begun.body["code"]) == (403, "forbidden"), one.email
                continue
            assert begun.status == 201, (one.email, begun)
            stream = f"/api/v1/streams/{begun.body['stream_id']}"
            assert (await api.call("PATCH", stream, {"max_viewers": 2}, by=group.outsider)).status == 403
            assert (await api.call("PATCH", stream, {"max_viewers": 2}, by=one)).status == 200
            assert (await api.call("POST", f"{stream}/stop", by=one)).status == 200


async def test_outsiders_look_at_what_is_public_and_change_nothing(api: Api, group: Class) -> None:
    at = f"{RECORDINGS}/{group.recording}"
    assert (await captions(api, "PUT", group.recording, group.teacher)).status == 200
    public = await api.call("PATCH", at, {"visibility": "public"}, by=group.teacher)
    assert public.status == 200, public
    for one in (group.outsider, group.demoted):
        assert (await api.call("GET", at, by=one)).status == 200
        for answer in (
            await captions(api, "PUT", group.recording, one),
            await captions(api, "DELETE", group.recording, one),
            await api.call("DELETE", f"{at}/chapters", by=one),
            await api.call("GET", f"{at}/download-url", by=one),
        ):
            assert answer.status == 403, (one.email, answer)
    assert (await captions(api, "DELETE", group.recording, group.assisting)).status == 204


@pytest.mark.both_databases
async def test_who_teaches_the_course_has_their_own_recording_whatever_their_account_is(
    api: Api, group: Class
) -> None:
    room_id = await room_of(api, group)
    own = await add_finished(api, room_id, group.promoted)
    at = f"{RECORDINGS}/{own}"
    assert (await api.call("DELETE", at, by=group.promoted)).status == 403, "a student's, filed nowhere"
    await file_unpublished(api, group, own)
    told = dict.fromkeys(("download", "annotate", "update", "share", "delete"), True)
    assert await may(api, own, group.promoted) == (told, told)
    listed = await api.call("GET", RECORDINGS, by=group.promoted)
    assert listed.body["total"] == len(listed.body["items"]) == 2
    shown = await api.call("GET", RECORDINGS, by=group.demoted)
    assert [one["id"] for one in shown.body["items"]] == [group.recording], "unpublished is for the staff"
    link = await api.call("POST", f"{at}/share", {}, by=group.promoted)
    assert link.status == 201, link
    assert (await api.call("GET", f"{at}/jobs", by=group.promoted)).status == 200
    changed = await api.call("PATCH", at, {"visibility": "members"}, by=group.promoted)
    assert (changed.status, changed.body["may"]) == (200, told)
    assert (await api.call("GET", at, by=str(link.body["token"]))).status == 200, "as long as they teach it"
    gone = await api.call("DELETE", at, by=group.promoted)
    assert gone.status == 200, gone
    back = await api.call("POST", f"{at}/restore", by=group.promoted)
    assert (back.status, back.body["may"]) == (200, told)
    assert (await api.call("DELETE", at, by=group.assisting)).status == 403


async def test_whose_recording_it_is_keeps_what_their_account_may(api: Api, group: Class) -> None:
    room_id = await room_of(api, group)
    own = await add_finished(api, room_id, group.demoted)
    await file_unpublished(api, group, own)
    told = dict.fromkeys(("download", "annotate", "update", "share", "delete"), True)
    assert await may(api, own, group.demoted) == (told, told), "a student of the course, and whose it is"
    assert (await api.call("GET", f"{RECORDINGS}/{own}", by=group.helper)).status == 403


async def test_what_is_filed_nowhere_goes_by_the_account(api: Api, group: Class) -> None:
    other = await add_finished(api, await room_of(api, group), group.teacher)
    for one, status in ((group.outsider, 200), (group.demoted, 200), (group.promoted, 403)):
        assert (await captions(api, "PUT", other, one)).status == status, one.email


async def test_the_audit_log_says_who_changed_captions_and_chapters(api: Api, group: Class) -> None:
    at, by = f"{RECORDINGS}/{group.recording}", group.assisting
    assert (await captions(api, "PUT", group.recording, by)).status == 200
    assert (await captions(api, "DELETE", group.recording, by)).status == 204
    assert (await api.call("POST", f"{at}/captions/de/restore", {}, by=by)).status == 200
    chapters = {"chapters": [{"start_seconds": 0, "title": "Light"}]}
    assert (await api.call("PUT", f"{at}/chapters", chapters, by=by)).status == 200
    assert (await api.call("DELETE", f"{at}/chapters", by=by)).status == 204
    c = audit_log.c
    wanted = select(c.event, c.actor_id, c.details).where(c.subject == f"recording:{group.recording}")
    async with api.server.services.database.read() as tx:
        found = [tuple(row) for row in await tx.execute(wanted.order_by(c.id))]
    about = {"room_id": found[0][2]["room_id"]}
    assert found == [
        ("recording_captions_changed", by.user_id, about | {"language": "de", "cues": 1}),
        ("recording_captions_changed", by.user_id, about | {"language": "de", "deleted": True}),
        ("recording_captions_changed", by.user_id, about | {"language": "de", "restored": True}),
        ("recording_chapters_changed", by.user_id, about | {"chapters": 1}),
        ("recording_chapters_changed", by.user_id, about | {"chapters": None}),
    ]


async def room_of(api: Api, group: Class) -> str:
    """Where the recordings are made."""
    recording = await api.call("GET", f"{RECORDINGS}/{group.recording}", by=group.teacher)
    return str(recording.body["room_id"])


async def file_unpublished(api: Api, group: Class, recording: str) -> None:
    """As a lesson's is that waits for publication."""
    admin = await api.person("admin")
    at = f"{BASE}/{group.course}/recordings"
    assert (await api.call("POST", at, {"recording_id": recording}, by=admin)).status == 201
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).where(recordings.c.id == recording).values(visibility="staff"))
