"""Recordings in files of courses: the same on the other side, under their lessons."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.carried_material import MEDIA, RECORDINGS, export, filed, folders, names_in, recorded_course
from tests.api.course_file_material import bring as bring_file
from tests.api.course_file_material import parts_of
from tests.api.course_material import BASE
from tests.api.recording_material import fetch, grant_of, open_media
from tests.api.storage_material import media_of
from tests.fresh_database import begin_fresh
from tests.serving import Api, Person, serving
from vtp.course_files.manifest import MANIFEST
from vtp.recording.store import find_recording


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "other", f"sqlite:///{begin_fresh(tmp_path, 'other.sqlite3')}") as running:
        yield running


async def test_recordings_come_along_with_their_course_and_are_filed_under_its_lessons(
    api: Api, teacher: Person, other: Api
) -> None:
    made = await recorded_course(api, teacher)
    data = await export(api, made.id, teacher)
    host = await other.person("teacher")
    looked = await bring_file(other, data, host, dry=True)
    assert (looked.status, looked.body["carried"]["recordings"]) == (200, 2)
    assert looked.body["recording_bytes"] > 10_000
    assert folders(other) == []
    brought = await bring_file(other, data, host)
    assert {**brought.body, "id": None, "dry_run": True} == looked.body
    course = brought.body["id"]
    one, two = await filed(other, course, host)
    lessons = (await other.call("GET", f"{BASE}/{course}/lessons", by=host)).body["items"]
    assert (one["lesson_id"], two["lesson_id"]) == (lessons[0]["id"], None)
    assert (one["title"], one["lecture_title"], one["lecture_number"]) == ("Lenses, part one", "Lenses", 7)
    await assert_is_the_same(api, made.first, teacher, other, one["recording_id"], host)
    async with other.server.services.database.read() as tx:
        row = await find_recording(tx, one["recording_id"])
    assert row is not None and row.room_id == lessons[0]["room_id"] and row.started_by == host.user_id
    again = await export(other, course, host)
    assert {name: part for name, part in parts_of(again).items() if name != MANIFEST} == {
        name: part for name, part in parts_of(data).items() if name != MANIFEST
    }


async def assert_is_the_same(a: Api, first: str, by: Person, b: Api, second: str, host: Person) -> None:
    """What players get of it."""
    assert await media_of(a, first, by) == await media_of(b, second, host)
    seen = []
    for api, recording_id, who in ((a, first, by), (b, second, host)):
        cookie = await grant_of(api, recording_id, who)
        path = f"{RECORDINGS}/{recording_id}"
        told = [await api.call("GET", f"{path}/chapters", by=who)]
        told.append(await api.call("GET", f"{path}/captions", by=who))
        assert [one.status for one in told] == [200, 200], told
        text = await fetch(api, f"{path}/captions/de", Cookie=cookie)
        thumbnail = await fetch(api, f"{path}/thumbnail?t=1", Cookie=cookie)
        board = await fetch(api, f"{path}/storyboard.vtt", Cookie=cookie)
        assert (thumbnail.status, board.status) == (200, 200)
        download = await fetch(api, f"{path}/download", Cookie=cookie)
        with open_media(download.body) as media:
            assert media.streams.video[0].frames == 120
        row = (await api.call("GET", path, by=who)).body
        same = ("title", "duration_seconds", "resolution", "codecs", "frame_rate_fps", "status")
        chapters = [(one["start_seconds"], one["title"]) for one in told[0].body["chapters"]]
        languages = [(one["language"], one["label"], one["cues"]) for one in told[1].body["items"]]
        seen.append(
            (chapters, languages, text.body, thumbnail.body, board.body, [row[name] for name in same[:1]])
        )
    assert seen[0] == seen[1]


async def test_without_being_asked_for_no_recording_is_in_the_file_which_older_servers_read(
    api: Api, teacher: Person
) -> None:
    made = await recorded_course(api, teacher)
    parts = parts_of(await export(api, made.id, teacher, recordings=False))
    assert json.loads(parts[MANIFEST])["format"] == 1
    assert not [name for name in parts if "recordings" in name or "captions" in name]
    assert json.loads(parts_of(await export(api, made.id, teacher))[MANIFEST])["format"] == 2


async def test_who_was_in_a_recording_is_in_its_media_alone(api: Api, teacher: Person) -> None:
    made = await recorded_course(api, teacher)
    parts = parts_of(await export(api, made.id, teacher))
    data = b"".join(parts.values())
    assert teacher.user_id.encode() not in data and b"in the room" not in data
    assert not [name for name in names_in(parts[MEDIA]) if name.startswith("p")]


async def test_a_recording_that_is_lost_is_left_out_and_said(api: Api, teacher: Person) -> None:
    made = await recorded_course(api, teacher)
    api.server.services.recordings.file(made.first, "video/seg-00000.m4s").unlink()
    data = await export(api, made.id, teacher)
    assert json.loads(parts_of(data)[MANIFEST])["missing"] == ["recordings-1"]
    brought = await bring_file(api, data, teacher)
    assert (brought.status, brought.body["missing_files"]) == (200, 1), brought
    assert [one["title"] for one in await filed(api, brought.body["id"], teacher)] == ["Extra"]
