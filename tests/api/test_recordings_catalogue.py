"""The catalogue of recordings: who sees, changes and deletes what."""

from __future__ import annotations

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.serving import Api, Person
from vtp.recording.store import Status

BASE = "/api/v1/recordings"
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
async def room(api: Api, teacher: Person) -> str:
    return await make_room(api, teacher)


async def test_list_answers_today_s_and_the_older_names(api: Api, teacher: Person, room: str) -> None:
    ids = [await add_finished(api, room, teacher, title=f"Lesson {n}") for n in range(3)]
    answer = await api.call("GET", f"{BASE}?limit=2", by=teacher)
    assert answer.status == 200
    assert [item["id"] for item in answer.body["recordings"]] == ids[:0:-1]
    assert answer.body["items"] == answer.body["recordings"]
    assert (answer.body["total"], answer.body["limit"], answer.body["offset"]) == (3, 2, 0)
    cursor = answer.body["next_cursor"]
    rest = await api.call("GET", f"{BASE}?limit=2&cursor={cursor}", by=teacher)
    assert [item["id"] for item in rest.body["items"]] == ids[:1]
    assert rest.body["next_cursor"] is None
    skipped = await api.call("GET", f"{BASE}?offset=2", by=teacher)
    assert [item["id"] for item in skipped.body["items"]] == ids[:1]


async def test_pages_after_an_offset_leave_nothing_out(api: Api, teacher: Person, room: str) -> None:
    ids = [await add_finished(api, room, teacher, title=f"Lesson {n}") for n in range(4)]
    seen: list[str] = []
    path = f"{BASE}?limit=1&offset=1"
    while path:
        answer = await api.call("GET", path, by=teacher)
        seen += [item["id"] for item in answer.body["items"]]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == ids[2::-1]


async def test_list_is_narrowed_by_room_status_and_words(api: Api, teacher: Person, room: str) -> None:
    other = await make_room(api, teacher, "maths")
    optics = await add_finished(api, room, teacher, title="Optics 100%")
    algebra = await add_finished(api, other, teacher, title="Algebra", status=Status.INTERRUPTED)

    async def ids(query: str) -> list[str]:
        answer = await api.call("GET", f"{BASE}?{query}", by=teacher)
        assert answer.status == 200, answer
        return [item["id"] for item in answer.body["items"]]

    assert await ids(f"roomId={room}") == [optics]
    assert await ids("room_id=maths") == [algebra]
    assert await ids("status=interrupted") == [algebra]
    assert await ids("q=opt") == [optics]
    assert await ids("q=0%25") == [optics]
    assert await ids("q=_") == []
    exercise = await add_finished(api, room, teacher, title="Übung 1")
    for words in ("Übung", "übung", "ÜBUNG"):
        assert await ids(f"q={words}") == [exercise], words


async def test_recording_has_the_fields_of_the_contract(api: Api, teacher: Person, room: str) -> None:
    recording_id = await add_finished(api, room, teacher)
    answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    names = (
        "id room_id room_name title description started_by started_at stopped_at duration_seconds status "
        "format file_size_bytes mime_type bitrate_kbps frame_rate_fps resolution codecs error_message "
        "metadata created_at updated_at"
    )
    assert set(names.split()) <= set(answer.body)
    assert answer.body["playback_url"] == f"{BASE}/{recording_id}/stream/master.m3u8"


async def test_recording_names_its_room_even_after_the_room_is_deleted(
    api: Api, teacher: Person, room: str
) -> None:
    recording_id = await add_finished(api, room, teacher)
    listed = await api.call("GET", BASE, by=teacher)
    assert [item["room_name"] for item in listed.body["items"]] == ["Physics"]
    await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={room}", by=teacher)
    read = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert read.body["room_name"] == "Physics"
    changed = await api.call("PATCH", f"{BASE}/{recording_id}", {"title": "Optics"}, by=teacher)
    assert (changed.body["room_name"], changed.body["title"]) == ("Physics", "Optics")


async def test_unknown_and_malformed_ids_are_told_apart(api: Api, teacher: Person) -> None:
    assert (await api.call("GET", f"{BASE}/{NOBODY}", by=teacher)).status == 404
    malformed = await api.call("GET", f"{BASE}/optics", by=teacher)
    assert malformed.status == 422 and malformed.pointers


async def test_title_and_description_are_changed_by_the_owner_only(
    api: Api, teacher: Person, room: str
) -> None:
    recording_id = await add_finished(api, room, teacher)
    path = f"{BASE}/{recording_id}"
    changed = await api.call("PATCH", path, {"title": "Waves", "description": "Second half"}, by=teacher)
    assert (changed.status, changed.body["title"], changed.body["description"]) == (
        200,
        "Waves",
        "Second half",
    )
    kept = await api.call("PATCH", path, {"title": "Waves II"}, by=teacher)
    assert kept.body["description"] == "Second half"
    student = await api.person("student")
    assert (await api.call("PATCH", path, {"title": "Mine"}, by=student)).status == 403
    other = await api.person("teacher", "other@school.example")
    assert (await api.call("PATCH", path, {"title": "Mine"}, by=other)).status == 403
    assert (await api.call("PATCH", path, {"title": " "}, by=teacher)).status == 422


async def test_deleted_recording_is_in_the_trash_first_and_then_gone(
    api: Api, teacher: Person, room: str
) -> None:
    recording_id = await add_finished(api, room, teacher)
    path = f"{BASE}/{recording_id}"
    cookie = await grant_of(api, recording_id, teacher)
    assert (await fetch(api, f"{path}/stream/master.m3u8", Cookie=cookie)).status == 200
    deleted = await api.call("DELETE", path, by=teacher)
    assert deleted.status == 200
    assert deleted.body["status"] == "deleted" and deleted.body["deleted_at"] and deleted.body["message"]
    assert (await api.call("GET", BASE, by=teacher)).body["total"] == 0
    assert (await api.call("GET", f"{BASE}?status=deleted", by=teacher)).body["total"] == 1
    assert (await fetch(api, f"{path}/stream/master.m3u8", Cookie=cookie)).status == 410
    folder = api.server.services.recordings.file(recording_id, "video").parent
    assert folder.exists()
    gone = await api.call("DELETE", f"{path}?permanent=true", by=teacher)
    assert gone.status == 200 and gone.body["status"] == "deleted"
    assert not folder.exists()
    assert (await api.call("GET", path, by=teacher)).status == 404


async def test_who_deleted_a_recording_is_in_the_audit_log(api: Api, teacher: Person, room: str) -> None:
    admin = await api.person("admin")
    path = f"{BASE}/{await add_finished(api, room, teacher)}"
    for query in ("", "", "?permanent=true"):  # it can be put into the trash once
        assert (await api.call("DELETE", path + query, by=teacher)).status == 200
    log = await api.call("GET", "/api/v1/audit?event=recording_deleted", by=admin)
    entries = [(one["actor_id"], one["subject"], one["details"]) for one in log.body["items"]]
    about = teacher.user_id, f"recording:{path.removeprefix(BASE + '/')}"
    assert entries == [(*about, {"room_id": room, "permanent": gone}) for gone in (True, False)]


@pytest.mark.parametrize("role", ["student", "assistant"])
async def test_deleting_is_for_the_owner_and_admins(api: Api, teacher: Person, room: str, role: str) -> None:
    recording_id = await add_finished(api, room, teacher)
    caller = await api.person(role)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=caller)).status == 403
    admin = await api.person("admin")
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=admin)).status == 200


async def test_students_see_and_do_not_record_or_download(api: Api, teacher: Person, room: str) -> None:
    recording_id = await add_finished(api, room, teacher)
    student = await api.person("student")
    seen = await api.call("GET", f"{BASE}/{recording_id}", by=student)
    assert seen.status == 200 and seen.body["download_url"] is None
    wish = {"room_id": room, "title": "Mine"}
    assert (await api.call("POST", f"{BASE}/start", wish, by=student)).status == 403
    assert (await api.call("POST", f"{BASE}/{recording_id}/stop", by=student)).status == 403
    assert (await api.call("GET", f"{BASE}/{recording_id}/download", by=student)).status == 403
    cookie = await grant_of(api, recording_id, student)
    assert (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).status in (401, 403)
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)).status == 200


async def test_nothing_is_open_to_anonymous_callers(api: Api, teacher: Person, room: str) -> None:
    recording_id = await add_finished(api, room, teacher)
    for path in (
        "",
        f"/{recording_id}",
        f"/{recording_id}/info",
        f"/{recording_id}/stream/master.m3u8",
        f"/{recording_id}/stream/video/seg-00000.m4s",
        f"/{recording_id}/download",
    ):
        assert (await api.call("GET", BASE + path)).status == 401, path


async def test_unknown_room_cannot_be_recorded(api: Api, teacher: Person) -> None:
    answer = await api.call("POST", f"{BASE}/start", {"room_id": "nowhere"}, by=teacher)
    assert answer.status == 404
    assert (await api.call("POST", f"{BASE}/start", {"title": "x"}, by=teacher)).pointers == ["/room_id"]


async def test_trash_is_for_those_who_may_empty_it(api: Api, teacher: Person, room: str) -> None:
    mine = await add_finished(api, room, teacher)
    colleague = await api.person("teacher", "colleague@school.example")
    student, admin = await api.person("student"), await api.person("admin")
    assert (await api.call("DELETE", f"{BASE}/{mine}", by=teacher)).status == 200
    for person, status in ((teacher, 200), (admin, 200), (colleague, 403), (student, 403)):
        assert (await api.call("GET", f"{BASE}/{mine}", by=person)).status == status, person.email
    for person, total in ((teacher, 1), (admin, 1), (colleague, 0)):
        answer = await api.call("GET", f"{BASE}?status=deleted", by=person)
        assert (len(answer.body["items"]), answer.body["total"]) == (total, total), person.email
    assert (await api.call("GET", f"{BASE}?status=deleted", by=student)).status == 403
