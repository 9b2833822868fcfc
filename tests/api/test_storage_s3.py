"""Recordings in an object store: a real S3 server, the job process's work, players through our server."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.storage_material import (
    BASE,
    check_plays_from_there,
    files_of,
    gone_from_here,
    job_is,
    job_of,
    media_of,
    recorded,
    storing,
    told,
    uploaded,
    working_on,
)
from tests.s3_server import (
    BUSY,
    CUT,
    PASS,
    Between,
    Request,
    S3Server,
    between,
    pass_all,
    s3_server,
    why_not,
)
from vtp.recording.manifest import MANIFEST_NAME
from vtp.recording.store import Status

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    async with s3_server(tmp_path / "s3") as server:
        yield server


def objects_of(s3: S3Server, recording_id: str) -> dict[str, bytes]:
    prefix = f"vtp/{recording_id}/"
    return {key.removeprefix(prefix): path.read_bytes() for key, path in s3.objects.items() if prefix in key}


def hold_a_later_file(road: Between) -> asyncio.Event:
    """Lets the store answer no more to one file after the fifth; gives what is set then."""
    stuck = asyncio.Event()

    async def rule(request: Request) -> str:
        if request.method == "PUT" and request.number > 5 and not stuck.is_set():
            stuck.set()
            await asyncio.Event().wait()
        return PASS

    road.rule = rule
    return stuck


async def test_recording_that_has_ended_goes_to_the_store_byte_for_byte(tmp_path: Path, s3: S3Server) -> None:
    async with storing(tmp_path / "data", s3.settings()) as api:
        recording_id, teacher = await recorded(api)
        assert (await uploaded(api, recording_id, teacher))["storage"] == "stored"
        job = await job_of(api, recording_id, teacher)
        assert (job["kind"], job["progress"], job["attempts"], job["last_error"]) == ("upload", 1, 1, None)
        here = files_of(api.server.services.recordings.file(recording_id, "x").parent)
        assert objects_of(s3, recording_id) == here  # keep_local_hours: it is here too


async def test_recording_in_the_store_alone_plays_downloads_and_is_deleted(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(), working=False) as api:
        recording_id, teacher = await recorded(api)
        before = await media_of(api, recording_id, teacher)
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        teacher = await api.sign_in("teacher@school.example")
        await gone_from_here(api, recording_id)
        await check_plays_from_there(api, recording_id, teacher, before)
        answer = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
        assert answer.status == 200 and objects_of(s3, recording_id) == {}
        assert not list((tmp_path / "data" / "cache").rglob("*.m4s"))


async def test_interrupted_recording_is_made_whole_before_it_is_uploaded(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings()) as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        recording_id = await add_finished(api, room, teacher, status=Status.INTERRUPTED, closed=False)
        told(api, recording_id)
        await uploaded(api, recording_id, teacher)
        assert b'"closed": true' in objects_of(s3, recording_id)[MANIFEST_NAME]


async def test_job_process_finds_what_ended_while_nobody_could_tell_it(tmp_path: Path, s3: S3Server) -> None:
    async with storing(tmp_path / "data", s3.settings()) as api:
        teacher = await api.person("teacher")
        recording_id = await add_finished(api, await make_room(api, teacher), teacher)
        await uploaded(api, recording_id, teacher)


async def test_store_that_is_away_costs_nobody_anything_but_what_is_there_alone(
    tmp_path: Path, s3: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        there, teacher = await recorded(api)
        await gone_from_here(api, there)
    await s3.stop()
    caplog.set_level(logging.WARNING)
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        teacher = await api.sign_in("teacher@school.example")
        here = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
        told(api, here)
        job = await job_is(api, here, teacher, lambda job: job["attempts"] > 2)  # it does not give up
        assert "does not answer" in job["last_error"]
        assert "stay on this machine" in caplog.text
        assert len(await media_of(api, here, teacher)) == 9
        cookie = await grant_of(api, there, teacher)
        for path in ("stream/master.m3u8", "stream/video/seg-00000.m4s", "download"):
            answer = await fetch(api, f"{BASE}/{there}/{path}", Cookie=cookie)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "15"), path
        await s3.start()
        assert len(await media_of(api, there, teacher)) == 9
        assert (await uploaded(api, here, teacher))["storage"] == "stored"


async def test_what_cannot_be_deleted_from_a_store_that_is_away_is_in_the_trash_until_it_can(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        recording_id, teacher = await recorded(api)
        await gone_from_here(api, recording_id)
        await s3.stop()
        address = f"{BASE}/{recording_id}?permanent=true"
        assert (await api.call("DELETE", address, by=teacher)).status == 503
        kept = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
        assert (kept.status, kept.body["status"]) == (200, "deleted")
        await s3.start()
        assert (await api.call("DELETE", address, by=teacher)).status == 200
        assert not objects_of(s3, recording_id)


async def test_cut_connections_and_a_busy_store_cost_retries_and_no_bytes(
    tmp_path: Path, s3: S3Server
) -> None:
    async def rule(request: Request) -> str:
        if request.method == "PUT" and request.number % 3 == 1:
            return CUT
        return BUSY if request.number % 4 == 2 else PASS

    async with between(s3) as road:
        road.rule = rule
        async with storing(tmp_path / "data", road.settings()) as api:
            recording_id, teacher = await recorded(api)
            await uploaded(api, recording_id, teacher)
            here = files_of(api.server.services.recordings.file(recording_id, "x").parent)
            assert objects_of(s3, recording_id) == here
        assert road.puts()[-1].endswith(MANIFEST_NAME)  # the marker comes last


async def test_process_that_ends_in_mid_upload_goes_on_with_what_is_missing(
    tmp_path: Path, s3: S3Server
) -> None:
    stuck = asyncio.Event()

    async def rule(request: Request) -> str:
        if request.method == "PUT" and request.number > 5:
            stuck.set()
            await asyncio.Event().wait()
        return PASS

    async with between(s3) as road, storing(tmp_path / "data", road.settings(), working=False) as api:
        road.rule = rule
        async with working_on(api):
            recording_id, teacher = await recorded(api)
            await asyncio.wait_for(stuck.wait(), 60)
        before = road.puts()
        assert (await job_of(api, recording_id, teacher))["state"] == "queued" and before
        road.rule = pass_all
        async with working_on(api):
            await uploaded(api, recording_id, teacher)
        assert sorted(road.puts()) == sorted(set(road.puts()))  # none twice
        here = files_of(api.server.services.recordings.file(recording_id, "x").parent)
        assert objects_of(s3, recording_id) == here


async def test_recording_deleted_while_it_is_uploaded_leaves_nothing_in_the_store(
    tmp_path: Path, s3: S3Server
) -> None:
    async with between(s3) as road:
        stuck = hold_a_later_file(road)
        async with storing(tmp_path / "data", road.settings()) as api:
            recording_id, teacher = await recorded(api)
            await asyncio.wait_for(stuck.wait(), 60)
            assert objects_of(s3, recording_id)
            answer = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
            assert answer.status == 200, answer
            assert objects_of(s3, recording_id) == {}
            assert not api.server.services.recordings.file(recording_id, "x").parent.exists()
        assert objects_of(s3, recording_id) == {}


async def test_cancelled_upload_rests_until_it_is_asked_for_again(tmp_path: Path, s3: S3Server) -> None:
    held, stuck = asyncio.Event(), asyncio.Event()

    async def rule(request: Request) -> str:
        if request.method == "PUT" and not held.is_set():
            stuck.set()
            await held.wait()
        return PASS

    async with between(s3) as road:
        road.rule = rule
        async with storing(tmp_path / "data", road.settings()) as api:
            recording_id, teacher = await recorded(api)
            await asyncio.wait_for(stuck.wait(), 60)
            reply = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
            assert reply["storage"] == "uploading"
            job = await job_of(api, recording_id, teacher)
            path = f"{BASE}/{recording_id}/jobs/{job['id']}"
            cancelled = await api.call("POST", f"{path}/cancel", by=teacher)
            assert cancelled.status == 200 and cancelled.body["state"] == "cancelled"
            reply = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
            assert reply["storage"] == "local"
            held.set()
            while (again := await api.call("POST", f"{path}/retry", by=teacher)).status == 409:
                assert again.body["code"] == "job_is_ending"  # the run has not noticed yet
                await asyncio.sleep(0.05)
            assert again.body["state"] == "queued"
            await uploaded(api, recording_id, teacher)


async def test_renewed_credentials_are_taken_without_a_restart(tmp_path: Path, s3: S3Server) -> None:
    file = tmp_path / "credentials"

    def write(key: str, secret: str) -> None:
        draft = tmp_path / "draft"
        draft.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
        draft.replace(file)

    write(*s3.keys)
    settings = s3.settings(credentials_file=str(file), keep_local_hours=0)
    async with storing(tmp_path / "data", settings) as api:
        first, teacher = await recorded(api)
        await gone_from_here(api, first)
        await s3.stop()
        s3.keys = ("second-key", "second-secret")
        await s3.start()
        second = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
        told(api, second)
        job = await job_is(api, second, teacher, lambda job: job["last_error"])
        assert "refuses our credentials" in job["last_error"]
        cookie = await grant_of(api, first, teacher)
        path = f"{BASE}/{first}/stream/master.m3u8"
        assert (await fetch(api, path, Cookie=cookie)).status == 503
        write(*s3.keys)
        await uploaded(api, second, teacher)
        assert (await fetch(api, path, Cookie=cookie)).status == 200


async def test_server_starts_the_job_process_and_again_when_it_is_killed(
    tmp_path: Path, s3: S3Server
) -> None:
    async with between(s3) as road:
        stuck = hold_a_later_file(road)
        async with storing(tmp_path / "data", road.settings(), embedded=True) as api:
            process = api.server.services.jobs.process
            assert process is not None
            recording_id, teacher = await recorded(api)
            await asyncio.wait_for(stuck.wait(), 60)
            pid, before = process.pid, road.puts()
            assert pid is not None and before
            nice = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16])
            assert nice >= 10 and os.sched_getscheduler(pid) == os.SCHED_BATCH

            os.kill(pid, signal.SIGKILL)
            await uploaded(api, recording_id, teacher)
            assert process.pid not in (None, pid) and process.restarts == 1
            assert sorted(road.puts()) == sorted(set(road.puts()))  # what was there was not sent again
            here = files_of(api.server.services.recordings.file(recording_id, "x").parent)
            assert objects_of(s3, recording_id) == here
            metrics = (await fetch(api, "/metrics")).text
            assert "vtp_job_process_up 1" in metrics and "vtp_job_process_restarts_total 1" in metrics
            last = process.pid
        assert not Path(f"/proc/{last}").exists()


async def test_recording_of_another_store_is_neither_lost_nor_deleted_here(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        recording_id, teacher = await recorded(api)
        await gone_from_here(api, recording_id)
    moved = s3.settings(url="s3://school/elsewhere")
    async with storing(tmp_path / "data", moved, working=False) as api:
        teacher = await api.sign_in("teacher@school.example")
        cookie = await grant_of(api, recording_id, teacher)
        answer = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)
        assert answer.status == 503 and "another object store" in answer.text
        refused = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
        assert refused.status == 503 and objects_of(s3, recording_id)
