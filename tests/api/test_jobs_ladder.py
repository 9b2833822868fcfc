"""The ladder of a recording from its end to its players: made by the job process, seen when it is whole."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.recording_material import Fetched, add_finished, fetch, grant_of, make_room, open_media
from tests.api.storage_material import BASE, PROMPT, files_of, gone_from_here, told, until, working_on
from tests.folder_store import SETTINGS, FolderClients
from tests.serving import Api, Person, serving
from tests.unit.recording_material import h264_units
from vtp.jobs.ladder import RungsOfRecording
from vtp.jobs.tables import recording_jobs
from vtp.recording.index import SegmentLine
from vtp.recording.store import Status, change_recording
from vtp.settings import JobSettings

JOBS = JobSettings(embedded=False, ladder=[120], retry_delays_s=list(PROMPT))
RUNG = "video-120"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", jobs=JOBS) as running:
        yield running


async def record(api: Api, teacher: Person) -> str:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    told(api, recording_id)
    return recording_id


async def look(api: Api, recording_id: str, by: Person, path: str) -> Fetched:
    cookie = await grant_of(api, recording_id, by)
    answer = await fetch(api, f"{BASE}/{recording_id}/{path}", Cookie=cookie)
    assert answer.status == 200, (path, answer)
    return answer


async def states(api: Api, recording_id: str, by: Person) -> dict[str, str]:
    answer = await api.call("GET", f"{BASE}/{recording_id}/jobs", by=by)
    return {job["kind"]: job["state"] for job in answer.body["items"]}


async def all_done(api: Api, recording_id: str, by: Person) -> None:
    async def are_done() -> bool:
        return set((await states(api, recording_id, by)).values()) == {"done"}

    await until(are_done, "the end of all jobs")


async def test_rungs_are_offered_when_they_are_whole_and_change_nothing_else(
    api: Api, teacher: Person
) -> None:
    recording_id = await record(api, teacher)
    before = await look(api, recording_id, teacher, "stream/master.m3u8")
    mp4 = await look(api, recording_id, teacher, "download")
    size = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body["file_size_bytes"]
    async with working_on(api):
        await all_done(api, recording_id, teacher)
    assert await states(api, recording_id, teacher) == {"ladder": "done"}
    await api.server.services.jobs.jobs.look()  # as it does every few seconds
    await look(api, recording_id, teacher, "stream/master.m3u8")
    await api.server.services.recordings.settle()
    after = await look(api, recording_id, teacher, "stream/master.m3u8")
    lines = after.text.splitlines()
    assert lines.count(f"{RUNG}/playlist.m3u8") == 2  # with AAC, with Opus
    stream = lines[lines.index(f"{RUNG}/playlist.m3u8") - 1]
    assert "RESOLUTION=214x120" in stream and "FRAME-RATE=30.000" in stream and 'AUDIO="aac"' in stream
    kept = [line for line in lines if line in before.text.splitlines()]
    assert kept == [line for line in before.text.splitlines() if line in kept] and len(kept) >= 8
    mpd = await look(api, recording_id, teacher, "stream/manifest.mpd")
    assert f'<Representation id="{RUNG}"' in mpd.text and mpd.text.count("<AdaptationSet") == 3
    section = await look(api, recording_id, teacher, f"stream/{RUNG}/init-0.mp4")
    segment = await look(api, recording_id, teacher, f"stream/{RUNG}/seg-00001.m4s")
    with open_media(section.body + segment.body) as media:
        assert len(list(media.decode(video=0))) == 60
    assert (await look(api, recording_id, teacher, "download")).body == mp4.body
    assert (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body["file_size_bytes"] > size


@pytest.mark.parametrize("keep_local_hours", [0, 24])
async def test_rungs_go_to_the_store_too_and_play_from_there(
    tmp_path: Path, store: FolderClients, keep_local_hours: int
) -> None:
    storage = SETTINGS.model_copy(update={"keep_local_hours": keep_local_hours})
    async with serving(tmp_path / "data", jobs=JOBS, storage=storage) as api:
        teacher = await api.person("teacher")
        recording_id = await record(api, teacher)
        async with working_on(api):
            if keep_local_hours:
                await all_done(api, recording_id, teacher)
                folder = api.server.services.recordings.file(recording_id, "x").parent
                assert store.objects(recording_id) == files_of(folder)
            else:
                await gone_from_here(api, recording_id)
        assert f"{RUNG}/seg-00001.m4s" in store.objects(recording_id)
        media = [path for path in store.puts() if path.endswith(".m4s")]
        assert len(media) == len(set(media))  # none is sent again with the rungs
        await api.server.services.jobs.jobs.look()
        assert f"{RUNG}/playlist" in (await look(api, recording_id, teacher, "stream/master.m3u8")).text
        await look(api, recording_id, teacher, f"stream/{RUNG}/seg-00001.m4s")


async def test_ladder_that_is_wished_for_later_is_not_tried_of_what_is_in_the_store_alone(
    tmp_path: Path, store: FolderClients
) -> None:
    storage = SETTINGS.model_copy(update={"keep_local_hours": 0})
    without = JOBS.model_copy(update={"ladder": []})
    async with serving(tmp_path / "data", jobs=without, storage=storage) as api:
        teacher = await api.person("teacher")
        first = await record(api, teacher)
        async with working_on(api):
            await gone_from_here(api, first)
    storage = SETTINGS.model_copy(update={"keep_local_hours": 24})
    async with serving(tmp_path / "data", jobs=JOBS, storage=storage) as api:
        later = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
        async with working_on(api):  # one look finds both, the older one first
            await all_done(api, later, teacher)
        assert (await states(api, later, teacher)).keys() == {"ladder", "upload"}
        assert await states(api, first, teacher) == {"upload": "done"}


async def test_what_an_older_backup_has_no_jobs_of_is_found_in_the_store(
    tmp_path: Path, store: FolderClients
) -> None:
    storage = SETTINGS.model_copy(update={"keep_local_hours": 0})
    async with serving(tmp_path / "data", jobs=JOBS, storage=storage) as api:
        teacher = await api.person("teacher")
        recording_id = await record(api, teacher)
        async with working_on(api):
            await gone_from_here(api, recording_id)
        async with (
            api.server.services.database.transaction() as tx
        ):  # as rows of before jobs are brought up to date
            await tx.execute(recording_jobs.delete())
            values = {"storage": "local", "stored_url": None, "stored_at": None}
            await change_recording(tx, recording_id, **values)
        async with working_on(api):
            await all_done(api, recording_id, teacher)
        assert await states(api, recording_id, teacher) == {"upload": "done"}
        shown = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
        assert (shown["storage"], shown["status"]) == ("stored", "ready")
        await look(api, recording_id, teacher, f"stream/{RUNG}/seg-00001.m4s")


async def test_ladder_of_a_process_that_ended_goes_on_behind_its_last_segment(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, second, made = RungsOfRecording.make, threading.Event(), list[int]()

    def noted(of: RungsOfRecording, line: SegmentLine) -> int:
        ticks = make(of, line)
        if ticks:
            made.append(line.msn)
            second.wait(30)
        return ticks

    monkeypatch.setattr(RungsOfRecording, "make", noted)
    recording_id = await record(api, teacher)
    async with working_on(api):
        while not made:  # noqa: ASYNC110  of a thread
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, second.set)  # while the process waits for its end
    assert made == [0] and await states(api, recording_id, teacher) == {"ladder": "queued"}
    assert RUNG not in (await look(api, recording_id, teacher, "stream/master.m3u8")).text
    async with working_on(api):
        await all_done(api, recording_id, teacher)
    assert made == [0, 1]


async def test_cancelled_ladder_leaves_the_recording_as_it_was(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    make = RungsOfRecording.make

    def slowly(of: RungsOfRecording, line: SegmentLine) -> int:
        begun.set()
        go_on.wait(30)
        return make(of, line)

    monkeypatch.setattr(RungsOfRecording, "make", slowly)
    recording_id = await record(api, teacher)
    async with working_on(api):
        await asyncio.to_thread(begun.wait, 30)
        [job] = (await api.call("GET", f"{BASE}/{recording_id}/jobs", by=teacher)).body["items"]
        answer = await api.call("POST", f"{BASE}/{recording_id}/jobs/{job['id']}/cancel", by=teacher)
        assert answer.body["state"] == "cancelled"
        go_on.set()
    body = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
    assert (body["status"], body["storage"]) == ("ready", "local")
    assert await states(api, recording_id, teacher) == {"ladder": "cancelled"}
    assert RUNG not in (await look(api, recording_id, teacher, "stream/master.m3u8")).text


async def test_killed_job_process_is_started_again_and_goes_on_behind_the_last_segment(
    tmp_path: Path,
) -> None:
    jobs = JOBS.model_copy(update={"embedded": True, "ladder": [480, 240]})
    async with serving(tmp_path / "data", jobs=jobs) as api:
        process = api.server.services.jobs.process
        assert process is not None
        teacher = await api.person("teacher")
        pictures = h264_units(150, width=1280, height=720)
        room = await make_room(api, teacher)
        finalizing = Status.FINALIZING  # until its files are there
        recording_id = await add_finished(api, room, teacher, status=finalizing, video=pictures)
        async with api.server.services.database.transaction() as tx:
            await change_recording(tx, recording_id, status=Status.READY)
        told(api, recording_id)
        first = api.server.services.recordings.file(recording_id, "video-480/seg-00000.m4s")

        index = first.with_name("index.jsonl")

        async def is_begun() -> bool:
            return index.exists() and b'"type":"segment"' in index.read_bytes()  # a file alone is made anew

        await until(is_begun, "the first segment of a rung")
        pid, written_ns = process.pid, first.stat().st_mtime_ns
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert "video-480" not in (await look(api, recording_id, teacher, "stream/master.m3u8")).text
        await all_done(api, recording_id, teacher)
        assert process.restarts == 1 and first.stat().st_mtime_ns == written_ns
        [job] = (await api.call("GET", f"{BASE}/{recording_id}/jobs", by=teacher)).body["items"]
        assert (job["progress"], job["last_error"], job["eta_seconds"]) == (1, None, None)
        await api.server.services.jobs.jobs.look()
        assert "video-240" in (await look(api, recording_id, teacher, "stream/master.m3u8")).text
