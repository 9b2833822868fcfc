"""DASH, I-frames and thumbnails over HTTP: opened by the grants that open the playlists."""

from __future__ import annotations

import asyncio
import io
import re
import threading
from datetime import UTC, datetime

import av
import pytest

from tests.api.recording_material import fetch, grant_of, make_room
from tests.serving import Api, Person
from vtp.recording import thumbnail, thumbnail_picture
from vtp.recording.thumbnail import make_jpeg

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


async def test_every_file_that_the_dash_manifest_names_is_served(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    root = f"{BASE}/{recording_id}/stream"
    answer = await fetch(api, f"{root}/manifest.mpd", Cookie=cookie)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/dash+xml"
    assert 'type="static"' in answer.text
    for track in ("video", "aac", "opus"):
        assert f'<Representation id="{track}"' in answer.text
        for name in ("init-0.mp4", "seg-00000.m4s", "seg-00001.m4s"):
            assert (await fetch(api, f"{root}/{track}/{name}", Cookie=cookie)).status == 200
    again = await fetch(api, f"{root}/manifest.mpd", Cookie=cookie, If_None_Match=answer.headers["ETag"])
    assert again.status == 304
    assert (await fetch(api, f"{root}/manifest.mpd")).status == 401


async def test_the_clock_beside_the_manifest_tells_the_time(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    answer = await fetch(api, f"{BASE}/{recording_id}/stream/time", Cookie=cookie)
    told = datetime.fromisoformat(answer.text)
    assert answer.text.endswith("Z") and abs((datetime.now(UTC) - told).total_seconds()) < 60


async def test_key_frames_are_offered_once_the_samples_are_known(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    root = f"{BASE}/{recording_id}/stream"
    before = await fetch(api, f"{root}/master.m3u8", Cookie=cookie)
    await api.server.services.recordings.settle()
    after = await fetch(api, f"{root}/master.m3u8", Cookie=cookie)
    assert 'URI="video/iframes.m3u8"' in after.text
    assert before.text == "".join(
        line for line in after.text.splitlines(keepends=True) if "I-FRAME" not in line
    )
    answer = await fetch(api, f"{root}/video/iframes.m3u8", Cookie=cookie)
    assert answer.status == 200 and "#EXT-X-I-FRAMES-ONLY" in answer.text
    size, offset, name = re.findall(r"BYTERANGE:(\d+)@(\d+)\n(\S+)", answer.text)[1]
    end = int(offset) + int(size) - 1
    part = await fetch(api, f"{root}/video/{name}", Cookie=cookie, Range=f"bytes={offset}-{end}")
    assert part.status == 206 and len(part.body) == int(size)
    assert (await fetch(api, f"{root}/aac/iframes.m3u8", Cookie=cookie)).status == 404


def size_and_number(jpeg: bytes) -> tuple[int, int, int]:
    """Width, height, and the frame number that its brightness says."""
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe", mode="r") as container:
        frame = next(container.decode(video=0))
    middle = frame.to_ndarray(format="gray")[frame.height // 2, frame.width // 2]  # of 0 to 255
    return frame.width, frame.height, round(int(middle) * 219 / 255 / 3)


async def test_thumbnails_show_the_key_frame_before_a_time(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/thumbnail"
    first = await fetch(api, path, Cookie=cookie)
    assert first.status == 200 and first.headers["Content-Type"] == "image/jpeg"
    assert size_and_number(first.body) == (320, 180, 0)
    for query, size in (("t=2.5&width=160", (160, 90, 60)), ("t=1.99&width=150", (160, 90, 0))):
        assert size_and_number((await fetch(api, f"{path}?{query}", Cookie=cookie)).body) == size
    wide = await fetch(api, f"{path}?t=900&width=1280", Cookie=cookie)
    assert size_and_number(wide.body) == (320, 180, 60)
    assert (await fetch(api, path, Cookie=cookie, If_None_Match=first.headers["ETag"])).status == 304


@pytest.mark.drawn(2)
@pytest.mark.parametrize("query", ["width=9", "width=4000", "t=-1", "t=nan", "t=x"])
async def test_thumbnails_have_limits(api: Api, teacher: Person, recording_id: str, query: str) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    assert (await fetch(api, f"{BASE}/{recording_id}/thumbnail?{query}", Cookie=cookie)).status == 422
    assert (await fetch(api, f"{BASE}/{recording_id}/thumbnail")).status == 401


async def test_there_is_no_thumbnail_before_there_is_a_picture(api: Api, teacher: Person) -> None:
    await make_room(api, teacher)
    started = await api.call("POST", f"{BASE}/start", {"room_id": "physics"}, by=teacher)
    path = f"{BASE}/{started.body['recording_id']}/thumbnail"
    answer = await api.call("GET", path, by=teacher)
    assert answer.status == 404 and answer.body["code"] == "no_picture"


async def test_a_thumbnail_is_made_once_and_goes_with_its_recording(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(fragment: bytes, width: int) -> bytes:
        made.append(width)
        return make_jpeg(fragment, width)

    monkeypatch.setattr(thumbnail, "make_jpeg", counted)
    path = f"{BASE}/{recording_id}/thumbnail"
    queries = (f"t={n / 10}&width={161 + 20 * n}" for n in range(8))  # all of the same width, as made
    pictures = await asyncio.gather(*(api.call("GET", f"{path}?{query}", by=teacher) for query in queries))
    assert {answer.status for answer in pictures} == {200} and made == [320]
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    assert (await api.call("GET", path, by=teacher)).status == 410


async def test_a_damaged_picture_is_told_and_no_bug(api: Api, teacher: Person, recording_id: str) -> None:
    file = api.server.services.recordings.file(recording_id, "video/seg-00000.m4s")
    file.write_bytes(b"\0" * file.stat().st_size)
    answer = await api.call("GET", f"{BASE}/{recording_id}/thumbnail", by=teacher)
    assert answer.status == 503 and "damaged" in answer.body["detail"]


async def test_a_picture_of_a_deleted_recording_is_not_kept(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, go_on = threading.Event(), threading.Event()

    def slowly(fragment: bytes, width: int) -> bytes:
        making.set()
        go_on.wait(10)
        return make_jpeg(fragment, width)

    monkeypatch.setattr(thumbnail, "make_jpeg", slowly)
    asked = asyncio.create_task(api.call("GET", f"{BASE}/{recording_id}/thumbnail", by=teacher))
    await asyncio.to_thread(making.wait, 10)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    go_on.set()
    await asked
    assert not api.server.services.recordings.playback._thumbnails._kept


async def test_a_picture_that_is_too_large_is_told_and_not_decoded(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail_picture, "MOST_PIXELS", 320 * 180 - 1)
    answer = await api.call("GET", f"{BASE}/{recording_id}/thumbnail", by=teacher)
    assert answer.status == 404 and answer.body["code"] == "picture_too_large"
