"""What people see of a recording whose bytes are in the object store alone: the same, or a sentence."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from tests.api.coursework_material import until
from tests.api.recording_material import Fetched, add_finished, fetch, grant_of, make_room
from tests.api.storage_material import (
    BASE,
    files_of,
    gone_from_here,
    job_is,
    media_of,
    storing,
    told,
    uploaded,
    working_on,
)
from tests.folder_store import SETTINGS, FolderClients
from tests.serving import Api, Person
from vtp.errors import Unavailable
from vtp.jobs.queue import JobQueue
from vtp.recording import download_routes
from vtp.recording.sample_table import TABLE_NAME
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.store import access_changes, change_recording, remove_recording
from vtp.storage import RemoteStore

pytestmark = [pytest.mark.sqlite_alone, pytest.mark.over_store]

VIEWS = (
    "stream/master.m3u8",
    "stream/manifest.mpd",
    "stream/video/playlist.m3u8",
    "stream/video/iframes.m3u8",
    "stream/video/seg-00001.2.m4s",  # of players that have followed it live
    "download",
    "download?from=1.2&to=2.9",
    "thumbnail?t=2.5",
    "thumbnail?t=0&width=160",
    "storyboard.vtt",
    "storyboard/sheet-00000.jpg",
)
AWAY = "lies in an object store that cannot be reached now: try again in a moment"


async def record(api: Api, teacher: Person) -> str:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    told(api, recording_id)
    return recording_id


async def look(api: Api, recording_id: str, by: Person, path: str, **headers: str) -> Fetched:
    cookie = await grant_of(api, recording_id, by)
    return await fetch(api, f"{BASE}/{recording_id}/{path}", Cookie=cookie, **headers)


async def views_of(api: Api, recording_id: str, by: Person) -> dict[str, bytes]:
    await api.server.services.recordings.settle()  # its samples are read
    await look(api, recording_id, by, VIEWS[0])
    await api.server.services.recordings.settle()
    found = {path: await look(api, recording_id, by, path) for path in VIEWS}
    assert {path: answer.status for path, answer in found.items()} == dict.fromkeys(VIEWS, 200)
    return {path: answer.body for path, answer in found.items()}


@pytest.fixture
async def stored(tmp_path: Path, store: FolderClients) -> AsyncIterator[tuple[Api, str, Person]]:
    """A server that has just started, and a recording that is in the store alone."""
    async with storing(tmp_path / "data", SETTINGS.model_copy(update={"keep_local_hours": 0})) as api:
        recording_id = await record(api, await api.person("teacher"))
        await gone_from_here(api, recording_id)
    async with storing(tmp_path / "data", SETTINGS, working=False) as api:
        store.asked.clear()
        yield api, recording_id, await api.sign_in("teacher@school.example")


async def test_every_view_of_a_recording_is_the_same_from_the_store(
    tmp_path: Path, store: FolderClients
) -> None:
    async with storing(tmp_path / "data", SETTINGS, working=False) as api:
        teacher = await api.person("teacher")
        recording_id = await record(api, teacher)
        before, media = await views_of(api, recording_id, teacher), await media_of(api, recording_id, teacher)
        folder = api.server.services.recordings.file(recording_id, "x").parent
        async with working_on(api):
            assert (await uploaded(api, recording_id, teacher))["storage"] == "stored"
        assert store.objects(recording_id) == files_of(folder)
        folder.rename(tmp_path / "elsewhere")
        assert await views_of(api, recording_id, teacher) == before  # what is in memory reads on from there
    async with storing(tmp_path / "data", SETTINGS, working=False) as api:
        teacher = await api.sign_in("teacher@school.example")
        assert await views_of(api, recording_id, teacher) == before
        assert await media_of(api, recording_id, teacher) == media


async def test_a_seek_fetches_the_segments_that_it_needs(
    stored: tuple[Api, str, Person], store: FolderClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, recording_id, teacher = stored
    monkeypatch.setattr("vtp.recording.files.AHEAD_BYTES", 0)
    whole = await look(api, recording_id, teacher, "download", Range="bytes=0-0")
    size = int(whole.headers["Content-Range"].rpartition("/")[2])
    assert not [path for _, path in store.asked if path.endswith(".m4s")]
    last = await look(api, recording_id, teacher, "download", Range=f"bytes={size - 100}-")
    assert last.status == 206 and len(last.body) == 100
    fetched = {path.rpartition("/")[2] for _, path in store.asked if path.endswith(".m4s")}
    assert fetched == {"seg-00001.m4s"}


async def test_a_picture_fetches_its_key_frame_alone(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    assert (await look(api, recording_id, teacher, "thumbnail?t=2.5")).status == 200
    assert [item for item in store.asked if item[1].endswith(".m4s")] == [
        ("range", f"{recording_id}/video/seg-00001.m4s")
    ]


async def test_sheets_of_a_storyboard_are_drawn_once_from_key_frames_alone(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    first = await look(api, recording_id, teacher, "storyboard/sheet-00000.jpg")
    asked = [item for item in store.asked if item[1].endswith(".m4s")]
    assert first.status == 200 and asked and {what for what, _ in asked} == {"range"}
    again = await look(api, recording_id, teacher, "storyboard/sheet-00000.jpg")
    assert again.body == first.body
    assert asked == [item for item in store.asked if item[1].endswith(".m4s")]


async def test_store_that_is_away_is_told_by_every_view_and_seen_again_by_all(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    store.away = True
    for path in VIEWS:
        answer = await look(api, recording_id, teacher, path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "15"), path
        assert AWAY in answer.text and "s3://" not in answer.text, path
    store.away = False
    await views_of(api, recording_id, teacher)
    store.away = True  # what is known by now needs its segments still
    answer = await look(api, recording_id, teacher, "thumbnail?t=0&width=200")
    assert answer.status == 200  # of the cache
    refused = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert refused.status == 503 and AWAY in refused.body["detail"]
    left = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert left.body["status"] == "deleted"  # in the trash, where it can be deleted again
    assert (await look(api, recording_id, teacher, "stream/master.m3u8")).status == 410
    async with api.server.services.database.read() as tx:  # by which other processes hear of it
        assert recording_id in [one for one, _, _ in await access_changes(tx, datetime.fromtimestamp(0, UTC))]
    assert left.body["being_deleted"]
    removal = api.server.services.recordings.removal
    assert not await removal.look() and store.objects(recording_id)
    store.away = False
    removal.wake()

    async def is_gone() -> bool:
        return (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).status == 404

    await until(is_gone)
    assert store.objects(recording_id) == {}


async def test_download_whose_store_goes_away_ends_short_and_goes_on_later(
    stored: tuple[Api, str, Person], store: FolderClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, recording_id, teacher = stored
    monkeypatch.setattr("vtp.recording.files.AHEAD_BYTES", 0)
    monkeypatch.setattr(download_routes, "READ_BYTES", 4096)
    path = f"{api.base_url}{BASE}/{recording_id}/download"
    received = b""
    async with aiohttp.ClientSession() as session:
        async with session.get(path, headers=teacher.headers) as answer:
            etag, size = answer.headers["ETag"], int(answer.headers["Content-Length"])
            store.away = True
            with pytest.raises(aiohttp.ClientPayloadError):
                async for data in answer.content.iter_any():
                    received += data
        assert 0 < len(received) < size
        store.away = False
        rest = {"Range": f"bytes={len(received)}-", "If-Range": etag}
        async with session.get(path, headers={**teacher.headers, **rest}) as answer:
            assert answer.status == 206
            received += await answer.read()
    whole = await look(api, recording_id, teacher, "download")
    assert received == whole.body


async def test_samples_that_the_store_lacks_are_read_from_its_segments(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    (store.folder / recording_id / VIDEO_TRACK / TABLE_NAME).unlink()
    answer = await look(api, recording_id, teacher, "download")
    assert answer.status == 200 and len(answer.body) > 20_000


async def test_segment_that_the_store_has_lost_is_missing_and_no_matter_of_time(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    (store.folder / recording_id / VIDEO_TRACK / "seg-00001.m4s").unlink()
    answer = await look(api, recording_id, teacher, "stream/video/seg-00001.m4s")
    assert answer.status == 404 and "files_missing" in answer.text
    assert (await look(api, recording_id, teacher, "thumbnail?t=2.5")).status == 503
    assert (await look(api, recording_id, teacher, "stream/video/seg-00000.m4s")).status == 200


async def test_full_disk_is_told_where_a_file_has_to_be_fetched(
    stored: tuple[Api, str, Person], store: FolderClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, recording_id, teacher = stored

    async def full(self: RemoteStore, key: str, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(RemoteStore, "fetch", full)
        for path in ("stream/master.m3u8", "download"):
            answer = await look(api, recording_id, teacher, path)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "60"), path
            assert "disk_full" in answer.text and "free some space" in answer.text, path
    assert (await look(api, recording_id, teacher, "download")).status == 200


async def test_upload_that_breaks_off_says_why_and_goes_on_with_what_is_missing(
    api: Api, teacher: Person, store: FolderClients
) -> None:
    store.puts_left = 4
    async with working_on(api):
        recording_id = await record(api, teacher)
        job = await job_is(api, recording_id, teacher, lambda job: job["last_error"])
        assert job["state"] in ("queued", "running") and "does not answer" in job["last_error"]
        reply = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
        assert reply["storage"] == "uploading"
        assert (await look(api, recording_id, teacher, "stream/video/seg-00001.m4s")).status == 200
        store.puts_left = 1 << 30
        await uploaded(api, recording_id, teacher)
    assert sorted(store.puts()) == sorted(set(store.puts()))  # none twice
    folder = api.server.services.recordings.file(recording_id, "x").parent
    assert store.objects(recording_id) == files_of(folder)


async def test_uploads_go_on_when_their_queue_takes_something_again(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put, refused = JobQueue.put, threading.Event()

    def full(self: JobQueue, job_id: str) -> None:
        refused.set()
        raise Unavailable("The queue of jobs does not take anything (disk is full).")

    monkeypatch.setattr("vtp.jobs.sweeper.LONGEST_S", 0.05)
    monkeypatch.setattr(JobQueue, "put", full)
    async with working_on(api):
        recording_id = await record(api, teacher)
        await asyncio.to_thread(refused.wait, 30)
        assert (await job_is(api, recording_id, teacher, bool))["state"] == "queued"
        monkeypatch.setattr(JobQueue, "put", put)
        await uploaded(api, recording_id, teacher)
    assert "disk is full" in caplog.text


async def test_many_who_watch_together_cost_the_store_one_request_each_file(
    stored: tuple[Api, str, Person], store: FolderClients
) -> None:
    api, recording_id, teacher = stored
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/stream/video/seg-00000.m4s"
    answers = await asyncio.gather(*(fetch(api, path, Cookie=cookie) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len(store.asked) == len(set(store.asked))


async def test_nothing_is_kept_here_of_what_another_process_deletes_for_good(
    stored: tuple[Api, str, Person],
) -> None:
    api, recording_id, teacher = stored
    services = api.server.services
    files, removal = services.jobs.files, services.recordings.removal
    kept = services.settings.data_dir / "cache" / recording_id
    await views_of(api, recording_id, teacher)
    await removal.look()
    assert files.cached() == [recording_id] and kept.exists()
    async with services.database.transaction() as tx:  # as the other process writes it
        await change_recording(tx, recording_id, status="deleted", deleted_at=datetime.now(UTC))
    await removal.look()
    assert kept.exists(), "it may be restored"
    async with services.database.transaction() as tx:
        await remove_recording(tx, recording_id)
    await removal.look()
    assert files.cached() == [] and not kept.exists()
