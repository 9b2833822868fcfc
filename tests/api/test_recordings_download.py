"""The MP4 of a recording over HTTP: whole, by ranges, of a stretch; written nowhere; and its ends."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp.multipart import parse_content_disposition

from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.serving import Api, Person, serving
from vtp.recording import download_routes, downloads
from vtp.recording.downloads import Clip, make_mp4
from vtp.recording.index import TrackIndex
from vtp.recording.mp4_file import Mp4File
from vtp.recording.sample_table import TABLE_NAME, Find
from vtp.recording.store import Status, change_recording

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"
QUOTED = r'"[ !#-\[\]-~]*"'  # RFC 9110, section 5.6.4, without escapes
EXTENDED = r"(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+"  # RFC 8187, section 3.2.1


def numbers(data: bytes) -> Iterator[tuple[float, int]]:
    """When each picture is shown, and the number that it carries."""
    with open_media(data) as media:
        for frame in media.decode(video=0):
            yield frame.time, round((bytes(frame.planes[0])[0] - 16) / 3)


def folder_of(api: Api, recording_id: str) -> Path:
    return api.server.services.recordings.file(recording_id, "x").parent


async def test_ranges_continue_a_download_of_the_same_bytes_only(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/download"
    whole = await fetch(api, path, Cookie=cookie)
    etag, size = whole.headers["ETag"], len(whole.body)
    assert etag.startswith('"') and whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Length"] == str(size)
    for sent, start, end in ((f"bytes={size // 2}-", size // 2, size), ("bytes=-10", size - 10, size)):
        part = await fetch(api, path, Cookie=cookie, Range=sent, If_Range=etag)
        assert part.status == 206 and part.body == whole.body[start:end]
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    other = await fetch(api, path, Cookie=cookie, Range="bytes=5-9", If_Range='"other"')
    assert other.status == 200 and other.body == whole.body
    for several in ("bytes=0-1,4-5", "bytes=9-3", "pages=1-2"):
        assert (await fetch(api, path, Cookie=cookie, Range=several)).status == 200
    outside = await fetch(api, path, Cookie=cookie, Range=f"bytes={size}-")
    assert outside.status == 416 and outside.headers["Content-Range"] == f"bytes */{size}"
    assert (await fetch(api, path, Cookie=cookie, If_None_Match=etag)).status == 304
    assert (await fetch(api, path, Cookie=cookie, If_Match='"other"')).status == 412


async def test_head_tells_the_size_before_anything_is_sent(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = f"{BASE}/{recording_id}/download"
    whole = await fetch(api, path, **teacher.headers)
    async with (
        aiohttp.ClientSession() as session,
        session.head(f"{api.base_url}{path}", headers=teacher.headers) as head,
    ):
        assert head.status == 200 and await head.read() == b""
        assert head.headers["Content-Length"] == str(len(whole.body))
        assert head.headers["ETag"] == whole.headers["ETag"]


async def test_nothing_but_the_samples_is_written(api: Api, teacher: Person, recording_id: str) -> None:
    folder = folder_of(api, recording_id)
    before = set(folder.rglob("*"))
    first = await fetch(api, f"{BASE}/{recording_id}/download", **teacher.headers)
    await api.server.services.recordings.settle()
    added = set(folder.rglob("*")) - before
    assert added == {folder / "video" / TABLE_NAME, folder / "aac" / TABLE_NAME}
    api.server.services.recordings.playback._downloads.forget(recording_id)
    for path in added:
        path.write_bytes(path.read_bytes()[:-1])  # torn: it is made again
    again = await fetch(api, f"{BASE}/{recording_id}/download", **teacher.headers)
    assert again.body == first.body and again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    ("title", "plain", "whole"),
    [
        ("Größe “π”", "Gr__e ___.mp4", "Größe “π”.mp4"),
        ('a "b"; filename=evil.exe', "a _b_; filename=evil.exe.mp4", "a _b_; filename=evil.exe.mp4"),
        ("../../etc/passwd", "_.._etc_passwd.mp4", "_.._etc_passwd.mp4"),
        ("100 %41 'x'*", "100 %41 'x'_.mp4", "100 %41 'x'_.mp4"),
        ("光学", "__.mp4", "光学.mp4"),
    ],
)
async def test_whatever_a_title_holds_the_name_of_the_file_holds_by_rfc_6266_and_8187(
    api: Api, teacher: Person, recording_id: str, title: str, plain: str, whole: str
) -> None:
    renamed = await api.call("PATCH", f"{BASE}/{recording_id}", {"title": title}, by=teacher)
    assert renamed.status == 200, renamed
    answer = await fetch(api, f"{BASE}/{recording_id}/download", Range="bytes=0-0", **teacher.headers)
    told = answer.headers["Content-Disposition"]
    assert re.fullmatch(rf"attachment; filename={QUOTED}; filename\*=UTF-8''{EXTENDED}", told), told
    kind, parameters = parse_content_disposition(told)
    assert (kind, parameters["filename"], parameters["filename*"]) == ("attachment", plain, whole)


async def test_a_stretch_begins_and_ends_where_it_was_asked_to(
    api: Api, teacher: Person, recording_id: str
) -> None:
    answer = await fetch(api, f"{BASE}/{recording_id}/download?from=1.5&to=3", **teacher.headers)
    assert answer.status == 200 and "Optics 0.00.01-0.00.03.mp4" in answer.headers["Content-Disposition"]
    shown = list(numbers(answer.body))
    assert [number for _, number in shown] == [number % 64 for number in range(45, 90)]
    assert [round(time * 30) for time, _ in shown] == list(range(45))
    with open_media(answer.body) as media:
        heard = sum(frame.samples for frame in media.decode(audio=0))
    assert abs(heard / 48_000 - 1.5) < 0.025


async def test_a_link_names_a_stretch_exactly(api: Api, teacher: Person, recording_id: str) -> None:
    path = f"{BASE}/{recording_id}/download-url?from=1.0000125&to=3601.12345678"
    made = await api.call("GET", path, by=teacher)
    query = parse_qs(urlsplit(made.body["url"]).query)
    assert (float(query["from"][0]), float(query["to"][0])) == (1.0000125, 3601.12345678)


async def test_a_link_to_a_stretch_gives_that_stretch(api: Api, teacher: Person, recording_id: str) -> None:
    made = await api.call("GET", f"{BASE}/{recording_id}/download-url?from=1&to=2.5", by=teacher)
    answer = await fetch(api, made.body["url"])
    assert answer.status == 200 and len(list(numbers(answer.body))) == 45


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=3&to=2", "/query"),
        ("from=2&to=2", "/query"),
        ("from=-1", "/query/from"),
        ("to=nan", "/query/to"),
        ("from=soon", "/query/from"),
        ("from=4.5", "/query/from"),
    ],
)
async def test_a_stretch_that_is_none_is_a_problem_that_says_where(
    api: Api, teacher: Person, recording_id: str, query: str, pointer: str
) -> None:
    answer = await api.call("GET", f"{BASE}/{recording_id}/download?{query}", by=teacher)
    assert answer.status == 422 and answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.pointers == [pointer], answer


async def test_a_download_whose_recording_is_deleted_ends_short_and_alone(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = held_up(monkeypatch)
    path = f"{BASE}/{recording_id}/download"
    downloading = asyncio.create_task(_size_received(api, path, teacher))
    await asyncio.to_thread(reading.wait, 10)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)).status == 200
    go_on.set()
    announced, received = await asyncio.wait_for(downloading, 10)
    assert 0 < received < announced
    assert (await api.call("GET", path, by=teacher)).status == 404


def held_up(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Has downloads stop within their media: what tells so, and what lets them go on."""
    read, reading, go_on = Mp4File.read, threading.Event(), threading.Event()

    def slowly(file: Mp4File, start: int, size: int) -> bytes:
        if start > len(file.head):
            reading.set()
            go_on.wait(10)
        return read(file, start, size)

    monkeypatch.setattr(Mp4File, "read", slowly)
    monkeypatch.setattr(download_routes, "READ_BYTES", 8192)
    return reading, go_on


@pytest.mark.parametrize("by_link", [False, True])
async def test_a_download_ends_with_the_right_to_it(
    api: Api, recording_id: str, monkeypatch: pytest.MonkeyPatch, by_link: bool
) -> None:
    admin = await api.person("admin", "head@school.example")
    assistant = await api.person("assistant", "al@school.example")
    path = f"{BASE}/{recording_id}/download"
    if by_link:
        path = (await api.call("GET", f"{path}-url", by=assistant)).body["url"]
    reading, go_on = held_up(monkeypatch)
    downloading = asyncio.create_task(_size_received(api, path, None if by_link else assistant))
    await asyncio.to_thread(reading.wait, 10)
    change = {"role": "student"}
    answer = await api.call("PATCH", f"/api/v1/users/{assistant.user_id}", change, by=admin)
    assert answer.status == 200, answer
    go_on.set()
    announced, received = await asyncio.wait_for(downloading, 10)
    assert 0 < received < announced


async def test_what_another_process_put_into_the_trash_is_not_downloaded(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = f"{BASE}/{recording_id}/download"
    assert (await fetch(api, path, **teacher.headers)).status == 200
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording_id, status=Status.DELETED, deleted_at=datetime.now(UTC))
    answer = await api.call("GET", path, by=teacher)
    assert answer.status == 410 and answer.body["code"] == "recording_deleted"


async def test_what_is_being_made_of_a_recording_that_is_deleted_is_not_kept(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, go_on = slow_making(monkeypatch)
    path = f"{BASE}/{recording_id}/download"
    downloading = asyncio.create_task(api.call("GET", path, by=teacher))
    await asyncio.to_thread(making.wait, 10)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    go_on.set()
    assert (await asyncio.wait_for(downloading, 10)).status == 410
    assert not api.server.services.recordings.playback._downloads._kept


def slow_making(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Has MP4s take as long to be made as the test wants: what tells that one has begun, what ends it."""
    making, go_on = threading.Event(), threading.Event()

    def slowly(
        directory: Path, tracks: dict[str, TrackIndex], clip: Clip, find: Find | None = None
    ) -> Mp4File:
        assert threading.current_thread().name.startswith("mp4"), "packets wait for this thread"
        making.set()
        go_on.wait(10)
        return make_mp4(directory, tracks, clip, find)

    monkeypatch.setattr(downloads, "make_mp4", slowly)
    return making, go_on


async def test_only_so_many_stretches_are_made_at_once(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.server.services.recordings.playback._downloads._making, "most", 1)
    making, go_on = slow_making(monkeypatch)
    path = f"{BASE}/{recording_id}/download"
    first = asyncio.create_task(fetch(api, f"{path}?to=1", **teacher.headers))
    await asyncio.to_thread(making.wait, 10)
    refused = await fetch(api, f"{path}?to=2", **teacher.headers)
    assert refused.status == 503 and int(refused.headers["Retry-After"]) >= 1
    go_on.set()
    assert (await first).status == 200
    assert (await fetch(api, f"{path}?to=2", **teacher.headers)).status == 200


async def test_a_pause_that_no_mp4_can_say_is_told(api: Api, teacher: Person, recording_id: str) -> None:
    file = folder_of(api, recording_id) / "video" / "seg-00001.m4s"
    later = (1 << 33).to_bytes(8, "big")
    file.write_bytes(re.sub(rb"(?s)(tfdt.{4}).{8}", rb"\1" + later, file.read_bytes()))
    answer = await api.call("GET", f"{BASE}/{recording_id}/download", by=teacher)
    assert answer.status == 503 and "in stretches" in answer.body["detail"]


async def _size_received(api: Api, path: str, by: Person | None) -> tuple[int, int]:
    received = 0
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{api.base_url}{path}", headers=by.headers if by else {}) as answer,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            async for data in answer.content.iter_any():
                received += len(data)
        return int(answer.headers["Content-Length"]), received


async def test_what_older_versions_kept_goes_with_the_recording(
    api: Api, teacher: Person, recording_id: str
) -> None:
    folder = folder_of(api, recording_id)
    (folder / "download.mp4").write_bytes(b"an MP4 of an older version")
    assert (await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)).status == 200
    assert not folder.exists()


async def test_samples_are_known_before_the_first_download(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        ended = await add_finished(api, room, teacher, status=Status.FINALIZING)
    async with serving(tmp_path / "data") as api:
        await api.server.services.recordings.settle()
        assert (folder_of(api, ended) / "video" / TABLE_NAME).exists()


async def test_many_who_come_together_wait_for_one_file(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Clip] = []

    def counted(
        directory: Path, tracks: dict[str, TrackIndex], clip: Clip, find: Find | None = None
    ) -> Mp4File:
        made.append(clip)
        return make_mp4(directory, tracks, clip, find)

    monkeypatch.setattr(downloads, "make_mp4", counted)
    path = f"{BASE}/{recording_id}/download"
    answers = await asyncio.gather(*(fetch(api, path, **teacher.headers) for _ in range(5)))
    assert len(made) == 1 and len({answer.body for answer in answers}) == 1
