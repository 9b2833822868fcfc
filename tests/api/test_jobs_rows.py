"""Jobs as rows: who works on one, how it ends, and who may look; without an object store."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api.recording_material import make_room
from tests.serving import Api, Person
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.jobs import runner, service
from vtp.jobs.making import new_job
from vtp.jobs.process import work_on
from vtp.jobs.progress import Progress
from vtp.jobs.queue import JobQueue
from vtp.jobs.runner import BUG, HopelessError, Runner
from vtp.jobs.store import (
    Job,
    Kind,
    State,
    add_job,
    change_own,
    claim,
    find_job,
    release_abandoned,
    stored_before,
    tell_of_change,
)
from vtp.jobs.sweeper import Sweeper
from vtp.jobs.tables import recording_jobs
from vtp.recording.retention_store import Aging, page_of_ended
from vtp.recording.store import Recording, Status, Storage, add_recording, change_recording
from vtp.recording.trash import Trash
from vtp.settings import JobSettings, Settings
from vtp.storage import Store

BASE = "/api/v1/recordings"


@pytest.fixture
async def job(api: Api, teacher: Person) -> AsyncIterator[Job]:
    """Of a recording without files: none of this looks at them."""
    now, room = datetime.now(UTC), await make_room(api, teacher)
    recording = Recording(
        new_id(), room, "Optics", "", teacher.user_id, Status.READY, "hls", "program", now, now, now
    )
    job = new_job(recording.id, Kind.UPLOAD, now)
    async with api.server.services.database.transaction() as tx:
        await add_recording(tx, recording)
        assert await add_job(tx, job)
    yield job


class Scripted:
    """Work that fails as it is told, and counts."""

    moves = True
    then: Kind | None = None

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0
        self.undone: list[str] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def run(self, recording: Recording, progress: Progress, rungs: str = "") -> Mapping[str, object]:
        self.runs += 1
        self.begun.set()
        await self.may_end.wait()
        if self.errors:
            raise self.errors.pop(0)
        return {"stored_url": "s3://school"}

    async def undo(self, recording_id: str) -> None:
        self.undone.append(recording_id)


def runner_of(api: Api, work: Scripted) -> Runner:
    settings = JobSettings(retry_delays_s=[0, 0])
    return Runner(api.server.services.database, {Kind.UPLOAD: work}, settings, lambda: None)


async def now_of(api: Api, job: Job) -> Job:
    async with api.server.services.database.read() as tx:
        found = await find_job(tx, job.id)
    assert found is not None
    return found


async def test_recording_has_one_job_of_a_kind(api: Api, job: Job) -> None:
    async with api.server.services.database.transaction() as tx:
        assert not await add_job(tx, new_job(job.recording_id, Kind.UPLOAD, datetime.now(UTC)))


@pytest.mark.both_databases
async def test_two_runs_at_once_work_once(api: Api, job: Job) -> None:
    work = Scripted()
    await asyncio.gather(*(runner_of(api, work).run(job.id) for _ in range(4)))
    assert work.runs == 1 and (await now_of(api, job)).state is State.DONE


async def test_jobs_of_one_recording_wait_for_each_other(api: Api, job: Job) -> None:
    upload, ladder = Scripted(), Scripted()
    upload.may_end.clear()
    second = new_job(job.recording_id, Kind.LADDER, datetime.now(UTC))
    async with api.server.services.database.transaction() as tx:
        assert await add_job(tx, second)
    works = {Kind.UPLOAD: upload, Kind.LADDER: ladder}
    worker = Runner(api.server.services.database, works, JobSettings(), lambda: None)
    running = asyncio.create_task(worker.run(job.id))
    await upload.begun.wait()
    await worker.run(second.id)
    assert ladder.runs == 0 and (await now_of(api, second)).state is State.QUEUED
    upload.may_end.set()
    await running
    ladder.then = Kind.UPLOAD
    await worker.run(second.id)
    assert (await now_of(api, second)).state is State.DONE
    assert (await now_of(api, job)).state is State.QUEUED  # there is something new for it


async def test_what_time_may_cure_is_tried_without_end(api: Api, job: Job) -> None:
    work = Scripted(*[Unavailable("The store is away.")] * 4)
    worker = runner_of(api, work)
    for number in range(1, 5):
        await worker.run(job.id)
        left = await now_of(api, job)
        assert (left.state, left.attempts, left.last_error) == (State.QUEUED, number, "The store is away.")
    await worker.run(job.id)
    assert (await now_of(api, job)).state is State.DONE


async def test_damage_is_given_up_after_some_tries_and_can_be_asked_for_again(
    api: Api, job: Job, teacher: Person
) -> None:
    work = Scripted(*[FileNotFoundError("seg-00001.m4s is missing")] * 2)
    worker = runner_of(api, work)
    await worker.run(job.id)
    await worker.run(job.id)
    left = await now_of(api, job)
    assert left.state is State.FAILED and left.last_error == "seg-00001.m4s is missing."
    await worker.run(job.id)
    assert work.runs == 2  # given up is given up
    path = f"{BASE}/{job.recording_id}/jobs/{job.id}"
    again = await api.call("POST", f"{path}/retry", by=teacher)
    assert (again.status, again.body["state"], again.body["attempts"]) == (200, "queued", 0)
    await worker.run(job.id)
    assert (await now_of(api, job)).state is State.DONE


async def test_what_no_try_can_do_better_fails_at_once(api: Api, job: Job) -> None:
    work = Scripted(HopelessError("Its files are in the object store alone"))
    await runner_of(api, work).run(job.id)
    left = await now_of(api, job)
    assert (left.state, left.last_error) == (State.FAILED, "Its files are in the object store alone.")


async def test_local_files_go_only_when_the_last_upload_is_done(api: Api, job: Job) -> None:
    now = datetime.now(UTC)
    seen: list[str] = []
    api.server.services.jobs.jobs.add_listener(seen.append)
    async with api.server.services.database.transaction() as tx:
        stored = {"storage": Storage.STORED, "stored_at": now}
        await change_recording(tx, job.recording_id, **stored)
        for state in State:
            await tx.execute(update(recording_jobs).values(state=state, updated_at=now - timedelta(hours=1)))
            found = await stored_before(tx, "whoever", now)
            assert found == ([job.recording_id] if state is State.DONE else []), state
        await tx.execute(update(recording_jobs).values(state=State.DONE))
        await tell_of_change(tx, [job.recording_id], now)
    await api.server.services.jobs.jobs.look()
    assert seen == [job.recording_id]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/r/x"), "The disk of the recordings is full"),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "/data/r/aac/init-0.mp4"),
            "aac/init-0.mp4 is missing",
        ),
    ],
)
async def test_last_error_is_a_sentence_without_a_place_on_the_disk(
    api: Api, job: Job, error: OSError, sentence: str
) -> None:
    await runner_of(api, Scripted(error)).run(job.id)
    left = await now_of(api, job)
    assert left.state is State.QUEUED and sentence in left.last_error and "/data" not in left.last_error


async def test_fault_of_ours_ends_the_job_and_says_so(
    api: Api, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    await runner_of(api, Scripted(KeyError("x"))).run(job.id)
    left = await now_of(api, job)
    assert left.state is State.FAILED and left.last_error == BUG and "KeyError" in caplog.text


async def test_job_waits_for_its_next_try_unless_somebody_is_impatient(
    api: Api, job: Job, teacher: Person
) -> None:
    work = Scripted(Unavailable("The store is away."))
    database = api.server.services.database
    worker = Runner(database, {Kind.UPLOAD: work}, JobSettings(retry_delays_s=[600]), lambda: None)
    await worker.run(job.id)
    await worker.run(job.id)
    assert work.runs == 1
    path = f"{BASE}/{job.recording_id}/jobs/{job.id}"
    assert (await api.call("POST", f"{path}/retry", by=teacher)).status == 200
    await worker.run(job.id)
    assert work.runs == 2 and (await now_of(api, job)).state is State.DONE


async def test_cancelled_run_stops_at_its_next_heartbeat(api: Api, job: Job, teacher: Person) -> None:
    work = Scripted()
    work.may_end.clear()
    running = asyncio.create_task(runner_of(api, work).run(job.id))
    await work.begun.wait()
    path = f"{BASE}/{job.recording_id}/jobs/{job.id}"
    assert (await api.call("POST", f"{path}/cancel", by=teacher)).body["state"] == "cancelled"
    await asyncio.wait_for(running, 30)
    left = await now_of(api, job)
    assert left.state is State.CANCELLED and left.owner is None and work.undone == []


async def test_job_whose_message_found_its_recording_worked_on_is_put_again(
    api: Api, job: Job, tmp_path: Path
) -> None:
    """Both are put by one look, and the next finds the second one due as it was."""
    database, loop = api.server.services.database, asyncio.get_running_loop()
    second = new_job(job.recording_id, Kind.LADDER, datetime.now(UTC))
    async with database.transaction() as tx:
        assert await add_job(tx, second)
    works = {Kind.UPLOAD: Scripted(), Kind.LADDER: Scripted()}
    for work in works.values():
        work.may_end.clear()
    worker = Runner(database, works, JobSettings(), lambda: None)
    used_up: asyncio.Queue[str] = asyncio.Queue()

    async def work_on_it(job_id: str) -> None:
        await work_on(worker, sweeper, job_id)
        used_up.put_nowait(job_id)

    def take(job_id: str) -> None:
        asyncio.run_coroutine_threadsafe(work_on_it(job_id), loop).result()

    settings = Settings(data_dir=tmp_path / "jobs")
    queue = await asyncio.to_thread(JobQueue, settings, "one", take)
    sweeper = Sweeper(database, queue, Store(tmp_path / "jobs"), "one", [], timedelta(hours=1))
    queue.start(2)
    try:
        await sweeper.sweep()
        refused = await asyncio.wait_for(used_up.get(), 30)
        for work in works.values():
            work.may_end.set()
        assert {refused, await asyncio.wait_for(used_up.get(), 30)} == {job.id, second.id}
        await sweeper.sweep()
        assert await asyncio.wait_for(used_up.get(), 30) == refused
    finally:
        for work in works.values():
            work.may_end.set()
        await asyncio.to_thread(queue.stop)
        await asyncio.to_thread(queue.close)
    assert [work.runs for work in works.values()] == [1, 1]
    assert [(await now_of(api, one)).state for one in (job, second)] == [State.DONE] * 2


async def test_deleting_a_recording_ends_its_job_first(api: Api, job: Job, teacher: Person) -> None:
    work = Scripted()
    work.may_end.clear()
    running = asyncio.create_task(runner_of(api, work).run(job.id))
    await work.begun.wait()
    answer = await api.call("DELETE", f"{BASE}/{job.recording_id}?permanent=true", by=teacher)
    assert answer.status == 200
    await asyncio.wait_for(running, 30)
    async with api.server.services.database.read() as tx:
        assert await find_job(tx, job.id) is None


async def test_what_a_deletion_has_ended_is_done_when_the_recording_comes_back(
    api: Api, job: Job, teacher: Person
) -> None:
    path = f"{BASE}/{job.recording_id}"
    other = new_job(job.recording_id, Kind.LADDER, datetime.now(UTC))
    async with api.server.services.database.transaction() as tx:
        assert await add_job(tx, other)
    assert (await api.call("POST", f"{path}/jobs/{other.id}/cancel", by=teacher)).status == 200  # by hand
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert (await now_of(api, job)).state is State.CANCELLED
    assert (await api.call("POST", f"{path}/restore", by=teacher)).status == 200
    assert (await now_of(api, job)).state is State.QUEUED
    assert (await now_of(api, other)).state is State.CANCELLED


async def test_recording_that_comes_back_before_its_run_has_let_go_is_worked_on_again(
    api: Api, job: Job, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LET_GO_S", 0)
    work = Scripted()
    work.may_end.clear()
    worker = runner_of(api, work)
    running = asyncio.create_task(worker.run(job.id))
    await work.begun.wait()
    path = f"{BASE}/{job.recording_id}"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert (await api.call("POST", f"{path}/restore", by=teacher)).status == 200
    waiting = await now_of(api, job)
    assert waiting.state is State.QUEUED and waiting.owner is not None
    await asyncio.wait_for(running, 30)
    left = await now_of(api, job)
    assert left.state is State.QUEUED and left.owner is None
    work.may_end.set()
    await worker.run(job.id)
    assert work.runs == 2 and (await now_of(api, job)).state is State.DONE


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["_put_away", "_expire"])
async def test_recording_that_comes_back_while_it_is_put_away_is_shown_and_its_jobs_go_on(
    api: Api, job: Job, teacher: Person, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    recordings, path = api.server.services.recordings, f"{BASE}/{job.recording_id}"
    put_away = getattr(Trash, step)

    async def put_away_and_restore(*arguments: Any, **options: Any) -> Any:
        found = await put_away(*arguments, **options)
        restored = await api.call("POST", f"{path}/restore", by=teacher)
        assert restored.status == 200, restored
        return found

    async def tell(tx: AsyncConnection, gone: Sequence[Aging]) -> None:
        assert [one.id for one in gone] == [job.recording_id]

    monkeypatch.setattr(Trash, step, put_away_and_restore)
    if step == "_put_away":
        assert (await api.call("DELETE", path, by=teacher)).status == 200
    else:
        async with api.server.services.database.read() as tx:
            aging = await page_of_ended(tx, "", 10)
        await recordings.trash.expire(aging, tell)
    assert (await api.call("GET", path, by=teacher)).body["status"] == "ready"
    assert recordings.playback.is_there(job.recording_id)
    assert (await now_of(api, job)).state is State.QUEUED


async def test_nothing_is_done_again_with_what_is_in_the_trash(api: Api, job: Job, teacher: Person) -> None:
    work = Scripted(HopelessError("damaged"))
    await runner_of(api, work).run(job.id)
    assert (await now_of(api, job)).state is State.FAILED
    path = f"{BASE}/{job.recording_id}"
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    refused = await api.call("POST", f"{path}/jobs/{job.id}/retry", by=teacher)
    assert (refused.status, refused.body["code"]) == (410, "recording_deleted")
    assert (await now_of(api, job)).state is State.FAILED
    assert (await api.call("POST", f"{path}/restore", by=teacher)).status == 200
    assert (await api.call("POST", f"{path}/jobs/{job.id}/retry", by=teacher)).status == 200
    await runner_of(api, work).run(job.id)
    assert (await now_of(api, job)).state is State.DONE


async def test_run_that_finds_its_recording_gone_takes_away_what_it_left(
    api: Api, job: Job, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the run was silent for so long that the deletion did not wait for it."""
    monkeypatch.setattr(runner, "HEARTBEAT_S", 3600)
    work = Scripted()
    work.may_end.clear()
    running = asyncio.create_task(runner_of(api, work).run(job.id))
    await work.begun.wait()
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with api.server.services.database.transaction() as tx:
        mine = await find_job(tx, job.id)
        assert mine is not None and await change_own(tx, mine, {"heartbeat_at": long_ago})
    await api.call("DELETE", f"{BASE}/{job.recording_id}?permanent=true", by=teacher)
    work.may_end.set()
    await asyncio.wait_for(running, 30)
    assert work.undone == [job.recording_id]


async def test_ending_process_gives_its_job_back_and_a_killed_one_is_found(api: Api, job: Job) -> None:
    work = Scripted()
    work.may_end.clear()
    worker = runner_of(api, work)
    running = asyncio.create_task(worker.run(job.id))
    await work.begun.wait()
    await worker.close()
    await running
    left = await now_of(api, job)
    assert (left.state, left.attempts, left.owner) == (State.QUEUED, 0, None)
    database = api.server.services.database
    async with database.transaction() as tx:
        assert await claim(tx, job.id, new_id(), datetime.now(UTC)) is not None
    async with database.transaction() as tx:
        assert await release_abandoned(tx, "whoever", datetime.now(UTC)) == 1
    left = await now_of(api, job)
    assert left.state is State.QUEUED and left.owner is None


async def test_jobs_are_for_those_who_may_change_the_recording(api: Api, job: Job, teacher: Person) -> None:
    path = f"{BASE}/{job.recording_id}/jobs"
    page = await api.call("GET", f"{path}?limit=1", by=teacher)
    assert page.status == 200 and page.body["next_cursor"] is None
    (item,) = page.body["items"]
    assert (item["id"], item["kind"], item["state"], item["progress"]) == (job.id, "upload", "queued", 0)
    student = await api.person("student")
    for method, tail in (("GET", ""), ("POST", f"/{job.id}/cancel"), ("POST", f"/{job.id}/retry")):
        assert (await api.call(method, path + tail, by=student)).status == 403
        assert (await api.call(method, f"{BASE}/{new_id()}/jobs{tail}", by=teacher)).status == 404
    assert (await api.call("POST", f"{path}/{new_id()}/cancel", by=teacher)).status == 404


async def test_what_is_left_to_do_is_told_of_many_recordings_at_once(
    api: Api, job: Job, teacher: Person
) -> None:
    path = f"/api/v1/jobs?recording_ids={job.recording_id},{new_id()}"
    found = await api.call("GET", path, by=teacher)
    assert [(one["id"], one["state"]) for one in found.body["items"]] == [(job.id, "queued")]
    stranger = await api.person("teacher", "stranger@school.example")
    assert (await api.call("GET", path, by=stranger)).body["items"] == []
    await api.call("POST", f"{BASE}/{job.recording_id}/jobs/{job.id}/cancel", by=teacher)
    assert (await api.call("GET", path, by=teacher)).body["items"][0]["state"] == "cancelled"
    await api.call("POST", f"{BASE}/{job.recording_id}/jobs/{job.id}/retry", by=teacher)
    await runner_of(api, Scripted()).run(job.id)
    assert (await api.call("GET", path, by=teacher)).body["items"] == []
    for wrong in ("", "?recording_ids=", "?recording_ids=x", f"?recording_ids={job.recording_id},"):
        assert (await api.call("GET", f"/api/v1/jobs{wrong}", by=teacher)).status in (400, 404, 422), wrong


async def test_job_that_is_over_is_neither_cancelled_nor_repeated(
    api: Api, job: Job, teacher: Person
) -> None:
    await runner_of(api, Scripted()).run(job.id)
    for what in ("cancel", "retry"):
        path = f"{BASE}/{job.recording_id}/jobs/{job.id}/{what}"
        assert (await api.call("POST", path, by=teacher)).status == 409
