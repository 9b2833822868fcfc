"""The storyboard over HTTP: with the playlists' grants, while a class is recorded, and to its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.api.test_recordings_class import publisher, start, until_segments
from tests.serving import Api, Person, serving
from vtp.recording.store import Status

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


def folder_of(api: Api, recording_id: str) -> Path:
    return api.server.services.recordings.file(recording_id, "storyboard")


async def test_a_cookie_opens_the_list_and_the_sheets_that_it_names(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/storyboard.vtt"
    answer = await fetch(api, path, Cookie=cookie)
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/vtt"
    assert answer.text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:04.000\nstoryboard/sheet-00000.jpg#xywh=0,0,160,90\n"
    )
    sheet = await fetch(api, f"{BASE}/{recording_id}/storyboard/sheet-00000.jpg", Cookie=cookie)
    assert sheet.status == 200 and sheet.headers["Content-Type"] == "image/jpeg"
    assert (folder_of(api, recording_id) / "sheet-00000.jpg").read_bytes() == sheet.body
    for one in (answer, sheet):
        assert one.headers["Cache-Control"] == "no-store"
    for name, etag in (("storyboard.vtt", answer), ("storyboard/sheet-00000.jpg", sheet)):
        path = f"{BASE}/{recording_id}/{name}"
        assert (await fetch(api, path, Cookie=cookie, If_None_Match=etag.headers["ETag"])).status == 304
        assert (await fetch(api, path)).status == 401
    for name in ("sheet-00001.jpg", "sheet-0.jpg", "sheet-00000.png", "index.jsonl"):
        missing = await fetch(api, f"{BASE}/{recording_id}/storyboard/{name}", Cookie=cookie)
        assert missing.status == 404, name


async def test_it_goes_with_its_recording(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    path = f"{BASE}/{recording_id}/storyboard/sheet-00000.jpg"
    assert (await api.call("GET", path, by=teacher)).status == 200
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    assert (await api.call("GET", path, by=teacher)).status == 410
    assert (await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)).status == 200
    assert not folder_of(api, recording_id).parent.exists()


async def test_it_grows_with_a_class_and_its_sheet_is_written_at_the_end(api: Api, teacher: Person) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/storyboard"
    before = await fetch(api, f"{path}.vtt", Cookie=cookie)
    assert (before.status, before.text) == (200, "WEBVTT\n")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        live = await fetch(api, f"{path}.vtt", Cookie=cookie)
        assert re.search(r"\nstoryboard/sheet-00000\.1\.jpg#xywh=0,0,120,90\n", live.text)
        sheet = await fetch(api, f"{path}/sheet-00000.1.jpg", Cookie=cookie)
        assert sheet.status == 200 and not folder_of(api, recording_id).exists()
        with open_media(sheet.body) as media:
            assert (media.streams.video[0].width, media.streams.video[0].height) == (1600, 90)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert stopped.body["status"] == "ready"
    ended = await fetch(api, f"{path}.vtt", Cookie=cookie)
    name = re.findall(r"storyboard/(\S+)#", ended.text)[-1]
    assert name == "sheet-00000.jpg"
    whole = await fetch(api, f"{path}/{name}", Cookie=cookie)
    assert (folder_of(api, recording_id) / name).read_bytes() == whole.body
    late = await fetch(api, f"{path}/sheet-00000.1.jpg", Cookie=cookie)
    assert late.body == whole.body, "who has an older list gets what is there now"


async def test_after_a_crash_it_shows_what_was_recovered(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        torn = await add_finished(api, room, teacher, status=Status.RECORDING, closed=False)
        folder_of(api, torn).mkdir()
        (folder_of(api, torn) / ".sheet-00000.jpg-x1").write_bytes(b"half a sheet")
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in("teacher@school.example")
        answer = await api.call("GET", f"{BASE}/{torn}/storyboard/sheet-00000.jpg", by=teacher)
        assert answer.status == 200
        assert (await api.call("DELETE", f"{BASE}/{torn}?permanent=true", by=teacher)).status == 200
        assert not folder_of(api, torn).parent.exists()
