"""A recording's ladder by the older contract's names: begun, one rung picked, looked at, cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, make_room
from tests.api.storage_material import BASE, PROMPT, until, working_on
from tests.api.test_recordings_class import start
from tests.serving import Answer, Api, Person, serving
from vtp.jobs.ladder_wish import lines_of, with_rungs
from vtp.jobs.making import new_job
from vtp.jobs.store import Kind, State
from vtp.jobs.transcode_schemas import TranscodeProgress
from vtp.jobs.transcoding import Transcode
from vtp.recording.store import find_recording
from vtp.settings import JobSettings

JOBS = JobSettings(embedded=False, ladder=[144, 120], retry_delays_s=list(PROMPT))
FIELDS = {"job_id", "status", "progress", "speed", "duration_ms", "eta_ms", "error"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", jobs=JOBS) as running:
        yield running


async def call(api: Api, by: Person, recording_id: str, what: str = "", body: object = None) -> Answer:
    method = "GET" if what == "/progress" else "POST"
    return await api.call(method, f"{BASE}/{recording_id}/transcode{what}", body, by=by)


async def rungs_of(api: Api, by: Person, recording_id: str) -> list[str]:
    info = await api.call("GET", f"{BASE}/{recording_id}/info", by=by)
    return [one["track"] for one in info.body["tracks"] if one["track"].startswith("video-")]


async def until_done(api: Api, by: Person, recording_id: str) -> Answer:
    async def is_done() -> Answer | None:
        found = await call(api, by, recording_id, "/progress")
        return found if found.body["status"] == "done" else None

    found: Answer = await until(is_done, "the end of the ladder")
    await api.server.services.jobs.jobs.look()  # as it does every few seconds
    return found


async def test_one_rung_is_made_then_the_others_and_what_is_whole_stays_so(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    none = await call(api, teacher, recording_id, "/progress")
    assert (none.status, none.body["code"]) == (404, "no_such_job")
    picked = await call(api, teacher, recording_id, "/quality", {"quality": "120p"})
    assert picked.status == 202 and picked.body.keys() >= FIELDS
    assert (picked.body["status"], picked.body["qualities"]) == ("queued", ["120p"])
    async with working_on(api):
        done = await until_done(api, teacher, recording_id)
        assert done.body["progress"] == 100 and done.body["error"] is None
        assert await rungs_of(api, teacher, recording_id) == ["video-120"]
        again = await call(api, teacher, recording_id, "/quality", {"quality": "120"})
        assert (again.status, again.body["status"]) == (202, "done"), "nothing of it is missing"
        whole = await call(api, teacher, recording_id)
        assert whole.body["status"] in ("queued", "running") and whole.body["job_id"] == done.body["job_id"]
        assert whole.body["qualities"] == ["144p", "120p"]
        await until_done(api, teacher, recording_id)
        assert sorted(await rungs_of(api, teacher, recording_id)) == ["video-120", "video-144"]
        assert (await call(api, teacher, recording_id)).body["status"] == "done"


async def test_what_waits_takes_more_rungs_is_cancelled_and_begins_anew(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    first = await call(api, teacher, recording_id, "/quality", {"quality": "120p"})
    both = await call(api, teacher, recording_id, "/quality", {"quality": "144p"})
    assert both.body["job_id"] == first.body["job_id"] and both.body["qualities"] == ["144p", "120p"]
    ended = await call(api, teacher, recording_id, "/cancel")
    assert (ended.status, ended.body["status"]) == (200, "cancelled")
    assert (await call(api, teacher, recording_id, "/progress")).body["status"] == "cancelled"
    anew = await call(api, teacher, recording_id, "/quality", {"quality": "144p"})
    assert (anew.body["status"], anew.body["qualities"]) == ("queued", ["144p"])


async def test_a_ladder_is_refused_with_a_sentence(api: Api, teacher: Person, tmp_path: Path) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    for quality in ("720p", "best", ""):
        other = await call(api, teacher, recording_id, "/quality", {"quality": quality})
        assert other.status == 422 and other.pointers == ["/quality"], other
    student = await api.person("student")
    for what in ("", "/cancel", "/progress"):
        assert (await call(api, student, recording_id, what)).status == 403
    running = await start(api, teacher, "physics")
    early = await call(api, teacher, running)
    assert (early.status, early.body["code"]) == (409, "not_ended")
    async with serving(tmp_path / "other") as plain:
        owner = await plain.person("teacher")
        without = await add_finished(plain, await make_room(plain, owner), owner)
        refused = await call(plain, owner, without)
        assert (refused.status, refused.body["code"]) == (409, "no_ladder")
        assert "jobs.ladder" in refused.body["detail"]


async def test_progress_tells_percent_speed_and_what_is_left(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher, duration_ms=60_000)
    async with api.server.services.database.read() as tx:
        recording = await find_recording(tx, recording_id)
    assert recording is not None
    now = datetime.now(UTC)
    job = replace(
        new_job(recording_id, Kind.LADDER, now),
        state=State.RUNNING,
        progress=0.25,
        eta_at=now + timedelta(seconds=15),
    )
    told = TranscodeProgress.of(Transcode(job, recording, [144]), now)
    assert (told.progress, told.eta_ms, told.speed, told.duration_ms) == (25.0, 15_000, 3.0, 60_000)
    untold = TranscodeProgress.of(Transcode(replace(job, eta_at=None), recording, [144]), now)
    assert (untold.eta_ms, untold.speed) == (None, None)


def test_rungs_of_a_job_are_those_that_it_names() -> None:
    assert lines_of("", [720, 480]) == [720, 480]
    assert lines_of("480", [720, 480]) == [480]
    assert with_rungs("240", "720") == "720,240"
    assert with_rungs("", "720") == "" == with_rungs("240", "")
