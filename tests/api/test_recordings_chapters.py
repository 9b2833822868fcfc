"""Chapters: made of what happens while a class is recorded, read by all viewers, set by staff."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.serving import Api, Person
from vtp.recording.chapter_list import Chapter, Kind
from vtp.recording.chapter_store import Happened, add_chapters
from vtp.recording.tables import recording_chapters

BASE = "/api/v1/recordings"


@pytest.fixture
async def recording_id(api: Api, teacher: Person) -> str:
    """Of 4 s, in which somebody presents and asks something."""
    found = await add_finished(api, await make_room(api, teacher), teacher)
    happened = [
        Happened(Chapter(0, Kind.PRESENTER, "", "Ada Lovelace"), teacher.user_id),
        Happened(Chapter(2500, Kind.POLL, "1 < 2?")),
    ]
    async with api.server.services.database.transaction() as tx:
        await add_chapters(tx, found, reversed(happened))
    # The presenter's is shorter than a chapter is by itself, so it begins with the poll.
    return found


async def put(api: Api, recording_id: str, by: Person | None, *chapters: tuple[float, str]) -> Any:
    body = {"chapters": [{"start_seconds": start, "title": title} for start, title in chapters]}
    return await api.call("PUT", f"{BASE}/{recording_id}/chapters", body, by=by)


async def test_chapters_are_read_as_json_and_as_webvtt(api: Api, teacher: Person, recording_id: str) -> None:
    student = await api.person("student")
    read = await api.call("GET", f"{BASE}/{recording_id}/chapters", by=student)
    assert (read.status, read.body["own"]) == (200, False)
    assert read.body["chapters"] == [
        {"start_seconds": 0.0, "end_seconds": 4.01, "title": "Poll: 1 < 2?", "kind": "poll"}
    ]
    cookie = await grant_of(api, recording_id, student)
    text = await fetch(api, f"{BASE}/{recording_id}/chapters", Cookie=cookie, Accept="text/vtt, */*;q=0.1")
    assert text.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert text.text == "WEBVTT\n\n00:00:00.000 --> 00:00:04.010\nPoll: 1 &lt; 2?\n"


async def test_staff_set_chapters_and_go_back_to_what_happened(
    api: Api, teacher: Person, recording_id: str
) -> None:
    answer = await put(api, recording_id, teacher, (0, "Hello"), (1.5, "Lenses"))
    assert (answer.status, answer.body["own"]) == (200, True)
    found = [(one["start_seconds"], one["end_seconds"], one["title"]) for one in answer.body["chapters"]]
    assert found == [(0, 1.5, "Hello"), (1.5, 4.01, "Lenses")]
    path = f"{BASE}/{recording_id}/chapters"
    assert (await api.call("GET", path, by=teacher)).body == answer.body
    assert (await put(api, recording_id, teacher)).body["chapters"] == []
    assert (await api.call("DELETE", path, by=teacher)).status == 204
    back = (await api.call("GET", path, by=teacher)).body
    assert (back["own"], len(back["chapters"])) == (False, 1)


async def test_who_may_set_chapters_and_what_does_not_fit(
    api: Api, teacher: Person, recording_id: str
) -> None:
    for role, status in (("assistant", 200), ("admin", 200), ("student", 403)):
        assert (role, (await put(api, recording_id, await api.person(role))).status) == (role, status)
    assert (await put(api, recording_id, None)).status == 401
    for chapters, pointer in (
        ([(4.5, "Behind the end")], "/chapters/0/start_seconds"),
        ([(-1.0, "Before")], "/chapters/0/start_seconds"),
        ([(1.0, " ")], "/chapters/0/title"),
        ([(1.0, "a\nb")], "/chapters/0/title"),
        ([(2.0, "b"), (1.0, "a")], ""),
    ):
        answer = await put(api, recording_id, teacher, *chapters)
        assert (chapters, answer.status, answer.pointers) == (chapters, 422, [pointer])


async def test_chapters_are_for_who_may_see_the_recording(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = f"{BASE}/{recording_id}/chapters"
    assert (await api.call("GET", path)).status == 401
    await api.call("PATCH", f"{BASE}/{recording_id}", {"visibility": "staff"}, by=teacher)
    assert (await api.call("GET", path, by=await api.person("student"))).status == 403


async def test_presenters_are_named_to_accounts_alone(api: Api, teacher: Person, recording_id: str) -> None:
    path = f"{BASE}/{recording_id}"
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(recording_chapters))
        named = Happened(Chapter(0, Kind.PRESENTER, "", "Ada Lovelace"), teacher.user_id)
        await add_chapters(tx, recording_id, [named])
    link = (await api.call("POST", f"{path}/share", {}, by=teacher)).body["token"]
    await api.call("PATCH", path, {"visibility": "public"}, by=teacher)
    for who, title in (
        (await api.person("student"), "Ada Lovelace presents"),
        (link, "Somebody presents"),
        (None, "Somebody presents"),
    ):
        found = (await api.call("GET", f"{path}/chapters", by=who)).body["chapters"]
        assert [one["title"] for one in found] == [title]
